from __future__ import annotations

import datetime

import pytest

from sales_warehouse.board.periods import board_periods, months_before

D = datetime.date


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        pytest.param(D(2026, 6, 18), 1, D(2026, 5, 18), id="a day in the month"),
        pytest.param(D(2026, 6, 30), 1, D(2026, 5, 31), id="a month's last day stays the last"),
        pytest.param(D(2026, 3, 30), 1, D(2026, 2, 28), id="a day that the shorter month lacks"),
        pytest.param(D(2024, 2, 29), 12, D(2023, 2, 28), id="a leap day a year before"),
        pytest.param(D(2026, 1, 15), 1, D(2025, 12, 15), id="over the turn of the year"),
    ],
)
def test_months_before(day: D, count: int, expected: D) -> None:
    assert months_before(day, count) == expected


def test_month_to_date_is_compared_with_the_same_days() -> None:
    period = {p.period: p for p in board_periods(D(2026, 6, 18))}["mtd"]
    assert (period.starts_on, period.ends_on) == (D(2026, 6, 1), D(2026, 6, 18))
    assert (period.previous_starts_on, period.previous_ends_on) == (D(2026, 5, 1), D(2026, 5, 18))
    assert (period.year_starts_on, period.year_ends_on) == (D(2025, 6, 1), D(2025, 6, 18))


def test_last_twelve_months_are_complete_and_end_before_this_month() -> None:
    period = {p.period: p for p in board_periods(D(2026, 1, 1))}["last_12"]
    assert (period.starts_on, period.ends_on) == (D(2025, 1, 1), D(2025, 12, 31))
    assert (period.previous_starts_on, period.previous_ends_on) == (D(2024, 1, 1), D(2024, 12, 31))
