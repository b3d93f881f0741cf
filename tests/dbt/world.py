"""A small company worked out by hand, in three nights. The golden values stand beside the rows that make them.

Business date of the last night: Wednesday 2026-07-01 in Shanghai (UTC+8). Reporting currency CNY, 1 USD = 7.2 CNY.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import accepted_files as files
from few_marts import only

from sales_warehouse.contracts import load_contracts
from sales_warehouse.home import Home
from sales_warehouse.transform import TransformReport, transform

Row = dict[str, object]
AS_OF = "2026-07-01 18:00:00"
CARRIED = ("config.materialized:incremental",)  # what a night changes; the rest is made of it anew
VARIABLES = {"business_date": "2026-07-01", "as_of": AS_OF, "time_zone": "Asia/Shanghai", "currency": "CNY"}


@dataclass(frozen=True)
class Night:
    """One night's loads and the cross-reference after it: (source, record) → (key, batch in which it changed)."""

    loads: Mapping[str, tuple[str, Mapping[str, list[Row]]]]  # load id → source, entity → rows
    customers: Mapping[tuple[str, str], tuple[str, int]]
    contacts: Mapping[tuple[str, str], tuple[str, int]]


def order(order_id: str, ordered_at: str, **more: object) -> Row:
    return {
        "order_id": order_id, "ordered_at": ordered_at, "status": "paid", "channel": "online_store",
        "updated_at": ordered_at, **more,
    }  # fmt: skip


def line(order_id: str, number: int, product: str, quantity: int, price: str, discount: str = "0") -> Row:
    return {
        "order_id": order_id, "line_number": number, "product_id": product, "quantity": quantity,
        "unit_price_amount": price, "discount_amount": discount, "tax_amount": "0",
    }  # fmt: skip


def deal(key: str, created: str, status: str, closed: str | None = None, **more: object) -> Row:
    return {"opportunity_id": key, "created_at": created, "status": status, "closed_at": closed, "amount": "100"} | more


def stage(key: str, entered: str, name: str, place: int) -> Row:
    return {"opportunity_id": key, "entered_at": entered, "stage": name, "stage_order": place, "amount": "100"}


# Net sales of the weeks of 15 and 22 June: north 100 → 85 (just −15 %), south 100 → 85.01 (not quite), east 64.8 → 0.
WEEKLY = [
    (order("W1", "2026-06-16 02:00:00", customer_id="C1", region="north"), "100"),
    (order("W2", "2026-06-23 02:00:00", customer_id="C1", region="north"), "85"),
    (order("W3", "2026-06-16 02:00:00", customer_id="C1", region="south"), "100"),
    (order("W4", "2026-06-23 02:00:00", customer_id="C1", region="south"), "85.01"),
]

