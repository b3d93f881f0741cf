"""A playbook that nobody answers for, for what is not there, or that is there twice is refused, with the mend."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from test_configuration_mistakes import COMPANY, LIFECYCLE, SHOP

from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.company.playbooks import playbook_rows
from sales_warehouse.home import Home
from sales_warehouse.playbook_warnings import unseen

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
    "a text with two": ("department: sales", "department: 市场部、产品团队", [":12: playbooks.1.dep", "more than one"]),
    "a text with commas": ("department: sales", 'department: "sales, IT"', ["playbooks.1.dep", "the one that answers"]),
    "one and another": ("department: sales", "department: 市场部和产品部", ["playbooks.1.dep", "more than one"]),
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


@pytest.mark.parametrize("name", ["市场部", "Sales and service", "研发与质量部", "R&D", "华东大区"])
def test_one_department_may_have_a_long_name(folder: Path, name: str) -> None:
    (folder / "playbooks.yml").write_text(PLAYBOOKS.replace("department: sales", f"department: {name}"))
    assert load_company(folder).playbooks.playbooks[1].department == name


def _publish(home: Home) -> None:
    """A refresh that saw a fair, milk and the shop."""
    version = home.published / "versions" / "000001_20260701"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "warehouse.duckdb")) as db:
        db.execute("""create schema marts;
            create table marts.dim_market_events as select 'fair' as event_type;
            create table marts.dim_regions as select 'east' as region_key;
            create table marts.dim_channels as select 'shop' as channel;
            create table marts.dim_products as select null as product_line, 'milk' as category""")
    home.current.symlink_to(version)


def test_causes_and_members_that_nobody_ever_saw_are_told(folder: Path, tmp_path: Path) -> None:
    """Before a refresh a slip of a known cause alone; after it whatever has not been seen, and nothing that has."""
    text = PLAYBOOKS.replace("[fair, fair, price_change]", "[fair, buy_one_get_on, promotion, 展会, stock_out]")
    text = text.replace(
        "{region: [east], category: [milk]}", "{region: [east], category: [milk, mlik], channel: [web]}"
    )
    (folder / "playbooks.yml").write_text(text, encoding="utf-8")
    company, home = load_company(folder), Home(tmp_path / "var", "small")
    (before,) = unseen(company, home)
    slip = (
        "playbooks.yml: playbook intercept: nobody ever saw the cause 'buy_one_get_on'; did you mean 'buy_one_get_one'?"
    )
    assert before == slip
    _publish(home)
    first, *others = unseen(company, home)
    assert first == slip
    assert [line.partition("saw the ")[2] for line in others] == [
        "cause '展会'", "category 'mlik'; did you mean 'milk'?", "channel 'web'"
    ]  # fmt: skip
