"""Goals by hand: how far they are, where they will end, what is wrong with them. Business date: Wednesday 2026-07-15.

The third quarter of 2026 has 66 workdays here (23 + 21 + 22), of which 11 have passed. Only the models of goals are
built, on values of metrics that are written down below.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import accepted_files as files
import duckdb
import pytest

from sales_warehouse.company.base import Label
from sales_warehouse.company.lint_targets import lint_targets
from sales_warehouse.company.targets import TargetsFile
from sales_warehouse.home import Home
from sales_warehouse.metrics import registry
from sales_warehouse.sql import literal
from sales_warehouse.transform import PROJECT, _copy_project, child_environment

pytestmark = pytest.mark.slow

Row = dict[str, object]
Date = datetime.date
TODAY = Date(2026, 7, 15)
VARIABLES = {"business_date": f"{TODAY}", "as_of": "2026-07-15 18:00:00", "time_zone": "Asia/Shanghai"}
MODELS = (
    "stg_settings__targets stg_history__kpi_values int_levels_told stg_accepted__targets stg_settings__iterations "
    "stg_settings__goal_lints int_targets_* int_goals_linted int_board_metrics_followed "
    "int_metric_changes_ranked kpi_targets kpi_goal_lints kpi_target_cascades kpi_target_iterations kpi_board "
    "kpi_movers"
)

MEASURED = (
    "net_sales", "win_rate", "lead_conversion_rate", "follow_up_interval_hours", "win_cycle_days",
    "pipeline_coverage_ratio", "revenue_per_customer",
    "repurchase_rate", "quota_attainment",  # nothing measures these two
)  # fmt: skip
# No metric of the registry adds up and is better when it is lower: the rule is tried on one that is made up.
MADE_UP = ("return_units", "count", "down", "sum", False, ("day", "week", "month"))
# metric, unit, direction, aggregation, is_cohort, grains
METRICS = [
    *((name, told.unit, told.direction, told.aggregation, told.cohort, told.grains)
      for name, told in ((name, registry()[name]) for name in MEASURED)),
    MADE_UP,
]  # fmt: skip


def measured(
    metric: str, grain: str, start: str, scope: str, numerator: object, denominator: object = None, **more: object
) -> Row:
    """A row of kpi_values; the value is the quotient, or the numerator where nothing is below the line."""
    name, _, member = scope.partition("=")
    top, bottom = D(str(numerator)), None if denominator is None else D(str(denominator))
    first = Date.fromisoformat(start)
    length = {"day": 1, "week": 7, "month": 31}[grain]
    is_over = first + datetime.timedelta(days=length - 1) <= TODAY or (grain == "month" and first.month < TODAY.month)
    return {
        "metric_id": metric, "period_grain": grain, "period_start_date": start, "dimension_name": name,
        "dimension_value": member or name, "numerator": top, "denominator": bottom,
        "value": top if bottom is None else top / bottom, "is_matured": is_over, **more,
    }  # fmt: skip


def days(first: str, last: str, amount: int, scope: str) -> list[Row]:
    """A row of net sales for each workday."""
    day, end = Date.fromisoformat(first), Date.fromisoformat(last)
    found = []
    while day <= end:
        if day.weekday() < 5:
            found.append(measured("net_sales", "day", f"{day}", scope, amount))
        day += datetime.timedelta(days=1)
    return found


VALUES: list[Row] = [
    # 100 a workday: 1100 so far. March to June came to 2000, 2200, 2100 and 1980 (22, 22, 21, 22 workdays).
    *days("2026-07-01", "2026-07-15", 100, "total"),
    *(measured("net_sales", "day", f"2026-0{month}-01", "total", amount)
      for month, amount in ((3, 2000), (4, 2200), (5, 2100), (6, 1980))),
    # The year before, by the same weekdays: 300 by now and 900 after. This year 500 so far.
    measured("net_sales", "day", "2025-07-01", "region=east", 7),  # a day too early: 364 days before is 2025-07-02
    measured("net_sales", "day", "2025-07-02", "region=east", 100),
    measured("net_sales", "day", "2025-07-16", "region=east", 200),
    measured("net_sales", "day", "2025-07-17", "region=east", 400),
    measured("net_sales", "day", "2025-10-01", "region=east", 500),
    measured("net_sales", "day", "2025-10-02", "region=east", 9),  # a day too late
    measured("net_sales", "day", "2026-07-10", "region=east", 500),
    measured("net_sales", "day", "2026-07-10", "region=west", 600),
    *(measured("net_sales", "week", start, scope, amount)
      for scope, before, now in (("total", 400, 500), ("region=east", 250, 310), ("region=west", 150, 190))
      for start, amount in (("2026-06-29", before), ("2026-07-06", now), ("2026-07-13", 9999))),
    # 55 so far of at most 300
    measured("return_units", "day", "2026-07-10", "total", 55),
    *(measured("net_sales", "month", month, "product=p1", amount)
      for month, amount in (("2026-06-01", 700), ("2026-07-01", 1000))),
    measured("win_rate", "month", "2026-05-01", "total", 15, 50),
    measured("win_rate", "month", "2026-06-01", "total", 20, 50),
    measured("win_rate", "month", "2026-07-01", "total", 30, 50),
    measured("win_rate", "month", "2026-07-01", "team=a", 6, 10),
    measured("win_rate", "month", "2026-07-01", "team=b", 10, 40),
    measured("win_rate", "month", "2026-07-01", "team=huge", 1_500_000, 3_000_000),
    # One whole week with its time, and one that is still converting.
    measured("lead_conversion_rate", "week", "2026-07-06", "channel=north", 23, 100, is_matured=True),
    measured("lead_conversion_rate", "week", "2026-07-13", "channel=north", 0, 100),
    measured("follow_up_interval_hours", "week", "2026-07-06", "team=a", 720, 10),
    measured("follow_up_interval_hours", "week", "2026-07-06", "team=b", 721, 10),
    *(measured("win_cycle_days", "month", "2026-07-01", f"region=r{d}", 1, 1, value=D(d)) for d in (36, 30, 48)),
    # 7,760 of ten customers so far; five of them bought in both regions
    *(measured("revenue_per_customer", "month", "2026-07-01", scope, amount, customers)
      for scope, amount, customers in (("total", 7760, 10), ("region=east", 4775, 5), ("region=west", 2985, 10))),
    *(measured("pipeline_coverage_ratio", "day", "2026-07-15", f"target={goal}", 1, 1, value=D(value))
      for goal, value in (("a", "3.5"), ("b", "2.5"), ("c", "5"), ("d", "1.5"))),
]  # fmt: skip

Q3 = {"starts_on": "2026-07-01", "due_on": "2026-09-30", "owner": "sales", "mode": "absolute", "relevance": "plan"}
CYCLE = {"metric_id": "win_cycle_days", "baseline_value": 45, "target_value": 30, "scope_dimension": "region", **Q3}
HOURS = {
    **Q3, "metric_id": "follow_up_interval_hours", "baseline_value": 96, "target_value": 72,
    "scope_dimension": "team", "starts_on": "2026-06-01", "due_on": "2026-07-14",
}  # fmt: skip
COVERAGE = {
    "metric_id": "pipeline_coverage_ratio", "baseline_value": 2, "target_value": 3, "upper_value": 4,
    "scope_dimension": "target", **Q3,
}  # fmt: skip
EAST = {"metric_id": "net_sales", "scope_dimension": "region", "parent_target_id": "sales", **Q3}
TEAM = {"metric_id": "win_rate", "scope_dimension": "team", "parent_target_id": "wins", "baseline_value": "0.1", **Q3}
BASKET = {**Q3, "metric_id": "revenue_per_customer", "due_on": "2026-07-31"}
TARGETS: list[Row] = [
    {"target_id": "sales", "metric_id": "net_sales", "baseline_value": 6000, "target_value": 6600, **Q3},
    {"target_id": "stretch", "metric_id": "net_sales", "baseline_value": 3000, "target_value": 7000, **Q3},
    {"target_id": "sales_east", "scope_value": "east", "baseline_value": 1207, "target_value": 1900, **EAST},
    {"target_id": "sales_west", "scope_value": "west", "baseline_value": 1000, "target_value": 4000, **EAST},
    {"target_id": "returns", "metric_id": "return_units", "baseline_value": 400, "target_value": 300, **Q3},
    {"target_id": "wins", "metric_id": "win_rate", "baseline_value": "0.4", "target_value": "0.5", **Q3},
    {"target_id": "wins_a", "scope_value": "a", "target_value": "0.6", **TEAM},
    {"target_id": "wins_b", "scope_value": "b", "target_value": "0.2", **TEAM, "weight": "0.5"},
    {"target_id": "wins_q4", "metric_id": "win_rate", "baseline_value": "0.4", "target_value": "0.5", **Q3,
     "starts_on": "2026-10-01", "due_on": "2026-12-31"},
    # 新客转化率提升15%
    {"target_id": "north", "metric_id": "lead_conversion_rate", "scope_dimension": "channel", "scope_value": "north",
     "baseline_value": "0.2", "target_value": "0.15", **Q3, "mode": "relative_rate"},
    *({"target_id": f"cycle_{days}", "scope_value": f"r{days}", **CYCLE} for days in (36, 30, 48)),
    *({"target_id": f"hours_{team}", "scope_value": team, **HOURS} for team in "ab"),
    *({"target_id": f"coverage_{goal}", "scope_value": goal, **COVERAGE} for goal in "abcd"),
    {"target_id": "basket", "baseline_value": 700, "target_value": 2000, **BASKET},
    *({"target_id": f"basket_{region}", "baseline_value": 700, "target_value": 2000, **BASKET,
       "scope_dimension": "region", "scope_value": region, "parent_target_id": "basket"}
      for region in ("east", "west")),
    {"target_id": "coverage_over", "scope_value": "e", **COVERAGE, "due_on": "2026-07-13"},
    {"target_id": "repeat", "metric_id": "repurchase_rate", "baseline_value": "0.3", "target_value": "0.4", **Q3},
    {"target_id": "worse", "metric_id": "win_rate", "baseline_value": "0.4", "target_value": "0.39", **Q3},
]  # fmt: skip
LATER = {
    "baseline_value": "0.3", "target_value": "0.4", "starts_on": "2026-08-01", "due_on": "2026-08-31", "owner": "p",
    "relevance": "plan",
}  # fmt: skip
OF_PRODUCT = {**LATER, "metric_id": "net_sales", "scope": "product=p1", "baseline_value": 100, "target_value": 500}
SENT: list[Row] = [
    {"target_id": "S1", "name": "提升销量"},
    {"target_id": "S2", "metric_id": "net_sales", "scope": "region=west", "target_value": 700, "owner": "planning",
     "starts_on": "2026-07-01", "due_on": "2026-09-30", "parent_target_id": "nobody"},
    {"target_id": "S3", "metric_id": "net_slaes", "target_value": 1, "baseline_value": 2, "starts_on": "2026-07-01",
     "due_on": "2026-06-30", "owner": "planning", "relevance": "plan", "parent_target_id": "S3"},
    {"target_id": "sales", "metric_id": "win_rate", "target_value": "0.9"},
    # No absurd row stops the others: 9e16 × 9e16, and a part without a first day that ends after the whole.
    {"target_id": "S4", "metric_id": "net_sales", "mode": "relative_rate", "baseline_value": 9 * 10**16,
     "target_value": 9 * 10**16, "starts_on": "2026-07-01", "due_on": "2026-09-30", "owner": "p", "relevance": "plan"},
    {"target_id": "S5", "metric_id": "net_sales", "baseline_value": 1, "target_value": 2, "due_on": "2027-01-31",
     "parent_target_id": "sales", "owner": "p", "relevance": "plan"},
    # a deal has no channel; no month begins from the 2nd to the 31st, and one does on the 1st
    {**LATER, "target_id": "S6", "metric_id": "net_sales", "scope": "channel=web"},
    {**LATER, "target_id": "S7", "metric_id": "repurchase_rate", "starts_on": "2026-08-02", "due_on": "2026-08-31"},
    {**LATER, "target_id": "S8", "metric_id": "repurchase_rate"},
    {**OF_PRODUCT, "target_id": "P1", "starts_on": "2026-07-01", "due_on": "2026-07-15"},
    {**OF_PRODUCT, "target_id": "P2", "starts_on": "2026-06-01", "due_on": "2026-07-31"},
    # 9e16 of a rate of three million deals is more than any figure when it is put together with the other parts
    {**Q3, "target_id": "S9", "metric_id": "win_rate", "scope": "team=huge", "baseline_value": "0.4",
     "target_value": 9 * 10**16, "parent_target_id": "wins_q4"},
    # 25 % and 42 % of deals, 0.25 and 0.42; half as much again of 0.8 is 1.2; 95 % of a goal, and 15 % more
    {**LATER, "target_id": "S10", "metric_id": "win_rate", "baseline_value": 25, "target_value": "0.42"},
    {**LATER, "target_id": "S11", "metric_id": "win_rate", "baseline_value": "0.8", "target_value": "0.5",
     "mode": "relative_rate"},
    {**LATER, "target_id": "S12", "metric_id": "quota_attainment", "baseline_value": "0.9", "target_value": 95},
    {**LATER, "target_id": "S13", "metric_id": "net_sales", "baseline_value": 6000, "target_value": 15,
     "mode": "relative_rate"},
    {**LATER, "target_id": "S14", "metric_id": "quota_attainment", "baseline_value": "0.9", "target_value": "1.1"},
]  # fmt: skip
ITERATIONS: list[Row] = [
    {"iteration_id": "i1", "target_id": "sales", "starts_on": "2026-06-29", "ends_on": "2026-07-14"},
    {"iteration_id": "i1", "target_id": "wins", "starts_on": "2026-06-29", "ends_on": "2026-07-14"},
    {"iteration_id": "i2", "target_id": "sales", "starts_on": "2026-07-15", "ends_on": "2026-07-28"},
    {"iteration_id": "i3", "target_id": "sales", "starts_on": "2026-07-29", "ends_on": "2026-08-11"},
]  # fmt: skip


# What nights said of the coverage of e: 3.2 on the 10th, 3.4 on the 12th, corrected to 3.5, and no word since.
SAID: dict[str, list[Row]] = {
    version: [
        {"metric_id": "pipeline_coverage_ratio", "period_grain": "day", "period_start_date": day,
         "dimension_name": "target", "dimension_value": "e", "numerator": value, "denominator": value and 1,
         "value": value, "is_gone": value is None, "version": version, "as_of": f"{day} 18:00:00",
         "business_date": day}
        for day, value in told
    ]
    for version, told in {
        "v1": [("2026-07-10", "3.2")],
        "v2": [("2026-07-10", None), ("2026-07-12", "3.4")],
        "v3": [("2026-07-12", "3.5")],
        "v4": [("2026-07-12", None), ("2026-07-14", "9")],
    }.items()
}  # fmt: skip


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = Home(tmp_path_factory.mktemp("goals"), "goals")
    files.write_empty_company(home)
    files.write_settings(home, "targets", TARGETS)
    files.write_settings(home, "iterations", ITERATIONS)
    files.write_settings(home, "goal_lints", [
        {"subject_type": "goal_set", "subject_id": "core", "lint_type": "many_metrics", "message_en": "8",
         "message_zh": "8"}
    ])  # fmt: skip
    for version, told in SAID.items():
        files.write_history(home, "kpi_values", version, told)
    files.write_load(home, "planning", "20260715T020000_000001", {"targets": SENT})
    project = _copy_project(home, PROJECT)
    _write_measured(home.warehouse_file, home.settings / "calendar.parquet")
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-path", "../logs", "run", "--select",
         *MODELS.split(), "--profiles-dir", ".", "--target-path", "../target",
         "--vars", json.dumps({**VARIABLES, "currency": "CNY", "pending_loads": [], "identity_batch": 0})],
        cwd=project, env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
        connection.execute("SET schema = 'marts'")
        yield connection


def _write_measured(file: Path, calendar: Path) -> None:
    """Write what the models of goals read: values, metrics and days."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA marts; SET schema = 'marts'")
        connection.execute(
            "CREATE TABLE kpi_values (metric_id VARCHAR, period_grain VARCHAR, period_start_date DATE, "
            "dimension_name VARCHAR, dimension_value VARCHAR, numerator DECIMAL(28,8), denominator DECIMAL(28,8), "
            "value DECIMAL(28,8), is_matured BOOLEAN)"
        )
        connection.executemany(
            "INSERT INTO kpi_values VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [list(row.values()) for row in VALUES],
        )
        connection.execute(
            "ALTER TABLE kpi_values ADD COLUMN period_end_date DATE; UPDATE kpi_values SET period_end_date = CASE "
            "period_grain WHEN 'day' THEN period_start_date WHEN 'week' THEN period_start_date + 6 "
            "ELSE last_day(period_start_date) END"
        )
        connection.execute("CREATE SCHEMA IF NOT EXISTS intermediate")
        connection.execute("CREATE TABLE intermediate.int_kpi_values AS FROM kpi_values")
        rows = ", ".join(
            "("
            + ", ".join(map(literal, (name, number, name.title(), f"指标{number}", *rest, ", ".join(grains), True)))
            + ")"
            for number, (name, *rest, grains) in enumerate(METRICS, start=1)
        )
        connection.execute(
            f"CREATE TABLE kpi_metrics AS SELECT * REPLACE (number::BIGINT AS number) FROM (VALUES {rows}) "
            "t(metric_id, number, name_en, name_zh, unit, direction, aggregation, is_cohort, grains, is_on_board)"
        )
        connection.execute(
            "ALTER TABLE kpi_metrics ADD COLUMN decomposition VARCHAR; "
            "UPDATE kpi_metrics SET decomposition = CASE unit WHEN 'rate' THEN 'ratio' ELSE 'additive' END; "
            "ALTER TABLE kpi_metrics ADD COLUMN matures_after_days INTEGER"
        )
        connection.executemany(
            "UPDATE kpi_metrics SET matures_after_days = ? WHERE metric_id = ?",
            [(registry()[name].matures_after_days, name) for name in MEASURED],
        )
        connection.execute(
            "CREATE TABLE dim_dates AS SELECT date_day, date_trunc('month', date_day)::DATE AS month_start_date, "
            f"is_workday, is_holiday FROM read_parquet({literal(str(calendar))})"
        )


