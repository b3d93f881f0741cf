"""Daily files of the web shop and the chat platform. The same day gives the same bytes; a file is whole or absent."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import duckdb

from sales_warehouse.demo.delivery import Delivery
from sales_warehouse.sql import ident, literal

# The shop's order lines leave an older system, which writes what Windows calls GBK and its successor standard GB18030.
ENCODINGS = {"order_lines": "gb18030"}
BLOCK_CHARACTERS = 1 << 20


def write_daily(connection: duckdb.DuckDBPyConnection, delivery: Delivery, folder: Path, suffix: str) -> int:
    """Write one file for each day that has rows, named `<table>_<day>.<suffix>`; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for day in days_of(connection, delivery):
        target = folder / f"{delivery.table.name}_{day:%Y-%m-%d}.{suffix}"
        _write(connection, delivery, day, target)
        written += 1
    return written


def days_of(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> Iterator[datetime.date]:
    """Yield the days on which rows of a delivery become visible, in order."""
    rows = connection.execute(
        f"select distinct _at::date as day from {ident(delivery.relation)} order by day"
    ).fetchall()
    yield from (day for (day,) in rows)


def _write(connection: duckdb.DuckDBPyConnection, delivery: Delivery, day: datetime.date, target: Path) -> None:
    scratch = target.with_name(f".{target.name}.tmp")
    if target.suffix == ".jsonl":
        connection.execute(f"copy ({_records(delivery, day)}) to {literal(str(scratch))} (format json)")
    else:
        connection.execute(f"copy ({_rows(delivery, day)}) to {literal(str(scratch))} (format csv, header)")
        _encode(scratch, ENCODINGS.get(delivery.table.name, "utf-8"))
    scratch.replace(target)


def _rows(delivery: Delivery, day: datetime.date) -> str:
    day_after = day + datetime.timedelta(days=1)
    return (
        f"select {', '.join(map(ident, delivery.columns))} from {ident(delivery.relation)} "
        f"where _at >= {literal(day)} and _at < {literal(day_after)} order by _at, _key, _copy"
    )


def _records(delivery: Delivery, day: datetime.date) -> str:
    query = (resources.files(__package__) / "sql" / "chat_record.sql").read_text(encoding="utf-8")
    return query.format(delivered=ident(delivery.relation), day=literal(day))


def _encode(file: Path, encoding: str) -> None:
    """Change a UTF-8 file to another encoding, a block at a time."""
    if encoding == "utf-8":
        return
    scratch = file.with_name(f"{file.name}.{encoding}")
    with file.open(encoding="utf-8", newline="") as source, scratch.open("w", encoding=encoding, newline="") as target:
        while block := source.read(BLOCK_CHARACTERS):
            target.write(block)
    scratch.replace(file)
