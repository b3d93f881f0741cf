"""The moment when PostgreSQL's readers go over to a new version, and what has to be waited for before it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import psycopg

from sales_warehouse.publish import postgres_ledger, postgres_tables
from sales_warehouse.publish.manifest import Manifest, Table
from sales_warehouse.sql import ident, literal

VIEWS = "sales"
POLL_SECONDS = 0.1

# Longer than this no reader stands behind us while we wait for a view that another one holds.
LOCK_TIMEOUT = "200ms"

MAY_SEE_SNAPSHOTS = "SELECT pg_has_role('pg_read_all_stats', 'USAGE')"

# Sessions with a snapshot that cannot see what was committed before transaction %(horizon)s.
SNAPSHOTS = """
    SELECT pid, usename, application_name, coalesce(xact_start, now())
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
      AND age(backend_xmin) > age(%(horizon)s::text::xid8::xid)
"""

# Without the right to see snapshots: every transaction that was open at the horizon may have an old one.
TRANSACTIONS = """
    SELECT pid, usename, application_name, coalesce(xact_start, now())
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock' AND pg_locks.pid <> pg_backend_pid()
      AND datname = current_database() AND virtualxid = ANY(%(open)s)
"""


class OlderSnapshots(RuntimeError):
    """Readers kept their snapshots for longer than we wait; swapping would show them empty tables."""


def swap(db: psycopg.Connection, done: Manifest, *, reader: str, wait_seconds: float) -> float:
    """Repoint every view in one transaction; return the seconds waited.

    Raises OlderSnapshots, naming the sessions to end, when it could not be done in time; nothing is changed then.
    """
    started = time.monotonic()
    horizon = postgres_ledger.value(db, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
    opened = [row[0] for row in db.execute("SELECT virtualxid FROM pg_locks WHERE locktype = 'virtualxid'").fetchall()]
    query = SNAPSHOTS if postgres_ledger.value(db, MAY_SEE_SNAPSHOTS) else TRANSACTIONS
    while True:
        holders = db.execute(query, {"horizon": horizon, "open": opened}).fetchall()
        if not holders and _repointed(db, done, reader):
            return time.monotonic() - started
        if time.monotonic() - started > wait_seconds:
            raise OlderSnapshots(_waited_in_vain(holders, wait_seconds))
        time.sleep(POLL_SECONDS)


def describe(db: psycopg.Connection, done: Manifest, reader: str) -> None:
    """Comments and grants of the views: where BI tools read names, and who may read."""
    for table in done.tables:
        db.execute(postgres_tables.comments("VIEW", postgres_tables.relation(VIEWS, table), table))
    _grant(db, reader)


def ensure_reader(db: psycopg.Connection, reader: str) -> list[str]:
    """Make the role for BI tools when it is not there and we may; return a note when we may not."""
    if db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [reader]).fetchone():
        return []
    try:
        db.execute(f"CREATE ROLE {ident(reader)} NOLOGIN")
    except psycopg.errors.InsufficientPrivilege:
        return [f"there is no role {reader} and we may not create it: CREATE ROLE {ident(reader)} NOLOGIN"]
    return []


def _repointed(db: psycopg.Connection, done: Manifest, reader: str) -> bool:
    """Swap the views if no reader holds one of them longer than the lock timeout."""
    schema = postgres_ledger.schema_of(db, done.content)
    try:
        with db.transaction():
            db.execute(f"SET LOCAL lock_timeout = {literal(LOCK_TIMEOUT)}")
            db.execute("; ".join(_statements(db, done.tables, schema)))
            _grant(db, reader)
            postgres_ledger.live(db, schema)
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _statements(db: psycopg.Connection, tables: Sequence[Table], schema: str) -> list[str]:
    old, new = _columns(db, VIEWS), _columns(db, schema)
    gone = postgres_ledger.live_tables(db) - {table.name for table in tables}
    statements = [f"CREATE SCHEMA IF NOT EXISTS {VIEWS}"]
    statements += [f"DROP VIEW IF EXISTS {VIEWS}.{ident(name)}" for name in sorted(gone)]
    for table in tables:
        view = postgres_tables.relation(VIEWS, table)
        before = old.get(table.name, [])
        # A view can be replaced in place only when it gains columns at its end; what depends on it stays then.
        if before != new[table.name][: len(before)]:
            statements.append(f"DROP VIEW {view}")
        columns = ", ".join(ident(column.name) for column in table.columns)
        source = postgres_tables.relation(schema, table)
        statements.append(f"CREATE OR REPLACE VIEW {view} AS SELECT {columns} FROM {source}")
    return statements


def _columns(db: psycopg.Connection, schema: str) -> Mapping[str, list[str]]:
    """Names and types of the columns of every table or view of a schema."""
    found = db.execute(
        "SELECT relname, array_agg(attname || ' ' || format_type(atttypid, atttypmod) ORDER BY attnum) "
        "FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE nspname = %s AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped GROUP BY relname",
        [schema],
    )
    return dict(found.fetchall())


def _grant(db: psycopg.Connection, reader: str) -> None:
    """Let the reader role read the views and nothing behind them."""
    if db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [reader]).fetchone():
        db.execute(f"GRANT USAGE ON SCHEMA {VIEWS} TO {ident(reader)}")
        db.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {VIEWS} TO {ident(reader)}")


def _waited_in_vain(holders: Sequence[tuple], wait_seconds: float) -> str:
    if not holders:
        return (
            f"readers held the views of schema {VIEWS} for {wait_seconds:.0f} s and keep the version before; try again"
        )
    sessions = "; ".join(
        f"process {pid}, {user}, {application or 'no name'}, since {since:%Y-%m-%d %H:%M:%S %Z}"
        for pid, user, application, since in holders
    )
    return (
        f"after {wait_seconds:.0f} s there are transactions older than the new tables, which would see them empty: "
        f"{sessions}. Readers keep the version before. End these sessions, or let them end, and publish again"
    )
