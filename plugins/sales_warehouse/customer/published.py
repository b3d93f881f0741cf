"""The published file that a customer is read from. It stays open until another version is published: opening it costs
more than a look at one customer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import duckdb

from sales_warehouse import sql
from sales_warehouse.home import Home

FILE = "warehouse.duckdb"
MEMORY = "512MB"  # of the file that stays in memory between looks
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
    """Give a connection to the version that readers see, read-only, for the block. Raises NothingPublished."""
    file = (home.current / FILE).resolve()
    if not file.is_file():
        raise NothingPublished("nothing has been published yet: run a refresh (make run)")
    connection = _kept(file, file.stat().st_mtime_ns, home.tmp / "customer")
    with connection.cursor() as look:  # a cursor is a session of its own
        look.execute("set TimeZone = 'UTC'; set schema 'marts'")
        yield look


@lru_cache(maxsize=1)
def _kept(file: Path, changed_ns: int, temp: Path) -> duckdb.DuckDBPyConnection:
    """Open a version; the one before is closed when the last look at it ends."""
    connection = sql.connect(file, temp=temp, read_only=True)
    try:
        # a look at one customer is over before a second thread is awake
        connection.execute(f"set threads = 1; set memory_limit = '{MEMORY}'; set schema 'marts'")
        connection.execute(f"select 1 from {', '.join(NEEDED)} limit 0")
    except duckdb.CatalogException as error:
        connection.close()
        reason = str(error).splitlines()[0].removeprefix("Catalog Error: ")
        raise NothingPublished(f"the published version is older ({reason}): run a refresh (make run)") from error
    return connection
