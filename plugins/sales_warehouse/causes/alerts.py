"""The cells behind every alert, as rows that add up to the change of its figure from the comparable period before."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import duckdb

from sales_warehouse.causes.attributes import PERSONAL, attribute_names, member_names
from sales_warehouse.causes.durations import WAITED, Waited, read_rows
from sales_warehouse.causes.explain import Cell, Explanation, explain
from sales_warehouse.causes.measured import (
    LEVELS,
    LOOKED_IN,
    Part,
    Span,
    are_there,
    cuts_shared,
    level_parts,
    measure_cells,
    parts_of,
)
from sales_warehouse.causes.median_search import explain_median
from sales_warehouse.causes.published import NothingToExplain
from sales_warehouse.causes.table import Measure, TableRefused, leaf_table
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
from sales_warehouse.sql import gist, ident, literal

log = logging.getLogger(__name__)

MOST_CAUSES = 5  # of an alert; what the others contributed is in its residual
MOST_ALERTS = 300  # that are looked into, the most severe first: a night of a thousand breaches still ends in time
PLACES = Decimal("0.00000001")
# How near the facts must come to the figure that the alert is about: to its share of it, or to its last place.
AGREES, LAST_PLACE = Fraction(1, 1_000_000), Fraction(PLACES)
SEVERITIES = ("critical", "warning", "info")
NOW, BEFORE = "now", "before"
TOTAL = "total"
UNITS = {"hour": ("hours", "小时"), "day": ("days", "天")}  # how a figure is said


@dataclass(frozen=True)
class Question:
    """An alert on a metric: its member, its period, and the comparable period before that its causes are told from.

    `base_value` is the figure of that period, as if it had had the days of this one, so that a holiday is no cause;
    None where there is no such period; `base_rate` is how many times it counts for that. `held_value` is the limit or
    the expectation of a rule that compares with no period: how far the figure is from it is said apart, for nothing
    ever fell from a limit.
    """

    incident_key: str
    severity: str
    metric_id: str
    dimension_name: str
    dimension_value: str
    period_start_date: datetime.date
    period_end_date: datetime.date
    direction: str
    base_start_date: datetime.date
    base_end_date: datetime.date
    value: Decimal
    base_value: Decimal | None
    base_rate: Decimal | None = None
    held_value: Decimal | None = None
    is_limit: bool = False

    @property
    def scope(self) -> dict[str, str]:
        return {} if self.dimension_name == TOTAL else {self.dimension_name: self.dimension_value}

    @property
    def change(self) -> Decimal:
        return Decimal(0) if self.base_value is None else self.value - self.base_value

    @property
    def went_well(self) -> bool:
        """Whether the figure moved away from what is bad: it is beyond its limit, and was further beyond it before."""
        return self.change > 0 if self.direction == "fall" else self.change < 0

    @property
    def spans(self) -> tuple[Span, Span]:
        return (
            Span(NOW, self.period_start_date, self.period_end_date),
            Span(BEFORE, self.base_start_date, self.base_end_date),
        )


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


# Where no period before is comparable (a goal, a week of holidays) events are looked for beside the calendar's.
_ALERTS = """
    select incident_key, severity, metric_id, dimension_name, dimension_value, period_start_date, period_end_date,
        direction,
        coalesce(base_start_date, cast(case period_grain
            when 'day' then period_start_date - interval 1 day
            when 'week' then period_start_date - interval 7 day
            when 'quarter' then period_start_date - interval 3 month
            else period_start_date - interval 1 month
        end as date)),
        coalesce(base_end_date, period_start_date - 1),
        cast(value as decimal(28, 8)), cast(base_value as decimal(28, 8)), base_rate,
        case when kind <> 'percent_change' then cast(coalesce(compared_value, threshold_value) as decimal(28, 8)) end,
        compared_value is null
    from alert_metrics
