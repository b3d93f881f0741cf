"""Business time against a plain walk: over holidays, make-up Saturdays, midnight, breaks and summer time."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from macros import rendered

from sales_warehouse import business_calendar
from sales_warehouse.business_calendar import Day
from sales_warehouse.company.calendar import CalendarFile, clock
from sales_warehouse.company.models import Company, CompanyFile
from sales_warehouse.settings_tables import SCHEMAS
from sales_warehouse.sql import literal

MINUTE = datetime.timedelta(minutes=1)
LABEL = {"en": "x", "zh": "x"}
PLACES = {
    # Spring Festival; 14 and 28 February are Saturdays that are worked
    "Shanghai": ("CN", "Asia/Shanghai", date(2026, 2, 10), date(2026, 3, 3)),
    # the clocks go on at 01:00 UTC of 29 March
    "Berlin": ("DE", "Europe/Berlin", date(2026, 3, 25), date(2026, 4, 8)),
    # the clocks go back at 06:00 UTC of 1 November
    "New York": ("US", "America/New_York", date(2026, 10, 28), date(2026, 11, 5)),
    # midnight of 6 September is left out, the hour before that of 5 April comes twice
    "Santiago": ("CL", "America/Santiago", date(2026, 9, 2), date(2026, 9, 10)),
    "Santiago in autumn": ("CL", "America/Santiago", date(2026, 4, 1), date(2026, 4, 8)),
    # an hour that is half an hour long, at 02:00 of 4 October
    "Lord Howe": ("AU", "Australia/Lord_Howe", date(2026, 10, 1), date(2026, 10, 8)),
}
CALENDAR = {
    "hours": ["09:00-12:00", "13:30-18:00"],
    "weekdays": {"friday": ["09:00-12:00", "13:30-16:00"]},
    "schedules": [
        {"id": "night", "name": LABEL, "regions": ["x"], "hours": ["00:00-02:30", "22:00-24:00"]},
        {
            "id": "always", "name": LABEL, "regions": ["y"], "hours": ["00:00-24:00"],
            "weekdays": {"saturday": ["00:00-01:30", "01:45-24:00"], "sunday": ["00:00-02:15", "02:40-24:00"]},
        },
    ],
}  # fmt: skip


def company(country: str, zone: str, **calendar: object) -> Company:
    about = CompanyFile.model_validate(
        {"company_id": "x", "name": LABEL, "currency": "CNY", "time_zone": zone, "country": country}
    )
    return Company.model_construct(folder=".", about=about, calendar=CalendarFile.model_validate(calendar))


@dataclass(frozen=True)
class Place:
    """A calendar in a database, and its open minutes by a walk over every minute of it."""

    connection: duckdb.DuckDBPyConnection
    query: str
    start: datetime.datetime
    open_until: dict[str, list[int]]  # schedule → open minutes from the start up to each minute
    open_dates: dict[str, set[date]]
    zone: ZoneInfo

    def walked(self, schedule: str, earlier: datetime.datetime, later: datetime.datetime) -> tuple[float, int]:
        first, last = (moment.replace(tzinfo=datetime.UTC).astimezone(self.zone).date() for moment in (earlier, later))
        days = sum(first < day <= last for day in self.open_dates[schedule])
        back = sum(last < day <= first for day in self.open_dates[schedule])
        return self._until(schedule, later) - self._until(schedule, earlier), days - back

    def _until(self, schedule: str, moment: datetime.datetime) -> float:
        whole, rest = divmod(moment - self.start, MINUTE)
        before, after = self.open_until[schedule][whole : whole + 2]
        return 60 * before + rest.total_seconds() * (after - before)

    def found(self, spans: list[tuple[str, datetime.datetime, datetime.datetime]]) -> list[tuple[float, int]]:
        self.connection.execute("delete from spans")
        insert(self.connection, "spans", [(number, *span) for number, span in enumerate(spans)])
        return [(float(seconds), days) for seconds, days in self.connection.execute(self.query).fetchall()]


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple]) -> None:
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    connection.execute(f"insert into {table} values {values}")


def walk(made: Company, days: list[Day], schedule: str, start: datetime.datetime, end: datetime.datetime) -> list[int]:
    """Open minutes so far: a part of a day begins and ends when the clock first shows its begin or end, or later."""
    zone, calendar = ZoneInfo(made.about.time_zone), made.calendar
    parts = {day.date_day: business_calendar.hours_of(calendar, calendar.keepers()[schedule], day) for day in days}
    latest, moment, minutes = datetime.datetime.min, start, [0]
    while moment < end:
        local = moment.replace(tzinfo=datetime.UTC).astimezone(zone).replace(tzinfo=None)
        latest = max(latest, local)  # while clocks that went back show an hour again, nothing begins or ends
        shown = 60 * latest.hour + latest.minute
        minutes.append(minutes[-1] + any(opens <= shown < closes for opens, closes in parts[latest.date()]))
        moment += MINUTE
    return minutes


@pytest.fixture(scope="module", params=PLACES.values(), ids=PLACES.keys())
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    country, zone, first, last = request.param
    made = company(country, zone, **CALENDAR)
    days = list(business_calendar.days(made, first, last))
    rows = list(business_calendar.open_days(made, days))
    start, end = (datetime.datetime.combine(day, datetime.time()) for day in (days[2].date_day, days[-2].date_day))
    query = rendered(QUERY, {"time_zone": zone})
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        columns = ", ".join(f"{name} {kind}" for name, kind in SCHEMAS["calendar_hours"].items())
        connection.execute(f"create table dim_calendar_hours ({columns})")
        insert(connection, "dim_calendar_hours", rows)
        connection.execute("create table spans (n int, schedule_id varchar, earlier timestamp, later timestamp)")
        schedules = made.calendar.keepers()
        walks = {schedule: walk(made, days, schedule, start, end) for schedule in schedules}
        opened = {schedule: {row[1] for row in rows if row[0] == schedule and row[2]} for schedule in schedules}
        yield Place(connection, query, start, walks, opened, ZoneInfo(zone))


QUERY = """
select
    {{ business_seconds_between('spans.earlier', 'entered', 'spans.later', 'ended') }} as seconds,
    {{ business_days_between('entered', 'ended') }} as days
