"""Where an event reaches, and how a figure moved there beside everywhere else, now and in earlier periods."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import duckdb

from sales_warehouse.causes.measured import UNKNOWN, Span, cuts_shared, measure_cells, parts_of
from sales_warehouse.causes.questions import Question
from sales_warehouse.sql import ident

Cell = Mapping[str, str]
Lines = Mapping[str, frozenset[str]]  # category → the product lines that it is in
MOST_EARLIER = 26  # periods: half a year of weeks, two years of months
ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Footprint:
    """A place, a category and a product line; what is not said is all of them."""

    NAMES: ClassVar = ("region", "category", "product_line")
    region: str | None = None
    category: str | None = None
    product_line: str | None = None

    @classmethod
    def of(cls, cell: Cell) -> Footprint:
        return cls(*(cell.get(name) for name in cls.NAMES))

    @property
    def text(self) -> str:
        return "&".join(f"{name}={member}" for name in self.NAMES if (member := getattr(self, name)))

    def meets(self, other: Footprint, lines: Lines) -> bool:
        """Whether both have a place and goods in common."""
        if self.region and other.region and self.region != other.region:
            return False
        if self.category and other.category:
            return self.category == other.category
        return bool(self.lines(lines) & other.lines(lines)) if self.is_of_goods and other.is_of_goods else True

    @property
    def is_of_goods(self) -> bool:
        return bool(self.category or self.product_line)

    def lines(self, lines: Lines) -> frozenset[str]:
        if self.product_line:
            return frozenset({self.product_line})
        return lines.get(self.category or "", frozenset())

    def has(self, cell: Mapping[str, str | None], lines: Lines) -> bool:
        """Whether a cell of facts is within it; facts that know no categories are told by the product line."""
        if self.region and cell.get("region") != self.region:
            return False
        if self.product_line and cell.get("product_line") != self.product_line:
            return False
        if self.category and "category" in cell:
            return cell["category"] == self.category
        return not self.category or cell.get("product_line") in self.lines(lines)


@dataclass(frozen=True)
class Sides:
    """Sums of a footprint in two periods: a figure, or numerator (1) and denominator (2)."""

    now_1: Fraction
    before_1: Fraction
    now_2: Fraction
    before_2: Fraction


Sums = Mapping[str, tuple[int, int]]  # span → figure, or numerator and denominator, in 10^-12
SCALE = 10**12
NOTHING = (0, 0)


class Panel:
    """Cells of a metric by region, category and product line, in the periods of an alert and in pairs before them."""

    def __init__(
        self, rows: Sequence[tuple[Mapping[str, str], Sums]], earlier: Sequence[tuple[Span, Span]], lines: Lines,
        is_ratio: bool,
    ) -> None:  # fmt: skip
        self.rows, self.earlier, self.lines, self.is_ratio = rows, earlier, lines, is_ratio
        self._known: dict[Footprint, Sums] = {}

    def excess(self, footprint: Footprint, step: int = 0) -> float | None:
        """How the figure of a footprint changed beside that of all other cells, `step` periods earlier.

        A relative change of sums, (F now × R before) / (F before × R now) − 1; a difference in points of ratios,
        (F now − F before) − (R now − R before). None where one of the four is missing or a sum is not positive.
        """
        here = self._sides(self._sums(footprint), step)
        rest = self._sides(self._sums(Footprint()), step, here)
        if self.is_ratio:
            if min(here.now_2, here.before_2, rest.now_2, rest.before_2) <= 0:
                return None
            moved = [each.now_1 / each.now_2 - each.before_1 / each.before_2 for each in (here, rest)]
            return float(moved[0] - moved[1])
        if here.before_1 <= 0 or rest.before_1 <= 0 or rest.now_1 <= 0:
            return None
        return float(here.now_1 * rest.before_1 / (here.before_1 * rest.now_1) - 1)

    def halves(self, footprint: Footprint, scope: Footprint) -> tuple[Sides | None, Sides]:
        """The sums of a footprint within a scope, and of the rest of the scope; None where it has no cell there."""
        within = [(cell, _first_pair(sums)) for cell, sums in self.rows if scope.has(cell, self.lines)]
        inside = [sums for cell, sums in within if footprint.has(cell, self.lines)]
        here = self._sides(_added(inside), 0)
        return (here if inside else None), self._sides(_added(sums for _, sums in within), 0, here)

    def like(self, footprint: Footprint) -> Iterator[Footprint]:
        """Cells like it: the same goods in other regions; of one without a region, other goods of its kind."""
        name = "region" if footprint.region else "category" if footprint.category else "product_line"
        own = getattr(footprint, name)
        members = {cell.get(name) for cell, _ in self.rows} - {own, None, UNKNOWN} if own else set()
        for member in sorted(str(each) for each in members):
            yield replace(footprint, **{name: member})

    def _sums(self, footprint: Footprint) -> Sums:
        if footprint not in self._known:
            self._known[footprint] = _added(sums for cell, sums in self.rows if footprint.has(cell, self.lines))
        return self._known[footprint]

    def _sides(self, sums: Sums, step: int, less: Sides | None = None) -> Sides:
        """Both periods of a pair; with `less`, what is left without it."""
        now, before = sums.get(f"now_{step}", NOTHING), sums.get(f"before_{step}", NOTHING)
        sides = Sides(*(Fraction(each, SCALE) for each in (now[0], before[0], now[1], before[1])))
        if less is None:
            return sides
        return Sides(
            sides.now_1 - less.now_1, sides.before_1 - less.before_1, sides.now_2 - less.now_2,
            sides.before_2 - less.before_2,
        )  # fmt: skip


def _first_pair(sums: Sums) -> Sums:
    return {span: sums[span] for span in ("now_0", "before_0") if span in sums}


def _added(rows: Iterable[Sums]) -> dict[str, tuple[int, int]]:
    total: dict[str, tuple[int, int]] = {}
    for sums in rows:
        for span, (first, second) in sums.items():
            known = total.get(span, NOTHING)
            total[span] = (known[0] + first, known[1] + second)
    return total


def panel_of(db: duckdb.DuckDBPyConnection, alert: Question, scope: Mapping[str, str], lines: Lines) -> Panel | None:
    """Measure the metric of an alert by place and goods, now and in the periods before; None where it has neither.

    Nor where it counts a year up to each period's end: two that overlap by eleven months are no placebos of each other.
    """
    parts = parts_of(alert.metric_id)
    if any(part.window for part in parts):
        return None
    shared = cuts_shared(parts)
    attributes = [name for name in Footprint.NAMES if name in shared]
    if not attributes or any(name not in shared for name in scope):
        return None
    pairs = [_shifted(alert.spans, step) for step in range(MOST_EARLIER + 1)]
    spans = [replace(each, name=f"{each.name}_{step}") for step, pair in enumerate(pairs) for each in pair]
    table = measure_cells(db, parts, attributes, spans, scope)
    columns = ", ".join(["span", *map(ident, attributes), *(f"amount_{at}" for at in range(1, len(parts) + 1))])
    cells: dict[tuple[str, ...], dict[str, tuple[int, int]]] = {}
    for span, *rest in db.execute(f"select {columns} from {table}").fetchall():
        figures = [int(Decimal(each).scaleb(12)) for each in rest[len(attributes) :]]
        cells.setdefault(tuple(rest[: len(attributes)]), {})[span] = (figures[0], figures[-1])
    rows = [(dict(zip(attributes, members, strict=True)), cells[members]) for members in sorted(cells)]
    return Panel(rows, pairs[1:], lines, len(parts) > 1)


def _shifted(spans: tuple[Span, Span], steps: int) -> tuple[Span, Span]:
    """The same two periods so many of their lengths earlier: months for whole months, else weeks."""
    now, before = spans
    months = (now.ends_on.year - now.starts_on.year) * 12 + now.ends_on.month - now.starts_on.month + 1
    if now.starts_on.day == 1 and (now.ends_on + ONE_DAY).day == 1:
        return _months_earlier(now, months * steps), _months_earlier(before, months * steps)
    weeks = -(-((now.ends_on - now.starts_on).days + 1) // 7)
    move = datetime.timedelta(weeks=weeks * steps)
    return (
        replace(now, starts_on=now.starts_on - move, ends_on=now.ends_on - move),
        replace(before, starts_on=before.starts_on - move, ends_on=before.ends_on - move),
    )


def _months_earlier(span: Span, months: int) -> Span:
    ends = _first_of_month(span.ends_on + ONE_DAY, months) - ONE_DAY
    return replace(span, starts_on=_first_of_month(span.starts_on, months), ends_on=ends)


def _first_of_month(day: datetime.date, months: int) -> datetime.date:
    place = day.year * 12 + day.month - 1 - months
    return datetime.date(place // 12, place % 12 + 1, 1)
