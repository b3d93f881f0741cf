"""The published file that a customer is read from. It stays open until another version is published: opening it costs
more than a look at one customer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import duckdb

from sales_warehouse.home import Home
from sales_warehouse.publish.database import NAME
from sales_warehouse.publish.pointer import current_folder
from sales_warehouse.publish.reading import look

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
    folder = current_folder(home)
    if folder is None or not (folder / NAME).is_file():
        raise NothingPublished("nothing has been published yet: run a refresh (make run)")
    connection = _kept(home, folder, (folder / NAME).stat().st_mtime_ns)
    with connection.cursor() as cursor:  # a session of its own
        cursor.execute("set TimeZone = 'UTC'; set schema 'marts'")
        yield cursor


@lru_cache(maxsize=1)
def _kept(home: Home, folder: Path, changed_ns: int) -> duckdb.DuckDBPyConnection:
    """Open a version; the one before is closed when the last look at it ends."""
    connection = look(home, folder)
    try:
        # a look at one customer is over before a second thread is awake
        connection.execute(f"set threads = 1; set memory_limit = '{MEMORY}'")
        connection.execute(f"select 1 from {', '.join(NEEDED)} limit 0")
    except duckdb.CatalogException as error:
        connection.close()
        reason = str(error).splitlines()[0].removeprefix("Catalog Error: ")
        raise NothingPublished(f"the published version is older ({reason}): run a refresh (make run)") from error
    return connection
