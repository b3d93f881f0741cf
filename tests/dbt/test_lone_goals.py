"""Goals and their short cycles by hand, from the models of goals alone: where they end, and what history says to them.

Metrics are as the registry has them, days are weekdays without holidays: the third quarter of 2026 has 66 workdays.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as D

import duckdb
import pytest
from lone_models import on, rows_of

from sales_warehouse.metrics import registry

MODELS = ("defined", "followed", "paced", "measured", "judged")
Q3 = ("2026-07-01", "2026-09-30")
TOTAL = "total=total"


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("""
            create table dim_dates as
            select
                d::date as date_day, date_trunc('month', d)::date as month_start_date, isodow(d) < 6 as is_workday
            from range(date '2023-01-01', date '2028-01-01', interval 1 day) t(d);
            create table int_kpi_values(metric_id varchar, period_grain varchar, period_start_date date,
                dimension_name varchar, dimension_value varchar, numerator decimal(28, 8), denominator decimal(28, 8),
                value decimal(28, 8), is_matured boolean);
            create table int_levels_told as select * exclude (is_matured) from int_kpi_values;
            create table stg_settings__iterations(iteration_id varchar, iteration_name_en varchar,
                iteration_name_zh varchar, starts_on date, ends_on date, target_id varchar)""")
        yield connection


def give(db: duckdb.DuckDBPyConnection, grain: str, first: str, last: str, value: str, scope: str = TOTAL) -> None:
    """Values of the metric of a goal, one for each period from a day to another; `d` is the first day of a period."""
    name, _, member = scope.partition("=")
    step = {"quarter": "3 month"}.get(grain, f"1 {grain}")
    db.execute(f"""
        insert into int_kpi_values
        select 'm', '{grain}', d::date, '{name}', '{member}', {value}, null, {value},
            d + interval {step} <= date '{last}' + 1
        from range(timestamp '{first}', timestamp '{last}' + interval 1 day, interval {step}) t(d)""")


def aim(
    db: duckdb.DuckDBPyConnection, metric: str, days: tuple[str, str], baseline: float, target: float, *, day: str,
    scope: str = TOTAL, source: str = "company", upper: float | None = None,
) -> dict[str, object]:  # fmt: skip
    """Run the models of one goal on a day, and return where it stands."""
    told = registry()[metric]
    given = {
        "metric_id": metric, "name_en": told.name.en, "name_zh": told.name.zh, "unit": told.unit,
        "direction": told.direction, "aggregation": told.aggregation, "decomposition": told.decomposition,
        "is_cohort": told.cohort, "grains": ", ".join(told.grains),
    }  # fmt: skip
    db.execute("create or replace table kpi_metrics as select "
               + ", ".join(f"{value!r} as {name}" for name, value in given.items()))  # fmt: skip
    db.execute(f"update int_kpi_values set metric_id = '{metric}'")
    name, _, member = scope.partition("=")
    db.execute(f"""
        create or replace table int_targets_united as
        select
            'g' as target_id, '{source}' as source, 'x' as target_name_en, 'x' as target_name_zh,
            '{metric}' as metric_id, '{name}' as scope_dimension, '{member}' as scope_value,
            {baseline}::decimal(28, 8) as baseline_value, {target}::decimal(28, 8) as target_value,
            {"null" if upper is None else upper}::decimal(28, 8) as upper_value, 'absolute' as target_mode,
            date '{days[0]}' as starts_on, date '{days[1]}' as due_on, 'o' as owner, 'r' as relevance,
            null::varchar as parent_target_id, null::decimal(28, 8) as weight""")
    columns = "actual_value, projected_value, projection_method, projected_status"
    with on(day):
        for model in MODELS:
            rows_of(db, f"int_targets_{model}", "target_id")
        (row,) = db.execute(f"select {columns} from int_targets_judged").fetchall()
    return dict(zip(columns.split(", "), row, strict=True))


def doubts(db: duckdb.DuckDBPyConnection, day: str) -> dict[str, str]:
    with on(day):
        rows_of(db, "int_targets_compared", "target_id")
        return dict(rows_of(db, "int_targets_doubted", "lint_type, message_en"))


def cycle(db: duckdb.DuckDBPyConnection, day: str, *days: tuple[str, str]) -> list[tuple]:
    """What short cycles of the goal came to."""
    db.execute("delete from stg_settings__iterations")
    for number, (first, last) in enumerate(days):
        db.execute(f"insert into stg_settings__iterations values ({number}, 'x', 'x', '{first}', '{last}', 'g')")
    with on(day):
        found = rows_of(db, "int_targets_iterated", "iteration_id, actual_value, iteration_status")
    return [row[1:] for row in found]


# --- a goal on what has no value ------------------------------------------------------------------------------------


NOTHING_LEFT = {
    # open deals / what is missing on some days of a goal of 3 to 4: its figures, and those of a cycle to the 14th
    "nothing was missing last": ([("07-08", 30, 20), ("07-10", 40, 0)], (None, None, "met", "meets"), (None, "met")),
    "some is missing again": ([("07-08", 40, 0), ("07-10", 30, 20)], (1.5, 1.5, "behind", "misses"), (1.5, "missed")),
    "nothing was missing before it began": ([("06-30", 40, 0)], (None, None, "no_data", "unknown"), (None, "no_data")),
}


@pytest.mark.parametrize(("told", "goal", "in_cycle"), NOTHING_LEFT.values(), ids=NOTHING_LEFT)
def test_a_goal_on_coverage_is_met_where_nothing_is_left_to_win(
    told: list[tuple], goal: tuple, in_cycle: tuple, db: duckdb.DuckDBPyConnection
) -> None:
    """What a night said of it before is no figure of the goal where a later night said that nothing is missing."""
    for day, open_amount, missing in told:
        give_coverage(db, f"2026-{day}", open_amount, missing)
    found = aim(db, "pipeline_coverage_ratio", Q3, 2, 3, day="2026-07-15", upper=4)
    (row,) = db.execute("select target_status, progress_rate from int_targets_judged").fetchall()
    assert (found["actual_value"], found["projected_value"], row[0], found["projected_status"]) == goal
    assert (row[1] is None) == (goal[0] is None)
    assert cycle(db, "2026-07-15", ("2026-07-01", "2026-07-14")) == [in_cycle]


@pytest.mark.parametrize("metric", ["dealer_days_of_supply", "quota_attainment"])
def test_a_goal_on_another_level_that_has_no_value_is_not_met(metric: str, db: duckdb.DuckDBPyConnection) -> None:
    """Nothing sold, or no goal under way: nothing to divide by says nothing."""
    give_coverage(db, "2026-07-10", 40, 0)
    found = aim(db, metric, Q3, 2, 3, day="2026-07-15", upper=4)
    assert (found["actual_value"], found["projected_status"]) == (None, "unknown")
    assert db.execute("select target_status from int_targets_judged").fetchall() == [("no_data",)]
    assert cycle(db, "2026-07-15", ("2026-07-01", "2026-07-14")) == [(None, "no_data")]


def give_coverage(db: duckdb.DuckDBPyConnection, day: str, above: int, below: int) -> None:
    value = "null" if not below else str(above / below)
    db.execute(f"insert into int_kpi_values values "
               f"('m', 'day', '{day}', 'total', 'total', {above}, {below}, {value}, true)")  # fmt: skip


# --- where a goal will end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "day", "actual", "projected"),
    [("2025-09-01", "2026-08-31", 6200, "9300"), ("2025-07-28", "2026-07-31", 3100, "8895.65217391")],
    ids=["in the last month of last year's days", "in the first"],
)
def test_a_region_that_opened_within_last_years_days_has_no_course_of_last_year(
    db: duckdb.DuckDBPyConnection, opened: str, day: str, actual: int, projected: str
) -> None:
    """It sells 100 a day; before it opened it has zeros, as every region has from the company's first day on.

    6200 × 66 ÷ 44 workdays and 3100 × 66 ÷ 23, where 30 of 300 days of last year would make 192,200 and 40,920.
    """
    sold = f"case when d >= date '{opened}' then 100 else 0 end"
    give(db, "day", "2024-06-01", day, sold, "region=new")
    assert aim(db, "net_sales", Q3, 4000, 9000, day=day, scope="region=new") == {
        "actual_value": actual, "projected_value": D(projected), "projection_method": "workdays",
        "projected_status": "meets" if D(projected) >= 9000 else "misses",
    }  # fmt: skip


def test_a_region_that_was_there_for_all_of_last_years_days_ends_as_they_did(db: duckdb.DuckDBPyConnection) -> None:
    """It opened on 1 July 2025, and the days meet those from 2 July on: 100 a day, 62 of 92."""
    give(db, "day", "2024-06-01", "2026-08-31", "case when d >= date '2025-07-01' then 100 else 0 end", "region=new")
    found = aim(db, "net_sales", Q3, 4000, 9000, day="2026-08-31", scope="region=new")
    assert (found["projected_value"], found["projection_method"]) == (D(9200), "last_year")


@pytest.mark.parametrize(
    ("due", "day", "target", "method"),
    [("2027-12-31", "2026-06-30", 73000, "workdays"), ("2027-03-31", "2026-03-31", 45500, "workdays"),
     ("2027-03-31", "2026-04-01", 45500, "last_year")],
    ids=["two years", "fifteen months, a day too early", "fifteen months, when last year's are over"],
)  # fmt: skip
def test_last_years_course_is_used_once_its_last_day_is_known(
    db: duckdb.DuckDBPyConnection, due: str, day: str, target: int, method: str
) -> None:
    """100 a day since 2024. Cut off at the business date, two years came to 54,500 on 30 June."""
    give(db, "day", "2024-01-01", day, "100")
    found = aim(db, "net_sales", ("2026-01-01", due), 0.8 * target, target, day=day)
    assert found["projection_method"] == method
    assert abs(found["projected_value"] / target - 1) < D("0.02")


def test_level_sales_of_two_years_meet_a_goal_of_as_much(db: duckdb.DuckDBPyConnection) -> None:
    """181 days of 100 in 129 of 522 workdays: 18,100 × 522 ÷ 129, less than a hundredth off 73,000."""
    give(db, "day", "2024-01-01", "2026-06-30", "100")
    assert aim(db, "net_sales", ("2026-01-01", "2027-12-31"), 60000, 73000, day="2026-06-30") == {
        "actual_value": 18100, "projected_value": D("73241.86046512"), "projection_method": "workdays",
        "projected_status": "meets",
    }  # fmt: skip


def test_a_goal_of_one_week_is_not_told_by_what_it_has_on_monday(db: duckdb.DuckDBPyConnection) -> None:
    """10 leads on the first of five workdays; a week of last year is not over on its Monday."""
    give(db, "week", "2024-12-30", "2026-07-05", "70")
    give(db, "week", "2026-07-06", "2026-07-06", "10")
    assert aim(db, "new_leads", ("2026-07-06", "2026-07-12"), 50, 70, day="2026-07-06") == {
        "actual_value": 10, "projected_value": 50, "projection_method": "workdays", "projected_status": "misses",
    }  # fmt: skip


# --- what history says ---------------------------------------------------------------------------------------------


def test_a_goal_of_a_quarter_is_held_against_quarters_by_their_own_workdays(db: duckdb.DuckDBPyConnection) -> None:
    """300 in the 64 workdays of a first quarter come to 309.375 in 66; by the 22 of its first month it was 900."""
    give(db, "quarter", "2025-01-01", "2026-06-30", "300")
    give(db, "quarter", "2026-07-01", "2026-07-20", "40")
    aim(db, "new_leads", Q3, 300, 700, day="2026-07-20")
    assert doubts(db, "2026-07-20") == {
        "beyond_best": "The goal asks for 700; the best of 6 quarters, at its pace for as many workdays, comes to "
        "309.375 (2025-01)"
    }
    assert db.execute("select message_zh from int_targets_doubted").fetchall() == [
        ("目标为 700；历史 6 个季度中最好的一个季度（2025-01）按同样工作日数折算为 309.375",)
    ]


def test_a_goal_of_a_week_is_held_against_months_of_whole_weeks(db: duckdb.DuckDBPyConnection) -> None:
    """70 a week are 70 in five workdays, whether four weeks begin in a month or five."""
    give(db, "week", "2025-12-29", "2026-07-05", "70")
    aim(db, "new_leads", ("2026-07-06", "2026-07-12"), 70, 72, day="2026-07-06")
    assert doubts(db, "2026-07-06") == {
        "beyond_best": "The goal asks for 72; the best of 6 months, at its pace for as many workdays, comes to 70 "
        "(2026-01)"
    }


@pytest.mark.parametrize(
    ("days", "as_long"),
    [(("2026-07-15", "2026-08-14"), 3100), (("2026-07-06", "2026-07-12"), 700), (Q3, 9100),
     (("2026-07-01", "2026-08-31"), 6100), (("2026-06-15", "2026-07-31"), 4700)],
    ids=["a month from the middle on", "a week", "a quarter", "two months", "47 days"],
)  # fmt: skip
def test_as_long_a_time_before_is_as_long(db: duckdb.DuckDBPyConnection, days: tuple[str, str], as_long: int) -> None:
    """100 a day. Before whole months as many whole ones: April to June has 91 days, May and June have 61."""
    give(db, "day", "2026-01-01", "2026-07-20", "100")
    aim(db, "net_sales", days, as_long, as_long + 1, day="2026-07-20")
    assert "baseline_differs" not in doubts(db, "2026-07-20")
    aim(db, "net_sales", days, 2 * as_long, 3 * as_long, day="2026-07-20")
    assert doubts(db, "2026-07-20")["baseline_differs"] == (
        f"The baseline is {2 * as_long}; as long a time before it was {as_long}"
    )


def test_a_baseline_is_not_held_against_days_before_a_region_opened(db: duckdb.DuckDBPyConnection) -> None:
    """It opened on 1 June 2026: April to June has a month of it, which is no quarter, and one month is no best."""
    give(db, "day", "2024-06-01", "2026-07-20", "case when d >= date '2026-06-01' then 100 else 0 end", "region=new")
    aim(db, "net_sales", Q3, 9200, 9900, day="2026-07-20", scope="region=new")
    assert doubts(db, "2026-07-20") == {}


# --- short cycles --------------------------------------------------------------------------------------------------


def test_a_cycle_of_what_is_counted_has_its_own_days(db: duckdb.DuckDBPyConnection) -> None:
    """10 leads a day; of the quarter, which the goal is followed by, there are 500 so far."""
    give(db, "day", "2026-01-01", "2026-08-20", "10")
    give(db, "quarter", "2026-04-01", "2026-06-30", "800")
    give(db, "quarter", "2026-07-01", "2026-08-20", "500")
    assert aim(db, "new_leads", Q3, 800, 900, day="2026-08-20")["actual_value"] == 500
    assert cycle(db, "2026-08-20", ("2026-07-01", "2026-07-14"), ("2026-07-15", "2026-07-31"),
                 ("2026-08-15", "2026-08-28"), ("2026-09-01", "2026-09-14")) == [
        (140, "met"), (170, "missed"), (60, "running"), (None, "not_started"),
    ]  # fmt: skip


def test_a_cycle_of_whole_weeks_counts_a_lead_once_in_each(db: duckdb.DuckDBPyConnection) -> None:
    """A lead that is created on one day and given to a rep on the next is new in both, and once in their week."""
    give(db, "day", "2026-01-01", "2026-08-20", "10")
    give(db, "week", "2025-12-29", "2026-08-16", "65")
    give(db, "quarter", "2026-07-01", "2026-08-20", "500")
    aim(db, "new_leads", Q3, 800, 900, day="2026-08-20")
    assert cycle(db, "2026-08-20", ("2026-07-06", "2026-07-19"), ("2026-07-01", "2026-07-14")) == [
        (130, "missed"), (140, "met"),
    ]  # fmt: skip


def test_a_cycle_of_a_median_is_told_by_the_weeks_that_lie_in_it(db: duckdb.DuckDBPyConnection) -> None:
    """9 hours a week, 7 in the week from 13 July on, 6.5 in all of July, which is no two weeks of it."""
    give(db, "week", "2026-01-05", "2026-08-16", "case when d = date '2026-07-13' then 7 else 9 end")
    give(db, "month", "2026-07-01", "2026-07-31", "6.5")
    give(db, "month", "2026-08-01", "2026-08-20", "3")
    aim(db, "lead_first_response_hours", Q3, 8, 4, day="2026-08-20")
    assert cycle(db, "2026-08-20", ("2026-07-01", "2026-07-14"), ("2026-07-06", "2026-07-19"),
                 ("2026-07-20", "2026-08-02"), ("2026-09-26", "2026-10-09")) == [
        (9, "missed"), (7, "met"), (9, "missed"), (None, "not_started"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "scope"), [("net_sales", "product=p"), ("revenue_per_head", TOTAL), ("revenue_per_customer", TOTAL)]
)
def test_a_cycle_that_is_no_period_of_its_metric_has_no_figure(
    db: duckdb.DuckDBPyConnection, metric: str, scope: str
) -> None:
    """Nobody knows how much of a month lies in two weeks of it; February 2027 has four weeks and is a month."""
    for grain, first in (("month", "2027-01-01"), ("month", "2027-02-01"), ("quarter", "2027-01-01")):
        give(db, grain, first, first, "300", scope)
    aim(db, metric, ("2027-01-01", "2027-03-31"), 800, 900, day="2027-03-01", scope=scope)
    assert cycle(db, "2027-03-01", ("2027-01-01", "2027-01-14"), ("2027-02-01", "2027-02-28")) == [
        (None, "no_data"), (300, "met" if metric != "revenue_per_customer" else "missed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("baseline", "milestone", "met", "missed"),
    [(60, "50.909091", (30, 45, D("50.9")), (29, 51)), (20, "24.5454545", (25, 40), (24, 41)),
     (35, "35", (30, 32, 40), (29, 41))],
    ids=["from above", "from below", "from within"],
)  # fmt: skip
def test_a_cycle_of_a_band_goes_to_its_nearer_edge(
    db: duckdb.DuckDBPyConnection, baseline: int, milestone: str, met: tuple, missed: tuple
) -> None:
    """30 to 40 in 44 workdays, 20 of them in the cycle: 60 - 20 × 20 ÷ 44 = 50.91 and 20 + 10 × 20 ÷ 44 = 24.55."""
    told = {}
    for days in met + missed:
        db.execute("delete from int_kpi_values")
        give(db, "day", "2026-07-28", "2026-07-28", str(days))
        aim(db, "dealer_days_of_supply", ("2026-07-01", "2026-08-31"), baseline, 30, upper=40, day="2026-07-28")
        [(_, told[days])] = cycle(db, "2026-07-28", ("2026-07-01", "2026-07-28"))
        assert db.execute("select milestone_value from int_targets_iterated").fetchall() == [(D(milestone),)]
    assert told == dict.fromkeys(met, "met") | dict.fromkeys(missed, "missed")


@pytest.mark.parametrize(
    ("others", "day", "found"),
    [(14, "2026-08-10", (None, "no_data")), (14, "2026-08-12", (D("0.1"), "running")),
     (14, "2026-09-01", (D("0.13"), "met")), (11, "2026-08-31", (D("0.10666667"), "running")),
     (11, "2026-09-01", (D("0.1075"), "missed"))],
    ids=["none has had its time", "one of four", "all: 52 of 400", "three of four: 32 of 300", "all: 43 of 400"],
)  # fmt: skip
def test_a_cycle_is_not_missed_before_its_cohorts_have_had_their_time(
    db: duckdb.DuckDBPyConnection, others: int, day: str, found: tuple
) -> None:
    """From 10 % to 14 % in 40 workdays is 12 % after 20. Leads of the week to 2 August have until 1 September."""
    db.execute(f"""
        insert into int_kpi_values
        select 'm', 'week', w, 'total', 'total', n, 100, n / 100, w + 36 <= date '{day}'
        from (values (date '2026-07-06', 10), (date '2026-07-13', {others}), (date '2026-07-20', {others}),
            (date '2026-07-27', {others})) t(w, n)""")
    aim(db, "lead_conversion_rate", ("2026-07-06", "2026-08-30"), 0.10, 0.14, day=day)
    assert cycle(db, day, ("2026-07-06", "2026-08-02")) == [found]


# --- goals that sources send ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "days", "is_said"),
    [
        ("new_leads", ("2026-07-01", "2026-08-31"), True),
        ("new_leads", Q3, False),
        ("new_leads", ("2026-07-06", "2026-07-12"), False),
        ("new_leads", ("2026-07-07", "2026-07-13"), True),
        ("revenue_per_head", ("2026-07-06", "2026-07-12"), True),
        ("revenue_per_head", ("2026-07-01", "2026-07-31"), False),
        ("revenue_per_customer", ("2026-07-01", "2026-08-31"), True),
        ("net_sales", ("2026-07-01", "2026-08-31"), False),
    ],
    ids=["two months", "a quarter", "a week", "from a Tuesday", "a week of what has months", "a month", "an average",
         "what adds up"],
)  # fmt: skip
def test_a_goal_over_several_periods_of_what_is_counted_again_will_never_have_a_value(
    db: duckdb.DuckDBPyConnection, metric: str, days: tuple[str, str], is_said: bool
) -> None:
    grains = registry()[metric].grains
    for grain in grains:
        give(db, grain, "2026-01-01" if grain != "week" else "2025-12-29", "2026-08-20", "10")
    found = aim(db, metric, days, 5, 7, day="2026-08-20", source="crm")
    assert (found["actual_value"] is None) == is_said
    text = (
        f"{registry()[metric].name.en} is counted again in each period, and the goal is not exactly one of: "
        f"{', '.join(grains)}: it will never have a value"
    )
    assert doubts(db, "2026-08-20").get("cut_period") == (text if is_said else None)


@pytest.mark.parametrize(("target", "is_beyond"), [(813_000, False), (814_000, True)])
def test_a_goal_beyond_the_calendar_goes_by_days(db: duckdb.DuckDBPyConnection, target: int, is_beyond: bool) -> None:
    """1,000 on each workday, of which the best month has 23 in 31 days: 813,161.29 in 1,096 days until 2028 ends."""
    give(db, "day", "2024-01-01", "2026-06-28", "case when isodow(d) < 6 then 1000 else 0 end")
    aim(db, "net_sales", ("2026-01-01", "2028-12-31"), 500_000, target, day="2026-06-28", source="crm")
    paced = db.execute("""select workday_count, passed_workday_count, pace_count, passed_pace_count
        from int_targets_paced""").fetchall()  # fmt: skip
    assert paced == [(None, None, 1096, 179)]
    beyond = (
        "The goal asks for 814000; the best of 24 months, at its pace for as many days, comes to 813161.2903 (2024-01)"
    )
    assert doubts(db, "2026-06-28").get("beyond_best") == (beyond if is_beyond else None)


def test_a_goal_of_two_days_off_has_no_workday(db: duckdb.DuckDBPyConnection) -> None:
    """The weekend of 4 July 2026 lies in the calendar and goes by its two days: 100 a day are 200."""
    give(db, "day", "2026-01-01", "2026-07-04", "100")
    aim(db, "net_sales", ("2026-07-04", "2026-07-05"), 190, 210, day="2026-07-04")
    paced = db.execute(
        "select workday_count, passed_workday_count, pace_count, passed_pace_count from int_targets_paced"
    )
    assert paced.fetchall() == [(0, 0, 2, 1)]
    assert doubts(db, "2026-07-04") == {
        "beyond_best": "The goal asks for 210; the best of 6 months, at its pace for as many days, comes to 200 "
        "(2026-01)"
    }


def test_the_value_of_a_scope_is_all_that_stands_after_its_first_sign(db: duckdb.DuckDBPyConnection) -> None:
    """As a source sends them: a product line `A=B` is another one than `A`."""
    db.execute("""
        create table stg_settings__targets as select '' as target_id, '' as target_name_en, '' as target_name_zh,
            '' as metric_id, '' as scope_dimension, '' as scope_value, 0::decimal(28, 8) as baseline_value,
            0::decimal(28, 8) as target_value, 0::decimal(28, 8) as upper_value, '' as target_mode,
            date '2026-07-01' as starts_on, date '2026-09-30' as due_on, '' as owner, '' as relevance,
            '' as parent_target_id, 0::decimal(28, 8) as weight where false;
        create table int_targets_deduplicated as select scope as target_id, 'erp' as source, 'g' as target_name,
            'net_sales' as metric_id, scope, 1 as baseline_value, 2 as target_value, null as upper_value,
            'absolute' as target_mode, date '2026-07-01' as starts_on, date '2026-09-30' as due_on, 'o' as owner,
            'r' as relevance, null as parent_target_id, null as weight, false as is_deleted
        from (values ('product_line=A=B'), ('product_line = A = B='), ('product_line=A'), ('total'), ('region='),
            (null)) t(scope)""")
    found = rows_of(db, "int_targets_united", "scope_dimension, scope_value")
    assert found == [
        ("product_line", "A"), ("product_line", "A = B="), ("product_line", "A=B"),
        ("region", "total"), ("total", "total"), ("total", "total"),
    ]  # fmt: skip
