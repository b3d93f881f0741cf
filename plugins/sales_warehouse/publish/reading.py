"""A look at the DuckDB file of a version, for our own readers."""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from sales_warehouse.home import Home
from sales_warehouse.publish.database import NAME
from sales_warehouse.sql import connect


def look(home: Home, folder: Path) -> DuckDBPyConnection:
    """Open the file of the version in `folder`, read-only, in the schema of the marts.

    A process may look more than once at a time: DuckDB refuses to open a file again with other settings, so all of our
    readers come here.
    """
    connection = connect(folder / NAME, temp=home.tmp / "published", read_only=True)
    connection.execute("set schema 'marts'")
    return connection
