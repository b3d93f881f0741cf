"""Cursors move back by the overlap and keep the way they are written."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from sales_warehouse.extract.cursor import later, lower_bound, written_like


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


@pytest.mark.parametrize(
    ("cursor", "earlier"),
    [
        ("5000", "4000"),
        ("0005000", "0004000"),
        ("10", "00"),
        ("1767348000", "1767344400"),
        ("1767348000000", "1767344400000"),
    ],
    ids=["a number", "a number with zeros", "a small number", "seconds since 1970", "milliseconds since 1970"],
)
def test_numbers_go_back_because_they_are_committed_late_too(cursor: str, earlier: str) -> None:
    assert lower_bound(cursor, 60, "text", 1000) == earlier
    assert max(0, lower_bound(cursor, 60, "integer", 1000)) == int(earlier)


@pytest.mark.parametrize(
    ("one", "other", "highest"),
    [
        pytest.param(None, "1", "1", id="the first"),
        pytest.param("9", "10", "10", id="numbers by their size"),
        pytest.param(
            "2026-01-02T10:00:00+08:00", "2026-01-02T03:00:00Z", "2026-01-02T03:00:00Z", id="moments by their instant"
        ),
        pytest.param("2026-01-02T10:00:00", "2026-01-02T09:00:00", "2026-01-02T10:00:00", id="moments without a zone"),
        pytest.param("A-9", "A-10", "A-9", id="words by their letters"),
        pytest.param("x", "2026-01-02T03:00:00Z", "x", id="a word and a moment"),
    ],
)
def test_the_higher_of_two(one: str | None, other: str, highest: str) -> None:
    assert later(one, other) == highest


@pytest.mark.parametrize(
    ("cursor", "written"),
    [
        (None, "2026-01-02T03:04:05Z"),
        ("2025-12-31T10:00:00.000Z", "2026-01-02T03:04:05.000Z"),
        ("2025-12-31T10:00:00+08:00", "2026-01-02T11:04:05+08:00"),
        ("2025-12-31 10:00:00", "2026-01-02 03:04:05"),
        ("2025-12-31", "2026-01-02"),
        ("1767348000", "1767323045"),
        ("1767348000000", "1767323045000"),
        ("A-7", "2026-01-02T03:04:05Z"),
    ],
    ids=str,
)
def test_a_moment_is_written_like_the_cursor(cursor: str | None, written: str) -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    assert written_like(cursor, moment) == written