def goals(marts: duckdb.DuckDBPyConnection, columns: str, *names: str) -> dict[str, tuple]:
    listed = ", ".join(map(literal, names))
    found = marts.execute(f"SELECT target_id, {columns} FROM kpi_targets WHERE target_id IN ({listed})").fetchall()
    assert len(found) == len(names)
    return {row[0]: row[1:] for row in found}


def unpublished(row: Row) -> bool:
    """Tell whether no model of the registry's metrics ever publishes such a row."""
    told = registry().get(str(row["metric_id"]))
    return (
        told is None
        or row["period_grain"] not in told.grains
        or row["dimension_name"]
        not in ("total", *told.dimensions, *(told.by_month if row["period_grain"] in ("month", "quarter") else ()))
        or (row["denominator"] is None and told.decomposition != "additive")
    )


def test_goals_are_tried_on_figures_that_there_can_be() -> None:
    rows = [*VALUES, *(row for told in SAID.values() for row in told if not row["is_gone"])]
    assert [row for row in rows if row["metric_id"] != MADE_UP[0] and unpublished(row)] == []
    assert MADE_UP[0] not in registry()
    (rate,) = (row for row in VALUES if row["metric_id"] == "lead_conversion_rate" and row["is_matured"])
    for changed in ({"dimension_name": "price_band"}, {"period_grain": "day"}, {"metric_id": "new_lead"}):
        assert unpublished({**rate, **changed})


