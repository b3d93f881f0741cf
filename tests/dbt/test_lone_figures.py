"""Figures of goals, metrics and analyses by hand, each from its own models over tables that fit beside it."""

from __future__ import annotations

import datetime
from decimal import Decimal as D
from pathlib import Path

import duckdb
import pytest
from lone_models import VARIABLES, give_hours, give_months, give_rules, on, rows_of, sql_of

from sales_warehouse import metrics
from sales_warehouse.company.funnel import LeadStatuses
from sales_warehouse.metrics import registry
from sales_warehouse.metrics.relations import FOLDS, relation_of

ROWS = Path(metrics.__file__).with_name("sql")
CALENDAR = """create table dim_dates as
    select
        d::date as date_day, date_trunc('week', d)::date as week_start_date,
        date_trunc('month', d)::date as month_start_date, isodow(d) as day_of_week,
        d::date not in {holidays} and isodow(d) < 6 as is_workday, d::date in {holidays} as is_holiday,
        sum(is_workday::bigint) over (order by d)::bigint as workday_number
    from range(date '2025-01-01', date '2027-12-31', interval 1 day) t(d)"""


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(CALENDAR.format(holidays="[date '2026-06-19']"))  # the Dragon Boat of 2026, a Friday
    return connection


# The cohort of each month and of the quarter: half had bought after so many days, and July's after 48 instead of 36.
COHORTS = [("month", "2026-06-01", "2026-06-30", 45), ("month", "2026-08-01", "2026-08-31", 30),
           ("month", "2026-09-01", "2026-09-30", None), ("quarter", "2026-04-01", "2026-06-30", 45),
           ("quarter", "2026-07-01", "2026-09-30", 36)]  # fmt: skip


def first_orders_within_30_days(db: duckdb.DuckDBPyConnection, day: str, july: int = 36) -> tuple:
    """The goal of SPEC: from 45 to 30 days by the end of the third quarter, on the metric as the registry has it."""
    metric = registry()["first_order_cycle_days"]
    given = {
        "metric_id": metric.id, "name_en": metric.name.en, "name_zh": metric.name.zh, "unit": metric.unit,
        "direction": metric.direction, "aggregation": metric.aggregation, "decomposition": metric.decomposition,
        "is_cohort": metric.cohort,
    }  # fmt: skip
    db.execute("create or replace table kpi_metrics as select "
               + ", ".join(f"{value!r} as {name}" for name, value in given.items()))  # fmt: skip
    db.execute("""
        create or replace table int_targets_united as
        select
            'cycle' as target_id, 'company' as source, 'x' as target_name_en, 'x' as target_name_zh,
            'first_order_cycle_days' as metric_id, 'total' as scope_dimension, 'total' as scope_value,
            45::decimal(28, 8) as baseline_value, 30::decimal(28, 8) as target_value,
            null::decimal(28, 8) as upper_value, 'absolute' as target_mode, date '2026-07-01' as starts_on,
            date '2026-09-30' as due_on, 'o' as owner, 'r' as relevance, null::varchar as parent_target_id,
            null::decimal(28, 8) as weight""")
    values = ", ".join(
        f"('first_order_cycle_days', '{grain}', date '{start}', 'total', 'total', 60::decimal(28, 8), "
        f"100::decimal(28, 8), {days or 'null'}::decimal(28, 8), "
        f"coalesce(date '{end}' + {days or 'null'}::int <= date '{day}', false))"
        for grain, start, end, days in [*COHORTS, ("month", "2026-07-01", "2026-07-31", july)]
        if start <= day
    )
    db.execute(
        f"create or replace table int_kpi_values as from (values {values}) v(metric_id, period_grain, "
        "period_start_date, dimension_name, dimension_value, numerator, denominator, value, is_matured)"
    )
    db.execute(
        "create or replace table int_levels_told as select * exclude (is_matured) from int_kpi_values where false"
    )
    with on(day):
        for model in ("defined", "followed", "paced", "measured"):
            rows_of(db, f"int_targets_{model}", "target_id")
        (row,) = rows_of(db, "int_targets_judged", "actual_value, progress_rate, target_status, projected_value")
    return row


def test_the_last_word_of_a_level_may_be_that_there_is_none(db: duckdb.DuckDBPyConnection) -> None:
    """Coverage of 27 June was 40 / 20, then all goals were met: 40 / 0, and no value. Of 26 June it was said before."""
    told = [("26", "v1", 0, None), ("26", "v2", 20, 2), ("27", "v1", 20, 2), ("27", "v2", 0, None)]
    db.execute("create table kpi_metrics as select 'pipeline_coverage_ratio' as metric_id, 'latest' as aggregation")
    put(db, "stg_history__kpi_values", ", ".join(
        f"('pipeline_coverage_ratio', 'day', date '2026-06-{day}', 'total', 'total', 40, {denominator}, "
        f"{value or 'null'}::int, '{version}', {is_gone})"
        for day, version, denominator, value, is_gone in
        [(*row, False) for row in told] + [("27", "v3", 10, 4, True)]
    ), "metric_id, period_grain, period_start_date, dimension_name, dimension_value, numerator, denominator, value, "
       "version, is_gone")  # fmt: skip
    with on("2026-06-28"):
        found = rows_of(db, "int_levels_told", "period_start_date, numerator, denominator, value")
    assert found == [
        (datetime.date(2026, 6, 26), 40, 20, 2), (datetime.date(2026, 6, 27), 40, 0, None),
    ]  # fmt: skip


def test_nothing_is_expected_of_a_customer_that_was_deleted(db: duckdb.DuckDBPyConnection) -> None:
    """It is no dormant customer either; who is not estimated counts in neither."""
    db.execute("""
        create table dim_customers as
        from (values ('a', 'east', false), ('b', 'east', false), ('c', 'west', false), ('gone', 'west', true))
            t(customer_key, region_key, is_deleted);
        create table kpi_customer_lifetime_values as
        from (values ('a', 10), ('b', 30), ('c', null), ('gone', 1000)) t(customer_key, clv_12m_amount)""")
    with on("2026-06-28"):
        found = rows_of(db, "int_kpi_clv_12m", "dimension_name, dimension_value, numerator, denominator, value")
    assert found == [("region", "east", 40, 2, 20), ("total", "total", 40, 2, 20)]


@pytest.mark.parametrize(
    ("days", "progress"), [(36, "0.6"), (30, "1"), (48, "-0.2")], ids=["36 days: 60 %", "30 days: all", "48: backwards"]
)
def test_a_goal_of_a_quarter_is_told_by_the_cohorts_of_its_months(
    db: duckdb.DuckDBPyConnection, days: int, progress: str
) -> None:
    """All of July have had 48 days on 17 September; August's turn comes on 30 September."""
    actual, progress_rate, status, projected = first_orders_within_30_days(db, "2026-09-18", july=days)
    assert (actual, progress_rate, projected) == (D(days), D(progress), D(days))
    assert status == ("met" if days == 30 else "behind")


def test_a_goal_of_cohorts_from_its_first_day_to_its_last_word(db: duckdb.DuckDBPyConnection) -> None:
    told = {day: first_orders_within_30_days(db, day) for day in (
        "2026-09-04", "2026-09-05", "2026-11-04", "2026-11-05",
    )}  # fmt: skip
    assert told == {
        "2026-09-04": (None, None, "no_data", D("45")),
        # July's customers, 36 days after the last of them
        "2026-09-05": (D("36"), D("0.6"), "behind", D("36")),
        # August's, the latest that had 30 days
        "2026-11-04": (D("30"), D("1"), "met", D("30")),
        # all of the quarter
        "2026-11-05": (D("36"), D("0.6"), "missed", D("36")),
    }


def put(db: duckdb.DuckDBPyConnection, table: str, rows: str, columns: str) -> None:
    db.execute(f"create or replace table {table} as from (values {rows}) v({columns})")


def test_a_lead_that_nobody_answered_waits_whether_it_has_a_customer_or_not(db: duckdb.DuckDBPyConnection) -> None:
    """Ten leads without a customer, one of which became a deal after two hours: 1 of 10, and no median yet."""
    db.execute("create table dim_sales_reps as select 'r' as rep_key, 't' as team, 'n' as region_key")
    give_hours(db)
    db.execute("create table fct_touchpoints(customer_key varchar, occurred_at timestamp, direction varchar)")
    db.execute("create table fct_chats(customer_key varchar, first_response_at timestamp)")
    db.execute("""
        create table fct_leads as
        select
            'l' || i as lead_key, 'unknown' as customer_key, 'web' as channel, 'r' as owner_rep_key,
            timestamp '2026-06-09 02:00' as created_at, date '2026-06-09' as created_date,
            case when i = 1 then timestamp '2026-06-09 04:00' end as first_opportunity_at
        from range(10) t(i)""")
    rows_of(db, "fct_lead_responses", "lead_key")
    rows = rows_of(
        db, "int_kpi_lead_first_response_hours", "period_grain, dimension_name, numerator, denominator, value"
    )
    assert {row[0]: row[2:] for row in rows if row[1] == "total"} == {
        "month": (D("1"), D("10"), None), "week": (D("1"), D("10"), None),
    }  # fmt: skip


