"""Small DuckDB files to validate, and the parameters that a run gives to the suites."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

PARAMETERS = {
    "currencies": ["CNY", "USD"],
    "latest_moment": datetime.datetime(2026, 7, 1, 15, 30),
    "earliest_moment": datetime.datetime(2000, 1, 1),
}


@pytest.fixture(scope="session")
def expectations() -> Path:
    return Path(__file__).parents[2] / "expectations"


@pytest.fixture
def database(tmp_path: Path) -> Callable[[str], Path]:
    """Make a DuckDB file from SQL statements and let go of it."""

    def make(statements: str) -> Path:
        file = tmp_path / "batch.duckdb"
        file.unlink(missing_ok=True)
        with duckdb.connect(str(file)) as connection:
            connection.execute(statements)
        return file

    return make


def rows(database: Path, query: str) -> list[tuple]:
    """Result of a query on a DuckDB file."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def row_ids(database: Path, query: str) -> list[int]:
    """Row ids that a query selects, sorted; doubles stay, so that they are noticed."""
    return sorted(row_id for (row_id,) in rows(database, query))
