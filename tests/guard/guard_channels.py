"""Good and bad rows of the channels beside the spine: what a whole row is, and the one rule that each fault breaks."""

from __future__ import annotations

NULL = None
FUTURE, EARLY, BEFORE = "2026-07-01 15:30:01", "1999-12-31 23:59:59", "2026-05-31 08:00:00"
MOMENT = "2026-06-01 08:00:00"
MISSING = "expect_column_values_to_not_be_null."

Row = dict[str, object]
Case = tuple[str, str, object, str]

GOOD: dict[str, Row] = {
    "quotes": {
        "quote_id": "Q1", "version": 1, "opportunity_id": "crm:D1", "amount": 0, "discount_amount": 0,
        "valid_until": "2026-06-01", "created_at": MOMENT,
    },
    "calls": {
        "call_id": "K1", "rep_id": "crm:R1", "direction": "inbound", "started_at": MOMENT, "duration_seconds": 0,
        "recorded_at": MOMENT,
    },
    "chat_messages": {"chat_id": "H1", "message_number": 1, "sender_type": "rep", "sent_at": MOMENT, "text": "您好"},
    "web_events": {"event_id": "E1", "visitor_id": "v1", "event_type": "page_view", "occurred_at": MOMENT},
    "satisfaction_scores": {
        "survey_id": "S1", "customer_id": "crm:C1", "score": 5, "max_score": 5, "answered_at": MOMENT,
    },
    "dealers": {"dealer_id": "X1", "name": "华东经销"},
    "stores": {"store_id": "ST1", "name": "一店", "dealer_id": "dealers:X1"},
    "dealer_orders": {
        "dealer_order_id": "B1", "line_number": 0, "dealer_id": "dealers:X1", "product_id": "crm:A1", "quantity": 1,
        "amount": 0, "ordered_at": MOMENT,
    },
    "dealer_inventory": {
        "dealer_id": "dealers:X1", "product_id": "crm:A1", "counted_at": MOMENT, "quantity": 0, "reported_at": MOMENT,
    },
    "store_sales": {
        "store_sale_id": "N1", "store_id": "dealers:ST1", "product_id": "crm:A1", "quantity": 1, "amount": "9.90",
        "sold_at": MOMENT,
    },
    "market_events": {
        "event_id": "M1", "event_type": "买一赠一", "actor": "competitor", "starts_on": "2026-06-01",
        "ends_on": "2026-06-01",
    },
    "targets": {
        "target_id": "T1", "metric_id": "net_sales", "scope": "region=华东", "baseline_value": 1,
        "target_value": "0.15",
        "mode": "relative_rate", "starts_on": "2026-06-01", "due_on": "2026-06-01", "weight": 1,
    },
    "experiments": {
        "experiment_id": "X1", "unit_type": "customer", "starts_on": "2026-06-01", "ends_on": "2026-06-01",
    },
    "experiment_assignments": {"experiment_id": "X1", "unit_id": "C1", "variant": "A", "assigned_at": MOMENT},
}  # fmt: skip

# What may be missing or unusual without being refused.
ALSO_GOOD: list[tuple[str, Row]] = [
    ("quotes", {"discount_amount": NULL, "valid_until": NULL}),
    ("calls", {"customer_id": NULL, "contact_id": NULL, "duration_seconds": 86400, "recorded_at": NULL}),
    ("chat_messages", {"sender_type": "robot", "text": NULL}),
    ("web_events", {"visitor_id": NULL, "contact_id": "crm:P1", "content_id": NULL, "content_type": NULL}),
    ("satisfaction_scores", {"score": 0, "customer_id": NULL, "store_id": "dealers:ST1"}),
    ("dealers", {"region": NULL, "tier": NULL}),
    ("stores", {"region": NULL, "province": NULL, "city": NULL}),
    ("dealer_orders", {"quantity": -1, "amount": "-9.90", "batch_id": NULL}),
    ("dealer_inventory", {"reported_at": NULL}),
    ("store_sales", {"quantity": -1, "amount": "-9.90", "batch_id": NULL}),
    ("market_events", {"actor": NULL, "ends_on": NULL, "region": NULL, "starts_on": "2030-01-01"}),
    ("targets", {"scope": "total", "mode": "absolute", "baseline_value": NULL, "weight": NULL}),
    ("targets", {"scope": NULL, "mode": NULL, "baseline_value": NULL}),
    # what makes it a bad goal is told in kpi_goal_lints
    ("targets", {"metric_id": NULL, "target_value": NULL, "baseline_value": NULL, "starts_on": NULL, "due_on": NULL}),
    ("targets", {"due_on": "2026-05-31"}),
    ("experiments", {"unit_type": NULL, "ends_on": NULL, "hypothesis": NULL, "metric_id": NULL}),
    ("experiment_assignments", {"assigned_at": "2026-07-01 15:30:00"}),
]


def _required(entity: str, *columns: str) -> list[Case]:
    return [(entity, column, NULL, MISSING + column) for column in columns]


