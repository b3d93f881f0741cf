"""What names a store and no dealer is about the store's dealer, and about another one once the store changed hands."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from lone_models import in_a_night, rows_of

EMPTY = {
    "int_customers_identified": "customer_record_key customer_key region_key _changed_load_id",
    "int_contacts_identified": "contact_record_key contact_key customer_record_key customer_key _changed_load_id",
    "int_opportunities_deduplicated": "opportunity_key customer_record_key contact_record_key is_deleted:boolean "
    "_changed_load_id",
    "int_order_lines_deduplicated": "order_key _changed_load_id",
    "int_sales_reps_deduplicated": "rep_key region_key _changed_load_id",
    "int_visits_deduplicated": "visit_key customer_record_key contact_record_key _changed_load_id",
    "int_chats_deduplicated": "chat_key customer_record_key contact_record_key _changed_load_id",
    "int_calls_deduplicated": "call_key customer_record_key contact_record_key _changed_load_id",
    "int_web_events_deduplicated": "event_key contact_record_key _changed_load_id",
    "int_leads_deduplicated": "lead_key customer_record_key _changed_load_id",
    "int_quotes_deduplicated": "quote_key opportunity_key _changed_load_id",
    "int_returns_deduplicated": "return_key order_key _changed_load_id",
    "stg_settings__exchange_rates": "currency exchange_rate:decimal(20,12)",
    "stg_settings__payment_sources": "source",
}
NOT_SAID = "customer_record_key contact_record_key opportunity_key rep_key channel region_key order_number currency"


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    """Store S is of dealer D, store T of nobody that is known; each row names the dealer E, or none."""
    with duckdb.connect() as connection:
        for table, columns in EMPTY.items():
            typed = (column if ":" in column else f"{column}:varchar" for column in columns.split())
            connection.execute(f"create table {table} ({', '.join(column.replace(':', ' ') for column in typed)})")
        for table in ("int_customers_identified", "int_contacts_identified"):
            connection.execute(f"alter table {table} add column changed_batch integer")
        unsaid = ", ".join(f"null::varchar as {name}" for name in NOT_SAID.split())
        connection.execute(f"""
            create table int_stores_deduplicated as select *, 'L0' as _changed_load_id
                from (values ('S', 'D'), ('T', null)) t(store_key, dealer_key);
            create table int_orders_deduplicated as select *, {unsaid}, order_key as order_id, 'shop' as source,
                'paid' as order_status, timestamp '2026-06-20' as ordered_at, null::timestamp as paid_at,
                null::timestamp as recorded_at, false as is_deleted, 'L0' as _changed_load_id
                from (values ('own', 'S', 'E'), ('of the store', 'S', null), ('of a store of nobody', 'T', null),
                    ('of a store never sent', 'U', null), ('of no store', null, null))
                t(order_key, store_key, dealer_key);
            create table int_satisfaction_scores_deduplicated as select *, 'shop' as source,
                null::varchar as customer_record_key, 4.0 as score, 5.0 as max_score,
                timestamp '2026-06-21' as answered_at, false as is_deleted, 'L0' as _changed_load_id
                from (values ('own', null, 'S', 'E'), ('of the store', null, 'S', null),
                    ('of a store of nobody', null, 'T', null), ('by the order', 'own', null, null),
                    ('by the store of the order', 'of the store', null, null),
                    ('store before order', 'own', 'S', null), ('of nothing', null, null, null))
                t(survey_key, order_key, store_key, dealer_key)""")
        yield connection


def dealers(db: duckdb.DuckDBPyConnection) -> tuple[dict[str, str], dict[str, str]]:
    orders = rows_of(db, "int_orders_keyed", "order_key, dealer_key")
    return dict(orders), dict(rows_of(db, "fct_satisfaction_scores", "survey_key, dealer_key"))


def test_an_order_or_answer_that_names_a_store_is_of_its_dealer(db: duckdb.DuckDBPyConnection) -> None:
    orders, answers = dealers(db)
    assert orders == {
        "own": "E", "of the store": "D", "of a store of nobody": "unknown", "of a store never sent": "unknown",
        "of no store": "unknown",
    }  # fmt: skip
    assert answers == {
        "own": "E", "of the store": "D", "of a store of nobody": "unknown", "by the order": "E",
        "by the store of the order": "D", "store before order": "D", "of nothing": "unknown",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "orders", "answers"),
    [
        ("update int_stores_deduplicated set dealer_key = 'F', _changed_load_id = 'L1' where store_key = 'S'",
         {"of the store"}, {"of the store", "store before order", "by the store of the order"}),
        ("insert into int_stores_deduplicated values ('U', 'D', 'L1')", {"of a store never sent"}, set()),
    ],
    ids=["a store changes hands", "the record of a store arrives"],
)  # fmt: skip
def test_a_night_computes_again_what_names_a_store_that_changed(
    db: duckdb.DuckDBPyConnection, change: str, orders: set[str], answers: set[str]
) -> None:
    """Every order and answer that has another dealer, and none that names its own."""
    before = dealers(db)
    db.execute(change)
    after = dealers(db)
    with in_a_night(["L1"], 2):
        again = {key for (key,) in rows_of(db, "int_orders_changed", "order_key")}
        told = {key for (key,) in rows_of(db, "int_touchpoints_changed", "touchpoint_key")}
    assert {key for key in after[0] if after[0][key] != before[0][key]} == again == orders
    assert {key for key in after[1] if after[1][key] != before[1][key]} == answers
    assert told == {f"survey:{key}" for key in answers}
