"""Goals that are not SMART, cycles that are too long and rates that would be averaged are refused before a run."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from test_configuration_mistakes import COMPANY, LIFECYCLE, SHOP

from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import write_settings

GOAL = """\
  - id: first_order
    name: {en: Faster first orders, zh: 新客户首单转化周期从45天缩短至30天}
    metric: first_order_cycle_days
    baseline: 45
    target: 30
    starts_on: 2026-07-01
    due_on: 2026-09-30
    owner: sales
    relevance: New customers that buy sooner stay longer
"""
SALES = """\
  - id: sales
    name: {en: Sales, zh: 销售}
    metric: win_rate
    baseline: 0.3
    target: 0.4
    starts_on: 2026-07-01
    due_on: 2026-09-30
    owner: sales
    relevance: Plan
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    (tmp_path / "company.yml").write_text(COMPANY, encoding="utf-8")
    (tmp_path / "lifecycle.yml").write_text(LIFECYCLE, encoding="utf-8")
    (tmp_path / "sources" / "shop.yml").write_text(SHOP, encoding="utf-8")
    return tmp_path


def refused(folder: Path, text: str) -> str:
    (folder / "targets.yml").write_text(f"targets:\n{text}", encoding="utf-8")
    with pytest.raises(CompanyError) as error:
        load_company(folder)
    return str(error.value)


def test_from_45_days_to_30_by_the_third_quarter_is_taken(folder: Path) -> None:
    (folder / "targets.yml").write_text(f"targets:\n{GOAL}", encoding="utf-8")
    [target] = load_company(folder).targets.targets
    assert (target.baseline, target.target, f"{target.due_on}") == (45, 30, "2026-09-30")


def test_15_percent_more_new_customers_of_one_region_by_the_third_quarter_is_taken(folder: Path) -> None:
    text = SALES.replace("win_rate", "lead_conversion_rate").replace(
        "target: 0.4", "target: 0.15\n    mode: relative_rate"
    )
    (folder / "targets.yml").write_text(f"targets:\n{text}    scope: {{region: 华北}}\n", encoding="utf-8")
    [target] = load_company(folder).targets.targets
    assert (target.metric, target.scope, float(target.target)) == ("lead_conversion_rate", {"region": "华北"}, 0.15)


def test_a_goal_has_as_many_digits_as_a_source_may_send(folder: Path) -> None:
    """A year of sales in dong, to the last one and its fourth place."""
    (folder / "targets.yml").write_text(
        "targets:\n"
        + SALES.replace("win_rate", "net_sales").replace("0.4", "98765432109876543").replace("0.3", "12345678.9012"),
        encoding="utf-8",
    )
    home = Home(folder / "var", "small")
    today = datetime.date(2026, 7, 1)
    moment = datetime.datetime(2026, 7, 2)
    write_settings(home, load_company(folder), as_of=moment, business_date=today, first_date=today)
    told = pq.read_table(home.settings / "targets.parquet", columns=["baseline_value", "target_value"]).to_pylist()
    assert told == [{"baseline_value": Decimal("12345678.9012"), "target_value": Decimal(98765432109876543)}]


def test_more_sales_is_no_goal_and_every_missing_letter_is_named(folder: Path) -> None:
    text = refused(folder, "  - id: more\n    name: {en: More sales, zh: 提升销量}\n    owner: sales\n")
    assert "targets.yml:2: targets.0: 「提升销量」 is no SMART goal; missing: Specific (metric:" in text
    for letter in ("Measurable (baseline, target:", "Relevant (relevance:", "Time-bound (starts_on, due_on:"):
        assert letter in text
    assert "1 mistake" in text and "For example: metric: first_order_cycle_days, baseline: 45, target: 30" in text


LACKING = {
    "Specific (metric": ("    metric: first_order_cycle_days\n", ""),
    "Measurable (baseline": ("    baseline: 45\n", ""),
    "Measurable (target": ("    target: 30\n", ""),
    "Relevant (relevance": ("    relevance: New customers that buy sooner stay longer\n", "    relevance: ''\n"),
    "Time-bound (due_on": ("    due_on: 2026-09-30\n", ""),
}


@pytest.mark.parametrize("letter", LACKING)
def test_a_single_missing_letter_is_named_alone(letter: str, folder: Path) -> None:
    text = refused(folder, GOAL.replace(*LACKING[letter]))
    assert f"is no SMART goal; missing: {letter}:" in text
    assert text.count("; missing:") == 1 and text.partition("For example")[0].count(" (") == 1