# 100 deals left 方案确认 in June, 47 of them lost; 20 are still in it.
LOST = [deal(f"X{n}", "2026-06-01 02:00:00", "lost", "2026-06-20 02:00:00", owner_rep_id="R2") for n in range(47)]
MOVED = [deal(f"X{n}", "2026-06-01 02:00:00", "open", owner_rep_id="R2") for n in range(47, 100)]
OPEN = [deal(f"X{n}", "2026-06-01 02:00:00", "open", owner_rep_id="R2") for n in range(100, 120)]
STAGES = [stage(f"X{n}", "2026-06-02 02:00:00", "方案确认", 2) for n in range(120)] + [
    stage(f"X{n}", "2026-06-12 02:00:00", "商务谈判", 3) for n in range(47, 100)
]
# Won after 10, 20 and 60 days: median 20, mean 30.
WON = [
    deal("W10", "2026-06-01 02:00:00", "won", "2026-06-11 02:00:00", owner_rep_id="R1", product_line="milk"),
    deal("W20", "2026-06-01 02:00:00", "won", "2026-06-21 02:00:00", owner_rep_id="R1", product_line="milk"),
    deal("W60", "2026-04-02 02:00:00", "won", "2026-06-01 02:00:00", owner_rep_id="R1", product_line="tea"),
]
# 2.5 days in x1, 2 in x2, back to x1 for 1, and in x2 since 2026-06-06 12:00 (25.25 days to the as-of moment).
WANDERER = [
    stage("D1", "2026-06-01 00:00:00", "x1", 1),
    stage("D1", "2026-06-03 12:00:00", "x2", 2),
    stage("D1", "2026-06-05 12:00:00", "x1", 1),
    stage("D1", "2026-06-06 12:00:00", "x2", 2),
]
# A stage of a deal that nobody has sent: it would be 30 more days in x1.
OF_NOBODY = [stage("D9", "2026-06-01 02:00:00", "x1", 1)]
# Of three leads of the week of 4 May one has a deal within 30 days to the second.
LEADS: list[Row] = [
    {"lead_id": "L1", "created_at": "2026-05-05 02:00:00", "channel": "web", "status": "new"},
    {"lead_id": "L2", "created_at": "2026-05-05 02:00:00", "channel": "web", "status": "new"},
    {"lead_id": "L3", "created_at": "2026-05-06 02:00:00", "channel": "web", "status": "lost"},
    {"lead_id": "L4", "created_at": "2026-06-23 02:00:00", "channel": "web", "status": "new"},
]
FROM_LEADS = [
    deal("DL1", "2026-06-04 02:00:00", "open", lead_id="L1", customer_id="A3"),
    deal("DL2", "2026-06-04 02:00:01", "open", lead_id="L2"),
]
VISITS: list[Row] = [
    {"visit_id": "V1", "customer_id": "A1", "contact_id": "P1", "rep_id": "R1", "started_at": "2026-06-08 02:00:00",
     "recorded_at": "2026-06-09 02:00:00"},  # 24 h 00 m 00 s
    {"visit_id": "V2", "customer_id": "A1", "contact_id": "P1", "rep_id": "R1", "started_at": "2026-06-08 02:00:00",
     "recorded_at": "2026-06-09 02:00:01"},  # one second more
    {"visit_id": "V3", "customer_id": "A9", "rep_id": "R1", "started_at": "2026-06-08 02:00:00"},  # nobody knows A9
]  # fmt: skip
# A source without customers, contacts or sellers of its own. The shop's C2 becomes known a night after its visit.
FIELD_VISITS: list[Row] = [
    {"visit_id": "F1", "customer_id": "crm:A1", "contact_id": "crm:P1", "rep_id": "crm:R1", "opportunity_id": "crm:W10",
     "started_at": "2026-06-09 02:00:00"},
    {"visit_id": "F2", "customer_id": "shop:C2", "rep_id": "shop:R9", "started_at": "2026-06-09 02:00:00"},
]  # fmt: skip
CALLS: list[Row] = [
    {"call_id": "K1", "customer_id": "A1", "contact_id": "P1", "rep_id": "R1", "direction": "Outbound",
     "started_at": "2026-06-10 02:00:00", "duration_seconds": 90, "recorded_at": "2026-06-11 02:00:00"},
    # names nobody but a person: the person's employer is the customer
    {"call_id": "K2", "contact_id": "P1", "direction": "inbound", "started_at": "2026-06-10 03:00:00"},
]  # fmt: skip
MESSAGES: list[Row] = [
    {"chat_id": "H1", "message_number": 1, "sender_type": "customer", "sent_at": "2026-06-30 03:00:00", "text": "你好"},
    {
        "chat_id": "H1",
        "message_number": 2,
        "sender_type": "rep",
        "sent_at": "2026-06-30 16:00:00",
        "text": "您好，在的",
    },
]
WEB_EVENTS: list[Row] = [
    {"event_id": "E1", "visitor_id": "v1", "contact_id": "crm:P1", "event_type": "content_click",
     "content_type": "white_paper", "occurred_at": "2026-06-01 02:00:00"},
    {"event_id": "E2", "visitor_id": "v2", "event_type": "page_view", "occurred_at": "2026-06-01 16:30:00"},
    # a person of the shop's C1, which turns out to be the CRM's A1 on the third night
    {"event_id": "E3", "contact_id": "shop:P7", "event_type": "form_post", "occurred_at": "2026-06-02 02:00:00"},
]  # fmt: skip
QUOTES: list[Row] = [
    {"quote_id": "Q1", "version": 1, "opportunity_id": "DL1", "amount": "100", "valid_until": "2026-07-01",
     "created_at": "2026-06-05 02:00:00"},
    {"quote_id": "Q2", "version": 1, "opportunity_id": "W10", "amount": "50", "created_at": "2026-06-05 02:00:00"},
    {"quote_id": "Q3", "version": 1, "opportunity_id": "DL1", "amount": "70", "valid_until": "2026-06-30",
     "created_at": "2026-06-05 02:00:00"},
]  # fmt: skip
DEALER_ORDERS: list[Row] = [
    {"dealer_order_id": "B1", "line_number": 1, "dealer_id": "X1", "product_id": "shop:P1", "quantity": 10,
     "amount": "100", "ordered_at": "2026-06-01 02:00:00", "batch_id": "L1"},
    {"dealer_order_id": "B1", "line_number": 2, "dealer_id": "X1", "product_id": "shop:P1", "quantity": -1,
     "amount": "-10", "ordered_at": "2026-06-01 02:00:00", "batch_id": "L1"},
]  # fmt: skip


