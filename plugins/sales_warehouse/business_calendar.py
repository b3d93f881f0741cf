"""The business calendar: which days are worked, from public holidays and the company's own exceptions."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import holidays

from sales_warehouse.company.models import Company

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Day:
    """One day; a holiday may have a name, and a make-up workday is a workday although it falls on a weekend."""

    date_day: datetime.date
    is_workday: bool
    is_holiday: bool
    holiday_name: str | None


def days(company: Company, first: datetime.date, last: datetime.date) -> Iterator[Day]:
    """Yield every day from `first` to `last`, both included, without a gap.

    Public holidays and make-up workdays come from the `holidays` package for the country and subdivision of the
    calendar; the company's own `holidays` and `workdays` win over them.
    """
    calendar = company.calendar
    country = calendar.country or company.about.country
    years = range(first.year, last.year + 1)
    public = holidays.country_holidays(country, subdiv=calendar.subdivision, years=years)
    made_up: set[datetime.date] = getattr(public, "weekend_workdays", set())
    weekend = {WEEKDAYS.index(day) for day in calendar.weekend}
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        date = datetime.date.fromordinal(ordinal)
        own = calendar.holidays.get(date)
        name = own.zh if own and company.about.language == "zh" else own.en if own else public.get(date)
        worked = date in calendar.workdays
        is_holiday = name is not None and not worked
        is_workday = worked or (not is_holiday and (date.weekday() not in weekend or date in made_up))
        yield Day(date, is_workday, is_holiday, name if is_holiday else None)
