"""Figures in which single members are told apart: the largest customers, the oldest source.

A share of the three largest, and a concentration, are sums over customers of what each has in it (its share of all
while it is one of the three; 10,000 times its share squared), so each contributes how much that changed: exactly, and
without an opinion on chance. The age of the oldest is no sum: as of medians, a source contributes the mean of what the
oldest moves when it alone goes from before to after, and when all others have gone already; the rest is the residual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from heapq import nlargest
from typing import NamedTuple

import duckdb

from sales_warehouse.causes.explain import Cell, Explanation
from sales_warehouse.causes.measured import Span, are_there, level_rows
from sales_warehouse.causes.questions import Question, agree
from sales_warehouse.causes.untold import (
    INCOMPARABLE,
    STANDING,
    UNLIKE,
    UNLIKE_BEFORE,
    UNPUBLISHED,
    Untold,
    no_sales,
    uncut,
)
from sales_warehouse.metrics.relations import COLUMNS, YEAR, lay_out, relation_of, said_alike
from sales_warehouse.sql import literal

MATERIAL = Fraction(1, 20)  # of the change: who contributed less is in the residual
UNKNOWN = "unknown"
TOP = 3
LOOKED_AT = 50  # of those who moved it most
IN_TICKS = 10_000  # of the places that amounts have
Shares = Mapping[str, Fraction]
Amounts = Mapping[str, int]  # customer → 10,000ths of money
Sided = tuple[Amounts, int]  # what members have above the line, and what stands below it


class Bought(NamedTuple):
    """What the known customers bought who bought anything, and the whole that shares are of."""

    known: Amounts
    whole: int


def look_into_singles(db: duckdb.DuckDBPyConnection, alert: Question) -> Explanation | Untold:
    """Explain a figure of SINGLED by its members, or say why there is no explanation."""
    return SINGLED[alert.metric_id](db, alert)


def top_three(bought: Bought) -> Sided:
    """Return what each of the three largest has, over all: who nobody knows is in all, and no customer."""
    largest = sorted(bought.known.items(), key=lambda each: (-each[1], each[0]))[:TOP]
    return (dict(largest) if bought.whole else {}), bought.whole


def squares(bought: Bought) -> Sided:
    """Return 10,000 times the square of what each known customer bought, over the square of all; nothing of nobody."""
    squared = {name: 10_000 * amount**2 for name, amount in bought.known.items()}
    return squared, bought.whole**2 if squared else 0


def _customers(
    db: duckdb.DuckDBPyConnection, alert: Question, shared: Callable[[Bought], Sided]
) -> Explanation | Untold:
    (now, below), (before, below_before) = (shared(_bought(db, alert, span)) for span in alert.spans)
    if not below or not agree(Fraction(sum(now.values()), below), alert.value):
        return UNLIKE
    if not below_before:
        return no_sales(alert.spans[1]) if alert.base_value is None else UNLIKE_BEFORE
    # whole numbers over one denominator: of a million customers those who moved it most
    moved = {
        name: now.get(name, 0) * below_before - before.get(name, 0) * below
        for name in sorted({*now, *before})
    }  # fmt: skip
    largest = nlargest(LOOKED_AT, moved, key=lambda name: abs(moved[name]))
    sides = [
        {name: Fraction(side[name], under) for name in largest if name in side}
        for side, under in ((now, below), (before, below_before))
    ]
    contributions = {name: Fraction(moved[name], below * below_before) for name in largest}
    return _told(alert, "customer", sides, contributions, Fraction(sum(before.values()), below_before), len(moved))


def _sources(db: duckdb.DuckDBPyConnection, alert: Question) -> Explanation | Untold:
    if alert.scope:
        return uncut(alert.metric_id, alert.dimension_name)
    tables = ("kpi_values", "int_levels_told")
    if not are_there(db, tables):
        return UNPUBLISHED
    now, before = (_ages(db, span, tables) for span in alert.spans)
    if not now or not agree(max(now.values()), alert.value):
        return UNLIKE
    if not before:
        return INCOMPARABLE
    oldest, was_oldest = max(now.values()), max(before.values())
    contributions = {}
    for name in {*now, *before}:
        alone = max([*_only(now, name), *_without(before, name)], default=oldest)
        others = max([*_only(before, name), *_without(now, name)], default=was_oldest)
        contributions[name] = (alone - was_oldest + oldest - others) / 2
    return _told(alert, "source", (now, before), contributions, was_oldest, len(contributions))


def _only(ages: Shares, name: str) -> list[Fraction]:
    return [ages[name]] if name in ages else []


def _without(ages: Shares, name: str) -> list[Fraction]:
    return [age for other, age in ages.items() if other != name]


def _told(
    alert: Question, attribute: str, sides: Sequence[Shares], contributions: Shares, was: Fraction, leaves: int
) -> Explanation | Untold:
    if alert.base_value is None:
        return INCOMPARABLE
    if not agree(was, alert.base_value):
        return UNLIKE_BEFORE
    if alert.went_well:
        return STANDING
    value, base = Fraction(alert.value), Fraction(alert.base_value)
    cells = [
        Cell({attribute: name}, sides[0].get(name), sides[1].get(name), part, part, Fraction(), 0.0)
        for name, part in contributions.items()
        if part and abs(part) >= MATERIAL * abs(value - base)
    ]
    cells.sort(key=lambda cell: (-abs(cell.contribution), cell.text))
    residual = value - base - sum((cell.contribution for cell in cells), Fraction())
    return Explanation("share", (attribute,), leaves, 1, value, base, tuple(cells), residual, {})


def _bought(db: duckdb.DuckDBPyConnection, alert: Question, span: Span) -> Bought:
    """Read the year up to the end of a span, or the business date where it still runs; the whole is the metric's."""
    relation = relation_of(alert.metric_id)
    held = "".join(f" and {said_alike(COLUMNS.get(name, name))} = {literal(at)}" for name, at in alert.scope.items())
    last = f"least({literal(span.ends_on)}, coalesce(getvariable('business_date'), {literal(span.ends_on)}))"
    summed = ", ".join(
        f"cast(sum(cast({each} as decimal(28, 4))) * {IN_TICKS} as hugeint)"
        for each in ("amount", relation.adds["denominator"])
    )
    rows = db.execute(
        f"with picked as materialized (select * from {lay_out(db, relation.file)} "
        f"where {relation.day} between {last} - {YEAR - 1} and {last}{held}) "
        f"select {said_alike('customer_key')}, {summed} from ({relation.told.format(picked='picked')}) group by all"
    ).fetchall()
    known = {name: amount for name, amount, _ in rows if name != UNKNOWN and amount > 0}
    return Bought(known, max(sum(part for _, _, part in rows), 0))


def _ages(db: duckdb.DuckDBPyConnection, span: Span, tables: tuple[str, ...]) -> Shares:
    rows = level_rows("source_freshness_hours", "source", tables)
    found = db.execute(
        f"select dimension_value, numerator from ({rows}) where period_start_date = {literal(span.starts_on)}"
    ).fetchall()
    return {name: Fraction(age) for name, age in found}


SINGLED: Mapping[str, Callable[[duckdb.DuckDBPyConnection, Question], Explanation | Untold]] = {
    "top3_customer_share": lambda db, alert: _customers(db, alert, top_three),
    "customer_hhi": lambda db, alert: _customers(db, alert, squares),
    "source_freshness_hours": _sources,
}
