"""The facts behind a metric as cells: for some spans of days, what each combination of members adds to it.

What a metric is measured on is said once, in metrics/registry.yml; what an aggregate of rows cannot say there and can
be cut all the same is said here. A distinct count is shared out: what occurs in three cells of a span counts a third in
each, so that the cells add up to the count of the whole. Who came back within a year counts in one cell, that in which
it bought on most days: a single customer in ten cells would look like ten that moved alike.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from sales_warehouse.causes import table
from sales_warehouse.metrics import registry
from sales_warehouse.metrics.facts import Fact, Measure, cuts_called
from sales_warehouse.metrics.registry import facts
from sales_warehouse.metrics.relations import COLUMNS, lay_out, relation_of
from sales_warehouse.sql import ident, literal

LOOKED_IN = ("region", "channel", "product_line", "category", "price_band", "stage", "source", "industry")
# What an alert may be about beside these; no cause is looked for among people and single products.
SCOPES = ("team", "manager", "rep", "product", "dealer", "customer")
CELLS = "measured_cells"
NOW, BEFORE = "now", "before"  # the two spans of an alert
UNKNOWN = "unknown"  # as kpi_values calls a member that no record tells


Aggregate = Literal["sum", "count", "count_distinct", "count_again"]


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
    the rows behind a metric that has to be laid out before. With a `window` it is so many days up to the end of a span
    that count instead of its own; `per_day` takes the mean over the days of a span. `count_again` counts what has rows
    on two days or more.
    """

    relation: str
    day: str
    cuts: Mapping[str, str]
    expression: str
    aggregate: Aggregate = "sum"
    joins: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    window: int | None = None
    per_day: bool = False

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
    "follow_up_interval_hours": ("region", "industry", "team", "rep"),
    "repurchase_rate": (
        "region", "channel", "product_line", "category", "price_band", "industry", "team", "manager", "rep", "product",
        "dealer",
    ),
    "revenue_per_head": ("region", "rep"),
}  # fmt: skip


@dataclass(frozen=True)
class Level:
    """A level whose members add up to the whole along some dimensions, and what has them of each period: of a past
    day, what was published. `within` holds of the members that count in all, `numerator` is what each adds."""

    tables: tuple[str, ...]
    cuts: tuple[str, ...]
    numerator: str = "numerator"
    within: str = "true"
    file: str = ""


_TOLD = ("kpi_values", "int_levels_told")
LEVELS: Mapping[str, Level] = {
    "weighted_pipeline_amount": Level(_TOLD, ("region", "product_line")),
    "dormant_rate": Level(("kpi_values",), ("region",)),
    "clv_12m": Level(_TOLD, ("region",)),
    "dealer_days_of_supply": Level(_TOLD, ("dealer", "product")),
    # The deals of a goal that is met cover nothing; a goal of one seller names a person.
    "pipeline_coverage_ratio": Level(
        _TOLD,
        ("target",),
        "case when denominator > 0 then numerator else 0 end",
        "dimension_value in (select target_id from rows_goals where is_in_total and scope_dimension <> 'rep')",
        "goals",
    ),
}


def level_parts(metric_id: str, dimension: str) -> tuple[Part, ...]:
    """Return a level, or its numerator and denominator, by one dimension as it was said of each period."""
    level = LEVELS[metric_id]
    rows = (
        f"select period_start_date, dimension_value, {level.numerator} as numerator, denominator "
        f"from ({level_rows(metric_id, dimension, level.tables)}) where {level.within}"
    )
    sums = ("numerator",) if registry()[metric_id].decomposition == "additive" else ("numerator", "denominator")
    cuts = {dimension: "dimension_value"}
    return tuple(Part(f"({rows})", "period_start_date", cuts, each, file=level.file) for each in sums)


def level_rows(metric_id: str, dimension: str, tables: Iterable[str] = _TOLD, grains: Sequence[str] = ()) -> str:
    """Return the query of what was said of the members of one dimension in each period: now, and what was published.

    The periods are of the finest grain of the metric, or of those that are given.
    """
    chosen = ", ".join(map(literal, grains or registry()[metric_id].grains[:1]))
    return " union all ".join(
        f"select period_start_date, dimension_value, numerator, denominator from {name} "
        f"where metric_id = {literal(metric_id)} and period_grain in ({chosen}) "
        f"and dimension_name = {literal(dimension)}"
        for name in tables
    )


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
    for name in tables:
        try:
            db.execute(f"select 1 from {name} limit 0")
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


