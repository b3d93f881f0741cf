"""Nights through real Airflow: a first one, one with changes, and one with none."""

from __future__ import annotations

from pathlib import Path

import pytest
from refreshes import assert_same, marts, refresh

MORE = """\
单号,日期,客户,商品,数量,单价,状态,大区
T002,2026/03/09 15:40,外滩餐厅,龙井一级,4,80.00,已发货,East
T007,2026/03/12 15:40,外滩餐厅,龙井二级,2,45.50,已发货,East
"""


@pytest.mark.slow
@pytest.mark.airflow
def test_late_rows_and_corrections_are_applied_and_a_night_without_news_changes_nothing(
    teahouse: Path, tmp_path: Path
) -> None:
    state = tmp_path / "var"
    first = refresh(teahouse, state)
    assert first.returncode == 0, first.stdout + first.stderr
    for said in ("read 7", "accepted 15", "quarantined 2", "board.html", "transform", "Net sales in March"):
        assert said in first.stdout
    assert _net_sales(state) == 1368.50
    page = state / "teahouse" / "warehouse" / "docs" / "static_index.html"
    assert "fct_sales_daily" in page.read_text(encoding="utf-8")
    (teahouse / "data" / "sales_late.csv").write_bytes(MORE.encode("gb18030"))
    assert refresh(teahouse, state).returncode == 0
    assert _net_sales(state) == 1368.50 - 4 * 8.00 + 2 * 45.50  # T002 at a lower price, T007 late
    before = marts(state, "teahouse")
    quiet = refresh(teahouse, state)
    assert quiet.returncode == 0
    assert "read 0" in quiet.stdout
    assert_same(marts(state, "teahouse"), before)


def _net_sales(state: Path) -> float:
    lines = marts(state, "teahouse")["fct_sales_daily"]
    return float(sum(row[9] for row in lines))
