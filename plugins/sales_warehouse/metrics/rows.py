"""The rows behind a figure: what of the published marts a value of kpi_values is made of, and that it is made of them.

One dimension is what kpi_values has; several at once are a figure that only the rows have.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from sales_warehouse.company.load import suggestion
from sales_warehouse.home import Home
from sales_warehouse.metrics.registry import Metric, registry
from sales_warehouse.metrics.relations import (
    ADDED,
    FOLDS,
    Relation,
    adds_of,
    cuts_of,
    lay_out,
    relation_of,
    said_alike,
    tell,
)
from sales_warehouse.publish import current_folder, manifest
from sales_warehouse.publish.reading import look
from sales_warehouse.spreadsheet import harmless_in_sql
from sales_warehouse.sql import as_parquet, ident, literal, only_row

BEHIND = "rows_behind"
TOTAL = "total"
DAYS = "days"
OF_ANY_DAYS = ("sum", "ratio", "distinct", "per_distinct", "median", "survival")  # folds that know no month or week
# Where members have names, by which they may be asked for too: mart, key, names.
NAMES = {
    "region": ("dim_regions", "region_key", ("region_name_en", "region_name_zh")),
    "channel": ("dim_channels", "channel", ("channel_name_en", "channel_name_zh")),
    "rep": ("dim_sales_reps", "rep_key", ("rep_name",)),
    "manager": ("dim_sales_reps", "rep_key", ("rep_name",)),
    "product": ("dim_products", "product_key", ("product_name",)),
    "customer": ("dim_customers", "customer_key", ("customer_name",)),
    "dealer": ("dim_dealers", "dealer_key", ("dealer_name",)),
    "target": ("kpi_targets", "target_id", ("target_name_en", "target_name_zh")),
}


class NoSuchFigure(ValueError):
    """There is no such metric, period, dimension or member, or nothing is published; the message says what there is."""


class RowsDisagree(ValueError):
    """The rows do not make the figure that is published: one of the two is wrong; the message has both."""


@dataclass(frozen=True)
class Asked:
    """A figure as a person asks for it: the period as 2026-06-28, 2026-W26, 2026-06 or 2026-Q2, or a day in it.

    `where` is dimension → member, by its key or its name. Without a grain it is that of the period; without a period,
    the only one there is. `days` instead of both are a first and a last day, such as those of a goal.
    """

    metric: str
    period: str | None = None
    grain: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    days: tuple[datetime.date, datetime.date] | None = None


@dataclass(frozen=True)
class Result:
    """Numerator, denominator and value with the eight places of kpi_values; None is nothing to divide by or to say."""

    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None


@dataclass(frozen=True)
class Figure:
    """A figure that was found: its metric, its period up to the business date, its cuts, and what is published of it.

    `published` is None where kpi_values has no such figure: then the rows are the figure.
    """

    metric: Metric
    grain: str
    starts_on: datetime.date
    ends_on: datetime.date
    where: Mapping[str, str]
    published: Result | None


@dataclass(frozen=True)
class Run:
    """What the run that published a version was told."""

    version: str
    business_date: datetime.date
    as_of: datetime.datetime
    time_zone: str


@dataclass(frozen=True)
class Behind:
    """The rows behind a figure, in a connection that has them as a temporary table, and what they make together."""

    figure: Figure
    result: Result
    columns: tuple[str, ...]
    count: int
    db: duckdb.DuckDBPyConnection

    def rows(self, limit: int | None = None) -> list[tuple[Any, ...]]:
        """Return the rows in the order of their columns, or the first of them."""
        up_to = f" limit {int(limit)}" if limit is not None else ""
        return self.db.execute(f"from {BEHIND} order by all{up_to}").fetchall()

    def alike(self) -> dict[str, Any]:
        """Return the columns that say the same in all rows, and what they say; none of a single row."""
        if self.count < 2:
            return {}
        pairs = ", ".join(
            f"min({name}) is not distinct from max({name}) and count({name}) in (0, count(*)), min({name})"
            for name in map(ident, self.columns)
        )
        found = only_row(self.db, f"select {pairs} from {BEHIND}")
        said = zip(self.columns, found[::2], found[1::2], strict=True)
        return {name: value for name, is_alike, value in said if is_alike}

    def write(self, path: Path, kind: Literal["csv", "parquet"]) -> None:
        """Write all rows to a file; in CSV, which people open in a spreadsheet, no text is a formula."""
        if kind == "parquet":
            self.db.execute(f"copy (from {BEHIND} order by all) to {as_parquet(path)}")
            return
        kinds = {name: told for name, told, *_ in self.db.execute(f"describe {BEHIND}").fetchall()}
        texts = [ident(name) for name, told in kinds.items() if told == "VARCHAR"]
        replaced = f" replace ({', '.join(f'{harmless_in_sql(name)} as {name}' for name in texts)})" if texts else ""
        rows = f"select *{replaced} from (from {BEHIND} order by all)"
        self.db.execute(f"copy ({rows}) to {literal(str(path))} (format csv, header)")


@contextmanager
def rows_behind(home: Home, asked: Asked, *, time_zone: str) -> Iterator[Behind]:
    """Give the rows behind a figure of the version that readers see, for the block; `time_zone` is the company's.

    Raises NoSuchFigure, and RowsDisagree where the rows do not make the figure.
    """
    folder = current_folder(home)
    if folder is None:
        raise NoSuchFigure("nothing has been published yet: run a refresh (make run)")
    said = manifest.read(folder)
    run = Run(
        said.version,
        datetime.date.fromisoformat(said.business_date),
        datetime.datetime.fromisoformat(said.as_of).replace(tzinfo=None),
        time_zone,
    )
    with look(home, folder) as db:
        try:
            yield find_rows(db, run, asked)
        except duckdb.CatalogException as error:
            reason = str(error).splitlines()[0].removeprefix("Catalog Error: ")
            raise NoSuchFigure(f"the published version is older ({reason}): run a refresh (make run)") from error


def find_rows(db: duckdb.DuckDBPyConnection, run: Run, asked: Asked) -> Behind:
    """Return the rows behind a figure of marts in the search path of `db`. Raises like `rows_behind`."""
    metric = registry().get(asked.metric)
    if metric is None:
        raise NoSuchFigure(f"unknown metric{suggestion(asked.metric, registry())}")
    relation = relation_of(metric.id)
    tell(db, run.business_date, run.as_of, run.time_zone)
    view = lay_out(db, relation.file)
    there = _columns(db, view)
    _refuse_unknown_cuts(metric, asked.where, cuts_of(there))
    where = {name: _member(db, name, said) for name, said in asked.where.items()}
    figure = _figure(db, run, relation, metric, replace(asked, where=where))
    db.execute(f"set variable last_date = {literal(figure.ends_on)}")
    _put_aside(db, relation, figure, view, there)
    result = _fold(db, relation, figure)
    count = only_row(db, f"select count(*) from {BEHIND}")[0]
    if not count:
        _refuse_unknown_members(db, metric, figure, view, cuts_of(there))
    if figure.published != result and (figure.published or (count and _is_published(db, figure))):
        raise RowsDisagree(_disagreement(run, figure, result, count))
    return Behind(figure, result, tuple(_columns(db, BEHIND)), count, db)


def period_of(text: str) -> tuple[str | None, datetime.date]:
    """Return the grain that a period is written in (None for a day, which may stand for any) and its first day.

    Raises NoSuchFigure.
    """
    try:
        if found := re.fullmatch(r"(\d{4})-[Ww](\d{1,2})", text):
            return "week", datetime.date.fromisocalendar(int(found[1]), int(found[2]), 1)
        if found := re.fullmatch(r"(\d{4})-[Qq]([1-4])", text):
            return "quarter", datetime.date(int(found[1]), 3 * int(found[2]) - 2, 1)
        if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
            return "month", datetime.date(int(found[1]), int(found[2]), 1)
        return None, datetime.date.fromisoformat(text)
    except ValueError:
        raise NoSuchFigure(
            f"{text!r} is no period; write 2026-06-28, 2026-W26, 2026-06 or 2026-Q2, or a day in it with --grain"
        ) from None


def _figure(db: duckdb.DuckDBPyConnection, run: Run, relation: Relation, metric: Metric, asked: Asked) -> Figure:
    if asked.days:
        return _figure_of_days(run, relation, metric, asked.where, *asked.days)
    grain, day = _period(metric, asked)
    starts_on, ends_on = _published_period(db, metric, grain, day)
    (dimension, member), *more = asked.where.items() or [(TOTAL, TOTAL)]
    known = None if more else _published(db, metric, grain, starts_on, dimension, member)
    return Figure(metric, grain, starts_on, min(ends_on, run.business_date), dict(asked.where), known)


def _figure_of_days(
    run: Run, relation: Relation, metric: Metric, where: Mapping[str, str], first: datetime.date, last: datetime.date
) -> Figure:
    if relation.day is None or relation.window or relation.fold not in OF_ANY_DAYS:
        raise NoSuchFigure(f"{metric.id} is no figure of any days: ask for a period, {', '.join(metric.grains)}")
    if last < first:
        raise NoSuchFigure(f"the days end on {last}, before they begin on {first}")
    return Figure(metric, DAYS, first, min(last, run.business_date), dict(where), None)


def _member(db: duckdb.DuckDBPyConnection, dimension: str, said: str) -> str:
    """Return the key of a member that is asked for by its name; what is a key or nobody's name stays as it is."""
    if dimension not in NAMES:
        return said
    mart, key, names = NAMES[dimension]
    called = " or ".join(f"{name} = $said" for name in names)
    keys = [each for (each,) in db.execute(
        f"select distinct {key} from {mart} where {key} = $said or {called}", {"said": said}
    ).fetchall()]  # fmt: skip
    if said not in keys and len(keys) > 1:
        raise NoSuchFigure(f"{dimension} has {len(keys)} members of that name: {', '.join(sorted(keys))}")
    return said if said in keys or not keys else keys[0]


