"""Field visits as the teams hand them in: a file for each team and week, growing until the week is over.

Most teams keep an Excel workbook; some write CSV, in UTF-8 or in what their Windows calls ANSI (GB18030).
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from pathlib import Path

import xlsxwriter

from sales_warehouse.demo.delivery import Delivery
from sales_warehouse.demo.files import write_csv
from sales_warehouse.demo.generator import Generator
from sales_warehouse.demo.words import Language
from sales_warehouse.sql import ident, literal

TITLE_ROWS = 2  # a merged title and a line of instructions stand above the header
# XlsxWriter stamps a workbook with the clock unless told otherwise; the same rows must give the same bytes.
CREATED = datetime.datetime(2026, 1, 1)


@dataclass(frozen=True)
class Texts:
    """What a workbook says beside its rows."""

    sheet: str
    title: str
    instructions: str


TEXTS: dict[Language, Texts] = {
    "zh": Texts(
        "拜访记录",
        "{team} 客户拜访记录（{year}年第{week}周）",
        "请于拜访当日 24 小时内录入；日期格式：年-月-日，时间格式：时:分。",
    ),
    "en": Texts(
        "Visits",
        "{team}: customer visits, week {week} of {year}",
        "Enter a visit within 24 hours; dates as year-month-day, times as hour:minute.",
    ),
}


def monday_of(day: datetime.date) -> datetime.date:
    """Monday of the ISO week of a day."""
    return day - datetime.timedelta(days=day.isoweekday() - 1)


def write_weekly(world: Generator, delivery: Delivery, folder: Path) -> int:
    """Write `<team>_<year>W<week>` for every team and week in a delivery of whole weeks; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    connection, texts = world.connection, TEXTS[world.words.language]
    groups = connection.execute(
        "select distinct _team, _form, date_trunc('week', _at)::date as monday "
        f"from {ident(delivery.relation)} order by all"
    ).fetchall()
    for team, form, monday in groups:
        year, week, _ = monday.isocalendar()
        name, rows = f"{team}_{year}W{week:02d}", _rows(delivery, team, monday)
        if form == "excel":
            told = replace(texts, title=texts.title.format(team=team, year=year, week=week))
            _write(folder / f"{name}.xlsx", told, delivery.columns, connection.execute(rows).fetchall())
        else:
            write_csv(connection, rows, folder / f"{name}.csv", form)
    return len(groups)


def _rows(delivery: Delivery, team: str, monday: datetime.date) -> str:
    week_after = monday + datetime.timedelta(weeks=1)
    return (
        f"select {', '.join(map(ident, delivery.columns))} from {ident(delivery.relation)} "
        f"where _team = {literal(team)} and _at >= {literal(monday)} and _at < {literal(week_after)} "
        "order by _at, _key, _copy"
    )


def _write(target: Path, texts: Texts, columns: tuple[str, ...], rows: list[tuple]) -> None:
    scratch = target.with_name(f".{target.name}.tmp")
    # A team's week is small: kept in memory, it needs no temporary files.
    workbook = xlsxwriter.Workbook(str(scratch), {"in_memory": True})
    workbook.set_properties({"title": texts.title, "created": CREATED})
    sheet = workbook.add_worksheet(texts.sheet)
    sheet.merge_range(0, 0, 0, len(columns) - 1, texts.title, workbook.add_format({"bold": True, "align": "center"}))
    sheet.write_string(1, 0, texts.instructions)
    for number, row in enumerate([columns, *rows], start=TITLE_ROWS):
        for place, value in enumerate(row):
            if value is not None:
                sheet.write_string(number, place, value)
    workbook.close()
    scratch.replace(target)
