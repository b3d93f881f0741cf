"""The marts of the funnel find what is planted in the demo's deals, with its number, and nothing in a quiet world."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import sys
from pathlib import Path

import accepted_files as files
import duckdb
import pytest
import world

from sales_warehouse.company.models import DemoFile
from sales_warehouse.demo import generator
from sales_warehouse.home import Home
from sales_warehouse.sql import literal
from sales_warehouse.transform import PROJECT, child_environment

pytestmark = [pytest.mark.slow, pytest.mark.long]

END = datetime.date(2026, 6, 28)
QUARTER = datetime.date(2025, 4, 1)  # the last second quarter whose deals have had their time
SIZE = {"days": 640, "orders_per_day": 1, "dirty_rate": 0, "seed": 3, "business_date": END}
WORLDS: dict[str, tuple[int, dict[str, dict]]] = {
    "quiet": (1500, {}),
    # a fall of 15 % shows in as many deals as this: 3300 a quarter
    "fallen": (3000, {"conversion_fall": {}}),
    "stuck": (800, {"stage_loss": {}, "stalled_deals": {}}),
}
WITH_DEALS = ("days", "companies", "leads", "accounts", "deals", "field_orders")  # what the funnel has nothing without
UTC, NOW = "- INTERVAL 8 HOUR", f"TIMESTAMP '{END} 23:59:59'"
# What the CRM holds at the end of the business date, in the columns of the contracts.
ROWS = {
    "leads": f"""
        SELECT lead_id, created_at {UTC} AS created_at,
            CASE WHEN converts AND deal_at <= {NOW} THEN 'converted' WHEN dropped_at <= {NOW} THEN 'disqualified'
                ELSE 'working' END AS status
        FROM leads WHERE created_at <= {NOW}""",
    "opportunities": f"""
        SELECT deal_id AS opportunity_id, 'crm:' || lead_id AS lead_id, created_at {UTC} AS created_at,
            estimate AS amount, 'CNY' AS currency, CASE WHEN closed_at <= {NOW} THEN closed_at {UTC} END AS closed_at,
            CASE WHEN closed_at > {NOW} THEN 'open' WHEN is_won THEN 'won' ELSE 'lost' END AS status
        FROM deals WHERE created_at <= {NOW}""",
    "opportunity_stage_events": f"""
        SELECT deal_id AS opportunity_id, entered_at {UTC} AS entered_at, stage, stage_no AS stage_order,
            estimate AS amount
        FROM stage_visits JOIN deals USING (deal_key) WHERE entered_at <= {NOW} AND deals.created_at <= {NOW}""",
    "orders": f"""
        SELECT order_key::VARCHAR AS order_id, 'crm:' || deal_id AS opportunity_id, ordered_at {UTC} AS ordered_at,
            CASE WHEN is_cancelled THEN 'cancelled' ELSE 'placed' END AS status, 'CNY' AS currency
        FROM field_orders WHERE ordered_at <= {NOW} AND NOT is_mistyped""",
}  # fmt: skip


MARTS = ("+kpi_funnel", "+kpi_funnel_steps", "+alert_stalled_deals")


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The warehouse of each world, built one after the other by one project."""
    folder = tmp_path_factory.mktemp("funnel")
    home = Home(folder / "home", "demo")
    files.write_empty_company(home)
    files.write_settings(home, "alert_rules", [
        {"rule_id": "stalled", "kind": "stalled_deals", "severity": "warning", "owner": "sales", "rule_state": "on"},
    ])  # fmt: skip
    files.write_calendar(home, datetime.date(2024, 1, 1), datetime.date(2027, 12, 31))
    shutil.copytree(PROJECT, home.warehouse / "project")
    home.tmp.mkdir()
    for name, (customers, situations) in WORLDS.items():
        settings = DemoFile.model_validate({**SIZE, "customers": customers, "situations": situations})
        accept_deals(home, settings, folder)
        run_dbt(home)
        shutil.copyfile(home.warehouse_file, folder / f"{name}.duckdb")
    return {name: folder / f"{name}.duckdb" for name in WORLDS}


def accept_deals(home: Home, settings: DemoFile, temp: Path) -> None:
    with generator.open_generator(settings, temp) as made, pytest.MonkeyPatch.context() as patched:
        patched.setattr(generator, "UNFOLDING", WITH_DEALS)
        made.unfold(made.start, END)
        for entity, rows in ROWS.items():
            target = home.accepted / entity / "_load_id=20260628T180000_000000" / "crm.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            made.connection.execute(f"CREATE OR REPLACE TEMP TABLE accepted ({files.contract_schema(entity)})")
            made.connection.execute(f"INSERT INTO accepted BY NAME {rows}")
            made.connection.execute(
                "UPDATE accepted SET _source = 'crm', _file = 'rows', _row_number = rowid, _is_deleted = false"
            )
            made.connection.execute(f"COPY accepted TO {literal(str(target))} (FORMAT parquet)")


