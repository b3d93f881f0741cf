"""What was nothing before has cells too, or words for why there is no change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import duckdb
import numpy as np
import pytest
from alert_marts import MONDAY, asked, company
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_warehouse.causes.alerts import CauseRow, explain_alerts
from sales_warehouse.causes.from_nothing import explain_from_nothing
from sales_warehouse.causes.questions import Question
from sales_warehouse.causes.table import LeafTable

Sale = tuple[str, str, str, str, int]  # region, channel, product line, category, amount


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    """Four regions, two channels and four categories sold until three weeks before, and nothing since."""
    found = company()
    found.execute(f"delete from fct_sales_daily where sales_date >= date '{MONDAY}' - 21")
    return found


def sold(db: duckdb.DuckDBPyConnection, *sales: Sale) -> None:
    for region, channel, line, category, amount in sales:
        db.execute(
            "insert into fct_sales_daily values (?, ?, ?, 'r', ?, ?, ?)",
            [MONDAY, region, channel, line, category, amount],
        )


def causes(db: duckdb.DuckDBPyConnection, alert: Question) -> list[CauseRow]:
    found = list(explain_alerts(db, [alert], "CNY"))
    assert sum(row.contribution_value for row in found) == alert.change
    return found


def test_of_what_came_from_nothing_the_cell_that_has_nine_tenths_is_told(db: duckdb.DuckDBPyConnection) -> None:
    """From 0 to 1,000: 930 of it powder of the east, in both channels, 70 elsewhere. 930 + 70 = 1,000."""
    sold(
        db, ("east", "shop", "milk", "powder", 500), ("east", "web", "milk", "powder", 430),
        ("north", "web", "care", "soap", 70),
    )  # fmt: skip
    first, rest = causes(db, asked("net_sales", (1000, 0)))
    assert (first.cell, first.contribution_value, rest.contribution_value) == ("region=east&category=powder", 930, 70)
    assert (first.forecast_value, first.actual_value, first.share_rate) == (0, 930, Decimal("0.93"))
    assert first.cause_key == "2026-06-22|2026-06-28|region=east&category=powder"
    assert first.text_en == (
        "region East and category powder: +930.00 CNY, 93 % of the change, from 0.00 CNY to 930.00 CNY."
    )
    assert rest.text_zh == (
        "净销售额上升 1,000.00 CNY，由 0.00 CNY 升至 1,000.00 CNY。若没有这一单元格，变化为 +70.00 CNY。"
    )


def test_without_such_a_cell_the_few_members_are_told_that_have_so_much_together(db: duckdb.DuckDBPyConnection) -> None:
    """Two regions of four have 950 of 1,000, no channel and no category nine tenths."""
    sold(
        db, ("east", "shop", "milk", "powder", 300), ("east", "web", "care", "soap", 200),
        ("west", "web", "milk", "drink", 250), ("west", "shop", "care", "cream", 200),
        ("north", "web", "care", "soap", 50),
    )  # fmt: skip
    rows = causes(db, asked("net_sales", (1000, 0)))
    assert [(row.cell, row.contribution_value) for row in rows] == [
        ("region=east", 500),
        ("region=west", 450),
        ("", 50),
    ]


def test_what_came_from_everywhere_has_no_cell(db: duckdb.DuckDBPyConnection) -> None:
    places = [(region, channel) for region in ("east", "north", "south", "west") for channel in ("shop", "web")]
    goods = (("milk", "powder"), ("milk", "drink"), ("care", "cream"), ("care", "soap"))
    sold(db, *((*place, *good, 10) for place in places for good in goods))
    (rest,) = causes(db, asked("net_sales", (320, 0)))
    assert "No single cell stands out" in rest.text_en and rest.contribution_value == 320


def test_a_condition_that_the_alert_or_the_company_says_already_is_not_told(db: duckdb.DuckDBPyConnection) -> None:
    """Powder is milk, and this company has one channel only."""
    db.execute("delete from fct_sales_daily where channel = 'web'")
    sold(db, ("east", "shop", "milk", "powder", 1000))
    (first, _) = causes(db, asked("net_sales", (1000, 0), dimension="category", member="powder"))
    assert first.cell == "region=east&category=powder"


def test_a_fall_from_nothing_is_told_like_a_rise(db: duckdb.DuckDBPyConnection) -> None:
    sold(db, ("east", "shop", "milk", "powder", -1000), ("west", "shop", "milk", "powder", 40))
    (first, rest) = causes(db, asked("net_sales", (-960, 0)))
    assert (first.cell, first.contribution_value) == ("region=east&channel=shop&category=powder", -1000)
    assert (rest.contribution_value, rest.is_along) == (40, False)


def won(db: duckdb.DuckDBPyConnection, day: int, region: str, counts: tuple[int, int]) -> None:
    """Deals of a region on a day after MONDAY: so many won, so many in all."""
    db.execute(
        "insert into fct_opportunities select ? || ? || n, ?::date + ?::int, ?, ?, 'r', 'milk', 'c', "
        "if(n < ?, 'won', 'lost'), 1 from range(?) as t(n)",
        [region, f"{day}", MONDAY, day, MONDAY, region, *counts],
    )


def test_a_rate_that_was_nothing_has_a_change_and_cells(db: duckdb.DuckDBPyConnection) -> None:
    """
    Before 0 of 20 + 20 are won, now 8 of 20 in the east and 0 of 20 in the north: 0.2 = w̄ Δr = 0.5 × 0.4, no mix.
    """
    for region, count in (("east", 8), ("north", 0)):
        won(db, -7, region, (0, 20))
        won(db, 0, region, (count, 20))
    (first, rest) = causes(db, asked("win_rate", ("0.2", "0")))
    assert (first.cell, first.contribution_value) == ("region=east", Decimal("0.2"))
    assert (first.rate_effect_value, first.mix_effect_value, rest.contribution_value) == (Decimal("0.2"), 0, 0)


def test_a_rate_without_anything_to_divide_by_says_so_with_the_figures(db: duckdb.DuckDBPyConnection) -> None:
    """Nothing was closed in the week before, so 8 of 20 is a figure without a change."""
    won(db, 0, "east", (8, 20))
    (row,) = causes(db, replace(asked("win_rate", ("0.4", "0")), base_value=None))
    assert (row.contribution_value, row.change_value, row.actual_value) == (0, 0, None)
    assert row.text_en == (
        "There was nothing to divide by in the period 2026-06-15 to 2026-06-21: 0 / 0, which is no figure, so there is "
        "no change to share out. Now it is 8 / 20."
    )
    assert row.text_zh == (
        "基期（2026-06-15 至 2026-06-21）没有分母（0 ÷ 0），当时没有数值，因此没有可分摊的变化。本期为 8 ÷ 20。"
    )
    (row,) = causes(db, asked("win_rate", ("0.4", "0.1")))
    assert "do not give what it was in the period before" in row.text_en


def test_a_rate_whose_published_base_its_facts_do_not_give_is_not_told(db: duckdb.DuckDBPyConnection) -> None:
    won(db, -7, "east", (10, 20))
    won(db, 0, "east", (8, 20))
    (row,) = causes(db, asked("win_rate", ("0.4", "0.6")))
    assert "do not give what it was in the period before" in row.text_en and "基期" in row.text_zh


LEAVES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(-50, 1000), st.integers(0, 40), st.integers(1, 40)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(LEAVES, st.booleans())
def test_contributions_and_residual_are_the_change_exactly(leaves: Iterable[tuple], is_ratio: bool) -> None:
    region, channel, amount, now, before = (np.array(column) for column in zip(*leaves, strict=True))
    members = tuple(tuple(str(n) for n in range(count)) for count in (4, 2))
    figures = [amount.astype(float), np.zeros(len(amount))]
    if is_ratio:
        figures += [(now + 1).astype(float), before.astype(float)]
    table = LeafTable(("region", "channel"), members, np.column_stack([region, channel]), tuple(figures))
    found = explain_from_nothing(table, {"region": 4, "channel": 2}, {})
    assert sum(cell.contribution for cell in found.cells) + found.residual == found.change == found.actual
