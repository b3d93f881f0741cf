"""The page of results: whole, without values, without anything from outside."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sales_warehouse.guard.data_docs import build
from sales_warehouse.guard.suites import Rule, Suite
from sales_warehouse.guard.validate import Validation, validate

CANARY = "+8613912345678"
AT = datetime.datetime(2026, 7, 1, 18, 30)


@pytest.fixture
def validations(database: Callable[[str], Path]) -> list[Validation]:
    file = database(
        f"create table orders as select i as _row_id, if(i < 3, null, i) as order_id, '{CANARY}' as phone"
        " from range(20000) t(i)"
    )
    required = Rule(
        "required", "expect_column_values_to_not_be_null", {"column": "order_id"}, "critical", "No number", "没有编号"
    )
    phone = Rule(
        "phone", "expect_column_values_to_match_regex", {"column": "phone", "regex": "<b>"}, "warning", "Bad <i>", "坏"
    )
    table = Rule("table", "expect_table_to_satisfy", {"condition": "count(*) > 1"}, "critical", "Few", "少")
    return [
        validate(file, "orders", Suite("a good one", (table,))),
        validate(file, "orders", Suite("orders", (required, phone, table)), about="shop 20260701"),
    ]


class _Links(HTMLParser):
    """Everything that a browser might fetch, and every tag that stays open."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")
        ]
        if tag in ("script", "img", "iframe", "link", "object"):
            self.found.append(tag)
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_fetches_nothing_and_holds_no_value(validations: list[Validation], tmp_path: Path) -> None:
    page = build(validations, tmp_path / "docs", title="run 1", at=AT).read_text(encoding="utf-8")
    links = _Links()
    links.feed(page)
    assert (links.found, links.open) == ([], [])
    assert not re.search(r"https?://|@import|url\(", page)
    assert CANARY not in page
    assert "default-src 'none'" in page


def test_the_page_says_what_failed_in_both_languages(validations: list[Validation], tmp_path: Path) -> None:
    page = build(validations, tmp_path, title="run 1", at=AT).read_text(encoding="utf-8")
    for text in (
        "shop 20260701",
        "run 1 · 2026-07-01 18:30 UTC",
        "No number",
        "没有编号",
        "20,000",
        "0.01 %",
        "100 %",
        "regex &lt;b&gt;",
    ):
        assert text in page
    assert "Bad &lt;i&gt;" in page, "what a suite says is text, not markup"
    assert page.index("<h2>orders</h2>") < page.index("<h2>a good one</h2>"), "the worst comes first"
    assert page.count("<details") == 2 and len(re.findall(r"<details[^>]* open>", page)) == 1


def test_the_same_results_give_the_same_bytes(validations: list[Validation], tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    validations[1].save(kept)
    first = build(validations, tmp_path / "one", at=AT).read_bytes()
    second = build([Validation.load(kept), validations[0]], tmp_path / "two", at=AT).read_bytes()
    assert first == second
    assert [file.name for file in (tmp_path / "one").iterdir()] == ["index.html"]


def test_a_run_without_results_says_so(tmp_path: Path) -> None:
    assert "尚无校验结果" in build([], tmp_path).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_language_of_the_company_is_shown_first(language: str, tmp_path: Path) -> None:
    page = build([], tmp_path, language=language).read_text(encoding="utf-8")
    assert re.findall(r'id="(..)" checked', page) == [language]
