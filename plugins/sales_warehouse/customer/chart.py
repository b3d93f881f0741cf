"""The purchase trend as bars of a drawing of fixed size: geometry alone, the page draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from sales_warehouse.customer.account import Row

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
    amounts = [Decimal(0), *(month[name] for month in months for name in names)]
    step = _step(max(amounts) - min(amounts))
    low, high = step * _floor(min(amounts) / step), max(step, -step * _floor(-max(amounts) / step))

    def y(amount: Decimal) -> float:
        return round(TOP + float((high - amount) / (high - low)) * (HEIGHT - TOP - BOTTOM), 1)

    room = (WIDTH - LEFT - RIGHT) / max(1, len(months))
    bars = [
        Bar(
            x=round(LEFT + place * room + room * 0.15, 1),
            y=min(y(month["net_sales_amount"]), y(Decimal(0))),
            width=round(room * 0.7, 1),
            height=round(abs(y(month["net_sales_amount"]) - y(Decimal(0))), 1),
            before_y=y(month["previous_year_net_sales_amount"]),
            middle=round(LEFT + (place + 0.5) * room, 1),
            row=month,
        )
        for place, month in enumerate(months)
    ]
    ticks = [(y(low + step * number), low + step * number) for number in range(int((high - low) / step) + 1)]
    return Chart(bars, y(Decimal(0)), ticks)


def _floor(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_FLOOR)


def _step(span: Decimal) -> Decimal:
    """A round number (1, 2 or 5 with zeros) of which at most five make the span; 1 where there is nothing."""
    if span <= 0:
        return Decimal(1)
    power = Decimal(10) ** ((span / 4).adjusted())
    return next(
        power * factor for factor in (Decimal(1), Decimal(2), Decimal(5), Decimal(10)) if span / (power * factor) <= 5
    )
