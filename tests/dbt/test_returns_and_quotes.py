"""What comes back and what is offered: of deleted orders, units without a line, money alone, and other currencies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal as D

import duckdb
import pytest
from lone_models import rows_of


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("""
            create table stg_settings__exchange_rates as from (values ('CNY', 1::decimal(18, 8)), ('USD', 7.1))
                t(currency, exchange_rate);
            create table int_customers_identified as
                select 'x' as customer_record_key, 'x' as customer_key, 'east' as region_key where false;
            create table int_sales_reps_deduplicated as select 'x' as rep_key, 'x' as region_key where false;
            create table int_orders_deduplicated as from (values ('there', false), ('void', false), ('gone', true))
                t(order_key, is_deleted);
            create table int_orders_keyed as from (values
                ('there', 'c', 'r', 'web', 'east', 1::decimal(18, 8), false),
                ('void', 'c', 'r', 'web', 'east', 1, true))
                t(order_key, customer_key, rep_key, channel, region_key, exchange_rate, is_cancelled);
        """)
        yield connection


def test_what_came_back_of_an_order_or_line_that_its_source_deleted_takes_nothing_off_sales(
    db: duckdb.DuckDBPyConnection,
) -> None:
    db.execute("""
        create table int_order_lines_deduplicated as from (values ('there', 1, 'p', false), ('there', 2, null, true),
            ('gone', 1, 'p', false)) t(order_key, line_number, product_key, is_deleted);
        create table int_returns_deduplicated as select return_key, 'erp' as source, order_key, line_number,
            null::varchar as product_key, null::varchar as rep_key, null::varchar as channel,
            null::varchar as region_key, null::varchar as customer_record_key, null::varchar as currency,
            timestamp '2026-06-20 02:00:00' as returned_at, 1 as quantity, 100 as refund_amount,
            null as return_reason, false as is_deleted, '20260621T020000_000001-erp' as _changed_load_id
        from (values ('of_there', 'there', 1), ('of_no_line', 'there', null), ('of_a_deleted_line', 'there', 2),
            ('of_void', 'void', 1), ('of_gone', 'gone', 1), ('of_nobody', 'never sent', 1))
            t(return_key, order_key, line_number);
    """)
    found = rows_of(db, "fct_returns", "return_key, is_order_known, is_cancelled")
    learnt = db.execute("select distinct learnt_at from fct_returns").fetchall()
    assert learnt == [(datetime(2026, 6, 21, 2, 0, 0, 1),)]
    assert found == [
        ("of_a_deleted_line", True, True), ("of_gone", False, True), ("of_no_line", True, False),
        ("of_nobody", False, False), ("of_there", True, False), ("of_void", True, True),
    ]  # fmt: skip


def test_nothing_is_due_for_a_deleted_order(db: duckdb.DuckDBPyConnection) -> None:
    """An invoice of an order that is there (60 of 100 paid), of a cancelled one and of a deleted one."""
    db.execute("""
        create table dim_dates as select day::date as date_day
            from generate_series(timestamp '2026-05-01', timestamp '2026-06-30', interval 1 day) t(day);
        create or replace table int_invoices_deduplicated as select key as invoice_key, key as order_key, 100 as amount,
            date '2026-05-10' as due_date, false as is_deleted, 'of another name' as _changed_load_id
            from (values ('there'), ('void'), ('gone')) t(key);
        create table fct_payments as from (values ('there', date '2026-05-11', 60::decimal(18, 4)))
            t(invoice_key, paid_date, amount);
        create table dim_sales_reps as from (values ('r', 't'), ('unknown', 'unknown')) t(rep_key, team);
    """)
    kept = rows_of(db, "fct_invoices", "invoice_key, is_order_known, is_cancelled, learnt_at")
    assert kept == [("gone", False, True, None), ("there", True, False, None), ("void", True, True, None)]
    collected = rows_of(db, "fct_collections", "invoice_key, region_key, rep_key, due_amount, collected_amount")
    assert collected == [("there", "east", "r", 100, 60)]
    found = rows_of(db, "int_kpi_collection_rate", "period_grain, dimension_name, numerator, denominator")
    assert ("month", "total", 60, 100) in found


def test_a_credit_note_lowers_what_is_due_in_the_month_of_its_invoice(db: duckdb.DuckDBPyConnection) -> None:
    """Order `there` has 100 due in May, of which 40 were paid, and 200 due in June, of which 150 were.

    Notes of May and June take 70 and 60 off: 60 and 50 that are unpaid, the earlier one first, and 20 of the 40 that
    were paid in May. One of July is not there yet; one that names no order belongs to nobody's invoice.
    """
    db.execute("""
        create table dim_dates as select day::date as date_day
            from generate_series(timestamp '2026-05-01', timestamp '2026-06-30', interval 1 day) t(day);
        create or replace table int_invoices_deduplicated as select *, false as is_deleted,
            null::varchar as _changed_load_id from (
            values ('i1', 'there', 100, date '2026-05-10'), ('i2', 'there', 200, date '2026-06-10'),
            ('n1', 'there', -70, date '2026-05-20'), ('n2', 'there', -60, null), ('n3', 'there', -5, date '2026-07-20'),
            ('n4', null, -9, date '2026-06-10'), ('i3', null, 10, date '2026-06-11'))
            t(invoice_key, order_key, amount, due_date);
        create or replace table fct_payments as from (values ('i1', date '2026-05-11', 40::decimal(18, 4)),
            ('i2', date '2026-06-11', 150)) t(invoice_key, paid_date, amount);
        create or replace table dim_sales_reps as from (values ('r', 't'), ('unknown', 'unknown')) t(rep_key, team);
    """)
    rows_of(db, "fct_invoices", "invoice_key")
    found = rows_of(db, "fct_collections", "invoice_key, due_amount, collected_amount")
    assert found == [("i1", 20, 20), ("i2", 150, 150), ("i3", 10, 0)]
    rates = rows_of(db, "int_kpi_collection_rate", "period_grain, dimension_name, numerator, denominator")
    assert [row[2:] for row in rates if row[:2] == ("month", "total")] == [(20, 20), (150, 160)]


def test_a_quote_is_in_the_currency_of_its_deal(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("""
        create table fct_opportunities as from (values ('usd', 'c', 'p', 'r'), ('cny', 'c', 'p', 'r'))
            t(opportunity_key, customer_key, contact_key, owner_rep_key);
        create table int_opportunities_deduplicated as from (values ('usd', 'USD'), ('cny', null))
            t(opportunity_key, currency);
        create table int_quotes_deduplicated as select key as quote_key, 1 as quote_version, 'crm' as source,
            key as opportunity_key, amount, discount_amount, date '2026-07-01' as valid_until_date,
            timestamp '2026-06-01 02:00:00' as created_at, false as is_deleted, null::varchar as _changed_load_id
        from (values ('usd', 100000, 10.00), ('cny', 70, null), ('never sent', 70, 1)) t(key, amount, discount_amount);
    """)
    found = rows_of(db, "fct_quotes", "quote_key, amount, discount_amount")
    assert found == [("cny", 70, 0), ("never sent", 70, 1), ("usd", 710000, 71)]
    assert found[2][1:] == (D("710000.0000"), D("71.0000"))


def test_units_in_no_return_rate_are_counted_with_the_reason(db: duckdb.DuckDBPyConnection) -> None:
    """Of erp:full 5 of 3 came back; of erp:bare nobody knows what was sold; one return names no order at all."""
    db.execute("""
        create table fct_order_lines as select *, 'east' as region_key, 'web' as channel, 'c' as customer_key,
            date '2026-06-01' as order_date from (values
            ('erp:full', 1, 'p', 2), ('erp:full', 2, 'q', 1), ('erp:fits', 1, 'p', 9))
            t(order_key, line_number, product_key, quantity);
        create table fct_returns as select *, date '2026-06-20' as return_date from (values
            ('erp:full', 1, 'p', 3, true, false, 'erp'), ('erp:full', null, 'unknown', 2, true, false, 'erp'),
            ('erp:fits', null, 'z', 9, true, false, 'erp'), ('erp:fits', 1, 'p', 7, true, true, 'erp'),
            ('erp:bare', 1, 'unknown', 4, true, false, 'erp'), ('web:never', 1, 'p', 1, false, false, 'erp'),
            (null, null, 'p', 6, false, false, 'till'), (null, null, 'p', 2, false, false, 'till'))
            t(order_key, line_number, product_key, quantity, is_order_known, is_cancelled, source);
    """)
    found = rows_of(db, "fct_line_returns", "order_key, line_number, product_key, returned_quantity, counted_quantity")
    assert found == [("erp:fits", 1, "p", 9, 9), ("erp:full", 1, "p", 3, 2), ("erp:full", 2, "q", 1, 1)]
    assert rows_of(db, "trust_unmatched_returns", "*") == [
        ("erp", "more_than_sold", 1, 2), ("erp", "order_without_lines", 1, 4), ("till", "no_order", 1, 8),
        ("web", "unknown_order", 1, 1),
    ]  # fmt: skip


def test_money_that_is_given_back_without_goods_is_no_line_that_came_back(db: duckdb.DuckDBPyConnection) -> None:
    """Of `both` a unit comes back and then a yuan; of `money` a yuan twice, once for the order and once for a line."""
    db.execute("""
        create table fct_order_lines as select key as order_key, 1 as line_number, 'p' as product_key,
            'east' as region_key, 'web' as channel, 'c' as customer_key, date '2026-06-16' as order_date, 2 as quantity,
            false as is_cancelled
        from (values ('both'), ('money'), ('kept')) t(key);
        create table fct_returns as select *, 'p' as product_key, 1.0000 as refund_amount,
            date '2026-06-20' as return_date, false as is_cancelled
        from (values ('both', 1, 1), ('both', 1, 0), ('money', 1, 0), ('money', null, 0))
            t(order_key, line_number, quantity);
    """)
    assert rows_of(db, "fct_line_returns", "order_key, returned_quantity, counted_quantity") == [("both", 1, 1)]
    counted = "sold_line_count, returned_line_count, returned_unit_count, sold_order_count, returned_order_count"
    assert rows_of(db, "int_return_cohorts_counted", f"period_grain, {counted}") == [("week", 3, 1, 1, 3, 1)]


def test_a_refund_is_in_its_own_currency_else_in_that_of_its_order(db: duckdb.DuckDBPyConnection) -> None:
    """Of an order in dollars of 7.10 yuan, of one in yuan, and of none: 71 with a currency and without."""
    db.execute("""
        insert into int_orders_deduplicated values ('dollars', false);
        insert into int_orders_keyed values ('dollars', 'c', 'r', 'web', 'east', 7.1, false);
        create table int_order_lines_deduplicated as
            select 'x' as order_key, 1 as line_number, 'x' as product_key, false as is_deleted where false;
        create table int_returns_deduplicated as select order_key || ' ' || coalesce(currency, 'none') as return_key,
            'erp' as source, order_key, null::bigint as line_number, null::varchar as product_key,
            null::varchar as rep_key, null::varchar as channel, null::varchar as region_key,
            null::varchar as customer_record_key, currency, timestamp '2026-06-20 02:00:00' as returned_at,
            1 as quantity, 71.0000 as refund_amount, null as return_reason, false as is_deleted,
            null::varchar as _changed_load_id
        from (values ('dollars'), ('there'), ('never')) t(order_key), (values ('CNY'), ('USD'), (null)) u(currency);
    """)
    assert rows_of(db, "fct_returns", "return_key, refund_amount") == [
        ("dollars CNY", 71), ("dollars USD", D("504.1")), ("dollars none", D("504.1")),
        ("never CNY", 71), ("never USD", D("504.1")), ("never none", 71),
        ("there CNY", 71), ("there USD", D("504.1")), ("there none", 71),
    ]  # fmt: skip
