"""Tiers and segments as a history, worked out by hand: see customer_world for the rows that make it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal as D

import accepted_files as files
import duckdb
import pytest
from customer_world import APART, BOUGHT, CHANNELS, TIMED, TODAY, TOGETHER, VISITED, Built

from sales_warehouse.sql import read_parquet

pytestmark = pytest.mark.slow


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
        ("C", "otherwise", *days("2026-05-10", "2026-05-14")),
        ("B", "in_touch", *days("2026-05-15", "2026-05-19")),
        ("B", "open_deal", *days("2026-05-20", "2026-06-19")),  # the first rule of the file that holds
        ("A", "likely_deal", *days("2026-06-20", None)),
    ],
    "LOST": [
        ("C", "otherwise", *days("2026-03-20", "2026-03-31")),
        ("A", "likely_deal", *days("2026-04-01", "2026-04-30")),
        ("B", "in_touch", *days("2026-05-01", "2026-06-09")),
        ("C", "otherwise", *days("2026-06-10", None)),
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
    for row in TIMED["customers"]:
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
    others = {"GIVES_BACK": ["2026-06-25"], "LIKELY": ["2026-05-15"], "LOST": ["2026-04-10"]}
    met = VISITED.get(key, []) + others.get(key, [])
    touches = [date.fromisoformat(on) for on in met] + [on for on, _ in orders]
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
    nights = ((date(2026, 6, 15), "B"), (date(2026, 6, 9), "C"))  # on the 15th WAKES wakes up
    for day, tier in nights if os.environ.get("SALES_WAREHOUSE_TEST_LONG") else nights[:1]:
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
    assert built.members("large_buyer") == {"CENT", "GOLD", "MOVES"}
    assert built.members("large_buyer", date(2025, 7, 5)) == {"CENT", "GOLD", "LAPSES"}
    assert built.members("large_buyer", date(2025, 7, 4)) == {"LAPSES"}


def test_a_member_leaves_with_the_return_and_with_its_region(built: Built) -> None:
    query = (
        "SELECT customer_key, valid_from_date, valid_to_date, is_current FROM fct_segment_members "
        "WHERE segment_id = 'east_medical_large' ORDER BY 1"
    )
    assert built.rows(query) == [
        ("CENT", *days("2025-07-05", None), True),
        ("GIVES_BACK", *days("2026-05-20", "2026-06-24"), False),
        ("GOLD", *days("2025-07-05", None), True),
        ("LAPSES", *days("2025-06-10", "2026-06-09"), False),
        ("MOVES", *days("2025-08-01", "2026-06-09"), False),
    ]


BY_HAND = """
    WITH days AS (SELECT d::DATE AS day FROM range(DATE '2025-06-01', DATE '2026-07-02', INTERVAL 1 DAY) t(d)),
    moved AS (
        SELECT customer_id, ordered_at AS moment, quantity * unit_price_amount - discount_amount AS amount
        FROM orders JOIN order_lines USING (_source, order_id) WHERE status = 'paid'
        UNION ALL
        SELECT orders.customer_id, returned_at, -refund_amount
        FROM returns JOIN orders ON returns.order_id = orders._source || ':' || orders.order_id
    ),
    bought AS (  -- of each customer on each day; a day ends at 16:00 UTC
        SELECT day, customer_key, sum(amount) AS amount
        FROM days JOIN moved ON (moment + INTERVAL 8 HOUR)::DATE BETWEEN day - 364 AND day
        JOIN xref ON xref.source || ':' || xref.customer_id = moved.customer_id
        GROUP BY ALL
    ),
    said AS (  -- what each record said on each day
        SELECT day, customer_key, _source, xref.customer_id, max_by(region, updated_at) AS region,
            max_by(industry, updated_at) AS industry
        FROM days JOIN customers ON (updated_at + INTERVAL 8 HOUR)::DATE <= day
        JOIN xref ON source = _source AND xref.customer_id = customers.customer_id
        GROUP BY ALL
    ),
    golden AS (  -- the CRM speaks of the region, most of the records of the industry
        SELECT day, customer_key, max_by(region, _source = 'crm') AS region, mode(industry) AS industry
        FROM said GROUP BY ALL
    )
    SELECT day, customer_key, region = '华东' AND industry = '医疗器械' AND amount > 500000.00,
        amount = 500000.00
    FROM bought JOIN golden USING (day, customer_key)
