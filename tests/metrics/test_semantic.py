"""What the registry becomes in dbt, and questions that have no answer."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from sales_warehouse.home import Home
from sales_warehouse.metrics import semantic
from sales_warehouse.metrics.query import Unanswerable, ask, ask_file

LAST_DAY = datetime.date(2026, 7, 1)


def test_the_files_made_from_the_registry_say_what_it_says() -> None:
    stale = [path.name for path, text in semantic.written().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "the registry has changed since: run `sales-warehouse metrics write`"


def test_what_was_edited_by_hand_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "metrics.md"
    page.write_text(semantic.PAGE.read_text(encoding="utf-8").replace("| `new_leads` |", "| `old_leads` |"), "utf-8")
    monkeypatch.setattr(semantic, "PAGE", page)
    monkeypatch.setattr(semantic, "FOLDER", tmp_path / "semantic")
    made = semantic.write()
    assert made == [tmp_path / "semantic" / "semantic_models.yml", tmp_path / "semantic" / "metrics.yml", page]
    assert "| `new_leads` | a lead has two days" in page.read_text(encoding="utf-8") and semantic.write() == []


@pytest.mark.parametrize(
    ("metrics", "by", "grain", "message"),
    [
        (["net_salse"], [], None, "unknown metric 'net_salse'; did you mean 'net_sales'"),
        (["new_leads"], [], None, "new_leads cannot be cut freely: a lead has two days"),
        (["net_sales"], ["stage"], None, "net_sales cannot be cut by stage, but by region, channel"),
        (["entry_within_24h_rate"], ["region"], None, r"by region \(customer__region or rep__region\?\), but by"),
        (["net_sales", "stage_loss_rate"], ["region"], None, "by region .*, but by nothing that they share"),
        (["net_sales"], [], "hour", "hour is no grain; there are day, week"),
        ([], [], None, "no metric was asked for"),
        (["net_sales"], ["region"], "month", "the last refresh knew no such metrics"),
    ],
    ids=[
        "an unknown metric", "a metric that is only in kpi_values", "a cut that the fact does not have",
        "two cuts of one name", "nothing shared", "an unknown grain", "nothing asked",
        "a warehouse of before there were any",
    ],
)  # fmt: skip
def test_a_question_without_an_answer_says_why(
    metrics: list[str], by: list[str], grain: str | None, message: str, tmp_path: Path
) -> None:
    home = Home(tmp_path, "none")
    with pytest.raises(Unanswerable, match=message):
        ask_file(home, home.warehouse_file, LAST_DAY, metrics, by=by, grain=grain)


def test_nothing_is_asked_of_a_company_that_published_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unanswerable, match="nothing has been published yet"):
        ask(Home(tmp_path, "none"), ["net_sales"])
