"""A published file with a handful of customers, in the shape that the models promise."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
from published_marts import write_marts

from sales_warehouse.home import Home
from sales_warehouse.publish import manifest
from sales_warehouse.sql import literal

KANG, EMPTY, BUSY, ODD = "C1A", "C2B", "C3C", "C4D"
MANY, PEOPLE = 10_000, 1_234

ROWS: dict[str, list[dict[str, object]]] = {
    "dim_customers": [
        {"customer_key": KANG, "customer_name": "武汉康宁医疗器械有限公司", "uscc": "91420100MA4KXN0L5T",
         "industry": "医疗", "region_key": "华中", "province_key": "CN-HB", "city": "武汉", "owner_rep_key": "crm:R1",
         "tier": "A", "tier_reason_en": "A deal is open", "tier_reason_zh": "有进行中的商机",
         "last_order_date": "2026-06-20"},
        {"customer_key": EMPTY, "customer_name": "Nothing Yet Ltd", "tier": "D", "tier_reason_en": "New",
         "tier_reason_zh": "新客户"},
        {"customer_key": BUSY, "customer_name": "Busy Trading", "tier": "B", "tier_reason_en": "Ordered lately",
         "tier_reason_zh": "近期下单"},
        {"customer_key": ODD, "customer_name": "[red]<script>alert(1)</script> 100%_", "tier": "B",
         "tier_reason_en": "x", "tier_reason_zh": "x"},
        {"customer_key": "unknown", "customer_name": "unknown", "tier": "unknown", "tier_reason_en": "not a customer"},
    ],
    "dim_customer_records": [
        {"customer_record_key": "crm:K9", "source": "crm", "customer_id": "K9", "customer_key": KANG,
         "customer_name": "武汉康宁医疗器械有限公司", "match_rule": "credit_code", "is_deleted": False},
        {"customer_record_key": "shop:M7", "source": "shop", "customer_id": "M7", "customer_key": KANG,
         "customer_name": "康寧醫療（武漢）", "match_rule": "evidence", "probability_rate": "0.987",
         "is_deleted": False},
        {"customer_record_key": "crm:K1", "source": "crm", "customer_id": "K1", "customer_key": BUSY,
         "customer_name": "Busy", "match_rule": "own_record", "is_deleted": True},
        {"customer_record_key": "shop:K1", "source": "shop", "customer_id": "K1", "customer_key": ODD,
         "customer_name": "Odd", "match_rule": "own_record", "is_deleted": False},
    ],
    "trust_customer_differences": [
        {"customer_key": KANG, "attribute": "uscc", "customer_record_key": "shop:M7", "source": "shop",
         "attribute_value": "91310000MA1FL0000X", "is_taken": False, "is_agreeing": False,
         "taken_value": "91420100MA4KXN0L5T", "value_count": 2},
        {"customer_key": BUSY, "attribute": "city", "customer_record_key": "crm:K1", "source": "crm",
         "attribute_value": "91310000MA1FL0001X", "is_taken": False, "is_agreeing": False, "taken_value": "x",
         "value_count": 2},
    ],
    "trust_identity_changes": [
        {"entity": "customer", "source": "shop", "record_key": "shop:M7", "old_key": "COLD", "new_key": "CMID",
         "match_rule": "evidence", "changed_at": "2026-06-01 00:00:00"},
        {"entity": "customer", "source": "shop", "record_key": "shop:M7", "old_key": "CMID", "new_key": KANG,
         "match_rule": "evidence", "changed_at": "2026-06-02 00:00:00"},
    ],
    "dim_regions": [
        {"region_key": "华中", "region_name_en": "Central China", "region_name_zh": "华中", "region_level": "region"},
        {"region_key": "CN-HB", "region_name_en": "Hubei", "region_name_zh": "湖北", "region_level": "province"},
    ],
    "dim_sales_reps": [{"rep_key": "crm:R1", "rep_name": "王芳"}],
    "dim_channels": [{"channel": "field", "channel_name_en": "Field sales", "channel_name_zh": "直销"}],
    "dim_contacts": [],
    "fct_customer_contacts": [
        {"customer_key": KANG, "contact_key": "P2", "contact_name": "李强", "title": "采购员", "contact_role": "user",
         "touch_count": 3, "last_touch_at": "2026-06-25 02:00:00", "is_employed": True, "is_deleted": False},
        {"customer_key": KANG, "contact_key": "P1", "contact_name": "陈静", "title": "院长",
         "contact_role": "decision_maker", "touch_count": 0, "is_employed": True, "is_deleted": False},
        {"customer_key": KANG, "contact_key": "P3", "contact_name": "赵敏", "contact_role": "unknown", "touch_count": 1,
         "last_touch_at": "2026-01-25 02:00:00", "is_employed": False, "is_deleted": False},
        {"customer_key": KANG, "contact_key": "P4", "contact_name": "Gone", "contact_role": "unknown", "touch_count": 0,
         "is_employed": True, "is_deleted": True},
    ],
    "fct_deal_chains": [
        {"opportunity_key": "crm:D1", "customer_key": KANG, "opportunity_status": "open", "amount": "1280000",
         "product_line": "影像", "expected_close_date": "2026-08-01",
         "contact_count": 3, "missing_roles": "influencer gatekeeper", "is_decision_maker_missing": False,
         "is_decision_maker_untouched": True},
    ],
    "fct_customer_timeline": [
        {"customer_key": KANG, "event_key": "invoice:crm:I1", "event_type": "invoice", "title_en": "Invoice due",
         "title_zh": "发票到期", "happened_at": "2026-07-20 00:00:00", "happened_date": "2026-07-20",
         "amount": "500.5", "record_key": "crm:I1", "source": "crm"},
        {"customer_key": KANG, "event_key": "order:crm:O1", "event_type": "order", "title_en": "Order · paid",
         "title_zh": "订单 · 已付款", "happened_at": "2026-06-20 16:30:00", "happened_date": "2026-06-21",
         "channel": "field", "amount": "1234567.8", "record_key": "crm:O1", "source": "crm"},
        {"customer_key": KANG, "event_key": "visit:v:1", "event_type": "visit", "title_en": "Visit · 已签约",
         "title_zh": "拜访 · 已签约", "happened_at": "2026-06-19 02:00:00", "happened_date": "2026-06-19",
         "channel": "visit", "record_key": "v:1", "source": "v"},
        {"customer_key": KANG, "event_key": "call:p:1", "event_type": "call", "title_en": "Call", "title_zh": "电话",
         "record_key": "p:1", "source": "p"},  # nobody knows when
    ],
    "fct_customer_months": [],
}  # fmt: skip


def write(home: Home, folder: Path | None = None) -> Path:
    """Publish the file, as far as a reader of customers can tell, and return it."""
    folder = folder or home.published / "versions" / "000001_20260630"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "warehouse.duckdb"
    with duckdb.connect(str(file)) as db:
        write_marts(db, ROWS)
        _months(db)
        _many_events(db)
        _many_people(db)
    manifest.write(
        folder, manifest.Manifest(folder.name, None, "night", "2026-06-30", "2026-06-30T18:00:00", "duckdb", ())
    )
    home.current.unlink(missing_ok=True)
    home.current.symlink_to(folder)
    return file


def _months(db: duckdb.DuckDBPyConnection) -> None:
    """24 months up to June 2026 for two customers; of the first one May 2026 is negative and half of them are empty."""
    db.execute(f"""
        insert into marts.fct_customer_months by name
        select customer_key, month_start_date, 0 as returns_amount, n % 2 as order_count,
            case when n = 22 then -200 else n % 2 * 1000 * (n + 1) end as net_sales_amount,
            case when n >= 12 then (n - 12) % 2 * 1000 * (n - 11) else 0 end as previous_year_net_sales_amount,
            0 as previous_year_order_count, n < 23 as is_whole_month
        from (values ('{KANG}'), ('{BUSY}')) as t(customer_key),
            (select n, (timestamp '2024-07-01' + to_months(n::integer))::date as month_start_date from range(24) r(n))
    """)


def _many_events(db: duckdb.DuckDBPyConnection) -> None:
    at = datetime.datetime(2026, 6, 30)
    db.execute(f"""
        insert into marts.fct_customer_timeline by name
        select '{BUSY}' as customer_key, 'web_event:w:' || n as event_key, 'web_event' as event_type,
            'Web site · page_view' as title_en, '官网 · page_view' as title_zh,
            {literal(at)} - to_hours(n) as happened_at,
            ({literal(at)} - to_hours(n))::date as happened_date, 'w:' || n as record_key, 'w' as source
        from range({MANY}) r(n)
    """)


def _many_people(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(f"""
        insert into marts.fct_customer_contacts by name
        select '{BUSY}' as customer_key, 'N' || n as contact_key, 'Somebody ' || n as contact_name,
            'unknown' as contact_role, 0 as touch_count, true as is_employed, false as is_deleted
        from range({PEOPLE}) r(n)
    """)
