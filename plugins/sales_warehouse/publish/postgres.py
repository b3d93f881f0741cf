"""Publish a version to PostgreSQL, for BI tools: loaded beside what readers see, then the views are repointed at once.

Tables of a version live in a schema of their own; readers use the views in schema `sales`. A reader whose snapshot is
older than the load would see the new tables empty, so the views wait until no such snapshot lives.
"""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sales_warehouse import durable
from sales_warehouse.publish import manifest, postgres_ledger, postgres_swap, postgres_tables
from sales_warehouse.publish.manifest import Manifest

URL_VARIABLE = "SALES_WAREHOUSE_POSTGRES_URL"
URL_FILE_VARIABLE = "SALES_WAREHOUSE_POSTGRES_URL_FILE"
READER = "sales_reader"
LOCK = zlib.crc32(b"sales_warehouse.publish")


@dataclass
class PostgresReport:
    """What a publish did; `outcome` is published, unchanged, or returned (to the version before)."""

    version: str
    outcome: str
    tables: dict[str, int]
    waited_seconds: float = 0.0
    notes: list[str] = field(default_factory=list)


class BadUrl(ValueError):
    """The connection is not written as PostgreSQL wants it; the text is not repeated, for it holds a password."""


def configured_url(environment: Mapping[str, str]) -> str | None:
    """The connection of the published marts: SALES_WAREHOUSE_POSTGRES_URL, or the file named by …_URL_FILE, or None."""
    file = environment.get(URL_FILE_VARIABLE)
    return environment.get(URL_VARIABLE) or (Path(file).read_text(encoding="utf-8").strip() if file else None) or None


def publish_to_postgres(
    version_folder: Path, url: str, *, wait_seconds: float = 60.0, reader: str = READER, temp: Path
) -> PostgresReport:
    """Let the readers of PostgreSQL see the published version in `version_folder`.

    Doing it again for the same content changes nothing; the content before that is still there is returned to without
    loading. Raises Busy when another publish is at work, OlderSnapshots when readers kept their snapshots for longer
    than `wait_seconds`, Mismatch when counts differ, BadUrl: readers then stay on what they saw.
    """
    done = manifest.read(version_folder)
    conninfo = _conninfo(url)
    with _session(conninfo, wait_seconds) as db:
        notes = postgres_swap.ensure_reader(db, reader)
        postgres_ledger.ensure(db)
        postgres_ledger.drop_unfinished(db)
        state = postgres_ledger.state_of(db, done.content)
        if state is None:
            notes += _load(db, conninfo, done, version_folder, temp)
        waited = 0.0 if state == "live" else postgres_swap.swap(db, done, reader=reader, wait_seconds=wait_seconds)
        postgres_swap.describe(db, done, reader)
        notes += postgres_ledger.drop_old(db)
    outcome = {"live": "unchanged", "previous": "returned"}.get(state or "", "published")
    return PostgresReport(done.version, outcome, {table.name: table.rows for table in done.tables}, waited, notes)


def _load(db: psycopg.Connection, conninfo: str, done: Manifest, folder: Path, temp: Path) -> list[str]:
    schema = postgres_ledger.begin(db, done)
    postgres_tables.create(db, schema, done.tables)
    postgres_tables.load(conninfo, schema, done.tables, folder, temp)
    notes = postgres_tables.finish(db, schema, done.tables)
    postgres_ledger.loaded(db, schema)
    return notes


def _conninfo(url: str) -> str:
    """Read a URL, with or without SQLAlchemy's name of a driver in it."""
    scheme, found, rest = url.partition("://")
    try:
        parts = conninfo_to_dict(f"{scheme.partition('+')[0]}{found}{rest}")
    except psycopg.Error:
        message = f"the PostgreSQL connection ({URL_VARIABLE}) cannot be read: write postgresql://user:password@host/db"
        raise BadUrl(message) from None
    return make_conninfo("", **parts)


@contextlib.contextmanager
def _session(conninfo: str, wait_seconds: float) -> Iterator[psycopg.Connection]:
    """A connection that is the only publisher of its database; the lock ends with the session."""
    with psycopg.connect(conninfo, autocommit=True, application_name="sales_warehouse publish") as db:
        deadline = time.monotonic() + wait_seconds
        while not postgres_ledger.value(db, "SELECT pg_try_advisory_lock(%s)", [LOCK]):
            if time.monotonic() > deadline:
                raise durable.Busy(
                    "publishing to PostgreSQL: another publish of this database is at work; try again later"
                )
            time.sleep(0.2)
        yield db
