"""What MetricFlow and kpi_values say of the same periods and members of a world."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal as D
from typing import Any

import duckdb

from sales_warehouse.home import Home
from sales_warehouse.metrics import registry
from sales_warehouse.metrics.facts import cuts_called
from sales_warehouse.metrics.query import ask_file
from sales_warehouse.metrics.registry import facts

Cell = tuple[str, str, str, Any, Any]  # metric, grain, dimension, period, member
# grain, dimension and what the semantic layer calls it → metrics that share them, asked in one query
Questions = dict[tuple[str, str, str], list[str]]
SAID = {name: metric for name, metric in registry().items() if not metric.semantic.reason}


def differences(home: Home, last_day: datetime.date) -> tuple[dict[Cell, tuple], Counter[str]]:
    """Return every cell of which the two say different values, and how many of each metric they agree on.

    Asked is every metric in total at each of its grains, and by each of its dimensions by month, or else at its first.
    """
    asked = _questions()
    flow = {cell: value for question in asked.items() for cell, value in _answers(home, last_day, *question)}
    told = {(name, *question[:2]) for question, names in asked.items() for name in names}
    marts = {cell: value for cell, value in _in_kpi_values(home) if cell[:3] in told}
    # A sum of nothing is 0 in kpi_values; a query has no row of it, or null beside other metrics.
    nothing = {name: D(0) if metric.aggregation == "sum" else None for name, metric in SAID.items()}
    wrong, agreed = {}, Counter[str]()
    for cell in {*marts, *flow}:
        said, expected = flow.get(cell), marts.get(cell, nothing[cell[0]])
        if (nothing[cell[0]] if said is None else said) != expected:
            wrong[cell] = (said, expected)
        elif said is not None:
            agreed[cell[0]] += 1
    return wrong, agreed


def _questions() -> Questions:
    asked: Questions = {}
    for name, metric in SAID.items():
        totals = [(grain, "total") for grain in metric.grains]
        grain = "month" if "month" in metric.grains else metric.grains[0]
        for question in totals + [(grain, dimension) for dimension in (*metric.dimensions, *metric.by_month)]:
            asked.setdefault((*question, _called(name, question[1])), []).append(name)
    return asked


def _called(metric: str, dimension: str) -> str:
    """What it is called by the metric: a deal names a product line, a line of an order a product that is of one."""
    if dimension == "total":
        return dimension
    measure = SAID[metric].semantic.value or SAID[metric].semantic.denominator
    assert measure is not None
    called = cuts_called(facts()[measure.fact], dimension, facts())
    return called[0] if called else dimension


def _answers(
    home: Home, last_day: datetime.date, asked: tuple[str, str, str], metrics: list[str]
) -> Iterator[tuple[Cell, Any]]:
    grain, dimension, _ = asked
    by = [] if dimension == "total" else [dimension]
    answer = ask_file(home, home.warehouse_file, last_day, metrics, by=by, grain=None if grain == "all" else grain)
    for row in answer.rows:
        keys = list(row[: -len(metrics)])
        period = None if grain == "all" else keys.pop(0)
        for name, value in zip(metrics, row[-len(metrics) :], strict=True):
            yield (name, grain, dimension, period, keys[0] if keys else "total"), value


def _in_kpi_values(home: Home) -> Iterator[tuple[Cell, Any]]:
    with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
        rows = connection.execute(
            "SELECT metric_id, period_grain, dimension_name, "
            "CASE WHEN period_grain <> 'all' THEN period_start_date END, dimension_value, value FROM marts.kpi_values"
        ).fetchall()
    yield from ((row[:5], row[5]) for row in rows)
