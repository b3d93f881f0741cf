"""Great Expectations' execution engine and datasource for a DuckDB file."""

from __future__ import annotations

import builtins
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine

from sales_warehouse import settings
from sales_warehouse.guard.dialect import DRIVER

# Great Expectations picks the SQL of a regular expression by what the "dialect module" has.
# This attribute makes it emit regexp_matches(), which searches, as every other backend does;
# PostgreSQL's `~` is a full match on DuckDB and would give wrong answers.
REGEXP_MATCHES = SimpleNamespace(DremioDialect=object)


class GuardExecutionEngine(SqlAlchemyExecutionEngine):
    """Computes every metric as SQL inside DuckDB."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dialect_module: Any = REGEXP_MATCHES


class GuardDatasource(SQLDatasource):
    """A DuckDB file, opened read-only; its type of its own registers `add_sales_warehouse_duckdb`."""

    type: Literal["sales_warehouse_duckdb"] = "sales_warehouse_duckdb"  # type: ignore[assignment]
    schema_name: str = "main"

    @property
    def schema_(self) -> str:
        return self.schema_name

    @property
    def execution_engine_type(self) -> builtins.type[SqlAlchemyExecutionEngine]:
        return GuardExecutionEngine

    @classmethod
    def _get_exec_engine_excludes(cls) -> set[str]:
        return super()._get_exec_engine_excludes() | {"schema_name"}


def open_datasource(database: Path, schema: str, temp: Path) -> GuardDatasource:
    """The DuckDB file in a context of its own; its configuration is that of every other connection of ours.

    DuckDB refuses a second connection to one file in one process with a different configuration.
    """
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # Great Expectations writes all it knows as YAML, into memory, after each table; nobody ever reads it.
    context._save_project_config = lambda: None
    return context.data_sources.add_sales_warehouse_duckdb(
        name="sales_warehouse",
        connection_string=str(sa.URL.create(DRIVER, database=str(database))),
        schema_name=schema,
        kwargs={"connect_args": {"read_only": True, "config": settings.duckdb_config(temp)}},
    )
