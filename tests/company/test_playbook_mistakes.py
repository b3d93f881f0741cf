"""A playbook that nobody answers for, for what is not there, or that is there twice is refused, with the mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_configuration_mistakes import COMPANY, LIFECYCLE, SHOP

from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.company.playbooks import playbook_rows

PLAYBOOKS = """\
playbooks:
  - id: intercept
    name: {en: Intercept, zh: 拦截}
    department: marketing
    owner: wu
    causes: [fair, fair, price_change]
    scope: {metrics: [net_sales], members: {region: [east], category: [milk]}}
    due_days: 7
    steps: [{en: Ask, zh: 询问}, {en: Answer, zh: 回应}]
  - id: call
    name: {en: Call, zh: 致电}
    department: sales
    owner: li
    steps: [{en: Call, zh: 致电}]
"""
REGIONS = "regions: [{id: east, name: {en: East, zh: 华东}}]\n"
CASES = {
    "no owner": ("    owner: wu\n", "", [":2: playbooks.0.owner", "owner"]),
    "an empty owner": ("owner: wu", "owner: '  '", [":5: playbooks.0.owner", "at least 1"]),
    "no department": ("    department: sales\n", "", ["playbooks.1.department"]),
    "two departments": ("department: sales", "department: [sales, marketing]", [":12: playbooks.1.depart", "string"]),
    "no step": ("steps: [{en: Call, zh: 致电}]", "steps: []", [":14: playbooks.1.steps", "at least 1"]),
    "no day": ("due_days: 7", "due_days: 0", [":8: playbooks.0.due_days", "greater than or equal to 1"]),
    "an unknown metric": ("[net_sales]", "[net_sale]", [":7: playbooks.0.scope.metrics.0", "did you mean 'net_sales'"]),
    "an unknown region": ("[east]", "[eastt]", [":7: playbooks.0.scope.members.region.0", "did you mean 'east'"]),
    "an unknown dimension": ("{region:", "{moon:", [":7: playbooks.0.scope.members", "region"]),
    "an id that is there": ("id: call", "id: intercept", [":10: playbooks.1.id", "give each its own"]),
    "a key that is none": ("causes:", "cause:", [":6: playbooks.0.cause", "did you mean 'causes'"]),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    files = {
        "company.yml": COMPANY, "lifecycle.yml": LIFECYCLE, "sources/shop.yml": SHOP, "playbooks.yml": PLAYBOOKS,
        "regions.yml": REGIONS,
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_playbooks_with_all_of_it_become_tables(folder: Path) -> None:
    rows = playbook_rows(load_company(folder).playbooks)
    assert list(rows["playbook_causes"]) == [("intercept", "fair"), ("intercept", "price_change")]
    assert list(rows["playbook_scopes"]) == [
        ("intercept", "metric", "net_sales"), ("intercept", "region", "east"), ("intercept", "category", "milk"),
    ]  # fmt: skip
    assert list(rows["playbooks"])[1] == ("call", "Call", "致电", "sales", "li", "Call", "致电", 14, 2)


@pytest.mark.parametrize(("old", "new", "told"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_told_with_its_place_and_its_mend(folder: Path, old: str, new: str, told: list[str]) -> None:
    assert PLAYBOOKS.count(old) == 1
    (folder / "playbooks.yml").write_text(PLAYBOOKS.replace(old, new), encoding="utf-8")
    with pytest.raises(CompanyError) as caught:
        load_company(folder)
    assert all(text in str(caught.value) for text in told), caught.value
