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
        connection.execute("set threads = 1")  # a look at one customer is over before a second thread is awake
        try:
            connection.execute(f"select 1 from {', '.join(NEEDED)} limit 0")
        except duckdb.CatalogException as error:
            reason = str(error).splitlines()[0].removeprefix("Catalog Error: ")
            raise NothingPublished(f"the published version is older ({reason}): run a refresh (make run)") from error
        yield connection
