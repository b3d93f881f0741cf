"""Daily files of the web shop and the chat platform. The same day gives the same bytes; a file is whole or absent."""

from __future__ import annotations

import datetime
import os
import shutil
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from sales_warehouse.demo.delivery import Delivery
from sales_warehouse.demo.generator import Generator
from sales_warehouse.demo.tables import JSON_LINES
from sales_warehouse.sql import ident, literal

BLOCK_CHARACTERS = 1 << 20
REPEATED_RATE = 0.01  # of the files
ZONE = ZoneInfo("Asia/Shanghai")


def write_daily(world: Generator, delivery: Delivery, folder: Path) -> int:
    """Write one file for each day that has rows, named `<table>_<day>` or `<table>_<group>_<day>`; return how many.

    Now and then somebody delivers a file twice: the second has `(1)` behind its name and the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for group, day, is_repeated in _parts(world.connection, delivery):
        name = "_".join(part for part in (delivery.table.name, group, f"{day:%Y-%m-%d}") if part)
        suffix = "jsonl" if delivery.table.system in JSON_LINES else "csv"
        target = folder / f"{name}.{suffix}"
        _write(world, delivery, _filter(group, day), target)
        _date(target, day, world.delivery_hour(delivery.table.system, day))
        if is_repeated:
            shutil.copy2(target, folder / f"{name}(1).{suffix}")
        written += 1
    return written


def _date(file: Path, day: datetime.date, hour: float) -> None:
    midnight = datetime.datetime.combine(day, datetime.time(), ZONE)
    moment = (midnight + datetime.timedelta(hours=hour)).timestamp()
    os.utime(file, (moment, moment))


def _parts(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> list[tuple[str | None, datetime.date, bool]]:
    """Return the groups and days that have rows, in order, and whether the file comes twice."""
    group = "_group" if "_group" in delivery.table.hidden else "null::varchar"
    return connection.execute(
        f"select distinct {group} as part, _at::date as day, "
        f"draw({literal('delivered twice ' + delivery.table.name)}, day_number(_at::date)) < {REPEATED_RATE} "
        f"from {ident(delivery.relation)} order by all"
    ).fetchall()


def _filter(group: str | None, day: datetime.date) -> str:
    within = f"_at >= {literal(day)} and _at < {literal(day + datetime.timedelta(days=1))}"
    return f"{within} and _group = {literal(group)}" if group else within


def _write(world: Generator, delivery: Delivery, rows: str, target: Path) -> None:
    if target.suffix == ".csv":
        write_csv(world.connection, _select(world, delivery, rows), target, delivery.table.encoding)
        return
    scratch = target.with_name(f".{target.name}.tmp")
    world.connection.execute(f"copy ({_select(world, delivery, rows)}) to {literal(str(scratch))} (format json)")
    scratch.replace(target)


def write_csv(connection: duckdb.DuckDBPyConnection, query: str, target: Path, encoding: str) -> None:
    """Write the rows of a query with a header; the file is whole or absent."""
    scratch = target.with_name(f".{target.name}.tmp")
    connection.execute(f"copy ({query}) to {literal(str(scratch))} (format csv, header)")
    _encode(scratch, encoding)
    scratch.replace(target)


def _select(world: Generator, delivery: Delivery, rows: str) -> str:
    if delivery.table.name == "chats":
        query = (resources.files(__package__) / "sql" / "chat_record.sql").read_text(encoding="utf-8")
        return world.words.script(query).format(delivered=ident(delivery.relation), rows=rows)
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
