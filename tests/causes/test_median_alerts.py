"""Behind an alert on a median are cells of the rows that it was taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import duckdb
import pytest
from alert_marts import MONDAY, asked, company

from sales_warehouse.causes.alerts import CauseRow, explain_alerts, why_alert
from sales_warehouse.causes.questions import Question

# Sixty leads a week of each region and channel; the i-th of them waits i/10 hours and a little that tells the cells
# apart. Of each cell the last two have not been answered yet.
LEADS = """
alter table fct_opportunities add column lead_key varchar;
alter table fct_opportunities add column win_cycle_days bigint;
insert into dim_sales_reps select 'rep-' || region_key, 'Name', 'team', 'sales', region_key, 'boss' from dim_regions;
create table fct_leads as select region_key || channel || day || '-' || i as lead_key, 'c' || i as customer_key,
    'crm' as source, date '{monday}' + day as created_date, channel, 'rep-' || region_key as rep_key, region_key, i
from dim_regions, dim_channels, (values (-7), (0)) as days(day), range(1, 61) as leads(i);
insert into dim_customers select 'c' || i, 'Name', if(i % 2 = 0, 'food', 'toys'), 'small', 'A', 'east'
from range(1, 61) as leads(i);
create table fct_lead_responses as select lead_key, created_date, channel, 'team' as team, rep_key,
    i <= 58 as is_answered, cast(i / 10 + len(region_key || channel) / 1000 as decimal(18, 6)) as waited_hours
