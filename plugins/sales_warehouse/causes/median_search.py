"""The search for the cells behind the change of a median: single members, and combinations of two.

A median moves by the rows that cross it. So of each row is asked whether it is beyond the middle of both periods
together, which is a share that adds up over cells; who was lost sight of before that counts with the chance of all rows
that went so far. A cell can move the median in two ways, and each has to show itself in two:

- its durations: the share beyond changed in the cell, and unlike that of all other rows (which may all have moved);
- its weight: its share of all rows changed, and it is unlike the others in what is beyond.

The lesser of the two scores (standard normal, were there nothing) counts, against what the largest of all cells looked
at would be by chance (Bonferroni). The durations of a cell are held to the hypergeometric probability too, which is a
permutation test over all ways to deal its rows out to the two periods. The best cell is taken, its rows are set aside,
and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import prod

import numpy as np
from scipy.special import expit, logit
from scipy.stats import chi2, hypergeom, norm

from sales_warehouse.causes.contributions import Part, exact
from sales_warehouse.causes.explain import Cell, Explanation, disjoint
from sales_warehouse.causes.medians import TICKS, Rows, curve, split_along, split_median

CHANCE = 0.01  # that a cell is named where nothing happened
MOST_CONDITIONS = 2
MOST_CELLS = 8
FEW = 5  # rows of a period: with less of them a cell is not judged by its durations
DEPTH = 1.0  # nats for each condition of a name, as in search.py
MATERIAL = 0.1  # of the change: what did less is not named
ALIKE = 2.0  # standard errors: what is left of a member went with the combination
LARGEST_CUT = 1_000_000  # cells of one combination

BY_DURATIONS = 0  # of what _scores gives; 1 is by weight
WAYS = 2

Element = tuple[tuple[int, int], ...]  # (attribute, member)


@dataclass(frozen=True)
class Found:
    """A cell, its rows (also those that an earlier one has), the evidence for it in nats, and what it is for."""

    element: Element
    rows: np.ndarray
    evidence: float
    by_weight: bool

    def moved(self, part: Part, least: Fraction) -> bool:
        """Whether what it was found by is most of what it did to the median, and at least so much."""
        by = part.mix if self.by_weight else part.rate
        return by * part.total > 0 and abs(by) >= max(least, abs(part.total) / 2)


@dataclass(frozen=True)
class _Sums:
    """Things (n) and those beyond the middle (a), before (0) and after (1): of cells, or of the whole."""

    n0: np.ndarray
    n1: np.ndarray
    a0: np.ndarray
    a1: np.ndarray

    def without(self, cells: _Sums) -> _Sums:
        return _Sums(self.n0 - cells.n0, self.n1 - cells.n1, self.a0 - cells.a0, self.a1 - cells.a1)

    def at(self, cell: int) -> _Sums:
        return _Sums(*(each[cell : cell + 1] for each in (self.n0, self.n1, self.a0, self.a1)))

    @property
    def rates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The shares beyond: before, after, and of both."""
        return self.a0 / self.n0, self.a1 / self.n1, (self.a0 + self.a1) / (self.n0 + self.n1)

    @property
    def middle(self) -> np.ndarray:
        """The share of both periods together, never 0 or 1."""
        return (self.a0 + self.a1 + 0.5) / (self.n0 + self.n1 + 1)

    @property
    def drift(self) -> tuple[np.ndarray, np.ndarray]:
        """How the share changed, in logits, and the variance of that (Woolf 1955)."""
        inside = [self.a0 + 0.5, self.n0 - self.a0 + 0.5, self.a1 + 0.5, self.n1 - self.a1 + 0.5]
        return np.log(inside[2] * inside[1] / (inside[3] * inside[0])), sum(1 / each for each in inside)


def explain_median(rows: Rows) -> Explanation:
    """Find the cells behind the change of a median that both periods have."""
    found = find_cells(rows)
    while True:
        split = split_median(rows, disjoint(each.rows for each in found))
        least = max(abs(split.change) * exact(MATERIAL), Fraction(1, TICKS))
        moved = [cell for cell, part in zip(found, split.parts, strict=True) if cell.moved(part, least)]
        if len(moved) == len(found):
            break
        found = moved  # what moved the share beyond the middle may not have moved the median
    cells = []
    for each, part in zip(found, split.parts, strict=True):
        members = {rows.attributes[at]: rows.members[at][code] for at, code in each.element}
        cells.append(Cell(members, *rows.part(each.rows).figure(), part.total, part.rate, part.mix, each.evidence))
    cells.sort(key=lambda cell: (-abs(cell.contribution), cell.text))
    return Explanation(
        kind="median",
        attributes=rows.attributes,
        leaves=_leaves(rows.codes),
        depth=min(MOST_CONDITIONS, len(rows.attributes)),
        actual=split.after,
        forecast=split.before,
        cells=tuple(cells),
        residual=split.residual,
        splits={name: split_along(rows, at) for at, name in enumerate(rows.attributes) if _has_shifted(rows, at)},
    )