def _period(metric: Metric, asked: Asked) -> tuple[str, datetime.date | None]:
    written, day = period_of(asked.period) if asked.period else (None, None)
    listed = ", ".join(metric.grains)
    if asked.grain and written and asked.grain != written:
        raise NoSuchFigure(f"{asked.period} is a {written}, not a {asked.grain}")
    grain = asked.grain or written
    if grain is None and day is None:
        grain = "all" if "all" in metric.grains else metric.grains[0]
        if grain != "all" and len(metric.grains) > 1:
            raise NoSuchFigure(f"{metric.id} has a figure for every {listed}: say which with --period")
    if grain is None:
        grain = "day" if "day" in metric.grains or len(metric.grains) > 1 else metric.grains[0]
    if grain not in metric.grains:
        raise NoSuchFigure(f"{metric.id} has no {grain}; its grains are {listed}")
    return grain, day


def _published_period(
    db: duckdb.DuckDBPyConnection, metric: Metric, grain: str, day: datetime.date | None
) -> tuple[datetime.date, datetime.date]:
    """Return the first and the last day of the period in kpi_values; raises NoSuchFigure, which says what there is."""
    chosen = f"metric_id = {literal(metric.id)} and period_grain = {literal(grain)}"
    periods: list[tuple[datetime.date, datetime.date]] = db.execute(
        f"select distinct period_start_date, period_end_date from kpi_values where {chosen} order by all"
    ).fetchall()
    if not periods:
        told = f"select absent_reason_en from kpi_metrics where metric_id = {literal(metric.id)}"
        absent = db.execute(told).fetchone()
        why = f"is absent: {absent[0]}" if absent and absent[0] else f"has no {grain} in this version"
        raise NoSuchFigure(f"{metric.id} {why}")
    held = f"from {periods[0][0]} to {periods[-1][0]}"
    if day is None and len(periods) > 1:
        raise NoSuchFigure(f"{metric.id} has a figure for every {grain} {held}: say which with --period")
    for first, last in periods:
        if grain == "all" or day is None or first <= day <= last:
            return first, last
    if len(periods) == 1:
        held = f"{periods[0][0]} alone: what it was earlier is in versions of then"
    raise NoSuchFigure(f"{metric.id} has no {grain} of {day}; this version has {held}")