from spans
{{ business_day_join('entered', 'spans.earlier', 'spans.schedule_id') }}
{{ business_day_join('ended', 'spans.later', 'spans.schedule_id') }}
order by n
"""


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_business_time_is_what_a_walk_over_the_calendar_counts(place: Place, data: st.DataObject) -> None:
    length = len(place.open_until["default"]) - 2
    instants = st.builds(
        lambda minute, second: place.start + minute * MINUTE + datetime.timedelta(seconds=second),
        st.integers(0, length),
        st.sampled_from((0, 0, 1, 30, 59.5)),
    )
    spans = data.draw(st.lists(st.tuples(st.sampled_from(sorted(place.open_until)), instants, instants), min_size=1))
    for span, (seconds, days) in zip(spans, place.found(spans), strict=True):
        assert (seconds, days) == place.walked(*span), span


def test_every_minute_of_the_calendar_adds_up(place: Place) -> None:
    """Each hour of the whole stretch against the walk, so that no jump of the clocks is missed."""
    hours = range(0, len(place.open_until["default"]) - 1, 30)
    for schedule in place.open_until:
        spans = [(schedule, place.start, place.start + minute * MINUTE) for minute in hours]
        assert place.found(spans) == [place.walked(*span) for span in spans]


# --- days and hours --------------------------------------------------------------------------------------------

CHINA = company(
    "CN", "Asia/Shanghai", hours=["09:00-12:00", "13:00-18:00"], weekdays={"friday": ["09:00-12:00"]},
    dates={"2026-02-13": ["09:00-11:00"], "2026-02-12": ["10:00-11:00"]},
    holidays={"2026-02-11": {"en": "Stock-taking", "zh": "盘点"}},
    schedules=[
        {"id": "shops", "name": LABEL, "regions": ["x"], "hours": ["10:00-20:00"],
         "weekdays": {"saturday": ["10:00-16:00"], "monday": []},
         "dates": {"2026-02-17": ["12:00-15:00"], "2026-02-24": []}},
    ],
)  # fmt: skip
HOURS = {
    # an ordinary Tuesday, Friday and Saturday
    date(2026, 2, 10): ("09:00-12:00 13:00-18:00", "10:00-20:00"),
    date(2026, 2, 6): ("09:00-12:00", "10:00-20:00"),
    date(2026, 2, 7): ("", "10:00-16:00"),
    # the company's own holiday; hours of one day, which a schedule without any of its own for the day keeps too
    date(2026, 2, 11): ("", ""),
    date(2026, 2, 12): ("10:00-11:00", "10:00-11:00"),
    date(2026, 2, 13): ("09:00-11:00", "09:00-11:00"),
    # a Saturday worked for the holidays, one that is no holiday itself between them, and a holiday
    date(2026, 2, 14): ("09:00-12:00 13:00-18:00", "10:00-20:00"),
    date(2026, 2, 21): ("", "10:00-16:00"),
    date(2026, 2, 18): ("", ""),
    # a holiday on which the shops open, a Monday on which they never do, a Tuesday on which they do not
    date(2026, 2, 17): ("", "12:00-15:00"),
    date(2026, 3, 2): ("09:00-12:00 13:00-18:00", ""),
    date(2026, 2, 24): ("09:00-12:00 13:00-18:00", ""),
}


@pytest.mark.parametrize("day", HOURS, ids=str)
def test_the_hours_of_a_day(day: date) -> None:
    (found,) = business_calendar.days(CHINA, day, day)
    keepers = CHINA.calendar.keepers().values()
    said = [
        " ".join("-".join(map(clock, part)) for part in business_calendar.hours_of(CHINA.calendar, schedule, found))
        for schedule in keepers
    ]
    assert tuple(said) == HOURS[day]


def test_a_day_is_open_where_it_is_a_workday() -> None:
    days = list(business_calendar.days(CHINA, date(2026, 1, 1), date(2026, 12, 31)))
    rows = [row for row in business_calendar.open_days(CHINA, days) if row[0] == "default"]
    assert [row[2] for row in rows] == [day.is_workday for day in days]
    assert rows[-1][3] == sum(day.is_workday for day in days)


def test_the_fiscal_year_starts_where_the_company_says() -> None:
    def fiscal(day: date, **calendar: object) -> tuple:
        (found,) = business_calendar.days(company("CN", "Asia/Shanghai", **calendar), day, day)
        return (
            found.fiscal_year_number, found.fiscal_quarter_number,
            found.fiscal_year_start_date, found.fiscal_quarter_start_date,
        )  # fmt: skip

    april = {"fiscal_year_starts_in": 4}
    assert fiscal(date(2026, 3, 31), **april) == (2026, 4, date(2025, 4, 1), date(2026, 1, 1))
    assert fiscal(date(2026, 4, 1), **april) == (2027, 1, date(2026, 4, 1), date(2026, 4, 1))
    assert fiscal(date(2026, 12, 31), **april) == (2027, 3, date(2026, 4, 1), date(2026, 10, 1))
    assert fiscal(date(2026, 4, 1), **april, fiscal_year_named_after="start")[0] == 2026
    assert fiscal(date(2026, 12, 31)) == (2026, 4, date(2026, 1, 1), date(2026, 10, 1))
    november = {"fiscal_year_starts_in": 11}
    assert fiscal(date(2026, 1, 15), **november) == (2026, 1, date(2025, 11, 1), date(2025, 11, 1))
    assert fiscal(date(2026, 2, 1), **november) == (2026, 2, date(2025, 11, 1), date(2026, 2, 1))


def test_a_file_of_days_wins_over_the_country_and_loses_to_the_company(tmp_path: Path) -> None:
    listed = ["2026-05-01,true,", "2026-05-02,1,Works", "2026-05-03,no,Sunday off", "2026-05-04,false,"]
    (tmp_path / "days.csv").write_text("\n".join(["date,is_workday,name", *listed]), encoding="utf-8-sig")
    made = company("CN", "Asia/Shanghai", days_file="days.csv", workdays=["2026-05-04"]).model_copy(
        update={"folder": str(tmp_path)}
    )
    found = list(business_calendar.days(made, date(2026, 4, 30), date(2026, 5, 5)))
    assert [day.is_workday for day in found] == [True, True, True, False, True, False]
    assert [day.holiday_name for day in found[:-1]] == [None, None, None, "Sunday off", None]
    assert found[-1].is_holiday  # the 5th is behind the file, and a holiday of the country


def holidays_of(country: str, first: date, last: date, **calendar: object) -> dict[date, str | None]:
    """The days off from a day to another: their names, or None for one that is no holiday."""
    found = list(business_calendar.days(company(country, "Asia/Shanghai", **calendar), first, last))
    assert all(day.is_holiday == (day.holiday_name is not None) for day in found)
    assert not any(day.is_workday and day.is_holiday for day in found)
    return {day.date_day: day.holiday_name for day in found if not day.is_workday}


# The leave that the State Council announced (2024, no. 12 and 2025, no. 7), by its first and last day.
LEAVES = {
    2025: ("01-01 01-01", "01-28 02-04", "04-04 04-06", "05-01 05-05", "05-31 06-02", "10-01 10-08"),
    2026: ("01-01 01-03", "02-15 02-23", "04-04 04-06", "05-01 05-05", "06-19 06-21", "09-25 09-27", "10-01 10-07"),
}


@pytest.mark.parametrize("year", LEAVES)
def test_all_days_of_an_announced_leave_are_holidays(year: int) -> None:
    """Those of its weekends, too; a weekend that adjoins none is none, and a make-up day is worked."""
    found = holidays_of("CN", date(year, 1, 1), date(year, 12, 31))
    announced = set()
    for leave in LEAVES[year]:
        first, last = (date.fromisoformat(f"{year}-{day}") for day in leave.split())
        announced |= {first + datetime.timedelta(days=n) for n in range((last - first).days + 1)}
    assert {day for day, name in found.items() if name} == announced
    assert {day.isoweekday() for day, name in found.items() if not name} == {6, 7}
    made_up = {2025: "01-26 02-08 04-27 09-28 10-11", 2026: "01-04 02-14 02-28 05-09 09-20 10-10"}[year]
    assert not found.keys() & {date.fromisoformat(f"{year}-{day}") for day in made_up.split()}


def test_a_day_is_joined_to_the_same_holiday_whatever_days_are_asked_for() -> None:
    """It bears the name of the named day before it, and ahead of the first one that of the first."""
    named = holidays_of("CN", date(2026, 1, 1), date(2026, 2, 23))
    alike = {date(2026, 1, 3): date(2026, 1, 2), date(2026, 2, 15): date(2026, 2, 16)}
    alike |= {date(2026, 2, 21): date(2026, 2, 20), date(2026, 2, 22): date(2026, 2, 20)}
    assert {day: holidays_of("CN", day, day) for day in alike} == {day: {day: named[of]} for day, of in alike.items()}
    assert all(named[of] for of in alike.values())
    assert holidays_of("CN", date(2026, 2, 14), date(2026, 2, 14)) == {}  # a Saturday that is made up for
    assert holidays_of("CN", date(2026, 3, 1), date(2026, 3, 1)) == {date(2026, 3, 1): None}


def test_a_weekend_between_two_holidays_is_part_of_them_in_every_country() -> None:
    """From Good Friday to Easter Monday, and not the Sunday behind Christmas; shops keep the hours of the Saturday."""
    found = holidays_of("DE", date(2026, 4, 1), date(2026, 4, 12))
    assert [day.day for day, name in found.items() if name] == [3, 4, 5, 6] and len(found) == 6
    assert found[date(2026, 4, 3)] == found[date(2026, 4, 4)] == found[date(2026, 4, 5)] != found[date(2026, 4, 6)]
    christmas = holidays_of("DE", date(2026, 12, 24), date(2026, 12, 27))
    assert [bool(name) for name in christmas.values()] == [True, True, False]
    shops = {"id": "shops", "name": LABEL, "regions": ["x"], "weekdays": {"saturday": ["10:00-16:00"]}}
    made = company("DE", "Europe/Berlin", schedules=[shops])
    (saturday,) = business_calendar.days(made, date(2026, 4, 4), date(2026, 4, 4))
    assert saturday.is_holiday and saturday.is_joined
    assert business_calendar.hours_of(made.calendar, made.calendar.keepers()["shops"], saturday) == ((600, 960),)


def test_a_lone_holiday_joins_no_other_day() -> None:
    """New Year's Day of 2025 was a Wednesday."""
    found = holidays_of("CN", date(2024, 12, 28), date(2025, 1, 5))
    assert [(day.day, bool(name)) for day, name in found.items()] == [
        (28, False), (29, False), (1, True), (4, False), (5, False),
    ]  # fmt: skip


