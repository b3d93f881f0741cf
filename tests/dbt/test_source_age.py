"""A source is as old as its last load; one that never delivered is as old as the company."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from lone_models import rows_of

from sales_warehouse.metrics.relations import FOLDER

AS_OF = "2026-06-28 12:00:00"  # of lone_models


def ages(first_load: str | None, **hours: int | None) -> list[tuple]:
    """The age of each source and in total, and the same of the rows behind them."""
    db = duckdb.connect()
    db.execute("create table trust_load_counts (extracted_at timestamp)")
    db.execute(
        "create table trust_source_freshness (source varchar, label_en varchar, label_zh varchar, "
        "last_load_at timestamp, age_hours decimal(18, 4), expected_within_hours decimal(18, 4), "
        "freshness_status varchar)"
    )
    if first_load:
        db.execute("insert into trust_load_counts values (?), (?)", [first_load, AS_OF])
    for source, age in hours.items():
        db.execute("insert into trust_source_freshness (source, age_hours) values (?, ?)", [source, age])
    found = rows_of(db, "int_kpi_source_freshness_hours", "dimension_value, value")
    db.execute(f"set variable as_of = timestamp '{AS_OF}'")
    rows = db.execute((FOLDER / "sources.sql").read_text(encoding="utf-8")).fetchall()
    assert sorted((row[0], row[4]) for row in rows) == [row for row in found if row[0] != "total"]
    return found


@pytest.mark.parametrize(
    ("first_load", "hours", "found"),
    [
        ("2026-06-26 12:00:00", {"crm": 8, "silent": None}, [("crm", 8), ("silent", 48), ("total", 48)]),
        (AS_OF, {"crm": 0, "silent": None}, [("crm", 0), ("silent", 0), ("total", 0)]),
        (None, {"silent": None}, []),
    ],
    ids=["never delivered", "in the first night", "before anything came"],
)
def test_a_source_that_never_delivered_is_as_old_as_the_company(
    first_load: str | None, hours: dict[str, int | None], found: list[tuple[str, int]]
) -> None:
    assert ages(first_load, **hours) == [(source, Decimal(age)) for source, age in found]
