"""Tiers, tags and segments of a few customers over time, worked out by hand. Business date: 2026-07-01 in Shanghai."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal as D
from pathlib import Path

import accepted_files as files
import duckdb
import pytest
import world

from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import need_patterns, write_settings
from sales_warehouse.sql import literal

pytestmark = pytest.mark.slow

Row = dict[str, object]
TODAY = date(2026, 7, 1)
FIRST_LOAD, SECOND_LOAD = "20260530T180000_000000", "20260620T180000_000000"  # the nights after 30 May and 20 June

COMPANY = {
    "company.yml": """\
company_id: small
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
""",
    "segments.yml": """\
tags:
  - id: large_buyer
    name: {en: More than 500000 a year, zh: 年度采购额>50万}
    when: {fact: net_sales_365d_amount, over: 500000}
  - {id: key_account, name: {en: Key account, zh: 重点客户}, customers: [crm:D60, crm:M1]}
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


def order(key: str, day: str, status: str = "paid") -> Row:
    at = f"{day} 02:00:00"
    return {"order_id": f"O-{key}-{day}", "customer_id": key, "ordered_at": at, "updated_at": at, "status": status,
            "channel": "online_store"}  # fmt: skip


def line(key: str, day: str, amount: str) -> Row:
    return {"order_id": f"O-{key}-{day}", "line_number": 1, "quantity": 1, "unit_price_amount": amount,
            "discount_amount": "0", "tax_amount": "0"}  # fmt: skip


MEDICAL = {"region": "华东", "industry": "医疗器械", "updated_at": "2025-01-01 00:00:00"}
# What each customer bought: day and amount.
BOUGHT = {
    "EXACT": [("2025-07-05", "500000.00")],
    "CENT": [("2025-07-05", "500000.01")],
    "MOVES": [("2025-08-01", "500000.01")],
    "GIVES_BACK": [("2026-01-05", "300000"), ("2026-05-20", "200000.01")],
}
VISITED = {
    "D60": ["2026-05-02"], "D61": ["2026-05-01"], "WAKES": ["2026-01-10", "2026-06-15"], "M1": ["2026-03-01"],
}  # fmt: skip
FIRST: dict[str, list[Row]] = {
    "customers": [
        customer("D60", "2026-05-02"),
        customer("D61", "2026-05-01"),
        customer("WAKES", "2026-01-05"),
        customer("LIKELY", "2026-05-10"),
        customer("LOST", "2026-03-20"),
        customer("M1", "2026-02-20", updated_at="2026-02-20 02:00:00"),
        *(customer(key, "2025-07-01", **MEDICAL) for key in BOUGHT),
    ],
    "visits": [visit(key, day) for key, days in VISITED.items() for day in days],
    "opportunities": [deal("LIKELY", "2026-05-20", "0.44"), deal("LOST", "2026-04-01", "0.9", "2026-05-01")],
    "orders": [
        *(order(key, day) for key, found in BOUGHT.items() for day, _ in found),
        order("D61", "2026-06-30", "cancelled"),
    ],
    "order_lines": [line(key, day, amount) for key, found in BOUGHT.items() for day, amount in found],
    "returns": [
        {"return_id": "R1", "order_id": "O-GIVES_BACK-2026-05-20", "line_number": 1, "quantity": 0,
         "refund_amount": "0.01", "returned_at": "2026-06-25 02:00:00"},
    ],
}  # fmt: skip
SECOND: dict[str, list[Row]] = {
    "customers": [customer("MOVES", "2025-07-01", **MEDICAL | {"region": "华南", "updated_at": "2026-06-10 02:00:00"})],
    "opportunities": [deal("LIKELY", "2026-05-20", "0.45")],
}
OF_THE_SHOP: dict[str, list[Row]] = {
    "customers": [customer("M2", "2026-01-20", industry="医疗器械", updated_at="2026-01-20 02:00:00")],
    "orders": [order("M2", "2026-01-25")],
}
KEYS = [str(row["customer_id"]) for row in FIRST["customers"]]
APART = {("crm", key): (key, 1) for key in KEYS} | {("shop", "M2"): ("M2", 1)}
TOGETHER = APART | {("shop", "M2"): ("M1", 2)}


