"""Nights and what came of running them again, for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from sales_warehouse import purge, transform
from sales_warehouse.home import Home
from sales_warehouse.nights.compare import Difference
from sales_warehouse.nights.recipe import Night, nights
from sales_warehouse.nights.rerun import Rerun


def show_nights(home: Home, console: Console) -> None:
    """List every night that can be run again, and what is to be known about it."""
    found, models = nights(home), transform.fingerprint()
    purged = [file.name for file in purge.lists(home)]
    if not found:
        console.print("no night has left a recipe yet: `sales-warehouse run` makes the first one")
    for night in found:
        console.print(_line(night, models, purged), highlight=False, soft_wrap=True)


def _line(night: Night, models: str, purged: list[str]) -> str:
    rows = sum(mart.rows for mart in night.marts.values())
    known = [
        "worked out later" if night.is_computed else "",
        "" if night.inputs.models == models else "models have changed since",
        "texts purged since" if set(purged) - set(night.inputs.purges) else "",
    ]
    told = "; ".join(text for text in known if text)
    when = f"{night.business_date}  {night.version}  as of {night.as_of:%Y-%m-%d %H:%M:%S} UTC"
    return f"{when}  {len(night.marts)} marts, {rows:,} rows{f'  ({told})' if told else ''}"


def verdict(found: Rerun) -> str:
    """Return one line: the night, and whether it gives again what it gave."""
    size = f"{found.marts} marts, {found.rows:,} rows, {found.seconds:.0f} s"
    night = f"{found.night.business_date}  {found.night.version}"
    if found.night.is_computed and not found.is_promised and found.is_equal:
        return f"{night}: worked out ({size})"
    if found.is_equal:
        return f"{night}: equal ({size})"
    word = "different" if found.is_promised else "restated"
    return f"{night}: {word} in {len(found.differences)} of {size}"


def lines(found: Rerun) -> Iterable[str]:
    """Yield the verdict, each mart that differs, and what has to be said beside it."""
    yield verdict(found)
    yield from (f"  {_told(item)}" for item in found.differences)
    yield from (f"  note: {note}" for note in found.notes)


def _told(item: Difference) -> str:
    then, again = ("no" if rows is None else f"{rows:,}" for rows in (item.rows_then, item.rows_again))
    changed = "" if item.changed is None else f"; {item.changed:,} rows of either side are not in the other"
    example = f"; e.g. {item.example}" if item.example else ""
    return f"{item.mart}: {item.what}: {then} rows then, {again} again{changed}{example}"


def summary(found: list[Rerun]) -> str:
    """Return the last line of several nights."""
    equal = sum(item.is_equal for item in found)
    seconds = sum(item.seconds for item in found)
    return f"{len(found)} nights run again: {equal} equal, {len(found) - equal} not ({seconds:.0f} s)"
