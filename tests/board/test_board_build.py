from __future__ import annotations

import base64
import datetime
import hashlib
import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from board_payload import read_payload, rows
from board_warehouse import settings_of, write_warehouse

from sales_warehouse.board import build_board
from sales_warehouse.sql import literal

HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)> \u202egnp.exe \'";--'


def _build(warehouse: Path, target: Path, bundle: Path) -> Path:
    return build_board(warehouse, target, bundle=bundle, settings=settings_of(warehouse))


def test_nothing_is_missing_on_a_whole_warehouse(warehouse: Path, tmp_path: Path, plain_bundle: Path) -> None:
    assert read_payload(_build(warehouse, tmp_path / "board.html", plain_bundle))["missing"] == {}


def test_the_same_data_gives_the_same_bytes(tmp_path: Path, plain_bundle: Path) -> None:
    pages = []
    for name in ("a", "b"):
        warehouse = write_warehouse(tmp_path / name / "warehouse.duckdb")
        pages.append(_build(warehouse, tmp_path / name / "board.html", plain_bundle).read_bytes())
    assert pages[0] == pages[1]


def test_other_data_gives_other_bytes(tmp_path: Path, plain_bundle: Path) -> None:
    pages = []
    for alerts in (1, 2):
        warehouse = write_warehouse(tmp_path / str(alerts) / "warehouse.duckdb", alerts=alerts)
        pages.append(_build(warehouse, tmp_path / "board.html", plain_bundle).read_bytes())
    assert pages[0] != pages[1]


def test_sums_are_those_of_the_marts_to_the_last_digit(warehouse: Path, tmp_path: Path, plain_bundle: Path) -> None:
    payload = read_payload(_build(warehouse, tmp_path / "board.html", plain_bundle))
    shown = {
        (row["period"], row["dimension"], row["member"], row["region_key"]): row["current_amount"]
        for row in rows(payload, "sales_spans")
    }
    with duckdb.connect(str(warehouse), read_only=True) as db:
        for period in payload["periods"]:
            for column in ("region_key", "channel", "product_line", "rep_key"):
                dimension = column.removesuffix("_key")
                expected = db.execute(
                    f"""select {column}, sum(net_sales_amount) from marts.fct_sales_daily
                        where sales_date between {literal(period["starts_on"])} and {literal(period["ends_on"])}
                        group by 1"""
                ).fetchall()
                assert expected
                for member, amount in expected:
                    assert shown[period["period"], dimension, member, ""] == amount


def test_every_grain_adds_up_to_the_fact(warehouse: Path, tmp_path: Path, plain_bundle: Path) -> None:
    payload = read_payload(_build(warehouse, tmp_path / "board.html", plain_bundle))
    with duckdb.connect(str(warehouse), read_only=True) as db:
        (total,) = db.execute("select sum(net_sales_amount) from marts.fct_sales_daily").fetchone()
    for grain in ("day", "week", "month"):
        parts = [row for row in rows(payload, "sales_times") if row["grain"] == grain]
        assert sum((row["amount"] for row in parts if row["region_key"] == ""), Decimal()) == total
        assert sum((row["amount"] for row in parts if row["region_key"] != ""), Decimal()) == total


def test_reasons_of_single_customers_are_counted_together(warehouse: Path, tmp_path: Path, plain_bundle: Path) -> None:
    payload = read_payload(_build(warehouse, tmp_path / "board.html", plain_bundle))
    reasons = rows(payload, "customers")
    assert sum(row["customer_count"] for row in reasons) == 898  # of 899, one of whom its source deleted
    assert all("days_since_last_order" not in row["reason_en"] + row["reason_zh"] for row in reasons)
    assert len(reasons) == 4


def test_hostile_names_cannot_leave_their_place(tmp_path: Path, plain_bundle: Path) -> None:
    warehouse = write_warehouse(tmp_path / "warehouse.duckdb", company_name=HOSTILE)
    page = _build(warehouse, tmp_path / "board.html", plain_bundle).read_text(encoding="utf-8")
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
    assert "<img" not in page
    assert read_payload(tmp_path / "board.html")["tables"]["company"]["columns"]["name_en"][1] == [HOSTILE]


def test_the_policy_names_the_script_and_no_outside_place(warehouse: Path, tmp_path: Path, plain_bundle: Path) -> None:
    page = _build(warehouse, tmp_path / "board.html", plain_bundle).read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[-1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in policy.replace("'", "&#39;").replace("&amp;#39;", "&#39;")
    assert "default-src" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy


def test_the_page_starts_in_the_language_of_the_company(tmp_path: Path, plain_bundle: Path) -> None:
    warehouse = write_warehouse(tmp_path / "warehouse.duckdb", language="zh")
    page = _build(warehouse, tmp_path / "board.html", plain_bundle).read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in page
    assert "<title>流明营养 · 销售看板</title>" in page


def test_a_warehouse_without_marts_still_gives_a_page(tmp_path: Path, plain_bundle: Path) -> None:
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    board = build_board(tmp_path / "empty.duckdb", tmp_path / "board.html", bundle=plain_bundle)
    payload = read_payload(board)
    assert payload["tables"] == {}
    assert "marts.kpi_funnel" in payload["missing"]["funnel"]


def test_one_missing_mart_and_one_missing_column_are_named_and_leave_the_rest(
    tmp_path: Path, plain_bundle: Path
) -> None:
    warehouse = write_warehouse(tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(warehouse)) as db:
        db.execute("drop table marts.kpi_funnel; alter table marts.kpi_targets drop column owner")
        db.execute("alter table marts.dim_customers drop column tier")
    payload = read_payload(_build(warehouse, tmp_path / "board.html", plain_bundle))
    assert set(payload["missing"]) == {"funnel", "customers"}
    assert {row["owner"] for row in rows(payload, "targets")} == {None}


def test_a_failed_build_leaves_the_last_page_and_no_rubbish(
    warehouse: Path, tmp_path: Path, plain_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "board.html"
    before = _build(warehouse, target, plain_bundle).read_bytes()

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        _build(warehouse, target, plain_bundle)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["board.html"]


def test_a_missing_bundle_says_what_to_do(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="ensure_bundle"):
        _build(warehouse, tmp_path / "board.html", tmp_path / "nowhere")


@pytest.mark.parametrize("days", [3, 40])
def test_a_young_company_has_no_comparison_to_make_up(days: int, tmp_path: Path, plain_bundle: Path) -> None:
    warehouse = write_warehouse(tmp_path / "warehouse.duckdb", days=days)
    payload = read_payload(_build(warehouse, tmp_path / "board.html", plain_bundle))
    total = next(
        row
        for row in rows(payload, "sales_spans")
        if (row["period"], row["dimension"], row["region_key"]) == ("mtd", "total", "")
    )
    assert total["year_amount"] is None
    first = datetime.date.fromisoformat(rows(payload, "sales_extent")[0]["first_date"])
    assert first == datetime.date(2026, 6, 18) - datetime.timedelta(days=days - 1)
