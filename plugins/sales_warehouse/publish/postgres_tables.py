"""The tables of a version in PostgreSQL: typed and described first, then filled from the version's Parquet by ADBC."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psycopg
import pyarrow
from adbc_driver_postgresql import dbapi as adbc
from duckdb import DuckDBPyConnection

from sales_warehouse import sql
from sales_warehouse.publish import postgres_ledger
from sales_warehouse.publish.database import Mismatch
from sales_warehouse.publish.manifest import Column, Table
from sales_warehouse.sql import ident, literal, read_parquet

ROWS_PER_BATCH = 50_000
LARGE = 100_000  # rows from which a look at one customer is worth an index
LOOKED_UP = ("customer_key", "contact_key", "order_key", "opportunity_key", "visitor_key")  # one of many

TYPES = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}


BY_BYTES = "text_pattern_ops"  # equal is equal in any order of letters, and bytes are sorted in half the time


def create(db: psycopg.Connection, schema: str, tables: Sequence[Table]) -> None:
    """Create the tables with types, required columns and comments: what loads them must not choose these."""
    with db.transaction():
        for table in tables:
            columns = ", ".join(f"{ident(column.name)} {_type(column)}{_required(column)}" for column in table.columns)
            db.execute(f"CREATE TABLE {relation(schema, table)} ({columns})")
            db.execute(comments("TABLE", relation(schema, table), table))


def load(conninfo: str, schema: str, tables: Sequence[Table], folder: Path, temp: Path) -> None:
    """Append every table's rows in Arrow batches; memory stays at a few batches."""
    with sql.connect(temp=temp) as db, adbc.connect(conninfo) as target:
        for table in tables:
            with target.cursor() as cursor:
                cursor.adbc_ingest(table.name, _batches(db, table, folder), mode="append", db_schema_name=schema)
            target.commit()


def finish(db: psycopg.Connection, schema: str, tables: Sequence[Table]) -> list[str]:
    """Compare counts with the version, then add keys, indexes and statistics; return notes. Raises Mismatch."""
    notes = []
    for table in tables:
        rows = postgres_ledger.value(db, f"SELECT count(*) FROM {relation(schema, table)}")
        if rows != table.rows:
            raise Mismatch(
                f"PostgreSQL holds {rows} rows of {table.name}, the version {table.rows}; readers stay where they are"
            )
        if table.key:
            notes += _add_key(db, schema, table)
        for column in indexed(table):
            db.execute(f"CREATE INDEX ON {relation(schema, table)} ({ident(column)} {BY_BYTES})")
        db.execute(f"ANALYZE {relation(schema, table)}")
    return notes


def indexed(table: Table) -> list[str]:
    """Return the columns by which a large table is asked for one of many; the primary key serves its first one."""
    if table.rows < LARGE:
        return []
    names = {column.name for column in table.columns} - set(table.key[:1])
    return [name for name in LOOKED_UP if name in names]


def relation(schema: str, table: Table) -> str:
    return f"{ident(schema)}.{ident(table.name)}"


def comments(kind: str, name: str, table: Table) -> str:
    """Statements that describe a table, or the view of it, and every column."""
    statements = [f"COMMENT ON {kind} {name} IS {literal(table.comment)}"]
    for column in table.columns:
        statements.append(f"COMMENT ON COLUMN {name}.{ident(column.name)} IS {literal(column.comment)}")
    return "; ".join(statements)


def _add_key(db: psycopg.Connection, schema: str, table: Table) -> list[str]:
    """Add the primary key. The audit judges the rows; here a key that does not hold is left out, with a note."""
    key = ", ".join(map(ident, table.key))
    try:
        db.execute(f"ALTER TABLE {relation(schema, table)} ADD PRIMARY KEY ({key})")
    except psycopg.errors.IntegrityError as error:
        return [f"{table.name} has no primary key in PostgreSQL: {key} has {error.diag.message_primary}"]
    return []


def _type(column: Column) -> str:
    return TYPES.get(column.type) or column.type.replace("DECIMAL", "numeric")


def _required(column: Column) -> str:
    return "" if column.is_nullable else " NOT NULL"


def _batches(db: DuckDBPyConnection, table: Table, folder: Path) -> pyarrow.RecordBatchReader:
    columns = ", ".join(_sendable(column) for column in table.columns)
    rows = read_parquet(folder / piece.file for piece in table.pieces)
    return db.execute(f"SELECT {columns} FROM {rows}").to_arrow_reader(ROWS_PER_BATCH)


def _sendable(column: Column) -> str:
    """A column as PostgreSQL takes it: its text has no NUL character."""
    name = ident(column.name)
    return f"replace({name}, chr(0), '') AS {name}" if column.type == "VARCHAR" else name
