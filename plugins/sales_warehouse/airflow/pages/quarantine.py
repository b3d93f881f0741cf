"""What the pages on quarantine show: the reasons, and behind each the rows as they came."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from sales_warehouse import settings
from sales_warehouse.airflow.sources import source_list
from sales_warehouse.home import Home
from sales_warehouse.quarantine import Failure, Filter, Reason, count_rows, failures, reasons, tables

PAGE_ROWS = 100


@dataclass(frozen=True)
class Overview:
    """All reasons, rows by source, and the tables of which there can be a sheet as (source, table)."""

    reasons: list[Reason]
    totals: dict[str, int]
    tables: list[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """A page of rows; `rows` is their number in all, `following` the number of the next page, None after the last."""

    failures: list[Failure]
    rows: int
    number: int
    following: int | None


def overview(home: Home) -> Overview:
    """Return what is held back now, of all sources of the company."""
    sources = source_list(settings.company_folder())
    totals = {source: count_rows(home, [source]) for source in sources}
    sheets = [(source, table) for source, table, _ in tables(home, sources, Filter())]
    return Overview(reasons(home, sources), {name: rows for name, rows in totals.items() if rows}, sheets)


def page(home: Home, wanted: Filter, number: int) -> Page:
    """Return a page of single rows; `number` counts from 1."""
    sources = source_list(settings.company_folder())
    found = failures(home, sources, wanted, offset=(number - 1) * PAGE_ROWS, limit=PAGE_ROWS + 1)
    following = number + 1 if len(found) > PAGE_ROWS else None
    return Page(found[:PAGE_ROWS], count_rows(home, sources, wanted), number, following)


def query(wanted: Filter, number: int = 1) -> str:
    """Return the part of an address that asks for a page of rows."""
    asked = {name: value for name, value in wanted.__dict__.items() if value}
    return urlencode({**asked, "number": number})


def of_reason(reason: Reason) -> str:
    """Return the part of an address that asks for the rows with a reason."""
    return query(Filter(reason.source, reason.entity, rule=reason.rule, column_name=reason.column_name))
