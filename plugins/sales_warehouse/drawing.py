"""Geometry that the drawings of the pages share: a scale with round ticks. y grows downwards, as in SVG."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal


@dataclass(frozen=True)
class Scale:
    """Amounts from `low` to `high`, both multiples of `step`, between the heights `top` and `bottom`."""

    low: Decimal
    high: Decimal
    step: Decimal
    top: float
    bottom: float

    @classmethod
    def over(cls, amounts: Iterable[Decimal], *, top: float, bottom: float, zero: bool = True) -> Scale:
        """Return the scale that has every amount on it, and zero unless it is not wanted."""
        there = [*amounts, *([Decimal(0)] if zero else [])] or [Decimal(0)]
        step = round_step(max(there) - min(there))
        low = step * _floor(min(there) / step)
        least = step if zero else low + step
        return cls(low, max(least, -step * _floor(-max(there) / step)), step, top, bottom)

    def y(self, amount: Decimal) -> float:
        return round(self.top + float((self.high - amount) / (self.high - self.low)) * (self.bottom - self.top), 1)

    @property
    def ticks(self) -> list[tuple[float, Decimal]]:
        """Return the ticks as (y, amount), the lowest first."""
        amounts = (self.low + self.step * number for number in range(int((self.high - self.low) / self.step) + 1))
        return [(self.y(amount), amount) for amount in amounts]


def round_step(span: Decimal) -> Decimal:
    """Return a round number (1, 2 or 5 with zeros) of which at most five make the span; 1 where there is nothing."""
    if span <= 0:
        return Decimal(1)
    power = Decimal(10) ** ((span / 4).adjusted())
    return next(
        power * factor for factor in (Decimal(1), Decimal(2), Decimal(5), Decimal(10)) if span / (power * factor) <= 5
    )


def _floor(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_FLOOR)
