"""The same order as two systems tell it: nothing is lost or doubled, and each difference is found."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal as D

import accepted_files as files
import duckdb
import pytest
import world

from sales_warehouse.home import Home

pytestmark = pytest.mark.slow

CRM, POS, ERP = (f"20260702T020000_00000{number}" for number in range(3))
RULES = [
    {"reconciliation_id": "shop_in_crm", "name_en": "Shop in CRM", "name_zh": "商城与CRM", "left_source": "shop",
     "left_number": "order_id", "left_orders": "all", "right_source": "crm", "right_number": "order_number",
     "right_orders": "numbered", "amount_tolerance": "0.01", "date_tolerance_days": 0},
    {"reconciliation_id": "pos_in_erp", "name_en": "Tills in ERP", "name_zh": "收银与ERP", "left_source": "pos",
     "left_number": "order_number", "left_orders": "all", "right_source": "erp", "right_number": "order_number",
     "right_orders": "all", "amount_tolerance": "0.01", "date_tolerance_days": 0},
    {"reconciliation_id": "crm_of_shop", "name_en": "CRM of shop", "name_zh": "CRM中的商城", "left_source": "crm",
     "left_number": "order_number", "left_orders": "numbered", "right_source": "shop", "right_number": "order_id",
     "right_orders": "named", "amount_tolerance": "0.01", "date_tolerance_days": 0},
    {"reconciliation_id": "deals_in_erp", "name_en": "Deals in ERP", "name_zh": "商机与ERP", "left_source": "crm",
     "left_number": "opportunity_id", "left_orders": "numbered", "right_source": "erp", "right_number": "order_number",
     "right_orders": "named", "amount_tolerance": "0.01", "date_tolerance_days": 0},
]  # fmt: skip
# The CRM has the shop's O1 with another amount, O2 on the next day with another customer, and two of W1.
CRM_ORDERS = [
    world.order("R1", "2026-06-10 16:30:00", order_number="o1", customer_id="A1"),
    world.order("R2", "2026-06-21 02:00:00", order_number="O2", customer_id="A3"),
    world.order("R3", "2026-06-16 02:00:00", order_number="W1", customer_id="A1", status="placed"),
    world.order("R4", "2026-06-17 02:00:00", order_number="W1", customer_id="A1"),
    world.order("R5", "2026-06-17 02:00:00", order_number="W77", customer_id="A1"),
    world.order("R6", "2026-06-17 02:00:00", customer_id="A1"),
    world.order("R7", "2026-06-01 00:00:00", customer_id="A1", opportunity_id="n7"),
]
CRM_LINES = [
    world.line("R1", 1, "shop:P1", 1, "194.98"),  # the shop says 195
    world.line("R2", 1, "shop:P1", 1, "64.80"),
    world.line("R3", 1, "shop:P1", 1, "100.01"),  # within the tolerance
]


def _orders(letter: str, numbers: list[str | None]) -> list[world.Row]:
    """Orders of which each has the number given, a minute after the one before."""
    return [
        world.order(f"{letter}{place}", f"2026-06-01 {place // 60:02}:{place % 60:02}:00", order_number=number)
        for place, number in enumerate(numbers)
    ]


def _numbers(seed: int) -> list[str | None]:
    """300 numbers of which many come twice, some are missing, and some differ in spaces and capitals alone."""
    chance = random.Random(seed)
    spelt = [f"n{number}" for number in range(150)] + [f" N{number} " for number in range(50)]
    return [None if chance.random() < 0.1 else chance.choice(spelt) for _ in range(300)]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = Home(tmp_path_factory.mktemp("reconciled"), "nightly")
    world.write_configuration(home)
    for night in world.NIGHTS:
        world.write_night(home, night)
    world.write_accounts(home, world.NIGHTS)
    files.write_settings(home, "order_reconciliations", RULES)
    files.write_load(home, "crm", CRM, {"orders": CRM_ORDERS, "order_lines": CRM_LINES})
    files.write_load(home, "pos", POS, {"orders": _orders("p", _numbers(1))})
    files.write_load(home, "erp", ERP, {"orders": _orders("e", _numbers(2))})
    reconciled = ("trust_order_differences", "trust_order_matches", "trust_customer_differences", "dim_customers")
    world.refresh(home, [], 4, full=True, marts=reconciled)
    with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
        connection.execute("USE marts")
        yield connection


def test_each_difference_is_a_row_with_both_values(marts: duckdb.DuckDBPyConnection) -> None:
    query = """SELECT left_order_key, right_order_key, difference_type, left_value, right_value, difference_amount
        FROM trust_order_differences WHERE reconciliation_id = 'shop_in_crm' AND right_order_key IS NOT NULL
        ORDER BY right_order_key, difference_type"""
    assert marts.execute(query).fetchall() == [
        ("shop:O1", "crm:R1", "amount", "195.0000", "194.9800", D("-0.0200")),
        ("shop:O2", "crm:R2", "customer", "K2", "K3", None),
        ("shop:O2", "crm:R2", "date", "2026-06-20", "2026-06-21", None),
        ("shop:W1", "crm:R3", "status", "paid", "placed", None),
        (None, "crm:R4", "only_right", None, "crm:R4", D("0.0000")),
        (None, "crm:R5", "only_right", None, "crm:R5", D("0.0000")),
    ]


def test_every_order_of_the_shop_is_there_once_whether_the_crm_has_it_or_not(marts: duckdb.DuckDBPyConnection) -> None:
    shop = marts.execute(
        "SELECT order_key FROM intermediate.int_orders_keyed WHERE source = 'shop' ORDER BY 1"
    ).fetchall()
    query = """SELECT left_order_key FROM trust_order_matches
        WHERE reconciliation_id = 'shop_in_crm' AND left_order_key IS NOT NULL ORDER BY 1"""
    assert marts.execute(query).fetchall() == shop
    counts = dict(marts.execute(
        "SELECT match_status, count(*) FROM trust_order_matches WHERE reconciliation_id = 'shop_in_crm' GROUP BY 1"
    ).fetchall())  # fmt: skip
    assert counts == {"matched": 3, "only_left": len(shop) - 3, "only_right": 2}  # R6 has no number: nobody expects it


def test_of_a_side_that_is_named_only_what_the_other_tells_of_is_looked_at(marts: duckdb.DuckDBPyConnection) -> None:
    query = """SELECT match_status, left_order_key, right_order_key FROM trust_order_matches
        WHERE reconciliation_id = 'crm_of_shop' ORDER BY left_order_key"""
    assert marts.execute(query).fetchall() == [
        ("matched", "crm:R1", "shop:O1"), ("matched", "crm:R2", "shop:O2"), ("matched", "crm:R3", "shop:W1"),
        ("only_left", "crm:R4", None), ("only_left", "crm:R5", None),
    ]  # fmt: skip


def test_an_order_is_known_by_the_number_of_its_deal(marts: duckdb.DuckDBPyConnection) -> None:
    query = """SELECT match_status, left_order_key, shared_number FROM trust_order_matches
        WHERE reconciliation_id = 'deals_in_erp' AND left_order_key = 'crm:R7'"""
    assert marts.execute(query).fetchall() == [("matched", "crm:R7", "N7")]


def test_what_two_systems_counted_as_sold_is_said(marts: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT sum(counted_twice_amount) FROM trust_order_matches WHERE reconciliation_id = 'shop_in_crm'"
    assert marts.execute(query).fetchall() == [(D("194.98") + D("64.80") + D("100"),)]


def test_whatever_the_numbers_are_each_order_of_either_side_is_in_one_row(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "SELECT left_order_key, right_order_key, match_status FROM trust_order_matches "
        "WHERE reconciliation_id = 'pos_in_erp'"
    ).fetchall()
    left, right = ([row[side] for row in rows if row[side]] for side in (0, 1))
    assert sorted(left) == sorted(f"pos:p{n}" for n in range(300)) and sorted(right) == sorted(
        f"erp:e{n}" for n in range(300)
    )
    known = [Counter(number.strip().upper() for number in _numbers(seed) if number) for seed in (1, 2)]
    matched = sum((known[0] & known[1]).values())
    assert Counter(status for *_, status in rows) == {
        "matched": matched, "only_left": 300 - matched, "only_right": 300 - matched,
    }  # fmt: skip
    assert 50 < matched < 250  # the test has cases of all kinds


def test_partners_have_one_number_and_the_older_finds_the_older(marts: duckdb.DuckDBPyConnection) -> None:
    numbers = [[number and number.strip().upper() for number in _numbers(seed)] for seed in (1, 2)]
    rows = marts.execute(
        "SELECT left_order_key, right_order_key FROM trust_order_matches WHERE match_status = 'matched' "
        "AND reconciliation_id = 'pos_in_erp'"
    ).fetchall()
    for left, right in rows:
        place, partner = int(left.removeprefix("pos:p")), int(right.removeprefix("erp:e"))
        assert numbers[0][place] == numbers[1][partner] is not None
        assert numbers[0][:place].count(numbers[0][place]) == numbers[1][:partner].count(numbers[0][place])


def test_what_records_of_a_customer_say_differently_is_listed(marts: duckdb.DuckDBPyConnection) -> None:
    query = """SELECT customer_record_key, attribute_value, is_taken FROM trust_customer_differences
        WHERE customer_key = 'KA' AND attribute = 'customer_name' ORDER BY 1"""
    assert marts.execute(query).fetchall() == [("crm:A1", "One Ltd", True), ("shop:C1", "One", False)]
    disagreeing = """SELECT count(*) FROM trust_customer_differences AS told
        JOIN dim_customers AS taken ON told.customer_key = taken.customer_key
        WHERE told.attribute = 'customer_name' AND told.is_taken AND told.attribute_value <> taken.customer_name"""
    assert marts.execute(disagreeing).fetchall() == [(0,)]
