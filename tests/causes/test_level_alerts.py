"""Behind alerts on levels and on figures of a year are cells, terms of their formula, or single members, by hand."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import product

import duckdb
import pytest
from alert_marts import MONDAY, asked, company, event
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_warehouse.causes.alerts import CauseRow, explain_alerts
from sales_warehouse.causes.events import events_around
from sales_warehouse.causes.measured import Span, measure_cells, parts_of
from sales_warehouse.causes.questions import Question
from sales_warehouse.metrics.relations import FOLDS, lay_out

Figures = Iterable[object]
Number = int | str | Fraction
TODAY = MONDAY
WEEK = datetime.timedelta(weeks=1)
TABLES = f"""
set variable business_date = date '{TODAY}';
create table fct_returns (return_key varchar, order_key varchar, line_number bigint, return_date date,
    customer_key varchar, product_key varchar, rep_key varchar, region_key varchar, channel varchar,
    refund_amount decimal(18, 4), is_cancelled boolean);
create table fct_rep_months (month_start_date date, rep_key varchar, region_key varchar, fte_days decimal(18, 4),
    is_selling boolean);
create table kpi_values (metric_id varchar, period_grain varchar, period_start_date date, dimension_name varchar,
    dimension_value varchar, numerator decimal(28, 8), denominator decimal(28, 8));
create table int_levels_told as from kpi_values;
alter table fct_opportunities add column expected_close_date date;
create table kpi_targets (target_id varchar, target_name_en varchar, target_name_zh varchar, metric_id varchar,
    metric_name_en varchar, scope_dimension varchar, scope_value varchar, starts_on date, due_on date,
    direction varchar, baseline_value decimal(28, 8), target_value decimal(28, 8), actual_value decimal(28, 8),
    progress_rate decimal(28, 8));
insert into dim_customers select 'c' || n, 'Name ' || n, if(n <= 20, 'food', 'toys'), 'small', 'A', 'east'
    from range(1, 41) as t(n);
