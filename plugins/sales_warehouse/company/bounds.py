"""Numbers that a fact about a customer must reach or not pass, and what several of them leave open."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from sales_warehouse.company.base import Model

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
OPERATORS = ("at_least", "over", "at_most", "under")
DECIMALS, DIGITS = 4, 14  # of an amount in the warehouse, after the point and before it


class Bounded(Model):
    """One bound: 500000 is at_least 500000 and at_most 500000, but neither over nor under it."""

    at_least: Number | None = None
    over: Number | None = None
    at_most: Number | None = None
    under: Number | None = None

    @field_validator(*OPERATORS)
    @classmethod
    def _fine_enough(cls, value: float | None) -> float | None:
        if value is not None and -int(Decimal(repr(float(value))).as_tuple().exponent) > DECIMALS:
            raise ValueError(f"{value!r} has more than {DECIMALS} decimals; amounts and rates have no more")
        if value is not None and abs(value) >= 10**DIGITS:
            raise ValueError(f"{value!r} has more than {DIGITS} digits; no amount of the warehouse has more")
        return value

    @model_validator(mode="after")
    def _one_bound(self) -> Bounded:
        if len(self.bounds) > 1:
            raise ValueError(f"give exactly one of {', '.join(OPERATORS)}")
        return self

    @property
    def bounds(self) -> list[tuple[str, float]]:
        """The operator and its number; empty when none is written."""
        found = ((name, getattr(self, name)) for name in OPERATORS)
        return [(name, value) for name, value in found if value is not None]


@dataclass(frozen=True)
class Fact:
    """What a number about a customer can be; `is_always_known` is false where a customer may have none."""

    name: str
    minimum: float
    maximum: float
    is_whole: bool
    is_always_known: bool


@dataclass(frozen=True)
class Span:
    """The numbers that all bounds on a fact allow. A step of 0 is the number itself, 1 just above, -1 just below it."""

    low: tuple[float, int]
    high: tuple[float, int]

    @property
    def is_empty(self) -> bool:
        return self.low > self.high

    def covers(self, other: Span) -> bool:
        return self.low <= other.low and other.high <= self.high

    def within(self, other: Span) -> Span:
        """What both allow."""
        return Span(max(self.low, other.low), min(self.high, other.high))

    def without(self, other: Span, fact: Fact) -> Iterator[Span]:
        """What this allows below and above the other."""
        below = Span(self.low, min(self.high, _beside(fact, other.low, -1)))
        above = Span(max(self.low, _beside(fact, other.high, 1)), self.high)
        yield from (part for part in (below, above) if not part.is_empty)


def span(fact: Fact, bounds: Iterable[tuple[str, float]]) -> Span:
    """Return what is left of the numbers that a fact can be."""
    low, high = (fact.minimum, 0), (fact.maximum, 0)
    for operator, value in bounds:
        if operator in ("at_least", "over"):
            low = max(low, _low(fact, operator, value))
        else:
            high = min(high, _high(fact, operator, value))
    return Span(low, high)


def _beside(fact: Fact, end: tuple[float, int], way: int) -> tuple[float, int]:
    """Return the next number below (-1) or above (1) an end of a span."""
    value, step = end
    return (value + way, 0) if fact.is_whole and math.isfinite(value) else (value, step + way)


def _low(fact: Fact, operator: str, value: float) -> tuple[float, int]:
    if not fact.is_whole:
        return value, int(operator == "over")
    return (math.floor(value) + 1 if operator == "over" else math.ceil(value)), 0


def _high(fact: Fact, operator: str, value: float) -> tuple[float, int]:
    if not fact.is_whole:
        return value, -int(operator == "under")
    return (math.ceil(value) - 1 if operator == "under" else math.floor(value)), 0


Box = Mapping[str, Span | None]  # what each fact may be, None for having none; a fact that is not named may be anything


def is_covered(box: Box, others: Sequence[Mapping[str, Span]], facts: Mapping[str, Fact]) -> bool:
    """Whether every customer of the box is in one of the others: what the first of them leaves is in the rest."""
    if not others:
        return False
    other, rest = others[0], others[1:]
    inside = dict(box)
    for name, taken in other.items():
        everything = span(facts[name], ())
        parts = [box[name]] if name in box else [everything, *([] if facts[name].is_always_known else [None])]
        for part in parts:
            left = [part] if part is None else part.without(taken, facts[name])
            if not all(is_covered({**inside, name: piece}, rest, facts) for piece in left):
                return False
        common = next((part.within(taken) for part in parts if part is not None), None)
        if common is None or common.is_empty:
            return True  # nothing of the box is in the other, and all of it was in the rest
        inside[name] = common
    return True
