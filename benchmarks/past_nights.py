"""Every night of a small company run again, in random order: is each equal to what it gave, and what does it cost?

    python benchmarks/past_nights.py --nights 90 --state DIR [--few-models]

The world is the one of `tests/nights`: late orders, corrections, deletions, customers that turn out to be one, merges
by people and taken back, settings that change. With `--few-models` the project of those tests is built instead of the
real one: sources, macros and restatements are the same. A world that is there already goes on from where it is.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "plugins"), str(PROJECT / "tests"), str(PROJECT / "tests" / "nights")]


def main(nights: int, state: Path, *, few_models: bool) -> int:
    os.environ["SALES_WAREHOUSE_VAR"] = str(state / "var")
    os.environ["SALES_WAREHOUSE_CONTACT_KEY"] = "a key for the benchmark of nights"
    import small_project
    from nights_world import World, day

    from sales_warehouse import nights as kept
    from sales_warehouse import transform
    from sales_warehouse.nights import asking, listing

    if few_models:
        folder = state / "dbt_project"
        transform.PROJECT = folder if folder.exists() else small_project.write(folder)
        transform.document = lambda home: home.dir  # type: ignore[assignment]
    world = World(state / "company", is_whole=not few_models)
    world.night = len({night.business_date for night in kept.nights(world.run().home)})
    started = time.monotonic()
    for number in range(world.night + 1, nights + 1):
        world.live()
        print(f"night {number}: {time.monotonic() - started:.0f} s", flush=True)
    run, dates = world.run(), [day(number) for number in range(1, nights + 1)]
    dates.sort(key=lambda date: hashlib.sha256(f"{date}".encode()).digest())  # in any order but theirs
    found = []
    for item in asking.ask(run.home, run.company, dates, say=lambda *_: None):
        found.append(item)
        print("\n".join(listing.lines(item)), flush=True)
    print(listing.summary(found))
    inputs = {file.stat().st_ino: file.stat() for file in run.home.nights.rglob("*") if file.is_file()}
    own = sum(state.st_size for state in inputs.values() if state.st_nlink == 1)
    shared = sum(state.st_size for state in inputs.values() if state.st_nlink > 1)
    history = sum(file.stat().st_size for file in run.home.history.rglob("*.parquet"))
    print(f"kept: {own:,} bytes of its own, {shared:,} shared with accepted files; history {history:,} bytes")
    return 0 if all(item.is_equal and item.is_promised for item in found) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=90)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--few-models", action="store_true")
    given = parser.parse_args()
    sys.exit(main(given.nights, given.state.resolve(), few_models=given.few_models))
