"""A load counts in the night that took it in, whichever night looks at it later."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest
from lone_models import VARIABLES, rows_of

# Two nights at 01:00 in Shanghai, a day and an hour before and after a load at 14:00; 1, 2 and 3 of ten rows are dirty.
LOADS = {"first": "2026-06-26 17:00:00", "second": "2026-06-27 17:00:00", "by day": "2026-06-28 06:00:00"}


def dirty_rates(monkeypatch: pytest.MonkeyPatch, business_date: str, as_of: str) -> list[tuple]:
    """The rates of each day as a refresh has them that sees what was loaded by then."""
    monkeypatch.setitem(VARIABLES, "business_date", business_date)
    monkeypatch.setitem(VARIABLES, "as_of", as_of)
    db = duckdb.connect()
    days = "range(timestamp '2026-06-20', timestamp '2026-07-05', interval 1 day)"
    db.execute(f"create table dim_dates as select d::date as date_day from {days} t(d)")
    db.execute("create table stg_ledger__loads (source varchar, load_id varchar, extracted_at timestamp)")
    db.execute(
        "create table stg_ledger__row_counts (source varchar, load_id varchar, entity varchar, accepted_count int, "
        "folded_count int, quarantined_count int, dirty_count int, repaired_count int, repeated_count int, "
        "doubtful_count int)"
    )
    for dirty, (load, moment) in enumerate(LOADS.items(), start=1):
        if moment <= as_of:
            db.execute("insert into stg_ledger__loads values ('crm', ?, ?)", [load, moment])
            db.execute(
                "insert into stg_ledger__row_counts values ('crm', ?, 'leads', ?, 0, ?, ?, 0, 0, 0)",
                [load, 10 - dirty, dirty, dirty],
            )
    rows_of(db, "trust_load_counts", "load_id")
    rows_of(db, "int_kpi_dirty_rate", "metric_id")
    return db.execute(
        "select period_start_date, value from int_kpi_dirty_rate where period_grain = 'day' "
        "and dimension_name = 'source' order by all"
    ).fetchall()


def on(day: int, rate: str) -> tuple[date, Decimal]:
    return date(2026, 6, day), Decimal(rate)


def test_the_load_of_a_night_is_judged_in_that_night_and_stays_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dirty_rates(monkeypatch, "2026-06-26", "2026-06-26 17:00:00") == [on(26, "0.1")]
    assert dirty_rates(monkeypatch, "2026-06-27", "2026-06-27 17:00:00") == [on(26, "0.1"), on(27, "0.2")]
    # At 14:00 the business date is the one of the night before, and the day of the night has both loads.
    both = [on(26, "0.1"), on(27, "0.25")]
    assert dirty_rates(monkeypatch, "2026-06-27", "2026-06-28 06:00:00") == both
    assert dirty_rates(monkeypatch, "2026-06-28", "2026-06-28 17:00:00") == both


def test_a_refresh_of_its_own_day_counts_loads_on_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dirty_rates(monkeypatch, "2026-06-28", "2026-06-28 07:00:00") == [on(27, "0.1"), on(28, "0.25")]
