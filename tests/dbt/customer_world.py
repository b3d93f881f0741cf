"""A few customers over time: when they bought, met and wrote, and the company's rules for tiers, segments and needs.

The answers stand in the tests. Business date: Wednesday 2026-07-01 in Shanghai (UTC+8).
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import accepted_files as files
import duckdb
import world

from sales_warehouse import durable, ledger, steps
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.run import Run
from sales_warehouse.settings_tables import need_patterns, write_settings
from sales_warehouse.sql import literal

Row = dict[str, object]
TODAY = date(2026, 7, 1)
FIRST_LOAD, SECOND_LOAD = "20260530T180000_000000", "20260620T180000_000000"  # the nights after 30 May and 20 June

COMPANY = {
    "company.yml": """\
company_id: small
business_date: 2026-07-01
name: {en: Small, zh: 小公司}
currency: CNY
time_zone: Asia/Shanghai
country: CN
""",
    "regions.yml": """\
regions:
  - {id: 华东, name: {en: East, zh: 华东}}
  - {id: 华南, name: {en: South, zh: 华南}}
""",
    "sources/crm.yml": """\
source: crm
label: {en: CRM, zh: CRM}
owner: data
expected_within_hours: 24
connection: {type: files, path: "${SOURCE_DATA}/crm"}
tables:
  orders: {files: "*.csv", format: csv, columns: [no, created]}
mappings:
  - {entity: orders, from: orders, columns: {order_id: no, ordered_at: created}}
""",
    "identity.yml": """\
golden_record:
  attributes:
    region: {prefer: [crm]}
    industry: {rule: most_common}
    size_band: {rule: oldest}
""",
    "lifecycle.yml": """\
tiers:
  - tier: A
    name: {en: High intent, zh: 高意向商机}
    retention_class: full_history
    rules:
      - id: likely_deal
        reason: {en: A likely deal, zh: 高概率商机}
        when: [{fact: open_opportunity_max_probability_rate, at_least: 0.45}]
      - id: large_buyer
        reason: {en: A large buyer, zh: 大客户}
        when: [{fact: net_sales_365d_amount, at_least: 500000}, {fact: days_since_last_order, at_most: 60}]
  - tier: B
    name: {en: Potential, zh: 潜在客户}
    rules:
      - {id: open_deal, reason: {en: An open deal, zh: 有商机}, when: [{fact: open_opportunity_count, at_least: 1}]}
      - {id: in_touch, reason: {en: In touch, zh: 有接触}, when: [{fact: days_since_last_touch, at_most: 60}]}
  - {tier: C, name: {en: Dormant, zh: 休眠客户}}
retention:
  standard: {keep_conversation_days: 30}
""",
    "segments.yml": """\
tags:
  - id: large_buyer
    name: {en: More than 500000 a year, zh: 年度采购额>50万}
    when: {fact: net_sales_365d_amount, over: 500000}
  - {id: key_account, name: {en: Key account, zh: 重点客户}, customers: [crm:D60, crm:M1]}
  - id: huge
    name: {en: More than 3000 millions, zh: 年度采购额>30亿}
    when: {fact: net_sales_365d_amount, over: 3000000000}
segments:
  - id: east_medical_large
    name: {en: East + medical devices + large, zh: 华东地区+医疗器械+年度采购额>50万}
    when: {all: [{attribute: region_key, is: 华东}, {attribute: industry, is: 医疗器械}, {tag: large_buyer}]}
  - id: not_medical_and_quiet
    name: {en: Neither medical nor in touch, zh: 非医疗且久未接触}
    when:
      not: {any: [{attribute: industry, is: 医疗器械}, {fact: days_since_last_touch, under: 60}]}
  - id: worth_a_call
    name: {en: Key or potential, zh: 重点或潜在}
    when:
      any:
        - {tag: key_account}
        - {all: [{attribute: tier, in: [B]}, {not: {segment: east_medical_large}}]}
""",
    "needs.yml": """\
fields:
  - id: budget
    name: {en: Budget, zh: 预算}
    rules:
      - {id: budget_amount, find: '预算[^0-9]{0,4}([0-9]+ *万)'}
      - {id: bargaining, words: [便宜], value: 价格敏感, texts: [chats]}
  - id: products
    name: {en: Products, zh: 意向产品}
    several: true
    rules:
      - {id: blood_pressure, words: [血压计, 血压仪], value: 血压计}
      - {id: devices, words: [监护仪, 呼吸机, 制氧机]}
      - {id: quoted, fact: quoted_product_line}
  - {id: content, name: {en: Read, zh: 已读}, several: true, rules: [{id: paper, fact: white_paper_read}]}
  - {id: role, name: {en: Role, zh: 决策角色}, rules: [{id: contact, fact: contact_role}]}
  - {id: intent, name: {en: Intent, zh: 意图}, rules: [{id: chat, fact: chat_intent}]}