def test_lower_is_better_is_the_way_covered_from_the_baseline(marts: duckdb.DuckDBPyConnection) -> None:
    """From 45 days to 30: 36 is 60 % of the way, 48 is a step back. The line is at 45 − 15 × 11/66 = 42.5 by now."""
    assert goals(marts, "progress_rate, status", "cycle_36", "cycle_30", "cycle_48") == {
        "cycle_36": (D("0.6"), "on_track"), "cycle_30": (D("1"), "met"), "cycle_48": (D("-0.2"), "behind"),
    }  # fmt: skip


def test_15_percent_more_than_20_percent_is_23_percent(marts: duckdb.DuckDBPyConnection) -> None:
    """The week that is still converting does not count."""
    assert goals(marts, "target_value, actual_value, progress_rate, status", "north") == {
        "north": (D("0.23"), D("0.23"), D("1"), "met")
    }


def test_72_hours_meet_and_72_hours_and_6_minutes_miss(marts: duckdb.DuckDBPyConnection) -> None:
    found = goals(marts, "actual_value, status, projection_method, projected_status", "hours_a", "hours_b")
    assert found == {
        "hours_a": (D("72"), "met", "final", "meets"), "hours_b": (D("72.1"), "missed", "final", "misses")
    }  # fmt: skip


