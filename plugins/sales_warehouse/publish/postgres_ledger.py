"""Which versions PostgreSQL holds: loading, loaded, live, previous. Only schemas noted here are ever dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from sales_warehouse.publish.manifest import Manifest
from sales_warehouse.sql import ident, literal

SCHEMA = "sales_publishing"


def value(db: psycopg.Connection, query: str, parameters: Sequence[object] = ()) -> Any:
    """The one value that a query gives, None when it gives no row."""
    row = db.execute(query, parameters).fetchone()
    return row[0] if row else None


def ensure(db: psycopg.Connection) -> None:
    """Make the ledger when it is not there."""
    db.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    db.execute(
        f"CREATE TABLE IF NOT EXISTS {SCHEMA}.versions (schema_name text PRIMARY KEY, version text NOT NULL, "
        "content text NOT NULL UNIQUE, tables text[] NOT NULL, "
        "state text NOT NULL CHECK (state IN ('loading', 'loaded', 'live', 'previous', 'old')), "
        "changed_at timestamptz NOT NULL DEFAULT now())"
    )
    db.execute(f"COMMENT ON SCHEMA {SCHEMA} IS 'Which versions of the marts are loaded; kept by the nightly publish'")


def state_of(db: psycopg.Connection, content: str) -> str | None:
    """`live` or `previous` when this content is loaded, None otherwise."""
    return value(db, f"SELECT state FROM {SCHEMA}.versions WHERE content = %s", [content])


def schema_of(db: psycopg.Connection, content: str) -> str:
    return value(db, f"SELECT schema_name FROM {SCHEMA}.versions WHERE content = %s", [content])


def live_tables(db: psycopg.Connection) -> set[str]:
    """The names that readers see now."""
    return set(value(db, f"SELECT tables FROM {SCHEMA}.versions WHERE state = 'live'") or ())


def begin(db: psycopg.Connection, done: Manifest) -> str:
    """Note a version before the first table of it exists; return the schema for it."""
    schema = f"sales_{done.version}_{done.content[:8]}"
    with db.transaction():
        db.execute(
            f"INSERT INTO {SCHEMA}.versions (schema_name, version, content, tables, state) "
            "VALUES (%s, %s, %s, %s, 'loading')",
            [schema, done.version, done.content, [table.name for table in done.tables]],
        )
        db.execute(f"CREATE SCHEMA {ident(schema)}")
        db.execute(
            f"COMMENT ON SCHEMA {ident(schema)} IS {literal(f'Version {done.version}; read the views in sales')}"
        )
    return schema


def loaded(db: psycopg.Connection, schema: str) -> None:
    _set_state(db, "loaded", "schema_name = %s", schema)


def live(db: psycopg.Connection, schema: str) -> None:
    """Note, inside the transaction of the swap, what is live from now on and what was before."""
    _set_state(db, "old", "state = %s", "previous")
    _set_state(db, "previous", "state = %s", "live")
    _set_state(db, "live", "schema_name = %s", schema)


def drop_unfinished(db: psycopg.Connection) -> None:
    """Drop what a killed publish left half loaded, or loaded and never seen."""
    for (schema,) in _schemas(db, ["loading", "loaded"]):
        _drop(db, schema)


def drop_old(db: psycopg.Connection) -> list[str]:
    """Drop the versions before the previous one; one that is still read stays until the next publish, with a note."""
    notes = []
    for (schema,) in _schemas(db, ["old"]):
        try:
            _drop(db, schema, lock_timeout="2s")
        except psycopg.errors.LockNotAvailable:
            notes.append(f"{schema} is still being read; it goes with the next publish")
    return notes


def _schemas(db: psycopg.Connection, states: list[str]) -> list[tuple[str]]:
    query = f"SELECT schema_name FROM {SCHEMA}.versions WHERE state = ANY(%s) ORDER BY changed_at"
    return db.execute(query, [states]).fetchall()


def _drop(db: psycopg.Connection, schema: str, lock_timeout: str = "60s") -> None:
    with db.transaction():
        db.execute("SELECT set_config('lock_timeout', %s, true)", [lock_timeout])
        db.execute(f"DROP SCHEMA IF EXISTS {ident(schema)} CASCADE")
        db.execute(f"DELETE FROM {SCHEMA}.versions WHERE schema_name = %s", [schema])


def _set_state(db: psycopg.Connection, state: str, condition: str, value: str) -> None:
    db.execute(f"UPDATE {SCHEMA}.versions SET state = %s, changed_at = now() WHERE {condition}", [state, value])
