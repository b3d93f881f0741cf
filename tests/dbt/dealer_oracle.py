"""Stock and traces of a dealer once more, in plain Python and unit by unit, to compare the SQL with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Move:
    """What came to a dealer or left it: an order line or a sale, negative when goods go the other way."""

    is_order: bool
    day: int
    quantity: int
    batch: str | None
    number: int = 0

    @property
    def key(self) -> str:
        return f"order:o{self.number}/1" if self.is_order else f"sale:s{self.number}"

    @property
    def comes(self) -> bool:
        return self.is_order == (self.quantity > 0)


@dataclass(frozen=True)
class History:
    """One dealer and product: its moves in the order of their moments within a day, and day → units counted."""

    moves: tuple[Move, ...]
    counts: dict[int, int]

    @property
    def days(self) -> list[int]:
        return sorted({move.day for move in self.moves} | self.counts.keys())


Day = tuple[int, int, int, int, int, int, int]  # day, opening, sell-in, sell-out, returned, closing, unexplained


def balance(history: History) -> list[Day]:
    """Go through the days; before the first count the stock is what makes it come out, if that is not a debt."""
    stock, found = opening(history), list[Day]()
    for day in history.days:
        here = [move for move in history.moves if move.day == day]
        sell_in = sum(move.quantity for move in here if move.is_order and move.quantity > 0)
        returned = -sum(move.quantity for move in here if move.is_order and move.quantity < 0)
        sell_out = sum(move.quantity for move in here if not move.is_order)
        left = stock + sell_in - sell_out - returned
        closing = history.counts.get(day, left)
        found.append((day, stock, sell_in, sell_out, returned, closing, left - closing))
        stock = closing
    return found


def opening(history: History) -> int:
    if not history.counts:
        return 0
    first = min(history.counts)
    gone = sum(-move.quantity if move.is_order else move.quantity for move in history.moves if move.day <= first)
    return max(0, history.counts[first] + gone)


def traces(history: History, dealer: str) -> Counter[tuple[str, str]]:
    """Return units by origin and outcome: keys of moves, `opening:…`, `none`, `in_stock`, `missing`, `not_counted`."""
    lots = [(f"opening:{dealer}/p", history.days[0] if history.days else 0, None, opening(history))]
    lots += [(m.key, m.day, m.batch, abs(m.quantity)) for m in in_order(history.moves) if m.comes]
    exits = [(m.key, m.day, m.batch, abs(m.quantity)) for m in in_order(history.moves) if not m.comes]
    left, waiting = {lot: units for lot, *_, units in lots}, {exit_: units for exit_, *_, units in exits}
    found: Counter[tuple[str, str]] = Counter()
    out_day = {exit_: day for exit_, day, *_ in exits}
    rules = (
        lambda lot, exit_: lot is not None and lot == exit_,
        lambda lot, exit_: lot is None and exit_ is not None,
        lambda _, exit_: exit_ is None,
    )
    for may_serve in rules:
        for exit_, day, batch, _ in exits:
            for lot, came, lot_batch, _ in lots:  # the oldest first
                if came <= day and may_serve(lot_batch, batch):
                    units = min(left[lot], waiting[exit_])
                    left[lot] -= units
                    waiting[exit_] -= units
                    found[lot, exit_] += units
    found.update({("none", exit_): units for exit_, units in waiting.items()})
    _end(history, [(lot, came) for lot, came, *_ in lots], left, out_day, found)
    return +found


def _end(
    history: History, lots: list[tuple[str, int]], left: dict[str, int], out_day: dict[str, int],
    found: Counter[tuple[str, str]],
) -> None:  # fmt: skip
    """Give what is left its end: the newest of what the last count can be of is the stock, one unit after the other."""
    last = max(history.counts, default=-1)
    judged = {lot for lot, came in lots if came <= last}
    later = sum(units for (lot, exit_), units in found.items() if lot in judged and out_day.get(exit_, -1) > last)
    stock = history.counts.get(last, 0) - later
    for lot, _ in reversed(lots):
        for _ in range(left[lot]):
            if lot not in judged:
                outcome = "not_counted"
            elif stock > 0:
                outcome, stock = "in_stock", stock - 1
            else:
                outcome = "missing"
            found[lot, outcome] += 1
    if stock > 0:
        found["none", "in_stock"] += stock


def in_order(moves: Iterable[Move]) -> list[Move]:
    """By day; within one in the order given."""
    by_day = defaultdict(list)
    for move in moves:
        by_day[move.day].append(move)
    return [move for day in sorted(by_day) for move in by_day[day]]