def test_a_band_has_two_ends(marts: duckdb.DuckDBPyConnection) -> None:
    """From 2 into 3 to 4: 2.5 is half the way, 5 is as far outside as 2 was, 1.5 is further."""
    found = goals(marts, "progress_rate, status", "coverage_a", "coverage_b", "coverage_c", "coverage_d")
    assert found == {
        "coverage_a": (D("1"), "met"), "coverage_b": (D("0.5"), "on_track"), "coverage_c": (D("0"), "behind"),
        "coverage_d": (D("-0.5"), "behind"),
    }  # fmt: skip


def test_pace_goes_by_workdays(marts: duckdb.DuckDBPyConnection) -> None:
    columns = "workday_count, passed_workday_count, expected_progress_rate, actual_value, progress_rate, status"
    assert goals(marts, columns, "sales", "stretch") == {
        "sales": (66, 11, D("0.16666667"), D("1100"), D("0.16666667"), "on_track"),
        "stretch": (66, 11, D("0.16666667"), D("1100"), D("0.15714286"), "behind"),
    }


def test_where_a_goal_will_end(marts: duckdb.DuckDBPyConnection) -> None:
    columns = "projected_value, projection_method, projected_status"
    assert goals(marts, columns, "sales", "sales_east", "returns", "wins", "cycle_36", "wins_q4", "repeat") == {
        # 1100 × 66 ÷ 11, no year before: exactly the target
        "sales": (D("6600"), "workdays", "meets"),
        # by now last year had brought 300 of 1200: 500 × 4
        "sales_east": (D("2000"), "last_year", "meets"),
        # 55 × 6 is more than the 300 that are allowed
        "returns": (D("330"), "workdays", "misses"),
        # 0.6 for 11 days, 0.4 as in June for 55
        "wins": (D("0.43333333"), "trailing", "misses"),
        "cycle_36": (D("36"), "trailing", "misses"),
        "wins_q4": (None, None, "unknown"),
        "repeat": (None, "trailing", "unknown"),
    }


