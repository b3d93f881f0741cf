"""Bad input gets a clear error, stops nothing else, and loses nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from refreshes import CLI, chain, environment, marts, refresh

SECOND = """\
source: market
label: {en: Market stall, zh: 市集}
owner: shop-team
expected_within_hours: 36
connection: {type: files, path: market}
tables:
  sales: {files: "*.csv", format: csv, columns: [no, sold_at, product, quantity, price]}
mappings:
  - entity: order_lines
    from: sales
    columns: {order_id: no, line_number: "1", product_id: product, quantity: quantity, unit_price_amount: price}
  - entity: orders
    from: sales
    columns:
      order_id: no
      ordered_at: {from: sold_at, normalise: timestamp}
      status: "'paid'"
      currency: "'CNY'"
      channel: "'field'"
"""


@pytest.mark.slow
def test_a_broken_source_stops_neither_the_others_nor_the_marts(teahouse: Path, tmp_path: Path) -> None:
    """Step by step; tests/airflow/test_embedded.py has the same through Airflow."""
    (teahouse / "sources" / "market.yml").write_text(SECOND, encoding="utf-8")
    state = tmp_path / "var"
    done = chain(teahouse, state)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "extract market" in done.stderr
    rows = marts(state, "teahouse")
    assert len(rows["fct_order_lines"]) == 5
    status = {row[0]: row for row in rows["trust_source_freshness"]}
    assert "failed" in status["market"]
    assert "fresh" in status["till"]
    # the stall opens again: the next night takes it in, and nothing else changes
    (teahouse / "market").mkdir()
    (teahouse / "market" / "stall.csv").write_text(
        "no,sold_at,product,quantity,price\nM1,2026-03-30 09:00:00,龙井一级,2,80\n"
    )
    assert chain(teahouse, state).returncode == 0
    assert len(marts(state, "teahouse")["fct_order_lines"]) == 6


@pytest.mark.slow
def test_a_file_that_is_refused_is_named_and_the_rest_is_taken(teahouse: Path, tmp_path: Path) -> None:
    header = "单号,日期,客户,商品,数量,单价,状态,大区"
    data = teahouse / "data"
    (data / "sales_empty.csv").write_bytes(b"")
    (data / "sales_wrong_encoding.csv").write_text(header.replace("单号", "單號") + "\n", encoding="utf-16")
    (data / "sales_missing.csv").write_bytes(header.replace(",单价", "").encode("gb18030") + b"\n")
    (data / "sales_twice.csv").write_bytes(header.replace("状态", "大区").encode("gb18030") + b"\n")
    state = tmp_path / "var"
    done = chain(teahouse, state)
    assert done.returncode == 1
    for name, said in {"empty": "empty", "wrong_encoding": "", "missing": "单价", "twice": "大区"}.items():
        line = next(line for line in done.stderr.splitlines() if f"sales_{name}.csv" in line)
        assert said in line
    assert len(marts(state, "teahouse")["fct_order_lines"]) == 5


@pytest.mark.slow
@pytest.mark.long
def test_a_truncated_file_keeps_its_whole_rows_and_quarantines_the_cut_one(teahouse: Path, tmp_path: Path) -> None:
    file = teahouse / "data" / "sales_2026-03.csv"
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.rindex("龙井".encode("gb18030"))])
    state = tmp_path / "var"
    chain(teahouse, state)
    rows = marts(state, "teahouse")
    accounts = {row[1]: row for row in rows["trust_row_accounting"]}
    assert accounts["order_lines"][2] == 7
    assert any(row[2] == "malformed" for row in rows["trust_quarantine_reasons"])


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="needs to mount a small file system")
@pytest.mark.slow
def test_a_full_disk_stops_cleanly_and_the_next_run_is_whole(teahouse: Path, tmp_path: Path) -> None:
    state = tmp_path / "small"
    state.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(state)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.decode().strip()}")
    try:
        filler = state / "filler"
        for free_mib in (1, 2, 6, 14):
            filler.unlink(missing_ok=True)
            free = os.statvfs(state)
            spare = free.f_bavail * free.f_frsize - free_mib * 2**20
            if spare > 0:
                subprocess.run(["fallocate", "-l", str(spare), str(filler)], check=True)
            done = chain(teahouse, state)
            if done.returncode != 0:
                assert "pace" in done.stderr or "disk" in done.stderr.lower(), done.stderr[-2000:]
        filler.unlink(missing_ok=True)
        assert chain(teahouse, state).returncode == 0
        assert len(marts(state, "teahouse")["fct_order_lines"]) == 5
    finally:
        subprocess.run(["umount", str(state)], check=True)


@pytest.mark.slow
@pytest.mark.airflow
def test_of_two_refreshes_at_once_the_second_says_so_and_changes_nothing(teahouse: Path, tmp_path: Path) -> None:
    state = tmp_path / "var"
    command = [str(CLI), "run", "--company", str(teahouse)]
    first = subprocess.Popen(command, env=environment(state), stdout=subprocess.PIPE, text=True)
    steps = state / "teahouse" / "runs"
    while not list(steps.glob("*/steps.jsonl")) and first.poll() is None:
        pass
    second = subprocess.run(command, env=environment(state), capture_output=True, text=True, timeout=300)
    first.communicate(timeout=600)
    assert first.returncode == 0
    assert second.returncode == 75
    assert "already running" in second.stderr
    assert len(marts(state, "teahouse")["fct_order_lines"]) == 5


def test_a_mistake_in_the_configuration_is_said_before_anything_runs(teahouse: Path, tmp_path: Path) -> None:
    file = teahouse / "sources" / "till.yml"
    text = file.read_text(encoding="utf-8")
    line = text.splitlines().index("  - entity: orders") + 1
    file.write_text(text.replace("entity: orders", "entity: ordes"), encoding="utf-8")
    done = refresh(teahouse, tmp_path / "var")
    assert done.returncode == 2
    assert f"{file}:{line}: mappings.0.entity" in done.stderr
    assert not (tmp_path / "var").exists()
