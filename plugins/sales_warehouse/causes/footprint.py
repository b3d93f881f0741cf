"""Where an event reaches, and how a figure moved there beside everywhere else, now and in earlier periods."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import duckdb

from sales_warehouse.causes.alerts import Question
from sales_warehouse.causes.measured import UNKNOWN, Span, cuts_shared, measure_cells, parts_of
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


class Panel:
    """Cells of a metric by region, category and product line, in the periods of an alert and in pairs before them."""

    def __init__(
        self,
        rows: Sequence[tuple[dict[str, str], dict[str, tuple[Fraction, ...]]]],
        earlier: Sequence[tuple[Span, Span]],
        lines: Lines,
        is_ratio: bool,
    ) -> None:
        self.rows, self.earlier, self.lines, self.is_ratio = rows, earlier, lines, is_ratio
        self._known: dict[tuple[Footprint, int], float | None] = {}

    def excess(self, footprint: Footprint, step: int = 0) -> float | None:
        """How the figure of a footprint changed beside that of all other cells, `step` periods earlier.

        A relative change of sums, (F now × R before) / (F before × R now) − 1; a difference in points of ratios,
        (F now − F before) − (R now − R before). None where one of the four is missing or a sum is not positive.
        """
        key = (footprint, step)
        if key not in self._known:
            self._known[key] = self._excess(footprint, step)
        return self._known[key]

    def halves(self, footprint: Footprint, scope: Footprint) -> tuple[Sides | None, Sides]:
        """The sums of a footprint within a scope, and of the rest of the scope; None where it has no cell there."""
        within = [row for row in self.rows if scope.has(row[0], self.lines)]
        inside = [row for row in within if footprint.has(row[0], self.lines)]
        outside = [row for row in within if not footprint.has(row[0], self.lines)]
        return (self._sum(inside, 0) if inside else None), self._sum(outside, 0)

    def like(self, footprint: Footprint) -> Iterator[Footprint]:
        """Cells like it: the same goods in other regions; of one without a region, other goods of its kind."""
        name = "region" if footprint.region else "category" if footprint.category else "product_line"
        name = name if getattr(footprint, name) else ""
        members = {cell.get(name) for cell, _ in self.rows} - {
            getattr(footprint, name) if name else None,
            None,
            UNKNOWN,
        }
        for member in sorted(each for each in members if each) if name else ():
            yield replace(footprint, **{name: member})

    def _excess(self, footprint: Footprint, step: int) -> float | None:
        inside = [row for row in self.rows if footprint.has(row[0], self.lines)]
        outside = [row for row in self.rows if not footprint.has(row[0], self.lines)]
        here, rest = self._sum(inside, step), self._sum(outside, step)
        if self.is_ratio:
            if min(here.now_2, here.before_2, rest.now_2, rest.before_2) <= 0:
                return None
            moved = [each.now_1 / each.now_2 - each.before_1 / each.before_2 for each in (here, rest)]
            return float(moved[0] - moved[1])
        if here.before_1 <= 0 or rest.before_1 <= 0 or rest.now_1 <= 0:
            return None
        return float(here.now_1 * rest.before_1 / (here.before_1 * rest.now_1) - 1)

    def _sum(self, rows: Sequence[tuple[dict[str, str], dict[str, tuple[Fraction, ...]]]], step: int) -> Sides:
        sums = [
            sum((figures[at] for _, spans in rows if (figures := spans.get(f"{name}_{step}"))), Fraction())
            if at == 0 or self.is_ratio
            else Fraction()
            for at in (0, 1)
            for name in ("now", "before")
        ]
        return Sides(*sums)


def panel_of(db: duckdb.DuckDBPyConnection, alert: Question, scope: Mapping[str, str], lines: Lines) -> Panel | None:
    """Measure the metric of an alert by place and goods, now and in the periods before; None where it has neither."""
    parts = parts_of(alert.metric_id)
    shared = cuts_shared(parts)
    attributes = [name for name in Footprint.NAMES if name in shared]
    if not attributes or any(name not in shared for name in scope):
        return None
    pairs = [_shifted(alert.spans, step) for step in range(MOST_EARLIER + 1)]
    spans = [replace(each, name=f"{each.name}_{step}") for step, pair in enumerate(pairs) for each in pair]
    table = measure_cells(db, parts, attributes, spans, scope)
    columns = ", ".join(["span", *map(ident, attributes), *(f"amount_{at}" for at in range(1, len(parts) + 1))])
    cells: dict[tuple[str, ...], dict[str, tuple[Fraction, ...]]] = {}
    for span, *rest in db.execute(f"select {columns} from {table}").fetchall():
        members, figures = tuple(rest[: len(attributes)]), tuple(map(Fraction, rest[len(attributes) :]))
        cells.setdefault(members, {})[span] = figures
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