def find_cells(rows: Rows) -> list[Found]:
    """The cells in the order in which they were found, none when nothing stands out of the noise. Both periods have a
    median."""
    beyond = rows.count * share_beyond(rows, _middle(rows))
    whole = _whole(rows, rows.count, beyond)
    change = float(whole.rates[1] - whole.rates[0])
    left = np.ones(len(rows.ticks))
    cuts = [cut for size in range(1, MOST_CONDITIONS + 1) for cut in combinations(range(len(rows.attributes)), size)]
    cuts = [cut for cut in cuts if prod(len(rows.members[at]) for at in cut) <= LARGEST_CUT]
    looked = sum(int(_is_told(_cells(rows, cut, rows.count, beyond)).sum()) for cut in cuts)
    found: list[Found] = []
    while looked and len(found) < MOST_CELLS:
        best = _best(rows, cuts, rows.count * left, beyond * left, (whole, change, looked))
        if best is None:
            break
        found.append(best)
        left[best.rows] = 0.0
    return found


def _middle(rows: Rows) -> int:
    """The median of both periods together, but no longer one than was crossed: where many last as long as the higher
    of the two medians, as whole days do, the duration before it."""
    low, high = sorted(int(each * TICKS) for each in rows.figure() if each is not None)
    middle = rows.median(rows.weight, at_least=True)
    assert middle is not None
    shorter = rows.ticks[: np.searchsorted(rows.ticks, high)]
    return max(low, min(int(middle * TICKS), int(shorter[-1]) if len(shorter) and low < high else high))


def _best(
    rows: Rows, cuts: list[tuple[int, ...]], count: np.ndarray, beyond: np.ndarray, about: tuple[_Sums, float, int]
) -> Found | None:
    whole, change, looked = about
    left = _whole(rows, count, beyond)
    least = float(norm.isf(CHANCE / (2 * WAYS * looked)))  # more, and less
    sums = {cut: _cells(rows, cut, count, beyond) for cut in cuts}
    candidates: list[tuple[float, tuple[int, ...], int, int]] = []
    for cut, cells in sums.items():
        for kind, (score, _, effect) in enumerate(_scores(cells, left, whole)):
            score = np.where(np.abs(effect) >= MATERIAL * abs(change), score, 0.0)
            for cell in np.flatnonzero(score >= least):
                candidates.append((float(score[cell] ** 2 / 2 - DEPTH * len(cut)), cut, int(cell), kind))
    for worth, cut, at_cell, kind in sorted(candidates, key=lambda each: (-each[0], *each[1:])):
        if kind == BY_DURATIONS and _by_chance(sums[cut], at_cell) * WAYS * looked > CHANCE:
            continue
        codes = np.unravel_index(at_cell, tuple(len(rows.members[at]) for at in cut))
        element = tuple((at, int(code)) for at, code in zip(cut, codes, strict=True))
        element = _shortened(element, sums, sums[cut].at(at_cell), (left, whole, kind))
        inside = np.logical_and.reduce([rows.codes[:, at] == code for at, code in element])
        return Found(element, inside, worth, kind != BY_DURATIONS)
    return None


def _shortened(
    element: Element, sums: Mapping[tuple[int, ...], _Sums], cell: _Sums, about: tuple[_Sums, _Sums, int]
) -> Element:
    """The member alone, where what it has beyond the combination went the same way."""
    left, whole, kind = about
    way = np.sign(_scores(cell, left, whole)[kind][1])
    beyond: list[tuple[float, Element]] = []
    for at, code in element if len(element) > 1 else ():
        member = sums[(at,)].at(code)
        others = left.without(member)
        if min(others.n0, others.n1) >= FEW:  # else it is the whole
            beyond.append((float((_scores(member.without(cell), left, whole)[kind][1] * way)[0]), ((at, code),)))
    alike, shorter = max(beyond, default=(0.0, element))
    return shorter if alike >= ALIKE else element