# entity, column, bad value, the one rule that must refuse the row (and no other).
BAD: list[Case] = [
    *_required("quotes", "quote_id", "version", "created_at", "amount", "opportunity_id"),
    ("quotes", "version", 0, "version_positive"),
    ("quotes", "amount", -1, "amount_not_negative"),
    ("quotes", "discount_amount", -1, "discount_not_negative"),
    ("quotes", "created_at", EARLY, "created_at_not_too_early"),
    ("quotes", "valid_until", "2026-05-30", "valid_after_created"),
    *_required("calls", "call_id", "started_at", "direction", "rep_id"),
    ("calls", "direction", "呼入", "direction_known"),
    ("calls", "duration_seconds", -1, "duration_range"),
    ("calls", "duration_seconds", 86401, "duration_range"),
    ("calls", "started_at", EARLY, "started_at_not_too_early"),
    ("calls", "recorded_at", FUTURE, "recorded_at_not_in_future"),
    ("calls", "recorded_at", BEFORE, "recorded_after_started"),
    *_required("chat_messages", "chat_id", "message_number", "sender_type", "sent_at"),
    ("chat_messages", "message_number", 0, "message_number_positive"),
    ("chat_messages", "sender_type", "visitor", "sender_known"),
    ("chat_messages", "sent_at", FUTURE, "sent_at_not_in_future"),
    ("chat_messages", "sent_at", EARLY, "sent_at_not_too_early"),
    *_required("web_events", "event_id", "event_type", "occurred_at"),
    ("web_events", "occurred_at", FUTURE, "occurred_at_not_in_future"),
    ("web_events", "occurred_at", EARLY, "occurred_at_not_too_early"),
    ("web_events", "visitor_id", NULL, "visitor_or_contact_named"),
    *_required("satisfaction_scores", "survey_id", "score", "max_score", "answered_at"),
    ("satisfaction_scores", "score", -1, "score_not_negative"),
    ("satisfaction_scores", "score", "5.01", "score_within_scale"),
    ("satisfaction_scores", "answered_at", FUTURE, "answered_at_not_in_future"),
    ("satisfaction_scores", "answered_at", EARLY, "answered_at_not_too_early"),
    ("satisfaction_scores", "customer_id", NULL, "subject_named"),
    *_required("dealers", "dealer_id", "name"),
    *_required("stores", "store_id", "name", "dealer_id"),
    *_required(
        "dealer_orders", "dealer_order_id", "line_number", "dealer_id", "product_id", "quantity", "amount", "ordered_at"
    ),
    ("dealer_orders", "line_number", -1, "line_number_not_negative"),
    ("dealer_orders", "quantity", 0, "quantity_not_zero"),
    ("dealer_orders", "amount", -1, "amount_has_sign_of_quantity"),
    ("dealer_orders", "ordered_at", FUTURE, "ordered_at_not_in_future"),
    ("dealer_orders", "ordered_at", EARLY, "ordered_at_not_too_early"),
    *_required("dealer_inventory", "dealer_id", "product_id", "counted_at", "quantity"),
    ("dealer_inventory", "quantity", -1, "quantity_not_negative"),
    ("dealer_inventory", "counted_at", EARLY, "counted_at_not_too_early"),
    ("dealer_inventory", "reported_at", FUTURE, "reported_at_not_in_future"),
    ("dealer_inventory", "reported_at", BEFORE, "reported_after_counted"),
    *_required("store_sales", "store_sale_id", "store_id", "product_id", "quantity", "amount", "sold_at"),
    ("store_sales", "amount", -1, "amount_has_sign_of_quantity"),
    ("store_sales", "sold_at", FUTURE, "sold_at_not_in_future"),
    ("store_sales", "sold_at", EARLY, "sold_at_not_too_early"),
    *_required("market_events", "event_id", "event_type", "starts_on"),
    ("market_events", "actor", "竞品", "actor_known"),
    ("market_events", "starts_on", "1999-12-31", "starts_on_not_too_early"),
    ("market_events", "ends_on", "2026-05-31", "ended_after_started"),
    *_required("targets", "target_id"),
    ("targets", "mode", "percent", "mode_known"),
    ("targets", "scope", "华东", "scope_form"),
    ("targets", "weight", "1.01", "weight_range"),
    *_required("experiments", "experiment_id", "starts_on"),
    ("experiments", "unit_type", "客户", "unit_type_known"),
    ("experiments", "ends_on", "2026-05-31", "ended_after_started"),
    *_required("experiment_assignments", "experiment_id", "unit_id", "variant", "assigned_at"),
    ("experiment_assignments", "assigned_at", FUTURE, "assigned_at_not_in_future"),
    ("experiment_assignments", "assigned_at", EARLY, "assigned_at_not_too_early"),
]

# Bad rows that need more than one value.
BAD_TOGETHER: list[tuple[str, Row, set[str]]] = [
    ("quotes", {"created_at": FUTURE, "valid_until": NULL}, {"created_at_not_in_future"}),
    ("calls", {"started_at": FUTURE, "recorded_at": NULL}, {"started_at_not_in_future"}),
    ("satisfaction_scores", {"score": 0, "max_score": 0}, {"max_score_positive"}),
    ("dealer_inventory", {"counted_at": FUTURE, "reported_at": NULL}, {"counted_at_not_in_future"}),
    ("store_sales", {"quantity": 0, "amount": 0}, {"quantity_not_zero"}),
]