@dataclass(frozen=True)
class Built:
    """A home that can be refreshed for any day, and its marts as of the last refresh."""

    home: Home
    folder: Path

    def refresh(self, day: date = TODAY, batch: int = 1, *, full: bool = False) -> None:
        company = load_company(self.folder)
        moment = datetime.datetime.combine(day, datetime.time(18))
        write_settings(self.home, company, as_of=moment, business_date=day, first_date=date(2025, 1, 1))
        given = {"business_date": f"{day}", "as_of": f"{moment}", "need_patterns": need_patterns(company)}
        world.refresh(self.home, [], batch, full=full, **given)

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


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("company")
    for name, text in COMPANY.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    home = Home(tmp_path_factory.mktemp("tiers"), "tiers")
    files.write_empty_company(home)
    for load, source, entities in (
        (FIRST_LOAD, "crm", FIRST), (SECOND_LOAD, "crm", SECOND), (FIRST_LOAD[:-1] + "1", "shop", OF_THE_SHOP),
    ):  # fmt: skip
        files.write_load(home, source, load, entities)
    moments = {FIRST_LOAD: "2026-05-30 18:00:00", SECOND_LOAD: "2026-06-20 18:00:00"}
    files.write_ledger(home, "loads", [
        {"source": "crm", "load_id": load, "status": "landed", "extracted_at": at} for load, at in moments.items()
    ])  # fmt: skip
    files.write_customer_identities(home, APART)
    made = Built(home, folder)
    made.refresh(full=True)
    return made


def days(first: str, last: str | None) -> tuple[date, date | None]:
    return date.fromisoformat(first), date.fromisoformat(last) if last else None


