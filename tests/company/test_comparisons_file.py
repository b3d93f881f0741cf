"""comparisons.yml: its defaults, what reaches the warehouse, and what is refused before a run."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
import pytest
from written_company import files_source, write_company

from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import write_settings

SHOP = files_source("shop", """\
tables: {orders: {files: "*.csv", format: csv, columns: [no]}}
mappings: [{entity: products, from: orders, columns: {product_id: no}}]
""")  # fmt: skip
WRITTEN = """\
differences:
  significance: 0.01
  least_count: 50
sellers:
  managers: false
  teams_without: [Online]
  departments_without: [Finance]
reallocation:
  minimum_heads: 2
  returns_rate: 0.4
"""
RULES = (
    "significance, least_change_rate, least_count, least_segment_count, do_managers_sell, minimum_heads, returns_rate, "
    "most_moved_rate, least_gain_rate"
)
MISTAKES = {
    "a share above one": ("significance: 0.01", "significance: 5", [":2: differences.significance", "0.2"]),
    "too few to compare": ("least_count: 50", "least_count: 3", [":3: differences.least_count", "10"]),
    "a part larger than the whole": (
        "least_count: 50", "least_count: 10\n  least_segment_count: 11",
        ["least_segment_count is more than least_count"],
    ),
    "returns that do not diminish": ("returns_rate: 0.4", "returns_rate: 1", [":10: reallocation.returns_rate"]),
    "fewer heads than none": ("minimum_heads: 2", "minimum_heads: -1", [":9: reallocation.minimum_heads"]),
    "a key that there is not": ("managers: false", "manager: false", [":5:", "'manager'", "did you mean 'managers'"]),
    "one team instead of a list": ("teams_without: [Online]", "teams_without: Online", [":6: sellers.teams_without"]),
}  # fmt: skip


def settings_of(folder: Path, home: Home) -> tuple[tuple, list[tuple]]:
    today = datetime.date(2026, 6, 28)
    moment = datetime.datetime(2026, 6, 28, 10)
    write_settings(home, load_company(folder), as_of=moment, business_date=today, first_date=today)
    rules = duckdb.sql(f"select {RULES} from read_parquet('{home.settings}/comparison_rules.parquet')").fetchall()
    units = duckdb.sql(f"from read_parquet('{home.settings}/not_selling.parquet') order by all").fetchall()
    assert len(rules) == 1
    return rules[0], units


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "company").mkdir()
    return write_company(tmp_path / "company", shop=SHOP)


def test_without_the_file_everything_has_its_default(folder: Path, tmp_path: Path) -> None:
    assert settings_of(folder, Home(tmp_path, "small")) == ((0.05, 0.1, 30, 10, True, 1, 0.5, 0.1, 0.1), [])


def test_what_is_written_reaches_the_warehouse(folder: Path, tmp_path: Path) -> None:
    (folder / "comparisons.yml").write_text(WRITTEN, encoding="utf-8")
    rules, units = settings_of(folder, Home(tmp_path, "small"))
    assert rules == (0.01, 0.1, 50, 10, False, 2, 0.4, 0.1, 0.1)
    assert units == [("department", "Finance"), ("team", "Online")]


@pytest.mark.parametrize(("found", "wrong", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_its_place(folder: Path, found: str, wrong: str, said: list[str]) -> None:
    assert found in WRITTEN
    (folder / "comparisons.yml").write_text(WRITTEN.replace(found, wrong, 1), encoding="utf-8")
    with pytest.raises(CompanyError) as error:
        load_company(folder)
    for part in ("comparisons.yml", *said):
        assert part in str(error.value)


@pytest.mark.parametrize("name", ["demo", "demo-en"])
def test_the_demo_names_a_team_that_its_world_has(name: str) -> None:
    sellers = load_company(Path("config") / name).comparisons.sellers
    words = Path("plugins/sales_warehouse/demo/lists/english.csv").read_text(encoding="utf-8")
    teams = Path("plugins/sales_warehouse/demo/lists/teams.csv").read_text(encoding="utf-8")
    (team,) = sellers.teams_without
    assert not sellers.managers
    assert f",{team}," in teams if name == "demo" else f",{team}\n" in words
