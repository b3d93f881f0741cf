"""Measure a whole refresh: time and peak memory of each step, beside one hand-written script for the same work.

`make bench` measures a million order lines; `make bench ARGS="--lines 1000000 --lines 10000000"` more. Every run is a
process of its own; memory is the resident set of the process and all of its children, sampled ten times a second.
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from measured import Usage, machine, processor_seconds, run

from sales_warehouse import settings
from sales_warehouse.demo.volume import Volume, write_volume
from sales_warehouse.sql import literal
from sales_warehouse.transform import child_environment

HERE = Path(__file__).parent
COMPANY = HERE / "company"
CLI = Path(sys.executable).with_name("sales-warehouse")
WAY_IN = ("extract", "conform", "gate", "identify")
# What floor.sql makes; its kpi_values is net sales alone. Customers bring tiers, and what these are made of, with them.
OF_THE_FLOOR = (
    "dim_customers", "dim_products", "dim_sales_reps", "fct_order_lines", "fct_touchpoints", "fct_sales_daily",
    "int_kpi_net_sales",
)  # fmt: skip
DEAREST = 10


def main(
    lines: Annotated[list[int], typer.Option(help="Order lines; may be given more than once.")] = [1_000_000],  # noqa: B006
    folder: Annotated[Path | None, typer.Option(help="Where data and state go; default: var/benchmark.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep data and state.")] = False,
) -> None:
    """Generate, refresh and run the floor for each number of order lines; print Markdown."""
    folder = (folder or settings.state_folder() / "benchmark").resolve()
    print(f"{machine()}\n")
    for count in lines:
        place = folder / f"{count}"
        shutil.rmtree(place, ignore_errors=True)
        _measure(count, place)
        if not keep:
            shutil.rmtree(place, ignore_errors=True)


def _measure(count: int, place: Path) -> None:
    started = time.monotonic()
    write_volume(place / "data", Volume(lines=count, customers=max(1000, count // 100)))
    size = sum(file.stat().st_size for file in (place / "data").glob("*.csv")) / 2**20
    print(f"### {count:,} order lines ({size:,.0f} MiB of CSV, generated in {time.monotonic() - started:.1f} s)\n")
    before = processor_seconds()
    floor_seconds, floor_memory = _floor(place)
    floor_processor = processor_seconds() - before
    seconds, usage = _run([str(CLI), "run", "--company", str(COMPANY), "--business-date", "2026-06-30"], place)
    processor = processor_seconds() - before - floor_processor
    way_in = _print_steps(place, "whole refresh", seconds, processor, usage)
    print(f"| hand-written script | {floor_seconds:.1f} | {floor_processor:.1f} | {floor_memory.peak():,.0f} |")
    print(f"| ratio | {seconds / floor_seconds:.2f} | {processor / floor_processor:.2f} | |\n")
    _print_dearest(place, "The whole")
    _print_night(place, count, seconds, processor)
    _print_like_for_like(place, way_in)


def _print_steps(place: Path, what: str, seconds: float, processor: float, usage: Usage) -> float:
    """Print the steps of the last run; return the seconds of those before the marts."""
    events = _steps(place)
    steps = {name: (end - start).total_seconds() for name, (start, end) in events.items()}
    print("| step | seconds | processor seconds | peak MiB |\n| --- | ---: | ---: | ---: |")
    spent = {name: usage.processor(*span) for name, span in events.items()}
    for name, span in events.items():
        print(f"| {name} | {steps[name]:.1f} | {spent[name]:.1f} | {usage.peak(*span):,.0f} |")
    rest = seconds - sum(steps.values())
    print(f"| orchestration (all that is not a step) | {rest:.1f} | {processor - sum(spent.values()):.1f} | |")
    print(f"| **{what}** | **{seconds:.1f}** | **{processor:.1f}** | **{usage.peak():,.0f}** |")
    return sum(lasted for name, lasted in steps.items() if name.startswith(WAY_IN))


def _print_night(place: Path, count: int, whole: float, whole_processor: float) -> None:
    before = processor_seconds()
    seconds, usage = _night(place, count)
    processor = processor_seconds() - before
    print("A night with 1 % new lines, in the last month:\n")
    _print_steps(place, "the night after", seconds, processor, usage)
    print(f"| of the whole refresh | {seconds / whole:.0%} | {processor / whole_processor:.0%} | |\n")
    _print_dearest(place, "The night after")


def _print_like_for_like(place: Path, way_in: float) -> None:
    before = processor_seconds()
    alone, _ = _like_for_like(place)
    processor, script = processor_seconds() - before, float((place / "floor_seconds.txt").read_text())
    print(
        f"Only what the script makes: {way_in:.1f} s on the way in and {alone:.1f} s ({processor:.1f} processor "
        f"seconds) for the marts, {way_in + alone:.1f} s; the script without its Parquet files {script:.1f} s; "
        f"ratio {(way_in + alone) / script:.2f}.\n"
    )


def _print_dearest(place: Path, what: str) -> None:
    """The models that took longest; `models.py` says what each takes alone."""
    file = next(place.glob("var/*/warehouse/run_results.parquet"))
    nodes = f"from {literal(str(file))}"
    total = duckdb.sql(f"select sum(seconds) {nodes}").fetchall()[0][0]
    dearest = duckdb.sql(f"select node, seconds {nodes} order by seconds desc, node limit {DEAREST}").fetchall()
    print(f"| {what}: the dearest models | seconds |\n| --- | ---: |")
    for name, seconds in dearest:
        print(f"| `{name}` | {seconds:.1f} |")
    print(f"| **all, two at a time** | **{total:.1f}** |\n")


def _like_for_like(place: Path) -> tuple[float, Usage]:
    """Build what the script makes, and what that is made of, from nothing: seconds of dbt as a process of its own."""
    warehouse = next(place.glob("var/*/warehouse"))
    told = json.loads((warehouse / "dbt_target" / "run_results.json").read_text(encoding="utf-8"))["args"]["vars"]
    (warehouse / "working.duckdb").unlink()
    command = [
        sys.executable, "-m", "sales_warehouse.dbt_child", str(os.getpid()), "build", "--full-refresh",
        "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious",
        "--select", *(f"+{name}" for name in OF_THE_FLOOR), "--vars", json.dumps(told | {"pending_loads": []}),
        "--log-path", "../dbt_logs", "--project-dir", ".", "--profiles-dir", ".", "--target-path", "../dbt_target",
    ]  # fmt: skip
    return run(command, place / "output.txt", warehouse / "project", **child_environment())


def _night(place: Path, count: int) -> tuple[float, Usage]:
    write_night(place, count)
    return _run([str(CLI), "run", "--company", str(COMPANY), "--business-date", "2026-07-01"], place)


def write_night(place: Path, count: int) -> None:
    """One more file of orders and lines: 1 % of the volume, new numbers, all dated in the last month."""
    extra = place / "extra"
    last = datetime.date(2026, 6, 1)
    write_volume(extra, Volume(lines=count // 100, customers=1000, seed=2, start=last, months=1))
    for table in ("orders", "order_lines"):
        with (place / "data" / f"{table}_night.csv").open("w", encoding="utf-8") as target:
            for number, file in enumerate(sorted(extra.glob(f"{table}_2*.csv"))):
                header, *rest = file.read_text(encoding="utf-8").splitlines(keepends=True)
                target.writelines(([header] if not number else []) + [f"N{line}" for line in rest])


def _run(command: list[str], place: Path) -> tuple[float, Usage]:
    state = {"SALES_WAREHOUSE_VAR": str(place / "var"), "BENCHMARK_DATA": str(place / "data")}
    return run(command, place / "output.txt", **state)


def _floor(place: Path) -> tuple[float, Usage]:
    """Run the hand-written script as its own process and publish its tables as a DuckDB file and as Parquet."""
    program = (
        "import duckdb, pathlib, sys, time\n"
        "started = time.monotonic()\n"
        "place, limit = pathlib.Path(sys.argv[1]), sys.argv[2]\n"
        "db = duckdb.connect(str(place / 'floor.duckdb'), config={'memory_limit': limit})\n"
        "db.execute('set preserve_insertion_order = false')\n"
        "db.execute(pathlib.Path(sys.argv[3]).read_text().replace('{data}', str(place / 'data')))\n"
        "(place / 'floor_seconds.txt').write_text(str(time.monotonic() - started))\n"
        "(place / 'floor').mkdir()\n"
        "names = db.execute(\"select table_name from duckdb_tables() where schema_name = 'marts'\").fetchall()\n"
        "for (name,) in names:\n"
        "    db.execute(f\"copy marts.{name} to '{place}/floor/{name}.parquet' (compression zstd)\")\n"
    )
    arguments = [str(place), settings.memory_limit(), str(HERE / "floor.sql")]
    return _run([sys.executable, "-c", program, *arguments], place)


def _steps(place: Path) -> dict[str, tuple[datetime.datetime, datetime.datetime]]:
    """Start and end of each step of the last run."""
    file = max(place.glob("var/*/runs/*/steps.jsonl"), key=lambda path: path.stat().st_mtime)
    spans: dict[str, tuple[datetime.datetime, datetime.datetime]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        name = f"{event['step']} {event['subject']}" if event["subject"] else event["step"]
        at = datetime.datetime.fromisoformat(event["at"])
        spans[name] = (spans.get(name, (at, at))[0], at)
    return spans


if __name__ == "__main__":
    typer.run(main)
