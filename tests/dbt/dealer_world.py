"""Dealers worked out by hand, and two worlds of the demo beside them: one with what is planted, one without.

Each is a source and a region of its own, so that one build holds all three and their numbers stay apart.

Business date: Sunday 2026-06-28 in Shanghai (UTC+8). A count is too old after 14 days; sales are averaged over 28.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import accepted_files as files
import duckdb
import world

from sales_warehouse.company.models import DemoFile
from sales_warehouse.company.situations import Situations
from sales_warehouse.demo.answers import measure
from sales_warehouse.demo.generator import Generator, open_generator
from sales_warehouse.home import Home
from sales_warehouse.sql import literal
from sales_warehouse.transform import PROJECT, child_environment

Row = dict[str, object]
END = datetime.date(2026, 6, 28)
VARIABLES = {**world.VARIABLES, "business_date": f"{END}", "as_of": f"{END} 18:00:00", "pending_loads": [],
             "identity_batch": 0}  # fmt: skip
LOAD = "20260628T180000_000000"
MODELS = ("fct_dealer_stock_days", "fct_dealer_stock_weeks", "fct_dealer_stock", "fct_dealer_traces",
          "fct_dealer_months", "kpi_dealer_satisfaction", "kpi_dealer_stock", "kpi_dealer_weeks")  # fmt: skip


def ordered(number: str, dealer: str, quantity: int, day: str, batch: str | None = None, product: str = "P1") -> Row:
    """A line that a dealer ordered, at ten in the morning; ten of our money for a unit."""
    return {"dealer_order_id": number, "line_number": 1, "dealer_id": dealer, "product_id": product, "batch_id": batch,
            "quantity": quantity, "amount": 10 * quantity, "ordered_at": f"2026-{day} 02:00:00"}  # fmt: skip


def sold(number: str, dealer: str, quantity: int, day: str, batch: str | None = None, product: str = "P1") -> Row:
    """A sale in the dealer's store, of which nobody knows the hour."""
    at = datetime.datetime.fromisoformat(f"2026-{day}") - datetime.timedelta(hours=8)
    return {"store_sale_id": number, "store_id": f"store of {dealer}", "product_id": product, "quantity": quantity,
            "amount": 15 * quantity, "sold_at": f"{at}", "batch_id": batch}  # fmt: skip


def counted(dealer: str, quantity: int, day: str, product: str = "P1") -> Row:
    return {"dealer_id": dealer, "product_id": product, "counted_at": f"2026-{day} 01:00:00", "quantity": quantity,
            "reported_at": f"2026-{day} 02:00:00"}  # fmt: skip


# D1 has everything: goods without a batch, a batch that it never ordered (B9), goods that go back and that come back.
# D2 goes silent after May. D3 never counts. D4 does nothing at all. D5 counts less than it ordered, and counts today.
# D6 was a dealer once. Nobody knows whose store sold S9.
BY_HAND: dict[str, list[Row]] = {
    "dealers": [
        {"dealer_id": f"D{n}", "region": "by_hand", "tier": "gold", "_is_deleted": n == 6} for n in range(1, 7)
    ],
    "stores": [{"store_id": f"store of D{n}", "dealer_id": f"D{n}", "name": f"Store {n}"} for n in range(1, 6)],
    "products": [{"product_id": "P1", "product_line": "milk"}, {"product_id": "P2", "product_line": "tea"}],
    "dealer_orders": [
        ordered("O1", "D1", 10, "06-01", "B1"), ordered("O2", "D1", 10, "06-05", "B2"),
        ordered("O3", "D1", -3, "06-08", "B1"), ordered("O4", "D1", 10, "06-24", "B4"),
        ordered("O5", "D2", 10, "05-10"), ordered("O6", "D2", 5, "06-10"),
        ordered("O7", "D3", 8, "06-15"),
        ordered("O8", "D5", 10, "06-02"),
    ],
    "store_sales": [
        sold("S1", "D1", 2, "06-01"), sold("S2", "D1", 5, "06-03", "B1"), sold("S3", "D1", 6, "06-06"),
        sold("S4", "D1", -1, "06-10", "B1"), sold("S5", "D1", 14, "06-16", "B9"), sold("S6", "D1", 1, "06-25"),
        sold("S7", "D2", 3, "05-20"),
        sold("S8", "D3", 3, "06-20"),
        sold("S9", "D9", 2, "06-20"),
    ],
    "dealer_inventory": [
        # two counts of one day: the later one is the stock at its end
        counted("D1", 99, "06-01") | {"counted_at": "2026-06-01 00:30:00"},
        counted("D1", 20, "06-01"), counted("D1", 15, "06-14"), counted("D1", 3, "06-21"),
        counted("D1", 4, "06-01", "P2"),
        counted("D2", 7, "05-31"),
        counted("D5", 6, "06-07"), counted("D5", 6, "06-28"),
        counted("D6", 9, "05-01"),
    ],
}  # fmt: skip


def content_dealers(region: str, missing: int) -> dict[str, list[Row]]:
    """Three dealers of ten whole months, who order the more the better a month was; so many answers are missing."""
    names = [f"{region}{n}" for n in range(3)]
    months = [f"2025-{month:02}" for month in range(7, 13)] + [f"2026-{month:02}" for month in range(1, 6)]
    lines, answers = [], []
    for dealer in names:
        for place, month in enumerate(months):
            line = ordered(f"{dealer}/{month}", dealer, 20 + place, "01-15")
            lines.append(line | {"ordered_at": f"{month}-15 02:00:00"})
            if place:
                answers.append({"survey_id": f"{dealer}/{month}", "dealer_id": dealer, "score": f"{3 + place / 10}",
                                "max_score": "5", "answered_at": f"{month}-10 02:00:00"})  # fmt: skip
    return {
        "dealers": [{"dealer_id": name, "name": name, "region": region} for name in names],
        "dealer_orders": lines,
        "satisfaction_scores": answers[missing:],
    }


