"""What dbt's Python models know of their run."""

from __future__ import annotations

import datetime

import duckdb
import pytest

from sales_warehouse.causes.modelled import RunTold, opened, run_told

DAY = datetime.date(2026, 7, 1)


def test_a_run_is_told_by_its_row() -> None:
    row = duckdb.sql("select 'Asia/Shanghai' as time_zone, 'CNY' as currency, date '2026-07-01' as business_date")
    assert run_told(row) == RunTold(DAY, "Asia/Shanghai", "CNY")


@pytest.mark.parametrize("given", [DAY, "2026-07-01"], ids=["today's model", "a model of a past night"])
def test_a_connection_has_the_day_that_it_was_given(given: datetime.date | str) -> None:
    with duckdb.connect() as session:
        asked = opened(session, "main", business_date=given, time_zone="Asia/Shanghai")
        row = asked.execute("select getvariable('business_date'), getvariable('time_zone')").fetchone()
    assert row == (DAY, "Asia/Shanghai")
