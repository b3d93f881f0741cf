"""The business calendar: which days are worked, and from when to when, in one place for everything that is measured.

Days come from public holidays, a file of days and the company's own exceptions; hours from the company's schedules.
"""

from __future__ import annotations

import csv
import datetime
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from sales_warehouse.company.calendar import MOST_INTERVALS, WEEKDAYS, CalendarFile, Schedule
from sales_warehouse.company.models import Company

__all__ = ["WEEKDAYS", "Day", "DaysFileMistake", "days", "moment", "open_days", "read_days", "unannounced_years"]

HEADER = ("date", "is_workday", "name")
TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
ONE_DAY = datetime.timedelta(days=1)
LONGEST_LEAVE = 31  # days; what joins a day to a holiday is looked for no farther away
LEAVE_WITH_WEEKENDS = {"CN"}  # countries whose announced leave takes in the weekend that adjoins it


@dataclass(frozen=True)
class Day:
    """One day; a holiday may have a name, and a make-up workday is a workday although it falls on a weekend.

    A day off that only lies within the leave of a holiday, as a weekend does, is joined to it and bears its name.
    """

    date_day: datetime.date
    is_workday: bool
    is_holiday: bool
    holiday_name: str | None
    is_joined: bool
    is_made_up: bool
    fiscal_year_number: int
    fiscal_quarter_number: int
    fiscal_year_start_date: datetime.date
    fiscal_quarter_start_date: datetime.date