SITUATIONS = {"stock_leak": {}, "stale_dealer": {}, "dealer_satisfaction": {}}
SIZE = {"customers": 320, "days": 330, "orders_per_day": 1, "dirty_rate": 0, "seed": 3, "business_date": END}
# What the demo's dealers hand over, as the mappings of config/demo/sources/dealers.yml and surveys.yml conform it.
HANDED_OVER = {
    "dealers": "select dealer_id, name, '{source}' as region, tier from rows_dealers",
    "stores": "select store_id, '{source}:' || dealer_id as dealer_id, name from rows_stores",
    "dealer_orders": """select order_id as dealer_order_id, line_no::bigint as line_number,
        '{source}:' || dealer_id as dealer_id, 'crm:' || product_id as product_id, quantity::bigint as quantity,
        amount::decimal(18, 2) as amount, ordered_at::timestamp - interval 8 hour as ordered_at, batch_id
        from rows_dealer_orders""",
    "dealer_inventory": """select '{source}:' || dealer_id as dealer_id, 'crm:' || product_id as product_id,
        counted_on::timestamp - interval 8 hour as counted_at, quantity::bigint as quantity,
        reported_at::timestamp - interval 8 hour as reported_at from rows_dealer_inventory""",
    "store_sales": """select sale_no as store_sale_id, '{source}:' || store_id as store_id,
        'crm:' || product_id as product_id, quantity::bigint as quantity, amount::decimal(18, 2) as amount,
        sold_on::timestamp - interval 8 hour as sold_at, batch_id from rows_store_sales""",
    "satisfaction_scores": """select 问卷编号 as survey_id, '{source}:' || 经销商编号 as dealer_id,
        '{source}:' || 门店编号 as store_id, 评分::decimal(18, 2) as score, 满分::decimal(18, 2) as max_score,
        答复时间::timestamp - interval 8 hour as answered_at from rows_store_surveys""",
}


def _hand_over(demo: Generator, home: Home, source: str) -> None:
    """Write the rows that are visible at the end of the business date as accepted rows of a source."""
    for entity, query in HANDED_OVER.items():
        target = home.accepted / entity / f"_load_id={LOAD}" / f"{source}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        demo.connection.execute(f"create or replace temp table accepted ({files.contract_schema(entity)})")
        demo.connection.execute(
            f"insert into accepted by name select {literal(source)} as _source, {literal(entity)} as _file, "
            f"row_number() over () as _row_number, * from ({query.format(source=source)} where _at <= date '{END}')"
        )
        demo.connection.execute(f"copy accepted to {literal(str(target))} (format parquet)")


@dataclass(frozen=True)
class Built:
    """A home whose marts are built, and what the demo measured of its worlds: source → situation → answers."""

    home: Home
    truth: dict[str, dict[str, dict[str, float | str]]]

    @contextmanager
    def marts(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(self.home.warehouse_file), read_only=True) as connection:
            connection.execute("set schema = 'marts'")
            yield connection

    def rows(self, query: str) -> list[tuple]:
        with self.marts() as connection:
            return connection.execute(query).fetchall()

    def compiled(self, model: str) -> str:
        (made,) = (self.home.warehouse / "target" / "compiled").rglob(f"{model}.sql")
        return made.read_text(encoding="utf-8")


def build(folder: Path) -> Built:
    """Build the marts of dealers, and what they read, once for all."""
    home = Home(folder, "dealers")
    files.write_empty_company(home)
    files.write_calendar(home, datetime.date(2025, 1, 1), datetime.date(2026, 12, 31))
    regions = ("by_hand", "planted", "quiet", "thirty", "fewer")
    files.write_settings(home, "regions", [
        {"region_key": key, "region_name_en": key, "region_name_zh": key, "level": "region"} for key in regions
    ])  # fmt: skip
    files.write_load(home, "by_hand", LOAD, BY_HAND)
    for region, missing in (("thirty", 0), ("fewer", 1)):
        files.write_load(home, region, LOAD, content_dealers(region, missing))
    truth = {}
    for source, situations in (("planted", SITUATIONS), ("quiet", {})):
        settings = DemoFile.model_validate({**SIZE, "situations": situations})
        with open_generator(settings, home.tmp) as demo:
            demo.unfold(demo.start, END)
            _hand_over(demo, home, source)
            truth[source] = {
                name: dict(measure(demo, name, planted))
                for name, planted in Situations.model_validate(SITUATIONS).active()
            }
    _dbt(home)
    return Built(home, truth)


def _dbt(home: Home) -> None:
    project = home.warehouse / "project"
    project.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-r", str(PROJECT), str(project)], check=True)
    home.tmp.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-path", "../logs", "build", "--full-refresh",
         "--exclude-resource-type", "unit_test", "--select", *(f"+{model}" for model in MODELS), "--indirect-selection",
         "buildable", "--profiles-dir", ".", "--target-path", "../target", "--vars", json.dumps(VARIABLES)],
        cwd=project, env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
