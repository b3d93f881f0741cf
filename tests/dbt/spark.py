"""dbt, but for the macros that it chooses: ours for Spark, and dbt's own for no engine in particular.

Run beside a built project like sales_warehouse.dbt_child; what it compiles is what Spark would be given.
"""

from __future__ import annotations

import sys

from dbt.adapters.duckdb.column import DuckDBColumn
from dbt.clients.jinja import MacroGenerator
from dbt.context.providers import BaseDatabaseWrapper
from dbt_common.exceptions import CompilationError

from sales_warehouse import dbt_child

on_duckdb = BaseDatabaseWrapper.dispatch


def dispatch(chooser: BaseDatabaseWrapper, macro_name: str, macro_namespace: str | None = None) -> MacroGenerator:
    """Choose a macro: what dbt itself needs to look at the file stays DuckDB's."""
    if macro_namespace is None:
        for prefix in ("spark", "default"):
            if macro := chooser._namespace.get_from_package(None, f"{prefix}__{macro_name}"):
                return macro
        raise CompilationError(f"macros/engine has no spark__{macro_name}: write it beside duckdb__{macro_name}")
    made = on_duckdb(chooser, macro_name, macro_namespace)
    general = chooser._namespace.get_from_package(macro_namespace, f"default__{macro_name}")
    return general if general and "macros/utils" in general.macro.original_file_path else made


if __name__ == "__main__":
    BaseDatabaseWrapper.dispatch = dispatch
    DuckDBColumn.TYPE_LABELS = {**DuckDBColumn.TYPE_LABELS, "STRING": "STRING"}
    sys.exit(dbt_child._main(sys.argv[1:]))
