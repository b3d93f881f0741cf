"""The purchase trend as bars of a drawing of fixed size: geometry alone, the page draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sales_warehouse.customer.account import Row
from sales_warehouse.drawing import Scale

WIDTH, HEIGHT = 960, 250
LEFT, RIGHT, TOP, BOTTOM = 90, 10, 14, 26


@dataclass(frozen=True)
class Bar:
    """A month: its bar, and the mark of the year before, in the units of the drawing; y grows downwards."""

    x: float
    y: float
    width: float
    height: float
    before_y: float
    middle: float
    row: Row


@dataclass(frozen=True)
class Chart:
    """The bars, the height of zero, and the ticks of the scale as (y, amount)."""

    bars: list[Bar]
    zero: float
    ticks: list[tuple[float, Decimal]]


def chart(months: Sequence[Row]) -> Chart:
    """Return the drawing of months with net_sales_amount and previous_year_net_sales_amount; both may be negative."""
    names = ("net_sales_amount", "previous_year_net_sales_amount")
    scale = Scale.over((month[name] for month in months for name in names), top=TOP, bottom=HEIGHT - BOTTOM)
    zero = scale.y(Decimal(0))
    room = (WIDTH - LEFT - RIGHT) / max(1, len(months))
    bars = [
        Bar(
            x=round(LEFT + place * room + room * 0.15, 1),
            y=min(scale.y(month["net_sales_amount"]), zero),
            width=round(room * 0.7, 1),
            height=round(abs(scale.y(month["net_sales_amount"]) - zero), 1),
            before_y=scale.y(month["previous_year_net_sales_amount"]),
            middle=round(LEFT + (place + 0.5) * room, 1),
            row=month,
        )
        for place, month in enumerate(months)
    ]
    return Chart(bars, zero, scale.ticks)