def test_a_deal_that_closes_after_the_business_date_is_in_no_period(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("create table dim_sales_reps as select 'r' as rep_key, 't' as team, 'm' as manager_rep_key")
    put(db, "fct_opportunities", """
        ('a', date '2026-06-20', 'won', 10, 100.0, 'r', 'n', 'p'),
        ('b', date '2026-06-29', 'won', 100, 100.0, 'r', 'n', 'p'),
        ('c', date '2026-06-30', 'won', 200, 100.0, 'r', 'n', 'p')""",
        "opportunity_key, closed_date, opportunity_status, win_cycle_days, amount, owner_rep_key, region_key, "
        "product_line")  # fmt: skip
    rows_of(db, "int_kpi_closed_opportunities", "opportunity_key")
    found = rows_of(db, "int_kpi_win_cycle_days", "period_grain, dimension_name, numerator, denominator, value")
    assert {row[0]: row[2:] for row in found if row[1] == "total"} == dict.fromkeys(
        ("month", "quarter", "all"), (D("10"), D("1"), D("10"))
    )


def funnel(db: duckdb.DuckDBPyConnection) -> list[tuple]:
    put(db, "stg_settings__lead_statuses", ", ".join(str(row) for row in LeadStatuses(lost=("Kalt",)).rows()),
            "status_word, is_lost")  # fmt: skip
    db.execute(
        "create table stg_settings__funnel as select 90 as maturity_days, 3.5 as odd_score, 50 as odd_minimum_entered"
    )
    db.execute(
        "create table if not exists int_orders_keyed("
        "order_key varchar, opportunity_key varchar, order_date date, is_cancelled bool)"
    )
    db.execute(
        "create table if not exists fct_order_lines(order_key varchar, net_amount decimal(18, 4), is_cancelled bool)"
    )
    db.execute(
        "create table if not exists fct_invoices("
        "invoice_key varchar, order_key varchar, due_date date, amount decimal(18, 4))"
    )
    db.execute("create table if not exists int_deal_stages_placed(stage varchar, beside_count bigint)")
    db.execute("create table if not exists fct_payments(order_key varchar, paid_date date, amount decimal(18, 4))")
    rows_of(db, "int_funnel_journeys", "journey_key")
    return rows_of(db, "kpi_funnel", "cohort_month, step, entered_count, advanced_count, lost_count, open_count")


def test_nothing_is_invoiced_or_paid_for_an_order_that_was_cancelled(db: duckdb.DuckDBPyConnection) -> None:
    """The order of d1 was invoiced, paid and cancelled: the way ends there. Of the two of d2 the one that counts is
    paid."""
    db.execute("create table fct_leads(lead_key varchar, lead_status varchar, created_date date)")
    put(db, "fct_opportunities", ", ".join(
        f"('{deal}', null::varchar, 'won', date '2026-06-01', date '2026-06-02', 1.0)" for deal in ("d1", "d2")
    ), "opportunity_key, lead_key, opportunity_status, created_date, closed_date, amount")  # fmt: skip
    db.execute("create table fct_opportunity_stage_events(opportunity_key varchar, stage varchar, stage_order int, "
               "entered_date date, left_date date, exit_type varchar)")  # fmt: skip
    orders = [("o1", "d1", True, 40), ("o2", "d2", True, 40), ("o3", "d2", False, 60)]
    put(db, "int_orders_keyed", ", ".join(
        f"('{order}', '{deal}', date '2026-06-03', {is_cancelled})" for order, deal, is_cancelled, _ in orders
    ), "order_key, opportunity_key, order_date, is_cancelled")  # fmt: skip
    put(db, "fct_invoices", ", ".join(
        f"('i{order}', '{order}', date '2026-06-10', {amount}::decimal(18, 4))" for order, _, _, amount in orders
    ), "invoice_key, order_key, due_date, amount")  # fmt: skip
    put(db, "fct_payments", ", ".join(
        f"('{order}', date '2026-06-12', {amount}::decimal(18, 4))" for order, amount in (("o1", 40), ("o3", 60))
    ), "order_key, paid_date, amount")  # fmt: skip
    assert [row[1:] for row in funnel(db)] == [
        ("invoice", 1, 1, 0, 0), ("opportunity", 2, 2, 0, 0), ("order", 2, 1, 1, 0), ("payment", 1, 1, 0, 0),
        ("won", 2, 2, 0, 0),
    ]  # fmt: skip


def test_the_funnel_knows_nothing_from_after_the_business_date(db: duckdb.DuckDBPyConnection) -> None:
    """On 28 June nothing is told of a lead of 1 July and its deal, and of a stage and a loss of the 29th."""
    month = datetime.date(2026, 6, 1)
    put(db, "fct_leads", "('1', 'new', date '2026-06-01'), ('2', 'new', date '2026-07-01')",
            "lead_key, lead_status, created_date")  # fmt: skip
    put(db, "fct_opportunities", """
        ('d1', '1', 'lost', date '2026-06-05', date '2026-06-29', 1.0),
        ('d2', '2', 'open', date '2026-07-01', null, 1.0),
        ('d3', null, 'open', date '2026-07-02', null, 1.0)""",
        "opportunity_key, lead_key, opportunity_status, created_date, closed_date, amount")  # fmt: skip
    put(db, "fct_opportunity_stage_events", """
        ('d1', 's1', 1, 1, timestamp '2026-06-05 02:00', date '2026-06-05', date '2026-06-29', 'advanced', 24.0,
         'default'),
        ('d1', 's2', 2, 1, timestamp '2026-06-29 02:00', date '2026-06-29', date '2026-06-29', 'lost', 0.0,
         'default')""",
        "opportunity_key, stage, stage_order, entry_number, entered_at, entered_date, left_date, exit_type, "
        "dwell_days, schedule_id")  # fmt: skip
    assert funnel(db) == [
        (month, "lead", 1, 1, 0, 0), (month, "opportunity", 1, 1, 0, 0), (month, "s1", 1, 0, 0, 1),
    ]  # fmt: skip
    db.execute("create table dim_sales_reps(rep_key varchar)")
    give_hours(db)
    passed = rows_of(db, "int_funnel_steps_passed", "step_level, step, outcome, is_converted_in_time")
    assert passed == [
        ("main", "lead", "advanced", True), ("main", "opportunity", "open", False), ("stage", "s1", "open", False),
    ]  # fmt: skip


def test_a_lead_is_lost_by_whatever_word_its_system_has_for_it(db: duckdb.DuckDBPyConnection) -> None:
    words = ["Unqualified", "Closed - Not Converted", "closed_lost", "无效", "disqualified", "KALT",
             "new", "跟进中", "no such word", "unknown"]  # fmt: skip
    put(db, "fct_leads", ", ".join(f"('{word}', '{word}', date '2026-06-01')" for word in words),
            "lead_key, lead_status, created_date")  # fmt: skip
    db.execute("create table fct_opportunities(opportunity_key varchar, lead_key varchar, opportunity_status varchar, "
               "created_date date, closed_date date, amount decimal(18, 4))")  # fmt: skip
    db.execute("create table fct_opportunity_stage_events(opportunity_key varchar, stage varchar, stage_order int, "
               "entered_date date, left_date date, exit_type varchar)")  # fmt: skip
    assert funnel(db) == [(datetime.date(2026, 6, 1), "lead", 10, 0, 6, 4)]


def test_nobody_leaves_out_a_stage_that_his_crm_does_not_have(db: duckdb.DuckDBPyConnection) -> None:
    """A deal of each of two CRMs goes through both of its stages; a second one of `b` leaves its first stage out."""
    db.execute("create table fct_leads(lead_key varchar, lead_status varchar, created_date date)")
    put(db, "fct_opportunities", ", ".join(
        f"('{deal}', null::varchar, 'won', date '2026-06-01', date '2026-06-20', 1.0)" for deal in ("a:1", "b:1", "b:2")
    ), "opportunity_key, lead_key, opportunity_status, created_date, closed_date, amount")  # fmt: skip
    put(db, "fct_opportunity_stage_events", ", ".join(
        f"('{deal}', '{stage}', {stage[1]}, date '2026-06-0{stage[1]}', date '2026-06-20', 'advanced')"
        for deal, stages in (("a:1", ("A1", "A2")), ("b:1", ("B1", "B2")), ("b:2", ("B2",))) for stage in stages
    ), "opportunity_key, stage, stage_order, entered_date, left_date, exit_type")  # fmt: skip
    funnel(db)
    assert rows_of(db, "kpi_funnel", "step, entered_count, skipped_count, in_order_count, in_order_advanced_count") == [
        ("A1", 1, 0, 1, 1), ("A2", 1, 0, 1, 1), ("B1", 1, 1, 1, 1), ("B2", 2, 0, 1, 1), ("opportunity", 3, 0, 3, 2),
        ("won", 3, 0, 2, 0),
    ]  # fmt: skip


def test_a_crm_has_the_stage_in_which_a_deal_without_a_day_stands(db: duckdb.DuckDBPyConnection) -> None:
    """A deal of `a` goes from S1 to S4. An undated one stands in S2, which nobody else has, and one in S3, as does one
    of `b`: both stages are of `a`, the first deal left them out, and the undated ones are in no cohort."""
    db.execute("create table fct_leads(lead_key varchar, lead_status varchar, created_date date)")
    put(db, "fct_opportunities", """('a:1', date '2026-06-01'), ('a:2', null), ('a:3', null),
        ('b:1', date '2026-06-01')""", "opportunity_key, created_date")  # fmt: skip
    db.execute("""create or replace table fct_opportunities as
        select *, null::varchar as lead_key, 'open' as opportunity_status, null::date as closed_date, 1.0 as amount
        from fct_opportunities""")
    put(db, "fct_opportunity_stage_events", ", ".join(
        f"('{deal}', 'S{place}', {place}, date '2026-06-0{place}', null::date, 'open')"
        for deal, places in (("a:1", (1, 4)), ("a:2", (2,)), ("a:3", (3,)), ("b:1", (3,))) for place in places
    ), "opportunity_key, stage, stage_order, entered_date, left_date, exit_type")  # fmt: skip
    funnel(db)
    assert rows_of(db, "kpi_funnel", "step, entered_count, skipped_count, in_order_count") == [
        ("S1", 1, 0, 1), ("S2", 0, 1, 0), ("S3", 1, 1, 1), ("S4", 1, 0, 0), ("opportunity", 2, 0, 2),
    ]  # fmt: skip


# Leads, deals, orders, invoices, payments of a quarter: a half, 40 %, 90 % and 75 % went on.
USUAL = (4000, 2000, 800, 720, 540)
# 34 % is 15 % less than 40 %. Of 2000 deals, where 40 % of 6000 went on before, a step of chance is
# sqrt(0.24 × (1 / 2000 + π / 2 / 6000)) = 0.01352, and 0.06 are 4.44 of them.
FELL = ("opportunity", D("0.34"), D("0.4"), D("-0.15"), True, D("-4.44"))


def odd_steps(db: duckdb.DuckDBPyConnection, *second_quarter: int) -> list[tuple]:
    """The steps of the second quarter of 2025 after three usual quarters: the one that fell most first."""
    quarters = {"2024-07-01": USUAL, "2024-10-01": USUAL, "2025-01-01": USUAL, "2025-04-01": second_quarter}
    db.execute("""
        create table fct_leads(lead_key varchar, lead_status varchar, created_date date);
        create table fct_opportunities(opportunity_key varchar, lead_key varchar, opportunity_status varchar,
            created_date date, closed_date date, amount decimal(18, 4));
        create table fct_opportunity_stage_events(opportunity_key varchar, stage varchar, stage_order int,
            entry_number int, entered_at timestamp, entered_date date, left_date date, exit_type varchar,
            dwell_days decimal(18, 6), schedule_id varchar);
        create table int_orders_keyed(order_key varchar, opportunity_key varchar, order_date date, is_cancelled bool);
        create table fct_invoices(invoice_key varchar, order_key varchar, due_date date, amount decimal(18, 4));
        create table fct_payments(order_key varchar, paid_date date, amount decimal(18, 4))""")
    for start, (leads, deals, orders, invoices, payments) in quarters.items():
        key, day = f"'{start}-' || n", f"date '{start}'"
        db.execute(f"""
            insert into fct_leads select {key}, 'new', {day} from range({leads}) t(n);
            insert into fct_opportunities
            select {key}, {key}, case when n < {orders} then 'won' else 'lost' end, {day} + 5, {day} + 20, 1
            from range({deals}) t(n);
            insert into int_orders_keyed select {key}, {key}, {day} + 20, false from range({orders}) t(n);
            insert into fct_invoices select {key}, {key}, {day} + 30, 1 from range({invoices}) t(n);
            insert into fct_payments select {key}, {day} + 40, 1 from range({payments}) t(n)""")
    funnel(db)
    db.execute("create table dim_sales_reps(rep_key varchar)")
    give_hours(db)
    for model in ("int_funnel_steps_passed", "int_funnel_periods_compared", "kpi_funnel_steps"):
        rows_of(db, model, "step")
    return db.execute("""
        select step, conversion_rate, expected_conversion_rate, expected_change_rate, is_odd, round(robust_score, 2)
        from kpi_funnel_steps
        where period_grain = 'quarter' and period_start_date = '2025-04-01' and odd_rank is not null
        order by odd_rank, step""").fetchall()


def test_where_15_percent_fewer_deals_became_orders_that_step_ranks_first(db: duckdb.DuckDBPyConnection) -> None:
    """S41: of 2000 deals 680 became orders, not 800. All others went on as ever but for 450 of 612 invoices, not 459,
    0.7 of a step of chance. Who paid at all paid in full, as ever."""
    assert odd_steps(db, 4000, 2000, 680, 612, 450) == [
        FELL,
        ("invoice", D("0.73529412"), D("0.75"), D("-0.01960784"), False, D("-0.70")),
        ("lead", D("0.5"), D("0.5"), D("0"), False, D("0")),
        ("order", D("0.9"), D("0.9"), D("0"), False, D("0")),
        ("payment", D("1"), D("1"), D("0"), False, D("0")),
    ]


@pytest.mark.parametrize(
    ("counts", "first"),
    [
        # a third less: 306 of 612 invoices, 0.25 in steps of sqrt(0.1875 × (1 / 612 + π / 2 / 2160)) = 0.02104
        pytest.param((4000, 2000, 680, 612, 306), ("invoice", D("0.5"), D("0.75"), D("-0.33333333"), True, D("-11.88")),
                     id="a third fewer invoices are paid"),
        # 10 % less, but of 4000: 0.05 in steps of sqrt(0.25 × (1 / 4000 + π / 2 / 12000)) = 0.00976, which is surer
        pytest.param((4000, 1800, 612, 612, 459), ("lead", D("0.45"), D("0.5"), D("-0.1"), True, D("-5.12")),
                     id="a tenth fewer leads become deals, of twice as many"),
    ],
)  # fmt: skip
def test_where_another_step_fell_by_more_that_one_ranks_first(
    db: duckdb.DuckDBPyConnection, counts: tuple, first: tuple
) -> None:
    found = odd_steps(db, *counts)
    assert found[0] == first
    (second,) = (row for row in found if row[0] == "opportunity")
    assert second[1:5] == FELL[1:5]


def test_80_percent_are_80_percent_whatever_doubles_make_of_them(db: duckdb.DuckDBPyConnection) -> None:
    """240.60 of 300.75; a hundredth less is less."""
    amounts = {"even": (80.20, 80.20, 80.20, 60.15), "less": (80.20, 80.20, 80.19, 60.15)}
    put(db, "int_buyers_concentrated", ", ".join(
        f"('product', '{product}', 'c{place}', {amount}::decimal(18, 4), {place}, {amount / sum(given)}, "
        f"{sum(given):.2f})"
        for product, given in amounts.items() for place, amount in enumerate(given, 1)
    ), "scope_type, scope_value, customer_key, net_sales_amount, place, share, scope_amount")  # fmt: skip
    assert rows_of(db, "kpi_sales_concentration", "scope_value, top3_amount, cr3_rate, is_concentrated") == [
        ("even", D("240.60"), D("0.8"), True), ("less", D("240.59"), D("0.79999335"), False),
    ]  # fmt: skip


# What each bought of a product for, and what the three largest have of it: amount, of how much, HHI.
# 40² + 3 × 20² = 2,800, of 400² it is 0.0175; 75² + 25² = 6,250 of 100², whatever b sent back of an earlier year.
BOUGHT = [
    ("nobody else", {"a": 40, "b": 20, "c": 20, "d": 20}, 80, 100, 2800),
    ("buyers whom nobody knows", {"a": 40, "b": 20, "c": 20, "d": 20, "unknown": 300}, 80, 400, 175),
    ("one who sent more back", {"a": 75, "b": -50, "c": 25}, 100, 100, 6250),
    ("refunds of nobody known", {"a": 100_000, "unknown": D("-99999.5")}, 100_000, 100_000, 10_000),
    ("more sent back than bought", {"a": 75, "b": -150, "c": 25}, 100, 100, 6250),
    ("nobody who is known", {"unknown": 300}, 0, 300, None),
    ("nobody", {"a": -50}, 0, 0, None),
]  # fmt: skip


@pytest.mark.parametrize(("bought", "top", "total", "hhi"), [row[1:] for row in BOUGHT], ids=[row[0] for row in BOUGHT])
def test_three_customers_have_the_same_share_by_the_metric_and_by_the_analysis(
    bought: dict[str, int], top: int, total: int, hhi: int | None, db: duckdb.DuckDBPyConnection
) -> None:
    put(db, "fct_order_lines", ", ".join(
        f"('{who}', 'p', date '2026-06-10', 1, {max(amount, 0)}::decimal(18, 4), false)"
        for who, amount in bought.items()
    ), "customer_key, product_key, order_date, quantity, net_amount, is_cancelled")  # fmt: skip
    put(db, "fct_returns", ", ".join(
        f"('{who}', 'p', date '2026-06-20', {max(-amount, 0)}::decimal(18, 4), false)" for who, amount in bought.items()
    ), "customer_key, product_key, return_date, refund_amount, is_cancelled")  # fmt: skip
    db.execute("create table dim_products as select 'p' as product_key, 'line' as product_line")
    rows_of(db, "int_purchases_summed", "customer_key")
    rows_of(db, "int_buyers_concentrated", "customer_key")
    analysed = rows_of(db, "kpi_sales_concentration",
                       "scope_type, top3_amount, bought_amount, cr3_rate, hhi, is_concentrated")  # fmt: skip
    bought_by_month(db)
    db.execute(f"create or replace table kpi_values as {sql_of('int_kpi_top3_customer_share')}")
    told = db.execute("select metric_id, dimension_name, numerator, denominator, value from kpi_values").fetchall()
    scopes = ("product", "product_line", "total") if total else ()
    share = (D(top) / total).quantize(D("1e-8")) if total else None
    shares = {row[1:] for row in told if row[0] == "top3_customer_share"}
    assert shares == {(scope, D(top), D(total), share) for scope in scopes}
    assert folded(db, "top3_customer_share") == (top, total, share)
    indexes = {row[1:] for row in told if row[0] == "customer_hhi"}
    if hhi is None:
        assert (analysed, indexes, folded(db, "customer_hhi")) == ([], set(), (0, 0, None))
    else:
        assert analysed == [(scope, D(top), D(total), share, D(hhi), share >= D("0.8")) for scope in scopes]
        assert indexes == {(scope, D(hhi) * total, D(total), D(hhi)) for scope in scopes}
        assert folded(db, "customer_hhi") == (D(hhi) * total, D(total), D(hhi))
    identity = sql_of("assert_concentration_equals_the_metrics")
    assert db.execute(identity).fetchall() == []
    for broken in ("update kpi_sales_concentration set top3_amount = top3_amount - 1 where scope_type = 'total'",
                   "update kpi_sales_concentration set hhi = hhi + 1 where scope_type = 'total'",
                   "delete from kpi_sales_concentration where scope_type = 'total'",
                   "delete from kpi_values where dimension_name = 'total'"):  # fmt: skip
        db.execute(f"begin; {broken}")
        assert len(db.execute(identity).fetchall()) == len(analysed) / 3, broken
        db.execute("rollback")


def bought_by_month(db: duckdb.DuckDBPyConnection) -> None:
    give_months(db)
    rows_of(db, "int_customer_shares", "1")


def folded(db: duckdb.DuckDBPyConnection, metric: str) -> tuple:
    """What the rows behind a figure make of it: lines, and returns below zero."""
    relation = relation_of(metric)
    lines = "select customer_key, net_amount as amount from fct_order_lines"
    picked = f"({lines} union all select customer_key, -refund_amount from fct_returns)"
    adds = ", ".join(f"{text} as {name}" for name, text in relation.adds.items())
    rows = f"(select *, {adds} from ({relation.told.format(picked=picked)}))"
    [row] = db.execute(FOLDS[relation.fold].format(rows=rows)).fetchall()
    return row


@pytest.mark.parametrize(
    ("parts", "is_paid"), [(("50.01", "50.01"), True), (("50.01", "50.00"), False), (("100.02",), True)],
    ids=["in two parts", "a cent short", "at once"],
)  # fmt: skip
def test_an_invoice_in_foreign_currency_is_paid_in_full_in_parts(
    db: duckdb.DuckDBPyConnection, parts: tuple[str, ...], is_paid: bool
) -> None:
    """At 7.1234 an invoice of 100.02 is 712.4825, and two parts of 50.01 are 356.2412 each: 712.4824."""
    db.execute("create table fct_leads(lead_key varchar, lead_status varchar, created_date date)")
    put(db, "fct_opportunities", "('d', null::varchar, 'won', date '2026-06-01', date '2026-06-02', 1::decimal(18, 4))",
            "opportunity_key, lead_key, opportunity_status, created_date, closed_date, amount")  # fmt: skip
    db.execute("create table fct_opportunity_stage_events(opportunity_key varchar, stage varchar, stage_order int, "
               "entered_date date, left_date date, exit_type varchar)")  # fmt: skip
    put(db, "int_orders_keyed", "('o', 'd', date '2026-06-03', false)",
            "order_key, opportunity_key, order_date, is_cancelled")  # fmt: skip
    put(db, "fct_invoices", "('i', 'o', date '2026-06-10', 712.4825::decimal(18, 4))",
            "invoice_key, order_key, due_date, amount")  # fmt: skip
    put(db, "fct_payments", ", ".join(
        f"('o', date '2026-06-12', ({part} * 7.1234)::decimal(18, 4))" for part in parts
    ), "order_key, paid_date, amount")  # fmt: skip
    (payment,) = (row[2:] for row in funnel(db) if row[1] == "payment")
    assert payment == ((1, 1, 0, 0) if is_paid else (1, 0, 0, 1))


def stages_passed(db: duckdb.DuckDBPyConnection, *stays: str) -> None:
    """The steps of deals that entered stages: key, stage, its place, number of the entry, day in June, left, exit."""
    db.execute("create table if not exists dim_sales_reps(rep_key varchar)")
    give_hours(db)
    put(db, "stg_settings__funnel", "(90, 3.5, 50)", "maturity_days, odd_score, odd_minimum_entered")
    put(db, "fct_opportunity_stage_events", ", ".join(stays), "opportunity_key, stage, stage_order, entry_number, "
            "entered_date, left_date, exit_type")  # fmt: skip
    db.execute("""
        alter table fct_opportunity_stage_events add column dwell_days decimal(18, 6);
        alter table fct_opportunity_stage_events add column schedule_id varchar default 'default';
        alter table fct_opportunity_stage_events add column entered_at timestamp;
        update fct_opportunity_stage_events set entered_at = entered_date""")
    db.execute("""
        create table if not exists int_funnel_journeys(journey_key varchar, step_type varchar, step varchar,
            type_order int, reached_date date, grown_date date, is_ended boolean, ended_date date,
            is_paid_in_full boolean)""")
    for model in ("int_funnel_steps_passed", "int_funnel_periods_compared", "kpi_funnel_steps"):
        rows_of(db, model, "step")


def test_a_deal_that_was_won_nobody_knows_when_has_gone_on(db: duckdb.DuckDBPyConnection) -> None:
    """Of 100 deals that talked from 5 January on 60 were won and 40 lost, all without a day: 60 %. One that was won on
    20 May took longer than 90 days."""
    stays = [
        f"('d{n}', 'talks', 1, 1, date '2026-01-05', null::date, '{'won' if n < 60 else 'lost'}')" for n in range(100)
    ]
    told = "select entered_count, converted_count, conversion_rate, advanced_count, lost_count from kpi_funnel_steps"
    stages_passed(db, *stays)
    assert set(db.execute(told).fetchall()) == {(100, 60, D("0.6"), 60, 40)}
    stages_passed(db, *stays[1:], "('d0', 'talks', 1, 1, date '2026-01-05', date '2026-05-20', 'won')")
    assert set(db.execute(told).fetchall()) == {(100, 59, D("0.59"), 60, 40)}


@pytest.mark.parametrize(
    ("deals", "orders", "found"),
    [
        # no deal grew from the lead, and the order was there before the deal
        ([("d", "2025-03-05")], [("d", "2025-01-21")], [("lead", False, None), ("opportunity", False, None)]),
        # the second deal grew from the lead after ten days, the order from the first one after fifteen
        ([("d", "2025-03-05"), ("e", "2026-02-20")], [("d", "2025-03-20")],
         [("lead", True, 10), ("opportunity", True, 15)]),
        # the first order was there before the deal, the second came five days after it
        ([("d", "2026-02-20")], [("d", "2026-02-19"), ("d", "2026-02-25")],
         [("lead", True, 10), ("opportunity", True, 5)]),
        # all on one day
        ([("d", "2026-02-10")], [("d", "2026-02-10")], [("lead", True, 0), ("opportunity", True, 0)]),
    ],
    ids=["all were there before", "one of two deals", "one of two orders", "one day"],
)  # fmt: skip
def test_what_was_there_before_a_step_did_not_grow_from_it(
    db: duckdb.DuckDBPyConnection, deals: list[tuple], orders: list[tuple], found: list[tuple]
) -> None:
    """A lead of 10 February 2026 with deals and orders: whether both led on, and after how many days."""
    put(db, "fct_leads", "('l', 'new', date '2026-02-10')", "lead_key, lead_status, created_date")
    put(db, "fct_opportunities", ", ".join(
        f"('{deal}', 'l', 'open', date '{day}', null::date, 1.0)" for deal, day in deals
    ), "opportunity_key, lead_key, opportunity_status, created_date, closed_date, amount")  # fmt: skip
    put(db, "int_orders_keyed", ", ".join(
        f"('o{n}', '{deal}', date '{day}', false)" for n, (deal, day) in enumerate(orders)
    ), "order_key, opportunity_key, order_date, is_cancelled")  # fmt: skip
    db.execute("""
        create table dim_sales_reps(rep_key varchar);
        create table fct_opportunity_stage_events(opportunity_key varchar, stage varchar, stage_order int,
            entry_number int, entered_at timestamp, entered_date date, left_date date, exit_type varchar,
            dwell_days decimal(18, 6), schedule_id varchar)""")
    give_hours(db)
    funnel(db)
    passed = rows_of(db, "int_funnel_steps_passed", "step, is_converted_in_time, dwell_days, outcome")
    assert [row[:3] for row in passed if row[0] != "order"] == found
    assert {row[3] for row in passed if row[0] != "order"} == {"advanced"}


def test_an_open_deal_that_nobody_has_dated_is_in_the_pipeline(db: duckdb.DuckDBPyConnection) -> None:
    """100 × 0.5 without a day and 80 × 0.5 of 1 June are 90; a deal of 1 July is not there on 28 June."""
    db.execute("create table dim_sales_reps as select 'r' as rep_key, 't' as team")
    put(db, "fct_opportunities", """
        ('undated', 100.0, 0.5, null), ('june', 80.0, 0.5, date '2026-06-01'), ('july', 60.0, 0.5, date '2026-07-01')
        """, "opportunity_key, amount, probability_rate, created_date")  # fmt: skip
    db.execute("""
        alter table fct_opportunities add column opportunity_status varchar default 'open';
        alter table fct_opportunities add column owner_rep_key varchar default 'r';
        alter table fct_opportunities add column region_key varchar default 'n';
        alter table fct_opportunities add column product_line varchar default 'p';
        set variable business_date = date '2026-06-28'""")
    found = rows_of(db, "int_kpi_weighted_pipeline_amount", "dimension_name, value")
    assert found == [(name, 90) for name in ("product_line", "region", "rep", "team", "total")]
    relation = relation_of("weighted_pipeline_amount")
    for which in (relation.in_total, relation.in_cut):
        behind = f"select sum(amount * probability_rate) from fct_opportunities where {which}"
        assert db.execute(behind).fetchall() == [(90,)]


# Shanghai is eight hours ahead: 16:00 of the day before is midnight, as a date without a time is read.
@pytest.mark.parametrize(
    ("next_at", "is_grown"),
    [("2026-05-03 16:00", True), ("2026-05-03 15:59", False), ("2026-05-04 02:00", True), ("2026-05-20 02:00", True)],
    ids=["a day without a time", "a minute before that day", "at once", "16 days later"],
)
def test_what_came_on_the_same_day_did_not_come_before(
    db: duckdb.DuckDBPyConnection, next_at: str, is_grown: bool
) -> None:
    """A lead of 4 May, 10:00, and its deal; a deal of 4 May, 10:00, and the payment of its order."""
    begun = "timestamp '2026-05-04 02:00' as created_at, 'r' as owner_rep_key, false as is_deleted"
    db.execute(f"""
        create table int_customers_identified(customer_record_key varchar, customer_key varchar, region_key varchar);
        create table int_contacts_identified(contact_record_key varchar, contact_key varchar,
            customer_record_key varchar, customer_key varchar);
        create table int_sales_reps_deduplicated as select 'r' as rep_key, 'n' as region_key;
        create table stg_settings__exchange_rates(currency varchar, exchange_rate decimal(18, 8));
        create table int_leads_deduplicated as select 'l' as lead_key, 'crm' as source,
            null::varchar as customer_record_key, 'web' as channel, null as campaign, null as source_event_key,
            null::timestamp as first_assigned_at, 'new' as lead_status, 'L' as _changed_load_id, {begun};
        create table int_opportunities_deduplicated as select 'd' as opportunity_key, 'l' as lead_key,
            timestamp '{next_at}' as created_at, false as is_deleted""")
    assert rows_of(db, "fct_leads", "is_converted_30d") == [(is_grown,)]
    db.execute(f"""
        create or replace table int_opportunities_deduplicated as select 'd' as opportunity_key,
            null::varchar as lead_key, null::varchar as customer_record_key, null::varchar as contact_record_key,
            'p' as product_line, 10.0 as amount, 'CNY' as currency, 0.5 as probability_rate,
            null::date as expected_close_date, null::timestamp as closed_at, 'open' as opportunity_status,
            null::varchar as lost_reason, 'L' as _changed_load_id, {begun};
        create table int_orders_keyed as select 'd' as opportunity_key, timestamp '{next_at}' as paid_at,
            timestamp '{next_at}' as ordered_at, (timestamp '{next_at}' + interval 8 hour)::date as paid_date,
            false as is_cancelled, false as is_paid_by_status""")
    assert rows_of(db, "fct_opportunities", "is_ordered_90d") == [(is_grown,)]
    db.execute("""
        create table dim_sales_reps as select 'r' as rep_key, 't' as team, 'm' as manager_rep_key;
        create table dim_customers(customer_key varchar, customer_name varchar, industry varchar);
        create table fct_orders as select *, 'o' as order_key, paid_date as order_date from int_orders_keyed;
        set variable business_date = date '2026-06-28'""")
    behind = (ROWS / "deals_ordered.sql").read_text(encoding="utf-8")
    assert db.execute(f"select is_ordered from ({behind})").fetchall() == [(int(is_grown),)]


def test_how_much_three_customers_buy_is_told_of_the_fifty_largest_products(db: duckdb.DuckDBPyConnection) -> None:
    """S46: of product 0 three customers buy 80 %; product 1, first sold in June, has one; product 51 sells least."""
    put(db, "fct_order_lines", ", ".join([
        *(f"('c{n}', 'p00', date '2026-05-10', {amount}::decimal(18, 4), false)"
          for n, amount in enumerate((800.2, 800.2, 800.2, 600.15))),
        *(f"('c0', 'p{n:02}', date '2026-06-{1 if n == 1 else 2:02}', {1000 - n}::decimal(18, 4), false)"
          for n in range(1, 52)),
    ]), "customer_key, product_key, order_date, net_amount, is_cancelled")  # fmt: skip
    db.execute("create table fct_returns(customer_key varchar, product_key varchar, return_date date, "
               "refund_amount decimal(18, 4), is_cancelled bool)")  # fmt: skip
    db.execute("create table dim_products as select distinct product_key, 'line' as product_line from fct_order_lines")
    bought_by_month(db)
    found = {
        (metric, f"{month:%m}", product): told
        for metric, month, dimension, product, *told in rows_of(
            db, "int_kpi_top3_customer_share",
            "metric_id, period_start_date, dimension_name, dimension_value, numerator, denominator, value",
        )
        if dimension == "product"
    }  # fmt: skip
    assert found["top3_customer_share", "05", "p00"] == [D("2400.6"), D("3000.75"), D("0.8")]
    assert found["top3_customer_share", "06", "p00"] == [D("2400.6"), D("3000.75"), D("0.8")]
    assert found["top3_customer_share", "06", "p01"] == [D("999"), D("999"), D("1")]
    shares = [(month, product) for metric, month, product in found if metric == "top3_customer_share"]
    assert ("05", "p01") not in shares and len([month for month, _ in shares if month == "06"]) == 50
    assert {product for _, product in shares} == {f"p{n:02}" for n in range(50)}


def test_one_customer_alone_is_ten_thousand_whatever_places_amounts_have(db: duckdb.DuckDBPyConnection) -> None:
    """What was sold in another currency has four: 10,000 of c1 alone, (9.0906² + 3.0302²) / 12.1208² of two."""
    put(db, "fct_order_lines", ", ".join(
        f"('{customer}', '{product}', date '2026-05-10', {amount}::decimal(18, 4), false)"
        for customer, product, amount in (("c1", "p1", "9.0906"), ("c1", "p2", "9.0906"), ("c2", "p2", "3.0302"))
    ), "customer_key, product_key, order_date, net_amount, is_cancelled")  # fmt: skip
    db.execute("create table fct_returns(customer_key varchar, product_key varchar, return_date date, "
               "refund_amount decimal(18, 4), is_cancelled bool)")  # fmt: skip
    db.execute("create table dim_products as select distinct product_key, product_key as product_line "
               "from fct_order_lines")  # fmt: skip
    bought_by_month(db)
    told = dict(
        row[1:] for row in rows_of(db, "int_kpi_top3_customer_share", "metric_id, dimension_value, value")
        if row[0] == "customer_hhi" and row[1] != "total"
    )  # fmt: skip
    rows = "(select customer_key, net_amount as amount from fct_order_lines where product_key = '{}')"
    fold = {
        product: db.execute(FOLDS["concentration"].format(rows=rows.format(product))).fetchall()[0][2]
        for product in told
    }
    assert told == fold == {"p1": D("10000"), "p2": D("6250")}


def test_a_gap_that_runs_over_the_change_of_the_clock_is_as_long_as_it_was(db: duckdb.DuckDBPyConnection) -> None:
    """In New York Sunday, 8 March, has 23 hours. At its end c1, who had waited a day before, waits for 133 hours since
    Tuesday, 10:00, and c2 for 143 since Tuesday, 0:00. So says kpi_values, and so do the rows."""
    put(db, "fct_touchpoints", ", ".join(
        f"('{customer}', 't{n}', 'r1', 'outbound', timestamp '2026-03-{moment}', date '2026-03-{moment[:2]}')"
        for n, (customer, moment) in enumerate([("c1", "02 15:00"), ("c1", "03 15:00"), ("c2", "03 05:00")])
    ), "customer_key, touchpoint_key, rep_key, direction, occurred_at, occurred_date")  # fmt: skip
    put(db, "dim_sales_reps", "('r1', 'T1')", "rep_key, team")
    put(db, "dim_customers", "('c1', 'One', null, 'north'), ('c2', 'Two', null, 'north')",
        "customer_key, customer_name, industry, region_key")  # fmt: skip
    put(db, "dim_customer_tiers", ", ".join(
        f"('{customer}', date '2026-01-01', null::date, 1, false, false)" for customer in ("c1", "c2")
    ), "customer_key, valid_from_date, valid_to_date, tier_priority, is_last_tier, is_deleted")  # fmt: skip
    with on("2026-03-10"):
        VARIABLES.update(time_zone="America/New_York")
        give_hours(db)
        rows_of(db, "fct_follow_up_gaps", "touchpoint_key")
        told = rows_of(
            db, "int_kpi_follow_up_interval_hours", "period_start_date, dimension_name, numerator, denominator"
        )
    assert (datetime.date(2026, 3, 2), "total", D(300), D(3)) in told
    db.execute("set variable business_date = date '2026-03-10'; set variable time_zone = 'America/New_York'")
    gaps = (ROWS / "follow_up_gaps.sql").read_text(encoding="utf-8")
    hours = db.execute(f"select gap_hours from ({gaps}) where row_date = date '2026-03-02' order by 1").fetchall()
    assert hours == [(D(24),), (D(133),), (D(143),)]


def test_of_a_book_below_zero_nothing_is_available(db: duckdb.DuckDBPyConnection) -> None:
    """d1 opened with 20 less than nothing, got 10 and sold 5; d2 sold 40 of 100. In all 45 of 100."""
    put(db, "fct_dealer_stock_weeks", """
        (date '2026-06-15', 'd1', 'p1', 5, -20, 10, 'reported', -15, 0, 0.0, false),
        (date '2026-06-15', 'd2', 'p1', 40, 50, 50, 'reported', 60, 0, 100.0, false)""",
        "week_start_date, dealer_key, product_key, sell_out_units, opening_units, sell_in_units, report_status, "
        "closing_units, unexplained_units, sell_in_amount, is_stale")  # fmt: skip
    put(db, "dim_dealers", "('d1', 'n', false), ('d2', 'n', false)", "dealer_key, region_key, is_deleted")
    put(db, "dim_products", "('p1', 'l')", "product_key, product_line")
    figures = {("dealer", "d1"): (D(5), D(0), None), ("dealer", "d2"): (D(40), D(100), D("0.4")),
               ("total", "total"): (D(45), D(100), D("0.45"))}  # fmt: skip
    kpis = rows_of(
        db, "int_kpi_channel_sell_through_rate", "dimension_name, dimension_value, numerator, denominator, value"
    )
    weeks = rows_of(
        db, "kpi_dealer_weeks",
        "dimension_name, dimension_value, sell_out_units, available_units, sell_through_rate",
    )  # fmt: skip
    for told in (kpis, weeks):
        assert {row[:2]: row[2:] for row in told if row[:2] in figures} == figures


def test_how_long_a_new_product_lasts_is_told_by_the_days_that_it_has_been_there(db: duckdb.DuckDBPyConnection) -> None:
    """
    At a dealer of half a year: 40 sold in four days and 60 left are 6 days. What was there before it is first counted
    has the whole 28 days: 14 sold and 10 left are 20. What came after the reports has sold nothing in one day.
    """
    db.execute("create table stg_settings__dealer_rules as select 14 as stale_after_days, 28 as supply_window_days")
    put(db, "int_dealer_days_balanced", """
        ('d', 'old', date '2026-01-01', date '2026-06-20', 100, 0, 0, 100, null::int, null::date, 0.0),
        ('d', 'old', date '2026-06-21', date '2026-06-28', 100, 0, 28, 72, 72, date '2026-06-28', 0.0),
        ('d', 'new', date '2026-06-25', date '2026-06-27', 0, 100, 10, 90, null, date '2026-06-28', 1.0),
        ('d', 'new', date '2026-06-28', date '2026-06-28', 90, 0, 30, 60, 60, date '2026-06-28', 0.0),
        ('d', 'there', date '2026-06-26', date '2026-06-28', 24, 0, 14, 10, 10, date '2026-06-28', 0.0),
        ('d', 'later', date '2026-06-29', date '2026-06-29', 0, 5, 0, 5, null, null, 1.0)""",
        "dealer_key, product_key, stock_date, until_date, opening_units, sell_in_units, sell_out_units, closing_units, "
        "counted_units, last_counted_date, sell_in_amount")  # fmt: skip
    db.execute("alter table int_dealer_days_balanced add column first_counted_date date default '2026-06-28'")
    put(db, "int_dealers_reported", "('d', date '2026-01-01', date '2026-06-28', false)",
        "dealer_key, first_date, reported_until_date, is_silent")  # fmt: skip
    rows_of(db, "int_dealer_stock_dated", "dealer_key")
    found = rows_of(db, "fct_dealer_stock", "product_key, stock_units, window_days, days_of_supply")
    assert found == [
        ("later", 0, 1, None), ("new", 60, 4, D(6)), ("old", 72, 28, D(72)), ("there", 10, 28, D(20)),
    ]  # fmt: skip


def test_a_weekend_makes_no_team_slow(db: duckdb.DuckDBPyConnection) -> None:
    """A: Friday 17:55 to Monday 9:05 are ten minutes. B: Monday from 10 to 12. C's leads wait since Friday 17:00."""
    give_rules(db)
    put(db, "dim_sales_reps", "('ra', 'A'), ('rb', 'B'), ('rc', 'C')", "rep_key, team")
    give_hours(db)
    db.execute("create table advice as select 'script_training' as advice_id, 'e' as advice_en, 'z' as advice_zh")
    db.execute("""
        create table fct_leads as
        select
            rep || i as lead_key, rep || i as customer_key, rep as owner_rep_key, given_at as created_at,
            cast(given_at as date) as created_date, given_at + interval (i % 4) minute as first_assigned_at
        from range(60) t(i), (values
            ('ra', timestamp '2026-06-05 09:55'), ('rb', timestamp '2026-06-08 02:00'),
            ('rc', timestamp '2026-06-05 09:00')) s(rep, given_at)""")
    db.execute("""
        create table fct_touchpoints as
        select rep || i as customer_key, called_at as occurred_at, 'outbound' as direction
        from range(60) t(i), (values
            ('ra', timestamp '2026-06-08 01:05'), ('rb', timestamp '2026-06-08 04:00')) s(rep, called_at)""")
    with on("2026-06-09", "01:00:00"):  # Tuesday at nine: of the nine hours of Monday, none is of Saturday
        for model in ("int_leads_answered", "int_team_response_medians", "int_teams_compared"):
            rows_of(db, model, "1")
        waited = rows_of(db, "int_leads_answered", "team, is_answered, round(waited_hours * 60)::int")
        told = rows_of(db, "kpi_team_responses", "team, response_status, advice_id")
    # given a minute later each, up to three
    assert set(waited) == {
        (team, is_answered, minutes - later)
        for team, is_answered, minutes in (("A", True, 10), ("B", True, 120), ("C", False, 600))
        for later in range(4)
    }
    assert told[0] == ("A", "sooner", None)  # by the clock it took thirty times as long as B


def test_a_week_with_a_holiday_is_no_fall(db: duckdb.DuckDBPyConnection) -> None:
    """
    The week of the Dragon Boat has four workdays. North sells 100 on each: 400 after 500 is no move, though something
    came back on a Saturday in March. West falls to 300 of comparable 400. The shop sells on every day, and on Friday as
    well: 700 after 700 is no move. A rate is as it is.
    """
    days = {("net_sales", "region", "north"): (100, 0), ("net_sales", "region", "west"): (100, 0),
            ("net_sales", "channel", "shop"): (100, 100)}  # fmt: skip
    db.execute("create table kpi_values(metric_id varchar, period_grain varchar, period_start_date date, "
               "period_end_date date, dimension_name varchar, dimension_value varchar, numerator decimal(28, 8), "
               "denominator decimal(28, 8), value decimal(28, 8), is_matured bool)")  # fmt: skip
    for (metric, dimension, member), (workday, day_off) in days.items():
        db.execute(f"""insert into kpi_values select '{metric}', 'day', date_day, date_day, '{dimension}', '{member}',
            0, null, case when is_workday then {workday} else {day_off} end, true from dim_dates
            where date_day between '2026-01-01' and '2026-06-21'""")
    db.execute("update kpi_values set value = -5 where dimension_value = 'north' and period_start_date = '2026-03-14'")
    for metric, dimension, member, before, now in (
        ("net_sales", "region", "north", 500, 400), ("net_sales", "region", "west", 500, 300),
        ("net_sales", "channel", "shop", 700, 700), ("return_rate", "region", "north", 0.5, 0.4),
    ):  # fmt: skip
        for start, value in (("2026-06-08", before), ("2026-06-15", now)):
            db.execute(f"insert into kpi_values values ('{metric}', 'week', '{start}', date '{start}' + 6, "
                       f"'{dimension}', '{member}', {value}, null, {value}, true)")  # fmt: skip
    put(db, "kpi_metrics", "('net_sales', 'n', 'n', 'money', 'up', 'sum'), ('return_rate', 'r', 'r', 'rate', 'down', "
        "'ratio')", "metric_id, name_en, name_zh, unit, direction, aggregation")  # fmt: skip
    with on("2026-06-21"):
        rows_of(db, "int_metric_changes_ranked", "metric_id")
        found = rows_of(
            db, "kpi_movers",
            "metric_id, dimension_value, value, previous_value, change_rate, previous_workday_count, workday_count, "
            "comparable_value, comparable_change_rate, change_type",
        )  # fmt: skip
    assert found == [
        ("net_sales", "west", D(300), D(500), D("-0.4"), 5, 4, D(400), D("-0.25"), "worse"),
        ("return_rate", "north", D("0.4"), D("0.5"), D("-0.2"), 5, 4, D("0.5"), D("-0.2"), "better"),
    ]


# Open deals and what June's goal of 1,000, of which 400 are won on the 28th, has of them: 600 are missing.
PIPELINE = [
    ("should close", "2026-06-29", 200),
    ("should have closed three days ago, and may still", "2026-06-25", 100),
    ("should close on the last day", "2026-06-30", 50),
    ("is of July", "2026-07-01", 0),
    ("should have closed on the first", "2026-06-01", 25),
    ("should have closed before the goal began", "2026-05-31", 0),
]


@pytest.mark.parametrize(("expected", "counted"), [row[1:] for row in PIPELINE], ids=[row[0] for row in PIPELINE])
def test_an_open_deal_covers_the_goal_in_whose_days_it_should_close(
    expected: str, counted: int, db: duckdb.DuckDBPyConnection
) -> None:
    put(db, "int_sales_goals_counted", "('g', 'total', 'total', 1000.0, date '2026-06-01', date '2026-06-30', true)",
        "target_id, scope_dimension, scope_value, goal_value, starts_on, due_on, is_in_total")  # fmt: skip
    put(db, "int_kpi_net_sales", "('day', date '2026-06-05', 'total', 'total', 400.0)",
        "period_grain, period_start_date, dimension_name, dimension_value, value")  # fmt: skip
    put(db, "dim_sales_reps", "('r', 't')", "rep_key, team")
    put(db, "fct_opportunities", f"({counted or 70}.0, date '{expected}', 'n', 'm', 'r', 'open', date '2026-05-01')",
        "amount, expected_close_date, region_key, product_line, owner_rep_key, opportunity_status, created_date",
    )  # fmt: skip
    found = rows_of(db, "int_kpi_pipeline_coverage_ratio", "dimension_name, numerator, denominator, value")
    ratio = (D(counted) / 600).quantize(D("1e-8"))
    assert found == [("target", D(counted), D(600), ratio), ("total", D(counted), D(600), ratio)]


@pytest.mark.parametrize(
    ("count", "hits", "slow_movers"),
    [(1, "0", ""), (2, "1", "0"), (3, "21", "0"), (4, "32", "01"), (5, "432", "01"), (6, "543", "012"),
     (7, "654", "012")],
)  # fmt: skip
def test_no_product_is_a_hit_and_a_slow_mover_at_once(
    count: int, hits: str, slow_movers: str, db: duckdb.DuckDBPyConnection
) -> None:
    """Product n sells n hundred; those that sell alike are told apart by their keys."""
    db.execute(
        f"create table dim_products as select 's:' || n as product_key, n as product_name, 'l' as product_line, "
        f"'c' as category, 'b' as price_band, null::varchar as traits, false as is_deleted from range({count}) t(n)"
    )
    db.execute(
        "create table fct_order_lines as select product_key, false as is_cancelled, "
        "date '2026-06-01' as order_date from dim_products"
    )
    db.execute("create table int_purchases_summed as select 'a' as customer_key, product_key, "
               "(100 * product_name)::decimal(18, 4) as net_sales_amount, 1 as unit_count, 1 as line_count "
               "from dim_products")  # fmt: skip
    rows_of(db, "int_products_ranked", "product_key")
    found = rows_of(db, "kpi_product_ranks", "product_scope, list_type, list_rank, right(product_key, 1)")
    for scope in ("s", "total"):
        lists = {kind: "".join(row[3] for row in found if row[:2] == (scope, kind)) for kind in ("hit", "slow_mover")}
        assert lists == {"hit": hits, "slow_mover": slow_movers}
    db.execute("update int_purchases_summed set net_sales_amount = 0")
    rows_of(db, "int_products_ranked", "product_key")
    alike = rows_of(db, "kpi_product_ranks", "product_scope, product_key")
    assert len(alike) == len(set(alike)) == 2 * min(count, 6)


def test_a_level_of_an_earlier_day_is_restated_only_by_its_own_day(db: duckdb.DuckDBPyConnection) -> None:
    """The pipeline of the 27th was 100; that of the 26th was 80 and is published again as 85 on its own day.

    The night of the 28th has neither. Net sales of the 27th were 50 and are gone: their orders were deleted.
    """
    db.execute("create table kpi_metrics as from (values ('weighted_pipeline_amount', 'latest'), ('net_sales', 'sum')) "
               "t(metric_id, aggregation)")  # fmt: skip
    db.execute("create table stg_ledger__rules as select 'r1' as rules")
    words = [
        ("weighted_pipeline_amount", "2026-06-26", "80", "1"), ("weighted_pipeline_amount", "2026-06-26", "85", "2"),
        ("weighted_pipeline_amount", "2026-06-26", None, "3"), ("weighted_pipeline_amount", "2026-06-27", "100", "3"),
        ("weighted_pipeline_amount", "2026-06-27", None, "4"), ("net_sales", "2026-06-27", "50", "3"),
        ("net_sales", "2026-06-27", None, "4"),
    ]  # fmt: skip
    said = ", ".join(
        f"('{metric}', date '{day}', {value or 'null'}::decimal(28, 8), {value is None}, '{version}')"
        for metric, day, value, version in words
    )
    db.execute(f"""create table stg_history__kpi_values as select metric_id, 'day' as period_grain, period_start_date,
        'total' as dimension_name, 'total' as dimension_value, value as numerator, null::decimal(28, 8) as denominator,
        value, is_gone, version, period_start_date as business_date, 'r1' as rules,
        timestamp '2026-06-25' + to_days(version::int) as as_of
        from (values {said}) t(metric_id, period_start_date, value, is_gone, version)""")
    db.execute("""create table kpi_values as select 'weighted_pipeline_amount' as metric_id, 'day' as period_grain,
        date '2026-06-28' as period_start_date, 'total' as dimension_name, 'total' as dimension_value,
        120::decimal(28, 8) as numerator, null::decimal(28, 8) as denominator, 120::decimal(28, 8) as value""")
    with on("2026-06-28"):
        for model in ("int_kpi_words_compared", "int_levels_told"):
            rows_of(db, model, "metric_id")
        told = rows_of(
            db, "kpi_restatements",
            "metric_id, period_start_date::varchar, original_value, current_value, difference_value, restatement_count",
        )  # fmt: skip
    assert told == [
        ("net_sales", "2026-06-27", 50, None, None, 1), ("weighted_pipeline_amount", "2026-06-26", 80, 85, 5, 1),
    ]  # fmt: skip


def test_days_to_a_deal_and_to_a_first_order_are_told_in_workdays_too(db: duckdb.DuckDBPyConnection) -> None:
    """Friday 13 February 2026 to Tuesday the 24th, over the Spring Festival: eleven days, of which the 24th and
    Saturday the 14th, made up for, were worked on. Made and won on one Sunday: none. Before the calendar: unknown."""
    db.execute("""
        create table stg_settings__calendar as
        select d::date as date_day, d in (timestamp '2026-02-13', '2026-02-14', '2026-02-24') as is_workday,
            not is_workday as is_holiday, null::varchar as holiday_name, 2026 as fiscal_year_number,
            1 as fiscal_quarter_number, date '2026-01-01' as fiscal_year_start_date,
            date '2026-01-01' as fiscal_quarter_start_date
        from range(timestamp '2026-02-10', timestamp '2026-02-28', interval 1 day) t(d);
        create table int_customers_identified(customer_record_key varchar, customer_key varchar, region_key varchar);
        create table int_contacts_identified(contact_record_key varchar, contact_key varchar,
            customer_record_key varchar, customer_key varchar);
        create table int_sales_reps_deduplicated as select 'r' as rep_key, 'n' as region_key;
        create table stg_settings__exchange_rates(currency varchar, exchange_rate decimal(18, 8));
        create table int_orders_keyed(opportunity_key varchar, paid_at timestamp, ordered_at timestamp, paid_date date,
            order_date date, is_cancelled bool, is_paid_by_status bool, customer_key varchar);
        create table int_opportunities_deduplicated as
        select key as opportunity_key, null::varchar as lead_key, null::varchar as customer_record_key,
            null::varchar as contact_record_key, 'p' as product_line, 10.0 as amount, 'CNY' as currency,
            0.5 as probability_rate, null::date as expected_close_date, made + interval 2 hour as created_at,
            closed + interval 2 hour as closed_at, status as opportunity_status, null::varchar as lost_reason,
            'r' as owner_rep_key, 'L' as _changed_load_id, false as is_deleted
        from (values ('festival', timestamp '2026-02-13', timestamp '2026-02-24', 'won'),
            ('sunday', '2026-02-15', '2026-02-15', 'won'), ('early', '2026-02-01', '2026-02-24', 'won'),
            ('lost', '2026-02-13', '2026-02-24', 'lost'), ('open', '2026-02-13', null, 'open'))
            t(key, made, closed, status)""")
    rows_of(db, "dim_dates", "date_day")
    columns = "opportunity_key, win_cycle_days, win_cycle_workdays"
    assert sorted(rows_of(db, "fct_opportunities", columns)) == [
        ("early", 23, None), ("festival", 11, 2), ("lost", None, None), ("open", None, None), ("sunday", 0, 0),
    ]  # fmt: skip
    db.execute("""
        create table fct_touchpoints as select key as customer_key, 'web' as channel, key as touchpoint_key,
            timestamp '2026-02-13 02:00' as occurred_at, date '2026-02-13' as occurred_date
        from (values ('bought'), ('waits')) t(key);
        create table dim_customers as select customer_key, 'n' as region_key from fct_touchpoints;
        insert into int_orders_keyed(customer_key, order_date, paid_at, paid_date, is_cancelled, is_paid_by_status)
        values ('bought', date '2026-02-24', timestamp '2026-02-24 02:00', date '2026-02-24', false, false)""")
    with on("2026-02-20"):
        rows = rows_of(db, "fct_first_orders", "customer_key, waited_days, waited_workdays")
    assert sorted(rows) == [("bought", 7, 1), ("waits", 7, 1)]  # the order of the 24th is to come
    with on("2026-02-26"):
        rows = rows_of(db, "fct_first_orders", "customer_key, waited_days, waited_workdays")
    assert sorted(rows) == [("bought", 11, 2), ("waits", 13, 2)]


def test_a_date_that_is_refreshed_again_restates_nothing_that_a_later_one_spoke_of(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """The 27th said 50 of its own day and 60, no more 40, of the 26th. The 26th again knows neither; the 28th does."""
    db.execute("create table kpi_metrics as select 'net_sales' as metric_id, 'sum' as aggregation")
    db.execute("create table stg_ledger__rules as select 'r1' as rules")
    db.execute("""create table stg_history__kpi_values as select 'net_sales' as metric_id, 'day' as period_grain,
        period_start_date, 'total' as dimension_name, 'total' as dimension_value, value::decimal(28, 8) as numerator,
        null::decimal(28, 8) as denominator, value::decimal(28, 8) as value, false as is_gone, version,
        business_date, 'r1' as rules, business_date + interval 18 hour as as_of
        from (values ('1', date '2026-06-26', date '2026-06-25', 30), ('1', date '2026-06-26', date '2026-06-26', 40),
            ('2', date '2026-06-27', date '2026-06-26', 60), ('2', date '2026-06-27', date '2026-06-27', 50))
        t(version, business_date, period_start_date, value)""")
    db.execute("""create table kpi_values as select 'net_sales' as metric_id, 'day' as period_grain,
        date '2026-06-25' as period_start_date, 'total' as dimension_name, 'total' as dimension_value,
        33::decimal(28, 8) as numerator, null::decimal(28, 8) as denominator, 33::decimal(28, 8) as value""")
    columns = "period_start_date::varchar, original_value, current_value, restated_at >= original_as_of"
    for day, expected in (
        ("2026-06-26", [("2026-06-25", 30, 33, True)]),
        ("2026-06-28", [("2026-06-25", 30, 33, True), ("2026-06-26", 40, None, True), ("2026-06-27", 50, None, True)]),
    ):
        with on(day):
            for model in ("int_kpi_words_compared", "int_levels_told"):
                rows_of(db, model, "metric_id")
            assert sorted(rows_of(db, "kpi_restatements", columns)) == expected


def test_an_order_that_was_never_paid_takes_nothing_off_what_was(db: duckdb.DuckDBPyConnection) -> None:
    """Of 100 that were paid 30 came back, and 5 of an order that nobody knows: 65, whatever came back of 500 that were
    never paid or not by 28 June."""
    put(db, "int_orders_keyed", """('paid', date '2026-01-12'), ('unpaid', null), ('july', date '2026-07-01')""",
            "order_key, paid_date")  # fmt: skip
    db.execute("alter table int_orders_keyed add column is_cancelled boolean default false")
    db.execute("alter table int_orders_keyed add column is_paid_by_status boolean default false")
    db.execute("""
        create table fct_order_lines as
        select *, 'c' as customer_key, date '2026-01-10' as order_date,
            (case order_key when 'paid' then 100 else 500 end)::decimal(18, 4) as net_amount
        from int_orders_keyed""")
    put(db, "fct_returns", ", ".join(
        f"('c', '{order}', {amount}::decimal(18, 4), date '2026-03-20', false)"
        for order, amount in (("paid", 30), ("unpaid", 500), ("july", 500), ("nobody knows", 5))
    ), "customer_key, order_key, refund_amount, return_date, is_cancelled")  # fmt: skip
    with on("2026-06-28"):
        assert rows_of(db, "int_customer_purchases", "order_day_count, value_to_date_amount") == [(1, 65)]


def test_who_is_not_estimated_is_told_why(db: duckdb.DuckDBPyConnection) -> None:
    """A hundred who came back are enough to learn from, and 99 are not."""
    db.execute("create table int_customer_values_expected(customer_key varchar, expected_order_count double, "
               "expected_order_amount double, expected_amount double)")  # fmt: skip
    for returning, why in ((100, "not_fitted"), (99, "too_few_returning")):
        db.execute(f"""create or replace table int_customer_purchases as select i::varchar as customer_key,
            date '2026-01-01' as first_order_date, date '2026-02-01' as last_order_date,
            case when i < {returning} then 2 else 1 end as order_day_count, 1 as value_to_date_amount
            from range(200) t(i)""")
        assert set(rows_of(db, "kpi_customer_lifetime_values", "estimate_status")) == {(why,)}


def test_a_goal_on_cohorts_is_on_the_board_until_they_have_had_their_time(db: duckdb.DuckDBPyConnection) -> None:
    """Ended on 30 June: of 90 days until 28 September, by a median of 45 until 14 August; what runs comes first."""
    db.execute("""create table kpi_metrics as select *, 'x' as name_en, 'x' as name_zh, 'u' as unit, 'up' as direction,
        true as is_on_board from (values (1, 'opp_to_order_rate', 90, true, 'ratio'),
        (2, 'first_order_cycle_days', 0, true, 'median'), (3, 'net_sales', 0, false, 'sum'))
        t(number, metric_id, matures_after_days, is_cohort, aggregation)""")
    db.execute("create table kpi_values(metric_id varchar, period_grain varchar, period_start_date date, "
               "dimension_name varchar, numerator int, denominator int, value int, is_matured bool)")  # fmt: skip
    db.execute("""create table int_targets_judged as select *, true as is_whole, 'total' as scope_dimension,
        date '2026-04-01' as starts_on, 45 as actual_value, 'missed' as target_status, null::int as goal_value,
        null::int as upper_value, null::int as progress_rate, null::int as expected_progress_rate,
        null::int as projected_value, null::varchar as projected_status, null::varchar as projection_method
        from (values ('rate', 'opp_to_order_rate', date '2026-06-30'),
            ('days', 'first_order_cycle_days', date '2026-06-30'), ('sales', 'net_sales', date '2026-06-30'))
        t(target_id, metric_id, due_on)""")

    def shown(day: str) -> list[str]:
        with on(day):
            found = rows_of(db, "int_board_metrics_followed", "number, target_id")
        return [target for _, target in found if target]

    assert shown("2026-06-30") == ["rate", "days", "sales"]
    assert shown("2026-08-14") == ["rate", "days"] and shown("2026-08-15") == ["rate"]
    assert shown("2026-09-28") == ["rate"] and shown("2026-09-29") == []
    db.execute(
        "insert into int_targets_judged by name select 'next' as target_id, metric_id, is_whole, scope_dimension, "
        "date '2026-09-30' as due_on, 'on_track' as target_status from int_targets_judged where target_id = 'rate'"
    )
    assert shown("2026-08-15") == ["next"]


@pytest.mark.parametrize(
    ("denominator", "goal", "status"),
    [(0, None, "met"), (20, None, "no_target"), (0, "not_started", "not_started")],
    ids=["nothing is left to win", "something is", "a goal on coverage is to come"],
)
def test_the_board_says_met_of_coverage_where_nothing_is_left_to_win(
    denominator: int, goal: str | None, status: str, db: duckdb.DuckDBPyConnection
) -> None:
    """Other levels without a denominator have no target; the figure stays without a value."""
    value = 40 / denominator if denominator else None
    db.execute("""create table kpi_metrics as select *, 'x' as name_en, 'x' as name_zh, 'u' as unit,
        'band' as direction, true as is_on_board, 0 as matures_after_days, false as is_cohort, 'latest' as aggregation
        from (values (12, 'pipeline_coverage_ratio'), (17, 'quota_attainment')) t(number, metric_id)""")
    put(db, "kpi_values", ", ".join(
        f"('{metric}', 'day', date '2026-06-28', 'total', 40, {denominator}, {value or 'null'}, true)"
        for metric in ("pipeline_coverage_ratio", "quota_attainment")
    ), "metric_id, period_grain, period_start_date, dimension_name, numerator, denominator, value, "
       "is_matured")  # fmt: skip
    db.execute(f"""create table int_targets_judged as select 'g' as target_id, 'pipeline_coverage_ratio' as metric_id,
        true as is_whole, 'total' as scope_dimension, date '2026-04-01' as starts_on, date '2026-06-30' as due_on,
        null as actual_value, '{goal}' as target_status, null::int as goal_value, null::int as upper_value,
        null::int as progress_rate, null::int as expected_progress_rate, null::int as projected_value,
        null::varchar as projected_status, null::varchar as projection_method where {goal is not None}""")
    with on("2026-06-28"):
        found = rows_of(db, "int_board_metrics_followed", "number, value, target_status")
    assert found == [(12, value, status), (17, value, "no_target")]


def test_a_region_in_which_a_seller_once_was_is_a_region(db: duckdb.DuckDBPyConnection) -> None:
    """Nobody else names it, and the months of full-time days there would be lost where it is looked up."""
    put(db, "stg_settings__regions", "('east', 'East', '华东', 'region', null, null)",
        "region_key, region_name_en, region_name_zh, region_level, parent_region_key, iso_code")  # fmt: skip
    for table in ("int_orders_keyed", "fct_returns", "fct_opportunities", "int_customers_identified", "dim_dealers",
                  "dim_stores", "dim_market_events"):  # fmt: skip
        put(db, table, "('east')", "region_key")
    put(db, "int_sales_reps_deduplicated", "('r', 'east')", "rep_key, region_key")
    put(db, "int_sales_reps_employed", "('r', 'east'), ('r', 'old east')", "rep_key, region_key")
    assert rows_of(db, "dim_regions", "region_key") == [("east",), ("old east",), ("unknown",)]


def test_in_a_company_of_one_region_no_buyers_are_expected(
    db: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VARIABLES, "white_space_index", 0.5)
    db.execute("""
        create table dim_customers as
        select 'c' || i as customer_key, 'n' as region_key, true as is_addressable, false as is_deleted
        from range(20) t(i)""")
    put(db, "dim_regions", "('n', 'region'), ('unknown', 'region')", "region_key, region_level")
    put(db, "dim_products", "('p', 'milk')", "product_key, product_line")
    db.execute("""
        create table int_purchases_summed as
        select 'c' || i as customer_key, 'p' as product_key, 1 as net_sales_amount, 1 as line_count
        from range(12) t(i)""")
    rows_of(db, "int_penetration_expected", "1")
    columns = "penetration_status, buyer_count, expected_buyer_count, missing_buyer_count, q_value"
    assert rows_of(db, "kpi_white_space", columns) == [("nothing_beside", 12, None, 0, None)]


def test_no_two_cells_of_the_pivot_have_one_key_whatever_signs_their_members_have(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """Of `a|b` sold in c and `a` sold in `b|c`, and of one that is written as a sign is."""
    put(db, "fct_sales_daily", ", ".join(
        f"(date '2026-06-01', '{line}', '{region}', 'r', 1, 1)"
        for line, region in (("a|b", "c"), ("a", "b|c"), ("a%7Cb", "c"))
    ), "sales_date, product_line, region_key, rep_key, net_sales_amount, unit_count")  # fmt: skip
    keys = [key for (key,) in rows_of(db, "kpi_sales_pivot", "cell_key")]
    assert len(set(keys)) == len(keys)
    assert {"|||", "2026-06-01|a%7Cb|c|r", "2026-06-01|a|b%7Cc|r", "2026-06-01|a%257Cb|c|r"} < set(keys)
