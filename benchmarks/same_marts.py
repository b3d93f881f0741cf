"""Compare every table of marts and intermediate of two working files: columns, types and rows, repeats counted.

    python benchmarks/same_marts.py before.duckdb after.duckdb

For a change that may not change any figure: build the same company with the models before and after it. Columns of
`--but` are left out, for moments that differ from run to run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import duckdb
import typer

from sales_warehouse.settings import memory_limit
from sales_warehouse.sql import ident, literal

TABLES = """
    select schema_name, table_name from duckdb_tables()
    where database_name = ? and schema_name in ('intermediate', 'marts') order by all
"""
COLUMNS = """
    select column_name, data_type from duckdb_columns()
    where (database_name, schema_name, table_name) = (?, ?, ?) order by column_index
"""


def main(
    before: Path,
    after: Path,
    but: Annotated[list[str], typer.Option(help="A column that may differ.")] = [],  # noqa: B006
) -> None:
    """Print what differs; exit with 1 when anything does."""
    with duckdb.connect(config={"memory_limit": memory_limit()}) as connection:
        for name, file in (("a", before), ("b", after)):
            connection.execute(f"attach {literal(str(file))} as {name} (read_only)")
        tables = {name: connection.execute(TABLES, [name]).fetchall() for name in "ab"}
        for schema, table in sorted(set(tables["a"]) ^ set(tables["b"])):
            print(f"{schema}.{table}: only in one of them")
        both = sorted(set(tables["a"]) & set(tables["b"]))
        told = {f"{s}.{t}": found for s, t in both if (found := _difference(connection, s, t, set(but)))}
    for name, found in told.items():
        print(f"{name}: {found}")
    print(f"{len(both)} tables compared, {len(told)} differ")
    raise typer.Exit(bool(told) or set(tables["a"]) != set(tables["b"]))


def _difference(connection: duckdb.DuckDBPyConnection, schema: str, table: str, but: set[str]) -> str:
    left, right = (connection.execute(COLUMNS, [name, schema, table]).fetchall() for name in "ab")
    if left != right:
        return f"columns differ: {sorted(set(left) ^ set(right))}"
    chosen = ", ".join(ident(name) for name, _ in left if name not in but)
    a, b = (f"(select {chosen} from {name}.{ident(schema)}.{ident(table)})" for name in "ab")
    count = f"select (select count(*) from ({a} except all {b})), (select count(*) from ({b} except all {a}))"
    gone, new = connection.execute(count).fetchall()[0]
    return f"{gone} rows are gone, {new} are new" if gone or new else ""


if __name__ == "__main__":
    typer.run(main)