def test_what_should_stay_low_is_judged_by_where_it_will_end(marts: duckdb.DuckDBPyConnection) -> None:
    """(400 − 330) ÷ (400 − 300)"""
    found = goals(marts, "actual_value, progress_rate, status", "returns", "wins", "wins_q4", "repeat")
    assert found == {
        "returns": (D("55"), D("0.7"), "behind"), "wins": (D("0.6"), D("1.2"), "met"),
        "wins_q4": (None, None, "not_started"), "repeat": (None, None, "no_data"),
    }  # fmt: skip


def test_parts_are_added_up_or_aggregated_again_and_never_averaged(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "SELECT parent_target_id, combination, child_count, children_target_value, target_difference_value, "
        "children_actual_value, actual_difference_value FROM kpi_target_cascades "
        "WHERE combination <> 'not_combined' ORDER BY 1"
    ).fetchall()
    assert rows == [
        # 1900 + 4000 of 6600; 500 + 600 of 1100
        ("sales", "sum", 2, D("5900"), D("-700"), D("1100"), D("0")),
        # (0.6 × 10 + 0.2 × 40) ÷ 50, (6 + 10) ÷ 50; means would be 0.4 and 0.425
        ("wins", "re_aggregated", 2, D("0.28"), D("-0.22"), D("0.32"), D("-0.28")),
        ("wins_q4", "re_aggregated", 1, None, None, D("0.5"), None),
    ]


def lints(marts: duckdb.DuckDBPyConnection, subject: str) -> dict[str, tuple]:
    query = "SELECT lint_type, smart_letter, severity, message_en FROM kpi_goal_lints WHERE subject_id = ? ORDER BY 1"
    return {row[0]: row[1:] for row in marts.execute(query, [subject]).fetchall()}


def test_a_goal_that_a_source_sent_is_published_with_its_faults(marts: duckdb.DuckDBPyConnection) -> None:
    columns = "source, target_name_zh, metric_id, status, is_smart, smart_faults"
    assert goals(marts, columns, "S1", "S2", "S3", "sales") == {
        "S1": ("planning", "提升销量", "unknown", "no_data", False, "S M R T"),
        "S2": ("planning", "指标1 · west · 2026-09-30", "net_sales", "on_track", False, "M R"),
        "S3": ("planning", "net_slaes · 2026-06-30", "net_slaes", "no_data", False, "S T"),
        "sales": ("company", "指标1 · 2026-09-30", "net_sales", "on_track", True, None),
    }
    assert set(lints(marts, "S1")) == {
        "missing_metric", "missing_target", "missing_baseline", "missing_relevance", "missing_dates", "missing_owner",
    }  # fmt: skip
    assert set(lints(marts, "S2")) == {"missing_baseline", "missing_relevance", "unknown_parent"}
    assert set(lints(marts, "S3")) == {"unknown_metric", "reversed_dates", "own_parent"}
    assert set(lints(marts, "planning:sales")) == {"id_taken"}
    assert set(lints(marts, "S4")) == {"too_large_target", "baseline_differs"}
    assert set(lints(marts, "S5")) == {"missing_dates"}
    assert goals(marts, "status, smart_faults", "S4", "S5") == {"S4": ("no_data", "M"), "S5": ("no_data", "T")}