""",
}  # fmt: skip


def customer(key: str, created: str, **more: object) -> Row:
    return {"customer_id": key, "name": key, "created_at": f"{created} 02:00:00"} | more


def visit(key: str, day: str) -> Row:
    return {"visit_id": f"V-{key}-{day}", "customer_id": key, "started_at": f"{day} 02:00:00"}


def deal(key: str, created: str, probability: str, closed: str | None = None) -> Row:
    return {
        "opportunity_id": f"D-{key}", "customer_id": key, "created_at": f"{created} 02:00:00", "amount": "100",
        "probability_rate": probability, "status": "lost" if closed else "open",
        "closed_at": f"{closed} 02:00:00" if closed else None,
    }  # fmt: skip


def order(key: str, day: str) -> Row:
    at = f"{day} 02:00:00"
    return {"order_id": f"O-{key}-{day}", "customer_id": key, "ordered_at": at, "updated_at": at, "status": "paid",
            "channel": "online_store"}  # fmt: skip


def line(key: str, day: str, amount: str) -> Row:
    return {"order_id": f"O-{key}-{day}", "line_number": 1, "quantity": 1, "unit_price_amount": amount,
            "discount_amount": "0", "tax_amount": "0"}  # fmt: skip


def chat(key: str, number: int, day: str, **more: object) -> Row:
    return {"chat_id": f"H-{key}-{number}", "customer_id": key, "platform": "wechat", "started_at": f"{day} 02:00:00",
            **more}  # fmt: skip


def message(key: str, chat: int, number: int, day: str, text: str, sender: str = "customer") -> Row:
    return {"chat_id": f"H-{key}-{chat}", "message_number": number, "sender_type": sender,
            "sent_at": f"{day} 03:00:00", "text": text}  # fmt: skip


MEDICAL = {"region": "华东", "industry": "医疗器械", "updated_at": "2025-01-01 00:00:00"}
# What each customer bought: day and amount.
BOUGHT = {
    "EXACT": [("2025-07-05", "500000.00")],
    "CENT": [("2025-07-05", "500000.01")],
    "GOLD": [("2025-07-05", "500000.01")],
    "MOVES": [("2025-08-01", "500000.01")],
    "GIVES_BACK": [("2026-01-05", "300000"), ("2026-05-20", "200000.01")],
    "LAPSES": [("2025-06-10", "500000.01")],
}
CREATED = {"LAPSES": "2025-06-01"}
VISITED = {
    "D60": ["2026-05-02"], "D61": ["2026-05-01"], "WAKES": ["2026-01-10", "2026-06-15"], "M1": ["2026-03-01"],
    "WITHDREW": ["2026-03-01"],
}  # fmt: skip
# Seen on 1 April and for the last time on 20 June, each by another channel.
CHANNELS = {
    "visit": "visit", "chat": "wechat", "call": "phone", "web_event": "web", "lead": "exhibition", "quote": "quote",
    "return": "dealer", "survey": "survey", "order": "online_store",
}  # fmt: skip
LAST = "2026-06-20 02:00:00"
TOUCHES: dict[str, list[Row]] = {
    "customers": [customer(f"BY_{kind}", "2026-03-01") for kind in CHANNELS],
    "contacts": [{"contact_id": "P1", "customer_id": "BY_web_event"},
                 {"contact_id": "P2", "customer_id": "NEEDS", "role": "decision_maker"}],
    "visits": [*(visit(f"BY_{kind}", "2026-04-01") for kind in CHANNELS), visit("BY_visit", LAST[:10])],
    "chats": [chat("BY_chat", 1, LAST[:10])],
    "calls": [{"call_id": "K1", "customer_id": "BY_call", "started_at": LAST}],
    "web_events": [{"event_id": "E1", "contact_id": "P1", "event_type": "page_view", "occurred_at": LAST}],
    "leads": [{"lead_id": "L1", "customer_id": "BY_lead", "channel": "exhibition", "created_at": LAST}],
    "opportunities": [deal("BY_quote", "2026-05-01", "0.9", "2026-05-05")],
    "quotes": [{"quote_id": "Q1", "version": 1, "opportunity_id": "D-BY_quote", "created_at": LAST}],
    "returns": [{"return_id": "R2", "order_id": "none", "customer_id": "BY_return", "channel": "dealer",
                 "refund_amount": "1", "returned_at": LAST}],
    "satisfaction_scores": [{"survey_id": "S1", "customer_id": "BY_survey", "score": "4", "max_score": "5",
                             "answered_at": LAST}],
    "orders": [order("BY_order", LAST[:10])],
}  # fmt: skip

# What customers wrote, and what sellers noted.
SAID: dict[str, list[Row]] = {
    "customers": [customer("NEEDS", "2026-05-01")],
    "chats": [chat("NEEDS", 1, "2026-05-01"), chat("NEEDS", 2, "2026-06-01", intent="price"),
              chat("LIKELY", 1, "2026-05-15"), chat("LOST", 1, "2026-04-10"),
              {"chat_id": "H-nobody-1", "started_at": "2026-05-01 02:00:00"}],
    "chat_messages": [
        message("NEEDS", 1, 1, "2026-05-01", "你好，预算大概50万"),
        message("NEEDS", 1, 2, "2026-06-30", "预算99万可以吗", "rep"),
        message("NEEDS", 1, 3, "2026-05-31", "血压仪有货吗"),
        message("NEEDS", 2, 1, "2026-06-01", "我们预算80万，要血压计和监护仪，便宜一点"),
        message("NEEDS", 2, 2, "2026-07-05", "预算100万"),
        message("NEEDS", 2, 3, "2026-06-29", "呼吸机和制氧机也要，呼吸机两台"),
        message("LIKELY", 1, 1, "2026-05-15", "预算70万"),
        message("LOST", 1, 1, "2026-04-10", "预算30万"),
        message("nobody", 1, 1, "2026-05-01", "预算20万"),
    ],
    "visits": [visit("NEEDS", "2026-05-15") | {"notes": "客户说预算60万", "contact_id": "P2"}],
    "opportunities": [deal("NEEDS", "2026-05-05", "0.2", "2026-05-06") | {"product_line": "monitors"}],
    "quotes": [{"quote_id": "Q2", "version": 1, "opportunity_id": "D-NEEDS", "created_at": "2026-05-05 02:00:00"}],
    "web_events": [
        {"event_id": "E2", "contact_id": "P2", "content_type": "white_paper", "content_id": "paper-1",
         "occurred_at": "2026-05-20 02:00:00"},
        {"event_id": "E3", "contact_id": "P2", "content_type": "news", "content_id": "news-1",
         "occurred_at": "2026-05-21 02:00:00"},
    ],
}  # fmt: skip

TIMED: dict[str, list[Row]] = {
    "customers": [
        customer("D60", "2026-05-02"),
        customer("D61", "2026-05-01"),
        customer("WAKES", "2026-01-05"),
        customer("LIKELY", "2026-05-10"),
        customer("LOST", "2026-03-20"),
        customer("M1", "2026-02-20", updated_at="2026-02-20 02:00:00"),
        customer("WITHDREW", "2026-03-01"),
        customer("GONE", "2026-01-10"),
        customer("BRIEF", "2026-01-10"),
        *(customer(key, CREATED.get(key, "2025-07-01"), **MEDICAL, **{"size_band": "s"} if key == "GOLD" else {})
          for key in BOUGHT),
    ],
    "visits": [visit(key, day) for key, days in VISITED.items() for day in days],
    "opportunities": [deal("LIKELY", "2026-05-20", "0.44"), deal("LOST", "2026-04-01", "0.9", "2026-05-01")],
    "orders": [
        *(order(key, day) for key, found in BOUGHT.items() for day, _ in found),
        order("WITHDREW", "2026-06-25") | {"status": "cancelled"},
    ],
    "order_lines": [line(key, day, amount) for key, found in BOUGHT.items() for day, amount in found],
    "returns": [
        {"return_id": "R1", "order_id": "O-GIVES_BACK-2026-05-20", "line_number": 1, "quantity": 0,
         "refund_amount": "0.01", "returned_at": "2026-06-25 02:00:00"},
    ],
}  # fmt: skip
FIRST = {entity: [row for part in (TIMED, TOUCHES, SAID) for row in part.get(entity, [])] for entity in
         dict.fromkeys([*TIMED, *TOUCHES, *SAID])}  # fmt: skip
SECOND: dict[str, list[Row]] = {
    "customers": [
        customer("MOVES", "2025-07-01", **MEDICAL | {"region": "华南", "updated_at": "2026-06-10 02:00:00"}),
        {"customer_id": "GONE", "_is_deleted": True},
        # changed, and deleted before the same load
        customer("BRIEF", "2026-01-10", city="Lhasa", updated_at="2026-06-19 02:00:00"),
        {"customer_id": "BRIEF", "_is_deleted": True},
    ],
    "opportunities": [deal("LIKELY", "2026-05-20", "0.45")],
}
OF_THE_SHOP: dict[str, list[Row]] = {
    "customers": [
        customer("M2", "2026-01-20", industry="医疗器械", updated_at="2026-01-20 02:00:00"),
        # GOLD too, later than the CRM: another region in both, another industry in the newest
        customer("G2", "2026-01-19", region="华北", industry="医疗器械", updated_at="2026-01-19 02:00:00"),
        customer("G3", "2026-01-20", region="华北", industry="零售", size_band="l", updated_at="2026-01-20 02:00:00"),
    ],
    "orders": [order("M2", "2026-01-25")],
}
KEYS = [str(row["customer_id"]) for row in FIRST["customers"]]
PEOPLE = {("crm", key): (key, 1) for key in ("P1", "P2")}
OF_GOLD = {("shop", key): ("GOLD", 1) for key in ("G2", "G3")}
APART = {("crm", key): (key, 1) for key in KEYS} | {("shop", "M2"): ("M2", 1)} | OF_GOLD
TOGETHER = APART | {("shop", "M2"): ("M1", 2)}


MARTS = (
    "dim_customers", "dim_customer_tiers", "dim_segments", "fct_segment_members", "fct_customer_needs",
    "fct_touchpoints", "fct_chats", "fct_chat_messages", "fct_visits", "trust_purges", "trust_row_accounting",
)  # fmt: skip


@dataclass(frozen=True)
class Built:
    """A home that can be refreshed for any day, and its marts as of the last refresh."""

    home: Home
    folder: Path

    def refresh(self, day: date = TODAY, batch: int = 1, *, full: bool = False) -> None:
        company = load_company(self.folder)
        moment = datetime.datetime.combine(day, datetime.time(18))
        write_settings(self.home, company, as_of=moment, business_date=day, first_date=date(2025, 1, 1))
        files.write_metrics(self.home)  # the sources of the folder map less than what is written here
        given = {"business_date": f"{day}", "as_of": f"{moment}", "need_patterns": need_patterns(company)}
        world.refresh(self.home, [], batch, full=full, marts=MARTS, **given)
        run = Run(self.home, company, "r1", moment, day)
        ledger.write_applied(self.home, ledger.Applied(batch, "", {}, steps._deciders(run)))
        durable.write_json(self.home.warehouse / steps.AUDITED, steps._state_of_marts(run))

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.home.warehouse_file), read_only=True) as connection:
            connection.execute("SET schema = 'marts'")
            return connection.execute(query).fetchall()

    def history(self, key: str) -> list[tuple]:
        return self.rows(
            "SELECT tier, rule_id, valid_from_date, valid_to_date FROM dim_customer_tiers "
            f"WHERE customer_key = {literal(key)} ORDER BY valid_from_date"
        )

    def members(self, segment: str, day: date = TODAY) -> set[str]:
        found = self.rows(
            f"SELECT customer_key FROM fct_segment_members WHERE segment_id = {literal(segment)} "
            f"AND DATE '{day}' BETWEEN valid_from_date AND coalesce(valid_to_date, DATE '{TODAY}')"
        )
        return {key for (key,) in found}


def build(folder: Path, home: Home) -> Built:
    """Write the company and its loads, and build its warehouse."""
    for name, text in COMPANY.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    files.write_empty_company(home)
    shop_load = FIRST_LOAD[:-1] + "1"
    for load, source, entities in (
        (FIRST_LOAD, "crm", FIRST), (SECOND_LOAD, "crm", SECOND), (shop_load, "shop", OF_THE_SHOP),
    ):  # fmt: skip
        files.write_load(home, source, load, entities)
    moments = {FIRST_LOAD: "2026-05-30 18:00:00", SECOND_LOAD: "2026-06-20 18:00:00"}
    files.write_ledger(home, "loads", [
        {"source": "crm", "load_id": load, "status": "landed", "extracted_at": at} for load, at in moments.items()
    ])  # fmt: skip
    files.write_customer_identities(home, APART)
    files.write_contact_identities(home, PEOPLE)
    made = Built(home, folder)
    made.refresh(full=True)
    return made
