"""One customer from what is published: found by what people know, told whole."""

from __future__ import annotations

import datetime
from decimal import Decimal as D
from pathlib import Path

import customer_marts
import duckdb
import pytest
from customer_marts import BUSY, EMPTY, KANG, MANY, ODD, PEOPLE
from ruamel.yaml import YAML

from sales_warehouse import settings
from sales_warehouse.customer import NothingPublished, find, opened, read_account
from sales_warehouse.customer.account import MOST_ROWS
from sales_warehouse.customer.chart import HEIGHT, TOP, chart
from sales_warehouse.customer.words import WORDS, cut, shown
from sales_warehouse.home import Home


@pytest.mark.parametrize(
    ("text", "keys", "found_by"),
    [
        pytest.param(KANG, [KANG], "key", id="the customer code"),
        pytest.param("c1a", [KANG], "key", id="the customer code in small letters"),
        pytest.param(" 91420100ma4kxn0l5t ", [KANG], "credit_code", id="the credit code with spaces, in small letters"),
        pytest.param("９１４２０１００ＭＡ４ＫＸＮ０Ｌ５Ｔ", [KANG], "credit_code", id="the credit code in full width"),
        pytest.param("914201-00MA4KXN0L5-T", [KANG], "credit_code", id="the credit code with hyphens"),
        pytest.param("91310000ma1fl0000x", [KANG], "credit_code", id="a credit code that another record has"),
        pytest.param("91310000MA1FL0001X", [], None, id="what is no credit code there"),
        pytest.param("shop:M7", [KANG], "record", id="a record of a source"),
        pytest.param("M7", [KANG], "record", id="the number in a system"),
        pytest.param("K1", [BUSY, ODD], "record", id="a number that two systems gave"),
        pytest.param("COLD", [KANG], "old_key", id="a code that was given up twice over"),
        pytest.param("康宁", [KANG], "name", id="part of a name"),
        pytest.param("康寧", [KANG], "name", id="a name as one system writes it"),
        pytest.param("BUSY", [BUSY], "name", id="a name in other letters"),
        pytest.param("100%_", [ODD], "name", id="signs that mean anything in SQL mean themselves"),
        pytest.param("%", [ODD], "name", id="a percent sign is not everybody"),
        pytest.param("' or true --", [], None, id="no SQL"),
        pytest.param("unknown", ["unknown"], "key", id="what belongs to nobody"),
        pytest.param("   ", [], None, id="spaces"),
    ],
)
def test_a_customer_is_found_by_what_people_know(
    published: duckdb.DuckDBPyConnection, text: str, keys: list[str], found_by: str | None
) -> None:
    found = find(published, text)
    assert sorted(each.customer_key for each in found) == keys
    assert {each.found_by for each in found} <= {found_by}


def test_a_name_that_begins_with_the_words_stands_first(published: duckdb.DuckDBPyConnection) -> None:
    assert find(published, "n")[0].customer_key == EMPTY
    assert len(find(published, "n", limit=1)) == 1


def test_an_account_is_told_whole(published: duckdb.DuckDBPyConnection) -> None:
    account = read_account(published, KANG)
    assert account
    assert (account.customer["owner_name"], account.customer["province_name_zh"]) == ("王芳", "湖北")
    assert [record["customer_id"] for record in account.records] == ["K9", "M7"]
    # the decision maker first; who is deleted is not there, who left is
    assert [(c["contact_name"], c["contact_role"], c["is_employed"]) for c in account.contacts] == [
        ("陈静", "decision_maker", True), ("李强", "user", True), ("赵敏", "unknown", False),
    ]  # fmt: skip
    assert account.deals[0]["missing_roles"] == "influencer gatekeeper"
    assert account.counts == {"call": 1, "invoice": 1, "order": 1, "visit": 1}
    # the newest first, what has no time last
    assert [event["record_key"] for event in account.events.rows] == ["crm:I1", "crm:O1", "v:1", "p:1"]
    assert account.events.rows[1]["amount"] == D("1234567.8000")
    assert account.events.rows[1]["channel_name_zh"] == "直销"
    assert account.totals == {"records": 2, "contacts": 3, "deals": 1}
    assert not any(cut("en", account, name) for name in account.totals)
    assert len(account.months) == 24
    assert account.months[0]["month_start_date"] == datetime.date(2024, 7, 1)


def test_a_list_that_is_cut_says_how_many_there_are(published: duckdb.DuckDBPyConnection) -> None:
    account = read_account(published, BUSY)
    assert account and len(account.contacts) == MOST_ROWS and account.totals["contacts"] == PEOPLE
    assert "total" not in account.contacts[0]
    assert cut("en", account, "contacts") == "the first 200 of 1,234 are shown"
    assert cut("zh", account, "contacts") == "共 1,234 条，仅显示前 200 条"


