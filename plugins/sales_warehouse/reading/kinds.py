"""What a cell looks like, and what the cells of a column have in common.

A row that has to be put right, a line of names and a second table below the first are told by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

ENOUGH, TYPED_SHARE = 3, 0.8  # cells of a column, and how many of them are of its kind
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
KINDS = {  # without lookahead, which DuckDB does not have
    "number": re.compile(r"[-+]?[¥￥$€£]?\s?\d+(?:[,.\s]\d+)*\s?(?:%|元)?", re.ASCII),
    "date": re.compile(rf"\d{{1,4}}[-/.年]\d{{1,2}}[-/.月]\d{{1,4}}日?(?:[ T]{_TIME})?(?:Z|[-+]\d{{2}}:?\d{{2}})?"),
    "time": re.compile(_TIME),
    "code": re.compile(r"(?:[^\W\d]+[-_/.#])*[^\W\d]*\d\w*(?:[-_/.#]\w+)*"),
    "address": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?://\S+"),
}  # fmt: skip
TEXT = re.compile(r"[\w\s.,'’&/()+%!?:；，。、（）·-]*")


def kind(cell: str) -> str | None:
    """Return what a cell looks like, None for text and for nothing."""
    return next((name for name, pattern in KINDS.items() if pattern.fullmatch(cell)), None)


@dataclass(frozen=True)
class Profile:
    """The kind of each column of a table, None where it has none."""

    kinds: tuple[str | None, ...]

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]], width: int) -> Profile:
        """Return the kinds of the columns of rows that all have `width` cells."""
        return cls(tuple(_common([row[place] for row in rows]) for place in range(width)))

    @cached_property
    def typed(self) -> list[int]:
        """The places of the columns with a kind; every row is held against them."""
        return [place for place, found in enumerate(self.kinds) if found]

    def fits(self, cells: Sequence[str]) -> bool:
        """Tell whether every cell of a row is of the kind of its column, or empty."""
        return all(not cells[place] or kind(cells[place]) == self.kinds[place] for place in self.typed)

    def mostly_fits(self, cells: Sequence[str]) -> bool:
        """Tell whether more than half of the cells of a row that have something in them are of their column's kind."""
        filled = [place for place in self.typed if cells[place]]
        return 2 * sum(kind(cells[place]) == self.kinds[place] for place in filled) > len(filled)

    def is_foreign(self, cells: Sequence[str]) -> bool:
        """Tell whether a row has something in every column with a kind, and nowhere of that kind: names, or worse."""
        return bool(self.typed) and all(
            cells[place] and kind(cells[place]) != self.kinds[place] for place in self.typed
        )


def _common(cells: Sequence[str]) -> str | None:
    filled = [cell for cell in cells if cell]
    if len(filled) < ENOUGH:
        return None
    kinds = [kind(cell) for cell in filled]
    best = max(set(kinds), key=kinds.count)
    return best if kinds.count(best) >= TYPED_SHARE * len(kinds) else None