"""


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    found = company()
    found.execute("delete from fct_sales_daily")
    found.execute(TABLES)
    return found


def causes(db: duckdb.DuckDBPyConnection, alert: Question) -> Sequence[CauseRow]:
    found = list(explain_alerts(db, [alert], "CNY"))
    assert sum(row.contribution_value for row in found) == alert.change
    return found


def level(metric: str, now: Number, before: Number, dimension: str = "total", member: str = "total") -> Question:
    """An alert on a level of today, beside that of a week before."""
    values = [Decimal(each.numerator) / each.denominator for each in map(Fraction, (now, before))]
    alert = asked(metric, values, dimension=dimension, member=member, days=1)
    return replace(alert, base_start_date=TODAY - WEEK, base_end_date=TODAY - WEEK)


def said(
    db: duckdb.DuckDBPyConnection,
    metric: str,
    dimension: str,
    member: str,
    now: Iterable[object],
    before: Iterable[object],
) -> None:
    """What is published of a member today, and what was a week before: numerator and denominator."""
    for table, day, figures in (("kpi_values", TODAY, now), ("int_levels_told", TODAY - WEEK, before)):
        db.execute(f"insert into {table} values (?, 'day', ?, ?, ?, ?, ?)", [metric, day, dimension, member, *figures])


def bought(
    db: duckdb.DuckDBPyConnection, customer: str, day: datetime.date, region: str = "east", product: str = "p1",
    amount: int = 10,
) -> None:  # fmt: skip
    key = f"{customer}{day}{region}{product}"
    db.execute(
        "insert into fct_order_lines values "
        "(?, 1, ?, ?, 'shop', 'r', ?, 'd', ?, 1, 10, false, 'o', ?, ?, 'paid', true)",
        [key, day, region, customer, product, amount, day],
    )


# The month of June beside that of May: a year ends on 30 June and on 31 May.
JUNE, MAY = datetime.date(2026, 6, 30), datetime.date(2026, 5, 31)


def monthly(db: duckdb.DuckDBPyConnection, metric: str, now: str, before: str, **member: str) -> Question:
    db.execute("set variable business_date = date '2026-07-10'")
    alert = asked(metric, (now, before), **member)
    first, last = datetime.date(2026, 6, 1), datetime.date(2026, 5, 1)
    return replace(
        alert, period_start_date=first, period_end_date=JUNE, base_start_date=last, base_end_date=MAY
    )  # fmt: skip


def customers(db: duckdb.DuckDBPyConnection, day: str, rows: str, where: str) -> None:
    """Forty customers of each place and product bought on a day where that holds of their number n, from 0 to 39."""
    db.execute(f"""
        insert into fct_order_lines select r || channel || product || n || '{day}', 1, date '{day}', r, channel, 'r',
            r || channel || product || n, 'd', product, 1, 10, false, 'o', 10, date '{day}', 'paid', true
        from (values {rows}) as places(r), (values ('shop'), ('web')) as channels(channel),
            (values ('p1'), ('p9')) as goods(product), range(40) as t(n) where {where}
    """)


EIGHT = ", ".join(f"('r{at}')" for at in range(8))


def test_the_region_whose_customers_do_not_come_back_is_found(db: duckdb.DuckDBPyConnection) -> None:
    """
    Of 40 customers of each of 8 regions and 2 channels 30 bought on 10 June 2025, and all on 10 May: 480 of 640 in the
    year to 31 May. In the year to 30 June the first day is out. 30 of 40 bought again on 5 June, of r3 2 of 40: 424 of
    640. At a weight of 1/8, r3 went from 0.75 to 0.05: −0.0875, all of 0.6625 − 0.75.
    """
    customers(db, "2025-06-10", EIGHT, "product = 'p1' and n < 30")
    customers(db, "2026-05-10", EIGHT, "product = 'p1'")
    customers(db, "2026-06-05", EIGHT, "product = 'p1' and n < if(r = 'r3', 2, 30)")
    first, rest = causes(db, monthly(db, "repurchase_rate", "0.6625", "0.75"))
    assert (first.cell, first.contribution_value, rest.contribution_value) == ("region=r3", Decimal("-0.0875"), 0)
    assert (first.actual_value, first.forecast_value) == (Decimal("0.05"), Decimal("0.75"))
    assert (first.rate_effect_value, first.mix_effect_value) == (Decimal("-0.0875"), 0)
    assert first.text_zh.startswith("大区「r3」：−8.75 个百分点（比率影响 −8.75 个百分点，结构影响 0.00 个百分点）")


def test_a_customer_counts_in_the_one_cell_in_which_it_bought_on_most_days(db: duckdb.DuckDBPyConnection) -> None:
    """
    By 30 June c1 had bought milk twice and soap once, c2 soap once, c3 milk once and, a year and a day before that end,
    once more: 1 of 3 came back, and c1 is of milk. By 31 May c1 had bought soap once alone and is of milk still; c3 had
    come back. Within soap c1 and c2 bought once.
    """
    for customer, goods, day in (
        ("c1", "p4", "2026-05-01"), ("c1", "p1", "2026-06-01"), ("c1", "p1", "2026-06-02"), ("c2", "p4", "2026-05-01"),
        ("c3", "p1", "2026-05-01"), ("c3", "p1", "2025-06-30"), ("c1", "p4", "2025-05-31"),
    ):  # fmt: skip
        bought(db, customer, datetime.date.fromisoformat(day), product=goods)
    alert = monthly(db, "repurchase_rate", "0.33333333", "0.33333333")
    cells = measure_cells(db, parts_of("repurchase_rate"), ["product_line"], alert.spans, {})
    assert sorted(db.table(cells).fetchall()) == [
        ("before", "care", 0, 1), ("before", "milk", 1, 2), ("now", "care", 0, 1), ("now", "milk", 1, 2),
    ]  # fmt: skip
    within = measure_cells(db, parts_of("repurchase_rate"), [], [Span("now", MAY, JUNE)], {"product_line": "care"})
    assert db.table(within).fetchall() == [("now", 0, 2)]
    (row,) = causes(db, monthly(db, "repurchase_rate", "0.9", "0.3"))
    assert "do not give its figure" in row.text_en


def test_a_price_band_in_which_fewer_come_back_is_found_within_a_category(db: duckdb.DuckDBPyConnection) -> None:
    """The same in 4 regions with two bands of powder, 160 customers each in either channel: in June 2 of 40 instead of
    30 of the high one. 0.75 goes to (30 + 2) / 80 = 0.4; 1/2 × (0.05 − 0.75) = −0.35."""
    db.execute("insert into dim_products values ('p9', 'milk', 'powder', 'powder', 'high')")
    four = ", ".join(f"('r{at}')" for at in range(4))
    customers(db, "2025-06-10", four, "n < 30")
    customers(db, "2026-05-10", four, "true")
    customers(db, "2026-06-05", four, "n < if(product = 'p9', 2, 30)")
    alert = monthly(db, "repurchase_rate", "0.4", "0.75", dimension="category", member="powder")
    first, rest = causes(db, alert)
    assert (first.cell, first.contribution_value) == ("category=powder&price_band=high", Decimal("-0.35"))
    assert first.text_zh.startswith("价格带「high」：−35.00 个百分点") and rest.contribution_value == 0


def test_the_region_whose_customers_are_worth_less_is_found(db: duckdb.DuckDBPyConnection) -> None:
    """
    Ten regions of ten customers who are worth 100 each; those of one went to 50. The mean goes from 100 to 95, and the
    region contributed w̄ Δr = 0.1 × −50 = −5.
    """
    for at in range(10):
        said(db, "clv_12m", "region", f"r{at}", (500 if at == 3 else 1000 + at - at, 10), (1000, 10))
    first, rest = causes(db, level("clv_12m", 95, 100))
    assert (first.cell, first.contribution_value, rest.contribution_value) == ("region=r3", -5, 0)
    assert (first.rate_effect_value, first.actual_value, first.forecast_value) == (-5, 50, 100)
    (row,) = causes(db, level("clv_12m", 95, 99))
    assert "what it was in the period before" in row.text_en


def test_the_dealer_whose_stock_piles_up_is_found_or_else_stock_and_sales_are_told_apart(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """
    Ten dealers have 300 and sell 10 a day; one of them has 900 now: 3,600 / 100 = 36 days after 30. At a tenth of all
    sales its 60 more days are 6 of all. Of one dealer: 900 / 5 after 300 / 10, by stock 600 × (1/5 + 1/10) / 2 = 90, by
    sales 600 × (1/5 − 1/10) = 60; 90 + 60 = 180 − 30.
    """
    db.execute("insert into dim_dealers values ('d3', '三江', 'A', 'east')")
    for at in range(10):
        said(db, "dealer_days_of_supply", "dealer", f"d{at}", (900 if at == 3 else 300, 10), (300, 10))
    first, rest = causes(db, level("dealer_days_of_supply", 36, 30))
    assert (first.cell, first.contribution_value, first.rate_effect_value) == ("dealer=d3", 6, 6)
    assert first.text_zh.startswith("经销商「三江」：+6.00 天（比率影响 +6.00 天，结构影响 0.00 天），占变化的 100%")
    assert rest.contribution_value == 0
    db.execute("update kpi_values set denominator = 5 where dimension_value = 'd3'")
    stock, sales, rest = causes(db, level("dealer_days_of_supply", 180, 30, "dealer", "d3"))
    assert [(row.cell, row.contribution_value) for row in (stock, sales)] == [
        ("dealer=d3&term=stock", 90), ("dealer=d3&term=daily_sales", 60),
    ]  # fmt: skip
    assert (stock.actual_value, stock.forecast_value, sales.actual_value, sales.forecast_value) == (900, 300, 5, 10)
    assert stock.text_en == "stock: +90.00 days, 60 % of the change, from 300 to 900."
    assert sales.text_zh == "日均动销：+60.00 天，占变化的 40%，由 10 变为 5。"
    assert rest.text_en.endswith("rose by 150.00 days, from 30.00 days to 180.00 days.")


def goal(db: duckdb.DuckDBPyConnection, key: str, target: object, actual: object, **told: object) -> None:
    """A goal on net sales of the whole company from 1 to 30 June, but for what is told otherwise."""
    row = {
        "target_id": key, "target_name_en": f"Goal {key}", "target_name_zh": f"目标{key}", "metric_id": "net_sales",
        "metric_name_en": "m", "scope_dimension": "total", "scope_value": "total",
        "starts_on": datetime.date(2026, 6, 1), "due_on": datetime.date(2026, 6, 30), "direction": "up",
        "baseline_value": None, "target_value": target, "actual_value": actual, "progress_rate": 0.5,
    } | told  # fmt: skip
    db.execute(f"insert into kpi_targets values ({', '.join('?' * len(row))})", list(row.values()))


def sales(db: duckdb.DuckDBPyConnection, day: datetime.date, **regions: int) -> None:
    for region, amount in regions.items():
        db.execute("insert into fct_sales_daily values (?, ?, 'shop', 'r', 'milk', 'powder', ?)", [day, region, amount])


def test_attainment_falls_by_what_a_region_gave_back_and_by_a_goal_that_was_raised(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """
    By 15 June four regions had sold 100 each of a goal of 1,000: 0.4. Since then 80 came back in the west, and the goal
    is 1,250: 320 / 1,250 = 0.256. By sales −80 × (1/1,250 + 1/1,000) / 2 = −0.072, by the goal 360 × (0.0008 − 0.001) =
    −0.072; together −0.144.
    """
    goal(db, "t", 1250, 320)
    sales(db, datetime.date(2026, 6, 10), east=100, north=100, south=100, west=100)
    sales(db, datetime.date(2026, 6, 20), west=-80)
    said(db, "quota_attainment", "total", "total", (320, 1250), (400, 1000))
    rows = causes(db, level("quota_attainment", "0.256", "0.4"))
    assert [(row.cell, row.contribution_value) for row in rows] == [
        ("region=west", Decimal("-0.072")), ("term=goal", Decimal("-0.072")), ("", 0),
    ]  # fmt: skip
    assert (rows[0].actual_value, rows[0].forecast_value) == (20, 100)
    assert rows[0].text_en == "region West: −7.20 pp, 50 % of the change, from 100 to 20."
    assert rows[1].text_zh == "目标值：−7.20 个百分点，占变化的 50%，由 1,000 变为 1,250。"
    assert rows[2].text_en == "Target attainment fell by 14.40 pp, from 40.00 % to 25.60 %."


def test_what_became_known_late_of_the_days_before_is_a_term_of_its_own(db: duckdb.DuckDBPyConnection) -> None:
    """
    40,000 was published a week before; by what is known now it was 34,000, for 6,000 of the east was cancelled since,
    and the west gave back 2,000: 32,000 of 100,000. −0.06 by what was restated, −0.02 by the west.
    """
    goal(db, "t", 100_000, 32_000, due_on=datetime.date(2026, 6, 21))
    sales(db, datetime.date(2026, 6, 22), south=5_000)  # after the goal was due
    sales(db, datetime.date(2026, 6, 10), east=4_000, north=10_000, south=10_000, west=10_000)
    sales(db, datetime.date(2026, 6, 20), west=-2_000)
    said(db, "quota_attainment", "target", "t", (32_000, 100_000), (40_000, 100_000))
    rows = causes(db, level("quota_attainment", "0.32", "0.4", "target", "t"))
    told = {row.cell: (row.contribution_value, row.actual_value, row.forecast_value) for row in rows[:-1]}
    assert told == {
        "target=t&term=restated": (Decimal("-0.06"), 34_000, 40_000),
        "region=west&target=t": (Decimal("-0.02"), 8_000, 10_000),
    }  # fmt: skip
    assert rows[0].text_en == (
        "what counts of the days before by what is known now: −6.00 pp, 75 % of the change, from 40,000 to 34,000."
    )


def test_goals_of_regions_count_together_each_from_its_own_day(db: duckdb.DuckDBPyConnection) -> None:
    """
    East from 1 June, north from 8 June, 500 each: what the north sold on 3 June counts for no goal. 200 + 100 by 15
    June, and 60 came back in the east since: 240 / 1,000 after 300 / 1,000.
    """
    goal(db, "e", 500, 140, scope_dimension="region", scope_value="east")
    north = {"scope_dimension": "region", "scope_value": "north", "starts_on": datetime.date(2026, 6, 8)}
    goal(db, "n", 500, 100, **north)
    sales(db, datetime.date(2026, 6, 3), east=100, north=999)
    sales(db, datetime.date(2026, 6, 10), east=100, north=100)
    sales(db, datetime.date(2026, 6, 20), east=-60)
    said(db, "quota_attainment", "total", "total", (240, 1000), (300, 1000))
    first, rest = causes(db, level("quota_attainment", "0.24", "0.3"))
    assert (first.contribution_value, rest.contribution_value) == (Decimal("-0.06"), 0)
    # two cells alone are too few to tell noise from a cause: then all that was reached is the term
    assert (first.cell, first.actual_value, first.forecast_value) == ("term=reached", 240, 300)


def test_a_goal_on_a_rate_has_the_cells_of_that_rate(db: duckdb.DuckDBPyConnection) -> None:
    """
    The goal is to win 0.6. By 15 June 30 of 40 deals of each of four regions and two lines were won, 0.75: 1.25 of the
    goal. Since then the south lost 32 of each line, so the rate is 240 / 384 = 0.625: 1.041666… of the goal.
    """
    goal(db, "w", "0.6", "0.625", metric_id="win_rate")
    for at, region in enumerate(("east", "north", "south", "west")):
        for line, (day, won, count) in product(("milk", "care"), ((10, 30, 40), (20, 0, 32 * (region == "south")))):
            db.execute(
                "insert into fct_opportunities select ? || n, ?, ?, ?, 'r', ?, 'c', if(n < ?, 'won', 'lost'), 1, null "
                "from range(?) as t(n)",
                [f"{at}{line}{day}-", datetime.date(2026, 6, day), MONDAY, region, line, won, count],
            )
    said(db, "quota_attainment", "target", "w", ("0.625", "0.6"), ("0.75", "0.6"))
    alert = level("quota_attainment", Fraction(625, 600), Fraction(75, 60), "target", "w")
    first, *_ = causes(db, alert)
    assert (first.cell, first.forecast_value) == ("region=south&target=w", Decimal("0.75"))
    assert first.actual_value == Decimal("0.41666667")


def test_where_lower_is_better_more_of_it_is_less_reached(db: duckdb.DuckDBPyConnection) -> None:
    """From 45 days to 30, at 36 it is 9 / 15 and at 39 it is 6 / 15: −0.2, of which nothing is cut: it is a median."""
    goal(db, "d", 30, 39, metric_id="first_order_cycle_days", direction="down", baseline_value=45)
    said(db, "quota_attainment", "target", "d", (6, 15), (9, 15))
    first, rest = causes(db, level("quota_attainment", "0.4", "0.6", "target", "d"))
    assert (first.cell, first.contribution_value) == ("target=d&term=reached", Decimal("-0.2"))
    assert rest.contribution_value == 0
    (row,) = causes(db, replace(level("quota_attainment", "0.4", "0.6", "target", "d"), direction="rise"))
    assert row.text_en.startswith("It is no further from its goal than in the comparable period before")
    pace = replace(level("quota_attainment", "0.4", "0.6", "target", "d"), base_value=None, held_value=Decimal("0.7"))
    (row,) = causes(db, pace)
    assert row.text_en.startswith("There is no earlier figure to compare it with, and how far a goal is behind")
    assert row.text_en.endswith("It is 30.00 pp below the 70.00 % that was expected.") and row.contribution_value == 0
    (row,) = causes(db, level("quota_attainment", "0.4", "0.6", "target", "band"))
    assert row.text_en.startswith("A band, or a goal without a baseline")


def test_coverage_is_told_goal_by_goal_or_by_what_stands_above_and_below(db: duckdb.DuckDBPyConnection) -> None:
    """
    Ten goals of regions miss 100 each and have 300 of open deals; one has 100 left: 2,800 / 1,000 after 3. Of the one:
    100 / 100 after 300 / 100. A goal that is met has deals that cover nothing.
    """
    for at in range(11):
        goal(db, f"g{at}", 500, 400, scope_dimension="region", scope_value=f"r{at}")
        met = at == 10
        now, before = (100 if at == 3 else 300), 300
        said(db, "pipeline_coverage_ratio", "target", f"g{at}", (now, 0 if met else 100), (before, 0 if met else 100))
    first, rest = causes(db, level("pipeline_coverage_ratio", "2.8", 3))
    assert (first.cell, first.contribution_value, rest.contribution_value) == ("target=g3", Decimal("-0.2"), 0)
    assert (first.text_en, first.text_zh[:10]) == (
        "goal Goal g3: −0.20 (−0.20 by its ratio, 0.00 by its weight), 100 % of the change, from 3.00 to 1.00.",
        "目标「目标g3」：−",
    )
    first, rest = causes(db, level("pipeline_coverage_ratio", 1, 3, "target", "g3"))
    assert (first.cell, first.contribution_value) == ("target=g3&term=open_deals", -2)
    assert first.text_zh == "可在期限内关闭的未决商机：−2.00，占变化的 100%，由 300 变为 100。"


def test_open_deals_of_a_goal_are_cut_by_what_they_were_a_week_before(db: duckdb.DuckDBPyConnection) -> None:
    """
    Of a goal of June 1,000 is missing. Eight regions and two lines had 10 deals of 100 each open on 15 June, and one of
    100 that should have closed by the 10th is open still: 16,100 / 1,000 = 16.1. Since then r3 lost 15 of its 20. 300
    more was published then: a deal that was moved beyond the goal since. 14,600 / 1,000 = 14.6 = 16.4 − 1.5 − 0.3. A
    deal that should have closed in May, closes in July, or nobody knows when, covers nothing.
    """
    db.execute("insert into dim_sales_reps values ('r', 'Name', 'team', 'sales', 'east', 'boss')")
    db.execute(f"""
        insert into fct_opportunities select r || line || n, if(is_lost, date '2026-06-18', null), date '2026-06-01', r,
            'r', line, 'c1', if(is_lost, 'lost', 'open'), 100, date '2026-06-29'
        from (
            select r, line, n, r = 'r3' and n < if(line = 'milk', 8, 7) as is_lost
            from (values {EIGHT}) as regions(r), (values ('milk'), ('care')) as lines(line), range(10) as deals(n)
        )
    """)
    for amount, expected in ((100, "2026-06-10"), (300, "2026-05-31"), (300, "2026-07-09"), (300, None)):
        db.execute(
            "insert into fct_opportunities values "
            "('d', null, date '2026-05-01', 'r1', 'r', 'milk', 'c1', 'open', ?, ?)",
            [amount, expected],
        )
    goal(db, "t", 9000, 8000)
    said(db, "pipeline_coverage_ratio", "target", "t", (14_600, 1000), (16_400, 1000))
    said(db, "pipeline_coverage_ratio", "total", "total", (14_600, 1000), (16_400, 1000))
    for member in ({}, {"dimension": "target", "member": "t"}):
        lost, moved, rest = causes(db, level("pipeline_coverage_ratio", "14.6", "16.4", **member))
        end = "&target=t" if member else ""
        assert (lost.cell, lost.contribution_value) == (f"region=r3{end}", Decimal("-1.5"))
        assert (lost.actual_value, lost.forecast_value) == (500, 2000)
        assert (moved.cell, moved.contribution_value) == (f"{end[1:]}{'&' * bool(end)}term=restated", Decimal("-0.3"))
        assert (moved.actual_value, moved.forecast_value, rest.contribution_value) == (16_100, 16_400, 0)


def test_what_was_restated_of_sales_and_of_open_deals_is_not_one_cause(db: duckdb.DuckDBPyConnection) -> None:
    """Of a goal 8,500 were reached and are 8,000 by what is known now; 300 of deals were open then, and are 100."""
    goal(db, "t", 9000, 8000)
    sales(db, datetime.date(2026, 6, 10), east=8000)
    said(db, "quota_attainment", "target", "t", (8000, 9000), (8500, 9000))
    db.execute("insert into dim_sales_reps values ('r', 'Name', 'team', 'sales', 'east', 'boss')")
    db.execute(
        "insert into fct_opportunities values ('d', null, date '2026-06-01', 'east', 'r', 'milk', 'c1', 'open', 100, "
        "date '2026-06-29')"
    )
    said(db, "pipeline_coverage_ratio", "target", "t", (100, 1000), (300, 1000))
    reached = causes(db, level("quota_attainment", Fraction(8000, 9000), Fraction(8500, 9000), "target", "t"))
    covered = causes(db, level("pipeline_coverage_ratio", "0.1", "0.3", "target", "t"))
    assert reached[0].cell == covered[0].cell == "target=t&term=restated"
    assert {row.cause_key for row in reached} == {f"{TODAY}|{TODAY}|quota_attainment|target=t&term=restated"}
    assert {row.cause_key for row in covered} == {f"{TODAY}|{TODAY}|pipeline_coverage_ratio|target=t&term=restated"}


def test_a_goal_of_one_seller_is_no_cell(db: duckdb.DuckDBPyConnection) -> None:
    for at in range(10):
        goal(db, f"g{at}", 500, 400, scope_dimension="rep", scope_value=f"s{at}")
        said(db, "pipeline_coverage_ratio", "target", f"g{at}", (100 if at == 3 else 300, 100), (300, 100))
    said(db, "pipeline_coverage_ratio", "total", "total", (2800, 1000), (3000, 1000))
    first, _ = causes(db, level("pipeline_coverage_ratio", "2.8", 3))
    assert (first.cell, first.contribution_value) == ("term=open_deals", Decimal("-0.2"))


def test_where_nothing_was_missing_before_coverage_has_no_change(db: duckdb.DuckDBPyConnection) -> None:
    said(db, "pipeline_coverage_ratio", "target", "g", (100, 50), (300, 0))
    (row,) = causes(db, replace(level("pipeline_coverage_ratio", 2, 3, "target", "g"), base_value=None))
    assert row.text_en.startswith("There was nothing to divide by on 2026-06-15: 300 / 0")
    assert row.contribution_value == 0


def test_the_customers_whose_share_grew_are_the_concentration(db: duckdb.DuckDBPyConnection) -> None:
    """
    In May 30, 20, 10 and 40 others of 1: 60 of 100. In June c1 bought 100 more, and c4, one of the others, 14: of 214
    the three have 130 + 20 + 15 = 165. c1 130/214 − 0.3, c2 20/214 − 0.2, c4 15/214 from nothing, c3 −0.1.
    """
    for customer, amount in {"c1": 30, "c2": 20, "c3": 10, **{f"c{n}": 1 for n in range(4, 44)}}.items():
        bought(db, customer, datetime.date(2026, 5, 10), amount=amount)
    bought(db, "c1", datetime.date(2026, 6, 10), amount=100)
    bought(db, "c4", datetime.date(2026, 6, 10), amount=14)
    db.execute(
        "insert into fct_returns values ('old', 'o', 1, date '2024-01-01', 'c1', 'p1', 'r', 'east', 'shop', 9, false)"
    )
    rows = causes(db, monthly(db, "top3_customer_share", f"{Decimal(165) / 214:.8f}", "0.6"))
    expected = {
        "customer=c1": Fraction(130, 214) - Fraction(3, 10), "customer=c2": Fraction(20, 214) - Fraction(1, 5),
        "customer=c3": -Fraction(1, 10), "customer=c4": Fraction(15, 214), "": Fraction(),
    }  # fmt: skip
    assert {row.cell: row.contribution_value for row in rows} == {
        cell: pytest.approx(Decimal(part.numerator) / part.denominator, abs=Decimal("0.00000003"))
        for cell, part in expected.items()
    }
    assert rows[0].text_en == "customer c1: +30.75 pp, 180 % of the change, from 30.00 % to 60.75 %."
    shares = [Fraction(each, 214) for each in (130, 20, 10, 15, *[1] * 39)]
    index, was = sum(10_000 * share**2 for share in shares), 900 + 400 + 100 + 40
    rows = causes(db, monthly(db, "customer_hhi", f"{float(index):.8f}", f"{was}"))
    assert rows[0].cell == "customer=c1" and rows[0].forecast_value == 900
    (row,) = causes(db, monthly(db, "top3_customer_share", "0.5", "0.4"))
    assert "do not give its figure" in row.text_en
    db.execute("delete from fct_order_lines where order_date < date '2026-06-01'")
    (row,) = causes(db, replace(monthly(db, "top3_customer_share", "1", "0"), base_value=None))
    assert row.text_en.startswith("No customer bought anything in the year up to 2026-05-31")


def test_the_index_of_concentration_is_of_the_whole_of_its_metric(db: duckdb.DuckDBPyConnection) -> None:
    """
    In May a and b bought 100 each, and 100 nobody knows who: 10,000 × 2 / 9. In June a bought 200 more: 300, 100 and
    100 of 500 are 10,000 × (9 + 1) / 25 = 4,000. a 3,600 − 1,111.1111, b 400 − 1,111.1111. Of a line nothing else.
    """
    for customer in ("a", "b", "unknown"):
        bought(db, customer, MAY, amount=100)
    bought(db, "a", JUNE, amount=200)
    for member in ({}, {"dimension": "product_line", "member": "milk"}):
        first, second, rest = causes(db, monthly(db, "customer_hhi", "4000", "2222.22222222", **member))
        assert [(row.cell.removeprefix("product_line=milk&"), row.contribution_value) for row in (first, second)] == [
            ("customer=a", Decimal("2488.88888889")), ("customer=b", Decimal("-711.11111111")),
        ]  # fmt: skip
        assert (first.actual_value, second.actual_value, rest.contribution_value) == (3600, 400, 0)


def test_who_sent_back_more_than_was_bought_is_in_the_whole_if_the_metric_says_so(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """By May a had 300, b 100, c 30 and nobody known 100, of 530; in June c sent back 80. a had 10,000 × (300/530)²."""
    for customer, amount in (("a", 300), ("b", 100), ("c", 30), ("unknown", 100)):
        bought(db, customer, MAY, amount=amount)
    db.execute(
        f"insert into fct_returns values ('r', 'o', 1, date '{JUNE}', 'c', 'p1', 'r', 'east', 'shop', 80, false)"
    )
    figures = []
    for last in (JUNE, MAY):
        year = f"(select * from {lay_out(db, 'sales')} where row_date between date '{last}' - 364 and date '{last}')"
        figures.append(str(db.execute(FOLDS["concentration"].format(rows=year)).fetchall()[0][2]))
    assert figures[1] == "3592.02563190"  # 10,000 × (90,000 + 10,000 + 900) / 280,900
    first, second, *_ = causes(db, monthly(db, "customer_hhi", *figures))
    assert (first.cell, second.cell) == ("customer=a", "customer=b")
    assert first.forecast_value == Decimal("3203.98718405")


def test_the_oldest_source_is_the_age_of_all_and_one_that_landed_took_its_part(db: duckdb.DuckDBPyConnection) -> None:
    """
    crm 30 h after 4, shop 2 h after 10, dms 1 h both times: 30 after 10. crm alone would have made it max(30, 10) −
    10 = 20, last 30 − max(4, 2) = 26: 23. shop alone max(4, 2) − 10 = −6, last 0: −3. 23 − 3 = 20.
    """
    for source, now, before in (("crm", 30, 4), ("shop", 2, 10), ("dms", 1, 1)):
        said(db, "source_freshness_hours", "source", source, (now, None), (before, None))
    rows = causes(db, level("source_freshness_hours", 30, 10))
    assert [(row.cell, row.contribution_value) for row in rows] == [("source=crm", 23), ("source=shop", -3), ("", 0)]
    assert rows[0].text_zh == "来源「crm」：+23.00 小时，占变化的 115%，由 4.00 小时 变为 30.00 小时。"


def regions_of_heads(db: duckdb.DuckDBPyConnection) -> None:
    """Eight regions of 10 heads (300 of June's 30 days, 310 of May's 31) sold 1,000 each: 100 a head. In June r3 sold
    200: 7,200 / 80 = 90."""
    for at in range(8):
        for month, days in (("2026-06", 300), ("2026-05", 310)):
            first = datetime.date.fromisoformat(f"{month}-01")
            db.execute("insert into fct_rep_months values (?, ?, ?, ?, true)", [first, f"s{at}", f"r{at}", days])
            bought(db, "c1", first, f"r{at}", amount=200 if (at, month) == (3, "2026-06") else 1000)


def counted(alert: Question, times: str, base: str) -> Question:
    """The alert, where the period before counts so many times, for it had fewer workdays."""
    return replace(alert, base_rate=Decimal(times), base_value=Decimal(base))


def test_revenue_per_head_is_cut_by_the_region_of_sales_and_of_heads(db: duckdb.DuckDBPyConnection) -> None:
    """What r3 has in it, its w̄ Δr, is 1/8 × −80 = −10."""
    regions_of_heads(db)
    first, rest = causes(db, monthly(db, "revenue_per_head", "90", "100"))
    assert (first.cell, first.contribution_value, rest.contribution_value) == ("region=r3", -10, 0)
    assert (first.actual_value, first.forecast_value) == (20, 100)


def test_revenue_per_head_is_cut_beside_what_fewer_workdays_would_have_sold(db: duckdb.DuckDBPyConnection) -> None:
    """
    19 workdays of May count as June's 21, 1.10526316 times: 90 after 110.526316. r3 went from 110.526316 to 20, 1/8 of
    which is −11.3157895; the other seven went down by 10.526316 each, −9.2105265 of all. Another figure is refused.
    """
    regions_of_heads(db)
    alert = counted(monthly(db, "revenue_per_head", "90", "100"), "1.10526316", "110.526316")
    first, rest = causes(db, alert)
    assert (first.cell, first.contribution_value) == ("region=r3", Decimal("-11.3157895"))
    assert (first.actual_value, first.forecast_value) == (20, Decimal("110.526316"))
    assert (first.rate_effect_value, first.mix_effect_value) == (Decimal("-11.3157895"), 0)
    assert rest.contribution_value == Decimal("-9.2105265")
    event(db, "m1", region_key="r3", category="all", starts_date=datetime.date(2026, 6, 1), ends_date=None)
    (around,) = events_around(db, [alert], {alert.incident_key: [(1, {"region": "r3"})]}, "CNY")
    assert around.share_rate == Decimal("0.55128205")  # 11.3157895 of 20.526316
    # r3 from 100 to 20, the others at 100 as before
    assert "该范围相对其余变动 −80.00 CNY；" in around.text_zh
    assert "The figure there moved by −80.00 CNY against the rest; of 7 like it" in around.text_en
    (row,) = causes(db, counted(alert, "1", "110.526316"))
    assert "do not give what it was in the period before" in row.text_en


def per_head_of_the_east(db: duckdb.DuckDBPyConnection) -> Question:
    """1,200 / 12 in June after 1,000 / 8 in May."""
    for day, above, below in ((JUNE.replace(day=1), 1200, 12), (MAY.replace(day=1), 1000, 8)):
        db.execute(
            "insert into kpi_values values ('revenue_per_head', 'month', ?, 'region', 'east', ?, ?), "
            "('revenue_per_head', 'quarter', ?, 'region', 'east', 9, 7)",
            [day, above, below, day],
        )
    return monthly(db, "revenue_per_head", "100", "125", dimension="region", member="east")


def test_revenue_per_head_of_one_region_is_told_by_sales_and_heads(db: duckdb.DuckDBPyConnection) -> None:
    """Sales 200 × (1/12 + 1/8) / 2 = 20.8333, heads 1,100 × (1/12 − 1/8) = −45.8333."""
    heads, sold, rest = causes(db, per_head_of_the_east(db))
    assert (heads.cell, heads.contribution_value) == ("region=east&term=heads", Decimal("-45.83333333"))
    assert (sold.cell, sold.contribution_value) == ("region=east&term=sales", Decimal("20.83333333"))
    assert heads.text_zh == "平均在岗销售人数：−45.83 CNY，占变化的 183%，由 8 变为 12。"
    assert rest.contribution_value == 0


def test_sales_per_head_of_one_region_count_as_its_days_did(db: duckdb.DuckDBPyConnection) -> None:
    """
    The sales of May count 1.10526316 times, 1,105.26316: 100 after 138.157895. Sales 94.73684 × (1/12 + 1/8) / 2 =
    9.86842083, heads 1,152.63158 × (1/12 − 1/8) = −48.02631583; together −38.157895.
    """
    alert = counted(per_head_of_the_east(db), "1.10526316", "138.157895")
    heads, sold, rest = causes(db, alert)
    assert (heads.cell, heads.contribution_value) == ("region=east&term=heads", Decimal("-48.02631583"))
    assert (sold.cell, sold.contribution_value) == ("region=east&term=sales", Decimal("9.86842083"))
    assert (sold.actual_value, sold.forecast_value) == (1200, Decimal("1105.26316"))
    assert rest.contribution_value == 0


PAIRS = st.tuples(st.integers(0, 10**6), st.integers(1, 10**6))


@settings(max_examples=8, deadline=None)
@given(PAIRS, PAIRS)
def test_two_terms_are_the_change_to_the_last_place(now: tuple[int, int], before: tuple[int, int]) -> None:
    db = company()
    db.execute(TABLES)
    said(db, "dealer_days_of_supply", "dealer", "d", now, before)
    figures = [Fraction(*each) for each in (now, before)]
    rows = causes(db, level("dealer_days_of_supply", *figures, "dealer", "d"))
    assert rows[-1].is_residual and abs(rows[-1].contribution_value) < Decimal("0.0000001")