def count(day: str, quantity: int, reported: str) -> Row:
    return {
        "dealer_id": "X1", "product_id": "shop:P1", "counted_at": f"{day} 10:00:00", "quantity": quantity,
        "reported_at": f"{reported} 10:00:00",
    }  # fmt: skip


# The planners send one goal that the configuration has too, and one of their own.
SENT_TARGETS: list[Row] = [
    {"target_id": "sales", "metric_id": "net_sales", "scope": "total", "target_value": "5"},
    {"target_id": "sent_north", "metric_id": "net_sales", "scope": "region=north", "target_value": "600",
     "mode": "absolute", "starts_on": "2026-06-01", "due_on": "2026-06-30"},
]  # fmt: skip
MARKET_EVENTS: list[Row] = [
    {"event_id": "M1", "event_type": "买一赠一", "actor": "competitor", "region": "north", "category": "dairy",
     "starts_on": "2026-06-22", "ends_on": "2026-06-28"},
    {"event_id": "M2", "event_type": "holiday", "actor": "public", "starts_on": "2026-06-19"},
]  # fmt: skip
EXPERIMENTS: list[Row] = [{"experiment_id": "T1", "hypothesis": "calling sooner wins", "unit_type": "customer"}]
ASSIGNMENTS: list[Row] = [
    {"experiment_id": "T1", "unit_id": "A1", "variant": "A", "assigned_at": "2026-06-01 02:00:00"},
    {"experiment_id": "T2", "unit_id": "A1", "variant": "B", "assigned_at": "2026-06-01 02:00:00"},  # no record of T2
]
CHATS: list[Row] = [{"chat_id": "H1", "customer_id": "A1", "platform": "wechat", "started_at": "2026-06-30 03:00:00"}]

