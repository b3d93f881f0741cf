"""How often rules would have fired, as the command says it."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from sales_warehouse import publish
from sales_warehouse.cli import app
from sales_warehouse.home import Home

FILES = {
    "company.yml": "company_id: tiny\nname: {en: Tiny, zh: 小公司}\ncurrency: CNY\ntime_zone: Asia/Shanghai\n"
    "country: CN\nlanguage: en\n",
    "lifecycle.yml": "tiers: [{tier: A, name: {en: Everybody, zh: 全部}}]\n",
    "sources/shop.yml": "source: shop\nlabel: {en: Shop, zh: 商城}\nowner: data\nexpected_within_hours: 36\n"
    'connection: {type: files, path: "/nowhere"}\n'
    'tables: {customers: {files: "*.csv", format: csv, columns: [id, name]}}\n'
    "mappings: [{entity: customers, from: customers, columns: {customer_id: id, name: name}}]\n",
    "alerts.yml": "rules:\n" + "".join(
        f"  - {{id: {name}, name: {{en: a, zh: a}}, kind: freshness, threshold_value: 36, owner: sales}}\n"
        for name in ("fall", "odd", "new")
    ),
}  # fmt: skip
TRIALS = """
create schema marts;
create table marts.kpi_alert_trials as from (values
    ('fall', 'on', 'percent_change', 'region', 'east', 'East', '华东', 104, 104, 4, 1, null, date '2024-07-01',
     date '2026-06-28', '2026-06-22, 2026-03-02', null, null, 1),
    ('fall', 'on', 'percent_change', 'region', 'west', 'West', '西部', 104, 52, 2, 0, null, date '2025-06-30',
     date '2026-06-21', '2026-05-04', 'the newest period is smaller than the minimum', '最新周期低于最小规模', 1),
    ('odd', 'trial', 'seasonal_band', 'total', 'total', 'Total', '合计', 12, 0, 0, 0, 0.0, null, null, null,
     'too little history', '历史不足', 2))
    t(rule_id, rule_state, kind, dimension_name, dimension_value, dimension_value_en, dimension_value_zh, period_count,
      judged_count, alert_count, muted_count, expected_false_count, first_judged_date, last_judged_date,
      last_alert_dates, not_judged_reason_en, not_judged_reason_zh, rule_order);
"""


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tiny"
    (folder / "sources").mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "160")
    return folder


@pytest.fixture
def published(company: Path) -> Path:
    home = Home.of("tiny")
    home.warehouse.mkdir(parents=True)
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute(TRIALS)
    publish.publish(home, run_id="1", business_date=datetime.date(2026, 6, 28), as_of=datetime.datetime(2026, 6, 29))
    return company


def said(company: Path, *arguments: str) -> list[str]:
    """The lines that the command printed, with one space between words."""
    done = CliRunner().invoke(app, ["alerts", "try", *arguments, "--company", str(company)])
    assert done.exit_code == 0, done.output
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_a_line_for_each_rule_says_how_often_and_where_last(published: Path) -> None:
    assert " ".join(said(published)[1:]) == (  # in one, for a narrow terminal breaks lines
        "fall on region × 2 156 6 3.0 2026-06-22 East; "
        "the newest period is smaller than the minimum (1/2) odd trial total × 0 0 0 0.0 too little history"
    )


def test_one_rule_is_told_member_by_member(published: Path) -> None:
    told = "".join(said(published, "fall", "--language", "zh")[1:]).replace(" ", "")  # a narrow terminal breaks lines
    assert told == "fallon华东10442.02026-06-22,2026-03-02fallon西部5222.02026-05-04;最新周期低于最小规模"


def test_programs_get_every_row(published: Path) -> None:
    done = CliRunner().invoke(app, ["alerts", "try", "--json", "--company", str(published)])
    rows = json.loads(done.stdout)
    assert [(row["rule_id"], row["dimension_value"], row["alert_count"]) for row in rows] == [
        ("fall", "east", 4), ("fall", "west", 2), ("odd", "total", 0)
    ]  # fmt: skip
    assert rows[2]["reason"] == "too little history"


@pytest.mark.parametrize(
    ("rule", "told"),
    [("fell", "did you mean 'fall'"), ("new", "give it `state: trial` and run a refresh")],
    ids=["unknown", "not yet published"],
)
def test_a_rule_that_was_not_tried_is_said_with_what_to_do(published: Path, rule: str, told: str) -> None:
    done = CliRunner().invoke(app, ["alerts", "try", rule, "--company", str(published)])
    assert done.exit_code == 2 and told in done.stderr


def test_before_the_first_refresh_it_says_so(company: Path) -> None:
    done = CliRunner().invoke(app, ["alerts", "try", "--company", str(company)])
    assert done.exit_code == 2 and "nothing has been published yet" in done.stderr
