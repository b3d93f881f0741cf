"""Tables on the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text


def add_row(table: Table, *cells: str | None) -> None:
    """Add a row as it is written: what stands in square brackets is text, never markup."""
    table.add_row(*(Text(cell or "") for cell in cells))