def test_a_sent_goal_that_nothing_will_ever_measure_or_cover_is_said(marts: duckdb.DuckDBPyConnection) -> None:
    assert set(lints(marts, "S6")) == {"no_coverage", "not_measured"}
    assert lints(marts, "S7")["no_period"] == (
        "T", "warning",
        "Repurchase_Rate is measured by month, and none begins within the goal: it will never have a value",
    )  # fmt: skip
    assert "no_period" not in lints(marts, "S8")


def test_days_of_a_month_are_not_told_apart_where_a_sum_is_known_by_month(marts: duckdb.DuckDBPyConnection) -> None:
    """Of 1,000 of July nobody knows how much was sold up to the 15th; June and July are 1,700."""
    assert goals(marts, "status, actual_value", "P1", "P2") == {"P1": ("no_data", None), "P2": ("met", 1700)}
    assert lints(marts, "P1")["cut_period"] == (
        "T", "warning",
        "Net_Sales by product is measured by month, and the goal begins or ends within one: it will never have a value",
    )  # fmt: skip
    assert "cut_period" not in lints(marts, "P2")


def test_a_rate_that_a_source_sent_in_percent_is_said(marts: duckdb.DuckDBPyConnection) -> None:
    """As a fault where it can never be, as a warning where it could, and not at all where it is no wonder."""
    never = ("M", "fault", "The goal has a value that a rate from 0 to 1 never reaches; 23 % is 0.23")
    assert {name: lints(marts, name)["beyond_one"] for name in ("S9", "S10", "S11")} == dict.fromkeys(
        ("S9", "S10", "S11"), never
    )
    assert goals(marts, "is_smart, smart_faults", "S10") == {"S10": (False, "M")}
    assert lints(marts, "S12")["in_percent"] == (
        "M", "warning", "It comes to 95 from 0.9; where percent are meant, 23 % is written 0.23",
    )  # fmt: skip
    assert lints(marts, "S13")["in_percent"][2].startswith("It comes to 96000 from 6000; where")
    assert not {"in_percent", "beyond_one"} & lints(marts, "S14").keys()
    told = marts.execute("""SELECT DISTINCT lint_type, message_zh FROM kpi_goal_lints
        WHERE subject_id = 'S10' AND lint_type = 'beyond_one' OR subject_id = 'S12' AND lint_type = 'in_percent'
        ORDER BY 1""").fetchall()  # fmt: skip
    assert told == [
        ("beyond_one", "目标的数值是该比率（0 到 1）永远达不到的；23% 应为 0.23"),
        ("in_percent", "目标值为 95（基线 0.9）；若指百分数，23% 应写作 0.23"),
    ]


def test_what_history_says_to_a_goal(marts: duckdb.DuckDBPyConnection) -> None:
    """April's 2200 in 22 workdays come to 6600 in 66: 7000 were never reached. April to June came to 6280."""
    found = lints(marts, "stretch")
    assert found == {
        "baseline_differs": ("M", "warning", "The baseline is 3000; as long a time before it was 6280"),
        "beyond_best": (
            "A", "warning",
            "The goal asks for 7000; the best of 4 months, at its pace for as many workdays, comes to 6600 (2026-04)",
        ),
    }  # fmt: skip
    assert set(lints(marts, "sales")) == {"parts_differ:region"}  # 6000 is within a tenth of 6280
    assert lints(marts, "worse") == {
        "baseline_meets": ("M", "warning", "The baseline 0.4 reaches the target 0.39 already")
    }
    assert set(lints(marts, "repeat")) == {"not_measured"}


def test_parts_that_differ_and_weights_of_rates_are_said(marts: duckdb.DuckDBPyConnection) -> None:
    assert lints(marts, "sales")["parts_differ:region"][2] == (
        "Its 2 parts by region come to 5900, a difference of -700 to 6600"
    )
    assert "averaged_rate" in lints(marts, "wins_b") and "averaged_rate" not in lints(marts, "wins_a")
    assert lints(marts, "core") == {"many_metrics": (None, "warning", "8")}


def test_iterations_have_their_part_of_a_goal(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "SELECT iteration_id, target_id, workday_count, milestone_value, actual_value, iteration_status "
        "FROM kpi_target_iterations ORDER BY ALL"
    ).fetchall()
    assert rows == [
        # the two days before the goal begins are none of it: 10 of 66 workdays
        ("i1", "sales", 10, D("1000"), D("1000"), "met"),
        # 0.4 + 0.1 × 10 ÷ 66
        ("i1", "wins", 10, D("0.41515152"), D("0.6"), "met"),
        ("i2", "sales", 10, D("1000"), D("100"), "running"),
        ("i3", "sales", 10, D("1000"), None, "not_started"),
    ]


