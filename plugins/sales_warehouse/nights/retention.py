"""How long nights can be run again: the recipes of older ones are put aside, and what no other night read goes."""

from __future__ import annotations

import datetime
from pathlib import Path

from sales_warehouse import durable, sql
from sales_warehouse.home import Home
from sales_warehouse.nights import store
from sales_warehouse.nights.inputs import Inputs, project_place, read_draft
from sales_warehouse.nights.recipe import nights, place
from sales_warehouse.nights.rerun import only_one


def expire(home: Home, days: int | None, today: datetime.date) -> int:
    """Put aside the recipes of nights that are more than `days` before the newest; return how many.

    A night of a day to come, which somebody mistyped, makes no other one older than it is `today`.
    What they gave stays told in `nights/expired/`. Their inputs are removed, but for those that another night, or the
    working warehouse, was made from. Nothing is removed while a night is run again.
    """
    found = nights(home) if days else []
    if not found or not days:
        return 0
    first = min(today, max(night.business_date for night in found)) - datetime.timedelta(days=days)
    old = [night for night in found if night.business_date < first]
    if not old:
        return 0
    try:
        with only_one(home, wait_seconds=0):
            for night in old:
                durable.move(place(home, night.version), home.nights / "expired" / f"{night.version}.json")
            _sweep(home, [night.inputs for night in found if night not in old])
    except durable.Busy:
        return 0
    return len(old)


def sweep(home: Home) -> bool:
    """Remove what no night reads any more, nor the working warehouse; False while a night is run again."""
    try:
        with only_one(home, wait_seconds=0):
            _sweep(home, [night.inputs for night in nights(home)])
    except durable.Busy:
        return False
    return True


def _sweep(home: Home, standing: list[Inputs]) -> None:
    """Remove every kept file that none of these inputs names."""
    draft = read_draft(home)
    needed = [*standing, *([draft] if draft else [])]
    chains = {name for inputs in needed for kept in (inputs.files, *inputs.tables.values()) for name in kept.chain}
    wanted = {store.table_place(home, name) for name in chains}
    wanted |= {project_place(home, inputs.models) for inputs in needed}
    if not all(store.is_there(home, inputs.files) for inputs in needed):
        return  # what they name is not known
    lists = {store.table_place(home, name) for inputs in needed for name in inputs.files.chain}
    wanted |= {store.file_place(home, path, digest) for path, digest in _named(home, sorted(lists))}
    for folder in ("tables", "projects", "files"):
        for file in sorted((home.nights / folder).rglob("[!.]*")):
            if file.is_file() and file not in wanted:
                file.unlink()


def _named(home: Home, lists: list[Path]) -> list[tuple[str, str]]:
    """Return every file that lists of files name, also those that a later change of a list takes out again."""
    with sql.connect(temp=home.tmp) as connection:
        rows = sql.read_parquet(lists, options="union_by_name = true")
        return connection.execute(f"select distinct path, digest from {rows}").fetchall()
