"""The facts that alerts are explained by give the figures of kpi_values."""

from __future__ import annotations

import datetime
from collections import defaultdict
from fractions import Fraction

import duckdb
import pytest

from sales_warehouse.causes.alerts import CauseRow, explain_alerts
from sales_warehouse.causes.durations import WAITED, read_rows
from sales_warehouse.causes.measured import Span, are_there, cuts_shared, measure_cells, parts_of
from sales_warehouse.causes.questions import AGREES, Question
from sales_warehouse.home import Home
from sales_warehouse.metrics import registry
from sales_warehouse.metrics.relations import tell

BUSINESS_DATE = datetime.date(2026, 7, 1)
MEASURED = [name for name in registry() if parts_of(name)]
FIGURES = """
    select period_start_date, least(period_end_date, date '2026-07-01'), dimension_name, dimension_value, value
    from (
        select *, cast(case period_grain
            when 'day' then period_start_date when 'week' then period_start_date + 6
            when 'month' then period_start_date + interval 1 month - interval 1 day
            else period_start_date + interval 3 month - interval 1 day
        end as date) as period_end_date
        from kpi_values
    ) where metric_id = $metric and period_grain <> 'all' and coalesce(denominator, 1) <> 0 and value <> 0
    order by all
"""


@pytest.mark.slow
@pytest.mark.parametrize("metric", MEASURED)
def test_the_facts_of_a_metric_give_its_figures(at_once: Home, metric: str) -> None:
    parts = parts_of(metric)
    with duckdb.connect(str(at_once.warehouse_file), read_only=True) as db:
        db.execute("set schema = 'marts'")
        tell(db, BUSINESS_DATE, time_zone="Asia/Shanghai")
        figures = db.execute(FIGURES, {"metric": metric}).fetchall()
        for starts_on, ends_on, dimension, member, value in figures[:60]:
            if dimension in registry()[metric].by_month:  # more members than the facts by day have
                continue
            scope = {} if dimension == "total" else {dimension: member}
            assert not scope or dimension in cuts_shared(parts)
            cells = measure_cells(db, parts, [], [Span("now", starts_on, ends_on)], scope)
            sums = [Fraction(each) for each in db.execute(f"select * exclude (span) from {cells}").fetchall()[0]]
            told = sums[0] / sums[1] if len(sums) > 1 else sums[0]
            agrees = abs(told - Fraction(value)) <= AGREES * max(abs(Fraction(value)), AGREES)
            assert agrees, (starts_on, dimension, member)


@pytest.mark.slow
@pytest.mark.parametrize("metric", WAITED)
def test_the_durations_of_a_metric_give_its_medians(at_once: Home, metric: str) -> None:
    waited = WAITED[metric]
    with duckdb.connect(str(at_once.warehouse_file), read_only=True) as db:
        db.execute("set search_path = 'marts,intermediate'")
        assert are_there(db, waited.tables)
        figures = db.execute(FIGURES, {"metric": metric}).fetchall()
        assert figures
        for starts_on, ends_on, dimension, member, value in figures:
            scope = {} if dimension == "total" else {dimension: member}
            span = Span("now", starts_on, ends_on)
            rows = read_rows(db, waited, [name for name in waited.cuts if name not in scope], (span, span), scope)
            assert rows.figure() == (Fraction(value), Fraction(value)), (starts_on, dimension, member)


@pytest.mark.slow
def test_alerts_of_the_small_company_add_up_and_have_what_happened_around_them(at_once: Home) -> None:
    """North fell from 100 to 85 in the week in which a competitor gave one for one there."""
    with duckdb.connect(str(at_once.warehouse_file), read_only=True) as db:
        db.execute("set schema = 'marts'")
        causes = db.execute(
            "select dimension_value, cause_number, contribution_value, cell from alert_metrics "
            "join alert_causes using (incident_key) where dimension_value = 'north' order by all"
        ).fetchall()
        events = db.execute(
            "select dimension_value, event_key, actor from alert_metrics join alert_events using (incident_key) "
            "order by all"
        ).fetchall()
    assert sum(row[2] for row in causes) == -15 and causes[0][3].startswith("region=north")
    assert {row for row in events if row[2] == "competitor"} == {("north", "planning:M1", "competitor")}