def test_what_a_company_says_of_a_day_is_not_joined(tmp_path: Path) -> None:
    """A holiday of its own on a Friday takes no weekend with it, one on the Friday and the Monday do; a file of days
    says which days are holidays, and a day that is worked ends a leave.
    """
    own = {f"2026-03-{day}": {"en": "Stock-taking", "zh": "盘点"} for day in (20, 27, 30)}
    found = holidays_of("CN", date(2026, 3, 20), date(2026, 3, 31), holidays=own)
    assert [day.day for day, name in found.items() if name] == [20, 27, 28, 29, 30]
    made = {"workdays": ["2026-02-22"], "holidays": {"2026-02-21": {"en": "Fair", "zh": "庙会"}}}
    found = holidays_of("CN", date(2026, 2, 20), date(2026, 2, 23), **made)
    assert [day.day for day in found] == [20, 21, 23] and found[date(2026, 2, 21)] == "Fair"
    listed = ["2026-04-04,false,", "2026-04-05,false,Qingming", "2026-04-06,false,Qingming"]
    (tmp_path / "days.csv").write_text("\n".join(["date,is_workday,name", *listed]), encoding="utf-8")
    made_by_file = company("CN", "Asia/Shanghai", days_file="days.csv").model_copy(update={"folder": str(tmp_path)})
    told = business_calendar.days(made_by_file, date(2026, 4, 3), date(2026, 4, 7))
    assert [day.holiday_name for day in told] == [None, None, "Qingming", "Qingming", None]