PARTS = SALES.replace("id: sales", "id: part") + "    parent: sales\n"
RING = SALES + "    parent: part\n" + PARTS
ITERATION = "iterations:\n  - id: i1\n    name: {en: First, zh: 一}\n    starts_on: 2026-07-01\n"
CASES = {
    "a number that no figure reaches": (
        SALES.replace("target: 0.4", "target: 100000000000000000000"),
        ["targets.0.target", "less than 100000000000000000"],
    ),
    "five weeks": (
        SALES + ITERATION + "    ends_on: 2026-08-04\n    targets: [sales]\n",
        ["iterations.0", "2026-07-01 to 2026-08-04 is 35 days; an iteration has 14 to 28"],
    ),
    "thirteen days": (
        SALES + ITERATION + "    ends_on: 2026-07-13\n    targets: [sales]\n", ["is 13 days; an iteration has"],
    ),
    "an iteration of an unknown goal": (
        SALES + ITERATION + "    ends_on: 2026-07-14\n    targets: [sale]\n",
        ["iterations.0.targets.0", "unknown target 'sale'; did you mean 'sales'"],
    ),
    "an iteration outside of its goal": (
        SALES.replace("2026-07-01", "2026-08-01") + ITERATION + "    ends_on: 2026-07-14\n    targets: [sales]\n",
        ["no day of it lies in the goal 'sales'"],
    ),
    "a weight that would average rates": (
        SALES + PARTS + "    weight: 0.5\n", ["targets.1.weight", "weights would average rates", "all numerators"],
    ),
    "a part of nothing": (PARTS, ["targets.0.parent", "unknown target 'sales'"]),
    "a ring": (RING, ["targets.0.parent", "'sales' is a part of itself, over 'part'"]),
    "a name that is there twice": (SALES + SALES, ["targets.1.id", "'sales' is there twice"]),
    "a band without an upper end": (
        SALES.replace("win_rate", "pipeline_coverage_ratio"), ["targets.0.target", "give `upper` beside `target`"],
    ),
    "an upper end without a band": (SALES + "    upper: 0.5\n", ["targets.0.upper", "higher is better"]),
    "a dimension that the metric is not measured by": (
        SALES + "    scope: {regoin: north}\n",
        ["targets.0.scope", "win_rate is not measured by 'regoin'; did you mean 'region'? Allowed: manager,"],
    ),
    "an unknown metric": (
        SALES.replace("win_rate", "win_rat"), ["1 mistake", "targets.0.metric", "did you mean 'win_rate'"],
    ),
    "an unknown metric of a set": (
        SALES + "goal_sets:\n  - {id: core, name: {en: C, zh: C}, owner: s, decides: month, metrics: [win_rat]}\n",
        ["goal_sets.0.metrics.0", "did you mean 'win_rate'"],
    ),
    "a share in percent": (
        SALES.replace("0.4", "23").replace("0.3", "17.5"),
        ["2 mistakes", "targets.yml:5: targets.0.baseline: win_rate is a rate from 0 to 1, so 17.5 is never reached; "
         "17.5 % is 0.175", "targets.yml:6: targets.0.target: win_rate is a rate from 0 to 1, so 23 is never reached; "
         "23 % is 0.23"],
    ),
    "a change in percent": (
        SALES.replace("0.4", "15\n    mode: relative_rate").replace("0.3", "0.2"),
        ["1 mistake", "targets.0.target: win_rate is a rate from 0 to 1, so 0.2 changed by 15 to 3.2 is never reached; "
         "15 % is 0.15"],
    ),
    "a change to more than all": (
        SALES.replace("0.4", "0.5\n    mode: relative_rate").replace("0.3", "0.8"),
        ["1 mistake", "so 0.8 changed by 0.5 to 1.2 is never reached; it counts from the baseline"],
    ),
    "a share below nothing": (SALES.replace("0.3", "-0.1"), ["1 mistake", "so -0.1 is never reached; give 0 or more"]),
    "days in the wrong order": (SALES.replace("2026-09-30", "2026-06-30"), ["due_on must be later than starts_on"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_answered_with_its_place_and_what_to_do(case: str, folder: Path) -> None:
    text, said = CASES[case]
    found = refused(folder, text)
    assert all(part in found for part in said), found


@pytest.mark.parametrize(
    ("metric", "baseline", "target", "mode"),
    [
        ("win_rate", 0, 1, "absolute"),
        ("win_rate", 0.2, 0.15, "relative_rate"),
        ("win_rate", 0.5, 1, "relative_rate"),
        ("quota_attainment", 0.9, 1.1, "absolute"),
        ("channel_sell_through_rate", 0.8, 23, "absolute"),
        ("stage_dwell_days", 45, 30, "absolute"),
    ],
    ids=["from nothing to all", "15 % more", "twice as much, all", "more than the goal", "more than there was", "days"],
)
def test_what_a_figure_can_be_is_taken(metric: str, baseline: float, target: float, mode: str, folder: Path) -> None:
    goal = SALES.replace("win_rate", metric).replace("0.3", f"{baseline}").replace("0.4", f"{target}\n    mode: {mode}")
    (folder / "targets.yml").write_text(f"targets:\n{goal}", encoding="utf-8")
    assert float(load_company(folder).targets.targets[0].target) == target


def test_four_weeks_are_taken(folder: Path) -> None:
    text = f"targets:\n{SALES}{ITERATION}    ends_on: 2026-07-28\n    targets: [sales]\n"
    (folder / "targets.yml").write_text(text, encoding="utf-8")
    [iteration] = load_company(folder).targets.iterations
    assert iteration.days == 28


@pytest.mark.parametrize(
    ("starts", "due", "taken"),
    [
        ("2026-07-01", "2026-09-30", True),
        ("2026-07-01", "2026-07-31", True),
        ("2026-07-06", "2026-07-12", True),
        ("2026-07-01", "2026-08-31", False),
        ("2026-07-02", "2026-09-30", False),
        ("2026-05-01", "2026-07-31", False),
        ("2026-07-07", "2026-07-13", False),
    ],
    ids=[
        "a quarter",
        "a month",
        "a week",
        "two months",
        "a day short",
        "three months of two quarters",
        "from a Tuesday",
    ],
)
def test_a_goal_of_what_is_counted_again_in_each_period_runs_over_one(
    starts: str, due: str, taken: bool, folder: Path
) -> None:
    goal = SALES.replace("win_rate", "new_leads").replace("2026-07-01", starts).replace("2026-09-30", due)
    if taken:
        (folder / "targets.yml").write_text(f"targets:\n{goal}", encoding="utf-8")
        assert load_company(folder).targets.targets[0].metric == "new_leads"
    else:
        assert "counted again in each period, so a goal of it runs over exactly one of" in refused(folder, goal)
