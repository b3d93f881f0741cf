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

    `joins` are the cuts that another mart tells: dimension → the join that brings its column.
    """

    relation: str
    day: str
    cuts: Mapping[str, str]
    expression: str
    aggregate: Literal["sum", "count", "count_distinct"] = "sum"
    joins: Mapping[str, str] = field(default_factory=dict)

    def with_cuts(self, names: Iterable[str]) -> str:
        """The relation with the columns of these cuts."""
        joins = [self.joins[name] for name in sorted(names) if name in self.joins]
        return f"(select * from {self.relation}{''.join(joins)})" if joins else self.relation


# Units that came back count for the day on which they were ordered, and no more of a line than it sold.
_RETURNED = """(
    select lines.order_date, lines.region_key, lines.channel, lines.product_key, products.product_line,
        products.category, lines.quantity,
        least(coalesce(returned.returned_quantity, 0), greatest(lines.quantity, 0)) as returned_quantity
    from fct_order_lines as lines
    join dim_products as products using (product_key)
    left join int_order_lines_returned as returned
        on lines.order_key = returned.order_key and lines.line_number = returned.line_number
    where not lines.is_cancelled
)"""
_SOLD_CUTS = {
    "region": "region_key", "channel": "channel", "product_line": "product_line", "category": "category",
    "product": "product_key",
}  # fmt: skip
# Metrics that the semantic layer cannot say, over marts that can be cut.
OWN: Mapping[str, tuple[Part, Part]] = {
    "return_rate": (
        Part(_RETURNED, "order_date", _SOLD_CUTS, "returned_quantity"),
        Part(_RETURNED, "order_date", _SOLD_CUTS, "quantity"),
    ),
}


def parts_of(metric_id: str) -> tuple[Part, ...]:
    """Return the value of a metric, or its numerator and denominator; nothing where its facts cannot be cut."""
    if metric_id in OWN:
        return OWN[metric_id]
    metric = registry().get(metric_id)
    if metric is None or metric.semantic.reason:
        return ()
    said = metric.semantic
    above = registry()[said.numerator].semantic.value if isinstance(said.numerator, str) else said.numerator
    measures = [each for each in (said.value, above, said.denominator) if each is not None]
    if any(measure.aggregate == "median" for measure in measures):
        return ()
    return tuple(_part(measure) for measure in measures)


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
