"""Hours that overlap, regions and teams that are not there and files of days with a gap are refused, with the mend."""

from __future__ import annotations

import datetime
from pathlib import Path

import holidays
import pytest
from test_configuration_mistakes import COMPANY, LIFECYCLE, SHOP

from sales_warehouse.business_calendar import unannounced_years
from sales_warehouse.company.calendar import WEEKDAYS
from sales_warehouse.company.load import CompanyError, load_company

CALENDAR = """\
hours: ["09:00-12:00", "13:00-18:00"]
days_file: days.csv
weekdays: {friday: ["09:00-12:00"]}
dates:
  2026-02-13: ["09:00-11:00"]
holidays:
  2026-03-20: {en: Anniversary, zh: 周年庆}
workdays: [2026-06-27]
schedules:
  - {id: shops, name: {en: Shops, zh: 门店}, regions: [华东], hours: ["10:00-20:00"]}
  - {id: hotline, name: {en: Hotline, zh: 热线}, teams: [T1], weekdays: {saturday: ["10:00-16:00"]}}
"""
DAYS = "date,is_workday,name\n2026-05-01,false,劳动节\n2026-05-02,true,\n2026-05-03,false,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    files = {
        "company.yml": COMPANY + "teams: {T1: {en: One, zh: 一组}}\n", "lifecycle.yml": LIFECYCLE,
        "sources/shop.yml": SHOP, "regions.yml": "regions: [{id: 华东, name: {en: East, zh: 华东}}]\n",
        "calendar.yml": CALENDAR, "days.csv": DAYS,
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_calendar_with_all_of_it_is_taken(folder: Path) -> None:
    calendar = load_company(folder).calendar
    assert calendar.usual_hours == ((540, 720), (780, 1080))
    assert list(calendar.keepers()) == ["default", "shops", "hotline"]


def test_opens_and_closes_are_enough(folder: Path) -> None:
    (folder / "calendar.yml").write_text("opens: 08:30\ncloses: 17:00\n", encoding="utf-8")
    assert load_company(folder).calendar.usual_hours == ((510, 1020),)


