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
from sales_warehouse.metrics.query import ask_file

Cell = tuple[str, str, str, Any, Any]  # metric, grain, dimension, period, member
Questions = dict[tuple[str, str], list[str]]  # grain and dimension → metrics that share them, asked in one query
SAID = {name: metric for name, metric in registry().items() if not metric.semantic.reason}


def differences(home: Home, last_day: datetime.date) -> tuple[dict[Cell, tuple], Counter[str]]:
    """Return every cell of which the two say different values, and how many of each metric they agree on.

    Asked is every metric in total at each of its grains, and by each of its dimensions by month, or else at its first.
    """
    asked = _questions()
    flow = {cell: value for question in asked.items() for cell, value in _answers(home, last_day, *question)}
    marts = {cell: value for cell, value in _in_kpi_values(home) if cell[0] in asked.get(cell[1:3], ())}
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
        for question in totals + [(grain, dimension) for dimension in metric.dimensions]:
            asked.setdefault(question, []).append(name)
    return asked


def _answers(
    home: Home, last_day: datetime.date, asked: tuple[str, str], metrics: list[str]
) -> Iterator[tuple[Cell, Any]]:
    grain, dimension = asked
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
