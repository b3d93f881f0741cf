"""Behind every alert are cells that add up to its change; two alerts with one cause say so."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from itertools import product

import duckdb
import pytest
from alert_marts import MONDAY, asked, company, falls, net_sales_of
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_warehouse.causes import alerts
from sales_warehouse.causes.alerts import CauseRow, explain_alerts
from sales_warehouse.causes.events import cells_along
from sales_warehouse.causes.modelled import arrow_table
from sales_warehouse.causes.questions import Question
from sales_warehouse.sql import literal


def beside(alert: Question, rate: Decimal) -> Question:
    """The alert, whose period before counts so many times."""
    assert alert.base_value is not None
    base = alert.base_value * rate
    return replace(alert, base_value=base, direction="fall" if alert.value < base else "rise")


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    return company()


def causes(db: duckdb.DuckDBPyConnection, *listed: Question) -> dict[str, list[CauseRow]]:
    found: dict[str, list[CauseRow]] = defaultdict(list)
    for row in explain_alerts(db, listed, "CNY"):
        found[row.incident_key].append(row)
    for alert in listed:
        assert sum(row.contribution_value for row in found[alert.incident_key]) == alert.change
    return found


def test_a_region_and_the_whole_that_fell_by_one_cell_have_one_cause(db: duckdb.DuckDBPyConnection) -> None:
    falls(db, "region_key = 'east' and category = 'powder'", "0.3")
    region, whole = net_sales_of(db, "region", "east"), net_sales_of(db, "total", "total")
    found = causes(db, region, whole, net_sales_of(db, "region", "north"))
    first, second = (found[each.incident_key][0] for each in (region, whole))
    assert (first.cell, second.cell) == ("region=east&category=powder",) * 2
    assert first.cause_key == second.cause_key == "2026-06-22|2026-06-28|region=east&category=powder"
    assert {row.cause_key for row in found["region|north"]} == {"2026-06-22|2026-06-28|region=north"}
    assert first.text_zh.startswith("品类「powder」：−1,") and first.text_en.startswith("category powder: −1,")


@pytest.mark.parametrize("name", ["Food & Drink", "R&D=x", "5 % off", "%26", "a=b&c=d"])
def test_a_name_may_have_the_signs_that_a_cell_is_written_with(db: duckdb.DuckDBPyConnection, name: str) -> None:
    db.execute("update fct_sales_daily set category = ? where category = 'powder'", [name])
    falls(db, f"region_key = 'east' and category = {literal(name)}", "0.3")
    alert = net_sales_of(db, "region", "east")
    db.register("found", arrow_table(CauseRow, iter(causes(db, alert)[alert.incident_key])))
    assert cells_along(db, "found") == {"region|east": [(1, {"region": "east", "category": name})]}


def test_two_rules_of_one_figure_that_ask_for_a_rise_and_a_fall_have_their_own_answers(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """It rose by half and is below its limit still: behind the rise there is a cell, behind being below none."""
    falls(db, "region_key = 'east'", "1.5")
    rise = net_sales_of(db, "total", "total")
    below = replace(rise, incident_key="below", direction="fall", held_value=Decimal(50000), is_limit=True)
    found = causes(db, below, rise)
    assert found["total|total"][0].cell == "region=east"
    assert found["below"][0].text_en.startswith("It was no better in the comparable period before")


def test_what_a_short_week_sold_less_is_no_cause(db: duckdb.DuckDBPyConnection) -> None:
    """The week before counts for two fifths, as the alert says; the east's powder alone fell beside that."""
    falls(db, "true", "0.4")
    falls(db, "region_key = 'east' and category = 'powder'", "0.3")
    alert = net_sales_of(db, "region", "east")
    alert = beside(alert, Decimal("0.4"))
    cells = causes(db, alert)[alert.incident_key]
    assert [row.cell for row in cells if not row.is_residual] == ["region=east&category=powder"]


