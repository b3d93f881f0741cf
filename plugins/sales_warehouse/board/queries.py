"""What the board asks of the marts. Sums of published rows only: no rule of the business is computed here."""

from __future__ import annotations

import datetime

from sales_warehouse.board.listings import STANDING
from sales_warehouse.board.periods import Period
from sales_warehouse.sql import literal
from sales_warehouse.weekly import queries as weekly

HISTORY = datetime.timedelta(days=800)
MOVERS_SHOWN = 2  # of one metric along one dimension
PERIODS_DRAWN = 26  # of the metric of an incident
SEGMENTS_AGO = datetime.timedelta(days=30)


def statements(business_date: datetime.date, periods: list[Period]) -> dict[str, str]:
    """SQL by the name of the table that the page reads."""
    week = weekly.last_week(business_date)
    since, then = literal(business_date - HISTORY), literal(business_date - SEGMENTS_AGO)
    return {
        "kpis": f"""
            select metric_id, period_grain as grain, period_start_date as start, numerator, denominator, value,
                is_matured
            from marts.kpi_values
            where dimension_name = 'total' and period_grain in ('week', 'month', 'quarter')
                and period_start_date >= {since} and period_start_date <= {literal(business_date)}
            order by metric_id, grain, start""",
        "incident_count": "select count(*) as standing_count from marts.fct_incidents where not is_closed",
        # of the weekly review, which keeps the same
        "movers": weekly.movers(week, MOVERS_SHOWN),
        "ended_incidents": weekly.ended_incidents(week),
        "goal_lints": weekly.lints(week),
        "alert_rules": """
            select rule_id, rule_name_en as name_en, rule_name_zh as name_zh, rule_state,
                sum(judged_count) as judged_count, sum(alert_count) as alert_count,
                max(last_alert_date) as last_alert_date
            from marts.kpi_alert_trials
            group by rule_id, rule_name_en, rule_name_zh, rule_state, rule_order order by rule_order, rule_id""",
        "alert_series": f"""
            select incident_key, start, value
            from (
                select incident_key, kpis.period_start_date as start, kpis.value
                from marts.alert_metrics as alerts
                join marts.kpi_values as kpis using (metric_id, period_grain, dimension_name, dimension_value)
                where kpis.period_start_date <= alerts.period_start_date
                union all -- kpi_values has no month in which a product sold nothing
                select incident_key, period_start_date as start, value
                from marts.alert_metrics
                anti join marts.kpi_values
                using (metric_id, period_grain, dimension_name, dimension_value, period_start_date)
            )
            where {STANDING.format(key="incident_key", of="alert_key")}
            qualify row_number() over (partition by incident_key order by start desc) <= {PERIODS_DRAWN}
            order by incident_key, start""",
        "kpi_stages": f"""
            select metric_id, period_start_date as start, dimension_value as stage, numerator, denominator, value,
                is_matured
            from marts.kpi_values
            where dimension_name = 'stage' and period_grain = 'month'
                and period_start_date >= {since} and period_start_date <= {literal(business_date)}
            order by metric_id, start, stage""",
        "stage_orders": """
            select stage, min(stage_order) as stage_order
            from marts.fct_opportunity_stage_events group by all order by 2, 1""",
        "kpi_reps": f"""
            select dimension_value as rep_key, period_start_date as start, numerator, denominator
            from marts.kpi_values
            where metric_id = 'win_rate' and dimension_name = 'rep' and period_grain = 'month'
                and period_start_date >= {since} and period_start_date <= {literal(business_date)}
            order by rep_key, start""",
        "sales_times": _sales_times(since),
        "sales_spans": _sales_spans(periods),
        "sales_extent": f"""
            select min(sales_date) as first_date, max(sales_date) as last_date
            from marts.fct_sales_daily where sales_date <= {literal(business_date)}""",
        "open_pipeline": """
            select count(*) as opportunity_count, sum(amount) as amount
            from marts.fct_opportunities where opportunity_status = 'open'""",
        "customers": """
            with reasons as (
                -- The figures of one customer stand in brackets at the end; here customers are counted together.
                select coalesce(tier, 'unknown') as tier, count(*) as customers,
                    regexp_replace(tier_reason_en, ' *[(][^()]*[)]$', '') as tier_reason_en,
                    regexp_replace(tier_reason_zh, ' *（[^（）]*）$', '') as tier_reason_zh
                from marts.dim_customers where customer_key <> 'unknown' and not is_deleted group by all
            ),
            ranked as (
                select *, row_number() over (
                    partition by tier order by customers desc, tier_reason_en, tier_reason_zh) <= 5 as is_shown
                from reasons
            )
            select tier, if(is_shown, tier_reason_en, null) as reason_en,
                if(is_shown, tier_reason_zh, null) as reason_zh, is_shown, sum(customers) as customer_count
            from ranked group by all order by tier, is_shown desc, customer_count desc, reason_en""",
        "segments": f"""
            select segment_id, segment_type, segment_name_en as name_en, segment_name_zh as name_zh,
                count(customer_key) filter (is_current) as customer_count,
                count(customer_key) filter (
                    valid_from_date <= {then} and (is_current or valid_to_date >= {then})
                ) as earlier_count
            from marts.dim_segments left join marts.fct_segment_members using (segment_id)
            group by segment_id, segment_type, segment_name_en, segment_name_zh, display_order
            order by segment_type, display_order, segment_id""",
        "provinces": """
            select province_key, count(*) as customer_count
            from marts.dim_customers where customer_key <> 'unknown' and not is_deleted
            group by all order by province_key""",
    }


