"""Small DuckDB files to validate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest


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
