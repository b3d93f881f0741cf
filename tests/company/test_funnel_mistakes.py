"""A limit that is no limit, two at once and one that is none of funnel.yml are refused, with the mend; what they do."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
import pytest
from test_configuration_mistakes import COMPANY, LIFECYCLE, SHOP

from sales_warehouse.business_calendar import longest_wait
from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import write_settings

FUNNEL = """\
maturity_days: 90
lead_statuses: {lost: [Recycled], living: [closed]}
stages: {order: [Talks, 商务谈判], closing: [Signed], living: [成交]}
stalled:
  limit: {after_days: 30}
  stages:
    商务谈判: {after_workdays: 15}
odd_step: {score: 3.5, minimum_entered: 50}
"""
CASES = {
    "two limits at once": ("{after_days: 30}", "{after_days: 30, after_workdays: 20}", [":5: stalled.limit", "one of"]),
    "no limit": ("{after_workdays: 15}", "{}", [":7: stalled.stages.商务谈判", "after_days or after_workdays"]),
    "a limit of no day": ("after_days: 30", "after_days: 0", [":5: stalled.limit.after_days", "greater than or equal"]),
    "a status of both kinds": ("[closed]", "[RE-CYCLED]", [":2: lead_statuses", "recycled: lost or living, one of"]),
    "a stage of both kinds": ("[成交]", "[signed]", [":3: stages", "signed: closing or living, one of the two"]),
    "an outcome among the stages": ("[Talks,", "[Closed - Lost,", [":3: stages", "closedlost: the outcome of a deal"]),
    "a stage that stands twice": ("[Talks,", "[商务 谈判,", [":3: stages", "a stage stands twice"]),
    "a key that is none": ("maturity_days", "maturity", [":1: maturity", "did you mean 'maturity_days'"]),
    "a score the wrong way": ("score: 3.5", "score: -3.5", [":8: odd_step.score", "greater than 0"]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    files = {
        "company.yml": COMPANY, "lifecycle.yml": LIFECYCLE, "sources/shop.yml": SHOP,
        "funnel.yml": FUNNEL,
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_funnel_with_all_of_it_is_taken(folder: Path) -> None:
    funnel = load_company(folder).funnel
    stalled, statuses = funnel.stalled, dict(funnel.lead_statuses.rows())
    assert (statuses["recycled"], statuses["closed"], statuses["closednotconverted"], statuses["新建"]) == (
        True, False, True, False,
    )  # fmt: skip
    stages = {word: (place, is_closing) for word, place, is_closing in funnel.stages.rows()}
    assert [stages[word] for word in ("talks", "商务谈判", "signed", "成交", "closedlost", "输单")] == [
        (1, False), (2, False), (None, True), (None, False), (None, True), (None, True),
    ]  # fmt: skip
    assert (stalled.limit.days, stalled.stages["商务谈判"].days) == (("calendar", 30), ("business", 15))


@pytest.mark.parametrize(("limit", "days"), [("{after_days: 45}", 46), ("{after_days: 30}", 31)])
def test_the_share_of_stalled_stays_matures_on_the_day_after_the_longest_limit(
    folder: Path, tmp_path: Path, limit: str, days: int
) -> None:
    """A stage of 10 days is no longer than the others, and one of a single workday neither."""
    stages = "{Talks: {after_days: 10}, Visit: {after_workdays: 1}}"
    (folder / "funnel.yml").write_text(f"stalled: {{limit: {limit}, stages: {stages}}}\n", encoding="utf-8")
    home, today = Home(tmp_path / "home", "small"), datetime.date(2026, 7, 1)
    moment = datetime.datetime(2026, 7, 2)
    write_settings(home, load_company(folder), as_of=moment, business_date=today, first_date=today)
    metrics = duckdb.read_parquet(str(home.settings / "metrics.parquet"))
    told = metrics.filter("metric_id in ('stage_stalled_rate', 'stage_dwell_days')")
    assert sorted(told.select("metric_id, matures_after_days").fetchall()) == [
        ("stage_dwell_days", 30), ("stage_stalled_rate", days),
    ]  # fmt: skip


@pytest.mark.parametrize(("workdays", "days"), [(1, 14), (2, 15), (3, 17)])
def test_workdays_take_as_long_as_the_longest_wait_for_them(workdays: int, days: int) -> None:
    """The office works from Monday to Friday but for the week from 8 June, the stall on six days of June.

    From Friday the 5th the office has its next days on the 15th, 16th and 17th, 10, 11 and 12 days later. The stall has
    them from the 1st on the 15th, 16th and 18th, which is longer.
    """
    june = [datetime.date(2026, 6, day) for day in range(1, 31)]
    week = set(range(8, 15))
    hours = [("office", day, day.isoweekday() < 6 and day.day not in week) for day in june]
    hours += [("stall", day, day.day in {1, 15, 16, 18, 20, 22}) for day in june]
    assert longest_wait(hours, workdays) == days


@pytest.mark.parametrize(("old", "new", "told"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_told_with_its_place_and_its_mend(folder: Path, old: str, new: str, told: list[str]) -> None:
    assert FUNNEL.count(old) == 1
    (folder / "funnel.yml").write_text(FUNNEL.replace(old, new), encoding="utf-8")
    with pytest.raises(CompanyError) as caught:
        load_company(folder)
    assert all(text in str(caught.value) for text in told), caught.value
