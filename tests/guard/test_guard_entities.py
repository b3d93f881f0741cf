"""The suites at the door bite: a good batch passes whole, and every rule refuses the row made for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import guard_channels
import pytest
from guard_batch import PARAMETERS, row_ids

from sales_warehouse.contracts import load_contracts
from sales_warehouse.guard.suites import Suite, load_suite
from sales_warehouse.guard.validate import Validation, validate
from sales_warehouse.sql import ident, literal

NULL = None
FUTURE, EARLY, BEFORE = "2026-07-01 15:30:01", "1999-12-31 23:59:59", "2026-05-31 08:00:00"
MOMENT, LATER = "2026-06-01 08:00:00", "2026-06-01 09:00:00"

# A row that is whole, at the limits where there are limits; every other column is null.
GOOD: dict[str, dict[str, object]] = {
    "customers": {
        "customer_id": "C1",
        "name": "华东医疗",
        "uscc": "91310000MA1FL4CU8C",
        "created_at": MOMENT,
        "updated_at": "2026-07-01 15:30:00",
    },
    "contacts": {
        "contact_id": "P1",
        "role": "unknown",
        "phone": "+8613800138000",
        "email": "a@b.cn",
        "created_at": MOMENT,
    },
    "products": {"product_id": "A1", "name": "奶粉", "list_price_amount": 0},
    "sales_reps": {"rep_id": "R1", "name": "李", "fte": 1.5, "hired_date": "2020-01-01", "left_date": "2020-01-01"},
    "leads": {
        "lead_id": "L1",
        "created_at": MOMENT,
        "first_assigned_at": MOMENT,
        "phone": "+861088886666",
        "email": "a.b@c.com",
    },
    "opportunities": {
        "opportunity_id": "D1",
        "created_at": MOMENT,
        "closed_at": MOMENT,
        "status": "won",
        "currency": "CNY",
        "amount": 0,
        "probability_rate": 1,
    },
    "opportunity_stage_events": {
        "opportunity_id": "D1",
        "entered_at": MOMENT,
        "stage": "技术方案确认",
        "stage_order": 1,
        "amount": 0,
        "recorded_at": MOMENT,
    },
    "orders": {
        "order_id": "O1",
        "ordered_at": "2000-01-01",
        "paid_at": "2000-01-01",
        "delivered_at": MOMENT,
        "updated_at": MOMENT,
        "recorded_at": "2026-07-01 15:30:00",
        "status": "cancelled",
        "currency": "USD",
        "channel": "a channel of our own",
    },
    "order_lines": {
        "order_id": "O1",
        "line_number": 0,
        "product_id": "A1",
        "quantity": 3,
        "unit_price_amount": "0.3333",
        "discount_amount": "1.00",
        "tax_amount": 0,
    },
    "returns": {
        "return_id": "T1",
        "order_id": "O1",
        "returned_at": MOMENT,
        "refund_amount": 0,
        "quantity": 1,
        "currency": "CNY",
    },
    "invoices": {"invoice_id": "I1", "order_id": "O1", "amount": 0, "due_date": "2027-01-01"},
    "payments": {"payment_id": "Y1", "invoice_id": "I1", "amount": 0, "paid_at": MOMENT},
    "visits": {
        "visit_id": "V1",
        "customer_id": "C1",
        "rep_id": "R1",
        "started_at": MOMENT,
        "ended_at": MOMENT,
        "recorded_at": MOMENT,
        "latitude": -90,
        "longitude": 180,
    },
    "chats": {
        "chat_id": "H1",
        "started_at": MOMENT,
        "first_response_at": MOMENT,
        "ended_at": MOMENT,
        "message_count": 0,
        "satisfaction_score": 0,
    },
}

# What may be missing or unusual without being refused.
ALSO_GOOD: list[tuple[str, dict[str, object]]] = [
    ("customers", {"uscc": NULL, "created_at": NULL, "updated_at": NULL}),
    ("contacts", {"role": NULL, "phone": NULL, "email": NULL, "customer_id": NULL, "created_at": NULL}),
    ("products", {"list_price_amount": NULL}),
    ("sales_reps", {"fte": 0, "left_date": NULL, "hired_date": NULL}),
    ("leads", {"phone": NULL, "email": NULL, "company": NULL, "first_assigned_at": NULL}),
    (
        "opportunities",
        {"status": "open", "closed_at": NULL, "amount": NULL, "currency": NULL, "probability_rate": NULL},
    ),
    ("opportunity_stage_events", {"amount": NULL, "recorded_at": NULL, "stage_order": NULL}),
    ("orders", {"customer_id": NULL, "channel": NULL, "paid_at": NULL, "delivered_at": NULL, "recorded_at": NULL}),
    ("order_lines", {"discount_amount": NULL, "tax_amount": NULL, "unit_price_amount": 0}),
    ("returns", {"order_id": NULL, "product_id": "A1", "quantity": NULL, "currency": NULL}),
    ("visits", {"ended_at": NULL, "recorded_at": NULL, "latitude": NULL, "longitude": NULL}),
    ("chats", {"customer_id": NULL, "ended_at": NULL, "first_response_at": NULL, "message_count": NULL}),
]

Case = tuple[str, str, object, str]
MISSING = "expect_column_values_to_not_be_null."


def _required(entity: str, *columns: str) -> list[Case]:
    return [(entity, column, NULL, MISSING + column) for column in columns]


def _future(entity: str, *columns: str) -> list[Case]:
    return [(entity, column, FUTURE, f"{column}_not_in_future") for column in columns]


# entity, column, bad value, the one rule that must refuse the row (and no other).
BAD: list[Case] = [
    *_required("customers", "customer_id", "name"),
    *_future("customers", "created_at", "updated_at"),
    ("customers", "uscc", "91310000MA1FL4CU8", "uscc_form"),
    ("customers", "uscc", "91310000MA1FL4CU8I", "uscc_form"),
    ("customers", "uscc", "91310000MA1FL4CU8C\n", "uscc_form"),
    *_required("contacts", "contact_id"),
    *_future("contacts", "created_at"),
    ("contacts", "role", "boss", "role_known"),
    ("contacts", "phone", "13800138000", "phone_form"),
    ("contacts", "phone", "+86 13800138000", "phone_form"),
    ("contacts", "phone", "x+8613800138000", "phone_form"),
    ("contacts", "email", "a@b", "email_form"),
    *_required("products", "product_id", "name"),
    ("products", "list_price_amount", -1, "list_price_not_negative"),
    *_required("sales_reps", "rep_id", "name"),
    ("sales_reps", "fte", "1.51", "fte_range"),
    ("sales_reps", "fte", -1, "fte_range"),
    ("sales_reps", "left_date", "2019-12-31", "left_after_hired"),
    *_required("leads", "lead_id", "created_at"),
    *_future("leads", "first_assigned_at"),
    ("leads", "created_at", EARLY, "created_at_not_too_early"),
    ("leads", "phone", "+0", "phone_form"),
    ("leads", "email", "a b@c.com", "email_form"),
    ("leads", "first_assigned_at", BEFORE, "assigned_after_created"),
    *_required("opportunities", "opportunity_id", "status"),
    ("opportunities", "created_at", NULL, "closed_has_beginning"),
    *_future("opportunities", "closed_at"),
    ("opportunities", "status", "Won", "status_known"),
    ("opportunities", "currency", "EUR", "currency_known"),
    ("opportunities", "amount", "-0.01", "amount_not_negative"),
    ("opportunities", "probability_rate", 35, "probability_range"),
    ("opportunities", "closed_at", BEFORE, "closed_after_created"),
    ("opportunities", "closed_at", NULL, "closed_has_moment"),
    ("opportunities", "amount", NULL, "won_has_amount"),
    ("opportunities", "created_at", EARLY, "created_at_not_too_early"),
    *_required("opportunity_stage_events", "opportunity_id", "entered_at", "stage"),
    *_future("opportunity_stage_events", "recorded_at"),
    ("opportunity_stage_events", "stage_order", 0, "stage_order_range"),
    ("opportunity_stage_events", "amount", -1, "amount_not_negative"),
    ("opportunity_stage_events", "entered_at", EARLY, "entered_at_not_too_early"),
    ("opportunity_stage_events", "recorded_at", BEFORE, "recorded_after_entered"),
    *_required("orders", "order_id", "ordered_at", "status", "currency"),
    *_future("orders", "paid_at", "delivered_at", "updated_at", "recorded_at"),
    ("orders", "status", "已付款", "status_known"),
    ("orders", "currency", "cny", "currency_known"),
    ("orders", "ordered_at", EARLY, "ordered_at_not_too_early"),
    ("orders", "paid_at", EARLY, "paid_after_ordered"),
    ("orders", "delivered_at", EARLY, "delivered_after_ordered"),
    ("orders", "recorded_at", EARLY, "recorded_after_ordered"),
    *_required("order_lines", "order_id", "line_number", "product_id", "quantity", "unit_price_amount"),
    ("order_lines", "line_number", -1, "line_number_not_negative"),
    ("order_lines", "discount_amount", "-0.01", "discount_not_negative"),
    ("order_lines", "discount_amount", "1.01", "discount_within_gross"),
    ("order_lines", "tax_amount", -1, "tax_not_negative"),
    *_required("returns", "return_id", "returned_at", "refund_amount"),
    *_future("returns", "returned_at"),
    ("returns", "quantity", 0, "quantity_positive"),
    ("returns", "refund_amount", -1, "refund_not_negative"),
    ("returns", "currency", "", "currency_known"),
    ("returns", "order_id", NULL, "order_or_product_named"),
    ("returns", "returned_at", EARLY, "returned_at_not_too_early"),
    *_required("invoices", "invoice_id", "amount", "order_id", "due_date"),
    ("invoices", "amount", -1, "amount_not_negative"),
    ("invoices", "due_date", "1999-12-31", "due_date_not_too_early"),
    *_required("payments", "payment_id", "amount", "paid_at", "invoice_id"),
    *_future("payments", "paid_at"),
    ("payments", "amount", -1, "amount_not_negative"),
    ("payments", "paid_at", EARLY, "paid_at_not_too_early"),
    *_required("visits", "visit_id", "customer_id", "started_at", "rep_id"),
    *_future("visits", "ended_at", "recorded_at"),
    ("visits", "ended_at", BEFORE, "ended_after_started"),
    ("visits", "recorded_at", BEFORE, "recorded_after_started"),
    ("visits", "started_at", EARLY, "started_at_not_too_early"),
    ("visits", "latitude", "90.0001", "latitude_range"),
    ("visits", "longitude", -181, "longitude_range"),
    *_required("chats", "chat_id", "started_at"),
    *_future("chats", "first_response_at", "ended_at"),
    ("chats", "first_response_at", BEFORE, "answered_after_started"),
    ("chats", "ended_at", BEFORE, "ended_after_started"),
    ("chats", "started_at", EARLY, "started_at_not_too_early"),
    ("chats", "message_count", -1, "message_count_not_negative"),
    ("chats", "satisfaction_score", -1, "satisfaction_not_negative"),
]

# Bad rows that need more than one value: what comes after a moment in the future would break a rule as well.
BAD_TOGETHER: list[tuple[str, dict[str, object], set[str]]] = [
    ("leads", {"created_at": FUTURE, "first_assigned_at": NULL}, {"created_at_not_in_future"}),
    ("opportunities", {"created_at": FUTURE, "closed_at": NULL, "status": "open"}, {"created_at_not_in_future"}),
    ("opportunity_stage_events", {"entered_at": FUTURE, "recorded_at": NULL}, {"entered_at_not_in_future"}),
    (
        "orders",
        {"ordered_at": FUTURE, "paid_at": NULL, "delivered_at": NULL, "recorded_at": NULL},
        {"ordered_at_not_in_future"},
    ),
    ("visits", {"started_at": FUTURE, "ended_at": NULL, "recorded_at": NULL}, {"started_at_not_in_future"}),
    ("chats", {"started_at": FUTURE, "first_response_at": NULL, "ended_at": NULL}, {"started_at_not_in_future"}),
    ("order_lines", {"quantity": 0, "discount_amount": 0}, {"quantity_positive"}),
    ("order_lines", {"quantity": -2, "discount_amount": "0.50"}, {"quantity_positive"}),
    ("order_lines", {"unit_price_amount": -1, "discount_amount": 0}, {"unit_price_not_negative"}),
    # A poison row must not make the judging itself fail by overflow.
    (
        "order_lines",
        {"quantity": 9223372036854775807, "unit_price_amount": "99999999999999.9999"},
        {"gross_is_possible"},
    ),
    ("order_lines", {"quantity": 4, "unit_price_amount": "2500000000000"}, {"gross_is_possible"}),
    ("order_lines", {"quantity": 4, "unit_price_amount": "2499999999999.9999"}, set()),
]

GOOD |= guard_channels.GOOD
ALSO_GOOD += guard_channels.ALSO_GOOD
BAD += guard_channels.BAD
BAD_TOGETHER += guard_channels.BAD_TOGETHER
ENTITIES = sorted(load_contracts())


def _suite(entity: str, expectations: Path) -> Suite:
    return load_suite(expectations, entity, PARAMETERS)


def _cases(entity: str) -> list[tuple[dict[str, object], set[str]]]:
    """Rows of the bad batch: what differs from the good row, and the rules that must refuse it."""
    single = [({column: value}, {rule}) for name, column, value, rule in BAD if name == entity]
    together = [(values, rules) for name, values, rules in BAD_TOGETHER if name == entity]
    return single + together


def _batch(entity: str, rows: list[dict[str, object]]) -> str:
    """SQL that makes the relation with the contract's types; row ids are 0, 1, 2 …"""
    schema = load_contracts()[entity].schema
    columns = ", ".join(f"{ident(name)} {sql_type}" for name, sql_type in {"_row_id": "BIGINT", **schema}.items())
    tuples = [
        "(" + ", ".join([str(row_id), *(literal(row.get(name)) for name in schema)]) + ")"
        for row_id, row in enumerate(rows)
    ]
    return f"create table {ident(entity)} ({columns}); insert into {ident(entity)} values {', '.join(tuples)};"


