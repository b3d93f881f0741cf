"""The reasons of the rows in quarantine, and what was mended, as tables on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.mended import summary
from sales_warehouse.quarantine import Filter, count_rows, reasons


def show_reasons(home: Home, company: Company, wanted: Filter, console: Console) -> None:
    """Print one line for each source, entity, column and reason, most rows first."""
    chinese = company.about.language == "zh"
    table = Table("source", "entity", "column", "reason", "rule", box=None, pad_edge=False)
    table.add_column("rows", justify="right")
    for item in reasons(home, company.sources, wanted):
        said = item.reason_zh if chinese else item.reason_en
        table.add_row(item.source, item.entity, item.column_name or "", said, item.rule, f"{item.row_count:,}")
    if table.row_count:
        console.print(table)
    console.print(f"{count_rows(home, company.sources, wanted):,} rows in quarantine", highlight=False)


def show_repairs(home: Home, sources: list[str], examples: int, console: Console) -> None:
    """Print one line for each source, entity, column and kind of repair, most rows first."""
    table = Table("source", "entity", "column", "repair", box=None, pad_edge=False)
    table.add_column("rows", justify="right")
    table.add_column("before → after")
    found = summary(home, sources, examples=examples)
    for item in found:
        shown = Text("\n".join(item.examples))
        table.add_row(item.source, item.entity, item.column_name, item.repair, f"{item.row_count:,}", shown)
    if found:
        console.print(table)
    console.print(f"{sum(item.row_count for item in found):,} texts mended in accepted rows", highlight=False)