def _published(
    db: duckdb.DuckDBPyConnection, metric: Metric, grain: str, start: datetime.date, dimension: str, member: str
) -> Result | None:
    found = db.execute(
        f"select numerator, denominator, value from kpi_values where metric_id = {literal(metric.id)} "
        f"and period_grain = {literal(grain)} and period_start_date = {literal(start)} "
        f"and dimension_name = {literal(dimension)} and dimension_value = {literal(member)}"
    ).fetchone()
    return Result(*found) if found else None


def _is_published(db: duckdb.DuckDBPyConnection, figure: Figure) -> bool:
    """Whether kpi_values has figures of this metric in such a cut, so that one that has rows should be among them."""
    (dimension, *more) = figure.where or (TOTAL,)
    chosen = "metric_id = ? and period_grain = ? and dimension_name = ?"
    asked = [figure.metric.id, figure.grain, dimension]
    return not more and bool(db.execute(f"select 1 from kpi_values where {chosen} limit 1", asked).fetchone())


def _put_aside(
    db: duckdb.DuckDBPyConnection, relation: Relation, figure: Figure, view: str, columns: list[str]
) -> None:
    """Make the temporary table of the rows that count, with what each adds; what adds nothing is not behind it."""
    cuts = cuts_of(columns)
    held = [f"{said_alike(cuts[name])} = {literal(member)}" for name, member in figure.where.items()]
    held.append(relation.in_cut if figure.where else relation.in_total)
    if relation.day:
        starts_on = figure.starts_on
        if relation.window:
            starts_on = figure.ends_on - datetime.timedelta(days=relation.window - 1)
        held.append(f"{relation.day} between {literal(starts_on)} and {literal(figure.ends_on)}")
    picked = f"(select * from {view} where {' and '.join(held)})"
    told = f"({relation.told.format(picked='picked')})" if relation.told else "picked"
    adds = adds_of(relation, columns)
    added = "".join(f", {text} as {ident(name)}" for name, text in adds.items())
    adding = [name for name in ADDED if (name in adds or name in columns) and name != "is_ended"]
    is_summed = relation.fold != "oldest"
    matters = " or ".join(
        f"{name} <> 0" if is_summed and name in ("numerator", "denominator") else f"{name} is not null"
        for name in adding
    )
    db.execute(
        f"create or replace temp table {BEHIND} as with picked as materialized {picked} "
        f"select * from (select *{added} from {told} as told) as behind where {matters}"
    )


