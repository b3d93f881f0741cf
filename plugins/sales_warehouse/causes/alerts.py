"""The cells behind every alert, as rows that add up to the change of its figure from the comparable period before."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import duckdb

from sales_warehouse.causes.attributes import PERSONAL, attribute_names, member_names
from sales_warehouse.causes.explain import TERM, Cell, Explanation
from sales_warehouse.causes.look import look_into
from sales_warehouse.causes.measured import LEVELS, LOOKED_IN
from sales_warehouse.causes.published import NothingToExplain
from sales_warehouse.causes.questions import PLACES, Question, questions
from sales_warehouse.causes.quotients import TERMS
from sales_warehouse.causes.untold import BROKEN, Untold, too_many
from sales_warehouse.causes.words import (
    Names,
    cell_sentence,
    gap_sentence,
    headline,
    rest_sentences,
    scale_sentence,
    sentences,
)
from sales_warehouse.metrics import registry
from sales_warehouse.sql import gist

log = logging.getLogger(__name__)

MOST_CAUSES = 5  # of an alert; what the others contributed is in its residual
MOST_ALERTS = 300  # that are looked into, the most severe first: a night of a thousand breaches still ends in time
UNITS = {"hour": ("hours", "小时"), "day": ("days", "天")}  # how a figure is said


@dataclass(frozen=True)
class CauseRow:
    """A cell behind an alert, or (`cause_number` 0) what is in no cell; contributions add up to the change exactly."""

    incident_key: str
    cause_number: int
    cause_key: str | None
    is_residual: bool
    is_along: bool
    region_key: str | None
    channel: str | None
    product_line: str | None
    category: str | None
    cell: str
    actual_value: Decimal | None
    forecast_value: Decimal | None
    contribution_value: Decimal
    rate_effect_value: Decimal | None
    mix_effect_value: Decimal | None
    share_rate: Decimal | None
    change_value: Decimal
    text_en: str
    text_zh: str


def explain_alerts(db: duckdb.DuckDBPyConnection, asked: Sequence[Question], currency: str) -> Iterator[CauseRow]:
    """Yield the rows of each alert; `db` has the published marts in its search path. Two that ask alike are asked once.

    An alert whose metric cannot be cut, whose facts are not there, or that comes after MOST_ALERTS others has its
    residual alone, which says why.
    """
    known: dict[tuple[object, ...], Explanation | Untold] = {}
    members = member_names(db, _named({alert.metric_id for alert in asked[:MOST_ALERTS]}))
    for place, alert in enumerate(asked):
        question = (
            alert.metric_id, *alert.scope.items(), *alert.spans, alert.value, alert.base_value, alert.times,
            alert.went_well,
        )  # fmt: skip
        if question not in known:
            known[question] = _whatever_comes(db, alert) if place < MOST_ALERTS else too_many(MOST_ALERTS)
        yield from _rows(alert, known[question], members, currency)


@dataclass(frozen=True)
class AlertReason:
    """Why an alert was raised, with the names of sellers."""

    alert: Question
    found: Explanation
    names: tuple[Names, Names]

    def sentences(self, language: str) -> list[str]:
        """The reason in words, in English or Chinese."""
        names = self.names[1 if language == "zh" else 0]
        return [*sentences(self.found, language, names), *_gap(self.alert, language, names)]


def why_alert(
    db: duckdb.DuckDBPyConnection, incident_key: str, *, currency: str, leave_out_people: bool = False
) -> AlertReason:
    """Explain an alert of `alert_metrics`, within its member. Raises NothingToExplain."""
    asked = {alert.incident_key: alert for alert in questions(db)}
    if incident_key not in asked:
        raise NothingToExplain(f"there is no alert {incident_key}; the alerts are {', '.join(sorted(asked)) or 'none'}")
    alert = asked[incident_key]
    found = look_into(db, alert, with_people=not leave_out_people)
    if isinstance(found, Untold):
        raise NothingToExplain(f"{incident_key}: {found.en}")
    members = member_names(db, (*_named({alert.metric_id}), *([] if leave_out_people else PERSONAL)))
    return AlertReason(alert, found, (_names(alert, members, currency, 0), _names(alert, members, currency, 1)))


def _whatever_comes(db: duckdb.DuckDBPyConnection, alert: Question) -> Explanation | Untold:
    """Look into an alert; what goes wrong with one is said of it, and stops neither the others nor the night."""
    try:
        return look_into(db, alert)
    except (duckdb.Error, ArithmeticError, ValueError) as error:
        log.warning("%s: no cause was looked for: %s", alert.incident_key, gist(str(error)))
        return BROKEN


def cell_of(question: Question, found: Cell) -> dict[str, str]:
    """Return the conditions of a cell with those of its alert, in one order, so that the same cell is written alike."""
    both = {**found.members, **question.scope}
    return {name: both[name] for name in (*LOOKED_IN, *sorted(set(both).difference(LOOKED_IN))) if name in both}


def cause_key(question: Question, cell: Mapping[str, str]) -> str:
    """Return what two alerts share that have one cause: their days and the cell that explains most of both.

    Terms that are called alike are parts of another formula in another metric.
    """
    of = f"{question.metric_id}|" if TERM in cell else ""
    return f"{question.period_start_date}|{question.period_end_date}|{of}{_text(cell)}"


def rounded(value: Fraction) -> Decimal:
    """The figure with the eight places of kpi_values."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(PLACES, ROUND_HALF_EVEN)


