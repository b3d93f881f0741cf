"""A SQLAlchemy dialect on which Great Expectations can work with DuckDB 1.5.

Three things differ from duckdb-engine, which it builds on:

- Every SQLAlchemy cursor is a DuckDB cursor of its own. Great Expectations gives the
  connection back to the pool before it reads the result; the pool rolls back, and a result
  that lives on the connection itself would die with that.
- Tables are described by `pragma_table_info`, which looks at one table only. duckdb-engine asks a `pg_catalog` that
  DuckDB emulates only in part, and fails with SQLAlchemy 2.1. No keys or indexes are reported.
- Values are written into the statement as literals. The query that counts the failing rows
  and the query that selects them are then the same text, and no driver guesses the type of
  a parameter.
"""

from __future__ import annotations

import weakref
from typing import Any

import duckdb
import duckdb_engine
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGIdentifierPreparer
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.reflection import Inspector

from sales_warehouse.sql import ident, literal

DRIVER = "duckdb+sales_warehouse"

COLUMN_TYPES: dict[str, sa.types.TypeEngine] = {
    "VARCHAR": sa.String(),
    "BOOLEAN": sa.Boolean(),
    "TINYINT": sa.SmallInteger(),
    "SMALLINT": sa.SmallInteger(),
    "INTEGER": sa.Integer(),
    "BIGINT": sa.BigInteger(),
    "HUGEINT": sa.Numeric(),
    "FLOAT": sa.Float(),
    "DOUBLE": sa.Float(),
    "DECIMAL": sa.Numeric(),
    "DATE": sa.Date(),
    "TIMESTAMP": sa.DateTime(),
    "TIMESTAMP WITH TIME ZONE": sa.DateTime(timezone=True),
}

COLUMNS_SQL = 'select name, type, not "notnull", dflt_value from pragma_table_info({relation}) order by cid'


class Connection:
    """What SQLAlchemy sees as the DBAPI connection; it remembers its cursors to close them with it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")  # for its cursors too
        self._connection = connection
        self._cursors: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        self._cursors.add(cursor)
        return cursor

    def commit(self) -> None:
        """Nothing to do: each cursor commits by itself, and the file is read-only."""

    def rollback(self) -> None:
        """Nothing to do, and it must not be done: results are still being read."""

    def close(self) -> None:
        """Close every cursor first: one that stays open would keep the lock on the file."""
        for cursor in list(self._cursors):
            cursor.close()
        self._connection.close()


class LiteralCompiler(PGCompiler):
    """Writes every bound value into the SQL text."""

    def visit_bindparam(self, bindparam: Any, **kwargs: Any) -> str:  # type: ignore[override]
        return super().visit_bindparam(bindparam, **{**kwargs, "literal_binds": True})


class QuotingPreparer(PGIdentifierPreparer):
    """Quotes every name: which words are reserved differs between versions of DuckDB."""

    def _requires_quotes(self, value: str) -> bool:
        return True


class GuardDialect(duckdb_engine.Dialect):
    """DuckDB for Great Expectations: read-only work, own cursors, own reflection."""

    driver = "sales_warehouse"
    supports_statement_cache = False
    statement_compiler = LiteralCompiler
    preparer: Any = QuotingPreparer
    execution_ctx_cls: Any = DefaultExecutionContext
    inspector: Any = Inspector

    @classmethod
    def import_dbapi(cls) -> Any:
        return duckdb_engine.DBAPI

    def connect(self, *args: Any, **kwargs: Any) -> Connection:  # type: ignore[override]
        kwargs.pop("url_config", None)
        return Connection(duckdb.connect(*args, **kwargs))

    def do_begin(self, dbapi_connection: Any) -> None:
        """Nothing to do: every statement reads by itself."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        dbapi_connection.rollback()

    def _get_default_schema_name(self, connection: Any) -> str:
        return "main"

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        """Columns of a table or view in order; raises NoSuchTableError for an unknown one."""
        rows = _described(connection, table_name, schema)
        if not rows:
            raise sa.exc.NoSuchTableError(table_name)
        return [
            {"name": name, "type": _column_type(data_type), "nullable": nullable, "default": default}
            for name, data_type, nullable, default in rows
        ]

    def get_table_names(self, connection: Any, schema: str | None = None, **kw: Any) -> list[str]:
        return _names(connection, "table_name", "duckdb_tables()", schema)

    def get_view_names(self, connection: Any, schema: str | None = None, include: Any = None, **kw: Any) -> list[str]:
        return _names(connection, "view_name", "duckdb_views()", schema)

    def get_schema_names(self, connection: Any, **kw: Any) -> list[str]:
        query = "select schema_name from duckdb_schemas() where database_name = current_database() order by 1"
        return [name for (name,) in connection.exec_driver_sql(query).fetchall()]

    def has_table(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        return bool(_described(connection, table_name, schema))

    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        return {"constrained_columns": [], "name": None}

    def get_indexes(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        return []

    def get_foreign_keys(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        return []


def _described(connection: Any, table: str, schema: str | None) -> list[Any]:
    """Name, type, whether null is allowed, and default of each column; nothing for an unknown table."""
    # `str()`: Great Expectations hands over a subclass of str that compares without case.
    relation = f"{ident(str(schema or 'main'))}.{ident(str(table))}"
    try:
        return connection.exec_driver_sql(COLUMNS_SQL.format(relation=literal(relation))).fetchall()
    except sa.exc.DBAPIError as error:
        if isinstance(error.orig, duckdb.CatalogException):
            return []
        raise


def _names(connection: Any, column: str, function: str, schema: str | None) -> list[str]:
    query = (
        f"select {column} from {function} where database_name = current_database()"
        f" and schema_name = {literal(str(schema or 'main'))} order by 1"
    )
    return [name for (name,) in connection.exec_driver_sql(query).fetchall()]


def _column_type(data_type: str) -> sa.types.TypeEngine:
    return COLUMN_TYPES.get(data_type.split("(")[0], sa.types.NullType())


registry.register("duckdb.sales_warehouse", __name__, "GuardDialect")
