"""A figure that is one published quotient: what stands above the line, what stands below, and the cells of the former.

The change of N / D is ΔN · (1/D₁ + 1/D₀) / 2 by what stands above and N̄ · (1/D₁ − 1/D₀) by what stands below, exactly
(Bennet 1920). Where the facts give what was reached of a goal, its part is cut further: into what cells sold since, and
what became known since of the days before. Where they do not, both parts are told all the same: they are published.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import duckdb

from sales_warehouse.causes.explain import TERM, Cell, Explanation, explain
from sales_warehouse.causes.measured import (
    BEFORE,
    NOW,
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
    INCOMPARABLE,
    OF_METRICS,
    UNCUT,
    UNLIKE,
    UNLIKE_BEFORE,
    UNPUBLISHED,
    Untold,
    no_denominator,
    standing,
)
from sales_warehouse.metrics.relations import lay_out
from sales_warehouse.sql import literal

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
}


@dataclass(frozen=True)
class Side:
    """Numerator and denominator as published."""

    above: Fraction
    below: Fraction


@dataclass(frozen=True)
class Goal:
    """A goal whose figure is told by the facts of its metric, within its scope, from its first day on."""

    metric_id: str
    dimension: str
    member: str
    direction: str
    baseline: Fraction | None
    starts_on: datetime.date

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
    """What was reached by both days, as the facts have it, and what was published of the earlier one."""

    found: Explanation
    said: Fraction
    sign: int  # of what was reached in what stands above the line


def look_into_quotient(db: duckdb.DuckDBPyConnection, alert: Question, looked: Sequence[str]) -> Explanation | Untold:
    """Explain a figure of QUOTIENTS by its two terms and the cells of what was reached, or say why it cannot be."""
    if not are_there(db, ("kpi_values", "int_levels_told")):
        return UNPUBLISHED
    now, before = (_published(db, alert, span) for span in alert.spans)
    if now is None:
        return OF_METRICS.get(alert.metric_id, UNCUT)
    if not now.below or not agree(now.above / now.below, alert.value):
        return UNLIKE
    if alert.base_value is None:
        if before is None or before.below:
            return INCOMPARABLE
        return no_denominator(alert.spans[1], before.above, (now.above, now.below))
    if before is None or not before.below or not agree(before.above / before.below, alert.base_value):
        return UNLIKE_BEFORE
    if alert.went_well:
        return standing(alert.metric_id)
    return _explained(alert, now, before, _reached(db, alert, now, before, looked))


def _published(db: duckdb.DuckDBPyConnection, alert: Question, span: Span) -> Side | None:
    """Numerator and denominator of the member; none where it has no figure, or one that is no quotient."""
    found = db.execute(
        f"select numerator, denominator from ({level_rows(alert.metric_id, alert.dimension_name)}) where "
        f"period_start_date = {literal(span.starts_on)} and dimension_value = {literal(alert.dimension_value)} "
        "and numerator is not null and denominator is not null"
    ).fetchone()
    return Side(*map(Fraction, found)) if found else None


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


def _reached(
    db: duckdb.DuckDBPyConnection, alert: Question, now: Side, before: Side, looked: Sequence[str]
) -> Reached | None:
    """What was reached of the goals, cell by cell; none where no facts give what is published of the later day."""
    goals = _goals(db, alert) if QUOTIENTS[alert.metric_id].above == REACHED else []
    metrics = {goal.metric_id for goal in goals}
    if len(metrics) != 1 or len(goals) > MOST_GOALS:
        return None
    parts = parts_of(metrics.pop())
    cuts, goal = cuts_shared(parts), goals[0]
    sides = goal.actual(now), goal.actual(before)
    attributes = [name for name in looked if name in cuts and (len(goals) > 1 or name not in goal.scope)]
    if not attributes or any(name not in cuts for each in goals for name in each.scope):
        return None
    if None in sides or (goal.direction != "up" and now.below != before.below):
        return None  # a baseline that changed with the goal is not known any more
    for place, each in enumerate(goals):
        spans = (Span(NOW, each.starts_on, alert.period_end_date), Span(BEFORE, each.starts_on, alert.base_end_date))
        cells = measure_cells(db, parts, attributes, spans, each.scope)
        made = "insert into goal_cells" if place else "create or replace temp table goal_cells as"
        db.execute(f"{made} select * from {cells}")
    try:
        found = explain(beside(db, "goal_cells", attributes, len(parts), where=alert.metric_id))
    except TableRefused:
        return None
    last, first = sides
    assert last is not None and first is not None
    return Reached(found, first, 1 if goal.direction == "up" else -1) if agree(found.actual, last) else None


def _goals(db: duckdb.DuckDBPyConnection, alert: Question) -> list[Goal]:
    """The goal that an alert is about, or those that count in all."""
    db.execute(f"set variable business_date = coalesce(getvariable('business_date'), {literal(alert.period_end_date)})")
    lay_out(db, "goals")
    chosen = f"target_id = {literal(alert.dimension_value)}" if alert.scope else "is_in_total"
    rows = db.execute(
        "select metric_id, scope_dimension, scope_value, direction, baseline_value, starts_on from rows_goals "
        f"where {chosen} order by target_id"
    ).fetchall()
    return [
        Goal(metric, dimension, member, direction, None if baseline is None else Fraction(baseline), starts_on)
        for metric, dimension, member, direction, baseline, starts_on in rows
    ]
