"""However the loads arrive, the marts are the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import ANY

import duckdb
import pytest
import world

from sales_warehouse.contracts import load_contracts
from sales_warehouse.home import Home
from sales_warehouse.sql import ident, literal
from sales_warehouse.transform import child_environment

pytestmark = pytest.mark.slow


def differences(left: Path, right: Path, metrics: str = "true") -> dict[str, int]:
    """Return how many rows of each mart are in one working file and not in the other, repeats counted.

    Of kpi_values those rows count for which `metrics` holds.
    """
    with duckdb.connect() as connection:
        for name, file in (("a", left), ("b", right)):
            connection.execute(f"ATTACH {literal(str(file))} AS {name} (READ_ONLY)")
        marts = [mart for (mart,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts' AND database_name = 'a'"
        ).fetchall()]  # fmt: skip
        assert len(marts) > 20
        rows = {"kpi_values": metrics}
        return {mart: n for mart in marts if (n := _difference(connection, mart, rows.get(mart, "true")))}


def _difference(connection: duckdb.DuckDBPyConnection, mart: str, rows: str) -> int:
    a, b = (f"(FROM {file}.marts.{ident(mart)} WHERE {rows})" for file in "ab")
    query = f"SELECT count(*) FROM ((FROM {a} EXCEPT ALL FROM {b}) UNION ALL (FROM {b} EXCEPT ALL FROM {a}))"
    return connection.execute(query).fetchall()[0][0]


@pytest.fixture
def copy(night_by_night: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of the nightly home that a test may change."""
    shutil.copytree(night_by_night.dir, tmp_path / "nightly")
    yield Home(tmp_path, "nightly")


def test_three_nights_and_everything_at_once_give_the_same_rows(night_by_night: Home, at_once: Home) -> None:
    assert differences(night_by_night.warehouse_file, at_once.warehouse_file) == {}


def test_a_deleted_record_leaves_nothing_behind(night_by_night: Home, tmp_path: Path) -> None:
    nights = world.haunted()
    entities = {entity for load in nights[-1].loads.values() for entity, rows in load[1].items() if gone(rows)}
    assert entities == set(load_contracts()) - world.KEPT_WHEN_DELETED
    home = Home(tmp_path, "haunted")
    world.write_configuration(home)
    for number, night in enumerate(nights, start=1):
        pending = world.write_night(home, night)
        world.write_accounts(home, nights[:number])
        world.refresh(home, pending, number, full=number == 1, marts=world.CARRIED if number == 1 else ())
        if number == 2:
            assert len(differences(night_by_night.warehouse_file, home.warehouse_file)) > 15
    told = differences(
        night_by_night.warehouse_file, home.warehouse_file, "metric_id NOT IN ('dirty_rate', 'source_freshness_hours')"
    )
    assert told == {
        "trust_load_counts": ANY,
        "trust_row_accounting": ANY,
        "trust_source_freshness": ANY,
        "trust_dirty_rate": ANY,
    }  # came as loads
    with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
        counts = "SELECT sum(deleted_count), max(abs(unexplained_count)) FROM marts.trust_row_accounting"
        assert connection.execute(counts).fetchall() == [(len(entities) + 1, 0)]  # O7 is deleted in both worlds


def gone(rows: list[world.Row]) -> bool:
    return any(row.get("_is_deleted") for row in rows)


def test_the_comparison_sees_a_single_row(at_once: Home, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    shutil.copyfile(at_once.warehouse_file, other)
    with duckdb.connect(str(other)) as connection:
        connection.execute("INSERT INTO marts.fct_sales_daily FROM marts.fct_sales_daily LIMIT 1")
    assert differences(at_once.warehouse_file, other) == {"fct_sales_daily": 1}


def test_applying_the_last_night_again_changes_nothing(copy: Home, at_once: Home) -> None:
    world.refresh(copy, list(world.THIRD.loads), 3, marts=world.CARRIED)
    assert differences(copy.warehouse_file, at_once.warehouse_file) == {}


def test_a_source_that_sends_its_whole_table_again_makes_no_order_new(copy: Home, at_once: Home) -> None:
    """The same customers and orders in a later load: nothing to compute again, and the same marts."""
    again = "20260702T020000_000000"
    shop = world.FIRST.loads["20260629T020000_000000"][1]
    world.files.write_load(copy, "shop", again, {"customers": shop["customers"], "orders": shop["orders"]})
    world.refresh(copy, [again], 4, marts=(*world.CARRIED, "trust_row_accounting"))
    changed = differences(copy.warehouse_file, at_once.warehouse_file)
    assert set(changed) <= {"trust_row_accounting"}  # the ledger was not told of the new load
    with duckdb.connect(str(copy.warehouse_file), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM intermediate.int_orders_changed").fetchall() == [(0,)]


def test_a_shop_that_stops_selling_has_sold_nothing_since(copy: Home) -> None:
    """Five quiet weeks later: what adds up is 0 for each of them, a rate has nothing to say."""
    world.refresh(copy, [], 3, marts=("kpi_values",), business_date="2026-08-05", as_of="2026-08-05 18:00:00")
    query = (
        "SELECT period_start_date, value FROM marts.kpi_values WHERE (metric_id, period_grain) = (?, ?) AND "
        "(dimension_name, dimension_value) = (?, ?) AND period_start_date > '2026-07-01' ORDER BY 1"
    )
    with duckdb.connect(str(copy.warehouse_file), read_only=True) as connection:
        sales = connection.execute(query, ["net_sales", "week", "total", "total"]).fetchall()
        assert sales == [(date(2026, 7, 6) + timedelta(7 * week), 0) for week in range(5)]
        region = connection.execute(query, ["net_sales", "month", "region", "east"]).fetchall()
        assert region == [(date(2026, 8, 1), 0)]
        assert connection.execute(query, ["win_rate", "month", "total", "total"]).fetchall() == []


def count_again(home: Home, pending: list[str], *arguments: str) -> list[tuple]:
    """Build the row accounting alone on what is there; return what it cannot explain."""
    given = json.dumps({**world.VARIABLES, "pending_loads": pending, "identity_batch": 3})
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-path", "../logs", "run", *arguments,
         "--select", "trust_row_accounting", "--profiles-dir", ".", "--target-path", "../target", "--vars", given],
        cwd=home.warehouse / "project", env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
        return connection.execute(
            "SELECT source, entity, merged_count, unexplained_count FROM marts.trust_row_accounting "
            "WHERE unexplained_count <> 0 ORDER BY ALL"
        ).fetchall()


def lose(home: Home, table: str, condition: str) -> None:
    with duckdb.connect(str(home.warehouse_file)) as connection:
        deleted = connection.execute(f"DELETE FROM intermediate.{ident(table)} WHERE {condition}").fetchall()
    assert deleted == [(1,)]


def test_a_row_that_the_latest_versions_lost_is_unexplained_and_not_merged(copy: Home) -> None:
    """O1 came in the first and in the third load: one of its versions is merged, its only latest one is gone.

    Another order was changed and O7 deleted, so three versions are merged.
    """
    tonight = list(world.THIRD.loads)
    assert count_again(copy, tonight) == []
    lose(copy, "int_orders_deduplicated", "order_key = 'shop:O1'")
    assert count_again(copy, tonight) == [("shop", "orders", 3, 1)]
    lose(copy, "int_order_lines_deduplicated", "order_key = 'shop:O1' AND line_number = 2")  # of the first night
    assert count_again(copy, tonight) == [("shop", "orders", 3, 1)]
    everything = count_again(copy, [], "--full-refresh")
    assert everything == [("shop", "order_lines", 1, 1), ("shop", "orders", 3, 1)]