FIRST = Night(
    loads={
        "20260629T020000_000000": ("shop", {
            "customers": [
                {"customer_id": "C1", "name": "One", "region": "north", "updated_at": "2026-01-01 00:00:00"},
                {"customer_id": "C4", "name": "Ninety days ago"},
                {"customer_id": "C5", "name": "Ninety-one days ago"},
            ],
            "contacts": [{"contact_id": "P7", "customer_id": "C1", "name": "Wang"}],
            "satisfaction_scores": [
                # the customer, dealer and store are those of the order
                {"survey_id": "S1", "order_id": "O1", "score": "4", "max_score": "5",
                 "answered_at": "2026-06-20 02:00:00"},
                {"survey_id": "S2", "order_id": "O4", "score": "3", "max_score": "5",
                 "answered_at": "2026-06-20 02:00:00"},
            ],
            "sales_reps": [{"rep_id": "R9", "name": "Nine", "team": "T9", "region": "west"}],
            "products": [
                {"product_id": "P1", "name": "Milk", "product_line": "milk", "category": "dairy"},
                {"product_id": "P2", "name": "Tea", "product_line": "tea", "category": "drinks"},
            ],
            "orders": [
                # 16:30 UTC is half past midnight of the 11th in Shanghai
                order("O1", "2026-06-10 16:30:00", customer_id="C1", region="north", updated_at="2026-06-12 00:00:00"),
                order("O2", "2026-06-20 02:00:00", customer_id="C2", currency="USD", owner_rep_id="R9"),
                # 90 days before 1 July; its dealer is that of the store, whose record comes a night later
                order("O4", "2026-04-02 02:00:00", customer_id="C4", region="south", store_id="dealers:ST1"),
                # 91 days; a deal that nobody has sent
                order("O5", "2026-04-01 02:00:00", customer_id="C5", region="south", opportunity_id="crm:D8"),
            ],
            "order_lines": [
                line("O1", 1, "P1", 8, "10.0000", "5"),  # corrected the next night: 10 pieces
                line("O1", 2, "P2", 2, "50"),  # 100
                line("O2", 1, "P1", 1, "10", "1"),  # 9 USD = 64.80
                line("O4", 1, "P1", 1, "20"),
                line("O5", 1, "P3", 1, "7"),  # a product without a master record
                line("O9", 1, "P1", 1, "1"),  # its order never comes
            ],
        }),
        "20260629T020000_000001": ("crm", {
            "customers": [{"customer_id": "A1", "name": "One Ltd", "uscc": "U1", "updated_at": "2026-02-01 00:00:00"},
                          {"customer_id": "A3", "name": "Three"}],
            "contacts": [{"contact_id": "P1", "customer_id": "A1", "name": "Li"}],
            "sales_reps": [{"rep_id": "R1", "name": "Ann", "team": "T1", "region": "south", "manager_rep_id": "M1"},
                           {"rep_id": "R2", "name": "Bob", "team": "T2", "region": "north", "manager_rep_id": "M1"}],
            "leads": LEADS,
            "opportunities": [*LOST, *MOVED, *OPEN, *WON, *FROM_LEADS, deal("D1", "2026-06-01 00:00:00", "open")],
            "opportunity_stage_events": [*STAGES, *WANDERER, *OF_NOBODY],
            "visits": VISITS,
            "chats": CHATS,
            "chat_messages": MESSAGES,
            "calls": CALLS,
            "quotes": QUOTES,
        }),
        "20260629T020000_000003": ("site", {"web_events": WEB_EVENTS}),
        "20260629T020000_000004": ("dealers", {
            "dealer_orders": DEALER_ORDERS,
            "dealer_inventory": [count("2026-06-07", 6, "2026-06-08"), count("2026-06-14", 4, "2026-06-15")],
            "store_sales": [{"store_sale_id": "N1", "store_id": "ST1", "product_id": "shop:P1", "quantity": 3,
                             "amount": "45", "sold_at": "2026-06-10 16:30:00", "batch_id": "L1"}],
        }),
        "20260629T020000_000005": ("planning", {
            "targets": SENT_TARGETS, "market_events": MARKET_EVENTS, "experiments": EXPERIMENTS,
            "experiment_assignments": ASSIGNMENTS,
        }),
        "20260629T020000_000002": ("field", {"visits": FIELD_VISITS}),
    },
    customers={("shop", "C1"): ("K1", 1), ("shop", "C4"): ("K4", 1), ("shop", "C5"): ("K5", 1),
               ("crm", "A1"): ("KA", 1), ("crm", "A3"): ("K3", 1)},
    contacts={("crm", "P1"): ("PK1", 1), ("shop", "P7"): ("PS7", 1)},
)  # fmt: skip

