"""What happened around an alert: events and facts of our own that overlap its cells in place, category and time.

An event's footprint is the cells that it names. How much the figure moved there is held against two kinds of placebo:
the same cells elsewhere in the same days, where no event of the kind was, and the same footprint in earlier periods,
when it was not yet. `placebo_score` = (1 + placebos that moved as far) / (1 + placebos): the p-value of a permutation
test (Fisher 1935; placebo tests as in Abadie, Diamond and Hainmueller 2010). It says how often something as large is
seen where nothing of the kind happened, and no more: who makes many comparisons finds some that are small.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import duckdb

from sales_warehouse.causes.alerts import MOST_ALERTS, UNITS, conditions_of, rounded
from sales_warehouse.causes.attributes import member_names
from sales_warehouse.causes.contributions import NotAFigure, split_ratio
from sales_warehouse.causes.event_words import Scored, Told, event_texts
from sales_warehouse.causes.explain import TERM
from sales_warehouse.causes.footprint import Cell, Footprint, Panel, panel_of
from sales_warehouse.causes.measured import parts_of
from sales_warehouse.causes.own_facts import OwnFacts
from sales_warehouse.causes.questions import Question
from sales_warehouse.metrics import registry
from sales_warehouse.sql import gist

log = logging.getLogger(__name__)

MOST_EVENTS = 5  # of an alert
MOST_CELLS = 3  # of an alert in which facts of our own are looked for
ALL = "all"
EXPECTED = {"competitor": -1, "own": 1}  # what somebody who acts wants of our figures; prices are told by their facts


@dataclass(frozen=True)
class Event:
    """Something that happened, in the market or by our own facts. A place or category that is not said is all of them.

    `wanted` is the way that the figures go by it: 1 for the better, −1 for the worse, 0 where either may be.
    """

    key: str
    event_type: str
    actor: str
    footprint: Footprint
    starts_on: datetime.date
    ends_on: datetime.date | None
    wanted: int = 0
    before_value: Decimal | None = None
    now_value: Decimal | None = None
    description: str | None = None

    def is_within(self, starts_on: datetime.date, ends_on: datetime.date) -> bool:
        return self.starts_on <= ends_on and (self.ends_on is None or self.ends_on >= starts_on)


@dataclass(frozen=True)
class EventRow:
    """An event beside an alert, the likeliest first."""

    incident_key: str
    event_number: int
    event_key: str
    event_type: str
    actor: str
    is_own_fact: bool
    cause_number: int
    region_key: str | None
    category: str | None
    product_line: str | None
    starts_date: datetime.date
    ends_date: datetime.date | None
    description: str | None
    before_value: Decimal | None
    now_value: Decimal | None
    is_expected: bool
    excess_value: Decimal | None
    share_rate: Decimal | None
    placebo_count: int
    extreme_count: int
    placebo_score: Decimal | None
    text_en: str
    text_zh: str


@dataclass(frozen=True)
class _Scored:
    event: Event
    cause_number: int
    excess: float | None
    share: Fraction | None
    placebos: int
    extreme: int
    score: Fraction | None
    is_expected: bool

    @property
    def order(self) -> tuple[object, ...]:
        """What is expected and went the way of the alert first; then the rarest, what we measured, the strongest."""
        share = self.share or Fraction()
        score = Fraction(1) if self.score is None else self.score
        is_told = self.event.description is not None
        return (not self.is_expected, share <= 0, score, is_told, -abs(self.excess or 0), -share, self.event.key)


def events_around(
    db: duckdb.DuckDBPyConnection,
    asked: Sequence[Question],
    causes: Mapping[str, Sequence[tuple[int, Cell]]],
    currency: str,
) -> Iterator[EventRow]:
    """Yield the events beside each of the first MOST_ALERTS alerts.

    `causes` are the cells of an alert (number and conditions) along its change; `db` has the marts and the intermediate
    models in its search path.
    """
    market, lines, regions = _market(db), _lines(db), member_names(db, ("region",))["region"]
    own, panels = OwnFacts(db, lines), dict[tuple[object, ...], Panel | None]()
    for alert in asked[:MOST_ALERTS]:
        if alert.went_well:
            continue  # what made it better is no cause of its being bad
        try:
            scored = _around(db, alert, causes.get(alert.incident_key, ()), market, lines, own, panels)
        except (duckdb.Error, ArithmeticError, ValueError) as error:  # of one alert; the others and the night go on
            log.warning("%s: no event was looked for: %s", alert.incident_key, gist(str(error)))
            continue
        for place, each in enumerate(sorted(scored, key=lambda found: found.order)[:MOST_EVENTS], 1):
            yield _row(alert, place, each, regions, currency)


def _around(
    db: duckdb.DuckDBPyConnection,
    alert: Question,
    causes: Sequence[tuple[int, Cell]],
    market: Sequence[Event],
    lines: Mapping[str, frozenset[str]],
    own: OwnFacts,
    panels: dict[tuple[object, ...], Panel | None],
) -> list[_Scored]:
    """Return what overlaps an alert, scored; `panels` keeps what alerts of the same metric and days have in common."""
    panel_key = (alert.metric_id, alert.spans, tuple(sorted(_elsewhere(alert).items())))
    if panel_key not in panels:
        panels[panel_key] = panel_of(db, alert, _elsewhere(alert), lines)
    panel, cells = panels[panel_key], list(causes) or [(0, alert.scope)]
    beside = [
        (event, number)
        for event in [*market, *_own(alert, cells, own)]
        if event.is_within(alert.period_start_date, alert.period_end_date)
        and (number := _overlapped(event, cells, lines)) is not None
        and (panel is not None or _is_told(event.footprint, cells))
    ]
    return [_score(event, number, alert, panel, market, own) for event, number in beside]


def _elsewhere(alert: Question) -> dict[str, str]:
    """The member of an alert where it is no place and no category: all of its footprints are within it."""
    return {name: member for name, member in alert.scope.items() if name not in Footprint.NAMES}


def _own(alert: Question, cells: Sequence[tuple[int, Cell]], facts: OwnFacts) -> Iterator[Event]:
    seen = set[str]()
    for _, cell in cells[:MOST_CELLS]:
        for found in facts.around(alert.spans, Footprint.of(cell)):
            key = f"fact:{found.event_type}|{found.footprint.text}|{alert.period_start_date}"
            if key not in seen:
                seen.add(key)
                yield Event(
                    key, found.event_type, "own", found.footprint, alert.period_start_date, alert.period_end_date,
                    found.wanted, found.before_value, found.now_value,
                )  # fmt: skip


def _market(db: duckdb.DuckDBPyConnection) -> list[Event]:
    rows = db.execute(
        "select market_event_key, event_type, actor, region_key, category, product_line, starts_date, ends_date, "
        "description from dim_market_events order by market_event_key"
    ).fetchall()
    return [
        Event(
            key, kind, actor, Footprint(*(None if name == ALL else name for name in where)), starts_on, ends_on,
            0 if kind == "price_change" else EXPECTED.get(actor, 0), description=description or "",
        )
        for key, kind, actor, *where, starts_on, ends_on, description in rows
    ]  # fmt: skip


def _lines(db: duckdb.DuckDBPyConnection) -> dict[str, frozenset[str]]:
    """Category → the product lines that it is in."""
    found: dict[str, set[str]] = {}
    for category, line in db.execute("select distinct category, product_line from dim_products").fetchall():
        found.setdefault(category, set()).add(line)
    return {category: frozenset(lines) for category, lines in found.items()}


def _overlapped(event: Event, cells: Sequence[tuple[int, Cell]], lines: Mapping[str, frozenset[str]]) -> int | None:
    """The number of the first cell with which an event has goods and a place in common."""
    return next((number for number, cell in cells if event.footprint.meets(Footprint.of(cell), lines)), None)


def _is_told(footprint: Footprint, cells: Sequence[tuple[int, Cell]]) -> bool:
    """Whether cells of a metric that knows neither places nor goods say themselves what an event is about."""
    said = set().union(*(cell.keys() for _, cell in cells))
    return all(getattr(footprint, name) is None or name in said for name in Footprint.NAMES)


def _score(
    event: Event, number: int, alert: Question, panel: Panel | None, market: Sequence[Event], facts: OwnFacts
) -> _Scored:
    way = -1 if alert.direction == "fall" else 1
    good = {"up": 1, "down": -1}.get(registry()[alert.metric_id].direction, 0)
    is_expected = event.wanted * good * way >= 0
    if panel is None:
        return _Scored(event, number, None, None, 0, 0, None, is_expected)
    excess = panel.excess(event.footprint)
    placebos = list(_placebos(event, panel, market, alert, facts)) if excess is not None else []
    extreme = sum(placebo * way >= excess * way for placebo in placebos) if excess is not None else 0
    score = Fraction(1 + extreme, 1 + len(placebos)) if placebos else None
    return _Scored(event, number, excess, _share(event, alert, panel), len(placebos), extreme, score, is_expected)


def _placebos(event: Event, panel: Panel, market: Sequence[Event], alert: Question, facts: OwnFacts) -> Iterator[float]:
    """How far the figure moved against the rest in cells like the event's, and there before it happened."""
    alike = [
        other.footprint
        for other in market
        if other.event_type == event.event_type and other.is_within(alert.period_start_date, alert.period_end_date)
    ]
    for other in panel.like(event.footprint):
        if any(each.meets(other, panel.lines) for each in alike):
            continue
        if event.description is not None or not facts.has(event.event_type, alert.spans, other):
            yield from _known(panel.excess(other))
    for step, (now, _) in enumerate(panel.earlier, 1):
        if not event.is_within(now.starts_on, now.ends_on):
            yield from _known(panel.excess(event.footprint, step))


