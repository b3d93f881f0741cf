"""A metric over time as a drawing: a line, the period that is judged, what it was compared with."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sales_warehouse.drawing import Scale

WIDTH, HEIGHT = 960, 250
LEFT, RIGHT, TOP, BOTTOM = 90, 40, 14, 26


@dataclass(frozen=True)
class Value:
    """A period and its figure; None where there is none."""

    start: datetime.date
    value: Decimal | None


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    value: Value
    is_judged: bool


@dataclass(frozen=True)
class Series:
    """Lines between gaps, each a list of points; the ticks of the scale as (y, amount); labels as (x, first day);
    heights of what the judged period was compared with, None where there is nothing.
    """

    lines: list[list[Point]]
    ticks: list[tuple[float, Decimal]]
    labels: list[tuple[float, datetime.date]]
    compared_y: float | None
    band: tuple[float, float] | None

    @property
    def points(self) -> list[Point]:
        return [point for line in self.lines for point in line]


def draw(
    values: Sequence[Value],
    judged: datetime.date,
    *,
    compared: Decimal | None = None,
    lower: Decimal | None = None,
    upper: Decimal | None = None,
) -> Series:
    """Return the drawing of periods in their order; `lower` and `upper` are the band of the judged one."""
    marks = [mark for mark in (compared, lower, upper) if mark is not None]
    amounts = [each.value for each in values if each.value is not None] + marks
    # Rates and hours that hardly move are drawn from where they are; what comes near zero shows it.
    is_far = bool(amounts) and min(amounts) > 0 and min(amounts) * 2 > max(amounts)
    scale = Scale.over(amounts, top=TOP, bottom=HEIGHT - BOTTOM, zero=not is_far)
    room = (WIDTH - LEFT - RIGHT) / max(1, len(values))
    lines: list[list[Point]] = [[]]
    for place, each in enumerate(values):
        if each.value is None:
            lines.append([])
            continue
        x = round(LEFT + (place + 0.5) * room, 1)
        lines[-1].append(Point(x, scale.y(each.value), each, each.start == judged))
    every = max(1, len(values) // 8)
    return Series(
        lines=[line for line in lines if line],
        ticks=scale.ticks,
        labels=[
            (round(LEFT + (place + 0.5) * room, 1), each.start)
            for place, each in enumerate(values)
            if (len(values) - 1 - place) % every == 0
        ],
        compared_y=None if compared is None else scale.y(compared),
        band=None if lower is None or upper is None else (scale.y(upper), scale.y(lower)),
    )