class DaysFileMistake(Exception):
    """The file of days cannot be meant; `line` is 1-based, None when the file as a whole is meant."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class _Told:
    """What is said of one day: a name is that of a holiday; `is_said` is by the company, else it is by the country."""

    date: datetime.date
    is_workday: bool
    name: str | None
    is_said: bool


def days(company: Company, first: datetime.date, last: datetime.date) -> Iterator[Day]:
    """Yield every day from `first` to `last`, both included, without a gap.

    Public holidays and make-up workdays come from the `holidays` package for the country and subdivision of the
    calendar; within its first and last day the file of days says what holds instead. The company's own `holidays` and
    `workdays` win over both. The days off within the leave of a holiday are holidays, too. Raises DaysFileMistake.
    """
    calendar = company.calendar
    weekend = {WEEKDAYS.index(day) for day in calendar.weekend}
    told = list(_told(company, first, last))
    joined = _joined(told, (calendar.country or company.about.country) in LEAVE_WITH_WEEKENDS)
    for day in told:
        if not first <= day.date <= last:
            continue
        name = None if day.is_workday else day.name or joined.get(day.date)
        is_made_up = day.is_workday and day.date.weekday() in weekend
        fiscal = _fiscal(calendar, day.date)
        yield Day(day.date, day.is_workday, name is not None, name, day.date in joined, is_made_up, *fiscal)


def _told(company: Company, first: datetime.date, last: datetime.date) -> Iterator[_Told]:
    """Yield what is said of each day from `first` to `last`, and of those around them that a leave may reach to."""
    calendar = company.calendar
    earliest = max(first.toordinal() - LONGEST_LEAVE, datetime.date.min.toordinal())
    latest = min(last.toordinal() + LONGEST_LEAVE, datetime.date.max.toordinal())
    years = range(datetime.date.fromordinal(earliest).year, datetime.date.fromordinal(latest).year + 1)
    country = calendar.country or company.about.country
    public = holidays.country_holidays(country, subdiv=calendar.subdivision, years=years)
    made_up: set[datetime.date] = getattr(public, "weekend_workdays", set())
    listed = read_days(days_file(company)) if calendar.days_file else {}
    weekend = {WEEKDAYS.index(day) for day in calendar.weekend}
    own_workdays = set(calendar.workdays)
    for ordinal in range(earliest, latest + 1):
        date = datetime.date.fromordinal(ordinal)
        own = calendar.holidays.get(date)
        if date in listed:
            is_workday, name = listed[date]
        else:
            name = public.get(date)
            is_workday = name is None and (date.weekday() not in weekend or date in made_up)
        if own:
            is_workday, name = False, own.zh if company.about.language == "zh" else own.en
        if date in own_workdays:
            is_workday = True
        yield _Told(date, is_workday, name, bool(own) or date in listed)


def _joined(told: Iterable[_Told], is_with_weekends: bool) -> dict[datetime.date, str]:
    """Return the days off that belong to a holiday without a name of their own, and the name that they take.

    They are those between two named days of one run of days off, and where leave takes in the weekend that adjoins it
    those at either end of the country's own holidays. What the company says of a day stays as it is.
    """
    found = {}
    for is_workday, group in itertools.groupby(told, key=lambda day: day.is_workday):
        run = () if is_workday else tuple(group)
        for place, day in enumerate(run):
            before, after = _named(run[place::-1]), _named(run[place:])
            is_between = before and after
            nearest = before or after
            if day.name or day.is_said or not nearest:
                continue
            if is_between or (is_with_weekends and not nearest.is_said):
                found[day.date] = str(nearest.name)
    return found


def _named(run: Sequence[_Told]) -> _Told | None:
    return next((day for day in run if day.name), None)


def unannounced_years(company: Company, today: datetime.date) -> list[int]:
    """Return the years from today's to the one two months ahead whose make-up workdays the calendar does not know yet.

    Where a government moves workdays to weekends every year (China announces them each November), a year without any
    is one that the package for holidays does not have yet. The file of days may have it instead.
    """
    calendar = company.calendar
    country = calendar.country or company.about.country
    listed = read_days(days_file(company)) if calendar.days_file else {}
    found = []
    for year in range(today.year, (today + datetime.timedelta(days=61)).year + 1):
        years = range(year - 3, year + 1)
        public = holidays.country_holidays(country, subdiv=calendar.subdivision, years=years)
        moved = {day.year for day in getattr(public, "weekend_workdays", ())}
        is_listed = {datetime.date(year, 1, 1), datetime.date(year, 12, 31)} <= listed.keys()
        if moved >= set(years) - {year} and year not in moved and not is_listed:
            found.append(year)
    return found


def _fiscal(calendar: CalendarFile, date: datetime.date) -> tuple[int, int, datetime.date, datetime.date]:
    """Return the fiscal year and quarter of a day, and the first days of both."""
    month = calendar.fiscal_year_starts_in
    start = datetime.date(date.year if date.month >= month else date.year - 1, month, 1)
    is_ahead = month > 1 and calendar.fiscal_year_named_after == "end"
    quarter = (date.month - month) % 12 // 3
    ahead = month - 1 + 3 * quarter
    quarter_start = datetime.date(start.year + ahead // 12, ahead % 12 + 1, 1)
    return start.year + is_ahead, quarter + 1, start, quarter_start


def days_file(company: Company) -> Path:
    """Return where the file of days lies."""
    return Path(company.folder) / str(company.calendar.days_file)


def read_days(path: Path) -> dict[datetime.date, tuple[bool, str | None]]:
    """Return date → whether it is worked, and its name. Raises DaysFileMistake for what cannot be meant."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DaysFileMistake("this file does not exist; calendar.yml names it as days_file") from error
    except UnicodeDecodeError as error:
        raise DaysFileMistake(f"not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    rows = csv.reader(text.splitlines())
    if tuple(next(rows, ())) != HEADER:
        raise DaysFileMistake(f"the first line has to be {','.join(HEADER)}", 1)
    found: dict[datetime.date, tuple[bool, str | None]] = {}
    for row in rows:
        date, is_workday, name = _listed_day(row, rows.line_num)
        if found and date != (due := max(found) + ONE_DAY):
            raise DaysFileMistake(_out_of_line(date, due), rows.line_num)
        found[date] = is_workday, name
    if not found:
        raise DaysFileMistake("has no day; write one line for each, or take days_file out of calendar.yml")
    return found


def _listed_day(row: list[str], line: int) -> tuple[datetime.date, bool, str | None]:
    if len(row) != len(HEADER):
        raise DaysFileMistake(f"has {len(row)} values; {','.join(HEADER)} are {len(HEADER)}", line)
    try:
        date = datetime.date.fromisoformat(row[0].strip())
    except ValueError as error:
        raise DaysFileMistake(f"{row[0]!r} is no date; write 2026-01-31", line) from error
    is_workday = TRUTH.get(row[1].strip().lower())
    if is_workday is None:
        raise DaysFileMistake(f"{row[1]!r} does not say whether the day is worked; write true or false", line)
    return date, is_workday, row[2].strip() or None


def _out_of_line(date: datetime.date, due: datetime.date) -> str:
    if date < due:
        return f"{date} comes after {due - ONE_DAY}; list every day once, the first one first"
    last = date - ONE_DAY
    missing = f"{due} is" if last == due else f"{due} to {last} are"
    return f"{missing} missing before {date}; list every day from the first to the last"


# --- hours -----------------------------------------------------------------------------------------------------


def open_days(company: Company, calendar_days: Iterable[Day]) -> Iterator[tuple]:
    """Yield each day of each schedule as a row of `calendar_hours`.

    Of a day: whether it is open, how many days were open up to and with it, its open seconds and those of all days
    before it, and the moments in UTC at which each of its parts opens and closes.
    """
    zone, known = ZoneInfo(company.about.time_zone), list(calendar_days)
    for schedule_id, schedule in company.calendar.keepers().items():
        number, before = 0, 0
        for day in known:
            minutes = hours_of(company.calendar, schedule, day)
            parts = [tuple(moment(day.date_day, minute, zone) for minute in part) for part in minutes]
            parts = [(opens, closes) for opens, closes in parts if opens < closes]
            seconds = sum(int((closes - opens).total_seconds()) for opens, closes in parts)
            number += bool(parts)
            bounds: list[datetime.datetime | None] = [bound for part in parts for bound in part]
            bounds += [None] * (2 * MOST_INTERVALS - len(bounds))
            yield schedule_id, day.date_day, bool(parts), number, seconds, before, *bounds
            before += seconds


def longest_wait(hours: Iterable[Sequence[Any]], workdays: int) -> int:
    """Return the most days from a day to the end of so many open ones after it, by any schedule of `open_days`."""
    opened: dict[str, list[datetime.date]] = {}
    for schedule_id, date_day, is_open, *_ in hours:
        if is_open:
            opened.setdefault(schedule_id, []).append(date_day)
    waits = [
        (last - first).days for days in opened.values() for first, last in zip(days, days[workdays:], strict=False)
    ]
    return max(waits, default=7 * workdays)


def hours_of(calendar: CalendarFile, schedule: Schedule | None, day: Day) -> tuple[tuple[int, int], ...]:
    """Return the parts of a day that a schedule is open, as minutes since midnight of the business time zone.

    What is said of one day wins over its day of the week, and what a schedule says over what the company says. A day
    off is closed but for a schedule that names it, and a make-up workday has the usual hours. A Saturday that is only
    joined to a holiday has the hours of Saturdays: between Good Friday and Easter Monday shops are open.
    """
    weekday = WEEKDAYS[day.date_day.weekday()]
    if schedule and day.date_day in schedule.dates:
        return schedule.dates[day.date_day]
    is_closed = day.is_holiday and not day.is_joined
    if schedule and weekday in schedule.weekdays and not is_closed and not day.is_made_up:
        is_day_off = not day.is_workday and weekday not in calendar.weekend
        return () if is_day_off else schedule.weekdays[weekday]
    if not day.is_workday:
        return ()
    if day.date_day in calendar.dates:
        return calendar.dates[day.date_day]
    if schedule and schedule.hours:
        return schedule.hours
    return calendar.usual_hours if day.is_made_up else calendar.weekdays.get(weekday, calendar.usual_hours)


def moment(date: datetime.date, minute: int, zone: ZoneInfo) -> datetime.datetime:
    """Return when a clock in the zone first shows a minute of the day or a later one, in UTC without a zone.

    An hour that summer time leaves out begins and ends when the clocks jump; of an hour that comes twice it is the
    first.
    """
    local = datetime.datetime.combine(date, datetime.time()) + datetime.timedelta(minutes=minute)
    shown = local.replace(tzinfo=zone).astimezone(datetime.UTC)
    if shown.astimezone(zone).replace(tzinfo=None) == local:
        return shown.replace(tzinfo=None)
    low, high = 0, int((shown - (start := local.replace(tzinfo=zone, fold=1).astimezone(datetime.UTC))).total_seconds())
    while high - low > 1:  # the clocks jump more than `low` and at most `high` seconds after `start`
        middle = (low + high) // 2
        is_reached = _shown(start, middle, zone) >= local
        low, high = (low, middle) if is_reached else (middle, high)
    return start.replace(tzinfo=None) + datetime.timedelta(seconds=high)


def _shown(start: datetime.datetime, seconds: int, zone: ZoneInfo) -> datetime.datetime:
    """Return what a clock in the zone shows some seconds after a moment."""
    return (start + datetime.timedelta(seconds=seconds)).astimezone(zone).replace(tzinfo=None)
