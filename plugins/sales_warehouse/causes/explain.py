"""From a table of leaf cells to what a person asks: what moved, by how much, where, and what is left without it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from typing import Any, Literal

import numpy as np

from sales_warehouse.causes import deviation
from sales_warehouse.causes.contributions import NotAFigure, Number, Split, split_amount, split_ratio
from sales_warehouse.causes.lattice import affordable_depth
from sales_warehouse.causes.search import Cause, find_causes
from sales_warehouse.causes.table import LeafTable, TableRefused

REST = ""  # the segment of all cells that are no cause
TERM = "term"  # what a part of a formula has in place of an attribute


@dataclass(frozen=True)
class Cell:
    """One element in figures. `contribution` is of its cells that no cause before it covers, so that nothing counts
    twice; of a ratio or a median it is `rate` + `mix`."""

    members: dict[str, str]
    actual: Fraction | None
    forecast: Fraction | None
    contribution: Fraction
    rate: Fraction
    mix: Fraction
    evidence: float

    @property
    def text(self) -> str:
        """The element as the public sets write it: a=a1&b=b2."""
        return "&".join(f"{attribute}={member}" for attribute, member in self.members.items())


@dataclass(frozen=True)
class Explanation:
    """The change of a figure against its forecast: causes (most important first) + residual = change, exactly."""

    kind: Literal["amount", "ratio", "median", "share", "quotient"]
    attributes: tuple[str, ...]
    leaves: int
    depth: int
    actual: Fraction
    forecast: Fraction
    cells: tuple[Cell, ...]
    residual: Fraction
    splits: Mapping[str, Split]  # of a ratio or a median, its change along each attribute

    @property
    def change(self) -> Fraction:
        return self.actual - self.forecast

    @property
    def has_mix(self) -> bool:
        """Whether contributions have a rate and a mix effect."""
        return self.kind in ("ratio", "median")

    def share(self, part: Fraction) -> Fraction | None:
        """The part as a share of the change; None where nothing changed."""
        return part / self.change if self.change else None

    def to_json(self, file: str) -> str:
        """One line: figures as numbers, elements both as an object and as text."""
        document: dict[str, Any] = {
            "file": file,
            "kind": self.kind,
            "attributes": list(self.attributes),
            "leaves": self.leaves,
            "depth": self.depth,
            "actual": _plain(self.actual),
            "forecast": _plain(self.forecast),
            "change": _plain(self.change),
            "set": ";".join(cell.text for cell in self.cells),
            "causes": [self._cell(cell) for cell in self.cells],
            "residual": _plain(self.residual),
        }
        if self.has_mix:
            document["splits"] = {attribute: _totals(split) for attribute, split in self.splits.items()}
        return json.dumps(document, ensure_ascii=False)

    def _cell(self, cell: Cell) -> dict:
        parts = {"rate": _plain(cell.rate), "mix": _plain(cell.mix)} if self.has_mix else {}
        return {
            "element": cell.members,
            "text": cell.text,
            "actual": _plain(cell.actual),
            "forecast": _plain(cell.forecast),
            "contribution": _plain(cell.contribution),
            "share": _plain(self.share(cell.contribution)),
            **parts,
            "evidence": round(cell.evidence, 1),
        }


def explain(table: LeafTable, *, top: int | None = None) -> Explanation:
    """Find the causes of a change; with `top`, only so many, and what the others contributed is in the residual.

    Raises TableRefused when the figure cannot be computed on one of the two sides.
    """
    is_ratio = len(table.figures) == 4
    moved = deviation.ratio(*table.figures) if is_ratio else deviation.additive(*table.figures)
    return told(table, find_causes(table.codes, moved), top=top)


def told(table: LeafTable, causes: Sequence[Cause], *, top: int | None = None) -> Explanation:
    """Say in figures what causes contributed, whoever found them. Raises TableRefused like `explain`."""
    is_ratio = len(table.figures) == 4
    covered = [np.logical_and.reduce([table.codes[:, a] == m for a, m in cause.element]) for cause in causes]
    split = _split(table, disjoint(covered))
    parts = {part.segment: part for part in split.parts}
    cells = []
    for at, cause in enumerate(causes):
        part = parts[str(at)]
        actual, forecast = _sides(table, covered[at])
        members = table.named(cause.element)
        cells.append(Cell(members, actual, forecast, part.total, part.rate, part.mix, cause.evidence))
    cells.sort(key=lambda cell: (-abs(cell.contribution), cell.text))
    kept = tuple(cells[:top])
    residual = split.change - sum((cell.contribution for cell in kept), Fraction())
    splits = {name: _along(table, at) for at, name in enumerate(table.attributes)} if is_ratio else {}
    depth = affordable_depth(*table.codes.shape)
    return Explanation(
        "ratio" if is_ratio else "amount",
        table.attributes,
        len(table.codes),
        depth,
        split.after,
        split.before,
        kept,
        residual,
        splits,
    )


def disjoint(cells: Iterable[np.ndarray]) -> list[np.ndarray]:
    """What of each cell no cell before it has."""
    taken: np.ndarray | bool = False
    found = []
    for each in cells:
        found.append(each & ~np.asarray(taken))
        taken = taken | each
    return found


def _along(table: LeafTable, at: int) -> Split:
    """The change of a ratio along one attribute."""
    order = np.argsort(table.codes[:, at], kind="stable")
    starts = np.flatnonzero(np.diff(table.codes[order, at], prepend=-1))
    sums = [[Fraction(fsum(part)) for part in np.split(figure[order], starts[1:])] for figure in table.figures]
    members = [table.members[at][code] for code in table.codes[order[starts], at]]
    after = {member: (sums[0][place], sums[2][place]) for place, member in enumerate(members)}
    before = {member: (sums[1][place], sums[3][place]) for place, member in enumerate(members)}
    return split_ratio(before, after)


def _totals(split: Split) -> dict:
    named = split.paradox
    paradox = {"share": _plain(named.share), "every": named.every} if named else None
    return {"rate": _plain(split.rate), "mix": _plain(split.mix), "paradox": paradox}


def _split(table: LeafTable, segments: list[np.ndarray]) -> Split:
    rest = ~np.logical_or.reduce(segments) if segments else np.ones(len(table.codes), bool)
    named = {**{str(at): cells for at, cells in enumerate(segments)}, REST: rest}
    sums = {name: [Fraction(fsum(figure[cells])) for figure in table.figures] for name, cells in named.items()}
    try:
        if len(table.figures) == 2:
            return split_amount(_column(sums, 1), _column(sums, 0))
        return split_ratio(
            {name: (each[1], each[3]) for name, each in sums.items()},
            {name: (each[0], each[2]) for name, each in sums.items()},
        )
    except NotAFigure as error:
        raise TableRefused(f"the change cannot be computed: {error}") from error


def _column(sums: dict[str, list[Fraction]], at: int) -> dict[str, Number]:
    return {name: each[at] for name, each in sums.items()}


def _sides(table: LeafTable, cells: np.ndarray) -> tuple[Fraction | None, Fraction | None]:
    """The figure of some cells after and before; None for a ratio without a denominator."""
    sums = [Fraction(fsum(figure[cells])) for figure in table.figures]
    if len(sums) == 2:
        return sums[0], sums[1]
    return (sums[0] / sums[2] if sums[2] else None), (sums[1] / sums[3] if sums[3] else None)


def _plain(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
