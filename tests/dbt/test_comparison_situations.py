"""What is planted in the demo company is found by the marts, with the number of the truth; a quiet one has none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import demo_world
import duckdb
import pytest

from sales_warehouse.company.models import DemoFile
from sales_warehouse.home import Home

pytestmark = pytest.mark.slow

SIZE = {
    "customers": 1200, "days": 760, "orders_per_day": 60, "dirty_rate": 0, "seed": 3, "business_date": demo_world.END,
}  # fmt: skip
PLANTED = {
    "price_band_repurchase": {}, "regional_gap": {}, "weekend_enquiries": {}, "reversal": {},
    "shorter_repurchase": {},
}  # fmt: skip
MARTS = (
    "kpi_repurchase", "kpi_repurchase_cycles", "kpi_region_gaps", "kpi_head_allocation", "kpi_weekday_profile",
    "kpi_deal_interactions",
    "kpi_deal_reversals",
)  # fmt: skip


def built(temp: Path, situations: Mapping[str, object]) -> tuple[duckdb.DuckDBPyConnection, Mapping[str, Mapping]]:
    home = Home(temp, "world")
    truth = demo_world.build(home, temp, DemoFile.model_validate(SIZE), situations, *MARTS)
    return duckdb.connect(str(home.warehouse / "working.duckdb"), read_only=True), truth


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[duckdb.DuckDBPyConnection, Mapping[str, Mapping]]:
    return built(tmp_path_factory.mktemp("planted"), PLANTED)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    return built(tmp_path_factory.mktemp("quiet"), {})[0]


def test_x(planted, quiet):
    print(planted[1])
