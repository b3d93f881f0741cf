"""Let dbt build some marts, what they are made of, and the tests that need nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sales_warehouse import transform


@contextmanager
def only(*marts: str) -> Iterator[None]:
    """Build these marts and no others; all of them where none is named."""
    whole = transform._build
    selected = ["--indirect-selection", "cautious", "--select", *(f"+{mart}" for mart in marts)] if marts else []
    transform._build = lambda variables, full_refresh: [*whole(variables, full_refresh), *selected]
    try:
        yield
    finally:
        transform._build = whole