"""


def test_on_every_day_members_are_those_of_the_rows_as_they_were_accepted(built: Built) -> None:
    """The SQL above reads no model: 13 months of days, among them the first and the last of each member."""
    with duckdb.connect() as connection:
        for entity in ("customers", "orders", "order_lines", "returns"):
            rows = read_parquet(built.home.accepted.glob(f"{entity}/*/*.parquet"), options="union_by_name = true")
            connection.execute(f"CREATE VIEW {entity} AS FROM {rows}")
        connection.execute(f"CREATE VIEW xref AS FROM {read_parquet([built.home.identity / 'customer_xref.parquet'])}")
        found = connection.execute(BY_HAND).fetchall()
    expected = {(day, key) for day, key, is_member, _ in found if is_member}
    assert {key for _, key in expected} == {"CENT", "GOLD", "MOVES", "GIVES_BACK", "LAPSES"}
    assert {key for _, key, _, is_the_limit in found if is_the_limit} == {"EXACT", "GIVES_BACK"}
    members = built.rows("""
        SELECT unnest(range(valid_from_date, coalesce(valid_to_date, DATE '2026-07-01') + 1, INTERVAL 1 DAY))::DATE,
            customer_key
        FROM fct_segment_members WHERE segment_id = 'east_medical_large'
    """)
    assert sorted(members) == sorted(expected)


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
    assert {key for (key,) in built.rows(query)} == built.members("east_medical_large") == {"CENT", "GOLD"}
    quiet = """
        SELECT c.customer_key FROM dim_customers c LEFT JOIN fct_touchpoints t
            ON c.customer_key = t.customer_key AND t.occurred_date > DATE '2026-07-01' - 60
            AND NOT (t.touchpoint_type = 'order' AND t.outcome = 'cancelled')
        WHERE c.customer_key <> 'unknown' AND c.industry IS DISTINCT FROM '医疗器械' AND t.touchpoint_key IS NULL
            AND NOT c.is_deleted
    """
    assert {key for (key,) in built.rows(quiet)} == built.members("not_medical_and_quiet")
    assert {"D60", "LOST", "M1"} <= built.members("not_medical_and_quiet")  # day 60 is not under 60


def test_of_several_records_the_golden_record_speaks_for_segments_as_for_the_dimension(built: Built) -> None:
    """GOLD's region is the preferred source's, its industry that of two records of three, its size the oldest one's."""
    columns = "region_key, industry, size_band, province_key, city, owner_rep_key, is_addressable, is_deleted"
    dimension = built.rows(f"SELECT customer_key, {columns} FROM dim_customers WHERE customer_key <> 'unknown'")
    dated = built.rows(f"SELECT customer_key, {columns} FROM intermediate.int_customers_dated WHERE until_date IS NULL")
    assert sorted(dated, key=repr) == sorted(dimension, key=repr)
    assert ("GOLD", "华东", "医疗器械", "s", None, None, "unknown", True, False) in dimension
    moved = built.rows("SELECT region_key FROM intermediate.int_customers_dated WHERE customer_key = 'GOLD'")
    assert set(moved) == {("华东",)}  # on no day the shop's


@pytest.mark.parametrize("key", ["GONE", "BRIEF"])
def test_a_customer_whom_its_source_deleted_is_in_no_segment_from_then_on(built: Built, key: str) -> None:
    """It keeps its tier, which says how long its conversations are kept; the history says since when it is gone."""
    query = f"SELECT segment_id, valid_from_date, valid_to_date FROM fct_segment_members WHERE customer_key = '{key}'"
    assert built.rows(query) == [("not_medical_and_quiet", *days("2026-01-10", "2026-06-19"))]
    assert built.history(key) == [
        ("C", "otherwise", *days("2026-01-10", "2026-06-19")), ("C", "otherwise", *days("2026-06-20", None)),
    ]  # fmt: skip
    deleted = "SELECT customer_key, valid_from_date FROM dim_customer_tiers WHERE is_deleted ORDER BY ALL"
    assert built.rows(deleted) == [("BRIEF", date(2026, 6, 20)), ("GONE", date(2026, 6, 20))]


def test_an_order_that_is_cancelled_now_wakes_nobody(built: Built) -> None:
    assert built.history("WITHDREW")[-1] == ("C", "otherwise", *days("2026-05-01", None))
    query = "SELECT last_active_at, last_active_channel FROM dim_customers WHERE customer_key = 'WITHDREW'"
    assert built.rows(query) == [(datetime(2026, 3, 1, 2), "visit")]


def test_tags_and_segments_within_a_segment_and_the_tier(built: Built) -> None:
    assert built.members("key_account") == {"D60", "M1"}
    timed = {str(row["customer_id"]) for row in TIMED["customers"]}
    assert built.members("worth_a_call") & timed == {"D60", "M1", "WAKES"}  # WAKES is B; LIKELY became A
    assert built.members("worth_a_call", date(2026, 6, 19)) & timed == {"D60", "D61", "LIKELY", "M1", "WAKES"}


def test_segments_and_tags_are_named_in_both_languages(built: Built) -> None:
    query = "SELECT segment_type, segment_name_zh FROM dim_segments"
    named = [("segment", "华东地区+医疗器械+年度采购额>50万"), ("segment", "重点或潜在"), ("tag", "年度采购额>50万")]
    assert set(named) <= set(built.rows(query))


# --- last active -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "channel"), CHANNELS.items(), ids=CHANNELS)
def test_the_last_moment_is_that_of_the_latest_channel(built: Built, kind: str, channel: str) -> None:
    query = f"SELECT last_active_at, last_active_channel FROM dim_customers WHERE customer_key = 'BY_{kind}'"
    assert built.rows(query) == [(datetime(2026, 6, 20, 2), channel)]
    before = (
        f"SELECT max(occurred_at) FROM fct_touchpoints WHERE customer_key = 'BY_{kind}' AND occurred_at < '2026-06-20'"
    )
    assert built.rows(before) == [(datetime(2026, 4, 1, 2),)]


def test_all_channels_of_the_timeline_are_tried(built: Built) -> None:
    assert {kind for (kind,) in built.rows("SELECT DISTINCT touchpoint_type FROM fct_touchpoints")} == set(CHANNELS)
