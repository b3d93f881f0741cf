"""The registry of metrics, what a company may change in it, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sales_warehouse.company.load import CompanyError
from sales_warehouse.contracts import load_contracts
from sales_warehouse.metrics import (
    MetricsFile,
    absent_because,
    analyses,
    analysis_rows,
    metric_rows,
    metrics_of,
    registry,
)
from sales_warehouse.metrics.registry import CORE, REGISTRY, wrong_changes
from sales_warehouse.settings import PROJECT


def changed(**change: object) -> MetricsFile:
    return MetricsFile.model_validate({"metrics": [change]})


def test_each_core_metric_is_there_once_and_eighteen_of_all_are_on_the_board() -> None:
    assert sorted(metric.number for metric in registry().values() if metric.number) == list(range(1, CORE + 1))
    assert sum(metric.board for metric in registry().values()) == 18


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ("    direction: up\n", "", "direction"),
        ("    direction: up\n", "    direction: sideways\n", "direction"),
        ("    number: 2\n", "    number: 1\n", "two metrics have the number 1"),
        ("  - id: dealer_stock\n", "  - id: capture\n", "two analyses have the id capture"),
        ("    needs: [leads.created_at]\n", "    needs: [leads]\n", "needs"),
        ("    band: [3, 4]\n", "    band: [4, 3]\n", "two rising numbers"),
        ("    semantic:\n      reason: {", "    meant:\n      reason: {", "semantic"),
        ("{fact: lead, day: created_date, sum:", "{fact: leads, day: created_date, sum:", "no fact leads; there are"),
        ("{fact: lead, day: created_date, sum:", "{fact: lead, day: left_date, sum:", "lead has no day left_date"),
        (
            "    dimensions: [rep, team]\n",
            "    dimensions: [rep, region]\n",
            "does not say, or not once, what reg",
        ),
        ("count: lead_key}", "count: lead_key, sum: lead_key}", "one of sum, count, count_distinct and median"),
        ("      numerator: net_sales\n", "      numerator: net_salse\n", "there is no metric net_salse"),
        ("      numerator: net_sales\n", "", "a numerator and a denominator, or a reason"),
    ],
    ids=[
        "without a direction",
        "an unknown direction",
        "a number twice",
        "an analysis twice",
        "a need without a column",
        "a falling band",
        "nothing for the semantic layer",
        "an unknown fact",
        "a day of another fact",
        "a dimension that may be two things",
        "a measure that is two",
        "an unknown numerator",
        "a denominator alone",
    ],
)
def test_a_mistake_in_the_registry_is_said_with_its_place(
    written: str, instead: str, message: str, tmp_path: Path
) -> None:
    text = REGISTRY.read_text(encoding="utf-8")
    assert written in text
    file = tmp_path / "registry.yml"
    file.write_text(text.replace(written, instead, 1), encoding="utf-8")
    with pytest.raises(CompanyError, match=message) as refused:
        registry(file)
    assert f"{file}:" in str(refused.value)


def test_a_company_says_who_answers_for_a_metric_and_what_its_band_is() -> None:
    file = changed(id="pipeline_coverage_ratio", owner={"en": "Board", "zh": "董事会"}, band=[2, 5], board=False)
    metric = metrics_of(file)["pipeline_coverage_ratio"]
    assert (metric.owner.en, metric.band, metric.board) == ("Board", (2.0, 5.0), False)
    assert registry()["pipeline_coverage_ratio"].band == (3.0, 4.0) and list(wrong_changes(file)) == []


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"id": "net_salse"}, ("metrics", 0, "id"), "did you mean"),
        ({"id": "net_sales", "band": [1, 2]}, ("metrics", 0, "band"), "has no band"),
        ({"id": "dealer_days_of_supply", "band": [2, 1]}, ("metrics", 0, "band"), "two rising numbers"),
    ],
    ids=["an unknown metric", "a band where more is better", "a falling band"],
)
def test_a_change_that_cannot_be_is_refused_with_its_place(change: dict, place: tuple, message: str) -> None:
    [(found, text)] = wrong_changes(changed(**change))
    assert found == place and message in text


def test_a_metric_that_is_changed_twice_is_refused_for_one_of_the_two_would_not_count() -> None:
    file = MetricsFile.model_validate({"metrics": [{"id": "net_sales", "board": one} for one in (True, False)]})
    assert list(wrong_changes(file)) == [(("metrics", 1, "id"), "'net_sales' is there twice; make one of the two")]


def test_a_metric_is_absent_where_none_of_what_would_do_is_filled() -> None:
    metric = registry()["lead_first_response_hours"]
    filled = {"leads.created_at", "leads.customer_id"}
    assert absent_because(metric, filled) == ("calls.started_at|visits.started_at|chats.first_response_at",)
    assert absent_because(metric, filled | {"visits.started_at"}) == ()
    [row] = [row for row in metric_rows(MetricsFile(), filled) if row[0] == "lead_first_response_hours"]
    assert row[-2] == "no source maps calls.started_at / visits.started_at / chats.first_response_at"


def test_the_models_know_the_same_rates_as_shares() -> None:
    macro = (PROJECT / "dbt_project" / "macros" / "kpi.sql").read_text(encoding="utf-8")
    [others] = re.findall(r"= 'rate' and \{\{ metric_id \}\} not in \(([^)]*)\)", macro)
    shares = [metric for metric in registry().values() if metric.unit == "rate" and not metric.is_share]
    assert sorted(re.findall(r"'(\w+)'", others)) == sorted(metric.id for metric in shares)


def test_an_analysis_is_absent_where_nothing_of_what_it_needs_is_filled() -> None:
    filled = {"returns.quantity", "order_lines.quantity"}
    rows = {row[0]: row[1:] for row in analysis_rows(filled)}
    place, mart, _, _, english, chinese = rows["return_rates"]
    assert (place, mart) == (1, "kpi_return_rates")
    assert english == "no source maps returns.order_id, returns.line_number"
    assert chinese == "没有数据源映射 returns.order_id、returns.line_number"
    filled |= {"returns.order_id", "returns.line_number"}
    assert {row[0] for row in analysis_rows(filled) if row[5] is None} == {"return_rates"}


def test_an_analysis_asks_for_columns_that_channels_have() -> None:
    columns = {f"{name}.{column}" for name, contract in load_contracts().items() for column in contract.columns}
    assert {one for each in analyses() for need in each.needs for one in need.split("|")} <= columns
    assert all(row[5:] == (None, None) for row in analysis_rows(columns))
