"""Rows of a SQL database in batches of text columns, with bounded memory.

PostgreSQL hands them over as Arrow, through its COPY, on a second connection that sees the snapshot of the first; the
others through their drivers, streamed from the server where it can.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from sales_warehouse.extract.database_engine import CONNECT_SECONDS, POSTGRESQL, first_line
from sales_warehouse.extract.outcome import SourceUnavailable
from sales_warehouse.extract.parquet import BATCH_ROWS, Text
from sales_warehouse.extract.text import text_column
from sales_warehouse.sql import literal

Batch = Sequence[Text]
WRITTEN = postgresql.dialect(paramstyle="named")  # a statement without values to bind keeps its percent signs


class Batches(Protocol):
    """Carries out a SELECT whose columns are text."""

    def of(self, statement: sa.Select) -> Iterator[Batch]:
        """Yield the rows, a batch of columns at a time."""


class DriverBatches:
    """Rows as the driver gives them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, statement: sa.Select) -> Iterator[Batch]:
        options = {"stream_results": True, "max_row_buffer": BATCH_ROWS}
        with self._connection.execute(statement, execution_options=options) as result:
            for part in result.partitions(BATCH_ROWS):
                yield [text_column(column) for column in zip(*part, strict=True)]


class ArrowBatches:
    """Rows of PostgreSQL as Arrow."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def of(self, statement: sa.Select) -> Iterator[Batch]:
        self._cursor.execute(str(statement.compile(dialect=WRITTEN)))
        for batch in self._cursor.fetch_record_batch():
            if batch.num_rows:
                yield [column.cast(pa.string()) for column in batch.columns]


@contextmanager
def batches(source: str, connection: Connection) -> Iterator[Batches]:
    """Choose how rows are read from a database."""
    second = _second(connection) if connection.dialect.name == "postgresql" else None
    if second is None:
        yield DriverBatches(connection)
        return
    from adbc_driver_manager import Error

    try:
        with second, second.cursor() as cursor:
            yield ArrowBatches(cursor)
    except Error as error:
        shown = connection.engine.url.render_as_string(hide_password=True)
        raise SourceUnavailable(
            f"{source}: the database {shown} cannot be read ({first_line(error)}); try again later"
        ) from None


def _second(connection: Connection) -> Any:
    """Open a second connection that sees the snapshot of the first.

    Return None where there can be none: a server that only speaks like PostgreSQL, a login that may connect once, a
    balancer that leads to another server.
    """
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import dbapi

    snapshot = _exported(connection)
    if snapshot is None:
        return None
    url = connection.engine.url.set(drivername="postgresql").update_query_dict(
        {"connect_timeout": str(CONNECT_SECONDS)}
    )
    second = None
    try:
        second = dbapi.connect(url.render_as_string(hide_password=False), autocommit=True)
        with second.cursor() as cursor:
            for setting in POSTGRESQL.split(";"):
                cursor.execute(setting)
            cursor.execute("begin transaction isolation level repeatable read, read only")
            cursor.execute(f"set transaction snapshot {literal(snapshot)}")
    except Error:
        if second is not None:
            second.close()
        return None
    return second


def _exported(connection: Connection) -> str | None:
    """Return the name of the snapshot, None where there is no such thing."""
    try:
        exported: str = connection.exec_driver_sql("select pg_export_snapshot()").scalar_one()
    except DBAPIError:
        connection.rollback()
        connection.exec_driver_sql(POSTGRESQL)  # settings of a transaction that failed are gone
        return None
    return exported
