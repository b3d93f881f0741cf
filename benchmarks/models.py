"""Processor seconds of every model and test of a kept benchmark, each alone: what dbt's own seconds mix.

    python benchmarks/run.py --lines 1000000 --folder F --keep
    python benchmarks/models.py F/1000000/var/benchmark/warehouse

dbt runs two nodes at a time on the same cores and times them by the wall, so what ran beside a model counts as its
own. Here every query that dbt compiled last runs alone over the tables that it left, into a table that is thrown away:
after a full build the whole of each model, after a night what the night asks for. What a night deletes and inserts
into an incremental table is not in it. Models in Python are called as dbt calls them.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from sales_warehouse import settings


def main(
    warehouse: Annotated[Path, typer.Argument(help="`warehouse` of a company's home, after a run.")],
    most: Annotated[int, typer.Option(help="Print so many.")] = 20,
    only: Annotated[str, typer.Option(help="Measure these nodes alone, by commas.")] = "",
    repeats: Annotated[int, typer.Option(help="Take the least of so many.")] = 1,
) -> None:
    """Print the dearest models and tests, and the sum of all, as Markdown."""
    named = set(only.split(",")) - {""}
    spent = seconds_of(warehouse.resolve(), named, repeats)
    print("| node | processor seconds | seconds |\n| --- | ---: | ---: |")
    for name, (processor, wall) in sorted(spent.items(), key=lambda item: -item[1][0])[:most]:
        print(f"| `{name}` | {processor:.2f} | {wall:.2f} |")
    processor, wall = (sum(pair[place] for pair in spent.values()) for place in (0, 1))
    print(f"| **all {len(spent)}** | **{processor:.1f}** | **{wall:.1f}** |")


def seconds_of(warehouse: Path, named: set[str], repeats: int = 1) -> dict[str, tuple[float, float]]:
    """Return processor and wall seconds by node; tests and models have names of their own."""
    compiled = warehouse / "dbt_target" / "compiled" / "sales_warehouse"
    os.chdir(warehouse / "project")  # sources are named from there
    limits = {"memory_limit": settings.memory_limit(), "threads": settings.threads()}
    with duckdb.connect(str(warehouse / "working.duckdb"), read_only=True, config=limits) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set TimeZone = 'UTC'")
        work: dict[str, Callable[[], object]] = {}
        for file in sorted([*compiled.rglob("*.sql"), *compiled.rglob("*.py")]):
            if (named and file.stem not in named) or "staging" in file.parts:
                continue
            query = file.read_text(encoding="utf-8")
            work[file.stem] = _python(connection, file) if file.suffix == ".py" else _query(connection, query)
        return {name: min(_timed(run) for _ in range(repeats)) for name, run in work.items()}


def _query(connection: duckdb.DuckDBPyConnection, query: str) -> Callable[[], object]:
    return lambda: connection.execute(f"create or replace temporary table measured as ({query}\n)")


def _python(connection: duckdb.DuckDBPyConnection, file: Path) -> Callable[[], object]:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    dbt = module.dbtObj(connection.table)
    return lambda: module.model(dbt, connection)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    processor, wall = time.process_time(), time.monotonic()
    work()
    return time.process_time() - processor, time.monotonic() - wall


if __name__ == "__main__":
    typer.run(main)
