"""A company that fits on a page, for every metric by hand. Business date: Friday 2026-07-31 in Shanghai (UTC+8).

Times below are local. Weekdays are worked from 9 to 18. S2 works half-time and began on 16 June. C1 and C2 are in the
north, the others in the south. C6 has an open deal, was deleted on 1 April and called in July all the same.
"""

from __future__ import annotations

import datetime

import accepted_files as files

from sales_warehouse.home import Home
from sales_warehouse.transform import transform

Row = dict[str, object]
LOAD = "20260731T180000_000000"
VARIABLES = {
    "business_date": "2026-07-31", "as_of": "2026-07-31 10:00:00", "time_zone": "Asia/Shanghai", "currency": "CNY",
    "pending_loads": [], "identity_batch": 1,
}  # fmt: skip


def at(local: str) -> str:
    """A moment in Shanghai as UTC; a day alone is ten in the morning."""
    moment = datetime.datetime.fromisoformat(local if " " in local else f"{local} 10:00")
    return f"{moment - datetime.timedelta(hours=8)}"


def lead(number: int, created: str, assigned: str, channel: str, rep: str) -> Row:
    return {"lead_id": f"L{number}", "customer_id": f"C{number}", "channel": channel, "created_at": at(created),
            "first_assigned_at": at(assigned), "owner_rep_id": rep, "status": "new"}  # fmt: skip


def form(event: str, posted: str) -> Row:
    return {"event_id": event, "event_type": "form_post", "occurred_at": at(posted)}


def deal(number: int, customer: str, rep: str, status: str, created: str, amount: int, **more: object) -> Row:
    return {"opportunity_id": f"D{number}", "customer_id": customer, "owner_rep_id": rep, "status": status,
            "created_at": at(created), "amount": amount, "currency": "CNY", "product_line": "milk"} | more  # fmt: skip


def stage(deal: int, name: str, place: int, entered: str) -> Row:
    return {"opportunity_id": f"D{deal}", "stage": name, "stage_order": place, "entered_at": at(entered)}


def invoice(number: int, order: int, amount: int, due: str) -> Row:
    return {"invoice_id": f"I{number}", "order_id": f"O{order}", "amount": amount, "due_date": due}


def payment(number: int, invoice: int, amount: int, paid: str) -> Row:
    return {"payment_id": f"Y{number}", "invoice_id": f"I{invoice}", "amount": amount, "paid_at": at(paid)}


def order(number: int, customer: str, ordered: str, paid: str | None = None, **more: object) -> Row:
    status = "paid" if paid else "placed"
    return {"order_id": f"O{number}", "customer_id": customer, "ordered_at": at(ordered), "status": status,
            "paid_at": at(paid) if paid else None, "currency": "CNY", "channel": "field",
            "owner_rep_id": "S1" if customer in ("C1", "C2") else "S2"} | more  # fmt: skip


def line(order: int, product: str, quantity: int, price: int) -> Row:
    return {"order_id": f"O{order}", "line_number": 1, "product_id": product, "quantity": quantity,
            "unit_price_amount": price, "discount_amount": 0, "tax_amount": 0}  # fmt: skip


def call(number: int, customer: str, rep: str, started: str) -> Row:
    return {"call_id": f"K{number}", "customer_id": customer, "rep_id": rep, "direction": "outbound",
            "started_at": at(started), "duration_seconds": 60}  # fmt: skip


