"""Why a figure of the published sales moved between two periods."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from sales_warehouse.causes.attributes import attribute_names, member_names
from sales_warehouse.causes.explain import Explanation, explain
from sales_warehouse.causes.table import Measure, TableRefused, leaf_table
from sales_warehouse.causes.words import Names, sentences
from sales_warehouse.sql import ident, literal

WEEK = datetime.timedelta(days=7)


@dataclass(frozen=True)
class Figure:
    """A figure of fct_sales_daily: the sum of a column, or the ratio of two sums."""

    name_en: str
    name_zh: str
    column: str
    denominator: str | None = None


FIGURES = {
    "net_sales": Figure("Net sales", "净销售额", "net_sales_amount"),
    "units": Figure("Units sold", "销售数量", "unit_count"),
    "discount_rate": Figure("The discount rate", "折扣率", "discount_amount", "gross_amount"),
    "return_rate": Figure("The return rate", "退货率", "returns_amount", "gross_amount"),
}


# The columns of fct_sales_daily that are looked in.
COLUMNS = {
    "region": "region_key", "channel": "channel", "product_line": "product_line", "category": "category",
    "rep": "rep_key",
}  # fmt: skip


class NothingToExplain(LookupError):
    """There is no such figure, dimension, member, period or alert; the message says what there is."""


@dataclass(frozen=True)
class Period:
    """Two spans of days, both ends included: what is asked about, and what it is compared with, times `rate`."""

    starts_on: datetime.date
    ends_on: datetime.date
    before_starts_on: datetime.date
    before_ends_on: datetime.date
    rate: Decimal = Decimal(1)

    @classmethod
    def of(
        cls, starts_on: datetime.date, ends_on: datetime.date, before_starts_on: datetime.date | None = None
    ) -> Period:
        """A span and one as long: the one right before it, or the one from a day that is given."""
        length = ends_on - starts_on
        if length.days < 0:
            raise NothingToExplain(f"the period ends on {ends_on}, before it starts on {starts_on}")
        before = before_starts_on or starts_on - length - datetime.timedelta(days=1)
        return cls(starts_on, ends_on, before, before + length)


@dataclass(frozen=True)
class Reason:
    """An explanation with what is needed to say it."""

    figure: Figure
    period: Period
    found: Explanation
    names: Mapping[str, Mapping[str, tuple[str, str]]]
    scope: Mapping[str, str]
    currency: str

    def sentences(self, language: str) -> list[str]:
        """The reason in words, in English or Chinese, within its scope."""
        at = 1 if language == "zh" else 0
        said = Names(
            figure=self._figure(language, at),
            unit=self.currency if self.figure.column.endswith("_amount") and not self.figure.denominator else "",
            attributes=attribute_names(at),
            members={
                (name, member): both[at] for name, members in self.names.items() for member, both in members.items()
            },
        )
        return sentences(self.found, language, said)

    def _figure(self, language: str, at: int) -> str:
        name = (self.figure.name_en, self.figure.name_zh)[at]
        places = [self.names.get(key, {}).get(member, (member, member))[at] for key, member in self.scope.items()]
        if not places:
            return name
        return f"{'、'.join(places)}的{name}" if language == "zh" else f"{name} of {', '.join(places)}"


def why(
    db: duckdb.DuckDBPyConnection,
    figure: str,
    period: Period,
    scope: Mapping[str, str] | None = None,
    *,
    currency: str,
    leave_out: Collection[str] = (),
) -> Reason:
    """Explain a figure of a period against the one before, within `scope` (dimension → member or its name).

    `leave_out` names dimensions in which nothing is looked for. `db` has the published marts in its search path.
    Raises NothingToExplain.
    """
    if figure not in FIGURES:
        raise NothingToExplain(f"there is no figure {figure}; the figures are {', '.join(FIGURES)}")
    names = member_names(db, COLUMNS)
    within = {name: _member(name, member, names) for name, member in (scope or {}).items()}
    attributes = [name for name in COLUMNS if name not in within and name not in leave_out]
    asked = FIGURES[figure]
    _gather(db, asked, period, within)
    measure = Measure("now_1", "then_1", *(("now_2", "then_2") if asked.denominator else ()))
    try:
        found = explain(leaf_table(db, "leaf_rows", attributes, measure, where="fct_sales_daily"))
    except TableRefused as error:
        spans = f"{period.before_starts_on} to {period.before_ends_on} and {period.starts_on} to {period.ends_on}"
        raise NothingToExplain(f"{asked.name_en} of {spans}: {error}") from error
    return Reason(asked, period, found, names, within, currency)


def _gather(db: duckdb.DuckDBPyConnection, figure: Figure, period: Period, within: Mapping[str, str]) -> None:
    columns = [figure.column, *([figure.denominator] if figure.denominator else [])]
    scale = "" if period.rate == 1 else f" * {literal(float(period.rate))}"
    sums = ", ".join(
        f"sum(case when sales_date between {start} and {end} then {ident(column)} else 0 end){times} as {name}_{at}"
        for at, column in enumerate(columns, 1)
        for name, start, end, times in (
            ("now", "$starts_on", "$ends_on", ""),
            ("then", "$before_starts_on", "$before_ends_on", scale),
        )
    )
    days = {name: day for name, day in vars(period).items() if name.endswith("_on")}
    groups = ", ".join(f"{column} as {name}" for name, column in COLUMNS.items())
    scope = "".join(f" and {COLUMNS[name]} = $scope_{name}" for name in within)
    db.execute(
        f"create or replace temp table leaf_rows as select {groups}, {sums} from fct_sales_daily where "
        "(sales_date between $starts_on and $ends_on or sales_date between $before_starts_on and $before_ends_on)"
        f"{scope} group by all",
        {**days, **{f"scope_{name}": member for name, member in within.items()}},
    )


def _member(name: str, said: str, names: Mapping[str, Mapping[str, tuple[str, str]]]) -> str:
    """The member that a person means by its key or by its name in either language."""
    if name not in COLUMNS:
        raise NothingToExplain(f"there is no dimension {name}; the dimensions are {', '.join(COLUMNS)}")
    known = names[name]
    if not known or said in known:
        return said
    meant = [member for member, both in known.items() if said in both]
    if len(meant) != 1:
        listed = ", ".join(sorted(en for en, _ in known.values())[:20])
        raise NothingToExplain(f"{name} has no one member {said}; it has {listed}")
    return meant[0]
