"""Asking for past business dates: each is run again, or worked out where it had no night of its own."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator

from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.nights import recipe
from sales_warehouse.nights.recipe import Night, NoSuchNight
from sales_warehouse.nights.rerun import Models, Rerun, rerun, scratch_home
from sales_warehouse.nights.unrecorded import PROMISE, work_out


def ask(
    home: Home,
    company: Company,
    dates: list[datetime.date],
    *,
    models: Models = "then",
    version: str | None = None,
    say: Callable[[datetime.date, str], None],
) -> Iterator[Rerun]:
    """Yield what comes of each business date; the working warehouse and what is published are left alone.

    `version` names one publish of the date instead of its last one. Raises NoSuchNight where nothing is known.
    """
    with scratch_home(home) as scratch:
        for date in dates:

            def said(what: str, date: datetime.date = date) -> None:
                say(date, what)

            found = recipe.nights(home)
            night = _named(found, version) if version else recipe.night_of(found, date)
            if night:
                yield rerun(home, scratch, night, models=models, say=said)
            else:
                yield _worked_out(home, scratch, company, date, models, said)


def _worked_out(
    home: Home, scratch: Home, company: Company, date: datetime.date, models: Models, say: Callable[[str], None]
) -> Rerun:
    started = time.monotonic()
    night = work_out(home, scratch, company, date, say)
    rows = sum(mart.rows for mart in night.marts.values())
    promise = PROMISE.format(as_of=f"{night.as_of:%Y-%m-%d %H:%M}")
    return Rerun(
        night, models, len(night.marts), rows, (), (promise,), is_promised=False, seconds=time.monotonic() - started
    )


def _named(found: list[Night], version: str) -> Night:
    for night in found:
        if night.version == version:
            return night
    raise NoSuchNight(f"no recipe of version {version} is kept; `sales-warehouse nights` lists them")


def days(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """Return every day from the first to the last."""
    return [first + datetime.timedelta(days=number) for number in range((last - first).days + 1)]
