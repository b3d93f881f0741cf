"""An order or a deal that names only a person finds the customer, and finds another one when the person has moved."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from lone_models import in_a_night, rows_of

EMPTY = {  # what no row of these tables says
    "int_orders_deduplicated": "order_number:varchar rep_key:varchar store_key:varchar dealer_key:varchar "
    "channel:varchar region_key:varchar currency:varchar paid_at:timestamp recorded_at:timestamp",
    "int_opportunities_deduplicated": "owner_rep_key:varchar currency:varchar lead_key:varchar product_line:varchar "
    "lost_reason:varchar probability_rate:decimal(18,4) expected_close_date:date closed_at:timestamp",
}


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    """Wang works at X, Li at nobody that is known; D1 is X's own deal, D2 one of Wang, D3 one of nobody."""
    with duckdb.connect() as connection:
        connection.execute("""
            create table int_customers_identified as select *, 1 as changed_batch, 'L0' as _changed_load_id
                from (values ('crm:x', 'X', 'east'), ('crm:y', 'Y', 'west'), ('crm:z', 'unknown', null))
                t(customer_record_key, customer_key, region_key);
            create table int_contacts_identified as select *, 1 as changed_batch, 'L0' as _changed_load_id
                from (values ('crm:wang', 'WANG', 'crm:x', 'X'), ('crm:li', 'LI', null, 'unknown'))
                t(contact_record_key, contact_key, customer_record_key, customer_key);
            create table int_opportunities_deduplicated as
                select *, 'L0' as _changed_load_id, timestamp '2026-06-01' as created_at,
                    'open' as opportunity_status, cast(1 as decimal(18, 4)) as amount
                from (values ('crm:D1', 'crm:x', null, false), ('crm:D2', null, 'crm:wang', false),
                    ('crm:D3', null, null, false), ('crm:D4', 'crm:y', null, true))
                t(opportunity_key, customer_record_key, contact_record_key, is_deleted);
            create table int_orders_deduplicated as
                select *, 'L0' as _changed_load_id, false as is_deleted, 'crm' as source, order_key as order_id,
                    'paid' as order_status, timestamp '2026-06-20' as ordered_at
                from (values
                    ('own', 'crm:y', 'crm:wang', 'crm:D1'), ('by person', null, 'crm:wang', null),
                    ('by deal', null, null, 'crm:D1'), ('by person of the deal', 'crm:z', 'crm:li', 'crm:D2'),
                    ('deal before person', null, 'crm:wang', 'crm:D3'), ('deleted deal', null, null, 'crm:D4'),
                    ('of nobody', 'crm:z', 'crm:li', 'crm:D3'))
                t(order_key, customer_record_key, contact_record_key, opportunity_key);
            create table int_order_lines_deduplicated (order_key varchar, _changed_load_id varchar);
            create table int_stores_deduplicated (store_key varchar, dealer_key varchar, _changed_load_id varchar);
            create table int_sales_reps_deduplicated (rep_key varchar, region_key varchar, _changed_load_id varchar);
            create table stg_settings__exchange_rates as select 'CNY' as currency, 1::decimal(18,8) as exchange_rate;
            create table stg_settings__payment_sources as select 'crm' as source;
            create table dim_dates (date_day date, workday_number bigint);
        """)
        for table, columns in EMPTY.items():
            for column in columns.split():
                connection.execute(f"alter table {table} add column {column.replace(':', ' ')}")
        yield connection


def customers(db: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    return {key: told for key, *told in rows_of(db, "int_orders_keyed", "order_key, customer_key, region_key")}


def test_an_order_is_of_its_own_customer_else_of_its_deals_else_of_its_persons_employer(
    db: duckdb.DuckDBPyConnection,
) -> None:
    assert customers(db) == {
        "own": ["Y", "west"],
        "by person": ["X", "east"],
        "by deal": ["X", "east"],
        "by person of the deal": ["X", "east"],
        "deal before person": ["X", "east"],
        "deleted deal": ["unknown", "unknown"],
        "of nobody": ["unknown", "unknown"],
    }


def test_a_deal_of_a_person_is_one_of_the_employer(db: duckdb.DuckDBPyConnection) -> None:
    rows_of(db, "int_orders_keyed", "order_key")  # a deal is asked for its paid orders
    deals = rows_of(db, "fct_opportunities", "opportunity_key, customer_key, region_key")
    assert deals == [("crm:D1", "X", "east"), ("crm:D2", "X", "east"), ("crm:D3", "unknown", "unknown")]


def test_a_region_is_that_of_the_customer_who_counts_and_of_nobody_else(db: duckdb.DuckDBPyConnection) -> None:
    """W has no region; X, whose deal it is, has one, but the order is none of X."""
    db.execute("insert into int_customers_identified values ('crm:w', 'W', null, 1, 'L0')")
    db.execute("insert into int_sales_reps_deduplicated values ('crm:r', 'north', 'L0')")
    of_w = "set customer_record_key = 'crm:w'"
    db.execute(f"update int_orders_deduplicated {of_w}, rep_key = 'crm:r' where order_key = 'own'")
    db.execute(
        f"update int_opportunities_deduplicated {of_w}, owner_rep_key = 'crm:r' where opportunity_key = 'crm:D3'"
    )
    assert customers(db)["own"] == ["W", "north"]
    assert customers(db)["deal before person"] == ["W", "unknown"]
    deals = rows_of(db, "fct_opportunities", "opportunity_key, customer_key, region_key")
    assert ("crm:D3", "W", "north") in deals


OF_WANG = {"own", "by person", "by person of the deal", "deal before person"}


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("update int_contacts_identified set customer_record_key = 'crm:y', _changed_load_id = 'L1' "
         "where contact_key = 'WANG'", OF_WANG),
        ("update int_customers_identified set customer_key = 'XX', changed_batch = 2 where customer_key = 'X'",
         OF_WANG | {"by deal"}),
        ("update int_opportunities_deduplicated set customer_record_key = 'crm:y', _changed_load_id = 'L1' "
         "where opportunity_key = 'crm:D1'", {"by deal"}),
        ("update int_opportunities_deduplicated set is_deleted = true, _changed_load_id = 'L1' "
         "where opportunity_key = 'crm:D3'", {"deal before person", "of nobody"}),
    ],
    ids=["a person moves", "a customer becomes another", "a deal goes to another customer", "a deal is deleted"],
)  # fmt: skip
def test_a_night_computes_the_orders_again_whose_customer_may_be_another(
    db: duckdb.DuckDBPyConnection, change: str, changed: set[str]
) -> None:
    """Every order that has another customer is among them."""
    before = customers(db)
    db.execute(change)
    if "contacts" in change or "'XX'" in change:
        db.execute("""update int_contacts_identified as c set customer_key = r.customer_key
            from int_customers_identified as r where c.customer_record_key = r.customer_record_key""")
    after = customers(db)
    with in_a_night(["L1"], 2):
        again = {key for (key,) in rows_of(db, "int_orders_changed", "order_key")}
    assert {key for key in after if after[key] != before[key]} <= again == changed
