"""The stretches of time that the board compares, from the business date alone."""

from __future__ import annotations

import calendar
import datetime
from dataclasses import asdict, dataclass

Date = datetime.date
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """A stretch of days (both ends included), the one before it and the same one a year before."""

    period: str
    starts_on: Date
    ends_on: Date
    previous_starts_on: Date
    previous_ends_on: Date
    year_starts_on: Date
    year_ends_on: Date

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


def months_before(day: Date, count: int) -> Date:
    """The same day of the month `count` months earlier; a month's last day stays a month's last day."""
    month = day.year * 12 + day.month - 1 - count
    year, number = divmod(month, 12)
    length = calendar.monthrange(year, number + 1)[1]
    is_last = (day + DAY).month != day.month
    return Date(year, number + 1, length if is_last else min(day.day, length))


def board_periods(business_date: Date) -> list[Period]:
    """Month to date, last complete month, year to date and last twelve complete months."""
    month = business_date.replace(day=1)
    year = business_date.replace(month=1, day=1)
    return [
        _period("mtd", month, business_date, months=1),
        _period("last_month", months_before(month, 1), month - DAY, months=1),
        _period("ytd", year, business_date, months=12),
        _period("last_12", months_before(month, 12), month - DAY, months=12),
    ]


def _period(name: str, start: Date, end: Date, *, months: int) -> Period:
    def back(count: int) -> tuple[Date, Date]:
        return months_before(start, count), months_before(end, count)

    return Period(name, start, end, *back(months), *back(12))
