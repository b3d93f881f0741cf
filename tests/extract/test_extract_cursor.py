"""Cursors move back by the overlap and keep the way they are written."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from sales_warehouse.extract.cursor import lower_bound


@pytest.mark.parametrize(
    ("cursor", "earlier"),
    [
        ("2026-01-02 00:30:00", "2026-01-01 23:30:00"),
        ("2026-01-02T00:30:00", "2026-01-01T23:30:00"),
        ("2026-01-02T00:30:00Z", "2026-01-01T23:30:00Z"),
        ("2026-01-02T00:30:00.123Z", "2026-01-01T23:30:00.123Z"),
        ("2026-01-02T00:30:00.123456+08:00", "2026-01-01T23:30:00.123456+08:00"),
        ("2026-01-02T00:30", "2026-01-01T23:30"),
        ("2026-01-02", "2026-01-01"),
        ("20260102", "20260102"),
        ("A-0007", "A-0007"),
    ],
)
def test_text(cursor: str, earlier: str) -> None:
    assert lower_bound(cursor, 60, "text") == earlier


def test_typed_columns_get_typed_bounds() -> None:
    assert lower_bound("7", 60, "integer") == 7
    assert lower_bound("7.5", 60, "decimal") == Decimal("7.5")
    assert lower_bound("2026-01-02 00:30:00", 60, "moment") == datetime.datetime(2026, 1, 1, 23, 30)
    assert lower_bound("2026-01-02", 60, "date") == datetime.date(2026, 1, 1)