def _rows(
    alert: Question, found: Explanation | Untold, members: Mapping[str, Mapping[str, tuple[str, str]]], currency: str
) -> Iterator[CauseRow]:
    names = [_names(alert, members, currency, at) for at in (0, 1)]
    gaps = [_gap(alert, language, each) for language, each in zip(("en", "zh"), names, strict=True)]
    if isinstance(found, Untold):
        texts = (" ".join([found.en, *gaps[0]]), "".join([found.zh, *gaps[1]]))
        yield _residual(alert, None, alert.change, (None, None), texts, None)
        return
    kept = found.cells[:MOST_CAUSES]
    first = next((cell for cell in kept if cell.contribution * found.change > 0), None)
    where = cell_of(alert, first) if first else alert.scope
    key = cause_key(alert, where) if where else None
    left = alert.change
    for number, cell in enumerate(kept, 1):
        contribution = rounded(cell.contribution)
        left -= contribution
        yield _cell_row(alert, found, cell, number, key, names)
    said = [
        [headline(found, language, each), *rest_sentences(found, kept, language, each), *gap]
        for language, each, gap in zip(("en", "zh"), names, gaps, strict=True)
    ]
    sides = rounded(found.actual), rounded(found.forecast)
    yield _residual(alert, key, left, sides, (" ".join(said[0]), "".join(said[1])), _rate_left(found, kept))


def _rate_left(found: Explanation, kept: Sequence[Cell]) -> Fraction | None:
    """The rate effect of all less that of the cells, along the attribute by which ratios explain the least.

    Where only weights moved it is 0, and the mix effect beside it is all that is left.
    """
    if not found.has_mix or not found.splits:
        return None
    along = min(found.splits.values(), key=lambda split: abs(split.rate))
    return along.rate - sum((cell.rate for cell in kept), Fraction())


def _cell_row(
    alert: Question, found: Explanation, cell: Cell, number: int, key: str | None, names: Sequence[Names]
) -> CauseRow:
    where = cell_of(alert, cell)
    share = found.share(cell.contribution)
    return CauseRow(
        incident_key=alert.incident_key,
        cause_number=number,
        cause_key=key,
        is_residual=False,
        is_along=cell.contribution * found.change > 0,
        **_places(where),
        cell=_text(where),
        actual_value=None if cell.actual is None else rounded(cell.actual),
        forecast_value=None if cell.forecast is None else rounded(cell.forecast),
        contribution_value=rounded(cell.contribution),
        rate_effect_value=rounded(cell.rate) if found.has_mix else None,
        mix_effect_value=rounded(cell.contribution) - rounded(cell.rate) if found.has_mix else None,
        share_rate=None if share is None else rounded(share),
        change_value=alert.change,
        text_en=cell_sentence(found, cell, "en", names[0]),
        text_zh=cell_sentence(found, cell, "zh", names[1]),
    )