SECOND = Night(
    loads={
        "20260630T020000_000000": ("shop", {
            "customers": [{"customer_id": "C2", "name": "Two"}],  # the customer of O2 arrives
            "sales_reps": [{"rep_id": "R9", "name": "Nine", "team": "T9", "region": "east"}],  # O2 falls back on it
            "orders": [
                order("O3", "2026-06-15 02:00:00", customer_id="C1", region="north"),
                *(row for row, _ in WEEKLY),
                order("O7", "2026-06-24 02:00:00", customer_id="C1", region="north"),  # deleted the next night
            ],
            "order_lines": [
                line("O1", 1, "P1", 10, "10.0000", "5"),  # 95
                line("O3", 1, "P1", 1, "1000"),
                *(line(str(row["order_id"]), 1, "P1", 1, amount) for row, amount in WEEKLY),
                line("O7", 1, "P1", 1, "50"),
            ],
            "returns": [
                # goods of June come back in July, local time
                {"return_id": "T1", "order_id": "O1", "line_number": 1, "quantity": 3, "refund_amount": "30",
                 "returned_at": "2026-06-30 16:00:00"},
                {"return_id": "T3", "order_id": "O8", "line_number": 1, "quantity": 1, "refund_amount": "2",
                 "returned_at": "2026-06-30 17:00:00"},  # its order comes a night later
                {"return_id": "T5", "order_id": "O7", "line_number": 1, "quantity": 1, "refund_amount": "50",
                 "returned_at": "2026-06-30 16:00:00"},
            ],
            "invoices": [{"invoice_id": "I2", "order_id": "O2", "amount": "9", "due_date": "2026-07-20"},
                         {"invoice_id": "I7", "order_id": "O7", "amount": "50", "due_date": "2026-06-25"}],
            "payments": [{"payment_id": "Y2", "invoice_id": "I2", "amount": "4", "paid_at": "2026-06-30 02:00:00"}],
        }),
        "20260630T020000_000001": ("crm", {
            "quotes": [{"quote_id": "Q1", "version": 2, "opportunity_id": "DL1", "amount": "90",
                        "discount_amount": "10", "valid_until": "2026-07-01", "created_at": "2026-06-08 02:00:00"}],
        }),
        "20260630T020000_000002": ("dealers", {
            # the store's own record and its dealer's come after its first sale; the first count was wrong by one
            "dealers": [{"dealer_id": "X1", "name": "Dealer One", "region": "north", "tier": "gold"}],
            "stores": [{"store_id": "ST1", "dealer_id": "X1", "name": "Store One", "province": "CN-SH"}],
            "dealer_inventory": [count("2026-06-07", 5, "2026-06-16"), count("2026-06-21", 2, "2026-06-22")],
        }),
    },
    customers={**FIRST.customers, ("shop", "C2"): ("K2", 2)},
    contacts={**FIRST.contacts, ("crm", "P1"): ("PK2", 2)},  # a corrected phone number makes another person of P1
)  # fmt: skip

THIRD = Night(
    loads={
        # reported before the correction, arrives after it
        "20260701T020000_000001": ("dealers", {"dealer_inventory": [count("2026-06-07", 99, "2026-06-07")]}),
        "20260701T020000_000000": ("shop", {
            "orders": [
                order("O3", "2026-06-15 02:00:00", customer_id="C1", region="north", status="cancelled",
                      updated_at="2026-06-30 00:00:00"),
                # an older version of O1 that arrives late
                order("O1", "2026-06-10 16:30:00", customer_id="C1", region="late", status="placed",
                      updated_at="2026-06-11 00:00:00"),
                order("O8", "2026-06-30 02:00:00", customer_id="C1", region="north"),
                {"order_id": "O7", "updated_at": "2026-06-30 12:00:00", "_is_deleted": True},
            ],
            "order_lines": [line("O8", 1, "P2", 1, "6")],
            "returns": [
                {"return_id": "T2", "order_id": "O99", "customer_id": "C1", "product_id": "P1", "channel": "phone",
                 "quantity": 1, "refund_amount": "4", "returned_at": "2026-07-01 02:00:00"},
                {"return_id": "T4", "order_id": "O3", "line_number": 1, "quantity": 1, "refund_amount": "1000",
                 "returned_at": "2026-07-01 02:00:00"},  # of a cancelled order: never counted as sold
            ],
        }),
    },
    customers={**SECOND.customers, ("shop", "C1"): ("KA", 3)},  # the shop's C1 turns out to be the CRM's A1
    contacts=SECOND.contacts,
)  # fmt: skip

