"""Which workdays a source can have missed."""

from __future__ import annotations

import datetime

import duckdb
import pytest
from lone_models import give_hours, on, rows_of


@pytest.mark.parametrize("is_read_often", [True, False], ids=["a table that is asked", "files"])
def test_the_history_that_a_source_brings_at_first_was_never_late(is_read_often: bool) -> None:
    """On Thursday morning a source is connected and read: what it says of the days before could not have been in."""
    db = duckdb.connect()
    db.execute("create table dim_sales_reps (rep_key varchar)")
    give_hours(db)
    db.execute(
        "create table stg_settings__sources as select 'new' as source, 'data' as owner, 1080 as deadline_minutes, "
        f"false as is_due_at_closing, {not is_read_often} as is_in_files, {is_read_often} as is_read_often"
    )
    db.execute("create table stg_ledger__readings (source varchar, read_at timestamp)")
    db.execute(
        "create table stg_ledger__arrivals as select 'new' as source, timestamp '2026-06-25 01:00:00' as arrived_at, "
        "d::date as event_date, d + interval 1 hour as first_event_at "
        "from range(timestamp '2026-06-01', timestamp '2026-06-25', interval 1 day) t(d)"
    )
    with on("2026-06-26", "09:00:00"):  # 17:00 on Friday
        found = rows_of(db, "trust_deadlines", "date_day, deadline_status")
    assert found == [(datetime.date(2026, 6, 25), "missed"), (datetime.date(2026, 6, 26), "due")]