HISTORIES = {
    "D60": [("B", "in_touch", *days("2026-05-02", None))],  # 1 July is day 60
    "D61": [("B", "in_touch", *days("2026-05-01", "2026-06-30")), ("C", "otherwise", *days("2026-07-01", None))],
    "WAKES": [
        ("C", "otherwise", *days("2026-01-05", "2026-01-09")),
        ("B", "in_touch", *days("2026-01-10", "2026-03-11")),
        ("C", "otherwise", *days("2026-03-12", "2026-06-14")),
        ("B", "in_touch", *days("2026-06-15", None)),
    ],
    "LIKELY": [  # 0.44 until the load of 20 June said 0.45
        ("C", "otherwise", *days("2026-05-10", "2026-05-19")),
        ("B", "open_deal", *days("2026-05-20", "2026-06-19")),
        ("A", "likely_deal", *days("2026-06-20", None)),
    ],
    "LOST": [
        ("C", "otherwise", *days("2026-03-20", "2026-03-31")),
        ("A", "likely_deal", *days("2026-04-01", "2026-04-30")),
        ("C", "otherwise", *days("2026-05-01", None)),
    ],
    "EXACT": [  # at least 500,000 and 60 days
        ("C", "otherwise", *days("2025-07-01", "2025-07-04")),
        ("A", "large_buyer", *days("2025-07-05", "2025-09-03")),
        ("C", "otherwise", *days("2025-09-04", None)),
    ],
    "GIVES_BACK": [  # 500,000.00 is left after the return; the order of 20 May is 42 days old
        ("C", "otherwise", *days("2025-07-01", "2026-01-04")),
        ("B", "in_touch", *days("2026-01-05", "2026-03-06")),
        ("C", "otherwise", *days("2026-03-07", "2026-05-19")),
        ("A", "large_buyer", *days("2026-05-20", None)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("key", HISTORIES)
def test_the_history_of_a_customer_turns_on_the_right_days(built: Built, key: str) -> None:
    assert built.history(key) == HISTORIES[key]


def test_every_day_has_exactly_one_tier_and_it_is_that_of_the_rules(built: Built) -> None:
    """Day by day, each tier worked out from the rows above without the warehouse."""
    spells = built.rows("SELECT customer_key, tier, valid_from_date, coalesce(valid_to_date, DATE '2026-07-01') "
                        "FROM dim_customer_tiers")  # fmt: skip
    checked = 0
    for row in FIRST["customers"]:
        key = str(row["customer_id"])
        day = date.fromisoformat(str(row["created_at"])[:10])
        while day <= TODAY:
            found = [tier for k, tier, first, last in spells if k == key and first <= day <= last]
            assert found == [tier_of(key, day)], (key, day)
            day, checked = day + timedelta(1), checked + 1
    assert checked > 1500


def tier_of(key: str, day: date) -> str:
    """The rules of the company's lifecycle.yml, for one customer on one day."""
    open_deals = {"LIKELY": ("2026-05-20", "2999-01-01"), "LOST": ("2026-04-01", "2026-05-01")}
    first, closed = open_deals.get(key, ("2999-01-01", "2999-01-01"))
    is_open = first <= f"{day}" < closed
    is_likely = is_open and (key == "LOST" or f"{day}" >= "2026-06-20")
    orders = [(date.fromisoformat(on), D(amount)) for on, amount in BOUGHT.get(key, [])]
    orders = [(on, amount) for on, amount in orders if on <= day]
    year = sum(amount for on, amount in orders if day - on < timedelta(365))
    if key == "GIVES_BACK" and f"{day}" >= "2026-06-25":
        year -= D("0.01")
    touches = [date.fromisoformat(on) for on in VISITED.get(key, [])] + [on for on, _ in orders]
    if key == "GIVES_BACK":
        touches.append(date(2026, 6, 25))
    if key == "D61":
        touches.append(date(2026, 6, 30))
    last_touch = max((on for on in touches if on <= day), default=None)
    if is_likely or (year >= 500_000 and (day - orders[-1][0]).days <= 60):
        return "A"
    return "B" if is_open or (last_touch and (day - last_touch).days <= 60) else "C"


def test_a_row_says_why_with_the_numbers_of_its_first_day(built: Built) -> None:
    query = (
        "SELECT tier_reason_en, tier_reason_zh, tier_name_zh, retention_class, is_current FROM dim_customer_tiers "
        "WHERE customer_key = 'LIKELY' AND tier = 'A'"
    )
    assert built.rows(query) == [(
        "A likely deal (open_opportunity_max_probability_rate = 0.45 ≥ 0.45)",
        "高概率商机（open_opportunity_max_probability_rate = 0.45 ≥ 0.45）", "高意向商机", "full_history", True,
    )]  # fmt: skip


@pytest.fixture(scope="module")
def everything(built: Built) -> Callable[[], dict[str, list[tuple]]]:
    return lambda: {
        mart: built.rows(f"SELECT * FROM {mart} ORDER BY ALL")
        for mart in ("dim_customer_tiers", "fct_segment_members", "dim_customers", "dim_segments")
    }


def test_the_same_night_again_and_a_full_build_change_nothing(built: Built, everything: Callable) -> None:
    before = everything()
    built.refresh()
    assert everything() == before
    built.refresh(full=True)
    assert everything() == before


SEGMENTS = ("large_buyer", "east_medical_large", "not_medical_and_quiet", "worth_a_call", "key_account")


def test_a_refresh_for_a_past_day_sees_that_day_and_damages_nothing(built: Built, everything: Callable) -> None:
    before = everything()
    for day, tier in ((date(2026, 6, 9), "C"), (date(2026, 6, 15), "B")):  # on the 15th WAKES wakes up
        then = {segment: built.members(segment, day) for segment in SEGMENTS}
        built.refresh(day)
        assert built.rows("SELECT tier FROM dim_customers WHERE customer_key = 'WAKES'") == [(tier,)]
        assert built.history("WAKES")[-1][::3] == (tier, None)
        assert built.history("LIKELY")[-1] == ("B", "open_deal", date(2026, 5, 20), None)
        query = "SELECT segment_id, customer_key FROM fct_segment_members WHERE is_current"
        found = built.rows(query)
        assert {segment: {key for at, key in found if at == segment} for segment in SEGMENTS} == then
        built.refresh()
        assert everything() == before


def test_the_history_follows_the_key_that_survives(built: Built, everything: Callable) -> None:
    before = everything()
    assert built.history("M1") == [
        ("C", "otherwise", *days("2026-02-20", "2026-02-28")),
        ("B", "in_touch", *days("2026-03-01", "2026-04-30")),
        ("C", "otherwise", *days("2026-05-01", None)),
    ]
    assert built.history("M2")[0][:2] == ("C", "otherwise")
    files.write_customer_identities(built.home, TOGETHER)
    built.refresh(batch=2)
    assert built.history("M2") == []
    assert built.history("M1") == [
        ("C", "otherwise", *days("2026-01-20", "2026-01-24")),
        ("B", "in_touch", *days("2026-01-25", "2026-04-30")),  # the shop's order, then the visit
        ("C", "otherwise", *days("2026-05-01", None)),
    ]
    files.write_customer_identities(built.home, APART)
    built.refresh(full=True)
    assert everything() == before


# --- segments ----------------------------------------------------------------------------------------------------


def test_500_000_00_is_not_over_500_000_and_one_cent_more_is(built: Built) -> None:
    assert built.members("large_buyer") == {"CENT", "MOVES"}
    assert built.members("large_buyer", date(2025, 7, 5)) == {"CENT"}
    assert built.members("large_buyer", date(2025, 7, 4)) == set()


def test_a_member_leaves_with_the_return_and_with_its_region(built: Built) -> None:
    query = (
        "SELECT customer_key, valid_from_date, valid_to_date, is_current FROM fct_segment_members "
        "WHERE segment_id = 'east_medical_large' ORDER BY 1"
    )
    assert built.rows(query) == [
        ("CENT", *days("2025-07-05", None), True),
        ("GIVES_BACK", *days("2026-05-20", "2026-06-24"), False),
        ("MOVES", *days("2025-08-01", "2026-06-09"), False),
    ]


def test_members_are_those_of_the_sql_written_by_hand(built: Built) -> None:
    query = """
        WITH moved AS (
            SELECT customer_key, order_date AS day, net_amount AS amount FROM fct_order_lines WHERE NOT is_cancelled
            UNION ALL SELECT customer_key, return_date, -refund_amount FROM fct_returns WHERE NOT is_cancelled
        ),
        bought AS (
            SELECT customer_key, sum(amount) AS amount FROM moved
            WHERE day > DATE '2026-07-01' - 365 AND day <= DATE '2026-07-01' GROUP BY ALL
        )
        SELECT customer_key FROM dim_customers JOIN bought USING (customer_key)
        WHERE region_key = '华东' AND industry = '医疗器械' AND amount > 500000
    """
    assert {key for (key,) in built.rows(query)} == built.members("east_medical_large") == {"CENT"}
    quiet = """
        SELECT c.customer_key FROM dim_customers c LEFT JOIN fct_touchpoints t
            ON c.customer_key = t.customer_key AND t.occurred_date > DATE '2026-07-01' - 60
        WHERE c.customer_key <> 'unknown' AND c.industry IS DISTINCT FROM '医疗器械' AND t.touchpoint_key IS NULL
    """
    assert {key for (key,) in built.rows(quiet)} == built.members("not_medical_and_quiet")
    assert built.members("not_medical_and_quiet") == {"D60", "LIKELY", "LOST", "M1"}  # day 60 is not under 60


def test_tags_and_segments_within_a_segment_and_the_tier(built: Built) -> None:
    assert built.members("key_account") == {"D60", "M1"}
    assert built.members("worth_a_call") == {"D60", "M1", "WAKES"}  # WAKES is B; LIKELY became A
    assert built.members("worth_a_call", date(2026, 6, 19)) == {"D60", "D61", "LIKELY", "M1", "WAKES"}


def test_segments_and_tags_are_named_in_both_languages(built: Built) -> None:
    query = "SELECT segment_type, segment_name_zh FROM dim_segments"
    named = [("segment", "华东地区+医疗器械+年度采购额>50万"), ("segment", "重点或潜在"), ("tag", "年度采购额>50万")]
    assert set(named) <= set(built.rows(query))
