"""What is behind an alert: which of the ways to cut its metric there are, taken, or why there is none."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from fractions import Fraction

import duckdb

from sales_warehouse.causes.attributes import PERSONAL
from sales_warehouse.causes.durations import WAITED, Waited, read_rows
from sales_warehouse.causes.explain import Explanation, explain
from sales_warehouse.causes.from_nothing import explain_from_nothing
from sales_warehouse.causes.measured import (
    LEVELS,
    LOOKED_IN,
    Part,
    Span,
    are_there,
    beside,
    cuts_shared,
    level_parts,
    measure_cells,
    parts_of,
)
from sales_warehouse.causes.median_search import explain_median
from sales_warehouse.causes.questions import Question, agree
from sales_warehouse.causes.quotients import QUOTIENTS, look_into_quotient
from sales_warehouse.causes.singled import SINGLED, look_into_singles
from sales_warehouse.causes.table import LeafTable, TableRefused
from sales_warehouse.causes.untold import (
    INCOMPARABLE,
    STANDING,
    UNCUT,
    UNLIKE,
    UNLIKE_BEFORE,
    UNPUBLISHED,
    Untold,
    gone_before,
    no_denominator,
    no_median,
    uncut,
)
from sales_warehouse.sql import ident, literal

USUAL = datetime.timedelta(days=365)  # before a period: which members there are besides those that it has


def look_into(db: duckdb.DuckDBPyConnection, alert: Question, *, with_people: bool = False) -> Explanation | Untold:
    """Return the explanation of an alert, or why there is none."""
    metric = alert.metric_id
    looked = (*LOOKED_IN, *sorted(PERSONAL)) if with_people else LOOKED_IN
    if metric in WAITED:
        attributes = _attributes(alert, tuple(WAITED[metric].cuts), looked)
        return _look_into_durations(db, alert, WAITED[metric], attributes) if attributes else UNCUT
    if metric in SINGLED:
        return look_into_singles(db, alert)
    if metric in LEVELS and not alert.scope:
        found = _look_into_level(db, alert)
        if metric not in QUOTIENTS or (isinstance(found, Explanation) and found.cells):
            return found
    parts = parts_of(metric)
    attributes = _attributes(alert, cuts_shared(parts), looked)
    if attributes:
        return _look_into_sums(db, alert, parts, attributes)
    return look_into_quotient(db, alert, looked) if metric in QUOTIENTS else uncut(metric, alert.dimension_name)


def _attributes(alert: Question, cuts: Sequence[str], looked: Sequence[str]) -> list[str]:
    """The dimensions in which causes are looked for; none where the member of the alert cannot be picked out."""
    if any(name not in cuts for name in alert.scope):
        return []
    return [name for name in looked if name in cuts and name not in alert.scope]


def _look_into_sums(
    db: duckdb.DuckDBPyConnection, alert: Question, parts: Sequence[Part], attributes: Sequence[str]
) -> Explanation | Untold:
    cells = measure_cells(db, parts, attributes, alert.spans, alert.scope)
    sides = [_sums(db, cells, span.name, len(parts)) for span in alert.spans]
    now, before = map(_figure, sides)
    if not agree(now, alert.value):
        return UNLIKE
    if alert.base_value is None:
        return INCOMPARABLE if before is not None else no_denominator(alert.spans[1], sides[1][0], tuple(sides[0]))
    if before is None:
        return UNLIKE_BEFORE
    base = Fraction(alert.base_value)
    is_sum = len(parts) == 1 and alert.metric_id not in LEVELS
    if not is_sum and not agree(before * alert.times, base):
        return UNLIKE_BEFORE
    if (before > 0) != (base > 0) or (before < 0) != (base < 0):
        return gone_before(alert.spans[1], base)
    if alert.went_well:
        return STANDING
    scale = float(base / before if is_sum and before else alert.times)
    try:
        table = beside(db, cells, attributes, len(parts), where=alert.metric_id, scale=scale)
        return explain(table) if table.figures[1].any() else _explain_from_nothing(db, alert, parts, table)
    except TableRefused:
        return INCOMPARABLE


def _explain_from_nothing(
    db: duckdb.DuckDBPyConnection, alert: Question, parts: Sequence[Part], table: LeafTable
) -> Explanation:
    usual = Span("usual", alert.period_start_date - USUAL, alert.period_end_date)
    cells = measure_cells(db, parts, table.attributes, [usual], {})
    counts = ", ".join(f"count(distinct {ident(name)})" for name in table.attributes)
    counted = db.execute(f"select {counts} from {cells}").fetchone()
    assert counted is not None
    return explain_from_nothing(table, dict(zip(table.attributes, counted, strict=True)), alert.scope)


def _look_into_level(db: duckdb.DuckDBPyConnection, alert: Question) -> Explanation | Untold:
    """A level was kept for one dimension at a time: the one in which most stands out, of those that add up."""
    level = LEVELS[alert.metric_id]
    if not are_there(db, level.tables):
        return UNPUBLISHED
    told = [_look_into_sums(db, alert, level_parts(alert.metric_id, name), [name]) for name in level.cuts]
    found = [each for each in told if isinstance(each, Explanation)]
    return max(found, key=lambda each: sum(cell.evidence for cell in each.cells)) if found else told[0]


def _look_into_durations(
    db: duckdb.DuckDBPyConnection, alert: Question, waited: Waited, attributes: Sequence[str]
) -> Explanation | Untold:
    """The same of a median, which no sums of cells give: both periods have to give their figures, row by row."""
    if not are_there(db, waited.tables):
        return UNPUBLISHED
    rows = read_rows(db, waited, attributes, alert.spans, alert.scope)
    now, before = rows.figure()
    if not agree(now, alert.value):
        return UNLIKE
    if alert.base_value is None:
        waiting = int(rows.count[~rows.is_after].sum())
        return INCOMPARABLE if before is not None else no_median(alert.spans[1], waiting)
    if not agree(before, alert.base_value):
        return UNLIKE_BEFORE
    return STANDING if alert.went_well else explain_median(rows)


def _sums(db: duckdb.DuckDBPyConnection, cells: str, span: str, parts: int) -> list[Fraction]:
    sums = ", ".join(f"coalesce(sum(amount_{at}), 0)" for at in range(1, parts + 1))
    found = db.execute(f"select {sums} from {cells} where span = {literal(span)}").fetchone()
    assert found is not None
    return [Fraction(each) for each in found]


def _figure(sums: Sequence[Fraction]) -> Fraction | None:
    """The figure of these sums; None where there is nothing to divide by."""
    if len(sums) == 1:
        return sums[0]
    return sums[0] / sums[1] if sums[1] > 0 else None