NIGHTS = (FIRST, SECOND, THIRD)

# Entities whose records a deletion takes out of the marts; a member of a dimension stays, and is marked.
KEPT_WHEN_DELETED = frozenset({"customers", "contacts", "products", "sales_reps", "dealers", "stores"})


def haunted() -> tuple[Night, ...]:
    """The same three nights with one record more of every entity, which its source deletes in the third night.

    It stands beside a record that stays: one more line of the order, one more count of the stock. What deletes it is
    its key alone.
    """
    nights, gone = [], dict[str, dict[str, list[Row]]]()
    met = set(KEPT_WHEN_DELETED)
    for night in NIGHTS:
        loads = {}
        for load_id, (source, entities) in night.loads.items():
            ghosts = {
                entity: _ghost(entity, rows[0]) for entity, rows in entities.items() if entity not in met and rows
            }
            met |= ghosts.keys()
            for entity, ghost in ghosts.items():
                gone.setdefault(source, {})[entity] = [_tombstone(entity, ghost)]
            loads[load_id] = (
                source,
                {e: [*rows, *([ghosts[e]] if e in ghosts else [])] for e, rows in entities.items()},
            )
        nights.append(replace(night, loads=loads))
    last = nights.pop()
    tombs = {f"20260701T230000_00000{n}": (source, gone[source]) for n, source in enumerate(sorted(gone))}
    return (*nights, replace(last, loads={**last.loads, **tombs}))


def _ghost(entity: str, row: Row) -> Row:
    key = load_contracts()[entity].key
    columns = load_contracts()[entity].columns
    other = {"text": "GHOST", "integer": 99, "timestamp": "2026-06-26 05:00:00"}
    return row | {key[-1]: other[columns[key[-1]].type]}


def _tombstone(entity: str, ghost: Row) -> Row:
    contract = load_contracts()[entity]
    version = {contract.version_by: "2026-07-01 15:00:00"} if contract.version_by else {}  # when the source said so
    return {name: ghost[name] for name in contract.key} | version | {"_is_deleted": True}