ROWS: dict[str, list[Row]] = {
    "sales_reps": [
        {"rep_id": "S1", "name": "S1", "team": "T1", "region": "north", "fte": 1, "hired_date": "2020-01-01"},
        {"rep_id": "S2", "name": "S2", "team": "T2", "region": "south", "fte": "0.5", "hired_date": "2026-06-16"},
    ],
    "customers": [
        {"customer_id": f"C{n}", "name": f"C{n}", "region": region, "created_at": at("2025-06-01")}
        for n, region in enumerate(("north", "north", "south", "south", "south", "south"), 1)
    ] + [{"customer_id": "C6", "updated_at": at("2026-04-01"), "_is_deleted": True}],
    "products": [
        {"product_id": "P1", "product_line": "milk", "category": "baby", "price_band": "high"},
        {"product_id": "P2", "product_line": "tea", "category": "snack", "price_band": "low"},
    ],
    "leads": [
        lead(1, "2026-06-01 10:00", "2026-06-01 10:05", "web", "S1"),  # a Monday; visited half an hour later
        lead(2, "2026-05-31 23:00", "2026-06-01 09:00", "web", "S1"),  # a Sunday, given to S1 in June; nobody answers
        lead(3, "2026-06-05 17:00", "2026-06-05 17:00", "phone", "S2"),  # a Friday, an hour before closing
        # nobody answers
        lead(4, "2026-06-03 10:00", "2026-06-03 10:00", "phone", "S2") | {"source_event_id": "s:E1"},
    ],
    "web_events": [
        # one became L4, one nobody entered, and one is half an hour old; to look at a page is no enquiry
        form("E1", "2026-06-03 09:50"), form("E2", "2026-06-10 10:00"), form("E3", "2026-07-31 17:30"),
        form("E4", "2026-06-11 10:00") | {"event_type": "page_view"},
    ],
    "visits": [
        {"visit_id": "V1", "customer_id": "C1", "rep_id": "S1", "started_at": at("2026-06-01 10:30"),
         "ended_at": at("2026-06-01 11:00"), "recorded_at": at("2026-06-01 12:00")},
        {"visit_id": "V2", "customer_id": "C5", "rep_id": "S2", "started_at": at("2026-07-21"),
         "recorded_at": at("2026-07-21")},
    ],
    "calls": [
        call(1, "C3", "S2", "2026-06-08 10:00"),
        call(3, "C1", "S1", "2026-07-20 10:00"), call(4, "C1", "S1", "2026-07-22 10:00"),
        call(2, "C6", "S1", "2026-03-20 10:00"),
        call(5, "C6", "S1", "2026-07-20 10:00"), call(6, "C6", "S1", "2026-07-21 10:00"),
    ],
    "opportunities": [
        deal(1, "C1", "S1", "won", "2026-06-10", 1000, lead_id="L1", closed_at=at("2026-06-20")),
        deal(2, "C2", "S1", "won", "2026-01-10 08:00", 1000, closed_at=at("2026-04-09")),
        deal(3, "C2", "S1", "lost", "2026-01-10 08:00", 3000, closed_at=at("2026-04-01")),
        deal(4, "C1", "S1", "open", "2026-07-01", 200, probability_rate="0.5", expected_close_date="2026-07-20"),
        deal(5, "C3", "S2", "open", "2026-07-02", 100, probability_rate="0.25", expected_close_date="2026-06-20"),
        # lost, and won after all: of two versions the later row counts
        deal(6, "C5", "S1", "lost", "2026-05-01", 500, closed_at=at("2026-05-10")),
        deal(6, "C5", "S1", "won", "2026-05-01", 500, closed_at=at("2026-05-30")),
        # before its lead, and lost on a day that nobody knows; the next one came of the lead
        deal(7, "C3", "S2", "lost", "2026-05-20", 900, lead_id="L3"),
        deal(8, "C3", "S2", "lost", "2026-06-10", 900, lead_id="L3", closed_at=at("2026-06-25")),
        deal(9, "C4", "S2", "won", "2024-06-01", 1000, closed_at=at("2024-07-01")),  # O9 was paid before it, O8 after
        deal(10, "C6", "S1", "open", "2026-03-15", 0),
    ],
    "opportunity_stage_events": [
        stage(6, "s1", 1, "2026-05-01"), stage(6, "s2", 2, "2026-05-06"),
        stage(7, "s1", 1, "2026-05-20"),
        stage(10, "s1", 1, "2026-03-15"),  # and still there
        # back in s1 for five days after two of s2
        stage(8, "s1", 1, "2026-06-10"), stage(8, "s2", 2, "2026-06-13"), stage(8, "s1", 1, "2026-06-15"),
        stage(8, "s2", 2, "2026-06-20"),
    ],
    "orders": [
        order(1, "C1", "2026-06-15", "2026-06-21", opportunity_id="D1"),
        order(2, "C2", "2026-04-05", "2026-04-10 08:00", opportunity_id="D2"),  # 90 days to the second
        order(3, "C2", "2026-04-06", "2026-04-10 08:00:01", opportunity_id="D3"),  # a second more
        order(4, "C3", "2026-06-20", "2026-06-20", channel="online_store"),
        order(5, "C1", "2026-07-10", "2026-07-10"),
        order(6, "C4", "2026-06-25"),
        order(7, "C1", "2026-06-26") | {"status": "cancelled"},
        order(8, "C4", "2024-07-01", "2024-07-01", opportunity_id="D9"),
        order(9, "C4", "2023-07-01", "2023-07-01", opportunity_id="D9"), order(10, "C3", "2023-07-02", "2023-07-02"),
        order(11, "C5", "2026-07-05", "2026-08-03", channel="online_store"),  # not paid yet on the business date
        order(12, "C1", "2026-08-03", "2026-08-03", opportunity_id="D4"),  # after the business date
        # on credit: this source says when orders are paid
        order(13, "C3", "2026-07-20", status="shipped", opportunity_id="D5"),
        order(14, "C5", "2026-07-22", status="delivered"), order(15, "C3", "2026-07-23", status="shipped"),
    ],
    "order_lines": [
        line(1, "P1", 10, 50), line(2, "P1", 1, 300), line(3, "P2", 1, 100), line(4, "P1", 2, 50), line(5, "P1", 1, 60),
        line(6, "P2", 5, 4), line(7, "P1", 100, 1), line(8, "P2", 10, 100), line(9, "P2", 1, 7), line(10, "P2", 1, 3),
        line(11, "P2", 7, 10), line(12, "P1", 1, 80), line(15, "P1", 0, 0),
    ],
    "returns": [
        {"return_id": "R1", "order_id": "O1", "line_number": 1, "quantity": 3, "refund_amount": 150,
         "returned_at": at("2026-07-20")},
        {"return_id": "R2", "order_id": "O4", "line_number": 1, "quantity": 5, "refund_amount": 100,
         "returned_at": at("2026-07-21")},  # five of two
    ],
    "invoices": [
        invoice(1, 1, 500, "2026-06-30"), invoice(2, 4, 100, "2026-06-15"), invoice(3, 5, 60, "2026-07-31"),
        # credit notes: of an order part-paid, of one that is paid, and two of one of which 300 are unpaid
        invoice(4, 3, 100, "2026-05-10"), invoice(5, 3, -30, "2026-05-20"),
        invoice(6, 2, 300, "2026-04-20"), invoice(7, 2, -50, "2026-04-25"),
        invoice(8, 8, 1000, "2024-07-31"), invoice(9, 8, -200, "2024-08-10"), invoice(10, 8, -200, "2024-09-10"),
    ],
    "payments": [
        payment(1, 1, 300, "2026-07-01"), payment(2, 1, 250, "2026-07-05"),  # 50 too much
        payment(3, 3, 30, "2026-08-02"),
        payment(4, 4, 40, "2026-05-15"), payment(5, 6, 300, "2026-04-22"), payment(6, 8, 700, "2024-07-31"),
    ],
    "satisfaction_scores": [
        {"survey_id": "Z1", "order_id": "O5", "score": 4, "max_score": 5, "answered_at": at("2026-07-12")},
        {"survey_id": "Z2", "order_id": "O5", "score": 6, "max_score": 10, "answered_at": at("2026-07-13")},
    ],
}  # fmt: skip


