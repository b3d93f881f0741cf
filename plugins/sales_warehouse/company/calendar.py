"""calendar.yml: which days are worked and from when to when, for the company and for its regions and teams."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.lifecycle import Name

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
MOST_INTERVALS = 4  # a day of dim_calendar_hours has a pair of columns for each
DEFAULT = "default"


def clock_time(value: Any) -> Any:
    """YAML takes 18:00 without quotes for a number of minutes."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return datetime.time(value // 60, value % 60)
    return value


def _interval(value: object) -> tuple[int, int]:
    """Return an interval of a day as minutes since midnight."""
    found = re.fullmatch(r"(\d\d):([0-5]\d)\s*[-–]\s*(\d\d):([0-5]\d)", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'{value!r} is no part of a day; write "09:00-12:00"')
    opens, closes = (60 * int(found[hour]) + int(found[hour + 1]) for hour in (1, 3))
    if max(opens, closes) > 24 * 60:
        raise ValueError('is later than 24:00; the end of a day is "24:00"')
    if opens >= closes:
        raise ValueError('ends before it begins; write hours over midnight as "22:00-24:00" and "00:00-06:00"')
    return opens, closes


def clock(minutes: int) -> str:
    """Return minutes since midnight as a clock shows them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _apart(value: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    ordered = sorted(value)
    for (opens, closes), (begins, ends) in pairwise(ordered):
        if begins < closes:
            pair = f"{clock(opens)}-{clock(closes)} and {clock(begins)}-{clock(ends)}"
            raise ValueError(f"{pair} overlap; let the one end before the other begins")
    if len(ordered) > MOST_INTERVALS:
        raise ValueError(f"a day has at most {MOST_INTERVALS} parts, these are {len(ordered)}; join some")
    return tuple(ordered)


Interval = Annotated[tuple[int, int], BeforeValidator(_interval)]
ClockTime = Annotated[datetime.time, BeforeValidator(clock_time)]
Hours = Annotated[tuple[Interval, ...], AfterValidator(_apart)]


class Schedule(Model):
    """Hours of regions or teams that do not keep the company's; a team's win over those of its region."""

    id: Name
    name: Label
    regions: tuple[str, ...] = ()
    teams: tuple[str, ...] = Field(default=(), description="teams of company.yml")
    hours: Hours | None = Field(default=None, min_length=1, description="of a worked day; default: the company's")
    weekdays: dict[Weekday, Hours] = Field(default_factory=dict, description="hours of a day of the week; [] is closed")
    dates: dict[datetime.date, Hours] = Field(default_factory=dict, description="hours of one day; [] is closed")

    @model_validator(mode="after")
    def _kept_by_somebody(self) -> Schedule:
        if not self.regions and not self.teams:
            raise ValueError("is kept by nobody; give `regions` or `teams`")
        if self.id == DEFAULT:
            raise ValueError(f"{DEFAULT!r} is what the company's own hours are called; give it another id")
        return self


class CalendarFile(Model):
    """calendar.yml: which days are worked and when, on top of the public holidays of the country."""

    country: str | None = Field(default=None, description="country of the public holidays; default: the company's")
    subdivision: str | None = Field(default=None, description="province or state of the public holidays")
    days_file: str | None = Field(
        default=None,
        description="CSV of date, is_workday and name, relative to this folder: every day from its first to its last "
        "is as it says, whatever the country's holidays and the weekend are",
    )
    weekend: tuple[Weekday, ...] = ("saturday", "sunday")
    opens: ClockTime = datetime.time(9, 0)
    closes: ClockTime = datetime.time(18, 0)
    hours: Hours | None = Field(
        default=None, min_length=1, description="of a worked day, for days with a break; instead of opens and closes"
    )
    weekdays: dict[Weekday, Hours] = Field(default_factory=dict, description="hours of a day of the week")
    dates: dict[datetime.date, Hours] = Field(default_factory=dict, description="hours of one day, as before a holiday")
    holidays: dict[datetime.date, Label] = Field(default_factory=dict, description="further days off")
    workdays: tuple[datetime.date, ...] = Field(default=(), description="days worked although they look free")
    fiscal_year_starts_in: int = Field(default=1, ge=1, le=12, description="month on whose first day it starts")
    fiscal_year_named_after: Literal["start", "end"] = Field(
        default="end", description="calendar year that names a fiscal year: the one in which it starts or ends"
    )
    schedules: tuple[Schedule, ...] = Field(default=(), description="hours of regions and teams")

    @model_validator(mode="after")
    def _one_meaning(self) -> CalendarFile:
        if self.hours and self.model_fields_set & {"opens", "closes"}:
            raise ValueError("has hours as well as opens and closes; give one of the two")
        if self.opens >= self.closes:
            raise ValueError("closes must be later than opens; write hours over midnight as two `hours`")
        if len(set(self.weekend)) == len(WEEKDAYS):
            raise ValueError("weekend has every day of the week: nothing would ever be due")
        if both := sorted(self.holidays.keys() & set(self.workdays)):
            raise ValueError(f"{both[0]} is in holidays and in workdays; take it out of one of them")
        for day, hours in self.weekdays.items():
            if day in self.weekend:
                raise ValueError(f"weekdays has hours for {day}, which is in weekend; take it out of one of them")
            if not hours:
                raise ValueError(f"weekdays has no hours for {day}; put it into weekend instead")
        return self

    @property
    def usual_hours(self) -> tuple[tuple[int, int], ...]:
        """Hours of an ordinary worked day, as minutes since midnight."""
        opens, closes = (60 * moment.hour + moment.minute for moment in (self.opens, self.closes))
        return self.hours or ((opens, closes),)

    def keepers(self) -> Mapping[str, Schedule | None]:
        """Return every schedule by its id, the company's own first."""
        return {DEFAULT: None, **{schedule.id: schedule for schedule in self.schedules}}
