"""What the page on quarantine shows, from the marts that readers see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sales_warehouse import sql

QUERY = """
select source, entity, rule, column_name, reason, row_count, last_load_at
from marts.trust_quarantine_reasons
order by row_count desc, source, entity, rule, column_name, reason
"""


@dataclass(frozen=True)
class Reason:
    """Why rows of an entity of a source were kept back, and how many."""

    source: str
    entity: str
    rule: str
    column_name: str | None
    reason: str
    row_count: int
    last_load_at: datetime | None


def reasons(version: Path, temp: Path) -> list[Reason]:
    """Return the reasons of a published version, most rows first."""
    with sql.connect(version / "warehouse.duckdb", temp=temp, read_only=True) as db:
        return [Reason(*row) for row in db.execute(QUERY).fetchall()]


def totals(found: list[Reason]) -> dict[str, int]:
    """Return failures by source. A row that breaks two rules counts twice."""
    sums: dict[str, int] = {}
    for each in found:
        sums[each.source] = sums.get(each.source, 0) + each.row_count
    return sums
