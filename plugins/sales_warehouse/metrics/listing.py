"""Metrics of the semantic layer as people read them in a terminal."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sales_warehouse.metrics.query import Answer, shared_cuts
from sales_warehouse.metrics.registry import registry


def show_answer(answer: Answer, console: Console) -> None:
    """Print the rows; what has nothing to divide by stays empty."""
    table = Table(*answer.columns, box=None, header_style="bold")
    for row in answer.rows:
        table.add_row(*(Text(_text(cell)) for cell in row))
    console.print(table)


def write_csv(answer: Answer, stream: TextIO) -> None:
    """Write the rows as CSV, with a line of names."""
    lines = csv.writer(stream, lineterminator="\n")
    lines.writerow(answer.columns)
    lines.writerows([_text(cell) for cell in row] for row in answer.rows)


def show_metrics(console: Console) -> None:
    """Print every metric of the registry: its names, and its cuts or why it has none."""
    for metric in registry().values():
        reason = metric.semantic.reason
        said = f"by {', '.join(shared_cuts([metric.id]))}" if reason is None else f"only in kpi_values: {reason.en}"
        console.print(f"[bold]{metric.id}[/bold]  {metric.name.en} · {metric.name.zh}", highlight=False, soft_wrap=True)
        console.print(f"  {said}", highlight=False, markup=False, soft_wrap=True)


def _text(cell: object) -> str:
    return "" if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else f"{cell}"
