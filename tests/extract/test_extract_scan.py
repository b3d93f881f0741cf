"""The count of records that does not trust the parser, against Python's csv; and both readers against each other."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from extract_sources import Desk, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales_warehouse.extract import delimited, scan
from sales_warehouse.extract.scan import Scan

CELLS = st.text(st.sampled_from('ab1,"\r\n é上'), max_size=8)
TABLES = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def _written(table: list, line_end: str) -> str:
    lines = [",".join(map(_cell, row)) for row in [("a", "b"), *table]]
    return line_end.join(lines) + line_end


def _cell(text: str) -> str:
    """Quote what needs it; csv.writer of Python 3.11 forgets carriage returns."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if set(text) & set(',"\r\n') else text


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=TABLES, line_end=LINE_ENDS, chunk=st.integers(1, 40))
def test_it_counts_what_csv_reads_however_the_chunks_fall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: list, line_end: str, chunk: int
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(_written(table, line_end), encoding="utf-8", newline="")
    with monkeypatch.context() as patch:
        patch.setattr(scan, "CHUNK", max(chunk, 8))  # the first line end has to be in the first chunk
        found = scan.scan(file, ",", '"')
    with file.open(encoding="utf-8", newline="") as text:
        assert found.records == sum(1 for row in csv.reader(text, strict=True) if row)
    assert found.odd == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=TABLES, line_end=LINE_ENDS)
def test_the_fast_and_the_slow_path_land_the_same(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, table: list, line_end: str
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.put("a.csv", _written(table, line_end))
    fast = rows(desk.extract_files("a,b"))
    with monkeypatch.context() as patch:
        patch.setattr(delimited, "scan", lambda *arguments: _doubtful(scan.scan(*arguments)))
        slow = rows(desk.extract_files("a,b"))
    assert fast == slow == table


def _doubtful(found: Scan) -> Scan:
    found.suspect("because the test says so")
    return found


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a,b\n1,x\x00\n", "NUL bytes"),
        (b'a,b\n1,5" pipe\n', "a quote inside a field that is not quoted as a whole"),
        (b'a,b\n1,"x"y\n', "a quote inside a field that is not quoted as a whole"),
        (b'a,b\n1,"x\n', "a quote that is never closed"),
        (b"a,b\n1,2\r\n", "mixed line ends"),
        (b"a,b\r\n1,2\n", "mixed line ends"),
        (b"a,b\r\n1,2\r3\r\n", "mixed line ends"),
        (b"a,b\r" + b"1,2\r" * scan.CHUNK + b"1,x\ny\r", "mixed line ends"),
    ],
)
def test_it_says_what_the_fast_path_must_not_be_trusted_with(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert reason in scan.scan(tmp_path / "a.csv", ",", '"').odd
