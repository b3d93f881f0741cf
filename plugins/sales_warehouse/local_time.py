"""Local wall clock to UTC, as SQL, and back.

An hour that a clock change skips or repeats is no moment that anybody knows.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from sales_warehouse.sql import literal

LAST_YEAR = 2050
DAY = datetime.timedelta(days=1)


def utc(local: str, zone: str, since: datetime.date) -> str:
    """Return the SQL of a local time of a zone in UTC; NULL for an hour that does not exist or exists twice.

    `local` is of type TIMESTAMP. Times before `since` are not looked at as closely, nothing that old is let in.
    """
    offset = fixed_offset_seconds(zone, since)
    if offset is not None:
        return local if offset == 0 else f"({local} - interval {offset} second)"
    name, (days, steps) = literal(zone), _changes(zone, since)
    moment = f"timezone({name}, {local})"
    same = [f"timezone({name}, {moment} {sign} interval {step} second) <> {local}" for step in steps for sign in "+-"]
    certain = " and ".join([f"timezone({name}, {moment}) = {local}", *same])
    listed = ", ".join(f"date '{day}'" for day in days)
    return f"case when cast({local} as date) not in ({listed}) or ({certain}) then timezone('UTC', {moment}) end"


def in_zone(moment: datetime.datetime, zone: str) -> datetime.datetime:
    """Return a UTC moment, which carries no zone on disk, as the wall clock of a zone."""
    return moment.replace(tzinfo=datetime.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def fixed_offset_seconds(zone: str, since: datetime.date) -> int | None:
    """Return the UTC offset of a zone in seconds if it has been the same since a date, else None."""
    days, _ = _changes(zone, since)
    return None if days else int(_offset(next(_noons(since)), zone).total_seconds())


@cache
def _changes(zone: str, since: datetime.date) -> tuple[tuple[datetime.date, ...], tuple[int, ...]]:
    """Return the local days on which the clock of a zone may change, and by how many seconds it does."""
    days: set[datetime.date] = set()
    steps: set[int] = set()
    for day, next_day in pairwise(_noons(since)):
        before, after = _offset(day, zone), _offset(next_day, zone)
        if before != after:
            days |= {(moment + offset).date() for moment in (day, next_day) for offset in (before, after)}
            steps.add(abs(int((after - before).total_seconds())))
    return tuple(sorted(days)), tuple(sorted(steps))


def _noons(since: datetime.date) -> Iterator[datetime.datetime]:
    noon = datetime.datetime.combine(since, datetime.time(12), datetime.UTC)
    while noon.year <= LAST_YEAR:
        yield noon
        noon += DAY


def _offset(moment: datetime.datetime, zone: str) -> datetime.timedelta:
    return moment.astimezone(ZoneInfo(zone)).utcoffset() or datetime.timedelta()
