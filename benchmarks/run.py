"""Measure a whole refresh: time and peak memory of each step, beside one hand-written script for the same work.

`make bench` measures a million order lines; `make bench ARGS="--lines 1000000 --lines 10000000"` more. Every run is a
process of its own; memory is the resident set of the process and all of its children, sampled ten times a second.
"""

from __future__ import annotations

import datetime
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from measured import Memory, machine, run

from sales_warehouse import settings
from sales_warehouse.demo.volume import Volume, write_volume

HERE = Path(__file__).parent
COMPANY = HERE / "company"
CLI = Path(sys.executable).with_name("sales-warehouse")


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
    floor_seconds, floor_memory = _floor(place)
    seconds, memory = _run([str(CLI), "run", "--company", str(COMPANY), "--business-date", "2026-06-30"], place)
    events = _steps(place)
    rows = [(name, end - start, memory.peak(start, end)) for name, (start, end) in events.items()]
    inside = sum((span.total_seconds() for _, span, _ in rows), 0.0)
    print("| step | seconds | peak MiB |\n| --- | ---: | ---: |")
    for name, span, peak in rows:
        print(f"| {name} | {span.total_seconds():.1f} | {peak:,.0f} |")
    print(f"| orchestration (all that is not a step) | {seconds - inside:.1f} | |")
    print(f"| **whole refresh** | **{seconds:.1f}** | **{memory.peak():,.0f}** |")
    print(f"| hand-written script | {floor_seconds:.1f} | {floor_memory.peak():,.0f} |")
    print(f"| ratio | {seconds / floor_seconds:.2f} | |\n")
    seconds, memory = _night(place, count)
    print(f"A night with 1 % new lines, in the last month: {seconds:.1f} s, peak {memory.peak():,.0f} MiB.\n")


def _night(place: Path, count: int) -> tuple[float, Memory]:
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


def _run(command: list[str], place: Path) -> tuple[float, Memory]:
    state = {"SALES_WAREHOUSE_VAR": str(place / "var"), "BENCHMARK_DATA": str(place / "data")}
    return run(command, place / "output.txt", **state)


def _floor(place: Path) -> tuple[float, Memory]:
    """Run the hand-written script as its own process and publish its tables as a DuckDB file and as Parquet."""
    program = (
        "import duckdb, pathlib, sys\n"
        "place, limit = pathlib.Path(sys.argv[1]), sys.argv[2]\n"
        "db = duckdb.connect(str(place / 'floor.duckdb'), config={'memory_limit': limit})\n"
        "db.execute('set preserve_insertion_order = false')\n"
        "db.execute(pathlib.Path(sys.argv[3]).read_text().replace('{data}', str(place / 'data')))\n"
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