def test_the_board_has_every_metric_with_its_goal_or_without(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "SELECT metric_id, period_grain, value, target_id, target_status, part_goal_count "
        "FROM kpi_board ORDER BY number"
    ).fetchall()
    assert rows == [
        # no months are measured; the last whole week
        ("net_sales", "week", D("500"), "sales", "on_track", 5),
        ("win_rate", "month", D("0.4"), "wins", "met", 3),
        ("lead_conversion_rate", None, None, None, "no_target", 1),
        ("follow_up_interval_hours", None, None, None, "no_target", 0),
        ("win_cycle_days", None, None, None, "no_target", 3),
        ("pipeline_coverage_ratio", None, None, None, "no_target", 4),
        ("revenue_per_customer", None, None, "basket", "behind", 2),
        ("repurchase_rate", None, None, "repeat", "no_data", 0),
        ("quota_attainment", None, None, "S12", "not_started", 0),
        ("return_units", "day", D("55"), "returns", "behind", 0),
    ]


def test_movers_are_of_the_last_whole_week(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "SELECT week_start_date, metric_id, dimension_name, dimension_value, period_grain, value, previous_value, "
        "change_value, change_rate, change_type, change_rank FROM kpi_movers ORDER BY 2, 3, 11"
    ).fetchall()
    monday = Date(2026, 7, 6)
    assert rows == [
        (monday, "net_sales", "region", "east", "week", D("310"), D("250"), D("60"), D("0.24"), "better", 1),
        (monday, "net_sales", "region", "west", "week", D("190"), D("150"), D("40"), D("0.26666667"), "better", 2),
        (monday, "net_sales", "total", "total", "week", D("500"), D("400"), D("100"), D("0.25"), "better", 1),
        (monday, "win_rate", "total", "total", "month", D("0.4"), D("0.3"), D("0.1"), D("0.33333333"), "better", 1),
    ]


# --- what the configuration alone shows ----------------------------------------------------------------------------

REGISTRY = {
    name: registry()["net_sales"].model_copy(
        update={"id": name, "name": Label(en=name.title(), zh=f"指标{number}"), "grains": (grain,), "board": False}
    )
    for number, (name, grain) in enumerate(
        [*((f"m{n}", "week") for n in range(1, 9)), ("net_sales", "day"), ("quarterly", "quarter")]
    )
}


def said(**given: object) -> list[tuple[str, str, str]]:
    file = TargetsFile.model_validate(given)
    return [(lint.subject_id, lint.lint_type, lint.message.en) for lint in lint_targets(file, REGISTRY)]


def group(*metrics: str, decides: str = "month") -> dict[str, object]:
    name = {"en": "Core", "zh": "核心"}
    return {"id": "core", "name": name, "owner": "sales", "decides": decides, "metrics": metrics}


def test_a_set_of_eight_metrics_names_the_eighth() -> None:
    eight = [f"m{n}" for n in range(1, 9)]
    assert said(goal_sets=[group(*eight)]) == [
        ("core", "many_metrics", "8 metrics; people can watch 5 to 7. Beyond the 7th is: M8")
    ]
    assert said(goal_sets=[group(*eight[:7])]) == said(goal_sets=[group(*eight[:5])]) == []
    assert said(goal_sets=[group(*eight[:4])])[0][1] == "few_metrics"


def test_net_sales_alone_is_warned_in_a_set_and_on_the_board() -> None:
    text = "Net_Sales alone: a single metric says that something changed and not why; add what drives it"
    assert said(goal_sets=[group("net_sales")]) == [("core", "single_metric", text)]
    board = {**REGISTRY, "net_sales": REGISTRY["net_sales"].model_copy(update={"board": True})}
    [lint] = lint_targets(TargetsFile(), board)
    assert (lint.subject_type, lint.lint_type, lint.message.en) == ("board", "single_metric", text)


def goal(metric: str, first: str, last: str, **scope: str) -> dict[str, object]:
    return {"id": "g", "name": {"en": "G", "zh": "目标"}, "metric": metric, "scope": scope, "baseline": 1, "target": 2,
            "starts_on": first, "due_on": last, "owner": "sales", "relevance": "plan"}  # fmt: skip


def test_what_may_be_ten_times_as_much_and_was_probably_written_in_percent_is_warned() -> None:
    """Attainment and changes may be 23 or 15, that is 2,300 % and 1,500 %; a share that may not is refused."""

    def told(metric: str, target: float, baseline: float = 0.9, mode: str = "absolute") -> list[tuple[str, str]]:
        given = {**goal(metric, "2026-07-01", "2026-09-30"), "target": target, "baseline": baseline, "mode": mode}
        file = TargetsFile.model_validate({"targets": [given]})
        return [(one.message.en, one.message.zh) for one in lint_targets(file, registry()) if one.subject_id == "g"]

    assert told("quota_attainment", 23) == [
        ("23 is 2,300 %; if 23 % is meant, write 0.23", "23 即 2,300%；若要表达 23%，请写 0.23")
    ]
    assert told("channel_sell_through_rate", 0.7, baseline=62.5) == [
        ("62.5 is 6,250 %; if 62.5 % is meant, write 0.625", "62.5 即 6,250%；若要表达 62.5%，请写 0.625")
    ]
    assert told("net_sales", 15, baseline=6000, mode="relative_rate") == [
        ("15 is 1,500 %; if 15 % is meant, write 0.15", "15 即 1,500%；若要表达 15%，请写 0.15")
    ]
    assert told("quota_attainment", 1.2) == told("net_sales", 7000, baseline=6000) == []
    assert told("net_sales", 0.15, baseline=6000, mode="relative_rate") == []