def _scores(cells: _Sums, left: _Sums, whole: _Sums) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each cell, by its durations and by its weight: its score, how far and which way it went beside the others, and
    what that did to the share beyond."""
    rest = left.without(cells)
    is_apart = np.minimum(rest.n0, rest.n1) >= FEW
    with np.errstate(divide="ignore", invalid="ignore"):
        before, after, both = cells.rates
        share0, share1 = cells.n0 / whole.n0, cells.n1 / whole.n1
        middle = cells.middle
        variance = middle * (1 - middle) * (1 / cells.n0 + 1 / cells.n1)
        drift, uncertain = rest.drift
        expected = expit(logit((cells.a0 + 0.5) / (cells.n0 + 1)) + drift)
        own = (after - before) / np.sqrt(variance)
        beside = (after - expected) / np.sqrt(variance + (middle * (1 - middle)) ** 2 * uncertain)
        slower = _lesser(own, beside, is_apart & _judged(cells))

        part0, part1 = cells.n0 / left.n0, cells.n1 / left.n1
        part = (cells.n0 + cells.n1) / (left.n0 + left.n1)
        grown = (part1 - part0) / np.sqrt(part * (1 - part) * (1 / left.n0 + 1 / left.n1))
        total, others = cells.n0 + cells.n1, rest.n0 + rest.n1
        pooled = (left.a0 + left.a1 + 0.5) / (left.n0 + left.n1 + 1)
        unlike = (both - rest.rates[2]) / np.sqrt(pooled * (1 - pooled) * (1 / total + 1 / others))
        level = np.where(cells.n0 * cells.n1 > 0, (before + after) / 2, both) - sum(whole.rates[:2]) / 2
        heavier = np.where(is_apart & _is_told(cells), np.nan_to_num(np.minimum(np.abs(grown), np.abs(unlike))), 0.0)
        return [
            (slower, np.nan_to_num(beside), (share0 + share1) / 2 * (after - before)),
            (heavier, np.nan_to_num(grown), (share1 - share0) * level),
        ]


def _lesser(own: np.ndarray, beside: np.ndarray, is_judged: np.ndarray) -> np.ndarray:
    """The lesser score of two that say the same way, else 0."""
    score = np.where(own * beside > 0, np.minimum(np.abs(own), np.abs(beside)), 0.0)
    return np.where(is_judged, np.nan_to_num(score), 0.0)


def _judged(cells: _Sums) -> np.ndarray:
    return np.minimum(cells.n0, cells.n1) >= FEW


def _is_told(cells: _Sums) -> np.ndarray:
    return cells.n0 + cells.n1 >= 2 * FEW


def _by_chance(cells: _Sums, cell: int) -> float:
    """How likely so uneven a deal of the rows beyond is, on both sides: things that count in part are rounded."""
    n0, n1, a0, a1 = (round(float(each[cell])) for each in (cells.n0, cells.n1, cells.a0, cells.a1))
    dealt = hypergeom(n0 + n1, a0 + a1, n1)
    return 2 * float(min(dealt.cdf(a1), dealt.sf(a1 - 1)))


def share_beyond(rows: Rows, middle: int) -> np.ndarray:
    """Of each row whether it went beyond the middle (ticks), or the chance of it where it was lost sight of before."""
    found = (rows.ticks > middle) | (~rows.is_ended & (rows.ticks == middle))
    share = found.astype(float)
    for side in (False, True):
        here = rows.is_after == side
        if not here.any() or rows.is_plain:
            continue
        ticks, ended = rows.ticks[here], rows.is_ended[here]
        starts, survival = curve(ticks, rows.count[here], ended)
        reached = np.repeat(survival, np.diff(starts, append=len(ticks)))
        at_middle = survival[np.searchsorted(ticks[starts], middle, side="right") - 1] if ticks[0] <= middle else 1.0
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = np.where(reached > 0, at_middle / reached, 0.0)
        share[here] = np.where(~ended & ~found[here], chance, share[here])
    return share


def _cells(rows: Rows, cut: tuple[int, ...], count: np.ndarray, beyond: np.ndarray) -> _Sums:
    sizes = [len(rows.members[at]) for at in cut]
    place = np.zeros(len(rows.ticks), np.int64)
    for at, size in zip(cut, sizes, strict=True):
        place = place * size + rows.codes[:, at]
    place = place * 2 + rows.is_after
    things, over = (np.bincount(place, each, 2 * prod(sizes)) for each in (count, beyond))
    return _Sums(things[::2], things[1::2], over[::2], over[1::2])


def _whole(rows: Rows, count: np.ndarray, beyond: np.ndarray) -> _Sums:
    return _Sums(
        *(np.array(float(each[rows.is_after == side].sum())) for each in (count, beyond) for side in (False, True))
    )


def _has_shifted(rows: Rows, at: int) -> bool:
    """Whether the weights of the members of an attribute changed by more than chance (Pearson's chi-squared)."""
    size = len(rows.members[at])
    seen = np.stack([np.bincount(rows.codes[:, at], rows.count * (rows.is_after == side), size) for side in (0, 1)])
    seen = seen[:, seen.sum(axis=0) > 0]
    expected = seen.sum(axis=1, keepdims=True) * seen.sum(axis=0) / seen.sum()
    distance = float(((seen - expected) ** 2 / expected).sum())
    return seen.shape[1] > 1 and float(chi2.sf(distance, seen.shape[1] - 1)) * len(rows.attributes) <= CHANCE


def _leaves(codes: np.ndarray) -> int:
    """How many combinations of all members occur."""
    ordered = codes[np.lexsort(codes.T)]
    return 1 + int((np.diff(ordered, axis=0) != 0).any(axis=1).sum())