def _fold(db: duckdb.DuckDBPyConnection, relation: Relation, figure: Figure) -> Result:
    query = FOLDS[relation.fold].format(
        rows=BEHIND,
        in_total=literal(not figure.where),
        day_count=f"(select count(*) from dim_dates where date_day between {literal(figure.starts_on)} "
        f"and {literal(figure.ends_on)})",
    )
    return Result(*only_row(db, query))


def _columns(db: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [name for name, *_ in db.execute(f"select * from {relation} limit 0").description]


def _refuse_unknown_cuts(metric: Metric, where: Mapping[str, str], cuts: Mapping[str, str]) -> None:
    for name in where:
        if name not in cuts:
            raise NoSuchFigure(f"{metric.id} cannot be cut by{suggestion(name, cuts)}")


def _refuse_unknown_members(
    db: duckdb.DuckDBPyConnection, metric: Metric, figure: Figure, view: str, cuts: Mapping[str, str]
) -> None:
    """Where there is nothing, say so of a member that there is not at all; published ones are known by kpi_values."""
    for name, member in figure.where.items():
        known = {
            each
            for (each,) in db.execute(
                f"select distinct {said_alike(cuts[name])} from {view} union select dimension_value from kpi_values "
                f"where metric_id = {literal(metric.id)} and dimension_name = {literal(name)}"
            ).fetchall()
        }
        if member not in known:
            raise NoSuchFigure(f"{name} has no member{suggestion(member, known)}")


def _disagreement(run: Run, figure: Figure, result: Result, count: int) -> str:
    said = figure.published
    told = f"says {said.numerator} / {said.denominator} = {said.value}" if said else "has no such figure"
    return (
        f"{figure.metric.id} of {figure.grain} {figure.starts_on}"
        f"{''.join(f', {name}={member}' for name, member in figure.where.items())} in version {run.version}: "
        f"kpi_values {told}, its {count} rows make {result.numerator} / {result.denominator} = {result.value}"
    )