def test_a_sales_goal_by_what_no_deal_has_is_warned() -> None:
    text = "It has no pipeline coverage and is left out of that of all goals: no deal has a channel"
    days = ("2026-07-01", "2026-09-30")
    assert said(targets=[goal("net_sales", *days, channel="web")]) == [("g", "no_coverage", text)]
    assert said(targets=[goal("net_sales", *days, region="east")]) == said(targets=[goal("net_sales", *days)]) == []
    assert said(targets=[goal("m1", *days, channel="web")]) == []


@pytest.mark.parametrize(
    ("metric", "first", "last", "is_warned"),
    [
        ("quarterly", "2026-07-01", "2026-07-31", False),
        ("quarterly", "2026-07-02", "2026-09-30", True),
        ("quarterly", "2026-07-02", "2026-10-01", False),
        ("quarterly", "2026-12-31", "2027-01-01", False),
        ("m1", "2026-07-07", "2026-07-12", True),  # Tuesday to Sunday
        ("m1", "2026-07-07", "2026-07-13", False),
    ],
)
def test_a_goal_in_which_no_period_of_its_metric_begins_is_warned(
    metric: str, first: str, last: str, is_warned: bool
) -> None:
    assert [lint for _, lint, _ in said(targets=[goal(metric, first, last)])] == ["no_period"] * is_warned


def test_a_metric_coarser_than_the_decision_is_warned() -> None:
    metrics = ("quarterly", "net_sales", "m1", "m2", "m3")
    assert said(goal_sets=[group(*metrics)]) == [
        ("core", "coarse_metric:quarterly",
         "Quarterly is measured by quarter and decisions are monthly: between two decisions it says nothing new")
    ]  # fmt: skip
    assert said(goal_sets=[group(*metrics, decides="quarter")]) == []


@pytest.mark.parametrize(
    ("metric", "first", "last", "scope", "text"),
    [
        ("net_sales", "2026-07-01", "2026-07-14", {"product": "p1"},
         "Net sales is measured by month, quarter, and the 14 days are no whole one of these: it has no value in them"),
        ("net_sales", "2026-07-01", "2026-07-14", {"region": "east"}, None),
        ("net_sales", "2027-02-01", "2027-02-28", {"product": "p1"}, None),
        ("new_leads", "2026-07-01", "2026-07-14", {}, None),
        ("revenue_per_head", "2026-07-01", "2026-07-14", {},
         "Revenue per head is measured by month, quarter, and the 14 days are no whole one of these: it has no value "
         "in them"),
        ("revenue_per_customer", "2027-02-01", "2027-02-28", {}, None),
        ("lead_first_response_hours", "2026-07-01", "2026-07-14", {}, None),
        ("lead_first_response_hours", "2026-06-20", "2026-07-06", {},
         "Lead first response is measured by week, month, and no whole one of these lies in the 6 "
         "days: it has no value in them"),
        ("win_cycle_days", "2026-07-06", "2026-08-02", {},
         "Win cycle is measured by month, quarter, and no whole one of these lies in the 28 days: it "
         "has no value in them"),
        ("first_order_cycle_days", "2027-02-01", "2027-02-28", {}, None),
        ("win_rate", "2026-07-06", "2026-07-19", {},
         "Win rate is measured by month: 14 days may pass without a value of it"),
        ("follow_up_interval_hours", "2026-07-06", "2026-07-19", {}, None),
    ],
)  # fmt: skip
def test_a_cycle_that_none_of_the_periods_of_its_metric_fits_is_warned(
    metric: str, first: str, last: str, scope: dict[str, str], text: str | None
) -> None:
    """The goal begins on 1 July 2026: of a cycle that begins before it, the days that belong to it."""
    iteration = {"id": "i", "name": {"en": "I", "zh": "迭代"}, "starts_on": first, "ends_on": last, "targets": ["g"]}
    file = TargetsFile.model_validate(
        {"targets": [goal(metric, "2026-07-01", "2027-03-31", **scope)], "iterations": [iteration]}
    )
    found = [lint for lint in lint_targets(file, registry()) if lint.subject_type == "iteration"]
    assert [(one.subject_id, one.lint_type, one.message.en) for one in found] == [
        ("i", "coarse_metric:g", text) for _ in range(text is not None)
    ]


def test_a_level_goal_that_is_over_keeps_what_its_last_night_said(marts: duckdb.DuckDBPyConnection) -> None:
    """Due on the 13th: the 12th counts as it was corrected, the 14th comes too late."""
    found = goals(marts, "actual_value, status, projection_method, projected_value", "coverage_over")
    assert found == {"coverage_over": (D("3.5"), "met", "final", D("3.5"))}


def test_an_average_does_not_grow_with_the_days_and_is_no_sum_of_regions(marts: duckdb.DuckDBPyConnection) -> None:
    assert goals(marts, "actual_value, projected_value, projection_method, projected_status, status", "basket") == {
        "basket": (D(776), D(776), "trailing", "misses", "behind")
    }
    found = marts.execute(
        "SELECT combination, child_count, children_target_value, children_actual_value, parent_actual_value "
        "FROM kpi_target_cascades WHERE parent_target_id = 'basket'"
    ).fetchall()
    assert found == [("not_combined", 2, None, None, D(776))]
