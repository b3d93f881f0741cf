"""What each segment contributed to a change, so that contributions and residual are the change exactly.

Every figure is a `Fraction`: what is passed in (whole numbers, decimals, floats) is taken at its exact value, and
nothing is rounded on the way. Two sides are compared: `before` (the forecast, the earlier period) and `after`.

Additive: after − before of each segment. Ratios and means (a sum over a count): Bennet's (1920) symmetric split with
midpoints, w a segment's share of the denominator, r its ratio, R that of all, a bar the mean of before and after:
rate effect = w̄ Δr, mix effect = Δw (r̄ − R̄). Both summed over segments are ΔR, without an interaction; where no ratio
of a segment changed, every rate effect is 0. Medians are in medians.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Number = int | float | Decimal | Fraction

# Share of the volume that must move against the whole for Simpson's paradox to be named.
NEARLY_ALL = Fraction(9, 10)


class NotAFigure(ValueError):
    """What cannot be split: it has no denominator, or is no number."""


@dataclass(frozen=True)
class Part:
    """What one segment contributed. For additive measures `mix` is 0 and `rate` is all of it."""

    segment: str
    rate: Fraction
    mix: Fraction

    @property
    def total(self) -> Fraction:
        return self.rate + self.mix


@dataclass(frozen=True)
class Split:
    """A change and its parts: Σ parts + residual = change, exactly."""

    before: Fraction
    after: Fraction
    parts: tuple[Part, ...]
    residual: Fraction
    paradox: Paradox | None = None

    @property
    def change(self) -> Fraction:
        return self.after - self.before

    @property
    def rate(self) -> Fraction:
        return sum((part.rate for part in self.parts), Fraction())

    @property
    def mix(self) -> Fraction:
        return sum((part.mix for part in self.parts), Fraction())


@dataclass(frozen=True)
class Paradox:
    """Simpson's paradox: segments with this share of the volume moved against the whole; `every` when all did."""

    share: Fraction
    every: bool


def split_amount(before: Mapping[str, Number], after: Mapping[str, Number]) -> Split:
    """Split the change of a sum over segments; a segment that is missing on one side is 0 there."""
    parts = tuple(
        Part(segment, exact(after.get(segment, 0)) - exact(before.get(segment, 0)), Fraction())
        for segment in _segments(before, after)
    )
    sums = [sum(map(exact, side.values()), Fraction()) for side in (before, after)]
    return Split(sums[0], sums[1], parts, Fraction())


def split_ratio(before: Mapping[str, tuple[Number, Number]], after: Mapping[str, tuple[Number, Number]]) -> Split:
    """Split the change of Σ numerator / Σ denominator; segments as (numerator, denominator), a mean as (sum, count).

    A segment that has no denominator on one side is taken there at the ratio that it has on the other: its rate effect
    is 0 and that it came or went is mix. A numerator without a denominator (what came back where nobody bought) has no
    ratio and no weight: what it adds to the ratio of all is its rate effect.
    """
    segments = _segments(before, after)
    sides = [{name: _pair(side.get(name, (0, 0)), name) for name in segments} for side in (before, after)]
    totals = [sum((pair[1] for pair in side.values()), Fraction()) for side in sides]
    for name, total in zip(("before", "after"), totals, strict=True):
        if total <= 0:
            raise NotAFigure(f"the ratio {name} has no denominator: all segments together have {total}")
    sums = [sum((pair[0] for pair in side.values()), Fraction()) for side in sides]
    wholes = [numerator / total for numerator, total in zip(sums, totals, strict=True)]
    middle = (wholes[0] + wholes[1]) / 2
    parts, moves = [], []
    for name in segments:
        shares = [side[name][1] / total for side, total in zip(sides, totals, strict=True)]
        rates = _rates([side[name] for side in sides])
        bare = [
            Fraction() if side[name][1] else side[name][0] / total for side, total in zip(sides, totals, strict=True)
        ]
        weight, step = (shares[0] + shares[1]) / 2, rates[1] - rates[0]
        mix = (shares[1] - shares[0]) * ((rates[0] + rates[1]) / 2 - middle)
        parts.append(Part(name, weight * step + bare[1] - bare[0], mix))
        if all(side[name][1] for side in sides):
            moves.append((weight, step))
    return Split(wholes[0], wholes[1], tuple(parts), Fraction(), paradox_of(moves, wholes[1] - wholes[0]))


def paradox_of(moves: Iterable[tuple[Fraction, Fraction]], change: Fraction) -> Paradox | None:
    """Simpson's paradox among segments (weight, step) of a whole that changed so much; some may stand still."""
    known = list(moves)
    volume = sum((weight for weight, _ in known), Fraction())
    opposed = [weight for weight, step in known if step * change < 0]
    against = sum(opposed, Fraction())
    if len(opposed) < 2 or against < NEARLY_ALL * volume:
        return None
    return Paradox(against / volume, against == volume)


def exact(number: Number) -> Fraction:
    """The exact value of a number; not a number and infinity are refused."""
    try:
        return Fraction(number)
    except (ValueError, OverflowError) as error:
        raise NotAFigure(f"{number} is not a finite number") from error


def _segments(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return sorted({*before, *after})


def _pair(pair: tuple[Number, Number], name: str) -> tuple[Fraction, Fraction]:
    numerator, denominator = exact(pair[0]), exact(pair[1])
    if denominator < 0:
        raise NotAFigure(f"segment {name}: {numerator} over a denominator of {denominator}")
    return numerator, denominator


def _rates(pairs: Sequence[tuple[Fraction, Fraction]]) -> list[Fraction]:
    """Ratio before and after; where one side has none, that of the other."""
    known = [numerator / denominator if denominator else None for numerator, denominator in pairs]
    there = next((rate for rate in known if rate is not None), Fraction())
    return [there if rate is None else rate for rate in known]
