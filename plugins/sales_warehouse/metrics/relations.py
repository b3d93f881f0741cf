"""The rows behind the figures of each metric: a query over published marts, and how its rows make the figure again.

`sql/<name>.sql` has one row for each thing that a person looks for, with its keys, names and cuts; what a row adds to a
numerator and a denominator is said in registry.yml where the semantic layer can say it, else here. Queries read what a
run was told with getvariable: business_date, as_of, time_zone, and the last_date of the period that is asked about.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from sales_warehouse.metrics.facts import Measure
from sales_warehouse.metrics.registry import registry
from sales_warehouse.sql import ident, literal

FOLDER = Path(__file__).with_name("sql")
# What a dimension is called in the rows, where it is not called by its own name.
COLUMNS = {
    "region": "region_key", "rep": "rep_key", "manager": "manager_rep_key", "product": "product_key",
    "dealer": "dealer_key", "customer": "customer_key", "deal": "opportunity_key", "target": "target_id",
}  # fmt: skip
# Beside these, the columns that rows can be cut by under their own names.
CUTS = (
    "channel", "team", "product_line", "category", "price_band", "stage", "source", "industry", "size_band", "campaign",
    "tier", "dealer_tier", "touchpoint_type", "lost_reason", "row_type", "entity",
)  # fmt: skip
_NONE = "cast(null as decimal(28, 8))"
ADDED = ("numerator", "denominator", "counted", "duration", "is_ended")


def _whole(amount: str) -> str:
    return f"cast(coalesce({amount}, 0) as decimal(28, 8))"


def _ratio(numerator: str, denominator: str) -> str:
    """As the macro of that name: nothing, where there is nothing to divide by."""
    return f"cast(cast({numerator} as double) / nullif(cast({denominator} as double), 0) as decimal(28, 8))"


def _divided(numerator: str, denominator: str) -> str:
    return f"select {_whole(numerator)}, {_whole(denominator)}, {_ratio(numerator, denominator)} from {{rows}}"


def _alone(value: str) -> str:
    return f"select {_whole(value)}, {_NONE}, {_whole(value)} from {{rows}}"


# How rows make a figure: queries of `{rows}` for its numerator, denominator and value, as kpi_values has them.
FOLDS: Mapping[str, str] = {
    "sum": _alone("sum(numerator)"),
    "ratio": _divided("sum(numerator)", "sum(denominator)"),
    "distinct": _alone("count(distinct counted)"),
    "per_distinct": _divided("sum(numerator)", "count(distinct counted)"),
    "median": f"""
        select {_whole("sum(duration)")}, {_whole("count(duration)")}, cast(median(duration) as decimal(28, 8))
        from {{rows}}""",
    # The product-limit estimate of Kaplan and Meier (1958), as the macro kaplan_meier has it.
    "survival": f"""
        with durations as (
            select duration, count(*) as leaving, count(*) filter (where is_ended) as ended
            from {{rows}} group by duration
        ),
        risks as (select *, sum(leaving) over (order by duration desc) as at_risk from durations),
        curve as (
            select *, case when ended = at_risk then 0 else exp(sum(
                case when ended < at_risk then ln(cast(at_risk - ended as double) / at_risk) else 0 end
            ) over (order by duration)) end as survival
            from risks
        )
        select {_whole("sum(ended)")}, {_whole("sum(leaving)")},
            cast(min(duration) filter (where survival <= 0.5 + 1e-9) as decimal(28, 8))
        from curve""",
    "oldest": f"select cast(max(numerator) as decimal(28, 8)), {_NONE}, cast(max(numerator) as decimal(28, 8)) "
    "from {rows}",
    # Of one goal what it says itself, for a band is no quotient; in all, what was reached of what was aimed at.
    "goal": f"""
        select cast(case when {{in_total}} then coalesce(sum(actual_value), 0) else sum(numerator) end
                as decimal(28, 8)),
            cast(case when {{in_total}} then sum(target_value) else sum(denominator) end as decimal(28, 8)),
            case when {{in_total}} then {_ratio("coalesce(sum(actual_value), 0)", "sum(target_value)")}
                else max(progress_rate) end
        from {{rows}}""",
    # Full-time days over the days of the period that have been.
    "per_head": f"""
        with summed as (
            select sum(amount) as amount, {_ratio("sum(fte_days)", "{day_count}")} as heads from {{rows}}
        )
        select {_whole("amount")}, {_whole("heads")}, {_ratio("amount", "heads")} from summed""",
    "supply": f"""
        select {_whole("sum(numerator)")}, {_whole("greatest(sum(denominator), 0)")},
            {_ratio("sum(numerator)", "greatest(sum(denominator), 0)")}
        from {{rows}}""",
    # Hours of the sum, for those of rows are rounded.
    "hours": _divided("cast(sum(gap_microseconds) as decimal(28, 0)) / 3600000000", "sum(denominator)"),
    "again": _divided(
        "count(distinct customer_key) filter (where order_day_count > 1)", "count(distinct customer_key)"
    ),
    "top_three": f"""
        select {_whole("case when sum(denominator) > 0 then sum(numerator) end")},
            {_whole("case when sum(denominator) > 0 then sum(denominator) end")},
            case when sum(denominator) > 0 then {_ratio("sum(numerator)", "sum(denominator)")} end
        from {{rows}}""",
    # Herfindahl and Hirschman: 10,000 is one customer alone. Who is not known adds to the whole and to nothing else.
    "concentration": f"""
        with customers as (
            select sum(amount) as amount, customer_key <> 'unknown' as has_share
            from {{rows}} group by customer_key having sum(amount) > 0
        ),
        summed as (
            select cast(sum(cast(amount as decimal(19, 4)) * cast(amount as decimal(19, 4))) filter (where has_share)
                as double) as squares, cast(sum(amount) as double) as total from customers
        ),
        shared as (select * from summed where squares is not null)
        select {_whole("sum(10000 * squares / total)")}, {_whole("sum(total)")},
            {_ratio("sum(10000 * squares / total)", "sum(total)")}
        from shared""",
}
# What rows are told of the customer whose they are, once it is known which of them count.
_ORDER_DAYS = "select *, count(distinct row_date) over (partition by customer_key) as order_day_count from {picked}"
_PLACES = """
    select picked.*, customers.customer_amount, customers.customer_place
    from {picked} as picked
    join (
        select customer_key, sum(amount) as customer_amount, row_number() over (
            order by case when customer_key = 'unknown' then 1 else 0 end, sum(amount) desc, customer_key
        ) as customer_place
        from {picked} group by customer_key
    ) as customers on picked.customer_key = customers.customer_key"""
_IN_TOP_THREE = "customer_place <= 3 and customer_key <> 'unknown' and customer_amount > 0"
# Who sent back more than was bought is no buyer: shares are of what buyers bought, and none of them is above the whole.
_OF_BUYERS = "case when customer_amount > 0 then amount else 0 end"
YEAR = 365
# A deal that nobody has dated is there already.
_BEGUN = "(created_date is null or created_date <= getvariable('business_date'))"


@dataclass(frozen=True)
class Relation:
    """Where the rows of a metric are, what each adds, and how they are folded.

    `day` is the column by which rows count in a period; None where they are those of the business date, or of the last
    day of the period. `window` counts days up to that day instead of the period's own. `told` adds columns to the rows
    that are left. `in_total` holds of the rows that count where nothing is cut, `in_cut` of those where something is.
    """

    file: str
    fold: str
    adds: Mapping[str, str] = field(default_factory=dict)
    day: str | None = "row_date"
    window: int | None = None
    told: str = ""
    in_total: str = "true"
    in_cut: str = "true"


OWN: Mapping[str, Relation] = {
    "new_leads": Relation("new_leads", "distinct", {"counted": "lead_key"}),
    "lead_first_response_hours": Relation("lead_responses", "survival"),
    "follow_up_interval_hours": Relation("follow_up_gaps", "hours", {"numerator": "gap_hours", "denominator": "1"}),
    "opp_to_order_rate": Relation("deals_ordered", "ratio", {"numerator": "is_ordered", "denominator": "1"}),
    "stage_stalled_rate": Relation(
        "stays",
        "ratio",
        {"numerator": "is_stalled", "denominator": "case when dwell_days is not null then 1 else 0 end"},
        day="entered_date",
    ),
    "first_order_cycle_days": Relation("first_orders", "survival"),
    "weighted_pipeline_amount": Relation(
        "open_deals", "sum", {"numerator": "weighted_amount"}, day=None, in_total=_BEGUN, in_cut=_BEGUN
    ),
    "pipeline_coverage_ratio": Relation("coverage", "ratio", day=None, in_total="is_in_total"),
    "net_sales": Relation("sales", "sum", {"numerator": "amount"}),
    "revenue_per_customer": Relation(
        "sales",
        "per_distinct",
        {
            "numerator": "amount",
            "counted": "case when row_type = 'order_line' then nullif(customer_key, 'unknown') end",
        },
    ),
    "revenue_per_order": Relation(
        "sales",
        "per_distinct",
        {"numerator": "amount", "counted": "case when row_type = 'order_line' then order_key end"},
    ),
    "return_rate": Relation("returned", "ratio", {"numerator": "returned_quantity", "denominator": "quantity"}),
    "collection_rate": Relation("invoices", "ratio", {"numerator": "collected_amount", "denominator": "due_amount"}),
    "quota_attainment": Relation(
        "attainment", "goal", day=None, in_total="is_in_total", in_cut="progress_rate is not null"
    ),
    "repurchase_rate": Relation("purchases", "again", {"counted": "customer_key"}, window=YEAR, told=_ORDER_DAYS),
    "repurchase_cycle_days": Relation("repurchase_gaps", "survival"),
    "clv_12m": Relation("lifetime_values", "ratio", {"numerator": "clv_12m_amount", "denominator": "1"}, day=None),
    "revenue_per_head": Relation("heads", "per_head", {"numerator": "amount", "denominator": "fte_days"}),
    "top3_customer_share": Relation(
        "sales",
        "top_three",
        {"numerator": f"case when {_IN_TOP_THREE} then amount else 0 end", "denominator": _OF_BUYERS},
        window=YEAR,
        told=_PLACES,
    ),
    "customer_hhi": Relation("sales", "concentration", {"denominator": _OF_BUYERS}, window=YEAR, told=_PLACES),
    "capture_completeness_rate": Relation(
        "enquiries",
        "ratio",
        {"numerator": "case when capture_status = 'captured' then 1 else 0 end", "denominator": "1"},
    ),
    "dirty_rate": Relation("loads", "ratio", {"numerator": "dirty_count", "denominator": "judged_count"}),
    "source_freshness_hours": Relation("sources", "oldest", {"numerator": "age_hours"}, day=None),
    "dormant_rate": Relation("tiers", "ratio", {"numerator": "is_dormant", "denominator": "1"}),
    "dealer_days_of_supply": Relation(
        "dealer_stock", "supply", {"numerator": "stock_units", "denominator": "daily_units"}, day=None
    ),
}
# The rows of the facts of registry.yml, of which its measures are taken.
OF_FACTS = {
    "lead": "leads", "deal": "deals", "stay": "stays", "touchpoint": "touchpoints", "visit": "visits",
    "answer": "answers", "dealer_week": "dealer_weeks",
}  # fmt: skip


@cache
def relation_of(metric_id: str) -> Relation:
    """Return the rows behind a metric of the registry."""
    if metric_id in OWN:
        return OWN[metric_id]
    said = registry()[metric_id].semantic
    measure = said.value or said.denominator
    assert measure is not None
    adds: dict[str, str] = {}
    for end, each in said.measures.items():
        adds |= _added(end.removeprefix("_"), each)
    fold = "median" if "duration" in adds else "per_distinct" if "counted" in adds else "ratio"
    return Relation(OF_FACTS[measure.fact], fold, adds, day=measure.day)


def query_of(file: str) -> str:
    """Return the query of some rows; it reads those of `sql/<name>.sql` as rows_<name>."""
    return (FOLDER / f"{file}.sql").read_text(encoding="utf-8")


def tell(
    db: duckdb.DuckDBPyConnection,
    business_date: datetime.date,
    as_of: datetime.datetime | None = None,
    time_zone: str | None = None,
) -> None:
    """Say in a connection what the run was told that made the marts."""
    for name, value in (("business_date", business_date), ("as_of", as_of), ("time_zone", time_zone)):
        db.execute(f"set variable {name} = {literal(value)}")
    db.execute(f"set variable last_date = {literal(business_date)}")


def lay_out(db: duckdb.DuckDBPyConnection, file: str) -> str:
    """Make the view of some rows, and of those that it reads, and return its name; `db` has the marts in its path."""
    for name in dict.fromkeys([*_read_by(file), file]):
        db.execute(f"create or replace temp view rows_{name} as {query_of(name)}")
    return f"rows_{file}"


def cuts_of(columns: list[str]) -> dict[str, str]:
    """Return what rows with these columns can be cut by: dimension → column."""
    named = {**COLUMNS, **{name: name for name in CUTS}}
    return {name: column for name, column in named.items() if column in columns}


def adds_of(relation: Relation, columns: list[str]) -> dict[str, str]:
    """Return what the rows add beside their columns: name → expression."""
    return {name: text for name, text in relation.adds.items() if name not in columns}


def said_alike(name: str) -> str:
    """A column of the rows as kpi_values has its members: what no record tells is unknown."""
    return f"coalesce({ident(name)}, 'unknown')"


def _read_by(file: str) -> Iterator[str]:
    for name in dict.fromkeys(re.findall(r"\brows_(\w+)", query_of(file))):
        yield from _read_by(name)
        yield name


def _added(part: str, measure: Measure) -> dict[str, str]:
    said = measure.expression
    if measure.aggregate == "median":
        return {"duration": said}
    if measure.aggregate == "count_distinct":
        return {"counted": said}
    return {part: said if measure.aggregate == "sum" else f"case when {said} is not null then 1 else 0 end"}
