"""The parameters that a run gives to the suites, and a look into a validated file."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb

PARAMETERS = {
    "currencies": ["CNY", "USD"],
    "latest_moment": datetime.datetime(2026, 7, 1, 15, 30),
    "earliest_moment": datetime.datetime(2000, 1, 1),
}


def rows(database: Path, query: str) -> list[tuple]:
    """Result of a query on a DuckDB file."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def row_ids(database: Path, query: str) -> list[int]:
    """Row ids that a query selects, sorted; doubles stay, so that they are noticed."""
    return sorted(row_id for (row_id,) in rows(database, query))
