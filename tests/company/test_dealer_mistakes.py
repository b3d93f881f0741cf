"""Mistakes of dealers.yml are named with their place and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_configuration_mistakes import COMPANY

from sales_warehouse.company.load import CompanyError, load_company

DEALERS = "stale_after_days: 8\nsupply_window_days: 28\n"
SOURCE = """\
source: counts
label: {en: Counts, zh: 盘点}
owner: data
expected_within_hours: 192
connection: {type: files, path: "${SOURCE_DATA}/counts"}
tables:
  counts: {files: "*.csv", format: csv, columns: [dealer, product, day, units]}
mappings:
  - entity: dealer_inventory
    from: counts
    columns: {dealer_id: dealer, product_id: product, counted_at: {from: day, normalise: timestamp}, quantity: units}
"""
LIFECYCLE = "tiers: [{tier: C, name: {en: All, zh: 全部}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    texts = {"company.yml": COMPANY, "dealers.yml": DEALERS, "sources/counts.yml": SOURCE, "lifecycle.yml": LIFECYCLE}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_what_is_written_counts_and_what_is_not_has_a_default(folder: Path) -> None:
    assert load_company(folder).dealers.stale_after_days == 8
    (folder / "dealers.yml").unlink()
    assert load_company(folder).dealers.model_dump() == {"stale_after_days": 14, "supply_window_days": 28}


@pytest.mark.parametrize(
    ("found", "wrong", "said"),
    [
        (
            "_days: 8",
            "_days: 7",
            ["dealers.yml:1: stale_after_days: counts of 'counts'", "192 hours", "stale_after_days: 8 or more"],
        ),
        ("_days: 8", "_days: 0", ["dealers.yml:1: stale_after_days", "greater than or equal to 1"]),
        ("_days: 28", "_days: 4 weeks", ["dealers.yml:2: supply_window_days", "4 weeks"]),
        ("supply_window_days", "supply_days", ["dealers.yml:2: supply_days"]),
    ],
    ids=["stale before the next count is due", "no day", "a text", "a name that is none"],
)
def test_a_mistake_is_named_with_its_place(folder: Path, found: str, wrong: str, said: list[str]) -> None:
    (folder / "dealers.yml").write_text(DEALERS.replace(found, wrong), encoding="utf-8")
    with pytest.raises(CompanyError) as error:
        load_company(folder)
    for part in said:
        assert part in str(error.value)


def test_the_defaults_are_checked_too(folder: Path) -> None:
    """Without the file the place is that of the source which the defaults do not fit."""
    (folder / "dealers.yml").unlink()
    monthly = SOURCE.replace("expected_within_hours: 192", "expected_within_hours: 800")
    (folder / "sources" / "counts.yml").write_text(monthly, encoding="utf-8")
    with pytest.raises(CompanyError, match=r"counts\.yml:4: .*after 14 days .*stale_after_days: 34 or more"):
        load_company(folder)
