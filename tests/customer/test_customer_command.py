"""`sales-warehouse customer`: what it prints, as a table and as JSON, and what it says when it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import customer_marts
import duckdb
import pytest
from customer_marts import BUSY, KANG, MANY, ODD
from typer.testing import CliRunner, Result

from sales_warehouse.cli import app
from sales_warehouse.customer.search import MOST_FOUND
from sales_warehouse.home import Home


@pytest.fixture(autouse=True)
def machine(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(home.root))
    monkeypatch.setenv("COLUMNS", "200")


def _asked(company: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["customer", "--company", str(company), *arguments])


def test_one_customer_is_printed_in_the_language_of_the_company(company: Path) -> None:
    said = _asked(company, "康宁")
    assert said.exit_code == 0
    for part in ("武汉康宁医疗器械有限公司", "决策人", "影响人, 把关人", "2026-06-21 00:30", "1,234,567.80", "共 4 条"):
        assert part in said.output


def test_in_english_with_few_events(company: Path) -> None:
    said = _asked(company, BUSY, "--language", "en", "--events", "3")
    assert said.exit_code == 0
    assert f"1–3 of {MANY:,} events" in said.output and said.output.count("page_view") == 3
    assert "the first 200 of 1,234 are shown" in said.output and said.output.count("Somebody ") == 200


def test_names_are_printed_as_they_are_written(company: Path) -> None:
    assert "[red]<script>alert(1)</script> 100%_" in _asked(company, ODD).output


def test_json_holds_everything_exactly(company: Path) -> None:
    said = _asked(company, KANG, "--json")
    account = json.loads(said.stdout)
    assert account["customer"]["customer_key"] == KANG
    assert account["events"]["total"] == 4
    order = account["events"]["rows"][1]
    assert (order["amount"], order["happened_at"]) == ("1234567.8000", "2026-06-20T16:30:00Z")
    assert len(account["months"]) == 24


def test_several_customers_are_listed(company: Path) -> None:
    said = _asked(company, "K1")
    assert said.exit_code == 1
    assert BUSY in said.output and ODD in said.output and "several customers are meant" in said.output


def test_of_very_many_customers_it_is_said_that_the_first_are_listed(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str(customer_marts.write(Home(tmp_path, "tiny")))) as db:
        db.execute(f"""insert into marts.dim_customers by name
            select 'Z' || n as customer_key, 'Alike ' || n as customer_name, 'B' as tier
            from range({MOST_FOUND}) r(n)""")
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path))
    assert "仅显示前几个" in _asked(company, "Alike").output
    assert "仅显示前几个" not in _asked(company, "Alike 1").output


def test_nobody_of_that_name(company: Path) -> None:
    said = _asked(company, "nobody at all")
    assert said.exit_code == 1
    assert "no customer is known by 'nobody at all'" in said.output


def test_before_the_first_refresh(company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path))
    said = _asked(company, KANG)
    assert said.exit_code == 1
    assert "nothing has been published yet" in said.output
