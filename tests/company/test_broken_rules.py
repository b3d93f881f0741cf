"""A rule of alerts with a mistake is refused by the check; a night goes on without it, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_alert_mistakes import written

from sales_warehouse.company.load import CompanyError, load_company, load_for_a_night


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path)


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")


def test_a_night_has_the_other_rules_and_names_those_that_it_left_out(folder: Path) -> None:
    assert load_for_a_night(folder) == load_company(folder)
    change(folder, "alerts.yml", "metric: return_rate", "metric: retun_rate")
    change(folder, "alerts.yml", "kind: seasonal_band", "kind: seasonal")
    with pytest.raises(CompanyError, match="nothing was run"):
        load_company(folder)
    company = load_for_a_night(folder)
    assert [rule.id for rule in company.alerts.rules] == ["fall", "stale"]
    first, second = company.left_out_rules
    assert (first.place, second.place) == (0, 2)
    assert "alerts.yml:5: rules.0.metric" in first.why and "'return_rate'" in first.why
    assert "rules.2.kind" in second.why


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("alerts.yml", "rules:\n", "required_actions: [grave]\nrules:\n"),
        ("lifecycle.yml", "tiers", "tears"),
        ("alerts.yml", "rules:\n", "rulez:\n"),
    ],
    ids=["another part of the file", "another file", "no rules at all"],
)
def test_any_other_mistake_stops_a_night(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CompanyError):
        load_for_a_night(folder)
