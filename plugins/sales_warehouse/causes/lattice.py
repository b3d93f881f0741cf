"""Every combination of attributes over the leaf cells, and sums over all of their cells at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb, prod

import numpy as np

# Additions for one sum over all combinations; what does not fit is left out, the deepest combinations first.
MOST_WORK = 60_000_000
# A table of leaf cells that fills at least this share of all possible ones is kept as an array with an axis each.
DENSE = 0.25
# A code that fits is looked up in a table of this size instead of being sorted.
LOOKUP = 8_000_000

Element = tuple[tuple[int, int], ...]  # (attribute, member), in the order of attributes


@dataclass(frozen=True)
class Cuboid:
    """One combination of attributes, summed from its parent: a cuboid with one attribute more, or the leaves."""

    attributes: tuple[int, ...]
    parent: int | None
    size: int


def affordable_depth(leaves: int, dimensions: int, most_work: int = MOST_WORK) -> int:
    """How many attributes a combination may have at most so that all of them can be looked at; at least one."""
    work, depth = 0, 0
    for layer in range(1, dimensions + 1):
        work += comb(dimensions, layer) * leaves
        if layer > 1 and work > most_work:
            break
        depth = layer
    return depth


class Lattice:
    """Cuboids from the deepest to single attributes, down to the depth that `most_work` allows."""

    def __init__(self, codes: np.ndarray, most_work: int = MOST_WORK) -> None:
        self.leaves, self.dimensions = codes.shape
        self.codes = np.asfortranarray(codes)
        self.members = tuple(int(most) + 1 for most in codes.max(axis=0, initial=-1))
        self.depth = affordable_depth(self.leaves, self.dimensions, most_work)
        self.is_dense = self.depth == self.dimensions and DENSE * prod(self.members) <= self.leaves
        self.cuboids: list[Cuboid] = []
        self._places: dict[tuple[int, ...], int] = {}
        self._cell_of: list[np.ndarray] = []
        self._sample: list[np.ndarray] = []
        for layer in range(self.depth, 0, -1):
            for attributes in combinations(range(self.dimensions), layer):
                self._add(attributes)
        if self.is_dense:
            self._leaf = np.ravel_multi_index(tuple(self.codes.T), self.members)

    def sums(self, *weights: np.ndarray) -> list[list[np.ndarray]]:
        """For each weight over the leaves: its sum in every cell, a list by cuboid."""
        return [self._dense_sum(weight) if self.is_dense else self._sparse_sum(weight) for weight in weights]

    def element(self, cuboid: int, cell: int) -> Element:
        """The conditions of a cell."""
        attributes = self.cuboids[cuboid].attributes
        if self.is_dense:
            found = np.unravel_index(cell, tuple(self.members[attribute] for attribute in attributes))
        else:
            found = tuple(self.codes[self._sample[cuboid][cell], list(attributes)])
        return tuple((attribute, int(member)) for attribute, member in zip(attributes, found, strict=True))

    def inside(self, element: Element) -> np.ndarray:
        """Which leaves an element covers."""
        (attribute, member), *others = element
        found = self.codes[:, attribute] == member
        for attribute, member in others:
            found &= self.codes[:, attribute] == member
        return found

    def _dense_sum(self, weight: np.ndarray) -> list[np.ndarray]:
        found = [np.bincount(self._leaf, weight, prod(self.members)).reshape(self.members)]
        for cuboid in self.cuboids[1:]:
            assert cuboid.parent is not None
            above = self.cuboids[cuboid.parent].attributes
            axis = next(at for at, attribute in enumerate(above) if attribute not in cuboid.attributes)
            found.append(found[cuboid.parent].sum(axis=axis))
        return [cells.ravel() for cells in found]

    def _sparse_sum(self, weight: np.ndarray) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        for cuboid, cell_of in zip(self.cuboids, self._cell_of, strict=True):
            found.append(np.bincount(cell_of, weight if cuboid.parent is None else found[cuboid.parent], cuboid.size))
        return found

    def _add(self, attributes: tuple[int, ...]) -> None:
        parent = self._smallest_holder(attributes)
        possible = prod(self.members[attribute] for attribute in attributes)
        if self.is_dense:
            size = possible
        else:
            rows = np.arange(self.leaves) if parent is None else self._sample[parent]
            code = np.zeros(len(rows), np.int64)
            for attribute in attributes:
                code = code * self.members[attribute] + self.codes[rows, attribute]
            cell_of, first = _numbered(code, possible)
            self._cell_of.append(cell_of)
            self._sample.append(rows[first])
            size = len(first)
        self._places[attributes] = len(self.cuboids)
        self.cuboids.append(Cuboid(attributes, parent, size))

    def _smallest_holder(self, attributes: tuple[int, ...]) -> int | None:
        wider = (tuple(sorted((*attributes, other))) for other in range(self.dimensions) if other not in attributes)
        holders = [self._places[each] for each in wider if each in self._places]
        return min(holders, key=lambda place: self.cuboids[place].size, default=None)


def _numbered(code: np.ndarray, possible: int) -> tuple[np.ndarray, np.ndarray]:
    """The codes as 0, 1, 2 … in their order, and the place of one row of each."""
    if possible > LOOKUP:
        _, first, numbers = np.unique(code, return_index=True, return_inverse=True)
        return numbers.astype(np.int32), first
    place = np.full(possible, -1, np.int64)
    place[code[::-1]] = np.arange(len(code))[::-1]
    present = np.flatnonzero(place >= 0)
    number = np.empty(possible, np.int32)
    number[present] = np.arange(len(present))
    return number[code], place[present]
