"""What the board asks of the marts. Sums of published rows only: no rule of the business is computed here."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sales_warehouse.board.periods import Period
from sales_warehouse.sql import literal

Date = datetime.date
HISTORY = datetime.timedelta(days=800)
REASONS_SHOWN = 12


@dataclass(frozen=True)
class Listing:
    """A table taken over as it is: the columns that the page knows, those that are not published as nulls."""

    relations: tuple[str, ...]
    columns: tuple[str, ...]
    order: str
    where: str = "true"


LISTINGS = {
    "company": Listing(
        ("marts.dim_company", "settings.company"),
        ("company_id", "name_en", "name_zh", "currency", "time_zone", "language", "business_date", "as_of"),
        "company_id",
    ),
    "metrics": Listing(
        ("marts.kpi_metrics",), ("metric_id", "number", "name_en", "name_zh", "formula", "unit", "direction"), "number"
    ),
    "regions": Listing(
        ("marts.dim_regions",),
        ("region_key", "region_name_en", "region_name_zh", "region_level", "parent_region_key", "iso_code"),
        "region_key",
    ),
    "channels": Listing(("marts.dim_channels",), ("channel", "channel_name_en", "channel_name_zh"), "channel"),
    "reps": Listing(("marts.dim_sales_reps",), ("rep_key", "rep_name", "team", "region_key"), "rep_key"),
    "tiers": Listing(
        ("marts.dim_lifecycle_tiers", "settings.lifecycle_tiers"), ("tier", "priority", "name_en", "name_zh"),
        "priority, tier",
    ),
    "playbooks": Listing(
        ("marts.dim_playbooks", "settings.playbooks"),
        ("playbook_id", "name_en", "name_zh", "department", "steps_en", "steps_zh"),
        "playbook_id",
    ),
    "targets": Listing(
        ("marts.kpi_targets",),
        (
            "target_id", "metric_id", "name_en", "name_zh", "scope_dimension", "scope_value", "baseline_value",
            "target_value", "actual_value", "progress_rate", "expected_progress_rate", "starts_on", "due_on", "owner",
            "status",
        ),
        "due_on, target_id",
    ),
    "freshness": Listing(
        ("marts.trust_source_freshness",),
        (
            "source", "label_en", "label_zh", "last_load_at", "last_event_at", "last_status", "last_error", "age_hours",
            "expected_within_hours", "freshness_status",
        ),
        "source",
    ),
    "accounting": Listing(
        ("marts.trust_row_accounting",),
        (
            "source", "entity", "landed_count", "excluded_count", "quarantined_count", "accepted_count",
            "current_count", "merged_count", "unexplained_count",
        ),
        "source, entity",
    ),
    "quarantine": Listing(
        ("marts.trust_quarantine_reasons",),
        ("source", "entity", "rule", "column_name", "reason", "row_count", "last_load_at"),
        f"row_count desc, source, entity, rule, column_name, reason limit {REASONS_SHOWN}",
    ),
    "funnel": Listing(
        ("marts.kpi_funnel",),
        (
            "cohort_month", "step_order", "step", "step_name_en", "step_name_zh", "entered_count", "advanced_count",
            "lost_count", "open_count", "entered_amount", "is_matured",
        ),
        "cohort_month, step_order",
    ),
}


def alerts(business_date: Date) -> Listing:
    """Incidents of the last complete week and of the running one; older ones are history."""
    return Listing(
        ("marts.alert_net_sales_fall",),
        (
            "incident_key", "rule_id", "severity", "owner", "region_key", "region_name_en", "region_name_zh",
            "week_start_date", "week_end_date", "current_amount", "previous_amount", "change_rate", "threshold_rate",
            "top_dimension", "top_value", "top_contribution_amount", "reason_en", "reason_zh", "playbook_id",
        ),
        "change_rate, incident_key",
        f"week_end_date >= {literal(business_date - datetime.timedelta(days=7))}",
    )


def statements(business_date: Date, periods: list[Period]) -> dict[str, str]:
    """SQL by the name of the table that the page reads."""
    since = literal(business_date - HISTORY)
    return {
        "kpis": f"""
            select metric_id, period_grain as grain, period_start_date as start, numerator, denominator, value,
                is_matured
            from marts.kpi_values
            where dimension_name = 'total' and period_grain in ('week', 'month', 'quarter')
                and period_start_date >= {since} and period_start_date <= {literal(business_date)}
            order by metric_id, grain, start""",
        "kpi_stages": f"""
            select metric_id, period_start_date as start, dimension_value as stage, numerator, denominator, value,
                is_matured
            from marts.kpi_values
            where dimension_name = 'stage' and period_grain = 'month'
                and period_start_date >= {since} and period_start_date <= {literal(business_date)}
            order by metric_id, start, stage""",
        "kpi_reps": f"""
            select dimension_value as rep_key, period_start_date as start, numerator, denominator
            from marts.kpi_values
            where metric_id = 'win_rate' and dimension_name = 'rep' and period_grain = 'month'
                and period_start_date >= {since} and period_start_date <= {literal(business_date)}
            order by rep_key, start""",
        "sales_times": _sales_times(since, literal(business_date)),
        "sales_spans": _sales_spans(periods),
        "sales_extent": """
            select min(sales_date) as first_date, max(sales_date) as last_date from marts.fct_sales_daily""",
        "open_pipeline": """
            select count(*) as opportunity_count, sum(amount) as amount
            from marts.fct_opportunities where opportunity_status = 'open'""",
        "customers": """
            with reasons as (
                select coalesce(tier, 'unknown') as tier, tier_reason_en as reason_en, tier_reason_zh as reason_zh,
                    count(*) as customer_count,
                    row_number() over (partition by tier order by count(*) desc, reason_en, reason_zh) <= 5 as is_shown
                from marts.dim_customers where customer_key <> 'unknown' group by all
            )
            select tier, if(is_shown, reason_en, null) as reason_en, if(is_shown, reason_zh, null) as reason_zh,
                is_shown, sum(customer_count) as customer_count
            from reasons group by all order by tier, is_shown desc, customer_count desc, reason_en""",
        "provinces": """
            select province_key, count(*) as customer_count
            from marts.dim_customers where customer_key <> 'unknown' group by all order by province_key""",
    }


def _sales_times(since: str, until: str) -> str:
    """Net sales by day, week and month, for each region and ('') for all; only periods that have rows."""
    return f"""
        select grain, date_trunc(grain, sales_date)::date as start,
            case when grouping(region_key) = 1 then '' else coalesce(region_key, 'unknown') end as region_key,
            sum(net_sales_amount) as amount
        from marts.fct_sales_daily, (values ('day'), ('week'), ('month')) as grains(grain)
        where sales_date >= date_trunc('month', {since}) and sales_date <= {until}
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
        with daily as (
            select sales_date, coalesce(region_key, 'unknown') as region_key, channel, rep_key, product_line,
                sum(net_sales_amount) as amount, sum(order_count) as orders
            from marts.fct_sales_daily group by all
        ),
        cut as (
            select period, part, daily.* from daily
            join (values {spans}) as spans(period, part, starts_on, ends_on)
                on sales_date between starts_on and ends_on
        ),
        members as (
            select period, part, region_key, amount, orders,
                unnest(['total', 'region', 'channel', 'product_line', 'rep']) as dimension,
                unnest(['total', region_key, channel, product_line, rep_key]) as member
            from cut
        )
        select period, dimension, coalesce(member, 'unknown') as member,
            case when grouping(region_key) = 1 then '' else region_key end as region_key,
            sum(amount) filter (part = 'current') as current_amount,
            sum(amount) filter (part = 'previous') as previous_amount,
            sum(amount) filter (part = 'year') as year_amount,
            sum(orders) filter (part = 'current') as order_count
        from members
        group by grouping sets ((1, 2, 3), (1, 2, 3, region_key)) order by 1, 2, 3, 4"""
