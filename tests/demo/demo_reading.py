"""Reading a world back with other means than the ones that wrote it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
from pathlib import Path

from python_calamine import CalamineWorkbook

from sales_warehouse.demo import tables

Rows = list[dict[str, str]]


def crm(world: Path, table: str) -> Rows:
    return held(world, "crm", table)


def shop(world: Path, table: str) -> Rows:
    return held(world, "shop", table)


def held(world: Path, system: str, table: str) -> Rows:
    """Rows of a table in a system's database, without the database's running number."""
    with sqlite3.connect(world / f"{system}.db") as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(f"select * from {table} order by id").fetchall()
    return [{name: row[name] for name in row.keys() if name != "id"} for row in rows]  # noqa: SIM118


def filed(world: Path, system: str, table: str) -> list[dict]:
    """Rows of all files of a table."""
    (known,) = (item for item in tables.FILES[system] if item.name == table)
    suffix = "jsonl" if system in tables.JSON_LINES else "csv"
    files = sorted((world / system).glob(f"{table}_*[0-9].{suffix}"))
    texts = [file.read_text(encoding=known.encoding) for file in files]
    if suffix == "jsonl":
        return [json.loads(line) for text in texts for line in text.splitlines()]
    return [row for text in texts for row in csv.DictReader(io.StringIO(text, newline=""))]


def chats(world: Path) -> list[dict]:
    return filed(world, "chats", "chats")


def visits(world: Path) -> Rows:
    rows: Rows = []
    for file in sorted((world / "visits").iterdir()):
        if file.suffix == ".csv":
            encoding = "gb18030" if file.name.startswith(("东北组", "Northeast")) else "utf-8"
            rows += csv.DictReader(io.StringIO(file.read_text(encoding=encoding), newline=""))
            continue
        title, _, header, *body = (
            CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python(skip_empty_area=False)
        )
        assert "拜访记录" in title[0] or "customer visits" in title[0]
        rows += [dict(zip(header, row, strict=True)) for row in body]
    return rows


def handed_over(world: Path, system: str, table: str) -> list[dict]:
    """Every row of a table as a reader sees it."""
    if system in tables.DATABASES:
        return held(world, system, table)
    return visits(world) if system == "visits" else filed(world, system, table)


def fingerprints(world: Path) -> dict[str, str]:
    """Name → hash of every file that systems hand over, and of every row of the CRM."""
    found = {
        str(file.relative_to(world)): hashlib.sha256(file.read_bytes()).hexdigest()
        for room in (*tables.FILES, "visits")
        for file in sorted((world / room).iterdir())
    }
    for table in (*tables.CRM, *tables.SHOP):
        rows = held(world, table.system, table.name)
        found[f"{table.system}.{table.name}"] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found
