"""No CSV that people open in a spreadsheet holds a formula."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sales_warehouse.extract.rows import Fault, Mend
from sales_warehouse.metrics.listing import write_csv
from sales_warehouse.metrics.rows import BEHIND, Behind
from sales_warehouse.reading.output import Output
from sales_warehouse.spreadsheet import harmless, harmless_in_sql
from sales_warehouse.sql import literal

HOSTILE = "=cmd|'/C calc'!A0"
TEXTS = {
    HOSTILE: f"'{HOSTILE}",
    "@SUM(1)": "'@SUM(1)",
    "+86 138": "'+86 138",
    "-1+cmd": "'-1+cmd",
    "\t=1": "'\t=1",
    "＝1": "'＝1",
    "-5": "-5",
    "-5.20": "-5.20",
    "a=1": "a=1",
    "'=1": "'=1",
    "": "",
}


@pytest.mark.parametrize(("text", "safe"), TEXTS.items())
def test_a_formula_becomes_a_text_and_nothing_else_changes(text: str, safe: str) -> None:
    assert harmless(text) == safe
    assert duckdb.execute(f"select {harmless_in_sql(literal(text))}").fetchone() == (safe,)


def test_rows_of_metrics_hold_no_formula(tmp_path: Path) -> None:
    given: list[tuple[Any, ...]] = [(HOSTILE, Decimal("-1.50"), None), ("tea", Decimal("2.00"), "-5")]
    stream = io.StringIO()
    write_csv(["name", "amount", "note"], given, stream)
    connection = duckdb.connect()
    connection.execute(f'create table {BEHIND} (name varchar, amount decimal(9, 2), "a note" varchar)')
    connection.executemany(f"insert into {BEHIND} values (?, ?, ?)", given)
    behind = Behind(None, None, ("name", "amount", "a note"), 2, connection)  # type: ignore[arg-type]
    behind.write(tmp_path / "rows.csv", "csv")
    behind.write(tmp_path / "rows.parquet", "parquet")
    wanted = [[f"'{HOSTILE}", "-1.50", ""], ["tea", "2.00", "-5"]]
    for text in (stream.getvalue(), (tmp_path / "rows.csv").read_text(encoding="utf-8")):
        assert list(csv.reader(io.StringIO(text)))[1:] == wanted
    assert duckdb.sql(f"select name from '{tmp_path}/rows.parquet'").fetchall() == [(HOSTILE,), ("tea",)]


def test_lists_of_what_was_rejected_or_put_right_hold_no_formula(tmp_path: Path) -> None:
    with Output(tmp_path / "t.csv", tmp_path / "r.csv", tmp_path / "m.csv") as output:
        output.begin(["a"], ["a"])
        output.reject([Fault(2, "2 fields where the header has 1", f"{HOSTILE},1")])
        output.tell([Mend(3, "a quote was closed", f"{HOSTILE},1", [HOSTILE, "1"])])
    for name in ("r.csv", "m.csv"):
        (row,) = list(csv.reader(io.StringIO((tmp_path / name).read_text(encoding="utf-8"))))[1:]
        assert row[2] == f"'{HOSTILE},1"
        assert not any(cell.startswith("=") for cell in row)
