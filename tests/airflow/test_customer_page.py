"""The page of one customer: what it says in both languages, and how it looks in headless Chromium."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlencode

import customer_marts
import httpx
import pytest
from customer_marts import BUSY, EMPTY, KANG, MANY, ODD
from playwright.sync_api import Browser, Page

from sales_warehouse.home import Home

SHOTS = os.environ.get("SALES_WAREHOUSE_TEST_PICTURES")  # a folder for the pictures, to look at


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("var")
    customer_marts.write(Home(root, "tiny"))
    return root


@pytest.fixture(autouse=True)
def published(var: Path, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(var))


def _get(address: str, page: str, **asked: object) -> httpx.Response:
    return httpx.get(f"{address}/{page}?{urlencode(asked)}", timeout=20)


def _text(address: str, **asked: object) -> str:
    """What the page of a customer says, without its markup."""
    answer = _get(address, "customer", **asked)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        pytest.param(
            "en",
            ["Decision chain", "decision maker", "Field sales", "Order · paid", "1,234,567.80",
             "influencer, gatekeeper", "decision maker never touched", "works elsewhere now",
             "Central China · Hubei · 武汉", "98.7 %", "1–4 of 4 events"],
            id="in English",
        ),
        pytest.param(
            "zh",
            ["决策链", "决策人", "直销", "订单 · 已付款", "1,234,567.80", "影响人, 把关人", "决策人从未接触", "已离职",
             "华中 · 湖北 · 武汉", "共 4 条事件"],
            id="in Chinese",
        ),
    ],
)  # fmt: skip
def test_a_customer_is_told_in_both_languages(address: str, lang: str, said: list[str]) -> None:
    text = _text(address, key=KANG, lang=lang)
    assert [part for part in said if part not in text] == []
    assert "Gone" not in text  # a deleted person


def test_times_are_those_of_the_business_and_an_invoice_has_a_day(address: str) -> None:
    text = _text(address, key=KANG)
    assert "2026-06-21 00:30" in text  # 16:30 UTC the day before
    assert "2026-07-20 Invoice due" in text


def test_an_empty_customer_says_what_there_is_not(address: str) -> None:
    text = _text(address, key=EMPTY)
    assert (
        "Nothing was bought" in text and "Nobody at this customer is known" in text and "Nothing has happened" in text
    )


def test_ten_thousand_events_are_paged_and_counted(address: str) -> None:
    first = _get(address, "customer", key=BUSY).text
    assert f"1–100 of {MANY:,} events" in first and first.count("w:") == 100 and "older →" in first
    assert "the first 200 of 1,234 are shown" in first and first.count("Somebody ") == 200
    last = _get(address, "customer", key=BUSY, offset=9_900, type="web_event").text
    assert "9,901–10,000 of 10,000 events" in last and "offset=9800" in last and "older →" not in last


def test_names_are_text_and_nothing_else(address: str) -> None:
    for page, asked in (("customer", {"key": ODD}), ("customers", {"who": "<script>alert(1)"})):
        answer = _get(address, page, **asked)
        assert "<script>" not in answer.text and "&lt;script&gt;alert(1)" in answer.text


@pytest.mark.parametrize("key", ["C9", "", "' or true --"])
def test_there_is_no_page_of_nobody(address: str, key: str) -> None:
    assert _get(address, "customer", key=key).status_code == 404


def test_nothing_published_says_so(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path))
    for page in ("customers?who=a", "customer?key=a"):
        assert "nothing has been published yet" in httpx.get(f"{address}/{page}", timeout=20).text


def _opened(browser: Browser, address: str, *, width: int, theme: str = "light", **asked: object) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme).new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.goto(f"{address}/customer?{urlencode(asked)}")
    if SHOTS:
        name = "_".join(map(str, (*asked.values(), width, theme)))
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    return page


@pytest.mark.browser
@pytest.mark.parametrize(
    ("asked", "width", "theme"),
    [
        pytest.param({"key": KANG, "lang": "zh"}, 1280, "light", id="Chinese on a wide screen"),
        pytest.param({"key": KANG, "lang": "en"}, 1280, "dark", id="English in the dark"),
        pytest.param({"key": KANG, "lang": "zh"}, 360, "light", id="Chinese on a telephone"),
        pytest.param({"key": BUSY, "lang": "en"}, 360, "light", id="ten thousand events on a telephone"),
        pytest.param({"key": EMPTY, "lang": "zh"}, 768, "light", id="nothing in Chinese"),
        pytest.param({"key": ODD, "lang": "en"}, 360, "light", id="an odd name on a telephone"),
    ],
)
def test_a_page_fits_its_screen(browser: Browser, address: str, asked: dict, width: int, theme: str) -> None:
    page = _opened(browser, address, width=width, theme=theme, **asked)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tall = page.eval_on_selector_all(
        ".dense td:not(.words)", "cells => cells.filter(cell => cell.innerText && cell.clientHeight > 60).length"
    )
    assert tall == 0  # no text stands letter below letter
    assert [said for said in page.complaints if "favicon" not in said and "404" not in said] == []
    page.context.close()


@pytest.mark.browser
def test_the_chart_stands_above_zero_and_hangs_below(browser: Browser, address: str) -> None:
    page = _opened(browser, address, width=1280, key=KANG, lang="zh")
    heights = page.eval_on_selector_all("rect.bar", "bars => bars.map(bar => bar.getBoundingClientRect().height)")
    assert len(heights) == 24
    assert sum(height > 0.5 for height in heights) == 13  # twelve months with sales, one with returns alone
    assert page.locator("line.before").count() == 6
    page.context.close()


@pytest.mark.browser
def test_a_customer_is_searched_and_opened(browser: Browser, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/customers?lang=zh")
    page.get_by_role("searchbox").fill("康宁")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="武汉康宁医疗器械有限公司").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("武汉康宁医疗器械有限公司")
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", name="Decision chain").is_visible()
    page.get_by_role("link", name="Visits 1").click()
    assert page.locator("table").filter(has_text="已签约").count() == 1
    page.context.close()
