"""The cells behind a figure that was nothing before: where most of it came.

Beside nothing every cell deviates alike, so no noise can be told and none is looked for. What is told is the one cell,
of as many conditions as hold, that has nine tenths of what came; or else the few members of one attribute that
together have so much, no more than half of those that there are. Where it came from everywhere no cell is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sales_warehouse.causes.explain import Explanation, told
from sales_warehouse.causes.lattice import Element
from sales_warehouse.causes.search import Cause
from sales_warehouse.causes.table import LeafTable

MOST = 0.9  # of what came
MOST_CELLS = 5
IMPLIED = {"product_line": "category"}  # a condition that says nothing beside the other


def explain_from_nothing(table: LeafTable, known: Mapping[str, int], scope: Mapping[str, str]) -> Explanation:
    """Explain a figure whose forecast is nothing in every leaf.

    `known` says how many members each attribute has in all, whether something came from them or not; `scope` has the
    conditions that all leaves fulfil. Raises TableRefused.
    """
    found = _elements(table, known, scope)
    nowhere = np.zeros(0, bool)
    return told(table, [Cause(element, nowhere, 1.0, 0.0) for element in found])


def _elements(table: LeafTable, known: Mapping[str, int], scope: Mapping[str, str]) -> list[Element]:
    amount = table.figures[0]
    whole = float(amount.sum())
    if not whole:
        return []
    share = amount / whole
    apart = [
        at for at, name in enumerate(table.attributes) if known.get(name, 0) > 1 and IMPLIED.get(name) not in scope
    ]
    best = _deepest(table, share, apart)
    return [best] if best else _members(table, share, {at: known[table.attributes[at]] for at in apart})


def _deepest(table: LeafTable, share: np.ndarray, apart: Sequence[int]) -> Element:
    """The conditions that hold of nine tenths together, the strongest first."""
    inside, chosen = np.ones(len(share), bool), dict[int, int]()
    while True:
        best = (MOST, -1, -1)
        for at in apart:
            if at in chosen:
                continue
            sums = np.bincount(table.codes[inside, at], share[inside])
            member = int(np.argmax(sums))
            if sums[member] > best[0] or (best[1] < 0 and sums[member] >= MOST):
                best = (float(sums[member]), at, member)
        if best[1] < 0:
            break
        chosen[best[1]] = best[2]
        inside &= table.codes[:, best[1]] == best[2]
    said = {table.attributes[at] for at in chosen}
    return tuple((at, chosen[at]) for at in sorted(chosen) if IMPLIED.get(table.attributes[at]) not in said)


def _members(table: LeafTable, share: np.ndarray, known: Mapping[int, int]) -> list[Element]:
    """The fewest members of one attribute that have nine tenths; of equally few those of which the first has most."""
    candidates = []
    for at, count in known.items():
        sums = np.bincount(table.codes[:, at], share)
        order = np.argsort(-sums, kind="stable")
        needed = int(np.searchsorted(np.cumsum(sums[order]), MOST)) + 1
        if needed <= min(MOST_CELLS, count // 2, len(order)):
            candidates.append((needed, -float(sums[order[0]]), at, [int(member) for member in order[:needed]]))
    if not candidates:
        return []
    _, _, at, members = min(candidates)
    return [((at, member),) for member in members]