# A till that never says when it was paid: what it hands out is.
TILL_ROWS: dict[str, list[Row]] = {
    "orders": [
        order(1, "s:C3", "2026-07-24", status="shipped", opportunity_id="s:D7", owner_rep_id="s:S2"),
        order(2, "s:C4", "2026-07-24", status="delivered", owner_rep_id="s:S2"),
    ],
    "order_lines": [line(2, "s:P2", 0, 0)],
}  # fmt: skip


def build(home: Home, without: tuple[str, ...] = ()) -> None:
    """Build the marts; `without` are columns (`entity.column`) that no source of the company fills."""
    files.write_empty_company(home)
    files.write_calendar(home, datetime.date(2023, 1, 1), datetime.date(2027, 12, 31))
    files.write_metrics(home, without)
    files.write_settings(home, "regions", [
        {"region_key": key, "region_name_en": key, "region_name_zh": key, "level": "region"}
        for key in ("north", "south")
    ])  # fmt: skip
    files.write_settings(home, "lifecycle_tiers", [
        {"tier": tier, "priority": place, "name_en": tier, "name_zh": tier} for place, tier in enumerate("ABC", 1)
    ])  # fmt: skip
    files.write_settings(home, "lifecycle_rules", [
        {"priority": place, "tier": tier, "rule_id": tier, "fact": fact, "operator": "at_least", "threshold": 1,
         "reason_en": fact, "reason_zh": fact}
        for place, tier, fact in ((1, "A", "open_opportunity_count"), (2, "B", "order_count_365d"))
    ])  # fmt: skip
    goal = {"metric_id": "net_sales", "scope_dimension": "total", "scope_value": "total", "mode": "absolute",
            "owner": "sales"}  # fmt: skip
    files.write_settings(home, "targets", [
        goal | {"target_id": "q3", "target_value": 1000, "starts_on": "2026-07-01", "due_on": "2026-09-30"},
        goal | {"target_id": "met", "target_value": 10, "starts_on": "2026-06-01", "due_on": "2026-08-31"},
        goal | {"target_id": "over", "target_value": 10, "starts_on": "2026-06-01", "due_on": "2026-06-30"},
        goal | {"target_id": "leads", "metric_id": "new_leads", "target_value": 8, "starts_on": "2026-04-01",
                "due_on": "2026-06-30"},
    ])  # fmt: skip
    files.write_settings(home, "sources", [
        {"source": "s", "label_en": "S", "label_zh": "S", "expected_within_hours": 36},
    ])  # fmt: skip
    files.write_settings(home, "payment_sources", [{"source": "s"}])
    files.write_load(home, "s", LOAD, ROWS)
    files.write_load(home, "till", LOAD, TILL_ROWS)
    files.write_customer_identities(home, {("s", f"C{n}"): (f"K{n}", 1) for n in range(1, 7)})
    files.write_ledger(home, "loads", [
        {"source": "s", "load_id": LOAD, "status": "landed", "extracted_at": "2026-07-31 02:00:00"}
    ])  # fmt: skip
    files.write_ledger(home, "row_counts", [
        {"source": "s", "entity": entity, "load_id": LOAD, "reported": len(rows), "landed": len(rows), "excluded": 0,
         "folded": 0, "accepted": len(rows), "repeated": 0, "quarantined": 0, "waiting": 0, "repaired": 0,
         "dirty": 1 if entity == "orders" else 0, "doubtful": 0}
        for entity, rows in ROWS.items()
    ])  # fmt: skip
    transform(home, variables=VARIABLES, full_refresh=True, on_progress=lambda *_: None)