def beside(
    db: duckdb.DuckDBPyConnection,
    cells: str,
    attributes: Sequence[str],
    parts: int,
    *,
    where: str,
    scale: float = 1.0,
) -> table.LeafTable:
    """Return what cells are NOW and were BEFORE, the latter's first part times `scale`; `where` is what people call it.

    Raises TableRefused.
    """
    columns = ", ".join(
        f"coalesce(sum(amount_{at}) filter (where span = {literal(span)}), 0){times} as {name}_{at}"
        for at in range(1, parts + 1)
        for name, span, times in (
            ("now", NOW, ""),
            ("then", BEFORE, f" * {literal(scale)}" if at == 1 and scale != 1 else ""),
        )
    )
    grouped = ", ".join(map(ident, attributes))
    db.execute(f"create or replace temp table leaf_rows as select {grouped}, {columns} from {cells} group by {grouped}")
    measure = table.Measure("now_1", "then_1", *(("now_2", "then_2") if parts > 1 else ()))
    return table.leaf_table(db, "leaf_rows", attributes, measure, where=where)


def _lay_out(db: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> None:
    """Make the views that parts read. Where nobody said which day it is, nothing lies in the future."""
    db.execute("set variable business_date = coalesce(getvariable('business_date'), date '9999-12-31')")
    for file in dict.fromkeys(part.file for part in parts if part.file):
        lay_out(db, file)


def _own_parts(metric_id: str) -> tuple[Part, ...]:
    relation = relation_of(metric_id)
    assert relation.day is not None
    cuts = {name: COLUMNS.get(name, name) for name in OWN[metric_id]}
    said: list[tuple[str, Aggregate]] = [
        (expression, "count_distinct" if name == "counted" else "sum") for name, expression in relation.adds.items()
    ]
    if relation.fold == "again":
        said = [(relation.adds["counted"], "count_again"), *said]
    return tuple(
        Part(
            f"rows_{relation.file}", relation.day, cuts, expression, aggregate, file=relation.file,
            window=relation.window, per_day=relation.fold == "per_head" and at == 1,
        )
        for at, (expression, aggregate) in enumerate(said)
    )  # fmt: skip


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
        f"from {relation} as fact_rows where ({_within(part, spans)}){within} group by all"
    )
    named = "".join(f", {ident(name)}" for name in attributes)
    if part.window is not None:
        return _windowed(part, place, count, daily, named)
    amount, kept = "measured", ""
    if part.per_day:
        days = "least(spans.ends_on, getvariable('business_date')) - spans.starts_on + 1"
        amount, kept = "cast(measured / day_count as decimal(28, 12))", f", {days} as day_count"
    rows = (
        f"select spans.span{named}, measured{kept} from ({daily}) as daily "
        "join spans on daily.day between spans.starts_on and spans.ends_on"
    )
    if part.aggregate == "count_distinct":
        rows = f"select distinct * from ({rows}) where measured is not null"
        # Decimals add up alike in whatever order rows come.
        amount = "cast(1 / count(*) over (partition by span, measured) as decimal(28, 12))"
    return f"select span{named}, {_amounts(amount, place, count)} from ({rows})"


def _windowed(part: Part, place: int, count: int, daily: str, named: str) -> str:
    """Things with days in the window of a span, or with two, each in the cell in which it has most of all its days.

    The cell is the same in all spans: nothing goes from one to another because a year moved on. A span that still runs
    has its window end on the business date.
    """
    last = "least(spans.ends_on, getvariable('business_date'))"
    rows = (
        f"select spans.span{named}, measured, day from ({daily}) as daily "
        f"join spans on daily.day between {last} - {(part.window or 1) - 1} and {last} where measured is not null"
    )
    amount = "case when is_back then 1 else 0 end" if part.aggregate == "count_again" else "1"
    return (
        f"select span{named}, {_amounts(amount, place, count)} from ("
        f"select span, measured, min(day) < max(day) as is_back from ({rows}) group by span, measured) as things "
        f"join (select measured{named} from (select distinct measured{named}, day from ({rows})) "
        f"group by measured{named} qualify row_number() over (partition by measured order by count(*) desc{named}) = 1"
        ") as homes using (measured)"
    )


def _amounts(amount: str, place: int, count: int) -> str:
    return ", ".join(f"{amount if at == place else 0} as amount_{at}" for at in range(1, count + 1))


# What a day of a cell adds; of distinct things one row for each.
_AMOUNTS = {
    "sum": "cast(sum(cast({} as decimal(28, 8))) as decimal(28, 8))",
    "count": "count({})",
    "count_distinct": "{}",
    "count_again": "{}",
}
FEW_SPANS = 4


def _within(part: Part, spans: Sequence[Span]) -> str:
    """The days that are looked at: those of a few spans, or from the first to the last of many."""
    ranges = [(each.starts_on, each.ends_on) for each in spans]
    if part.window is not None:
        # A span that still runs has its window end on the business date, which is within it.
        back = datetime.timedelta(days=part.window - 1)
        ranges = [(first - back, last) for first, last in ranges]
    if len(ranges) > FEW_SPANS:
        ranges = [(min(first for first, _ in ranges), max(last for _, last in ranges))]
    return " or ".join(f"{part.day} between {literal(first)} and {literal(last)}" for first, last in ranges)


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
