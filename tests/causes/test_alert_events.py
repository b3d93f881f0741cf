"""What happened around an alert: in its place, with its goods and in its time, and how rare it is to see as much."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import duckdb
import pytest
from alert_marts import MONDAY, asked, company, event, falls, net_sales_of

from sales_warehouse.causes.alerts import CauseRow, explain_alerts
from sales_warehouse.causes.events import EventRow, cells_along, events_around
from sales_warehouse.causes.footprint import Footprint
from sales_warehouse.causes.modelled import arrow_table
from sales_warehouse.causes.own_facts import Found, OwnFacts
from sales_warehouse.causes.questions import Question

WEEK = datetime.timedelta(weeks=1)


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    db = company()
    falls(db, "region_key = 'east'", "0.7")
    falls(db, "region_key = 'east' and category = 'powder'", "0.6")
    return db


def around(db: duckdb.DuckDBPyConnection, alert: Question) -> list[EventRow]:
    found = arrow_table(CauseRow, explain_alerts(db, [alert], "CNY"))
    db.register("causes_found", found)
    return list(events_around(db, [alert], cells_along(db, "causes_found"), "CNY"))


def test_what_competitors_did_there_and_then_is_beside_the_alert(db: duckdb.DuckDBPyConnection) -> None:
    event(db, "m1")
    (row,) = around(db, net_sales_of(db, "region", "east"))
    assert (row.event_key, row.actor, row.is_expected) == ("m1", "competitor", True)
    # three other regions, and 26 weeks before (28 are there, and the first of them has none before it)
    assert (row.placebo_count, row.extreme_count, row.placebo_score) == (29, 0, Decimal("0.03333333"))
    assert row.excess_value < Decimal("-0.5") and Decimal("0.3") < row.share_rate < Decimal("0.6")
    assert row.text_zh.startswith(
        "竞品买一赠一：华东、powder，2026-06-22 至 2026-06-28（one for one）。该范围相对其余变动 −5"
    )


@pytest.mark.parametrize(
    "said",
    [
        {"region_key": "north"},
        {"starts_date": MONDAY - 3 * WEEK, "ends_date": MONDAY - 2 * WEEK - datetime.timedelta(days=1)},
        {"starts_date": MONDAY + WEEK, "ends_date": None},
    ],
    ids=["in another region", "three weeks earlier", "a week later"],
)
def test_what_happened_elsewhere_or_at_another_time_is_not(db: duckdb.DuckDBPyConnection, said: dict) -> None:
    event(db, "m1", **said)
    assert around(db, net_sales_of(db, "region", "east")) == []


def test_goods_must_have_something_in_common_with_the_cell_behind_the_alert() -> None:
    db = company()
    falls(db, "region_key = 'east' and category = 'powder'", "0.3")
    for key, goods in {"of it": {}, "of its line": {"category": "all", "product_line": "milk"},
                       "other": {"category": "drink"}, "other line": {"category": "all", "product_line": "care"},
                       "all": {"category": "all", "actor": "public", "event_type": "fair"}}.items():  # fmt: skip
        event(db, key, **goods)
    linked = [row.event_key for row in around(db, net_sales_of(db, "region", "east"))]
    assert linked[0] == "of it" and set(linked) == {"of it", "of its line", "all"}


def test_an_event_that_is_seen_as_often_without_it_scores_high(db: duckdb.DuckDBPyConnection) -> None:
    """Soap in the east fell as everything there; drinks went up and down by as much every week, in all regions."""
    db.execute(
        "update fct_sales_daily set net_sales_amount = net_sales_amount * (0.4 + hash(sales_date, region_key) % 9 / 5)"
        f" where category = 'drink' and sales_date < date '{MONDAY}'"
    )
    event(db, "m1", category="drink")
    (row,) = around(db, net_sales_of(db, "region", "east"))
    assert row.placebo_score > Decimal("0.1") and row.extreme_count > 2


def test_what_we_do_for_our_sales_is_no_cause_of_a_fall_and_comes_last(db: duckdb.DuckDBPyConnection) -> None:
    event(db, "ours", actor="own", event_type="promotion")
    event(db, "theirs", category="all")
    first, second = around(db, net_sales_of(db, "region", "east"))
    assert (first.event_key, second.event_key, second.is_expected) == ("theirs", "ours", False)


def test_what_happens_everywhere_tells_nothing_of_one_region(db: duckdb.DuckDBPyConnection) -> None:
    event(db, "m1", region_key="all", category="all", actor="public", event_type="holiday")
    (row,) = around(db, net_sales_of(db, "region", "east"))
    assert (row.excess_value, row.placebo_score, row.placebo_count) == (None, None, 0)


def test_a_region_where_the_same_happened_is_no_placebo(db: duckdb.DuckDBPyConnection) -> None:
    event(db, "m1")
    event(db, "m2", region_key="north")
    (row,) = around(db, net_sales_of(db, "region", "east"))
    assert row.placebo_count == 28


def test_a_metric_without_places_has_only_what_happened_everywhere(db: duckdb.DuckDBPyConnection) -> None:
    event(db, "m1")
    event(db, "everywhere", region_key="all", category="all")
    of_all, of_east = asked("win_cycle_days", (20, 10)), asked("win_cycle_days", (20, 10), "a", "region", "east")
    assert [row.event_key for row in around(db, of_all)] == ["everywhere"]
    event(db, "m2", category="all")
    assert {row.event_key for row in around(db, of_east)} == {"everywhere", "m2"}


def test_events_of_one_alert_that_cannot_be_looked_for_stop_no_other(db: duckdb.DuckDBPyConnection) -> None:
    event(db, "m1")
    db.execute("drop table fct_opportunities")
    listed = [asked("win_rate", ("0.5", "0.4")), net_sales_of(db, "region", "east")]
    assert [row.incident_key for row in events_around(db, listed, {}, "CNY")] == ["region|east"]


def line(
    db: duckdb.DuckDBPyConnection,
    day: int,
    region: str,
    product: str,
    price: str,
    channel: str = "shop",
    buyer: str = "",
) -> None:
    db.execute(
        "insert into fct_order_lines values ('o', 1, ?::date + ?::int, ?, ?, 'r', ?, 'unknown', ?, 5, ?, false, "
        "'o', 10, null, 'paid', true)",
        [MONDAY, day, region, channel, buyer or f"buyer at {price} on {day}", product, price],
    )


def test_prices_that_rose_are_read_from_order_lines(db: duckdb.DuckDBPyConnection) -> None:
    """Powder costs a tenth more in the east; a dearer product sold more often is no rise, nor is one by chance."""
    for region in ("east", "north"):
        for day in range(-7, 7):
            rise = 1.1 if region == "east" and day >= 0 else 1
            for wobble in (0.99, 1.01):
                line(db, day, region, "p1", f"{100 * rise * wobble:.2f}")
                line(db, day, region, "p3", f"{50 * wobble:.2f}")
    for day in range(7):
        line(db, day, "east", "p4", "900")
    for day, prices in {-3: ("70", "130", "100"), 3: ("75", "135", "104")}.items():
        for price in prices:
            line(db, day, "south", "p2", price)
    for day in range(-7, 7):  # one buyer's agreement, called off day by day, is one price before and one after
        line(db, day, "west", "p2", "106" if day >= 0 else "100", buyer="the same")
    (row,) = around(db, net_sales_of(db, "region", "east"))
    assert (row.event_type, row.region_key, row.category, row.is_own_fact) == ("price_change", "east", "powder", True)
    assert (row.before_value, row.now_value.quantize(Decimal("0.001"))) == (1, Decimal("1.100"))
    assert "订单行价格上涨 10.0%" in row.text_zh and "prices of order lines rose by 10.0 %" in row.text_en
    assert around(db, net_sales_of(db, "region", "north")) == []
    assert around(db, net_sales_of(db, "region", "south")) == []
    assert around(db, net_sales_of(db, "region", "west")) == []


def test_alerts_of_the_same_days_look_at_the_prices_of_a_place_once(
    db: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day, prices in {-3: ("99", "100", "101"), 3: ("109", "110", "111")}.items():
        for price in prices:
            line(db, day, "east", "p1", price)
            line(db, -day, "north", "p1", price)
    looked, price_of = [], OwnFacts._price

    def looking(self: OwnFacts, spans: tuple, where: Footprint) -> Iterator[Found]:
        looked.append((spans, where))
        return price_of(self, spans, where)

    monkeypatch.setattr(OwnFacts, "_price", looking)
    alert = net_sales_of(db, "region", "east")
    found = list(events_around(db, [alert, replace(alert, incident_key="another")], {}, "CNY"))
    assert [row.event_type for row in found] == ["price_change"] * 2
    assert {where.region for _, where in looked} >= {"east", "north"} and len(looked) == len(set(looked))


def test_dealers_without_stock_and_sellers_who_left_are_facts_of_our_own(db: duckdb.DuckDBPyConnection) -> None:
    day = datetime.timedelta(days=1)
    db.execute("insert into dim_dealers values ('d1', 'D', 'gold', 'east')")
    db.executemany(
        "insert into fct_dealer_stock_days values ('d1', 'p1', ?, ?, ?, ?)",
        [(MONDAY - WEEK, MONDAY + 2 * day, 40, MONDAY), (MONDAY + 3 * day, MONDAY + WEEK, 0, MONDAY)],
    )
    db.executemany(
        "insert into int_sales_reps_employed values (?, ?, 1, ?, ?, true)",
        [("a", "east", "2020-01-01", MONDAY + 3 * day), ("b", "east", "2020-01-01", "9999-12-31"),
         ("c", "north", "2020-01-01", MONDAY + 3 * day)],
    )  # fmt: skip
    rows = {row.event_type: row for row in around(db, net_sales_of(db, "region", "east"))}
    assert set(rows) == {"stock_out", "staffing"}
    assert (rows["stock_out"].before_value, rows["stock_out"].now_value) == (0, Decimal("0.57142857"))
    assert (rows["staffing"].before_value, rows["staffing"].now_value) == (2, Decimal("1.42857143"))
    assert "经销商缺货天数占比 57.1%，此前 0.0%" in rows["stock_out"].text_zh


def test_months_are_held_against_months_and_ratios_in_points() -> None:
    db = company()
    deals = [("east", 2), ("north", 8), ("south", 8), ("west", 8)]
    for back in range(8):
        month = datetime.date(2026 - (back > 5), (5 - back) % 12 + 1, 1)
        for region, won in deals:
            db.execute(
                "insert into fct_opportunities select 'd', ?, ?, ?, 'r', line, 'c', case when n < ? then 'won' else "
                "'lost' end, 1 from range(10) as r(n), (values ('milk'), ('care')) as l(line)",
                [month, month, region, won if back == 0 else 8],
            )
    event(db, "m1", category="all", product_line="milk", starts_date=datetime.date(2026, 6, 1), ends_date=None)
    alert = replace(
        asked("win_rate", ("0.2", "0.8"), "a", "region", "east"),
        period_start_date=datetime.date(2026, 6, 1), period_end_date=datetime.date(2026, 6, 30),
        base_start_date=datetime.date(2026, 5, 1), base_end_date=datetime.date(2026, 5, 31),
    )  # fmt: skip
    (row,) = around(db, alert)
    # Milk in the east: 0.8 → 0.2; all the rest 0.8 → (0.2 + 6 × 0.8) / 7. Half of the deals of the east are milk.
    assert row.excess_value == Decimal("-0.51428571") and row.share_rate == Decimal("0.5")
    assert row.placebo_count == 3 + 6 and "−51.4 个百分点" in row.text_zh
