"""The records that identity works on: of every accepted record the version that counts, and what was known before."""

from __future__ import annotations

import duckdb

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.latest_version import latest_version
from sales_warehouse.sql import literal


def _read(home: Home, entity: str) -> str:
    path = str(home.accepted / entity / "*" / "*.parquet")
    return (
        f"read_parquet({literal(path)}, hive_partitioning = true, "
        "hive_types = {'_load_id': 'varchar'}, union_by_name = true)"
    )


def latest(home: Home, entity: str, key: str) -> str:
    """Return a select of the accepted row of each record that counts."""
    return latest_version(_read(home, entity), ["_source", key])


def load_earlier(connection: duckdb.DuckDBPyConnection, home: Home, name: str, schema: str) -> None:
    file = home.identity / f"{name}.parquet"
    connection.execute(f"create table old_{name} ({schema})")
    if file.exists():
        connection.execute(f"insert into old_{name} by name select * from read_parquet({literal(str(file))})")


def save(connection: duckdb.DuckDBPyConnection, home: Home, table: str) -> None:
    """Write a table as the file of its name, whole or not at all."""
    target = home.identity / f"{table}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")
    connection.execute(f"copy {table} to {literal(str(scratch))} (format parquet, compression zstd)")
    durable.move(scratch, target)
