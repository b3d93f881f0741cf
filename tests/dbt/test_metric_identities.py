"""The identities that hold every night, each broken once: a wrong figure is found, and so is one that is not there."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from lone_models import on, sql_of

# July 2026 as of its last day: one month, one week, one region. 1,000 were sold to 4 customers in 5 orders by 2 heads;
# 3 of 10 units came back; 2 of 4 closed deals won 600, 300 a head; a dealer sold 6 of 8 units.
TABLES = {
    "kpi_values": """
        metric_id, period_grain, period_start_date, dimension_name, dimension_value, numerator, denominator, value
        from (
            select metric_id, period_grain, date '2026-07-01', dimension, member, numerator, denominator, value
            from (values
                ('net_sales', 1000, null, 1000), ('revenue_per_customer', 1000, 4, 250),
                ('revenue_per_order', 1000, 5, 200), ('revenue_per_head', 1000, 2, 500)
            ) as money(metric_id, numerator, denominator, value)
            cross join (values ('total', 'total'), ('region', 'north'), ('channel', 'field')) as d(dimension, member)
            cross join (values ('month'), ('quarter')) as g(period_grain)
            where not (metric_id = 'revenue_per_head' and dimension = 'channel')
            union all values
                ('win_rate', 'month', date '2026-07-01', 'region', 'north', 2, 4, 0.5),
                ('return_rate', 'month', date '2026-07-01', 'region', 'north', 3, 10, 0.3),
                ('return_rate', 'week', date '2026-07-20', 'region', 'north', 1, 5, 0.2),
                ('channel_sell_through_rate', 'week', date '2026-07-20', 'total', 'total', 6, 8, 0.75),
                ('channel_sell_through_rate', 'week', date '2026-07-20', 'dealer', 'd', 6, 8, 0.75)
        ) as v(metric_id, period_grain, period_start_date, dimension_name, dimension_value, numerator, denominator,
            value)
    """,
    "kpi_metrics": """* from (values
        ('net_sales', true, true), ('revenue_per_customer', true, true), ('revenue_per_order', false, true),
        ('revenue_per_head', false, true), ('win_rate', true, true), ('return_rate', true, true),
        ('channel_sell_through_rate', true, true)
    ) as t(metric_id, is_on_board, is_available)""",
    "kpi_return_rates": """* from (values
        ('month', date '2026-07-01', 'north', 3, 10), ('week', date '2026-07-20', 'north', 1, 5)
    ) as t(period_grain, period_start_date, region_key, returned_unit_count, sold_unit_count)""",
    "kpi_region_productivity": """* from (values
        ('month', date '2026-07-01', 'north', 1000, 4, 2, 2, 600, 31, 62, 300, 500),
        ('year', date '2025-08-01', 'north', 9000, 40, 20, 20, 6000, 365, 730, 3000, 4500)
    ) as t(period_grain, period_start_date, region_key, net_sales_amount, closed_count, won_count,
        won_with_amount_count, won_amount, day_count, fte_days, won_per_head_amount, net_sales_per_head_amount)""",
    "kpi_dealer_weeks": """* from (values
        (date '2026-07-20', 'total', 'total', 6, 8, 0.75), (date '2026-07-20', 'dealer', 'd', 6, 8, 0.75)
    ) as t(week_start_date, dimension_name, dimension_value, sell_out_units, available_units, sell_through_rate)""",
    "kpi_board": "metric_id from kpi_metrics where is_on_board",
}
METRICS = ("net_sales", "revenue_per_customer", "revenue_per_order", "revenue_per_head", "win_rate", "return_rate",
           "channel_sell_through_rate")  # fmt: skip
# The metrics whose identities a mart takes part in; what has no sellers has no regions to compare.
MARTS = {
    "kpi_return_rates": {"return_rate"}, "kpi_region_productivity": {"win_rate", "revenue_per_head"},
    "kpi_dealer_weeks": {"channel_sell_through_rate"},
}  # fmt: skip


@pytest.fixture
def night() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        for table, columns in TABLES.items():
            connection.execute(f"create table {table} as select {columns}")
        for column in ("numerator", "denominator", "value"):
            connection.execute(f"alter table kpi_values alter {column} type decimal(28, 8)")
        yield connection


def broken(night: duckdb.DuckDBPyConnection) -> set[tuple[str, str, str]]:
    """Return the metric, grain and member of each figure that does not follow."""
    with on("2026-07-31"):
        found = night.execute(sql_of("assert_metric_identities_hold")).fetchall()
    return {(metric, grain, member) for metric, grain, _, member, *_ in found}


def test_figures_that_follow_are_not_told(night: duckdb.DuckDBPyConnection) -> None:
    assert broken(night) == set()


@pytest.mark.parametrize("dimension", ["total", "region", "channel"])
@pytest.mark.parametrize("metric", ["revenue_per_customer", "revenue_per_order", "revenue_per_head"])
@pytest.mark.parametrize("figure", ["numerator", "denominator", "value"])
def test_net_sales_divided_otherwise_than_they_were_are_found(
    figure: str, metric: str, dimension: str, night: duckdb.DuckDBPyConnection
) -> None:
    changed = night.execute(
        f"update kpi_values set {figure} = {figure} + 1 where metric_id = ? and dimension_name = ? "
        "and period_grain = 'quarter' returning dimension_value",
        [metric, dimension],
    ).fetchall()
    assert broken(night) == {(metric, "quarter", member) for (member,) in changed}
    assert changed or (metric, dimension) == ("revenue_per_head", "channel")


def test_a_cent_of_net_sales_is_missed_by_all_that_they_are_divided_by(night: duckdb.DuckDBPyConnection) -> None:
    night.execute("update kpi_values set value = 999.99 where metric_id = 'net_sales' and dimension_name = 'region'")
    expected = {(metric, grain, "north") for metric in METRICS[1:4] for grain in ("month", "quarter")}
    assert broken(night) == expected


@pytest.mark.parametrize(
    ("table", "change", "found"),
    [
        ("kpi_values", "numerator = 4 where metric_id = 'return_rate' and period_grain = 'month'", "return_rate month"),
        ("kpi_values", "denominator = 6 where metric_id = 'return_rate' and period_grain = 'week'", "return_rate week"),
        ("kpi_return_rates", "returned_unit_count = 2 where period_grain = 'month'", "return_rate month"),
        ("kpi_return_rates", "sold_unit_count = 11 where period_grain = 'week'", "return_rate week"),
        ("kpi_values", "numerator = 3 where metric_id = 'win_rate'", "win_rate month"),
        ("kpi_values", "denominator = 5 where metric_id = 'win_rate'", "win_rate month"),
        ("kpi_values", "value = 0.51 where metric_id = 'win_rate'", "win_rate month"),
        ("kpi_region_productivity", "won_per_head_amount = 301 where period_grain = 'month'", "win_rate month"),
        ("kpi_region_productivity", "won_amount = 601 where period_grain = 'month'", "win_rate month"),
        ("kpi_region_productivity", "net_sales_per_head_amount = 501 where period_grain = 'month'",
         "revenue_per_head month"),
        ("kpi_region_productivity", "net_sales_amount = 1001 where period_grain = 'month'", "revenue_per_head month"),
        ("kpi_dealer_weeks", "sell_out_units = 7 where dimension_name = 'total'", "channel_sell_through_rate week"),
        ("kpi_dealer_weeks", "available_units = 9 where dimension_name = 'dealer'", "channel_sell_through_rate week"),
        ("kpi_dealer_weeks", "sell_through_rate = 0.7 where dimension_name = 'dealer'",
         "channel_sell_through_rate week"),
    ],
)  # fmt: skip
def test_a_wrong_figure_on_either_way_is_found(
    table: str, change: str, found: str, night: duckdb.DuckDBPyConnection
) -> None:
    night.execute(f"update {table} set {change}")
    assert {f"{metric} {grain}" for metric, grain, _ in broken(night)} == {found}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("how", ["delete from kpi_values", "update kpi_values set metric_id = 'renamed'"])
def test_a_metric_that_is_not_there_is_found_unless_it_is_absent_for_a_reason(
    how: str, metric: str, night: duckdb.DuckDBPyConnection
) -> None:
    night.execute(f"{how} where metric_id = ?", [metric])
    missed = set(METRICS[1:4]) if metric == "net_sales" else {metric}  # of net sales all that they are divided by
    assert {found for found, *_ in broken(night)} == missed
    night.execute("update kpi_metrics set is_available = false where metric_id = ?", [metric])
    assert broken(night) == set()


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_without_rows_is_found_unless_its_metrics_are_absent_for_a_reason(
    mart: str, night: duckdb.DuckDBPyConnection
) -> None:
    night.execute(f"delete from {mart}")
    assert {metric for metric, *_ in broken(night)} == MARTS[mart]
    for metric in MARTS[mart]:
        night.execute("update kpi_metrics set is_available = false where metric_id = ?", [metric])
    assert broken(night) == set()


def test_a_member_that_one_side_lacks_is_found(night: duckdb.DuckDBPyConnection) -> None:
    night.execute("delete from kpi_values where metric_id = 'revenue_per_order' and dimension_name = 'channel'")
    night.execute("update kpi_return_rates set region_key = 'south' where period_grain = 'week'")
    assert broken(night) == {
        ("revenue_per_order", "month", "field"), ("revenue_per_order", "quarter", "field"),
        ("return_rate", "week", "north"), ("return_rate", "week", "south"),
    }  # fmt: skip


def test_who_sold_nothing_and_what_had_no_buyer_are_no_mistake(night: duckdb.DuckDBPyConnection) -> None:
    """A region with sellers alone, and a refund in a month in which nobody bought: there is nothing to divide."""
    night.execute("insert into kpi_values values "
        "('revenue_per_head', 'month', '2026-07-01', 'region', 'south', 0, 1, 0), "
        "('net_sales', 'month', '2026-06-01', 'region', 'north', -50, null, -50), "
        "('revenue_per_customer', 'month', '2026-06-01', 'region', 'north', -50, 0, null), "
        "('revenue_per_order', 'month', '2026-06-01', 'region', 'north', -50, 0, null), "
        "('revenue_per_head', 'month', '2026-06-01', 'region', 'north', -50, 0, null)")  # fmt: skip
    night.execute("insert into kpi_region_productivity values "
        "('month', '2026-07-01', 'south', 0, 0, 0, 0, 0, 31, 31, 0, 0), "
        "('month', '2026-06-01', 'north', -50, 0, 0, 0, 0, 30, 0, null, null)")  # fmt: skip
    assert broken(night) == set()


@pytest.mark.parametrize(
    "change",
    [
        "delete from kpi_board where metric_id = 'win_rate'",
        "insert into kpi_board values ('new_leads')",
        "update kpi_metrics set is_on_board = not is_on_board where metric_id = 'revenue_per_order'",
    ],
)
def test_a_board_that_is_not_the_registrys_is_found(change: str, night: duckdb.DuckDBPyConnection) -> None:
    night.execute(change)
    assert {grain for _, grain, _ in broken(night)} == {"board"}