def sales_by_day(business_date: datetime.date) -> str:
    """Net sales by day, region and one further dimension at a time: the one look at the large fact, taken once."""
    since = literal(business_date - HISTORY - datetime.timedelta(days=31))
    return f"""
        create temp table sales_by_day as
        with sales as (
            select sales_date, coalesce(region_key, 'unknown') as region_key, coalesce(channel, 'unknown') as channel,
                coalesce(product_line, 'unknown') as product_line, coalesce(rep_key, 'unknown') as rep_key,
                net_sales_amount
            from marts.fct_sales_daily where sales_date between {since} and {literal(business_date)}
        )
        select sales_date, region_key, sum(net_sales_amount) as amount,
            coalesce(channel, product_line, rep_key) as member,
            case when channel is not null then 'channel' when product_line is not null then 'product_line'
                else 'rep' end as dimension
        from sales
        group by grouping sets (
            (sales_date, region_key, channel), (sales_date, region_key, product_line), (sales_date, region_key, rep_key)
        )"""


def _sales_times(since: str) -> str:
    """Net sales by day, week and month, for each region and ('') for all; only periods that have rows."""
    return f"""
        select grain, date_trunc(grain, sales_date)::date as start, coalesce(region_key, '') as region_key,
            sum(amount) as amount
        from sales_by_day, (values ('day'), ('week'), ('month')) as grains(grain)
        where dimension = 'channel' and sales_date >= date_trunc(grain, {since})
        group by grouping sets ((1, 2), (1, 2, region_key)) order by 1, 2, 3"""


def _sales_spans(periods: list[Period]) -> str:
    """Net sales of each period, the one before and the year before, by dimension, for each region and ('') for all."""
    spans = ", ".join(
        "(" + ", ".join(map(literal, (p.period, part, start, end))) + ")"
        for p in periods
        for part, start, end in (
            ("current", p.starts_on, p.ends_on),
            ("previous", p.previous_starts_on, p.previous_ends_on),
            ("year", p.year_starts_on, p.year_ends_on),
        )
    )
    return f"""
        with members as (
            select sales_date, region_key, dimension, member, amount from sales_by_day
            union all
            select sales_date, region_key, 'region', region_key, amount from sales_by_day where dimension = 'channel'
            union all
            select sales_date, region_key, 'total', 'total', amount from sales_by_day where dimension = 'channel'
        )
        select period, dimension, member, coalesce(region_key, '') as region_key,
            sum(amount) filter (part = 'current') as current_amount,
            sum(amount) filter (part = 'previous') as previous_amount,
            sum(amount) filter (part = 'year') as year_amount
        from members
        join (values {spans}) as spans(period, part, starts_on, ends_on)
            on sales_date between starts_on and ends_on
        group by grouping sets ((1, 2, 3), (1, 2, 3, region_key)) order by 1, 2, 3, 4"""
