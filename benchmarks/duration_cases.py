"""Durations of two periods with what was planted in the later one, each from one seed.

Each row has a region, channel, source, industry and product line, of unlike sizes and unlike durations (log-normal, a
factor for each member). Some are lost sight of before they end, the later ones sooner, as at the end of a month.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sales_warehouse.causes.medians import TICKS, Rows

SIZES: Mapping[str, int] = {"region": 7, "channel": 6, "source": 4, "industry": 8, "product_line": 5}
Element = tuple[tuple[int, int], ...]  # (attribute, member) in the order of attributes


@dataclass(frozen=True)
class Kind:
    """What happens in the later period: so many conditions of a cell whose durations are multiplied, or whose weight
    is; the volume of all, the durations of all, and how unlike the weights of members become by themselves. Of a
    kind with `least` only cases are drawn whose median moved by that share of what it was, as an alert would ask."""

    conditions: int = 0
    is_mix: bool = False
    times: tuple[float, float] = (2.0, 4.0)
    volume: float = 1.0
    pace: float = 1.0
    drift: float = 0.0
    in_days: bool = False
    least: float = 0.0
    count: int = 1500  # rows of a period, about


KINDS = {
    "one member slower": Kind(conditions=1),
    "a combination slower": Kind(conditions=2),
    "the same, 10,000 rows": Kind(conditions=2, count=10_000),
    "one member slower, weights drifting": Kind(conditions=1, drift=0.15),
    "one member slower, all of them too": Kind(conditions=1, pace=1.4),
    "a slow member has more rows": Kind(conditions=1, is_mix=True),
    "whole days: one member slower": Kind(conditions=1, in_days=True),
}
QUIET = {
    "quiet: nothing": Kind(),
    "quiet: twice the volume": Kind(volume=2.0),
    "quiet: all slower by half": Kind(pace=1.5),
    "quiet: whole days": Kind(in_days=True),
    "quiet: 100 rows, and the median moved by a fifth": Kind(count=100, least=0.2),
    "quiet: weights drifting, and the median moved by a tenth": Kind(drift=0.15, least=0.1),
}


@dataclass(frozen=True)
class DurationCase:
    """The rows, and the cell in which something was planted."""

    rows: Rows
    truth: frozenset[Element]

    @property
    def texts(self) -> set[str]:
        """The cell as a=a1&b=b2."""
        names, members = self.rows.attributes, self.rows.members
        return {"&".join(f"{names[at]}={members[at][code]}" for at, code in element) for element in self.truth}


LARGE = Kind(conditions=2, count=50_000)


def duration_cases(kind: Kind, first_seed: int, cases: int) -> Iterator[DurationCase]:
    """Draw so many cases of a kind."""
    seeds = itertools.count(first_seed)
    while cases:
        case = duration_case(kind, next(seeds))
        after, before = case.rows.figure()
        if after is not None and before is not None and abs(after - before) >= kind.least * before:
            cases -= 1
            yield case


def duration_case(kind: Kind, seed: int) -> DurationCase:
    """Draw a case."""
    rng = np.random.default_rng([seed, 22])
    shares = [rng.dirichlet(np.full(size, 3.0)) for size in SIZES.values()]
    effects = [rng.normal(0, 0.3, size) for size in SIZES.values()]
    element = _element(rng, kind, shares, effects)
    drifted = [share * np.exp(rng.normal(0, kind.drift, len(share))) for share in shares]
    drifted = [share / share.sum() for share in drifted]
    times = float(rng.uniform(*kind.times))
    before = _codes(rng, shares, int(rng.poisson(kind.count)))
    after = _codes(rng, drifted, int(rng.poisson(kind.count * kind.volume)))
    if kind.is_mix:  # so many times the rows of the cell, drawn like those that it has
        more = after[_inside(after, element)]
        after = np.concatenate([after, more[rng.integers(0, len(more), int(len(more) * (times - 1)))]])
    codes = np.concatenate([before, after])
    is_after = np.arange(len(codes)) >= len(before)
    log = np.log(5.0) + sum(effect[codes[:, at]] for at, effect in enumerate(effects)) + rng.normal(0, 1, len(codes))
    log += np.where(is_after, np.log(kind.pace), 0)
    if element and not kind.is_mix:
        log += np.where(is_after & _inside(codes, element), np.log(times), 0)
    hours = np.exp(log)
    seen = rng.exponential(np.where(is_after, 40, 120))
    is_ended = np.full(len(hours), True) if kind.in_days else hours <= seen
    ticks = (np.minimum(hours, seen) * TICKS).astype(np.int64)
    if kind.in_days:
        ticks = (hours * 4).astype(np.int64) * TICKS
    order = np.lexsort([*codes.T, is_after, is_ended, ticks])
    rows = Rows(
        tuple(SIZES),
        tuple(tuple(f"{name}{at}" for at in range(size)) for name, size in SIZES.items()),
        codes[order], ticks[order], is_ended[order], is_after[order], np.ones(len(order)), is_plain=kind.in_days,
    )  # fmt: skip
    return DurationCase(rows, frozenset([element]) if element else frozenset())


def _element(rng: np.random.Generator, kind: Kind, shares: list[np.ndarray], effects: list[np.ndarray]) -> Element:
    """A cell that is large enough to move the whole; one whose weight grows is made slow."""
    if not kind.conditions:
        return ()
    large: list[Element] = []
    while not large:
        chosen = sorted(int(at) for at in rng.choice(len(shares), kind.conditions, replace=False))
        codes = itertools.product(*(range(len(shares[at])) for at in chosen))
        elements = [tuple(zip(chosen, each, strict=True)) for each in codes]
        large = [each for each in elements if 0.06 <= np.prod([shares[at][code] for at, code in each]) <= 0.4]
    element = large[int(rng.integers(len(large)))]
    for at, code in element if kind.is_mix else ():
        effects[at][code] = abs(effects[at][code]) + 0.5
    return element


def _codes(rng: np.random.Generator, shares: list[np.ndarray], count: int) -> np.ndarray:
    return np.stack([rng.choice(len(share), count, p=share) for share in shares], axis=1)


def _inside(codes: np.ndarray, element: Element) -> np.ndarray:
    return np.logical_and.reduce([codes[:, at] == code for at, code in element])
