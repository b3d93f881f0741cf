"""The facts behind a metric as cells: for some spans of days, what each combination of members adds to it.

What a metric is measured on is said once, in metrics/registry.yml; what an aggregate of rows cannot say there and can
be cut all the same is said here. A distinct count is shared out: what occurs in three cells of a span counts a third in
each, so that the cells add up to the count of the whole.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from sales_warehouse.metrics import registry
from sales_warehouse.metrics.facts import Fact, Measure, cuts_called
from sales_warehouse.metrics.registry import facts
from sales_warehouse.metrics.relations import COLUMNS, lay_out, relation_of
from sales_warehouse.sql import ident, literal

LOOKED_IN = ("region", "channel", "product_line", "category", "stage", "source", "industry")
# What an alert may be about beside these; no cause is looked for among people and single products.
SCOPES = ("team", "manager", "rep", "product", "dealer", "customer")
CELLS = "measured_cells"
UNKNOWN = "unknown"  # as kpi_values calls a member that no record tells


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both included; `name` tells it from the others that are asked for."""

    name: str
    starts_on: datetime.date
    ends_on: datetime.date


@dataclass(frozen=True)
class Part:
    """Rows of a relation that add to a numerator or a denominator: their day, their cuts and what they add.

    `joins` are the cuts that another mart tells: dimension → the join that brings its column. `file` names the query of
    the rows behind a metric that has to be laid out before.
    """

    relation: str
    day: str
    cuts: Mapping[str, str]
    expression: str
    aggregate: Literal["sum", "count", "count_distinct"] = "sum"
    joins: Mapping[str, str] = field(default_factory=dict)
    file: str = ""

    def with_cuts(self, names: Iterable[str]) -> str:
        """The relation with the columns of these cuts."""
        joins = [self.joins[name] for name in sorted(names) if name in self.joins]
        return f"(select * from {self.relation}{''.join(joins)})" if joins else self.relation


# Metrics that the semantic layer cannot say, whose rows (metrics/relations.py) can be cut all the same, and by what.
OWN: Mapping[str, tuple[str, ...]] = {
    "new_leads": ("region", "channel", "source", "industry", "team", "rep"),
    "opp_to_order_rate": ("region", "product_line", "industry", "team", "manager", "rep"),
    "stage_stalled_rate": ("stage", "region", "product_line", "industry", "team", "manager", "rep"),
    "return_rate": ("region", "channel", "product_line", "category", "product"),
    "collection_rate": ("region", "channel", "industry", "team", "manager", "rep"),
    "dirty_rate": ("source",),
}

# Levels whose members add up to the whole, and what has them of each period: of a past day, what was published.
LEVELS: Mapping[str, tuple[str, ...]] = {
    "weighted_pipeline_amount": ("kpi_values", "int_levels_told"),
    "dormant_rate": ("kpi_values",),
}


def level_parts(metric_id: str, dimension: str) -> tuple[Part, ...]:
    """Return a level, or its numerator and denominator, by one dimension as it was said of each period."""
    metric = registry()[metric_id]
    rows = " union all ".join(
        f"select period_start_date, dimension_value, numerator, denominator from {table} "
        f"where metric_id = {literal(metric_id)} and period_grain = {literal(metric.grains[0])} "
        f"and dimension_name = {literal(dimension)}"
        for table in LEVELS[metric_id]
    )
    sums = ("numerator", "denominator") if metric.decomposition == "ratio" else ("numerator",)
    return tuple(Part(f"({rows})", "period_start_date", {dimension: "dimension_value"}, each) for each in sums)


def parts_of(metric_id: str) -> tuple[Part, ...]:
    """Return the value of a metric, or its numerator and denominator; nothing where its facts cannot be cut."""
    if metric_id in OWN:
        return _own_parts(metric_id)
    metric = registry().get(metric_id)
    if metric is None or metric.semantic.reason:
        return ()
    said = metric.semantic
    above = registry()[said.numerator].semantic.value if isinstance(said.numerator, str) else said.numerator
    measures = [each for each in (said.value, above, said.denominator) if each is not None]
    if any(measure.aggregate == "median" for measure in measures):
        return ()
    return tuple(_part(measure) for measure in measures)