"""


def questions(db: duckdb.DuckDBPyConnection) -> list[Question]:
    """Read what `alert_metrics` asks, the most severe and the largest first; `db` has it in its search path."""
    asked = [Question(*row) for row in db.execute(_ALERTS).fetchall()]
    return sorted(asked, key=lambda each: (_rank(each.severity), -_relative(each), each.incident_key))


def explain_alerts(db: duckdb.DuckDBPyConnection, asked: Sequence[Question], currency: str) -> Iterator[CauseRow]:
    """Yield the rows of each alert; `db` has the published marts in its search path. Two that ask alike are asked once.

    An alert whose metric cannot be cut, whose facts are not there, or that comes after MOST_ALERTS others has its
    residual alone, which says why.
    """
    known: dict[tuple[object, ...], Explanation | str] = {}
    members = member_names(db, ("region", "channel"))
    for place, alert in enumerate(asked):
        question = (
            alert.metric_id, *alert.scope.items(), *alert.spans, alert.value, alert.base_value, alert.went_well
        )  # fmt: skip
        if question not in known:
            known[question] = _whatever_comes(db, alert) if place < MOST_ALERTS else "many"
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
    if isinstance(found, str):
        raise NothingToExplain(f"{incident_key}: {NOT_EXPLAINED[found][0]}")
    members = member_names(db, ("region", "channel", *([] if leave_out_people else PERSONAL)))
    return AlertReason(alert, found, (_names(alert, members, currency, 0), _names(alert, members, currency, 1)))


def look_into(db: duckdb.DuckDBPyConnection, alert: Question, *, with_people: bool = False) -> Explanation | str:
    """Return the explanation of an alert, or why there is none (a key of NOT_EXPLAINED)."""
    waited, parts = WAITED.get(alert.metric_id), parts_of(alert.metric_id)
    is_level = alert.metric_id in LEVELS and not alert.scope
    cuts = registry()[alert.metric_id].dimensions if is_level else tuple(waited.cuts) if waited else cuts_shared(parts)
    looked = (*LOOKED_IN, *sorted(PERSONAL)) if with_people else LOOKED_IN
    attributes = [name for name in looked if name in cuts and name not in alert.scope]
    if not attributes or any(name not in cuts for name in alert.scope):
        return "uncut"
    if waited:
        return _look_into_durations(db, alert, waited, attributes)
    if is_level:
        return _look_into_level(db, alert, attributes)
    return _look_into_sums(db, alert, parts, attributes)


def _look_into_sums(
    db: duckdb.DuckDBPyConnection, alert: Question, parts: Sequence[Part], attributes: Sequence[str]
) -> Explanation | str:
    cells = measure_cells(db, parts, attributes, alert.spans, alert.scope)
    now, before = (_figure(db, cells, span.name, len(parts)) for span in alert.spans)
    if not _agree(now, alert.value):
        return "unlike"
    if not before or alert.base_value is None or Fraction(alert.base_value) / before <= 0:
        return "incomparable"
    if alert.went_well:
        return "standing"
    _put_beside(db, cells, attributes, len(parts), float(Fraction(alert.base_value) / before))
    measure = Measure("now_1", "then_1", *(("now_2", "then_2") if len(parts) > 1 else ()))
    try:
        return explain(leaf_table(db, "leaf_rows", attributes, measure, where=alert.metric_id))
    except TableRefused:
        return "incomparable"


def _look_into_level(db: duckdb.DuckDBPyConnection, alert: Question, attributes: Sequence[str]) -> Explanation | str:
    """A level was kept for one dimension at a time: the one in which most stands out, of those that add up."""
    if not are_there(db, LEVELS[alert.metric_id]):
        return "unpublished"
    told = [_look_into_sums(db, alert, level_parts(alert.metric_id, name), [name]) for name in attributes]
    found = [each for each in told if isinstance(each, Explanation)]
    return max(found, key=lambda each: sum(cell.evidence for cell in each.cells)) if found else told[0]


def _look_into_durations(
    db: duckdb.DuckDBPyConnection, alert: Question, waited: Waited, attributes: Sequence[str]
) -> Explanation | str:
    """The same of a median, which no sums of cells give: both periods have to give their figures, row by row."""
    if not are_there(db, waited.tables):
        return "unpublished"
    rows = read_rows(db, waited, attributes, alert.spans, alert.scope)
    now, before = rows.figure()
    if not _agree(now, alert.value):
        return "unlike"
    if before is None or alert.base_value is None:
        return "incomparable"
    if not _agree(before, alert.base_value):
        return "unlike"
    return "standing" if alert.went_well else explain_median(rows)


def _agree(told: Fraction | None, published: Decimal) -> bool:
    figure = Fraction(published)
    return told is not None and abs(told - figure) <= max(AGREES * abs(figure), LAST_PLACE)


def _whatever_comes(db: duckdb.DuckDBPyConnection, alert: Question) -> Explanation | str:
    """Look into an alert; what goes wrong with one is said of it, and stops neither the others nor the night."""
    try:
        return look_into(db, alert)
    except (duckdb.Error, ArithmeticError, ValueError) as error:
        log.warning("%s: no cause was looked for: %s", alert.incident_key, gist(str(error)))
        return "broken"


def cell_of(question: Question, found: Cell) -> dict[str, str]:
    """Return the conditions of a cell with those of its alert, in one order, so that the same cell is written alike."""
    both = {**found.members, **question.scope}
    return {name: both[name] for name in (*LOOKED_IN, *sorted(set(both).difference(LOOKED_IN))) if name in both}


def cause_key(question: Question, cell: Mapping[str, str]) -> str:
    """Return what two alerts share that have one cause: their days and the cell that explains most of both."""
    return f"{question.period_start_date}|{question.period_end_date}|{_text(cell)}"


def rounded(value: Fraction) -> Decimal:
    """The figure with the eight places of kpi_values."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(PLACES, ROUND_HALF_EVEN)


