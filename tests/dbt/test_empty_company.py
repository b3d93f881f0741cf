"""A company of which nothing is known yet: every mart is there, and says nothing."""

from __future__ import annotations

from pathlib import Path

import accepted_files as files
import duckdb
import pytest
import world

from sales_warehouse.home import Home

# What the configuration and the calendar alone say, the members that stand for what is unknown, days on which nobody
# asked anything, and a correlation of nothing, which says that it is one.
TOLD_BEFOREHAND = {
    "dim_calendar_hours", "dim_channels", "dim_contacts", "dim_customers", "dim_dates", "dim_dealers", "dim_products",
    "dim_regions", "dim_sales_reps", "dim_stores", "kpi_analyses", "kpi_board", "kpi_dealer_satisfaction",
    "kpi_metrics", "kpi_weekday_profile",
}  # fmt: skip


@pytest.mark.slow
def test_a_company_without_a_row_has_every_mart_and_no_figure(tmp_path: Path) -> None:
    home = Home(tmp_path, "empty")
    files.write_empty_company(home)
    world.refresh(home, [], 1, full=True)
    with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
        query = "select table_name from duckdb_tables() where schema_name = 'marts'"
        tables = [name for (name,) in connection.execute(query).fetchall()]
        counts = {name: connection.execute(f"select count(*) from marts.{name}").fetchall()[0][0] for name in tables}
        figures = connection.execute("select distinct metric_id from marts.kpi_values").fetchall()
    assert len(tables) > 100 and figures == []
    assert {name for name, count in counts.items() if count} <= TOLD_BEFOREHAND
