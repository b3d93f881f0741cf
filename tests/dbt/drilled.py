"""Figures of a world, against their rows added up once more: in Python, from what each row says that it adds."""

from __future__ import annotations

import datetime
import random
import statistics
from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

import duckdb

from sales_warehouse.metrics import registry
from sales_warehouse.metrics.relations import relation_of
from sales_warehouse.metrics.rows import Asked, Behind, NoSuchFigure, RowsDisagree, Run, find_rows

Row = dict[str, Any]
Made = tuple[Fraction | None, Fraction | None, Fraction | None]
PLACE = Fraction(1, 10**8)  # of kpi_values


def disagreements(marts: duckdb.DuckDBPyConnection, run: Run, each: int) -> tuple[list[str], Counter[str]]:
    """Return what is wrong with the rows of up to so many figures of each metric, and how many of each are right."""
    wrong, right, dice = [], Counter[str](), random.Random(37)
    for metric in registry():
        for grain, start, dimension, member in _some(marts, metric, each, dice):
            where = {} if dimension == "total" else {dimension: member}
            try:
                # raises where numerator, denominator or value is another than that of kpi_values in any place
                behind = find_rows(marts, run, Asked(metric, f"{start}", grain, where))
            except (RowsDisagree, NoSuchFigure) as error:
                wrong.append(f"{error}")
                continue
            said = behind.figure.published
            assert said is not None
            again = _again(behind)
            if any(map(_differs, again, (said.numerator, said.denominator, said.value))):
                wrong.append(f"{metric} {grain} {start} {dimension}={member}: {said} is {again} in Python")
            right[metric] += 1
    return wrong, right


def _some(marts: duckdb.DuckDBPyConnection, metric: str, most: int, dice: random.Random) -> list[tuple]:
    """Figures of a metric, most of which are more than nothing, where there are so many."""
    found: list[list[tuple]] = [
        marts.execute(
            "select period_grain, period_start_date, dimension_name, dimension_value from kpi_values "
            f"where metric_id = ? and coalesce(nullif(numerator, 0), denominator, value, 0) {relation} 0 order by all",
            [metric],
        ).fetchall()
        for relation in ("<>", "=")
    ]
    told, nothing = (dice.sample(figures, len(figures)) for figures in found)
    most_told = most * 3 // 4
    return [*told[:most_told], *nothing[: most - most_told], *told[most_told:], *nothing[most - most_told :]][:most]


def _differs(made: Fraction | None, said: Any) -> bool:
    if made is None or said is None:
        return (made is None) != (said is None)
    return abs(made - Fraction(said)) > PLACE + abs(made) / 10**13  # some are divided as floating-point numbers


def _again(behind: Behind) -> Made:
    rows = [dict(zip(behind.columns, row, strict=True)) for row in behind.rows()]
    fold = relation_of(behind.figure.metric.id).fold
    if fold == "sum":
        return (total := _sum(rows, "numerator")), None, total
    if fold == "distinct":
        return (count := _distinct(rows, "counted")), None, count
    if fold == "oldest":
        return (most := max(Fraction(row["numerator"]) for row in rows)), None, most
    if fold == "survival":
        ended = Fraction(sum(row["is_ended"] for row in rows))
        return ended, Fraction(len(rows)), _kaplan_meier([(row["duration"], row["is_ended"]) for row in rows])
    if fold == "median":
        days = [Fraction(row["duration"]) for row in rows]
        return sum(days, Fraction(0)), Fraction(len(days)), statistics.median(days) if days else None
    if fold == "goal":
        return _of_goals(rows, in_total=not behind.figure.where)
    if fold == "concentration":
        bought = {name: amount for name, amount in _by_customer(rows).items() if amount > 0}
        squares = sum((amount**2 for name, amount in bought.items() if name != "unknown"), Fraction(0))
        whole = sum(bought.values(), Fraction(0))
        return _divided(10_000 * squares / whole, whole) if squares else (Fraction(0), Fraction(0), None)
    return _divided(*_sides(fold, rows, behind))


def _sides(fold: str, rows: list[Row], behind: Behind) -> tuple[Fraction, Fraction]:
    if fold == "per_distinct":
        return _sum(rows, "numerator"), _distinct(rows, "counted")
    if fold == "per_head":
        days = (behind.figure.ends_on - behind.figure.starts_on).days + 1
        return _sum(rows, "amount"), round(_sum(rows, "fte_days") / days / PLACE) * PLACE
    if fold == "again":
        days_of = defaultdict[str, set[datetime.date]](set)
        for row in rows:
            days_of[row["customer_key"]].add(row["row_date"])
        return Fraction(sum(len(days) > 1 for days in days_of.values())), Fraction(len(days_of))
    if fold == "top_three":
        bought = _by_customer(rows)
        first = sorted((amount for name, amount in bought.items() if name != "unknown"), reverse=True)[:3]
        top, whole = (sum((each for each in some if each > 0), Fraction(0)) for some in (first, bought.values()))
        return top, whole
    if fold == "hours":
        return _sum(rows, "gap_microseconds") / 3_600_000_000, Fraction(len(rows))
    assert fold in ("ratio", "supply")
    numerator, denominator = _sum(rows, "numerator"), _sum(rows, "denominator")
    return numerator, max(denominator, Fraction(0)) if fold == "supply" else denominator


def _divided(numerator: Fraction, denominator: Fraction) -> Made:
    return numerator, denominator, numerator / denominator if denominator else None


def _of_goals(rows: list[Row], *, in_total: bool) -> Made:
    if in_total:
        return _divided(_sum(rows, "actual_value"), _sum(rows, "target_value"))
    (goal,) = rows
    return tuple(  # type: ignore[return-value]
        None if goal[name] is None else Fraction(goal[name]) for name in ("numerator", "denominator", "progress_rate")
    )


def _kaplan_meier(waited: list[tuple[Any, bool]]) -> Fraction | None:
    """The first duration beyond which no more than half are left, by the product over all durations before."""
    left = Fraction(1)
    for duration in sorted({each for each, _ in waited}):
        at_risk = sum(each >= duration for each, _ in waited)
        left *= 1 - Fraction(sum(is_ended for each, is_ended in waited if each == duration), at_risk)
        if left <= Fraction(1, 2):
            return Fraction(duration)
    return None


def _by_customer(rows: list[Row]) -> dict[str, Fraction]:
    bought = defaultdict[str, Fraction](Fraction)
    for row in rows:
        bought[row["customer_key"]] += Fraction(row["amount"])
    return bought


def _sum(rows: list[Row], name: str) -> Fraction:
    return sum((Fraction(row[name]) for row in rows if row[name] is not None), Fraction(0))


def _distinct(rows: list[Row], name: str) -> Fraction:
    return Fraction(len({row[name] for row in rows} - {None}))