from fct_leads;
"""


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    found = company()
    found.execute(LEADS.format(monday=MONDAY))
    return found


def slower(db: duckdb.DuckDBPyConnection, where: str, times: int) -> None:
    db.execute(
        f"update fct_lead_responses set waited_hours = waited_hours * {times} "
        f"where created_date = date '{MONDAY}' and {where}"
    )


def response_of(db: duckdb.DuckDBPyConnection, dimension: str = "total", member: str = "total") -> Question:
    """The alert on first responses; nobody is lost sight of before the middle, so that it is the middle of all."""
    column = {"total": "'total'"}.get(dimension, dimension)
    values = [
        db.execute(
            f"select quantile_disc(waited_hours, 0.5) from fct_lead_responses where created_date = ? and {column} = ?",
            [day, member],
        ).fetchone()[0]  # type: ignore[index]
        for day in db.execute("select distinct created_date from fct_lead_responses order by 1 desc")
        .fetchnumpy()["created_date"]
        .tolist()
    ]
    return asked("lead_first_response_hours", values, dimension=dimension, member=member)


def causes(db: duckdb.DuckDBPyConnection, alert: Question) -> Sequence[CauseRow]:
    found = list(explain_alerts(db, [alert], "CNY"))
    assert sum(row.contribution_value for row in found) == alert.change
    return found


def test_the_region_whose_leads_wait_longer_is_found_and_said_in_words(db: duckdb.DuckDBPyConnection) -> None:
    slower(db, "rep_key = 'rep-south'", 4)
    alert = response_of(db)
    first, rest = causes(db, alert)
    assert (first.cell, first.region_key, rest.cause_number) == ("region=south", "south", 0)
    assert (first.rate_effect_value, first.mix_effect_value) == (first.contribution_value, 0)
    # Of south's 120 the 60th waits 3.0 hours and a little, and now four times that.
    assert (first.forecast_value, first.actual_value) == (Decimal("3.009"), Decimal("12.036"))
    part = f"{first.contribution_value:.2f}"
    assert first.contribution_value == alert.change > 0
    assert first.text_zh == (
        f"大区「华南」由 3.01 小时升至 12.04 小时，贡献 +{part} 小时（时长影响 +{part} 小时，结构影响 0.00 小时），"
        "占变化的 100%。"
    )
    assert first.text_en == (
        f"region South went from 3.01 hours to 12.04 hours: +{part} hours (+{part} hours by its durations, 0.00 hours "
        "by its weight), 100 % of the change."
    )
    assert rest.text_en.startswith("Lead first response rose by")


def test_within_the_member_of_an_alert_a_combination_is_found(db: duckdb.DuckDBPyConnection) -> None:
    slower(db, "rep_key = 'rep-north' and cast(split_part(lead_key, '-', -1) as int) % 2 = 0", 20)
    first, rest = causes(db, response_of(db, "channel", "web"))
    assert (first.cell, first.channel) == ("region=north&channel=web&industry=food", "web")
    assert rest.cell == "channel=web"


def test_where_all_regions_got_slower_alike_none_is_named(db: duckdb.DuckDBPyConnection) -> None:
    slower(db, "true", 3)
    (rest,) = causes(db, response_of(db))
    assert rest.is_residual and "No single cell stands out" in rest.text_en


@pytest.mark.parametrize("change", [{"value": Decimal(99)}, {"base_value": Decimal(99)}], ids=["now", "before"])
def test_rows_that_do_not_give_both_figures_are_not_told_of(db: duckdb.DuckDBPyConnection, change: dict) -> None:
    slower(db, "rep_key = 'rep-south'", 4)
    (row,) = causes(db, replace(response_of(db), **change))
    assert "do not give" in row.text_en and ("in the period before" in row.text_en) == ("base_value" in change)


def test_where_there_was_no_median_before_it_is_said_why(db: duckdb.DuckDBPyConnection) -> None:
    alert = replace(response_of(db), base_value=None)
    (row,) = causes(db, alert)
    assert row.text_en == "There is nothing to compare with."  # a week of holidays has a median, and is not compared
    db.execute(f"update fct_lead_responses set is_answered = false where created_date < date '{MONDAY}'")
    (row,) = causes(db, alert)
    assert row.text_en == (
        "More than half of the 480 in the period 2026-06-15 to 2026-06-21 have not ended, so they have no median and "
        "there is no change to share out."
    )
    assert row.text_zh == (
        "基期（2026-06-15 至 2026-06-21）的 480 条记录有半数以上尚未结束，没有中位数，因此没有可分摊的变化。"
    )
    db.execute(f"delete from fct_lead_responses where created_date < date '{MONDAY}'")
    (row,) = causes(db, alert)
    assert row.text_en.startswith("There was nothing to take a median of in the period 2026-06-15 to 2026-06-21")
    db.execute("delete from fct_lead_responses")
    (row,) = causes(db, alert)
    assert "do not give its figure" in row.text_en


def test_deals_won_are_cut_by_the_channel_of_their_lead_and_have_a_plain_median(db: duckdb.DuckDBPyConnection) -> None:
    """What came in online takes twice as long, which no dimension of kpi_values tells."""
    db.execute(f"""insert into fct_opportunities select 'd' || lead_key, created_date, created_date, region_key,
        rep_key, 'milk', customer_key, 'won', 1, lead_key,
        if(channel = 'web' and created_date = date '{MONDAY}', 2, 1) * (20 + i % 20) from fct_leads""")
    figures = db.execute(
        "select median(win_cycle_days) from fct_opportunities group by closed_date order by closed_date desc"
    ).fetchall()
    first, _ = causes(db, asked("win_cycle_days", [f"{value}" for (value,) in figures]))
    assert (first.cell, first.actual_value, first.forecast_value) == ("channel=web", 59, Decimal("29.5"))


def test_the_command_says_where_the_cells_are_of_durations_that_are_not_published(
    db: duckdb.DuckDBPyConnection,
) -> None:
    slower(db, "rep_key = 'rep-south'", 4)
    alert = response_of(db)
    db.execute(f"""create table alert_metrics as select 'slow' as incident_key, 'critical' as severity,
        'percent_change' as kind, 'rise' as direction, 'lead_first_response_hours' as metric_id,
        'total' as dimension_name, 'total' as dimension_value, 'week' as period_grain,
        date '{MONDAY}' as period_start_date, date '{MONDAY}' + 6 as period_end_date,
        date '{MONDAY}' - 7 as base_start_date, date '{MONDAY}' - 1 as base_end_date, {alert.value} as value,
        {alert.base_value} as base_value, 1 as base_rate, {alert.base_value} as compared_value,
        null as threshold_value""")
    with_people = why_alert(db, "slow", currency="CNY").sentences("en")
    assert with_people[1].startswith(("region South", "seller"))
    db.execute("drop table fct_lead_responses")
    with pytest.raises(LookupError, match="alert_causes"):
        why_alert(db, "slow", currency="CNY")
