"""A figure that is one published quotient: what stands above the line, what stands below, and the cells of the former.

The change of N / D is ΔN · (1/D₁ + 1/D₀) / 2 by what stands above and N̄ · (1/D₁ − 1/D₀) by what stands below, exactly
(Bennet 1920). Where the facts give what was reached of a goal, its part is cut further: into what cells sold since, and
what became known since of the days before. Where they do not, both parts are told all the same: they are published.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import duckdb

from sales_warehouse.causes.explain import TERM, Cell, Explanation, explain
from sales_warehouse.causes.measured import (
    BEFORE,
    NOW,
    UNKNOWN,
    Span,
    are_there,
    beside,
    cuts_shared,
    level_rows,
    measure_cells,
    parts_of,
)
from sales_warehouse.causes.questions import Question, agree
from sales_warehouse.causes.table import TableRefused
from sales_warehouse.causes.untold import (
    UNLIKE,
    UNLIKE_BEFORE,
    UNPUBLISHED,
    Untold,
    incomparable,
    no_denominator,
    standing,
    uncut,
)
from sales_warehouse.metrics import registry
from sales_warehouse.metrics.relations import lay_out
from sales_warehouse.sql import ident, literal

# How open deals are cut.
DEALS: Mapping[str, str] = {
    "region": "deals.region_key", "product_line": "deals.product_line", "industry": "customers.industry",
    "rep": "deals.owner_rep_key",
}  # fmt: skip
MOST_GOALS = 60  # whose facts are measured one after the other
MOST_CELLS = 3  # of what was reached, so that the terms have room beside them
RESTATED = "restated"
REACHED = "reached"


class Terms(NamedTuple):
    """What stands above the line and below it, as they are called in TERMS."""

    above: str
    below: str


QUOTIENTS: Mapping[str, Terms] = {
    "quota_attainment": Terms(REACHED, "goal"),
    "pipeline_coverage_ratio": Terms("open_deals", "missing"),
    "dealer_days_of_supply": Terms("stock", "daily_sales"),
    "revenue_per_head": Terms("sales", "heads"),
}
# What people call them, in English and Chinese.
TERMS: Mapping[str, tuple[str, str]] = {
    REACHED: ("what was reached", "实际完成"),
    "goal": ("the goals", "目标值"),
    RESTATED: ("what counts of the days before by what is known now", "此前各日按现有数据计入的数额"),
    "open_deals": ("open deals that should close in time", "可在期限内关闭的未决商机"),
    "missing": ("what is still missing to the goals", "距目标的缺口"),
    "stock": ("stock", "库存"),
    "daily_sales": ("mean daily sales", "日均动销"),
    "sales": ("net sales", "净销售额"),
    "heads": ("average selling staff", "平均在岗销售人数"),
}


class Side(NamedTuple):
    """Numerator and denominator as published."""

    above: Fraction
    below: Fraction


@dataclass(frozen=True)
class Goal:
    """A goal whose figure is told by the facts of its metric, within its scope, from its first day to its last."""

    metric_id: str
    dimension: str
    member: str
    direction: str
    baseline: Fraction | None
    starts_on: datetime.date
    due_on: datetime.date

    def spans(self, alert: Question) -> tuple[Span, Span]:
        """Return its days up to either day of an alert."""
        return (
            Span(NOW, self.starts_on, min(alert.period_end_date, self.due_on)),
            Span(BEFORE, self.starts_on, min(alert.base_end_date, self.due_on)),
        )

    @property
    def scope(self) -> dict[str, str]:
        return {} if self.dimension == "total" else {self.dimension: self.member}

    def actual(self, side: Side) -> Fraction | None:
        """What was reached, by the numerator that is published of it."""
        if self.direction == "up":
            return side.above
        return self.baseline - side.above if self.baseline is not None else None


@dataclass(frozen=True)
class Reached:
    """What stands above the line on both days, as the facts have it now, and what was published of the earlier one."""

    found: Explanation
    said: Fraction
    sign: int  # −1 where more of it is less above the line


def look_into_quotient(db: duckdb.DuckDBPyConnection, alert: Question, looked: Sequence[str]) -> Explanation | Untold:
    """Explain a figure of QUOTIENTS by its two terms and the cells of what was reached, or say why it cannot be."""
    is_level = registry()[alert.metric_id].aggregation == "latest"
    tables = ("kpi_values", "int_levels_told") if is_level else ("kpi_values",)
    if not are_there(db, tables):
        return UNPUBLISHED
    now, before = (_published(db, alert, span, tables) for span in alert.spans)
    if not now:
        return uncut(alert.metric_id, alert.dimension_name)
    if alert.base_value is None:
        if not before or before[0].below:
            return incomparable(alert.metric_id)
        return no_denominator(alert.spans[1], before[0].above, now[0])
    counted = [side._replace(above=side.above * alert.times) for side in before]
    sides = [_like(each, value) for each, value in ((now, alert.value), (counted, alert.base_value))]
    if sides[0] is None:
        return UNLIKE
    if sides[1] is None:
        return UNLIKE_BEFORE
    if alert.went_well:
        return standing(alert.metric_id)
    return _explained(alert, sides[0], sides[1], _above(db, alert, sides[0], sides[1], looked))


def _published(db: duckdb.DuckDBPyConnection, alert: Question, span: Span, tables: Sequence[str]) -> list[Side]:
    """Numerator and denominator of the member in the periods that begin then; none where it is no quotient."""
    rows = level_rows(alert.metric_id, alert.dimension_name, tables, registry()[alert.metric_id].grains)
    found = db.execute(
        f"select numerator, denominator from ({rows}) where period_start_date = {literal(span.starts_on)} "
        f"and dimension_value = {literal(alert.dimension_value)} and numerator is not null and denominator is not null "
        "order by all"
    ).fetchall()
    return [Side(Fraction(above), Fraction(below)) for above, below in found]


def _like(sides: Sequence[Side], value: Decimal) -> Side | None:
    """The one that is this figure: a month and a quarter may begin on the same day."""
    return next((side for side in sides if side.below and agree(side.above / side.below, value)), None)


def _explained(alert: Question, now: Side, before: Side, reached: Reached | None) -> Explanation:
    above, below = QUOTIENTS[alert.metric_id]
    times = (1 / now.below + 1 / before.below) / 2
    step = (now.above + before.above) / 2 * (1 / now.below - 1 / before.below)
    cells = [_term(below, step, now.below, before.below)]
    if reached is None:
        cells.append(_term(above, (now.above - before.above) * times, now.above, before.above))
    else:
        found, factor = reached.found, reached.sign * times
        cells.append(_term(RESTATED, (found.forecast - reached.said) * factor, found.forecast, reached.said))
        if found.cells:
            cells += [_scaled(cell, factor) for cell in found.cells[:MOST_CELLS]]
        else:
            cells.append(_term(above, found.change * factor, found.actual, found.forecast))
    value, base = now.above / now.below, before.above / before.below
    told = sorted((cell for cell in cells if cell.contribution), key=lambda cell: (-abs(cell.contribution), cell.text))
    residual = value - base - sum((cell.contribution for cell in told), Fraction())
    leaves = reached.found.leaves if reached else 0
    return Explanation("quotient", (), leaves, 1, value, base, tuple(told), residual, {})


def _term(name: str, part: Fraction, actual: Fraction, forecast: Fraction) -> Cell:
    return Cell({TERM: name}, actual, forecast, part, part, Fraction(), 0.0)


def _scaled(cell: Cell, factor: Fraction) -> Cell:
    return replace(cell, contribution=cell.contribution * factor, rate=cell.rate * factor, mix=cell.mix * factor)


def _above(
    db: duckdb.DuckDBPyConnection, alert: Question, now: Side, before: Side, looked: Sequence[str]
) -> Reached | None:
    """What stands above the line, cell by cell; none where no facts give what is published of the later day."""
    term = QUOTIENTS[alert.metric_id].above
    if term == "open_deals":
        return _open_deals(db, alert, now, before, looked)
    return _reached(db, alert, now, before, looked) if term == REACHED else None


def _open_deals(
    db: duckdb.DuckDBPyConnection, alert: Question, now: Side, before: Side, looked: Sequence[str]
) -> Reached | None:
    """Deals that were open on either day and should close in the days of their goal, by what is known of them now."""
    goals = _goals(db, alert)
    if not goals:
        return None
    attributes = [name for name in looked if name in DEALS and (len(goals) > 1 or name not in goals[0].scope)]
    chosen = f"target_id = {literal(alert.dimension_value)}"
    if not alert.scope:  # the deals of goals that are met cover nothing
        missing = (
            f"select dimension_value from ({level_rows(alert.metric_id, 'target')}) "
            f"where period_start_date = {literal(alert.period_start_date)} and denominator > 0"
        )
        chosen = f"is_in_total and target_id in ({missing})"
    cuts = "".join(f", coalesce({DEALS[name]}, {literal(UNKNOWN)}) as {ident(name)}" for name in attributes)
    asked = ", ".join(
        f"({literal(name)}, {literal(day)}, {literal(name == NOW)})"
        for name, day in ((NOW, alert.period_end_date), (BEFORE, alert.base_end_date))
    )
    grouped = ", ".join(map(ident, attributes))
    db.execute(
        f"create or replace temp table goal_cells as select span, {grouped}, sum(amount) as amount_1 from ("
        f"select days.span, cast(deals.amount as decimal(28, 8)) as amount{cuts} from fct_opportunities as deals "
        "join dim_sales_reps as reps on deals.owner_rep_key = reps.rep_key "
        "left join dim_customers as customers on deals.customer_key = customers.customer_key "
        f"join (values {asked}) as days(span, day, is_today) "
        "on (deals.created_date is null or deals.created_date <= days.day) "
        "and (deals.opportunity_status = 'open' or (not days.is_today and deals.closed_date > days.day)) "
        f"join (select * from rows_goals where {chosen}) as goals "
        "on deals.expected_close_date between goals.starts_on and goals.due_on "
        "and goals.scope_value = case goals.scope_dimension when 'region' then deals.region_key "
        "when 'product_line' then deals.product_line when 'team' then reps.team "
        f"when 'rep' then deals.owner_rep_key else 'total' end) group by span, {grouped}"
    )
    return _found(db, alert, attributes, 1, now.above, before.above, 1)


def _reached(
    db: duckdb.DuckDBPyConnection, alert: Question, now: Side, before: Side, looked: Sequence[str]
) -> Reached | None:
    """What was reached of the goals on both days, by the facts of their metric."""
    goals = _goals(db, alert)
    metrics = {goal.metric_id for goal in goals}
    if len(metrics) != 1 or len(goals) > MOST_GOALS:
        return None
    parts = parts_of(metrics.pop())
    cuts, goal = cuts_shared(parts), goals[0]
    last, first = goal.actual(now), goal.actual(before)
    attributes = [name for name in looked if name in cuts and (len(goals) > 1 or name not in goal.scope)]
    if not attributes or any(name not in cuts for each in goals for name in each.scope):
        return None
    if last is None or first is None or (goal.direction != "up" and now.below != before.below):
        return None  # a baseline that changed with the goal is not known any more
    for place, each in enumerate(goals):
        cells = measure_cells(db, parts, attributes, each.spans(alert), each.scope)
        made = "insert into goal_cells" if place else "create or replace temp table goal_cells as"
        db.execute(f"{made} select * from {cells}")
    return _found(db, alert, attributes, len(parts), last, first, 1 if goal.direction == "up" else -1)


def _found(
    db: duckdb.DuckDBPyConnection, alert: Question, attributes: Sequence[str], parts: int, last: Fraction,
    first: Fraction, sign: int,
) -> Reached | None:  # fmt: skip
    """The cells of `goal_cells`; none where they do not make what was published last."""
    try:
        found = explain(beside(db, "goal_cells", attributes, parts, where=alert.metric_id))
    except TableRefused:
        return None
    return Reached(found, first, sign) if agree(found.actual, last) else None


def _goals(db: duckdb.DuckDBPyConnection, alert: Question) -> list[Goal]:
    """The goal that an alert is about, or those that count in all."""
    db.execute(f"set variable business_date = coalesce(getvariable('business_date'), {literal(alert.period_end_date)})")
    lay_out(db, "goals")
    chosen = f"target_id = {literal(alert.dimension_value)}" if alert.scope else "is_in_total"
    rows = db.execute(
        "select metric_id, scope_dimension, scope_value, direction, baseline_value, starts_on, due_on from rows_goals "
        f"where {chosen} order by target_id"
    ).fetchall()
    return [
        Goal(metric, dimension, member, direction, None if baseline is None else Fraction(baseline), starts_on, due_on)
        for metric, dimension, member, direction, baseline, starts_on, due_on in rows
    ]