def _known(value: float | None) -> Iterator[float]:
    if value is not None:
        yield value


def _share(event: Event, alert: Question, panel: Panel) -> Fraction | None:
    """What the footprint, as far as it is in the alert's own cell, contributed to the change of the alert."""
    inside, outside = panel.halves(event.footprint, Footprint.of(alert.scope))
    if inside is None or alert.base_value is None or not alert.change:
        return None
    if not panel.is_ratio:
        base = inside.before_1 + outside.before_1
        if not base:
            return None
        return (inside.now_1 - inside.before_1 * Fraction(alert.base_value) / base) / Fraction(alert.change)
    try:
        split = split_ratio(
            {
                "in": (inside.before_1 * alert.times, inside.before_2),
                "out": (outside.before_1 * alert.times, outside.before_2),
            },
            {"in": (inside.now_1, inside.now_2), "out": (outside.now_1, outside.now_2)},
        )
    except NotAFigure:
        return None
    part = next(each for each in split.parts if each.segment == "in")
    return part.total / split.change if split.change else None


def _row(
    alert: Question, place: int, found: _Scored, regions: Mapping[str, tuple[str, str]], currency: str
) -> EventRow:
    event = found.event
    told = Told(
        event.event_type,
        event.actor,
        event.footprint,
        event.starts_on,
        event.ends_on,
        (event.before_value, event.now_value),
        event.description or None,
        Scored(found.excess, *_unit(alert.metric_id, currency), found.placebos, found.extreme),
    )
    text_en, text_zh = event_texts(told, regions)
    return EventRow(
        incident_key=alert.incident_key,
        event_number=place,
        event_key=event.key,
        event_type=event.event_type,
        actor=event.actor,
        is_own_fact=event.description is None,
        cause_number=found.cause_number,
        region_key=event.footprint.region,
        category=event.footprint.category,
        product_line=event.footprint.product_line,
        starts_date=event.starts_on,
        ends_date=event.ends_on,
        description=event.description or None,
        before_value=event.before_value,
        now_value=event.now_value,
        is_expected=found.is_expected,
        excess_value=None if found.excess is None else rounded(Fraction(found.excess)),
        share_rate=None if found.share is None else rounded(found.share),
        placebo_count=found.placebos,
        extreme_count=found.extreme,
        placebo_score=None if found.score is None else rounded(found.score),
        text_en=text_en,
        text_zh=text_zh,
    )


def _unit(metric_id: str, currency: str) -> tuple[tuple[str, str], bool]:
    """What an excess is said in, and whether in hundredths: that of a sum is relative, of a ratio a difference."""
    if len(parts_of(metric_id)) < 2:
        return (" %", "%"), True
    unit = registry()[metric_id].unit
    if unit == "rate":
        return (" pp", " 个百分点"), True
    en, zh = (currency, currency) if unit == "money" else UNITS.get(unit, ("", ""))
    return (f" {en}".rstrip(), f" {zh}".rstrip()), False


def cells_along(db: duckdb.DuckDBPyConnection, relation: str) -> dict[str, list[tuple[int, Cell]]]:
    """Read the cells of alerts that went the way of the whole, largest first, by alert, from the causes found.

    A term of a formula is no place in which anything could have happened.
    """
    found: dict[str, list[tuple[int, Cell]]] = {}
    rows = db.execute(
        f"select incident_key, cause_number, cell from {relation} where is_along and not is_residual order by all"
    ).fetchall()
    for key, number, cell in rows:
        conditions = conditions_of(cell)
        if TERM not in conditions:
            found.setdefault(key, []).append((number, conditions))
    return found