def are_there(db: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> bool:
    """Whether all tables can be read: a published file has no intermediate models."""
    for table in tables:
        try:
            db.execute(f"select 1 from {table} limit 0")
        except duckdb.CatalogException:
            return False
    return True


def cuts_shared(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the dimensions that every part of a metric has."""
    return tuple(name for name in parts[0].cuts if all(name in part.cuts for part in parts)) if parts else ()


def measure_cells(
    db: duckdb.DuckDBPyConnection,
    parts: Sequence[Part],
    attributes: Sequence[str],
    spans: Iterable[Span],
    scope: Mapping[str, str],
) -> str:
    """Make a temporary table of span, attributes and amount_1 (and amount_2 of a ratio), and return its name.

    One row for each span and combination of members that occurs in it, within `scope` (dimension → member); `db` has
    the marts in its search path.
    """
    _lay_out(db, parts)
    listed = list(spans)
    days = ", ".join(f"({literal(each.name)}, {literal(each.starts_on)}, {literal(each.ends_on)})" for each in listed)
    named = ", ".join(map(ident, attributes))
    columns = ", ".join(f"sum(amount_{at}) as amount_{at}" for at in range(1, len(parts) + 1))
    union = " union all ".join(
        _cells(part, at, len(parts), attributes, listed, scope) for at, part in enumerate(parts, 1)
    )
    comma = ", " if attributes else ""
    db.execute(
        f"create or replace temp table {CELLS} as with spans(span, starts_on, ends_on) as (values {days}) "
        f"select span{comma}{named}, {columns} from ({union}) group by span{comma}{named}"
    )
    return CELLS


def _lay_out(db: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> None:
    """Make the views that parts read. Where nobody said which day it is, nothing lies in the future."""
    db.execute("set variable business_date = coalesce(getvariable('business_date'), date '9999-12-31')")
    for file in dict.fromkeys(part.file for part in parts if part.file):
        lay_out(db, file)


def _own_parts(metric_id: str) -> tuple[Part, ...]:
    relation = relation_of(metric_id)
    assert relation.day is not None
    cuts = {name: COLUMNS.get(name, name) for name in OWN[metric_id]}
    aggregate: Literal["sum", "count_distinct"] = "count_distinct" if "counted" in relation.adds else "sum"
    return tuple(
        Part(f"rows_{relation.file}", relation.day, cuts, expression, aggregate, file=relation.file)
        for expression in relation.adds.values()
    )


def _cells(
    part: Part, place: int, count: int, attributes: Sequence[str], spans: Sequence[Span], scope: Mapping[str, str]
) -> str:
    """The cells of one part; its rows are added up by day before they meet the spans, which may overlap."""
    cuts = "".join(f", coalesce({part.cuts[name]}, {literal(UNKNOWN)}) as {ident(name)}" for name in attributes)
    within = "".join(
        f" and coalesce({part.cuts[name]}, {literal(UNKNOWN)}) = {literal(member)}" for name, member in scope.items()
    )
    relation = part.with_cuts({*attributes, *scope})
    daily = (
        f"select {part.day} as day{cuts}, {_AMOUNTS[part.aggregate].format(part.expression)} as measured "
        f"from {relation} as fact_rows where ({_within(part.day, spans)}){within} group by all"
    )
    named = "".join(f", {ident(name)}" for name in attributes)
    rows = (
        f"select spans.span{named}, measured from ({daily}) as daily "
        "join spans on daily.day between spans.starts_on and spans.ends_on"
    )
    amount = "measured"
    if part.aggregate == "count_distinct":
        rows = f"select distinct * from ({rows}) where measured is not null"
        # Decimals add up alike in whatever order rows come.
        amount = "cast(1 / count(*) over (partition by span, measured) as decimal(28, 12))"
    amounts = ", ".join(f"{amount if at == place else 0} as amount_{at}" for at in range(1, count + 1))
    return f"select span{named}, {amounts} from ({rows})"


# What a day of a cell adds; of distinct things one row for each.
_AMOUNTS = {
    "sum": "cast(sum(cast({} as decimal(28, 8))) as decimal(28, 8))",
    "count": "count({})",
    "count_distinct": "{}",
}
FEW_SPANS = 4


def _within(day: str, spans: Sequence[Span]) -> str:
    """The days that are looked at: those of a few spans, or from the first to the last of many."""
    ranges = [(each.starts_on, each.ends_on) for each in spans]
    if len(ranges) > FEW_SPANS:
        ranges = [(min(first for first, _ in ranges), max(last for _, last in ranges))]
    return " or ".join(f"{day} between {literal(first)} and {literal(last)}" for first, last in ranges)


def _part(measure: Measure) -> Part:
    assert measure.aggregate != "median"
    fact = facts()[measure.fact]
    looked = {name: cut for name in (*LOOKED_IN, *SCOPES) if (cut := _cut(fact, name))}
    cuts = {name: f"_{cut}" if "__" in cut else fact.names[cut] for name, cut in looked.items()}
    joins = {name: _join(fact, cut) for name, cut in looked.items() if "__" in cut}
    return Part(fact.mart, measure.day, cuts, measure.expression, measure.aggregate, joins)


def _cut(fact: Fact, dimension: str) -> str | None:
    called = cuts_called(fact, dimension, facts())
    return called[0] if len(called) == 1 else None


def _join(fact: Fact, cut: str) -> str:
    """What another mart tells of a member of a fact, under a name that no column of the fact has."""
    name, called = cut.split("__")
    other = facts()[name]
    column = other.names.get(called, called)
    told = f"select {other.key} as _{cut}__key, {column} as _{cut} from {other.mart}"
    return f" left join ({told}) on {fact.names[name]} = _{cut}__key"
