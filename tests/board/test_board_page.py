"""The page in a real browser: what it says, what it asks of the network, how it looks in every setting."""

from __future__ import annotations

import http.server
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import duckdb
import pytest
from board_warehouse import settings_of, write_warehouse
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from sales_warehouse.board import build_board
from sales_warehouse.board.bundle import FRONTEND, _node_and_npm

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
]
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LARGEST = 1_200_000  # bytes of a page over two years
SECTIONS = ["overview", "attention", "review", "targets", "sales", "pipeline", "customers", "trust"]


class Reader:
    """Opens a board and remembers what the browser complained about and asked for."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.complaints, self.requests = browser, [], []

    def open(self, address: str, *, width: int = 1280, theme: str = "light") -> Page:
        page = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme).new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(address)
        page.wait_for_selector("html[data-ready]", timeout=20_000)
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Of the module, not of the session: while Playwright is open its event loop runs in this thread, and no other can.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    reader = Reader(browser)
    yield reader
    for context in browser.contexts:
        context.close()


@pytest.fixture(scope="session")
def board(warehouse: Path, bundle: Path) -> Path:
    target = warehouse.parent / "board.html"
    return build_board(warehouse, target, bundle=bundle, settings=settings_of(warehouse))


@pytest.fixture
def make_board(tmp_path: Path, bundle: Path) -> Callable[..., Path]:
    def make(change: str = "", **shape: object) -> Path:
        warehouse = write_warehouse(tmp_path / "warehouse.duckdb", **shape)
        with duckdb.connect(str(warehouse)) as db:
            db.execute(change)
        return build_board(warehouse, tmp_path / "board.html", bundle=bundle, settings=settings_of(warehouse))

    return make


def figures(page: Page) -> dict[str, float]:
    return page.eval_on_selector_all(
        "[data-figure]", "all => Object.fromEntries(all.map(e => [e.dataset.figure, Number(e.value)]))"
    )


def test_it_draws_every_section_in_peace_and_asks_nothing_of_the_network(board: Path, reader: Reader) -> None:
    page = reader.open(board.as_uri())
    for section in SECTIONS:
        expect(page.locator(f"#{section} h2")).to_have_count(1)
    expect(page.locator(".nothing")).to_have_count(0)
    expect(page.locator(".chart svg")).to_have_count(1)
    assert reader.complaints == []
    assert reader.requests == [board.as_uri()]


def test_its_figures_are_those_of_the_marts(board: Path, warehouse: Path, reader: Reader) -> None:
    shown = figures(reader.open(board.as_uri()))
    month = "sales_date between date '2026-06-01' and date '2026-06-18'"
    with duckdb.connect(str(warehouse), read_only=True) as db:

        def value(query: str) -> float:
            return float(db.execute(query).fetchone()[0])

        registry = "select value from marts.kpi_values where metric_id = 'net_sales' and period_grain = 'month' "
        registry += "and dimension_name = 'total' and period_start_date = "
        assert shown["net_sales_mtd"] == value(f"{registry} date '2026-06-01'")
        assert shown["net_sales_last_month"] == value(f"{registry} date '2026-05-01'")
        assert shown["open_pipeline"] == value(
            "select sum(amount) from marts.fct_opportunities where opportunity_status = 'open'"
        )
        for column in ("region_key", "channel", "product_line"):
            for member, amount in db.execute(
                f"select {column}, sum(net_sales_amount) from marts.fct_sales_daily where {month} group by 1"
            ).fetchall():
                assert shown[f"{column.removesuffix('_key')}:{member}"] == float(amount)
        of_tier = "select tier, count(*) from marts.dim_customers where not is_deleted group by 1"
        assert value("select count(*) from marts.dim_customers where is_deleted") == 1
        for tier, count in db.execute(of_tier).fetchall():
            assert shown[f"tier:{tier}"] == count
        for segment, count in db.execute(
            "select segment_id, count(*) from marts.fct_segment_members where is_current group by 1"
        ).fetchall():
            assert shown[f"segment:{segment}"] == count
        assert shown["segment:nobody"] == 0


def test_segments_say_how_they_changed_in_thirty_days(
    board: Path, make_board: Callable[..., Path], reader: Reader
) -> None:
    """81 were in it, one left and 63 came since; a company without segments has no such card."""
    page = reader.open(board.as_uri())
    segment = page.locator(".segments li", has_text="East + medical + large")
    for text in ("143", "15.9%", "+76.5%"):
        expect(segment).to_contain_text(text)
    expect(page.locator(".segments li", has_text="Medical devices")).to_contain_text("0%")
    page = reader.open(make_board("delete from marts.dim_segments", days=40, reps=1).as_uri())
    expect(page.locator("#customers .card")).to_have_count(1)
    assert reader.complaints == []


def test_the_metrics_stand_with_their_goals_or_without(board: Path, reader: Reader) -> None:
    page = reader.open(board.as_uri())
    sales, wins = page.locator('[data-metric="net_sales"]'), page.locator('[data-metric="win_rate"]')
    for text in ("May 2026", "47.8%", "46.0%", "¥270M", "On pace"):
        expect(sales).to_contain_text(text)
    expect(wins).to_contain_text("40.0%")
    expect(wins).to_contain_text("No target")


def test_what_moved_is_of_the_last_week_and_not_old_news(board: Path, reader: Reader) -> None:
    page = reader.open(board.as_uri())
    for text in ("week of 8 Jun 2026", "¥1.24M", "¥800K", "¥1.00M in 5 workdays, as 4", "+55.0%"):
        expect(page.locator('[data-mover="net_sales:total"]')).to_contain_text(text)
    expect(page.locator('[data-mover="net_sales:east"]')).to_contain_text("East China")
    expect(page.locator('[data-mover="win_rate:total"]')).to_have_count(0)


def test_the_review_says_which_week_it_is_of_where_its_pack_lies_and_what_ended(board: Path, reader: Reader) -> None:
    """Thursday 18 June: the last whole week began on the 8th. What stands, goals and actions have their own parts."""
    page = reader.open(board.as_uri())
    review = page.locator("#review")
    for text in (
        *("Week from 8 Jun 2026 to 14 Jun 2026", "reviews/2026-06-08.json", "reviews/2026-06-08/*.parquet"),
        *("What moved last week", "Net sales, North China: -30 %", "resolved", "Win rate to 42 %"),
        *("A: asks for more than ever was", "nobody answers for it"),
    ):
        expect(review).to_contain_text(text)
    ended = review.locator("tr", has_text="Net sales, North China")
    expect(ended.locator("td")).to_have_text(["Warning", "resolved", "8 Jun 2026", "14 Jun 2026", "Chen Lei"])
    expect(review).not_to_contain_text("Net sales, East China")  # it stands
    page.click('[data-focus="language:zh"]')
    for text in (
        "每周数据复盘",
        "统计周：2026年6月8日 至 2026年6月14日",
        "已解决",
        "高于历史最好水平",
        "赢单率提升至42%",
    ):
        expect(review).to_contain_text(text)
    assert reader.complaints == []


def test_a_week_in_which_nothing_ended_says_so(make_board: Callable[..., Path], reader: Reader) -> None:
    change = "delete from marts.kpi_goal_lints; update marts.fct_incidents set status_date = '2026-06-07'"
    review = reader.open(make_board(change, days=40, reps=1).as_uri()).locator("#review")
    expect(review).to_contain_text("No incident of the week is over.")
    expect(review).to_contain_text("Nothing is wrong with the goals.")


def test_choosing_a_region_and_a_period_shows_the_sums_of_both(board: Path, warehouse: Path, reader: Reader) -> None:
    page = reader.open(board.as_uri())
    page.click('[data-focus="period:last_month"]')
    page.focus('[data-focus="region"]')
    page.select_option('[data-focus="region"]', "south")
    with duckdb.connect(str(warehouse), read_only=True) as db:
        (expected,) = db.execute(
            """select sum(net_sales_amount) from marts.fct_sales_daily where region_key = 'south'
                and channel = 'dealer' and sales_date between date '2026-05-01' and date '2026-05-31'"""
        ).fetchone()
    assert figures(page)["channel:dealer"] == float(expected)
    expect(page.locator('[data-focus="region"]')).to_be_focused()
    page.click('[data-focus="region:south"]')
    expect(page.locator('[data-focus="region"]')).to_have_value("")


def test_the_table_behind_the_chart_has_the_months_of_the_registry(
    board: Path, warehouse: Path, reader: Reader
) -> None:
    page = reader.open(board.as_uri())
    page.locator("#sales .card").first.get_by_role("button", name="Table").click()
    row = page.locator("#sales .card").first.locator("tr", has_text="May 2026")
    with duckdb.connect(str(warehouse), read_only=True) as db:
        (value,) = db.execute(
            """select value from marts.kpi_values where metric_id = 'net_sales' and period_grain = 'month'
                and dimension_name = 'total' and period_start_date = date '2026-05-01'"""
        ).fetchone()
    expect(row.locator("td").first).to_have_text(f"¥{value:,.2f}")


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_every_grain_is_drawn(grain: str, board: Path, reader: Reader) -> None:
    page = reader.open(board.as_uri())
    page.click(f'[data-focus="grain:{grain}"]')
    expect(page.locator(".chart svg path").first).to_be_attached()
    page.locator(".chart").hover(position={"x": 400, "y": 150})
    expect(page.locator(".tip-row").first).to_contain_text("¥")
    assert reader.complaints == []


def test_a_channel_without_data_is_not_nought(board: Path, reader: Reader) -> None:
    row = reader.open(board.as_uri()).locator("tr", has_text="Marketplace").first
    expect(row).to_contain_text("no data")
    expect(row).not_to_contain_text("¥0")


def heads_map(page: Page, period: str) -> Locator:
    page.click(f'[data-focus="period:{period}"]')
    page.click('[data-focus="map:heads"]')
    return page.locator("#sales .card", has=page.locator(".tiles"))


def test_the_map_shows_how_far_a_region_is_from_the_best_and_from_all_others(board: Path, reader: Reader) -> None:
    """780,000 by two sellers beside 1,000,000 by two: −22.0 %; all others sell 2,350,000 by six, 391,666.67 each."""
    page = reader.open(board.as_uri())
    card = heads_map(page, "last_12")
    expect(card.locator(".card-head .sub")).to_contain_text("19 Jun 2025 – 18 Jun 2026")
    hebei = card.locator('[data-focus="tile:HE"]')
    told = "¥390,000.00; −22.0% against South China, which sells most per head; −0.4% against all other regions"
    expect(hebei).to_have_attribute("aria-label", f"HE Hebei, North China: {told}")
    expect(card.locator('[data-focus="tile:GD"]')).to_have_attribute("data-level", "5")
    expect(card.locator(".told")).to_have_text(
        "South China: ¥500,000.00; +40.8% against all other regions; sells most per head"
    )
    hebei.focus()
    page.keyboard.press("Enter")
    expect(hebei).to_be_focused()
    expect(hebei).to_have_attribute("aria-pressed", "true")
    expect(card.locator(".told")).to_have_text(f"North China: {told}")
    page.click('[data-focus="language:zh"]')
    expect(card.locator(".told")).to_have_text("华北：¥390,000.00；较人效最高的华南 −22.0%；较其余区域合计 −0.4%")
    assert reader.complaints == []


def test_a_region_without_a_seller_is_not_nought_per_head(board: Path, reader: Reader) -> None:
    card = heads_map(reader.open(board.as_uri()), "ytd")
    idle, empty, untold = (card.locator(f'[data-focus="tile:{code}"]') for code in ("LN", "XJ", "HB"))
    expect(idle).to_have_attribute("aria-label", re.compile("¥0.00; −100.0% against South China"))
    expect(idle).not_to_have_attribute("data-level", "none")
    for tile, why in ((empty, "no seller in these days, so no figure per head"), (untold, "no data")):
        expect(tile).to_have_attribute("data-level", "none")
        expect(tile).to_have_attribute("aria-label", re.compile(f": {why}$"))


def test_the_map_of_heads_is_also_a_table(board: Path, reader: Reader) -> None:
    """Of a month its own figures; the best first, and who has no figure says why."""
    page = reader.open(board.as_uri())
    card = heads_map(page, "last_12")
    card.get_by_role("button", name="Table").click()
    assert card.locator("tbody tr").all_inner_texts() == [
        "South China\t¥500,000.00\t0.0%\t+40.8%\tsells most per head\t2\t¥1,000,000.00",
        "East China\t¥450,000.00\t−10.0%\t+26.4%\t\t3\t¥1,350,000.00",
        "North China\t¥390,000.00\t−22.0%\t−0.4%\t\t2\t¥780,000.00",
        "Northeast China\t¥0.00\t−100.0%\t−100.0%\t\t1\t¥0.00",
        *(
            f"{name}\tno data\tno data\tno data\tno seller in these days, so no figure per head\t0\t¥{sales}"
            for name, sales in (("Northwest China", "120,000.00"), ("Unknown", "50,000.00"))
        ),
    ]
    card = heads_map(page, "last_month")
    expect(card.locator('[data-focus="tile:GD"]')).to_have_attribute("aria-label", re.compile("−20.0% against North"))
    card = heads_map(page, "mtd")
    expect(card.locator(".told")).to_have_text("South China: ¥20,000.00; no other region has a seller")


def test_who_has_no_map_of_its_regions_has_the_table(make_board: Callable[..., Path], reader: Reader) -> None:
    """And who has no sellers has neither the table nor the choice on the map."""
    page = reader.open(make_board("update marts.dim_regions set iso_code = null", days=40, reps=1).as_uri())
    page.click('[data-focus="period:last_12"]')
    card = page.locator("#sales .card", has=page.locator("h3", has_text="Per head"))
    expect(card.locator("tr", has_text="North China")).to_contain_text("−22.0%")
    page = reader.open(make_board("update marts.kpi_region_productivity set fte_days = 0", days=40, reps=1).as_uri())
    expect(page.locator('[data-focus="map:customers"]')).to_have_count(1)
    expect(page.locator('[data-focus="map:heads"]')).to_have_count(0)
    assert reader.complaints == []


def test_it_changes_its_language_whole(board: Path, reader: Reader) -> None:
    page = reader.open(board.as_uri())
    expect(page.locator("h1")).to_have_text("Sales board")
    page.click('[data-focus="language:zh"]')
    expect(page.locator("h1")).to_have_text("销售看板")
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    expect(page.locator('[data-figure="net_sales_mtd"]')).to_contain_text("万")
    text = page.locator("main").inner_text()
    for english in ("no data", "Net sales", "Region", "vs ", "of "):
        assert english not in text, english


def test_a_chinese_company_starts_in_chinese(make_board: Callable[..., Path], reader: Reader) -> None:
    page = reader.open(make_board(language="zh").as_uri())
    expect(page.locator("h1")).to_have_text("销售看板")


def test_light_and_dark_follow_the_system_until_somebody_chooses(board: Path, reader: Reader) -> None:
    def background(page: Page) -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = (reader.open(board.as_uri(), theme=theme) for theme in ("light", "dark"))
    assert background(light) != background(dark)
    dark.click('[data-focus="theme:light"]')
    assert background(dark) == background(light)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [375, 768, 1280, 1920])
def test_no_width_needs_scrolling_sideways(width: int, language: str, board: Path, reader: Reader) -> None:
    page = reader.open(board.as_uri(), width=width)
    page.click(f'[data-focus="language:{language}"]')
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wide = page.evaluate(
        """[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, .sr, .tip, svg')
            && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className)"""
    )
    assert wide == []


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(FRONTEND / name, folder)
    _, npm = _node_and_npm()
    subprocess.run([*npm, "ci", "--ignore-scripts", "--loglevel=error"], cwd=folder, check=True, capture_output=True)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_no_fault(width: int, theme: str, language: str, board: Path, reader: Reader, axe: str) -> None:
    page = reader.open(board.as_uri(), width=width, theme=theme)
    page.click(f'[data-focus="language:{language}"]')
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]][:3]) for fault in found] == []


def test_axe_would_find_a_fault(board: Path, reader: Reader, axe: str) -> None:
    page = reader.open(board.as_uri())
    page.evaluate("document.querySelector('.lede').style.color = '#ddd'")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert "color-contrast" in [fault["id"] for fault in found]


HOSTILE = '</script><script>pwned=1</script><img src=x onerror="pwned=1"> {{7*7}} \u202egnp.exe'


def test_rows_that_nothing_explains_raise_an_alarm(make_board: Callable[..., Path], reader: Reader) -> None:
    """In the verdict of the card and in the one cell; where all is explained neither is there."""
    change = "update marts.trust_row_accounting set unexplained_count = 3 where source = 'shop' and entity = 'orders'"
    page = reader.open(make_board(change, days=40, reps=1).as_uri())
    card = page.locator("#trust .card").filter(has=page.locator("h3", has_text="Every row accounted for"))
    expect(card.locator(".verdict .chip.bad")).to_have_text("3 rows are unexplained.")
    alarm = card.locator("td.alarm")
    expect(alarm).to_have_text("3")
    expect(alarm.locator("xpath=..").locator("th")).to_contain_text("Orders")
    page = reader.open(make_board(days=40, reps=1).as_uri())
    expect(page.locator("#trust .verdict .chip.good")).to_have_count(1)
    expect(page.locator("#trust td.alarm, #trust .verdict .chip.bad")).to_have_count(0)


def test_hostile_names_are_only_text(make_board: Callable[..., Path], reader: Reader) -> None:
    change = f"""
        update marts.dim_sales_reps set rep_name = '{HOSTILE}';
        update marts.dim_regions set region_name_en = '{HOSTILE}';
        update marts.fct_incidents set reason_en = '{HOSTILE}';
        update marts.alert_events set text_en = '{HOSTILE}';
        update marts.trust_quarantine_reasons set reason = '{HOSTILE}'"""
    page = reader.open(make_board(change, company_name=HOSTILE).as_uri())
    page.click('[data-focus="grain:week"]')
    page.locator(".chart").hover(position={"x": 400, "y": 150})
    assert page.evaluate("typeof pwned") == "undefined"
    expect(page.locator("#board img, #board script")).to_have_count(0)
    expect(page.locator(".alert .why").first).to_have_text(HOSTILE)
    assert reader.complaints == []


def test_an_incident_says_why_and_what_to_do(make_board: Callable[..., Path], reader: Reader) -> None:
    page = reader.open(make_board(alerts=2).as_uri())
    expect(page.locator(".lede")).to_contain_text("2 incidents need attention")
    expect(page.locator(".alert")).to_have_count(2)
    worst = page.locator(".alert").first
    for said in (
        *("Critical", "Net sales, East China: -30 %", "Dealers explain 75 % of the fall.", "compared with"),
        *(
            "A competitor gave one for one.",
            "4.0%",
            "Win back dealer orders",
            "Channel sales",
            "Call the largest dealers",
        ),
        *("+12.0%", "+3.0%", "measured in 2 of 3 uses"),
    ):
        expect(worst).to_contain_text(said)
    expect(worst).not_to_contain_text("The rest")
    expect(worst.locator(".incident-chart path")).to_have_count(1)
    history = worst.locator("details", has_text="History")
    history.locator("summary").click()
    expect(history.locator("li")).to_have_text(["18 Jun 2026: opened · 8 Jun – 14 Jun", "18 Jun 2026: assigned"])
    expect(history.locator("li").first).to_be_visible()
    expect(page.locator(".alert").nth(1)).to_contain_text("Acknowledged")
    expect(page.locator(".alert").nth(1).locator(".behind")).to_contain_text("No single cell stands out.")
    expect(page.locator("#attention table").first).to_contain_text("Done")
    expect(page.locator("#attention table").first).to_contain_text("+15.0 pp (+5.0 pp – +25.0 pp)")
    assert "asked Wang" not in page.content()  # a note is for those who have a login
    page.click(".rules summary")
    expect(page.locator('[data-rule="net_sales_fall"]')).to_contain_text("102")
    expect(page.locator('[data-rule="net_sales_fall"] td').nth(2)).to_have_text("3")
    expect(page.locator('[data-rule="slow"]')).to_contain_text("On trial")
    page.click('[data-focus="language:zh"]')
    for said in ("严重", "经销商解释了下跌的 75%。", "竞品买一赠一。", "经销商订单恢复"):
        expect(page.locator(".alert").first).to_contain_text(said)
    expect(worst.locator("details", has_text="进展").locator("li")).to_have_text(
        ["2026年6月18日: 开启 · 6月8日 – 6月14日", "2026年6月18日: 已指派"]
    )
    assert reader.complaints == []


def test_the_chart_of_a_product_that_sold_nothing_ends_at_0(make_board: Callable[..., Path], reader: Reader) -> None:
    change = """
        update marts.alert_metrics set value = 0;
        delete from marts.kpi_values using marts.alert_metrics as alerts
        where kpi_values.metric_id = alerts.metric_id and kpi_values.period_grain = alerts.period_grain
            and kpi_values.dimension_value = alerts.dimension_value
            and kpi_values.period_start_date = alerts.period_start_date"""
    page = reader.open(make_board(change, alerts=1).as_uri())
    chart = page.locator(".alert").first.locator(".incident-chart")
    expect(chart.locator("svg")).to_have_attribute("aria-label", re.compile("to ¥0 in week of 8 Jun 2026$"))
    expect(chart.locator("circle.judged")).to_have_count(1)


def test_when_nothing_is_wrong_it_is_calm(make_board: Callable[..., Path], reader: Reader) -> None:
    page = reader.open(make_board(alerts=0, are_rules_whole=True).as_uri())
    expect(page.locator("#attention")).to_contain_text("Nothing needs attention")
    expect(page.locator(".lede")).to_contain_text("No incident is open")


def test_rules_with_a_mistake_are_told_also_on_a_quiet_night(make_board: Callable[..., Path], reader: Reader) -> None:
    page = reader.open(make_board(alerts=0).as_uri())
    told = page.locator("#attention .card", has=page.locator(".left-out"))
    for text in (
        *("2 alert rules have a mistake", "Until alerts.yml is mended", "Not judged"),
        *("Goods come back", "alerts.yml, line 21 · Customer service", "metric: unknown metric 'retun_rate'", "Rule 5"),
    ):
        expect(told).to_contain_text(text)
    expect(page.locator("#attention .calm")).to_have_count(0)
    expect(told.locator("li")).to_have_count(2)  # a rule that is off is missed by nobody
    page.click('[data-focus="language:zh"]')
    expect(told).to_contain_text("2 条预警规则配置有误")
    expect(told).to_contain_text("退货率上升")
    expect(told).to_contain_text("metric: 未知的指标 'retun_rate'，是否为 'return_rate'？")
    expect(told).to_contain_text("is missing")  # of a night of before there was Chinese
    assert reader.complaints == []


def _tables(warehouse: Path) -> list[str]:
    with duckdb.connect(str(warehouse), read_only=True) as db:
        return [name for (name,) in db.execute("select table_name from duckdb_tables()").fetchall()]


def test_empty_marts_say_no_data_and_never_nought(
    make_board: Callable[..., Path], warehouse: Path, reader: Reader
) -> None:
    change = "; ".join(f"delete from marts.{name}" for name in _tables(warehouse))
    page = reader.open(make_board(change).as_uri())
    assert page.locator("main").inner_text().count("no data") >= 7
    expect(page.locator(".nothing").first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("¥0")
    expect(page.locator("main")).not_to_contain_text("NaN")
    assert reader.complaints == []


def test_a_missing_mart_leaves_the_others(make_board: Callable[..., Path], warehouse: Path, reader: Reader) -> None:
    for name in _tables(warehouse):
        page = reader.open(make_board(f"drop table marts.{name}", days=40, reps=1).as_uri())
        expect(page.locator("section.part h2")).to_have_count(len(SECTIONS))
        page.close()
        assert reader.complaints == [], name


def test_a_warehouse_with_nothing_in_it(tmp_path: Path, bundle: Path, reader: Reader) -> None:
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    page = reader.open(build_board(tmp_path / "empty.duckdb", tmp_path / "board.html", bundle=bundle).as_uri())
    expect(page.locator("section.part h2")).to_have_count(len(SECTIONS))
    assert reader.complaints == []


def test_the_table_is_also_a_file_that_a_spreadsheet_will_not_run(
    make_board: Callable[..., Path], reader: Reader
) -> None:
    page = reader.open(make_board("update marts.dim_sales_reps set rep_name = '=1+1'").as_uri())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV: Sales representatives").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "'=1+1," in text
    assert "\n=1+1" not in text


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(board: Path, tmp_path: Path) -> Iterator[str]:
    """The board in a frame with the sandbox that Airflow's UI gives its pages."""
    shutil.copy(board, tmp_path / "board.html")
    frame = '<iframe sandbox="allow-scripts allow-same-origin allow-forms allow-downloads" src="board.html"></iframe>'
    (tmp_path / "index.html").write_text(f"<!doctype html><link rel=icon href=data:,>{frame}")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_works_in_the_sandboxed_frame(site: str, reader: Reader) -> None:
    page = reader.browser.new_page()
    page.on("console", lambda message: reader.complaints.append(message.text))
    page.on("pageerror", lambda error: reader.complaints.append(str(error)))
    page.goto(site)
    frame = page.frame_locator("iframe")
    expect(frame.locator("h1")).to_have_text("Sales board")
    frame.get_by_role("link", name="Trust").click()
    frame.locator('[data-focus="language:zh"]').click()
    expect(frame.locator("h1")).to_have_text("销售看板")
    about_the_frame = "can escape its sandboxing"  # Airflow's choice, not the page's
    assert [text for text in reader.complaints if about_the_frame not in text] == []


def test_on_paper_it_is_light_and_the_chart_fits_the_page(board: Path, tmp_path: Path, reader: Reader) -> None:
    page = reader.open(board.as_uri(), width=375, theme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert 600 < page.evaluate("document.querySelector('.chart svg').getBoundingClientRect().width") < 700
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.pdf(path=tmp_path / "board.pdf", prefer_css_page_size=True)
    assert (tmp_path / "board.pdf").stat().st_size > 10_000


def test_two_years_of_a_company_make_a_page_of_modest_size(make_board: Callable[..., Path], reader: Reader) -> None:
    board = make_board(days=760, reps=5)
    assert board.stat().st_size < LARGEST
    page = reader.open(board.as_uri())
    assert page.evaluate("performance.getEntriesByName('board-drawn')[0].startTime") < 5_000


def test_a_part_that_cannot_be_drawn_leaves_the_others(make_board: Callable[..., Path], reader: Reader) -> None:
    page = reader.open(make_board("update marts.kpi_movers set period_start_date = null").as_uri())
    expect(page.locator("#review")).to_contain_text("This part could not be drawn.")
    expect(page.locator("#trust .card")).to_have_count(7)
    assert len(reader.complaints) == 1
