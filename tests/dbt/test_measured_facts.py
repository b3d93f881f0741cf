"""The facts that alerts are explained by give the figures of kpi_values."""

from __future__ import annotations

import datetime
from fractions import Fraction

import duckdb
import pytest

from sales_warehouse.causes.durations import WAITED, read_rows
from sales_warehouse.causes.measured import Span, are_there, cuts_shared, measure_cells, parts_of
from sales_warehouse.causes.questions import AGREES
from sales_warehouse.home import Home
from sales_warehouse.metrics import registry
from sales_warehouse.metrics.relations import tell

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
        tell(db, datetime.date(2026, 7, 1), time_zone="Asia/Shanghai")
        figures = db.execute(FIGURES, {"metric": metric}).fetchall()
        for starts_on, ends_on, dimension, member, value in figures[:60]:
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