# The newest figures of each metric and dimension beside those of the period before; a level's is what was published.
PAIRS = """
    with figures as (
        select metric_id, period_grain, period_start_date, dimension_name, dimension_value, value from kpi_values
        union all
        select metric_id, period_grain, period_start_date, dimension_name, dimension_value, value from int_levels_told
    ),
    dated as (
        select *, cast(period_start_date + to_days(cast(case period_grain when 'week' then 6 else 0 end as int)) +
            case period_grain when 'month' then interval 1 month - interval 1 day
                when 'quarter' then interval 3 month - interval 1 day else interval 0 day end as date) as end_date
        from figures where period_grain <> 'all' and value is not null
    ),
    beside as (
        select *, lag(value) over members as base_value, lag(period_start_date) over members as base_start_date,
            lag(end_date) over members as base_end_date
        from dated
        window members as (
            partition by metric_id, period_grain, dimension_name, dimension_value order by period_start_date
        )
    )
    select concat_ws('|', metric_id, period_grain, dimension_name, dimension_value, period_start_date), 'critical',
        metric_id, dimension_name, dimension_value, period_start_date, end_date,
        if(value < base_value, 'fall', 'rise'), base_start_date, base_end_date, value, base_value
    from beside where value <> base_value and end_date <= getvariable('business_date')
    qualify row_number() over (
        partition by metric_id, dimension_name order by period_start_date desc, dimension_value, period_grain
    ) <= 3
    order by metric_id, dimension_name, dimension_value, period_grain
"""


# This world keeps no history of its nights: a week before, every level was half of what it is.
HALVED = """
    create temp table int_levels_told as
    select metric_id, period_grain, period_start_date - 7 as period_start_date, dimension_name, dimension_value,
        cast(numerator / 2 as decimal(28, 8)) as numerator, denominator, cast(value / 2 as decimal(28, 8)) as value
    from kpi_values join kpi_metrics using (metric_id) where aggregation = 'latest' and period_grain = 'day'
"""


@pytest.mark.slow
def test_a_change_of_any_figure_is_told_exactly_or_it_is_said_why_not(at_once: Home) -> None:
    """As if there were an alert on each: no facts are unlike their figure, none is broken, and parts are the change."""
    with duckdb.connect(str(at_once.warehouse_file), read_only=True) as db:
        db.execute("set search_path = 'marts,intermediate'")
        wrong, told, asked = judged(db)
    assert not wrong
    assert told == asked >= {
        "repurchase_rate", "quota_attainment", "dealer_days_of_supply", "source_freshness_hours", "customer_hhi",
        "top3_customer_share", "revenue_per_head", "follow_up_interval_hours",
    }  # fmt: skip


def judged(db: duckdb.DuckDBPyConnection) -> tuple[list[tuple[Question, CauseRow]], set[str], set[str]]:
    """Return what is wrong, and the metrics of which some change is explained, of those of which one is asked."""
    tell(db, BUSINESS_DATE, time_zone="Asia/Shanghai")
    db.execute(HALVED)
    asked = [Question(*row) for row in db.execute(PAIRS).fetchall()]
    rows = defaultdict[str, list[CauseRow]](list)
    for row in explain_alerts(db, asked, "CNY"):
        rows[row.incident_key].append(row)
    wrong, told = [], set()
    for alert in asked:
        *_, rest = rows[alert.incident_key]
        is_change = sum(row.contribution_value for row in rows[alert.incident_key]) == alert.change
        if not is_change or "do not give" in rest.text_en or "log of the night" in rest.text_en:
            wrong.append((alert, rest))
        if rest.actual_value is not None:
            told.add(alert.metric_id)
    return wrong, told, {alert.metric_id for alert in asked}