def _validate(entity: str, rows: list[dict[str, object]], suite: Suite, database: Callable[[str], Path]) -> Validation:
    return validate(database(_batch(entity, rows)), entity, suite)


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_good_batch_passes_whole(entity: str, expectations: Path, database: Callable[[str], Path]) -> None:
    rows = [GOOD[entity], *({**GOOD[entity], **values} for name, values in ALSO_GOOD if name == entity)]
    validation = _validate(entity, rows, _suite(entity, expectations), database)
    assert [result.rule for result in validation.results if not result.success] == []


@pytest.mark.parametrize("entity", ENTITIES)
def test_each_bad_row_is_refused_by_its_rule_and_no_other(
    entity: str, expectations: Path, database: Callable[[str], Path]
) -> None:
    cases = _cases(entity)
    file = database(_batch(entity, [{**GOOD[entity], **values} for values, _ in cases]))
    validation = validate(file, entity, _suite(entity, expectations))
    found: dict[int, set[str]] = {row_id: set() for row_id in range(len(cases))}
    for result in validation.results:
        failing = row_ids(file, result.failing_rows_sql or "")
        assert len(failing) == result.unexpected_count, result.rule
        for row_id in failing:
            found[row_id].add(result.rule)
    assert {str(cases[i][0]): rules for i, rules in found.items()} == {str(values): rules for values, rules in cases}


@pytest.mark.parametrize("entity", ENTITIES)
def test_no_rule_is_left_without_a_row_that_it_refuses(entity: str, expectations: Path) -> None:
    rules = {rule.id for rule in _suite(entity, expectations).rules}
    assert rules == set().union(*(expected for _, expected in _cases(entity)))


def test_every_entity_has_a_suite_and_every_suite_an_entity(expectations: Path) -> None:
    assert sorted(file.stem for file in expectations.glob("*.yml")) == ENTITIES


@pytest.mark.parametrize("entity", ENTITIES)
def test_rules_name_columns_of_the_contract(entity: str, expectations: Path) -> None:
    columns = set(load_contracts()[entity].columns)
    for rule in _suite(entity, expectations).rules:
        assert set(rule.columns) <= columns, rule.id


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_reason_is_in_both_languages(entity: str, expectations: Path) -> None:
    for rule in _suite(entity, expectations).rules:
        assert rule.reason_en.isascii() or "红字发票" in rule.reason_en, rule.id
        assert not rule.reason_zh.isascii(), rule.id
