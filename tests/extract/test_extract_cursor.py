"""Cursors move back by the overlap and keep the way they are written."""

from __future__ import annotations

import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from sales_warehouse.extract.cursor import Kind, NoCursor, later, limit_like, lower_bound, written_like


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
        ("20260102", "20260101"),
        ("20260102003000", "20260101233000"),
        ("20260102T003000Z", "20260101T233000Z"),
        ("2026/01/02 00:30:00", "2026/01/01 23:30:00"),
        ("2026-01-02T00:30:00.123456789-0800", "2026-01-01T23:30:00.123456000-0800"),
        ("2026-01-02 00:30:00 UTC", "2026-01-01 23:30:00 UTC"),
        ("1767313800.5", "1767310200.5"),
        ("A-0007", "A-0007"),
        ("ORD-2026-01-02-7", "ORD-2026-01-02-7"),
        ("2026-01-0007", "2026-01-0007"),
        ("MAR-0007", "MAR-0007"),
    ],
)
def test_text(cursor: str, earlier: str) -> None:
    assert lower_bound(cursor, 60, "text") == earlier


def test_typed_columns_get_typed_bounds() -> None:
    assert lower_bound("7", 60, "integer") == 7
    assert lower_bound("7.5", 60, "decimal") == Decimal("7.5")
    assert lower_bound("2026-01-02 00:30:00", 60, "moment") == datetime.datetime(2026, 1, 1, 23, 30)
    assert lower_bound("2026-01-02", 60, "date") == datetime.date(2026, 1, 1)
    assert lower_bound("20260102003000", 60, "integer") == 20260101233000
    assert lower_bound("1767313800.5", 60, "decimal") == Decimal("1767310200.5")


@pytest.mark.parametrize(
    "cursor",
    [
        "02.01.2026 10:15",
        "1/2/2026",
        "2026/1/2",
        "2026-W01-5",
        "Fri, 02 Jan 2026",
        "2-Jan-26",
        "Jan 2, 2026",
        "2026-01-02 24:00:00",
        "2026年1月2日",
    ],
)
def test_a_moment_that_cannot_be_moved_back_is_no_cursor(cursor: str) -> None:
    with pytest.raises(NoCursor, match="is a moment, but written in a way that neither sorts"):
        lower_bound(cursor, 60, "text")


@pytest.mark.parametrize(
    ("cursor", "limit"),
    [
        ("2026-01-02T10:00:00.5+08:00", "2026-03-01T17:30:00"),
        ("2026-01-02T10:00:00Z", "2026-03-01T09:30:00"),
        ("2026/01/02 10:00", "2026/03/01 18:30"),
        ("20260102", "20260301"),
        ("20260102101500", "20260301183000"),
        ("4102444800", "1772357400"),
        ("4102444800000", "1772357400000"),
        ("7", None),
        ("45000000", None),
        ("-1.5", None),
        ("unknown", "2026-03-01 18:30:00"),
    ],
)
def test_the_latest_moment_is_written_like_the_cursor(cursor: str, limit: str | None) -> None:
    in_tokyo = datetime.datetime(2026, 3, 1, 9, 30, tzinfo=datetime.UTC).astimezone(ZoneInfo("Asia/Tokyo"))
    assert limit_like(cursor, in_tokyo) == limit


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
        pytest.param("9.5", "10.5", "10.5", id="decimals by their size"),
        pytest.param("-10", "-9", "-9", id="numbers below zero by their size"),
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


@pytest.mark.parametrize("kind", ["text", "moment"])
def test_before_the_first_day_of_all_there_is_none(kind: Kind) -> None:
    assert str(lower_bound("0001-01-01 00:00:00", 60, kind)) == "0001-01-01 00:00:00"
