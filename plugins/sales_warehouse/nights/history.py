"""Folders of what nights said: a file for each night that said something new, and an empty one with the columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.sql import connect, literal


def ensure_schema(home: Home, target: Path, schema: Mapping[str, str]) -> None:
    """Write an empty file with these columns, so that the first night reads an empty history."""
    if not target.exists():
        columns = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in schema.items())
        with connect(temp=home.tmp) as connection:
            write(connection, f"select {columns} where false", schema, target)


def earlier(folder: Path, target: Path) -> list[Path]:
    """Return the files of a folder beside the one that is to be written."""
    return [file for file in sorted(folder.glob("[!.]*.parquet")) if file != target]


def write(connection: duckdb.DuckDBPyConnection, query: str, schema: Mapping[str, str], target: Path) -> None:
    """Write the rows of a query, in its order, with these columns; the file is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in schema.items())
    connection.execute(f"copy (select {columns} from ({query})) to {literal(str(scratch))} (format parquet)")
    durable.move(scratch, target)