def test_a_year_whose_make_up_workdays_nobody_announced_yet_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each year is known from its November on; here 2027 is not, as if the package were old."""
    known = holidays.country_holidays("CN", years=range(2015, 2027))
    monkeypatch.setattr("sales_warehouse.business_calendar.holidays.country_holidays", lambda *_, **__: known)
    company = load_company(folder)
    on = [datetime.date(2026, 5, 1), datetime.date(2026, 11, 5), datetime.date(2027, 1, 2)]
    assert [unannounced_years(company, day) for day in on] == [[], [2027], [2027]]
    first = datetime.date(2027, 1, 1)
    year = [f"{first + datetime.timedelta(days=n)},true," for n in range(365)]
    (folder / "days.csv").write_text("\n".join(["date,is_workday,name", *year, ""]), encoding="utf-8")
    assert unannounced_years(load_company(folder), on[2]) == []


def test_a_country_that_moves_no_workdays_has_no_year_without_them(folder: Path) -> None:
    text = (folder / "company.yml").read_text(encoding="utf-8")
    (folder / "company.yml").write_text(text.replace("country: CN", "country: US"), encoding="utf-8")
    assert unannounced_years(load_company(folder), datetime.date(2026, 11, 5)) == []


FRIDAY, SHOPS = '"09:00-12:00"]}', 'regions: [华东], hours: ["10:00-20:00"]'
CASES = {
    "hours that overlap": ('"13:00-18', '"11:00-18', [":1: hours", "09:00-12:00 and 11:00-18:00 overlap"]),
    "hours that are none": ('"13:00-18:00"', "13 to 18", [":1: hours", '"09:00-12:00"', "'13 to 18'"]),
    "hours over midnight": (FRIDAY, '"22:00-06:00"]}', [":3: weekdays.friday", '"22:00-24:00" and "00:00-06:00"']),
    "an hour behind the day": (FRIDAY, '"09:00-25:00"]}', [":3: weekdays.friday", '"24:00"']),
    "five parts of a day": (
        FRIDAY, '"01:00-02:00", "03:00-04:00", "05:00-06:00", "07:00-08:00", "09:00-12:00"]}',
        [":3: weekdays.friday", "at most 4"],
    ),
    "hours for a day of the weekend": ("friday", "sunday", [":1:", "sunday", "weekend"]),
    "a day of the week without hours": (f"[{FRIDAY}", "[]}", ["friday", "put it into weekend"]),
    "hours given twice": ("days_file", 'opens: "08:00"\ndays_file', ["opens and closes; give one"]),
    "hours of a day off": ("2026-02-13", "2026-02-15", [":5: dates.2026-02-15", "day off", "`workdays`"]),
    "a day without hours": ('["09:00-11:00"]', "[]", [":5: dates.2026-02-13", "`holidays`"]),
    "a holiday that is a workday": ("[2026-06-27]", "[2026-03-20]", ["2026-03-20 is in holidays and in workdays"]),
    "an unknown region": (SHOPS, "regions: [华动]", [":10: schedules.0.regions.0", "'华动'", "Allowed: 华东"]),
    "an unknown team": ("[T1]", "[T2]", [":11: schedules.1.teams.0", "'T2'", "Allowed: T1"]),
    "a region with two schedules": (
        "teams: [T1]", "regions: [华东]", [":11: schedules.1.regions.0", "'shops' already"],
    ),
    "two schedules of one id": ("id: hotline", "id: shops", [":11: schedules.1.id", "rename one"]),
    "a schedule of nobody": (SHOPS, 'hours: ["10:00-20:00"]', [":10: schedules.0", "kept by nobody"]),
    "a schedule that is called like the company's": ("id: shops", "id: default", [":10:", "another id"]),
    "a schedule that never opens": ('["10:00-20:00"]', "[]", [":10: schedules.0.hours"]),
    "no country": ("days_file", "country: XX\ndays_file", [":2: country", "XX"]),
    "no day of work": (
        "weekdays: {friday: [\"09:00-12:00\"]}", f"weekend: [{', '.join(WEEKDAYS)}]", [":1:", "every day of the week"],
    ),
    "a file of days that is not there": ("days.csv", "day.csv", ["day.csv", "does not exist", "calendar.yml"]),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_told_with_its_place_and_its_mend(folder: Path, old: str, new: str, told: list[str]) -> None:
    assert CALENDAR.count(old) >= 1
    (folder / "calendar.yml").write_text(CALENDAR.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CompanyError) as caught:
        load_company(folder)
    assert all(text in str(caught.value) for text in told), caught.value


LISTED = {
    "a gap": ("2026-05-02,true,\n", "", ["days.csv:3", "2026-05-02 is missing before 2026-05-03"]),
    "a long gap": ("2026-05-03", "2026-05-09", ["days.csv:4", "2026-05-03 to 2026-05-08 are missing"]),
    "a day twice": ("2026-05-02", "2026-05-01", ["days.csv:3", "list every day once"]),
    "no date": ("2026-05-02", "2.5.2026", ["days.csv:3", "'2.5.2026' is no date"]),
    "no answer": ("true", "perhaps", ["days.csv:3", "'perhaps'", "true or false"]),
    "a value too few": ("2026-05-02,true,", "2026-05-02,true", ["days.csv:3", "has 2 values"]),
    "another header": ("is_workday", "works", ["days.csv:1", "date,is_workday,name"]),
    "no day": (DAYS[21:], "", ["has no day"]),
}


@pytest.mark.parametrize(("old", "new", "told"), LISTED.values(), ids=LISTED.keys())
def test_a_mistake_in_the_file_of_days_is_told_with_its_line(folder: Path, old: str, new: str, told: list[str]) -> None:
    (folder / "days.csv").write_text(DAYS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CompanyError) as caught:
        load_company(folder)
    assert all(text in str(caught.value) for text in told), caught.value
