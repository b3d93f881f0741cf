"""Daily files of the web shop and the chat platform. The same day gives the same bytes; a file is whole or absent."""

from __future__ import annotations

import datetime
from importlib import resources
from pathlib import Path

import duckdb

from sales_warehouse.demo.delivery import Delivery
from sales_warehouse.demo.tables import JSON_LINES
from sales_warehouse.sql import ident, literal

BLOCK_CHARACTERS = 1 << 20


def write_daily(connection: duckdb.DuckDBPyConnection, delivery: Delivery, folder: Path) -> int:
    """Write one file for each day that has rows, named `<table>_<day>` or `<table>_<group>_<day>`; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for group, day in _parts(connection, delivery):
        name = "_".join(part for part in (delivery.table.name, group, f"{day:%Y-%m-%d}") if part)
        suffix = "jsonl" if delivery.table.system in JSON_LINES else "csv"
        _write(connection, delivery, _filter(group, day), folder / f"{name}.{suffix}")
        written += 1
    return written


def _parts(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> list[tuple[str | None, datetime.date]]:
    """Return the groups and days that have rows, in order."""
    group = "_group" if "_group" in delivery.table.hidden else "null::varchar"
    return connection.execute(
        f"select distinct {group} as part, _at::date as day from {ident(delivery.relation)} order by all"
    ).fetchall()


def _filter(group: str | None, day: datetime.date) -> str:
    within = f"_at >= {literal(day)} and _at < {literal(day + datetime.timedelta(days=1))}"
    return f"{within} and _group = {literal(group)}" if group else within


def _write(connection: duckdb.DuckDBPyConnection, delivery: Delivery, rows: str, target: Path) -> None:
    scratch = target.with_name(f".{target.name}.tmp")
    form = "format json" if target.suffix == ".jsonl" else "format csv, header"
    connection.execute(f"copy ({_select(delivery, rows)}) to {literal(str(scratch))} ({form})")
    _encode(scratch, delivery.table.encoding)
    scratch.replace(target)


def _select(delivery: Delivery, rows: str) -> str:
    if delivery.table.name == "chats":
        query = (resources.files(__package__) / "sql" / "chat_record.sql").read_text(encoding="utf-8")
        return query.format(delivered=ident(delivery.relation), rows=rows)
    columns = ", ".join(map(ident, delivery.columns))
    return f"select {columns} from {ident(delivery.relation)} where {rows} order by _at, _key, _copy"


def _encode(file: Path, encoding: str) -> None:
    """Change a UTF-8 file to another encoding, a block at a time."""
    if encoding == "utf-8":
        return
    scratch = file.with_name(f"{file.name}.{encoding}")
    with file.open(encoding="utf-8", newline="") as source, scratch.open("w", encoding=encoding, newline="") as target:
        while block := source.read(BLOCK_CHARACTERS):
            target.write(block)
    scratch.replace(file)