NOT_EXPLAINED = {
    "uncut": ("The metric has no facts that can be cut.", "该指标的明细无法按维度拆分。"),
    "unlike": (
        "The facts of the metric do not give its figure: it was not looked into.",
        "明细汇总与指标值不一致，未做归因。",
    ),
    "unpublished": (
        "The rows behind the figure are not in this file; the night that raised it has its cells in alert_causes.",
        "该指标的明细不在此文件中；当晚得出的单元格见 alert_causes。",
    ),
    "incomparable": ("There is nothing to compare with.", "没有可对比的数据。"),
    "standing": (
        "It was no better in the comparable period before: no cell made it what it is.",
        "上一可比周期并不更好，并非由某个单元格的变化所致。",
    ),
    "broken": ("It could not be looked into; the log of the night says why.", "未能归因，原因见当晚日志。"),
    "many": (
        f"More than {MOST_ALERTS} alerts at once: this one was not looked into.",
        f"同时超过 {MOST_ALERTS} 条预警，未对本条做归因。",
    ),
}


def _figure(db: duckdb.DuckDBPyConnection, cells: str, span: str, parts: int) -> Fraction | None:
    """Return the figure of all cells in a span; None where there is nothing to divide by."""
    sums = ", ".join(f"coalesce(sum(amount_{at}), 0)" for at in range(1, parts + 1))
    found = db.execute(f"select {sums} from {cells} where span = {literal(span)}").fetchone()
    assert found is not None
    if parts == 1:
        return Fraction(found[0])
    return Fraction(found[0]) / Fraction(found[1]) if found[1] > 0 else None


def _put_beside(db: duckdb.DuckDBPyConnection, cells: str, attributes: Sequence[str], parts: int, scale: float) -> None:
    """Make `leaf_rows`: what is beside what was, the latter scaled to the days of the former."""
    columns = ", ".join(
        f"coalesce(sum(amount_{at}) filter (where span = {literal(span)}), 0){times} as {name}_{at}"
        for at in range(1, parts + 1)
        for name, span, times in (
            ("now", NOW, ""),
            ("then", BEFORE, f" * {literal(scale)}" if at == 1 and scale != 1 else ""),
        )
    )
    grouped = ", ".join(map(ident, attributes))
    db.execute(f"create or replace temp table leaf_rows as select {grouped}, {columns} from {cells} group by {grouped}")


def _rows(
    alert: Question, found: Explanation | str, members: Mapping[str, Mapping[str, tuple[str, str]]], currency: str
) -> Iterator[CauseRow]:
    names = [_names(alert, members, currency, at) for at in (0, 1)]
    gaps = [_gap(alert, language, each) for language, each in zip(("en", "zh"), names, strict=True)]
    if isinstance(found, str):
        texts = (" ".join([NOT_EXPLAINED[found][0], *gaps[0]]), "".join([NOT_EXPLAINED[found][1], *gaps[1]]))
        yield _residual(alert, None, alert.change, (None, None), texts)
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
    yield _residual(
        alert, key, left, (rounded(found.actual), rounded(found.forecast)), (" ".join(said[0]), "".join(said[1]))
    )


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
        rate_effect_value=None,
        mix_effect_value=None,
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
    rate = Fraction(1 if alert.base_rate is None else alert.base_rate)
    scaled = [] if rate == 1 else [scale_sentence(rate, language)]
    return [*scaled, *told]


def _names(alert: Question, members: Mapping[str, Mapping[str, tuple[str, str]]], currency: str, at: int) -> Names:
    metric = registry()[alert.metric_id]
    figure = (metric.name.en, metric.name.zh)[at]
    place = members.get(alert.dimension_name, {}).get(alert.dimension_value, (alert.dimension_value,) * 2)[at]
    if alert.scope and (alert.dimension_name not in PERSONAL or alert.dimension_name in members):
        figure = f"{place}的{figure}" if at else f"{figure} of {place}"
    return Names(
        figure=figure,
        unit=currency if metric.unit == "money" else UNITS.get(metric.unit, ("", ""))[at],
        is_share=metric.unit == "rate",
        attributes=attribute_names(at),
        members={(name, member): both[at] for name, each in members.items() for member, both in each.items()},
    )


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _relative(alert: Question) -> Decimal:
    return abs(alert.change / alert.base_value) if alert.base_value else abs(alert.change)