def run_dbt(home: Home) -> None:
    given = {"business_date": f"{END}", "as_of": f"{END} 16:00:00", "pending_loads": [], "identity_batch": 1}
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-path", "../logs", "run", "--full-refresh",
         "--select", *MARTS, "--profiles-dir", ".", "--target-path", "../target",
         "--vars", json.dumps({**world.VARIABLES, **given})],
        cwd=home.warehouse / "project", env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def rows(file: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SET schema = 'marts'")
        return connection.execute(query).fetchall()


ODD = "SELECT period_start_date, step FROM kpi_funnel_steps WHERE is_odd AND period_grain = '{}' AND step_level = '{}'"
SHARE_STALLED = """
    SELECT avg((stalled_date IS NOT NULL)::INT)::DOUBLE FROM fct_opportunity_stage_events
    WHERE entered_date <= DATE '2026-02-28'"""
LOSS = """
    SELECT sum(lost_count) / sum(lost_count + advanced_count) FROM kpi_funnel_steps
    WHERE period_grain = 'month' AND step_level = 'stage' AND step = '技术方案确认'"""


def test_the_step_that_fell_ranks_first(worlds: dict[str, Path]) -> None:
    """S41: opportunities of the second quarter became orders 15 % less often."""
    found = rows(
        worlds["fallen"],
        "SELECT step, is_odd, expected_change_rate::DOUBLE FROM kpi_funnel_steps WHERE odd_rank = 1 "
        f"AND period_grain = 'quarter' AND step_level = 'main' AND period_start_date = DATE '{QUARTER}'",
    )
    ((step, is_odd, change),) = found
    assert (step, is_odd) == ("opportunity", True)
    assert change == pytest.approx(-0.15, abs=0.05)


def test_no_other_step_and_quarter_is_odd(worlds: dict[str, Path]) -> None:
    assert rows(worlds["fallen"], ODD.format("quarter", "main")) == [(QUARTER, "opportunity")]
    months = rows(worlds["fallen"], ODD.format("month", "main"))
    assert {(month.year, (month.month + 2) // 3, step) for month, step in months} <= {(2025, 2, "opportunity")}
    # the deals that are not won are lost in the negotiation, some of them in the quarter after
    assert {step for _, step in rows(worlds["fallen"], ODD.format("quarter", "stage"))} <= {"商务谈判"}


@pytest.mark.parametrize("level", ["main", "stage"])
@pytest.mark.parametrize("grain", ["month", "quarter"])
def test_nothing_is_odd_in_a_quiet_world(worlds: dict[str, Path], grain: str, level: str) -> None:
    assert rows(worlds["quiet"], ODD.format(grain, level)) == []
    judged = ODD.format(grain, level).replace("is_odd", "robust_score IS NOT NULL")
    assert len(rows(worlds["quiet"], judged)) > 5


def test_the_loss_of_a_stage_is_the_planted_one(worlds: dict[str, Path]) -> None:
    """S06: 47 % are lost in one stage, and some 29 % in a quiet world."""
    assert rows(worlds["stuck"], LOSS)[0][0] == pytest.approx(0.47, abs=0.03)
    assert rows(worlds["quiet"], LOSS)[0][0] == pytest.approx(0.294, abs=0.03)


def test_as_many_deals_stand_still_as_were_planted(worlds: dict[str, Path]) -> None:
    """S05: a quarter of the entries stay for more than 30 days, and hardly one in a quiet world."""
    assert rows(worlds["stuck"], SHARE_STALLED)[0][0] == pytest.approx(0.25, abs=0.05)
    assert rows(worlds["quiet"], SHARE_STALLED)[0][0] < 0.04


@pytest.mark.parametrize("name", WORLDS)
def test_every_stalled_deal_is_told_once(worlds: dict[str, Path], name: str) -> None:
    """Against the events alone, in plain SQL: open, and more than 30 days in the stage over all stays."""
    told = rows(worlds[name], "SELECT opportunity_key, stage, stage_days FROM alert_stalled_deals ORDER BY ALL")
    worked_out = rows(
        worlds[name],
        f"""
        SELECT opportunity_key, stage, sum(coalesce(left_date, DATE '{END}') - entered_date) AS days
        FROM fct_opportunity_stage_events GROUP BY ALL
        HAVING bool_or(exit_type = 'open') AND days > 30 ORDER BY ALL""",
    )
    assert told == worked_out
    assert len(told) > 0


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_open_never_shortens_the_time_in_a_stage(worlds: dict[str, Path], name: str) -> None:
    """S07: the median with the open ones is not below the one of those that are over."""
    naive = """
        SELECT date_trunc('month', entered_date)::DATE AS period_start_date, stage AS step,
            quantile_disc(dwell_days, 0.5) AS median
        FROM fct_opportunity_stage_events WHERE exit_type <> 'open' GROUP BY ALL"""
    joined = f"FROM kpi_funnel_steps JOIN ({naive}) USING (period_start_date, step) WHERE period_grain = 'month'"
    ((count, below, above),) = rows(
        worlds[name],
        "SELECT count(*), count(*) FILTER (dwell_median_days < median), "
        f"count(*) FILTER (dwell_median_days > median) {joined}",
    )
    assert count > 50
    assert below == 0
    assert above > 0
