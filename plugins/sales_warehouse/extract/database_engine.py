"""Opening a SQL database for reading: one transaction that sees one state, and errors that name the place.

PostgreSQL, MySQL, MariaDB and SQLite give every query of a visit the same snapshot. Whatever else SQLAlchemy reaches is
read as its own defaults have it; where rows change meanwhile, the counts disagree and the load is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from sales_warehouse.extract.outcome import SourceMisconfigured, SourceUnavailable

CONNECT_SECONDS = 10
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}

# How the server writes values as text, whatever its own settings are.
POSTGRESQL = "set time zone 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set extra_float_digits = 1"
MYSQL = (
    "set session transaction isolation level repeatable read",
    "set session time_zone = '+00:00'",
    "set session net_write_timeout = 600",  # seconds that the server waits while a batch is written here
    "start transaction with consistent snapshot, read only",
)


@contextmanager
def connected(source: str, url: str) -> Iterator[Connection]:
    """Open the database and turn its errors into ours; a password never gets into a message."""
    engine = _engine(source, url)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with engine.connect() as connection:
            yield _snapshot(connection)
    except DBAPIError as error:
        cause = first_line(error.orig)
        raise SourceUnavailable(
            f"{source}: the database {shown} cannot be read ({cause}); is it running and reachable, is the login right?"
        ) from None
    finally:
        engine.dispose()


def _engine(source: str, url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        parsed = parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername))
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            parsed = _sqlite(source, parsed)
        waits = {"connect_timeout": CONNECT_SECONDS} if backend in ("postgresql", "mysql", "mariadb") else {}
        engine = sa.create_engine(parsed, connect_args=waits, poolclass=sa.pool.NullPool)
        if backend == "sqlite":
            sa.event.listen(engine, "connect", _take_any_bytes)
        return engine
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        lacks_driver = isinstance(error, NoSuchModuleError | ModuleNotFoundError)
        shown = f"needs a driver that is not installed ({error})" if lacks_driver else "is not a SQLAlchemy URL"
        raise SourceMisconfigured(
            f"{source}: connection.url {shown}; write it like postgresql://user:${{PASSWORD}}@host/name"
        ) from None


def _sqlite(source: str, url: URL) -> URL:
    """Open SQLite for reading only: it would make an empty file of a wrong path."""
    file = Path(url.database or "")
    if not file.is_file():
        raise SourceUnavailable(f"{source}: the SQLite file {file} is not there; is the share mounted, the path right?")
    return url.set(database=f"file:{quote(str(file.resolve()))}", query={"mode": "ro", "uri": "true"})


def _take_any_bytes(connection: sqlite3.Connection, _: object) -> None:
    """SQLite keeps any bytes as text; one text that is not UTF-8 must not stop the table."""
    connection.text_factory = lambda content: content.decode("utf-8", "surrogateescape")


def _snapshot(connection: Connection) -> Connection:
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.exec_driver_sql(POSTGRESQL)
    elif connection.dialect.name in ("mysql", "mariadb"):
        for statement in MYSQL:
            connection.exec_driver_sql(statement)
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
    return connection


def first_line(error: BaseException | None) -> str:
    """Return the first line of an error of a driver; the others quote the statement and its values."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
