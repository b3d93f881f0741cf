"""The published file that a customer is read from, opened for one look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from sales_warehouse import sql
from sales_warehouse.home import Home

FILE = "warehouse.duckdb"
NEEDED = (
    "fct_customer_timeline",
    "fct_customer_months",
    "fct_customer_contacts",
    "fct_deal_chains",
    "dim_customer_records",
)


class NothingPublished(LookupError):
    """There is no published version that tells of customers; the message says what to do."""


@contextmanager
def opened(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the version that readers see, read-only, for the block. Raises NothingPublished."""
    file = (home.current / FILE).resolve()
    if not file.is_file():
        raise NothingPublished("nothing has been published yet: run a refresh (make run)")
    with sql.connect(file, temp=home.tmp / "customer", read_only=True) as connection:
        connection.execute("set schema 'marts'")
        missing = _missing(connection)
        if missing:
            raise NothingPublished(f"the published version has no {', '.join(missing)}: run a refresh (make run)")
        yield connection


def _missing(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
    return [name for name in NEEDED if (name,) not in found]