def test_what_is_beyond_a_limit_is_explained_by_what_changed_and_not_by_the_limit(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """East sold 1,000 and 1,006 of powder the week before, and three tenths of as much now; the limit is far off."""
    falls(db, "region_key = 'east' and category = 'powder'", "0.3")
    alert = net_sales_of(db, "total", "total")
    (first, rest) = causes(db, replace(alert, held_value=Decimal(40000), is_limit=True, base_rate=Decimal(1)))[
        "total|total"
    ]
    assert (first.cell, first.forecast_value) == ("region=east&category=powder", Decimal("2006"))
    assert rest.change_value == alert.change and abs(rest.change_value) < 1500
    below = f"{40000 - alert.value:,.2f}"
    assert rest.text_en.endswith(f"It is {below} CNY below the limit of 40,000.00 CNY.")
    assert rest.text_zh.endswith(f"低于预警线 40,000.00 CNY {below} CNY。") and " counts " not in rest.text_en
    short = replace(beside(alert, Decimal("0.8")), held_value=Decimal(40000), is_limit=True, base_rate=Decimal("0.8"))
    (*_, rest) = causes(db, short)["total|total"]
    assert "What was before counts 0.80 times, as if it had had the days of this period. It is " in rest.text_en
    assert "基期按本期的工作日与休息日折算（0.80 倍）。低于预警线" in rest.text_zh


def test_what_was_beyond_the_limit_before_and_got_better_has_no_cause_of_its_getting_worse(
    db: duckdb.DuckDBPyConnection,
) -> None:
    falls(db, "region_key = 'east'", "1.5")
    alert = replace(net_sales_of(db, "total", "total"), direction="fall", held_value=Decimal(50000), is_limit=False)
    (row,) = causes(db, alert)["total|total"]
    assert row.contribution_value == alert.change > 0
    assert row.text_en.startswith("It was no better in the comparable period before")
    assert row.text_en.endswith("below the 50,000.00 CNY that was expected.")


def test_what_has_no_comparable_period_before_changed_by_nothing_that_is_known(db: duckdb.DuckDBPyConnection) -> None:
    (row,) = causes(db, replace(net_sales_of(db, "total", "total"), base_value=None))["total|total"]
    assert (row.contribution_value, row.share_rate, row.text_en) == (0, None, "There is nothing to compare with.")


DEALS = """
insert into fct_opportunities select 'd' || row_number() over (), day, day, region, 'r', line, 'c',
    case when n < won then 'won' else 'lost' end, 1
from (values {cells}) as t(day, region, line, won, total), range(total) as r(n)
"""


def deals(db: duckdb.DuckDBPyConnection, *cells: tuple[int, str, str, int, int]) -> None:
    """Deals of a day after MONDAY (before it: negative), region and line: won, and won or lost."""
    rows = (
        f"(date '{MONDAY}' + ({day}), '{region}', '{line}', {won}, {all_})" for day, region, line, won, all_ in cells
    )
    db.execute(DEALS.format(cells=", ".join(rows)))


def test_a_pure_shift_of_mix_has_no_rate_effect(db: duckdb.DuckDBPyConnection) -> None:
    """Both lines win as often as before, 0.6 and 0.2; easy deals are 3 of 10 instead of 4: −4 points, all of it mix."""
    deals(db, (-7, "east", "easy", 240, 400), (-7, "east", "hard", 120, 600))
    deals(db, (0, "east", "easy", 180, 300), (0, "east", "hard", 140, 700))
    (row,) = causes(db, asked("win_rate", ("0.32", "0.36")))["alert"]
    assert row.is_residual and "−4.00 pp from weights, 0.00 pp from ratios" in row.text_en
    assert (row.rate_effect_value, row.mix_effect_value) == (0, Decimal("-0.04"))
    assert row.contribution_value == row.change_value == Decimal("-0.04")
    assert "结构影响 −4.00 个百分点" in row.text_zh


def test_beside_a_cell_that_wins_less_what_is_left_is_mix(db: duckdb.DuckDBPyConnection) -> None:
    """Easy deals are won 0.6 and hard ones 0.2, but for easy ones of the west: 0.6 → 0.2. Hard ones come three times as
    often as before: 0.4 → 440 of 1,600 = 0.275.

    The cell: weights 1/8 → 1/16, rate 3/32 × −0.4 = −0.0375, mix −1/16 × (0.4 − 0.3375) = −0.00390625. The lines: easy
    0.6 → 0.5 with weights 1/2 → 1/4, rate 3/8 × −0.1 = −0.0375, so mix −0.0875. What is left has no rate effect.
    """
    regions = ("east", "north", "south", "west")
    deals(db, *((-7, each, line, won, 100) for each in regions for line, won in (("easy", 60), ("hard", 20))))
    deals(db, *((0, each, "easy", 20 if each == "west" else 60, 100) for each in regions))
    deals(db, *((0, each, "hard", 60, 300) for each in regions))
    cell, rest = causes(db, asked("win_rate", ("0.275", "0.4")))["alert"]
    assert (cell.cell, cell.rate_effect_value) == ("region=west&product_line=easy", Decimal("-0.0375"))
    assert cell.mix_effect_value == Decimal("-0.00390625")
    assert (rest.rate_effect_value, rest.mix_effect_value) == (0, Decimal("-0.08359375"))


def test_a_line_that_wins_less_in_one_region_is_found(db: duckdb.DuckDBPyConnection) -> None:
    regions = ("east", "north", "south", "west")
    deals(db, *((-7, region, line, 40, 80) for region in regions for line in ("milk", "care")))
    deals(
        db,
        *((0, r, line, 8 if (r, line) == ("south", "care") else 40, 80) for r in regions for line in ("milk", "care")),
    )
    first, *_, rest = causes(db, asked("win_rate", ("0.45", "0.5")))["alert"]
    assert (first.cell, first.contribution_value) == ("region=south&product_line=care", Decimal("-0.05"))
    assert (first.rate_effect_value, first.mix_effect_value) == (Decimal("-0.05"), 0)
    assert (rest.contribution_value, rest.rate_effect_value, rest.mix_effect_value) == (0, 0, 0)
    assert (rest.actual_value, rest.forecast_value) == (Decimal("0.45"), Decimal("0.5"))


def test_a_rate_may_be_so_small_that_its_last_place_is_more_than_a_millionth_of_it(
    db: duckdb.DuckDBPyConnection,
) -> None:
    deals(db, (-7, "east", "milk", 3, 335), (0, "east", "milk", 1, 335))
    (row,) = causes(db, asked("win_rate", ("0.00298507", "0.00895522")))["alert"]
    assert row.text_en.startswith("Win rate fell by 0.60 pp, from 0.90 % to 0.30 %.")


def order(
    db: duckdb.DuckDBPyConnection, key: str, day: int, region: str, goods: str, units: int, customer: str, *channel: str
) -> None:
    db.execute(
        "insert into fct_order_lines values (?, 1, ?::date + ?::int, ?, ?, 'r', ?, 'unknown', ?, ?, 10, false, "
        "'o', 10, null, 'paid', true)",
        [key, MONDAY, day, region, *(channel or ("shop",)), customer, goods, units],
    )


def test_units_that_came_back_count_for_the_day_of_the_order_and_no_more_than_were_sold(
    db: duckdb.DuckDBPyConnection,
) -> None:
    places = product(("east", "north", "south", "west"), (-7, 0), ("p1", "p2", "p3", "p4"), ("shop", "web"))
    for region, day, goods, channel in places:
        key = f"{region}{day}{goods}{channel}"
        order(db, key, day, region, goods, 100, "c", channel)
        back = 900 if (region, day, goods) == ("west", 0, "p4") else 5
        db.execute("insert into fct_line_returns values (?, 1, ?, ?)", [key, back, min(back, 100)])
    rows = causes(db, asked("return_rate", (Decimal(350) / 3200, "0.05")))["alert"]
    assert (rows[0].cell, rows[0].actual_value) == ("region=west&category=soap", 1)


def test_a_customer_of_two_regions_counts_half_in_each(db: duckdb.DuckDBPyConnection) -> None:
    """Three customers bought for 4000: 1333.33 each; two of the east alone, and one of both regions."""
    db.execute("delete from fct_sales_daily")
    for day, sold in ((-7, (600, 400)), (0, (2800, 1200))):
        for region, amount in zip(("east", "north"), sold, strict=True):
            db.execute(
                "insert into fct_sales_daily values (?::date + ?::int, ?, 'shop', 'r', 'milk', 'powder', ?)",
                [MONDAY, day, region, amount],
            )
        for customer, regions in {"a": ("east",), "b": ("east",), "c": ("east", "north")}.items():
            for region in regions:
                order(db, f"{customer}{day}{region}", day, region, "p1", 1, customer)
    alert = asked("revenue_per_customer", (Decimal(4000) / 3, Decimal(1000) / 3))
    rows = causes(db, alert)["alert"]
    assert rows[-1].actual_value == Decimal("1333.33333333") and "1,333.33 CNY" in rows[-1].text_en
    assert "pp" not in "".join(row.text_en for row in rows)


def test_where_sales_have_no_known_buyer_there_is_no_mean_and_still_a_cause(db: duckdb.DuckDBPyConnection) -> None:
    """Online nobody is known by name; the shop's four buyers of the east spend 1,000 each, and then half of it."""
    db.execute("delete from fct_sales_daily")
    sold = {("east", "shop"): (4000, 2000), ("north", "shop"): (4000, 4000), ("east", "web"): (900, 300)}
    for (region, channel), amounts in sold.items():
        for day, amount in zip((-7, 0), amounts, strict=True):
            db.execute(
                "insert into fct_sales_daily values (?::date + ?::int, ?, ?, 'r', 'milk', 'powder', ?)",
                [MONDAY, day, region, channel, amount],
            )
    for region in ("east", "north"):
        for day, place in product((-7, 0), range(4)):
            order(db, f"{region}{day}{place}", day, region, "p1", 1, f"{region}{place}")
    (row,) = causes(db, asked("revenue_per_customer", (Decimal(6300) / 8, Decimal(8900) / 8)))["alert"]
    assert row.text_en.startswith("Revenue per customer fell by 325.00 CNY, from 1,112.50 CNY to 787.50 CNY.")


LEVELS = """
create table kpi_values as select metric, grain as period_grain, day as period_start_date,
    dimension as dimension_name, member as dimension_value, above::decimal(28, 8) as numerator, below as denominator
from (values {rows}) as t(metric, grain, day, dimension, member, above, below);
alter table kpi_values rename column metric to metric_id;
create table int_levels_told as from kpi_values where period_start_date < date '{monday}' and period_grain = 'day';
delete from kpi_values where period_start_date < date '{monday}' and period_grain = 'day';
"""


def levels(
    db: duckdb.DuckDBPyConnection, metric: str, grain: str, *rows: tuple[int, str, str, int, int | None]
) -> None:
    listed = ", ".join(
        f"('{metric}', '{grain}', date '{MONDAY}' + ({day}), '{dimension}', '{member}', {above}, {below or 'null'})"
        for day, dimension, member, above, below in rows
    )
    db.execute(LEVELS.format(rows=listed, monday=MONDAY))


def test_the_region_whose_open_deals_are_worth_less_is_found_beside_what_was_published(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """Of 8 regions one lost half of 100; by line all fell alike, and teams do not add up to the whole."""
    regions = [(day, "region", f"r{at}", 100 - 50 * (day == 0 and at == 3), None) for day in (-7, 0) for at in range(8)]
    lines = [
        (day, "product_line", f"l{at}", 200 if day else 187 + (at == 0) * 2, None) for day in (-7, 0) for at in range(4)
    ]
    levels(db, "weighted_pipeline_amount", "day", *regions, *lines, (0, "team", "t", 9, None))
    alert = asked("weighted_pipeline_amount", (750, 800), days=1)
    before = alert.period_start_date - datetime.timedelta(weeks=1)
    alert = replace(alert, base_start_date=before, base_end_date=before)
    (first, _) = causes(db, alert)["alert"]
    assert (first.cell, first.contribution_value, first.forecast_value) == ("region=r3", -50, 100)
    db.execute("drop table int_levels_told")
    (row,) = causes(db, alert)["alert"]
    assert "not in this file" in row.text_en


def test_the_region_in_which_more_customers_sleep_is_found_and_not_one_within_a_region(
    db: duckdb.DuckDBPyConnection,
) -> None:
    rows = [
        (day, "region", f"r{at}", 300 if day == 0 and at == 3 else 100, 1000) for day in (-31, 0) for at in range(8)
    ]
    levels(db, "dormant_rate", "month", *rows)
    alert = asked("dormant_rate", ("0.125", "0.1"), days=1)
    before = alert.period_start_date - datetime.timedelta(days=31)
    alert = replace(alert, base_start_date=before, base_end_date=before, direction="rise")
    (first, _) = causes(db, alert)["alert"]
    assert (first.cell, first.rate_effect_value) == ("region=r3", Decimal("0.025"))
    (row,) = causes(db, replace(alert, dimension_name="region", dimension_value="r3"))["alert"]
    assert "earlier months is not cut further" in row.text_en and "大区" in row.text_zh


@pytest.mark.parametrize(
    ("alert", "says"),
    [
        (asked("lead_first_response_hours", (20, 10)), "are not in this file"),
        (asked("source_freshness_hours", (20, 10), dimension="source", member="s"), "nothing in it to cut"),
        (asked("net_sales", (1, 2)), "do not give its figure"),
        (asked("win_rate", ("0.5", "0.4")), "do not give its figure"),
        (asked("net_sales", (1, 2), dimension="target", member="t"), "no facts that can be cut"),
        (asked("net_sales", (1, 2), dimension="product", member="p1"), "by month alone"),
        (asked("clv_12m", (1, 2), dimension="region", member="east"), "kept by region alone"),
        (asked("clv_12m", (1, 2)), "not in this file"),
        (asked("quota_attainment", ("0.5", "0.6")), "not in this file"),
    ],
    ids=[
        "a median of rows that are not there",
        "one source",
        "another figure",
        "no deals at all",
        "a goal",
        "one product",
        "one member of a level",
        "a level of which nothing was kept",
        "goals of which nothing was kept",
    ],
)
def test_what_cannot_be_looked_into_says_why(db: duckdb.DuckDBPyConnection, alert: Question, says: str) -> None:
    (row,) = causes(db, alert)["alert"]
    assert row.is_residual and says in row.text_en and row.cause_key is None


def test_where_the_facts_of_the_period_before_are_gone_it_is_said(db: duckdb.DuckDBPyConnection) -> None:
    alert = net_sales_of(db, "region", "east")
    db.execute(f"delete from fct_sales_daily where sales_date < date '{MONDAY}'")
    (row,) = causes(db, alert)["region|east"]
    assert row.text_en == (
        "The facts in the period 2026-06-15 to 2026-06-21 do not give the 8,037 that is published of it: "
        "it was not looked into."
    )
    assert row.text_zh == "基期（2026-06-15 至 2026-06-21）的明细与已发布的 8,037 不符，未做归因。"


def test_a_flood_of_alerts_is_bounded_and_alike_questions_are_asked_once(
    db: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    whole = alerts.look_into
    monkeypatch.setattr(alerts, "look_into", lambda db, alert: looked.append(alert.incident_key) or whole(db, alert))
    monkeypatch.setattr(alerts, "MOST_ALERTS", 3)
    same = [net_sales_of(db, "region", "east", f"rule{number}") for number in (1, 2)]
    found = causes(db, *same, net_sales_of(db, "region", "north"), net_sales_of(db, "region", "south"))
    assert looked == ["rule1", "region|north"]
    assert found["region|south"][0].text_en.startswith("More than 3 alerts at once")


def test_what_goes_wrong_with_one_alert_stops_no_other(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("drop table fct_opportunities")
    found = causes(db, asked("win_rate", ("0.5", "0.4")), net_sales_of(db, "region", "north"))
    assert "could not be looked into" in found["alert"][0].text_en
    assert found["region|north"][-1].actual_value is not None


FACTORS = st.dictionaries(
    st.tuples(
        st.sampled_from(["east", "north", "south", "west"]), st.sampled_from(["powder", "drink", "cream", "soap"])
    ),
    st.sampled_from(["0", "0.1", "0.5", "1.7", "3", "-1"]),
    max_size=5,
)


@settings(max_examples=12, deadline=None)
@given(FACTORS, st.sampled_from(["east", "north", "total"]), st.decimals("0.2", "3", places=4))
def test_contributions_are_the_change_to_the_last_place(
    factors: dict[tuple[str, str], str], member: str, rate: Decimal
) -> None:
    db = company()
    for (region, category), factor in factors.items():
        falls(db, f"region_key = '{region}' and category = '{category}'", factor)
    alert = net_sales_of(db, "total" if member == "total" else "region", member)
    causes(db, beside(alert, rate))
