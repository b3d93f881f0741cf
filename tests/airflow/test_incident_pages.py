"""The pages on incidents in headless Chromium: they fit their screen, and a severity is a word in its colour."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import customer_marts
import duckdb
import incident_marts
import pytest
from playwright.sync_api import Browser
from published_nights import BROKEN, leave_out

from sales_warehouse.home import Home

PAGES = {
    "what stands and what is over": "incidents?which=all",
    "an incident with its forms": f"incident?{urlencode({'key': incident_marts.FALL})}",
    "an incident that is over": f"incident?{urlencode({'key': incident_marts.OVER})}",
    "actions": "actions?",
    "rules": "alert-rules?",
}


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("var")
    home = Home(root, "tiny")
    with duckdb.connect(str(customer_marts.write(home))) as published:
        incident_marts.write(published)
    leave_out(home, *BROKEN)
    return root


@pytest.fixture(autouse=True)
def published(var: Path, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(var))


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_telephone(browser: Browser, address: str, page: str, lang: str) -> None:
    opened = browser.new_context(viewport={"width": 360, "height": 900}).new_page()
    answer = opened.goto(f"{address}/{PAGES[page]}&lang={lang}")
    assert answer.status == 200
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    opened.context.close()


@pytest.mark.browser
def test_a_severity_is_a_word_and_no_box(browser: Browser, address: str) -> None:
    """The box of a warning about rules is not that of an incident which is a warning: it hid the number above it."""
    opened = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    opened.goto(f"{address}/incidents?which=all&lang=en")
    of_severities = opened.locator(".severity")
    borders = of_severities.evaluate_all("all => all.map(e => getComputedStyle(e).borderTopWidth)")
    assert len(borders) == 6 and set(borders) == {"0px"}
    opened.goto(f"{address}/alert-rules?lang=en")
    assert opened.locator("section.warning").evaluate("e => getComputedStyle(e).borderLeftWidth") == "4px"
    opened.context.close()
