"""What the systems say fits together: within each, and between them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from demo_reading import chats, crm, filed, handed_over, shop, visits
from demo_settings import LAST_DAY, small
from stdnum.cn import uscc

from sales_warehouse.demo import tables
from sales_warehouse.demo.generator import open_generator


@pytest.mark.parametrize(
    ("table", "column", "other", "key"),
    [
        ("t_lxr", "khbh", "t_kh", "khbh"),
        ("t_kh", "fzr", "t_xsry", "gh"),
        ("t_xsry", "sjgh", "t_xsry", "gh"),
        ("t_sj", "khbh", "t_kh", "khbh"),
        ("t_sj", "lxrbh", "t_lxr", "lxrbh"),
        ("t_sj", "xsbh", "t_xs", "xsbh"),
        ("t_sjjd", "sjbh", "t_sj", "sjbh"),
        ("t_dd", "sjbh", "t_sj", "sjbh"),
        ("t_dd", "khbh", "t_kh", "khbh"),
        ("t_ddmx", "ddbh", "t_dd", "ddbh"),
        ("t_ddmx", "cpbh", "t_cp", "cpbh"),
        ("t_fp", "ddbh", "t_dd", "ddbh"),
        ("t_hk", "fpbh", "t_fp", "fpbh"),
        ("t_th", "ddbh", "t_dd", "ddbh"),
        ("t_xs", "khbh", "t_kh", "khbh"),
    ],
)
def test_the_crm_refers_to_what_it_holds(clean_world: Path, table: str, column: str, other: str, key: str) -> None:
    known = {row[key] for row in crm(clean_world, other)}
    named = {row[column] for row in crm(clean_world, table)} - {None}
    assert named
    assert named <= known


@pytest.mark.parametrize("table", tables.EVERY, ids=lambda table: f"{table.system}-{table.name}")
def test_every_record_has_a_name_of_its_own(clean_world: Path, table: tables.SourceTable) -> None:
    names = {"session_id"} if table.name == "chats" else table.key
    rows = [
        (tuple(row[column] for column in sorted(names)), repr(row))
        for row in handed_over(clean_world, table.system, table.name)
    ]
    if table.system == "visits":  # a visit that was entered twice is the same row
        rows = list(set(rows))
    assert rows or table.name == "experiments"
    assert len({name for name, _ in rows}) == len(rows)


def test_every_enquiry_names_a_person_and_a_company(clean_world: Path) -> None:
    leads = crm(clean_world, "t_xs")
    assert any(row["khbh"] is None for row in leads)
    assert all(row["lxr"] and row["sjh"] and row["gsmc"] for row in leads)


def test_the_shop_refers_to_what_it_holds(clean_world: Path) -> None:
    members = {row["member_no"] for row in shop(clean_world, "members")}
    orders = {row["order_no"] for row in shop(clean_world, "orders")}
    skus = {row["sku"] for row in shop(clean_world, "catalogue")}
    lines = shop(clean_world, "order_lines")
    assert {row["member_no"] for row in shop(clean_world, "orders")} <= members
    assert {row["order_no"] for row in lines} == orders
    assert {row["sku"] for row in lines} <= skus
    assert {row["order_no"] for row in shop(clean_world, "refunds")} <= orders


def test_visits_and_chats_are_about_people_in_the_crm(clean_world: Path) -> None:
    customers = {row["khbh"] for row in crm(clean_world, "t_kh")}
    contacts = {row["lxrbh"] for row in crm(clean_world, "t_lxr")}
    reps = {row["gh"] for row in crm(clean_world, "t_xsry")}
    told = [row["visitor"]["crm"] for row in chats(clean_world) if row["visitor"]["crm"]]
    assert {row["客户编号"] for row in visits(clean_world)} | {row["account_no"] for row in told} <= customers
    assert {row["联系人编号"] for row in visits(clean_world)} | {row["contact_no"] for row in told} <= contacts
    assert {row["工号"] for row in visits(clean_world)} | {
        row["agent"]["user_no"] for row in chats(clean_world)
    } <= reps


def test_companies_that_shop_online_carry_the_code_that_the_crm_knows(clean_world: Path) -> None:
    in_crm = {row["xydm"] for row in crm(clean_world, "t_kh")} - {None}
    in_shop = {row["license_no"] for row in shop(clean_world, "members")} - {None}
    assert len(in_crm & in_shop) > 20
    assert len(in_shop - in_crm) > 10
    assert all(uscc.is_valid(code) for code in in_crm | in_shop)
    coded = [row["xydm"] for row in crm(clean_world, "t_kh") if row["xydm"]]
    assert 0 < len(coded) - len(in_crm) < 0.04 * len(coded)  # a few companies were entered twice
    assert 0 < len(crm(clean_world, "t_kh")) - len(coded) < 0.1 * len(coded)  # and some without a code


def test_an_invoice_is_its_order_with_tax_and_payments_never_exceed_it(clean_world: Path) -> None:
    due: dict[str, Decimal] = {}
    for line in crm(clean_world, "t_ddmx"):
        amount = Decimal(line["dj"]) * int(line["sl"]) - Decimal(line["zk"]) + Decimal(line["se"])
        due[line["ddbh"]] = due.get(line["ddbh"], Decimal(0)) + amount
    invoices = crm(clean_world, "t_fp")
    assert all(Decimal(row["je"]) == due[row["ddbh"]] for row in invoices)
    invoiced = {row["fpbh"]: Decimal(row["je"]) for row in invoices}
    paid: dict[str, Decimal] = {}
    for row in crm(clean_world, "t_hk"):
        paid[row["fpbh"]] = paid.get(row["fpbh"], Decimal(0)) + Decimal(row["je"])
    assert paid
    assert all(amount <= invoiced[number] for number, amount in paid.items())


def test_nothing_is_seen_before_it_happened_or_after_the_business_date(clean_world: Path) -> None:
    end = str(LAST_DAY + datetime.timedelta(days=1))
    for table, column in (("t_xs", "cjsj"), ("t_sj", "cjsj"), ("t_sjjd", "jrsj"), ("t_dd", "xdsj"), ("t_hk", "dzsj")):
        rows = crm(clean_world, table)
        assert all(row[column] <= row["updated_at"][:19] < end for row in rows)
    assert all(row["录入时间"] < end and row["拜访日期"] <= row["录入时间"] for row in visits(clean_world))


def test_stages_of_a_deal_follow_each_other(clean_world: Path) -> None:
    entered: dict[str, list[str]] = {}
    for row in crm(clean_world, "t_sjjd"):
        entered.setdefault(row["sjbh"], []).append(row["jrsj"])
    assert all(len(set(moments)) == len(moments) for moments in entered.values())
    states = {row["sjbh"]: row for row in crm(clean_world, "t_sj")}
    assert all(row["gbsj"] is None or row["gbsj"] > max(entered[deal]) for deal, row in states.items())


def test_a_third_of_the_deals_is_won_and_the_planted_fall_is_there(tmp_path: Path) -> None:
    settings = small(customers=300, days=120, orders_per_day=130, situations={"region_fall": {"fall": 0.35}})
    with open_generator(settings, tmp_path) as world:
        world.unfold(world.crm_start, settings.business_date)
        rate = world.connection.execute("select avg(is_won::int) from deals").fetchone()[0]
        fall = world.connection.execute(
            "select count(*) filter (ordered_at >= '2026-06-22') / count(*) filter (ordered_at < '2026-06-22') - 1 "
            "from shop_orders where region = '华东' and ordered_at >= '2026-06-15' and ordered_at < '2026-06-29'"
        ).fetchone()[0]
    assert 0.3 < rate < 0.42
    assert -0.42 < fall < -0.25


def test_a_large_company_has_as_many_sellers_as_numbers(tmp_path: Path) -> None:
    with open_generator(small(customers=30_000), tmp_path) as world:
        sellers = world.connection.execute("select count(*), count(distinct rep_id), count(distinct rep_key) from reps")
        total, numbers, keys = sellers.fetchone()
    assert total == numbers == keys > 2000


def test_the_orders_of_a_won_deal_come_to_its_amount(clean_world: Path) -> None:
    """Those of deals that were won long enough ago for every call-off; what was entered by mistake is deleted."""
    deals = {row["sjbh"]: row for row in crm(clean_world, "t_sj")}
    orders = {row["ddbh"]: row for row in crm(clean_world, "t_dd")}
    sums: dict[str, Decimal] = {}
    for line in crm(clean_world, "t_ddmx"):
        order = orders.get(line["ddbh"])
        if order and line["sc"] != "1" and order["sc"] != "1":
            amount = Decimal(line["sl"]) * Decimal(line["dj"])
            sums[order["sjbh"]] = sums.get(order["sjbh"], Decimal(0)) + amount
    whole = {
        number: (total, Decimal(deals[number]["yjje"]))
        for number, total in sums.items()
        if deals[number]["gbsj"] and deals[number]["gbsj"] < "2026-04-15"
    }
    assert len(whole) > 5
    for number, (total, amount) in whole.items():
        assert abs(total / amount - 1) < Decimal("0.001"), number


def test_the_truth_tells_whose_every_event_and_lead_is(clean_world: Path) -> None:
    told = duckdb.sql(f"""
        select lead_id, event_system, event_id, visitor_id, is_lost, crm_id
        from read_parquet('{clean_world}/truth/enquiries.parquet')""").fetchall()
    leads = {row["xsbh"]: row for row in crm(clean_world, "t_xs")}
    assert {lead for lead, *_, lost, _ in told if not lost} >= {
        lead for lead, row in leads.items() if row["cjsj"] >= "2026-06-01"
    }
    events = {row["id"] for row in filed(clean_world, "web", "web_events")}
    webs = [event for _, system, event, *_ in told if system == "web"]
    assert len(webs) > 5
    assert set(webs) <= events
    for lead, system, event, *_ in told:
        if event and lead in leads:
            assert leads[lead]["lysj"] == f"{system}:{event}"