def test_ten_thousand_events_come_in_parts(published: duckdb.DuckDBPyConnection) -> None:
    seen: list[str] = []
    offset: int | None = 0
    while offset is not None:
        account = read_account(published, BUSY, offset=offset, limit=3_000)
        assert account and account.events.total == MANY
        seen += [event["record_key"] for event in account.events.rows]
        offset = account.events.following
    assert seen == [f"w:{number}" for number in range(MANY)]


def test_events_of_one_type(published: duckdb.DuckDBPyConnection) -> None:
    account = read_account(published, KANG, event_type="visit")
    assert account and [event["record_key"] for event in account.events.rows] == ["v:1"]
    assert (account.events.total, sum(account.counts.values())) == (1, 4)
    nothing = read_account(published, KANG, event_type="fax")
    assert nothing and (nothing.events.rows, nothing.events.total) == ([], 0)


def test_a_customer_without_anything_is_a_customer(published: duckdb.DuckDBPyConnection) -> None:
    account = read_account(published, EMPTY)
    assert account and account.customer["customer_name"] == "Nothing Yet Ltd"
    assert not (account.records or account.contacts or account.deals or account.months or account.counts)
    assert (account.events.rows, account.events.total, account.events.following) == ([], 0, None)
    assert (shown("en", account.events), shown("zh", account.events)) == ("no events", "没有事件")


def test_there_is_no_customer_of_that_key(published: duckdb.DuckDBPyConnection) -> None:
    assert read_account(published, "C9") is None


def test_every_rule_that_a_record_can_be_known_by_has_a_name() -> None:
    suite = settings.PROJECT / "expectations" / "marts" / "dim_customer_records.yml"
    rules = YAML(typ="safe").load(suite.read_text(encoding="utf-8"))["rules"]
    (known,) = (rule["value_set"] for rule in rules if rule.get("id") == "rule_known")
    assert set(known) <= set(WORDS)


def test_before_the_first_refresh_the_error_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished, match="make run"), opened(Home(tmp_path, "none")):
        pass


def test_a_look_sees_the_version_that_is_current_then(tmp_path: Path) -> None:
    home = Home(tmp_path, "tiny")
    names = []
    for version, name in (("000001_20260630", "Before"), ("000002_20260701", "After")):
        file = customer_marts.write(home, home.published / "versions" / version)
        with duckdb.connect(str(file)) as db:
            db.execute("update marts.dim_customers set customer_name = ? where customer_key = ?", [name, EMPTY])
        for _ in range(2):
            with opened(home) as published:
                account = read_account(published, EMPTY)
            assert account
            names.append(account.customer["customer_name"])
    assert names == ["Before", "Before", "After", "After"]


def test_a_version_from_before_timelines_says_what_to_run(tmp_path: Path) -> None:
    old = Home(tmp_path, "old")
    version = old.published / "versions" / "000001_20260630"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "warehouse.duckdb")) as db:
        db.execute("create schema marts; create table marts.dim_customers (customer_key varchar)")
    old.current.symlink_to(version)
    with pytest.raises(NothingPublished, match=r"fct_customer_timeline.*run a refresh"), opened(old):
        pass


def test_bars_stand_on_zero_and_hang_below_it(published: duckdb.DuckDBPyConnection) -> None:
    account = read_account(published, KANG)
    assert account
    drawing = chart(account.months)
    by_month = {bar.row["month_start_date"]: bar for bar in drawing.bars}
    may, june = by_month[datetime.date(2026, 5, 1)], by_month[datetime.date(2026, 6, 1)]
    assert may.y == drawing.zero and may.height > 0
    assert june.y + june.height == pytest.approx(drawing.zero, abs=0.1)
    # 24,000 is the highest bar, -200 the lowest: steps of 5,000 from -5,000 to 25,000
    assert [amount for _, amount in drawing.ticks] == [D(5000) * step for step in range(-1, 6)]
    assert drawing.ticks[-1][0] == TOP
    assert all(bar.y >= TOP and bar.y + bar.height <= HEIGHT for bar in drawing.bars)


@pytest.mark.parametrize(
    ("net", "before", "ticks"),
    [
        pytest.param(0, 0, [0, 1], id="nothing at all"),
        pytest.param(-3, 0, [-3, -2, -1, 0, 1], id="returns alone"),
        pytest.param(D("0.03"), 0, [D("0.00"), D("0.01"), D("0.02"), D("0.03")], id="cents"),
        pytest.param(0, 10**12, [10**12 * part / D(5) for part in range(6)], id="a year before that was huge"),
    ],
)
def test_the_scale_is_round_whatever_the_amounts(net: D, before: D, ticks: list[D]) -> None:
    month = {"net_sales_amount": D(net), "previous_year_net_sales_amount": D(before)}
    assert [amount for _, amount in chart([month]).ticks] == [D(tick) for tick in ticks]
