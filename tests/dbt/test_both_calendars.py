"""What took some time is published by the clock and in business time; around a make-up Saturday they part the most.

China's spring festival of 2026: the Saturdays of 14 and 28 February are worked, the days between, 15 to 23, are off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal as D

import duckdb
import pytest
from lone_models import on, rows_of

CALENDAR = """
    create table dim_calendar_hours as
    select
        'default' as schedule_id, d::date as date_day, is_open,
        sum(is_open::int) over so_far as open_day_number,
        (sum(is_open::int) over so_far - is_open::int) * 9 * 3600 as open_seconds_before,
        case when is_open then d + interval 1 hour end as opens_1_at, -- 9 to 18 in Shanghai
        case when is_open then d + interval 10 hour end as closes_1_at,
        null::timestamp as opens_2_at, null::timestamp as closes_2_at, null::timestamp as opens_3_at,
        null::timestamp as closes_3_at, null::timestamp as opens_4_at, null::timestamp as closes_4_at
    from (
        select d, case
            when d in (timestamp '2026-02-14', timestamp '2026-02-28') then true
            else isodow(d) < 6 and d not between timestamp '2026-02-15' and timestamp '2026-02-23'
        end as is_open
        from range(timestamp '2026-01-01', timestamp '2026-12-31', interval 1 day) t(d)
    )
    window so_far as (order by d)"""


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(CALENDAR)
        connection.execute("create table dim_sales_reps as select 'r' as rep_key, 't' as team")
        connection.execute("create table int_sales_reps_scheduled as select 'r' as rep_key, 'default' as schedule_id")
        yield connection


def test_a_lead_waits_by_the_clock_and_in_business_time(db: duckdb.DuckDBPyConnection) -> None:
    """In hours. l1, from Friday 17:00 to the worked Saturday at 10: 17 and 2. l2, from that Saturday 17:00 to the first
    day after the holiday at 10: 9 days and 17 hours, and 2. l3 still waits, since Monday 2 March 9:00, at 15:00."""
    db.execute("""
        create table fct_leads as
        select lead_key, lead_key as customer_key, 'web' as channel, 'r' as owner_rep_key, created_at,
            created_at::date as created_date, null::timestamp as first_opportunity_at
        from (values ('l1', timestamp '2026-02-13 09:00'), ('l2', timestamp '2026-02-14 09:00'),
            ('l3', timestamp '2026-03-02 01:00')) t(lead_key, created_at);
        create table fct_touchpoints as
        select * from (values ('l1', 'outbound', timestamp '2026-02-14 02:00'),
            ('l2', 'outbound', timestamp '2026-02-24 02:00')) t(customer_key, direction, occurred_at);
        create table fct_chats as select 'x' as customer_key, null::timestamp as first_response_at""")
    with on("2026-03-02", "07:00:00"):
        found = rows_of(db, "fct_lead_responses", "lead_key, is_answered, waited_hours, waited_calendar_hours")
    assert found == [("l1", True, D(2), D(17)), ("l2", True, D(2), D(233)), ("l3", False, D(6), D(6))]


def test_a_customer_waits_by_the_clock_and_in_business_time(db: duckdb.DuckDBPyConnection) -> None:
    """A visit on Friday at 17:00, a call on the worked Saturday at 10, the next on Tuesday 24 February at 10: 17 hours
    and 2; 10 days, and what is left of the Saturday, 8, and one hour. Then the customer is in the last tier."""
    db.execute("""
        create table fct_touchpoints as
        select *, 'c' as customer_key, 'r' as rep_key, 'outbound' as direction, occurred_at::date as occurred_date
        from (values ('visit:1', timestamp '2026-02-13 09:00'), ('call:1', timestamp '2026-02-14 02:00'),
            ('call:2', timestamp '2026-02-24 02:00'), ('call:3', timestamp '2026-02-27 02:00'))
            t(touchpoint_key, occurred_at);
        create table dim_customer_tiers as
        select 'c' as customer_key, *, false as is_deleted
        from (values (date '2026-01-01', date '2026-02-26', 1, false), (date '2026-02-27', null, 3, true))
            t(valid_from_date, valid_to_date, tier_priority, is_last_tier)""")
    with on("2026-03-02"):
        found = rows_of(db, "fct_follow_up_gaps", "touchpoint_key, team, started_at, gap_hours, gap_business_hours")
    assert found == [
        ("call:1", "t", datetime(2026, 2, 13, 9), D(17), D(2)),
        ("call:2", "t", datetime(2026, 2, 14, 2), D(240), D(9)),
    ]


STAYS = """
    create table fct_opportunity_stage_events as
    select
        deal as opportunity_key, 'talks' as stage, 1 as stage_order, entered::timestamp as entered_at,
        entered as entered_date, 1 as entry_number, (coalesce(left_on, date '2026-03-02') - entered)::decimal(18, 6)
            as dwell_days, 'default' as schedule_id, left_on as left_date, exit_type
    from (values
        ('d1', date '2026-02-13', date '2026-02-16', 'won'),
        ('d2', date '2026-02-13', date '2026-02-24', 'won'),
        ('d3', date '2026-02-14', date '2026-02-28', 'lost'),
        ('d4', date '2026-02-27', null, 'open')
    ) t(deal, entered, left_on, exit_type)"""
# Days after the one of coming, up to the one of leaving. d1: the worked Saturday alone. d2: and Tuesday, the 24th.
# d3: 24 to 27 February, and the other worked Saturday. d4: that Saturday and Monday, 2 March, and it goes on.
PASSED = {"d1": (3, 1), "d2": (11, 2), "d3": (14, 5), "d4": (3, 2)}


def test_how_long_a_step_takes_is_told_in_days_and_in_workdays(db: duckdb.DuckDBPyConnection) -> None:
    """Days: 3 (one is over, one is not), 11, 14. At 3 days 3 of 4 are left, at 11 half of these; the last ends at 14.
    Workdays: 1, 2 (and one is not over), 5: at 1 day 3 of 4 are left, at 2 two thirds of these."""
    db.execute(STAYS)
    db.execute("""
        create table stg_settings__funnel as select 90 as maturity_days, 3.5 as odd_score, 50 as odd_minimum_entered;
        create table int_funnel_journeys as
        select 'lead:l' as journey_key, *, false as is_ended, null::date as ended_date, null::date as grown_date,
            false as is_paid_in_full
        from (values ('lead', 'lead', 1, date '2026-02-14'), ('opportunity', 'opportunity', 2, date '2026-02-28'))
            t(step_type, step, type_order, reached_date)""")
    with on("2026-03-02"):
        passed = rows_of(db, "int_funnel_steps_passed", "step_level, subject_key, step, dwell_days, dwell_workdays")
        rows_of(db, "int_funnel_periods_compared", "step")
        told = rows_of(db, "kpi_funnel_steps",
            "period_grain, step, dwell_count, dwell_median_days, dwell_median_workdays, dwell_mean_days, "
            "dwell_mean_workdays, dwell_p90_workdays")  # fmt: skip
    stages = {deal: (days, workdays) for level, deal, _, days, workdays in passed if level == "stage"}
    assert stages == PASSED
    assert [row[2:] for row in passed if row[0] == "main"] == [("lead", D(14), 5), ("opportunity", D(2), 1)]
    stay = next(row for row in told if row[:2] == ("month", "talks"))
    # mean days 3 + 8 x 3/4 + 3 x 3/8; workdays 1 + 1 x 3/4 + 3 x 1/2
    assert stay[2:] == (4, D(11), 2, D("10.125"), D("3.25"), 5)
    assert date(2026, 2, 14).weekday() == date(2026, 2, 28).weekday() == 5
