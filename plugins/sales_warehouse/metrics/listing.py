"""Metrics of the semantic layer as people read them in a terminal."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sales_warehouse.metrics.query import Answer, shared_cuts
from sales_warehouse.metrics.registry import registry
from sales_warehouse.metrics.rows import Behind, Result
from sales_warehouse.spreadsheet import harmless

WIDE = 10_000


def show_answer(answer: Answer, console: Console) -> None:
    """Print the rows; what has nothing to divide by stays empty."""
    table = Table(*answer.columns, box=None, header_style="bold")
    for row in answer.rows:
        table.add_row(*(Text(_text(cell)) for cell in row))
    console.print(table)


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], stream: TextIO) -> None:
    """Write rows as CSV, with a line of names; no text is a formula."""
    lines = csv.writer(stream, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows([harmless(cell) if isinstance(cell, str) else _text(cell) for cell in row] for row in rows)


def show_metrics(console: Console) -> None:
    """Print every metric of the registry: its names, and its cuts or why it has none."""
    for metric in registry().values():
        reason = metric.semantic.reason
        said = f"by {', '.join(shared_cuts([metric.id]))}" if reason is None else f"only in kpi_values: {reason.en}"
        console.print(f"[bold]{metric.id}[/bold]  {metric.name.en} · {metric.name.zh}", highlight=False, soft_wrap=True)
        console.print(f"  {said}", highlight=False, markup=False, soft_wrap=True)


def show_rows(behind: Behind, limit: int, console: Console) -> None:
    """Print what all rows behind a figure say, then the rest of the first of them, and how many more there are."""
    rows, alike = behind.rows(limit), behind.alike()
    if not rows:
        return
    said = ", ".join(f"{name} {_text(value)}" for name, value in alike.items() if value is not None)
    if said:
        console.print(f"all:    {said}", highlight=False, markup=False, soft_wrap=True)
    told = [place for place, name in enumerate(behind.columns) if name not in alike]
    table = Table(*(behind.columns[place] for place in told), box=None, header_style="bold")
    for row in rows:
        table.add_row(*(Text(_text(row[place])) for place in told))
    # as wide as it is: a key that is cut off, or goes on in the next line, finds nothing
    Console(file=console.file, width=WIDE).print(table)
    if behind.count > len(rows):
        console.print(f"… and {behind.count - len(rows)} more: --limit, or --out FILE for all", highlight=False)


def told_of(behind: Behind) -> list[str]:
    """Return what is said before the rows: the figure, what the rows make, and that they agree."""
    figure = behind.figure
    cuts = "".join(f", {name}={member}" for name, member in figure.where.items())
    days = "" if figure.starts_on == figure.ends_on else f" to {figure.ends_on}"
    lines = [f"{figure.metric.name.en} · {figure.metric.name.zh}, {figure.grain} of {figure.starts_on}{days}{cuts}"]
    made = f"{_result(behind.result)} from {behind.count} rows"
    if figure.published is None:
        return [*lines, f"rows:   {made}; kpi_values has no such cut, the rows are the figure"]
    return [*lines, f"figure: {_result(figure.published)}", f"rows:   {made}; they agree"]


def _result(result: Result) -> str:
    numerator, denominator, value = (
        "none" if each is None else f"{each.normalize():f}"
        for each in (result.numerator, result.denominator, result.value)
    )
    return value if result.denominator is None else f"{numerator} / {denominator}, {value}"


def _text(cell: object) -> str:
    return "" if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else f"{cell}"