def _residual(
    alert: Question,
    key: str | None,
    left: Decimal,
    sides: tuple[Decimal | None, Decimal | None],
    texts: tuple[str, str],
    rate: Fraction | None,
) -> CauseRow:
    return CauseRow(
        incident_key=alert.incident_key,
        cause_number=0,
        cause_key=key,
        is_residual=True,
        is_along=left * alert.change > 0,
        **_places(alert.scope),
        cell=_text(alert.scope),
        actual_value=sides[0],
        forecast_value=sides[1],
        contribution_value=left,
        rate_effect_value=None if rate is None else rounded(rate),
        mix_effect_value=None if rate is None else left - rounded(rate),
        share_rate=rounded(Fraction(left) / Fraction(alert.change)) if alert.change else None,
        change_value=alert.change,
        text_en=texts[0],
        text_zh=texts[1],
    )


def _places(cell: Mapping[str, str]) -> dict[str, str | None]:
    """The conditions that events have too, by the columns of the marts."""
    return {
        "region_key": cell.get("region"), "channel": cell.get("channel"), "product_line": cell.get("product_line"),
        "category": cell.get("category"),
    }  # fmt: skip


def _text(cell: Mapping[str, str]) -> str:
    """Write the conditions of a cell; a `%` or `&` in a member is %25 or %26, as in a query of a URL."""
    return "&".join(f"{name}={member.replace('%', '%25').replace('&', '%26')}" for name, member in cell.items())


def conditions_of(cell: str) -> dict[str, str]:
    """Read the conditions of a cell as the column `cell` writes them."""
    parts = [part.split("=", 1) for part in cell.split("&")]
    return {name: member.replace("%26", "&").replace("%25", "%") for name, member in parts}


def _gap(alert: Question, language: str, names: Names) -> list[str]:
    """Say what the sentence of a rule of change says itself: how days were made up for, how far off the figure is."""
    if alert.held_value is None:
        return []
    told = [gap_sentence(Fraction(alert.value), Fraction(alert.held_value), language, names, is_limit=alert.is_limit)]
    scaled = [] if alert.times == 1 else [scale_sentence(alert.times, language)]
    return [*scaled, *told]


def _names(alert: Question, members: Mapping[str, Mapping[str, tuple[str, str]]], currency: str, at: int) -> Names:
    metric = registry()[alert.metric_id]
    terms = {(TERM, name): both[at] for name, both in TERMS.items()}
    figure = (metric.name.en, metric.name.zh)[at]
    place = members.get(alert.dimension_name, {}).get(alert.dimension_value, (alert.dimension_value,) * 2)[at]
    if alert.scope and (alert.dimension_name not in PERSONAL or alert.dimension_name in members):
        figure = f"{place}的{figure}" if at else f"{figure} of {place}"
    return Names(
        figure=figure,
        unit=currency if metric.unit == "money" else UNITS.get(metric.unit, ("", ""))[at],
        is_share=metric.unit == "rate",
        attributes=attribute_names(at),
        members=terms | {(name, member): both[at] for name, each in members.items() for member, both in each.items()},
    )


def _named(metrics: Collection[str]) -> tuple[str, ...]:
    """The dimensions whose members are told by name; those of goals, dealers and products where they are cells."""
    cuts = {name for metric in metrics if metric in LEVELS for name in LEVELS[metric].cuts}
    return ("region", "channel", *sorted(cuts.intersection(("dealer", "product", "target"))))
