"""The median of durations of which some still run, and what cells contributed to its change.

The median is that of Kaplan and Meier (1958), or the plain one where everything has ended. Rows of the later period
are weighed so that both periods have the same weight together: a cell's weight is its share of all rows, and twice as
many rows everywhere change nothing.

What a cell contributed is the mean of what the median moves when the cell alone goes from before to after, and when
all others have gone already; the rest of the change is the residual. Its rate effect is the same with the durations of
the cell alone going over, at the weight that it has where it goes; its mix effect is what is left of its contribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from sales_warehouse.causes.contributions import Part, Split, paradox_of

TICKS = 1_000_000  # of a unit: durations are whole numbers of them
NEAR = 1e-9  # so near a half is a half: the survival is a product of fractions, as in macros/survival.sql


@dataclass(frozen=True)
class Rows:
    """Durations in the order of their length. `ticks` are in millionths of a unit, `codes` (row × attribute) places in
    `members`, `count` is how many things a row stands for; `is_plain`: no Kaplan-Meier, for everything ended."""

    attributes: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    codes: np.ndarray
    ticks: np.ndarray
    is_ended: np.ndarray
    is_after: np.ndarray
    count: np.ndarray
    is_plain: bool = False

    @cached_property
    def weight(self) -> np.ndarray:
        """Of each row, so that both periods weigh the same; as counted where one of them is empty."""
        before, after = (float(self.count[self.is_after == side].sum()) for side in (False, True))
        return np.where(self.is_after, self.count * (before / after if before and after else 1.0), self.count)

    def figure(self) -> tuple[Fraction | None, Fraction | None]:
        """The median after and before."""
        return self.median(self.count * self.is_after), self.median(self.count * ~self.is_after)

    def part(self, inside: np.ndarray) -> Rows:
        """Some of the rows: a mask, or places in ascending order."""
        arrays = {name: getattr(self, name)[inside] for name in ("codes", "ticks", "is_ended", "is_after", "count")}
        return replace(self, **arrays)

    def median(self, weight: np.ndarray, *, at_least: bool = False) -> Fraction | None:
        """The median of the rows so weighed; None where more than half still run, or there are none.

        With `at_least`, the longest duration seen in place of the None of rows of which too many still run.
        """
        inside = weight > 0
        ticks, weight, ended = self.ticks[inside], weight[inside], self.is_ended[inside]
        if not len(ticks):
            return None
        starts, survival = curve(ticks, weight, ended)
        reached = survival <= 0.5 + NEAR
        if not reached.any():
            return Fraction(int(ticks[-1]), TICKS) if at_least else None
        at = int(np.argmax(reached))
        found = int(ticks[starts[at]])
        if self.is_plain and survival[at] >= 0.5 - NEAR:  # half are shorter: between the two in the middle
            return Fraction(found + int(ticks[starts[at + 1]]), 2 * TICKS)
        return Fraction(found, TICKS)


def curve(ticks: np.ndarray, weight: np.ndarray, is_ended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each distinct duration begins among the sorted ones, and the share that goes on beyond it."""
    starts = np.flatnonzero(np.diff(ticks, prepend=ticks[0] - 1))
    leaving = np.add.reduceat(weight, starts)
    ending = np.add.reduceat(np.where(is_ended, weight, 0.0), starts)
    risk = np.cumsum(leaving[::-1])[::-1]
    return starts, np.cumprod(1 - np.minimum(ending / risk, 1))


def split_median(rows: Rows, cells: Sequence[np.ndarray]) -> Split:
    """Split the change of the median over cells (masks of rows, none of which is in two). Both medians must be there.

    Parts are named by their place among the cells. Where a mixture of both periods has more than half still running,
    its median counts as the longest duration seen.
    """
    last, first = rows.figure()
    assert last is not None and first is not None
    before, after = np.where(rows.is_after, 0.0, rows.weight), np.where(rows.is_after, rows.weight, 0.0)
    parts = []
    for place, cell in enumerate(cells):
        total = _gone(rows, (before, after), cell, (first, last), 1.0)
        old, new = float(before[cell].sum()), float(after[cell].sum())
        # A cell that is new or gone has its durations on one side alone: all of it is mix.
        rate = _gone(rows, (before, after), cell, (first, last), old / new) if old and new else Fraction()
        parts.append(Part(str(place), rate, total - rate))
    residual = last - first - sum((part.total for part in parts), Fraction())
    return Split(first, last, tuple(parts), residual)


def split_along(rows: Rows, at: int) -> Split:
    """The change of the median along one attribute: what durations did at the weights of before and of after (the mean
    of both), and what weights did. Rate and mix are the change; there is no residual and no part for each member."""
    last, first = rows.figure()
    assert last is not None and first is not None
    size = len(rows.members[at])
    codes = rows.codes[:, at]
    old, new = (np.bincount(codes, np.where(rows.is_after == side, rows.weight, 0.0), size) for side in (False, True))
    weights = []
    for mine, other, is_mine in ((old, new, ~rows.is_after), (new, old, rows.is_after)):
        # Durations of the other period at the weights of mine; a member that the other has not keeps its own.
        with np.errstate(divide="ignore", invalid="ignore"):
            times = np.where(other > 0, mine / other, 0.0)
        kept = (other == 0)[codes] & is_mine
        weights.append(np.where(is_mine, np.where(kept, rows.weight, 0.0), rows.weight * times[codes]))
    moved, stayed = (rows.median(each, at_least=True) for each in weights)
    assert moved is not None and stayed is not None
    rate = ((moved - first) + (last - stayed)) / 2
    steps = []
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(size + 1))
    for code in np.flatnonzero((old > 0) & (new > 0)):
        now, then = rows.part(order[ends[code] : ends[code + 1]]).figure()
        if now is not None and then is not None:
            steps.append((Fraction(float(old[code] + new[code])), now - then))
    return Split(first, last, (Part("", rate, last - first - rate),), Fraction(), paradox_of(steps, last - first))


def _gone(
    rows: Rows, sides: tuple[np.ndarray, np.ndarray], cell: np.ndarray, whole: tuple[Fraction, Fraction], times: float
) -> Fraction:
    """The mean of what the median moves when a cell goes over first, and when it goes over last.

    Its rows weigh `times` as much after (and so much less before) than they do: with the weight of the other period,
    the durations go over alone.
    """
    before, after = sides
    alone = rows.median(np.where(cell, after * times, before), at_least=True)
    without = rows.median(np.where(cell, before / times, after), at_least=True)
    # Nothing of a side may be left where the cell is all of it: then the other figure is what there is.
    alone = whole[1] if alone is None else alone
    without = whole[0] if without is None else without
    return (alone - whole[0] + whole[1] - without) / 2