def write_configuration(home: Home) -> None:
    files.write_empty_company(home)
    files.write_settings(home, "regions", [
        {"region_key": key, "region_name_en": key.title(), "region_name_zh": zh, "level": "region"}
        for key, zh in (("north", "华北"), ("south", "华南"), ("east", "华东"), ("west", "西部"))
    ])  # fmt: skip
    files.write_settings(home, "exchange_rates", [{"currency": "CNY", "rate": 1}, {"currency": "USD", "rate": "7.2"}])
    files.write_settings(home, "lifecycle_tiers", [
        {"tier": tier, "priority": place, "name_en": tier, "name_zh": tier} for place, tier in enumerate("ABC", 1)
    ])  # fmt: skip
    files.write_settings(home, "lifecycle_rules", [
        {"priority": 1, "tier": "A", "rule_id": "a", "fact": "open_opportunity_count", "operator": "at_least",
         "threshold": 1, "reason_en": "A deal is open", "reason_zh": "有进行中的商机"},
        {"priority": 2, "tier": "B", "rule_id": "b", "fact": "days_since_last_order", "operator": "at_most",
         "threshold": 90, "reason_en": "Ordered lately", "reason_zh": "近期下单"},
    ])  # fmt: skip
    files.write_settings(home, "alert_rules", [
        {"rule_id": "fall", "priority": 1, "kind": "percent_change", "metric_id": "net_sales", "period_grain": "week",
         "dimension_name": "region", "direction": "fall", "compared_with": "previous", "threshold_rate": "0.15",
         "minimum_volume": 50, "wait_days": 0, "cooldown_days": 0, "severity": "critical", "owner": "sales",
         "playbook_id": "p1", "rule_state": "on"},
    ])  # fmt: skip
    june = {"starts_on": "2026-06-01", "due_on": "2026-06-30", "owner": "sales", "mode": "absolute"}
    # 23 of these 45 workdays have passed: 0.51111111.
    midway = {"starts_on": "2026-06-01", "due_on": "2026-07-31", "owner": "sales", "mode": "absolute"}
    files.write_settings(home, "targets", [
        {"target_id": "sales", "metric_id": "net_sales", "target_value": 1000, **june},
        {"target_id": "cycle", "metric_id": "win_cycle_days", "baseline_value": 40, "target_value": 10, **june},
        {"target_id": "leads", "metric_id": "lead_conversion_rate", "baseline_value": "0.2", "target_value": "0.15",
         "starts_on": "2026-04-27", "due_on": "2026-12-31", "owner": "sales", "mode": "relative_rate"},
        {"target_id": "pace_cycle", "metric_id": "win_cycle_days", "baseline_value": 25, "target_value": 16, **midway},
        {"target_id": "pace_sales", "metric_id": "net_sales", "target_value": 1000, **midway},
        {"target_id": "pace_win", "metric_id": "win_rate", "baseline_value": "0.05", "target_value": "0.065", **midway},
        {"target_id": "pace_win_bare", "metric_id": "win_rate", "target_value": "0.065", **midway},
        {"target_id": "pace_win_slow", "metric_id": "win_rate", "baseline_value": "0.059", "target_value": "0.065",
         **midway},
        {"target_id": "later", "metric_id": "repurchase_rate", "target_value": "0.5", **june},
    ])  # fmt: skip
    files.write_settings(home, "sources", [
        {"source": "shop", "label_en": "Shop", "label_zh": "商城", "expected_within_hours": 36},
        {"source": "crm", "label_en": "CRM", "label_zh": "CRM", "expected_within_hours": 36},
        {"source": "silent", "label_en": "Silent", "label_zh": "无数据", "expected_within_hours": 36},
    ])  # fmt: skip


def write_night(home: Home, night: Night) -> list[str]:
    """Write one night's loads and cross-reference; return its load ids."""
    for load_id, (source, entities) in night.loads.items():
        files.write_load(home, source, load_id, entities)
    files.write_customer_identities(home, night.customers)
    files.write_contact_identities(home, night.contacts)
    return list(night.loads)


def write_accounts(home: Home, nights: tuple[Night, ...]) -> None:
    """Write the ledger for the nights so far: every load also had one excluded and one quarantined row per entity."""
    loads, counts = [], []
    for load_id, source, entities in ((i, s, e) for night in nights for i, (s, e) in night.loads.items()):
        moment = f"2026-{load_id[4:6]}-{load_id[6:8]} 02:00:00"
        loads.append({"source": source, "load_id": load_id, "status": "landed", "extracted_at": moment})
        counts += [
            {"source": source, "entity": entity, "load_id": load_id, "reported": len(rows) + 2,
             "landed": len(rows) + 2, "excluded": 1, "folded": 0, "accepted": len(rows), "repeated": 0,
             "quarantined": 1}
            for entity, rows in entities.items()
        ]  # fmt: skip
    files.write_ledger(home, "loads", loads)
    files.write_ledger(home, "row_counts", counts)


def refresh(
    home: Home, pending: list[str], batch: int, *, full: bool = False, marts: tuple[str, ...] = (), **variables: object
) -> TransformReport:
    """Run dbt for the world as of its last night; `marts` names the only ones that are built."""
    given = {**VARIABLES, "pending_loads": pending, "identity_batch": batch, **variables}
    with only(*marts):
        return transform(home, variables=given, full_refresh=full, on_progress=lambda *_: None)
