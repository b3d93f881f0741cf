"""A second count, by something else than the parser; a parser that loses one row in ten thousand is caught."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
import xlwt
from extract_sources import Desk, rows
from hypothesis import given
from hypothesis import strategies as st
from swallowing import swallowing

from sales_warehouse import conservation
from sales_warehouse.extract import Extraction, count, delimited, excel, jsonl, workbook
from sales_warehouse.extract import rows as slow
from sales_warehouse.extract.outcome import FileRefused

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(JSON), st.sampled_from([None, 1]))
def test_the_elements_of_an_array_are_counted_by_its_commas(array: list, indent: int | None) -> None:
    for ascii_only in (True, False):
        text = json.dumps(array, indent=indent, ensure_ascii=ascii_only)
        assert count.elements(text.encode("utf-8", "surrogatepass")) == len(array)


@given(st.lists(st.text(alphabet='a ",\n\r\\', max_size=6), max_size=20), st.integers(1, 7))
def test_lines_with_text_are_counted_however_the_chunks_fall(lines: list[str], chunk: int) -> None:
    text = "\n".join(lines).encode()
    with tempfile.NamedTemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        Path(file.name).write_bytes(text)
        patch.setattr(count, "CHUNK", chunk)
        assert count.lines_with_text(Path(file.name)) == sum(1 for line in text.split(b"\n") if line.strip())


def book_of(write: Callable[[xlsxwriter.Workbook, xlsxwriter.workbook.Worksheet], None]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        write(book, book.add_worksheet("Visits"))
    return buffer.getvalue()


def hard_sheet(book: xlsxwriter.Workbook, sheet: xlsxwriter.workbook.Worksheet) -> None:
    sheet.merge_range("A1:C1", "a merged title")
    sheet.write_row("A3", ["id", "v"])
    sheet.write_row("A4", [1, "x"])
    sheet.write_blank("A5", None, book.add_format({"bold": True}))  # a style and nothing else
    sheet.write_string("A6", "", book.add_format({"bold": True}))
    sheet.write_formula("A7", "=1+1", None, 2)
    sheet.write_rich_string("A8", "x", book.add_format({"bold": True}), "y")
    sheet.write_boolean("A9", False)
    sheet.write_number("A12", 0)


def test_rows_of_a_sheet_are_those_with_something_in_a_cell(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(book_of(hard_sheet))
    assert list(workbook.look_at(tmp_path / "a.xlsx", "Visits").rows) == [1, 3, 4, 7, 8, 9, 12]


def test_what_is_counted_is_what_is_read(desk: Desk) -> None:
    desk.put("a.xlsx", book_of(hard_sheet))
    found = desk.extract_files("id,v", format="excel", header_row=3)
    assert [(item.rows, item.reported) for item in found.landed] == [(5, 5)]


def test_an_old_workbook_is_counted_too(desk: Desk) -> None:
    book, buffer = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("客户")
    for place, row in enumerate([["id", "v"], ["1", "张三"], ["", ""], ["2", 0]]):
        for column, value in enumerate(row):
            sheet.write(place, column, value)
    book.save(buffer)
    desk.put("a.xls", buffer.getvalue())
    found = desk.extract_files("id,v", format="excel")
    assert rows(found) == [("1", "张三"), ("2", "0")]
    assert [(item.rows, item.reported) for item in found.landed] == [(2, 2)]


def test_xml_with_entities_is_not_counted(tmp_path: Path) -> None:
    import zipfile

    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><sheets>&b;</sheets>'
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", laughs)
        archive.writestr("xl/_rels/workbook.xml.rels", "<Relationships/>")
    with pytest.raises(FileRefused, match="declares entities"):
        workbook.look_at(tmp_path / "a.xlsx", "Visits")


# --- a parser that loses one row in ten thousand ------------------------------------------------------------------


def lost(found: Extraction, desk: Desk) -> list[str]:
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert found.landed == []
    return [item.reason for item in found.refused]


CSV = "a,b\n" + "".join(f"{n},x\n" for n in range(10_000))
ODD = CSV + 'x,"y"z\n'  # makes the file too odd for the fast path


def test_nothing_is_refused_when_nothing_is_lost(desk: Desk) -> None:
    desk.put("fast.csv", CSV)
    desk.put("slow.csv", ODD)
    found = desk.extract_files("a,b")
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert sorted((item.origin, item.rows, item.reported) for item in found.landed) == [
        ("fast.csv", 10_000, 10_000),
        ("slow.csv", 10_001, 10_001),
    ]


def test_a_lost_row_of_the_fast_path_sends_the_file_down_the_slow_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("a.csv", CSV)
    read = delimited._Writer._csv
    monkeypatch.setattr(
        delimited._Writer, "_csv", lambda self, batch: f"(select * from {read(self, batch)} where a <> '7777')"
    )
    found = desk.extract_files("a,b")
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert [(item.rows, item.reported) for item in found.landed] == [(10_000, 10_000)]


@pytest.mark.parametrize("place", ["_at_once", "_one_by_one"])
def test_a_row_that_the_slow_path_loses_is_read_again_or_caught(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    text = ODD if place == "_at_once" else "a,b\n" + 'x,"y"z\n' + CSV.partition("\n")[2]
    desk.put("a.csv", text)
    if place == "_at_once":  # the last block has the odd line: those before it are read at once
        monkeypatch.setattr(slow, "BLOCK", 1 << 10)
    read = getattr(slow, place)

    def careless(*arguments: object, **more: object) -> object:
        found = read(*arguments, **more)
        kept = found.rows if isinstance(found, slow.Batch) else found
        if kept is not None:
            kept[:] = [row for row in kept if row[:1] != ["7777"]]
        return found

    monkeypatch.setattr(slow, place, careless)
    found = desk.extract_files("a,b")
    if place == "_at_once":  # a block with fewer rows than records is read record by record
        conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
        assert [(item.rows, item.reported) for item in found.landed] == [(10_001, 10_001)]
        return
    (reason,) = lost(found, desk)
    assert reason.startswith("a.csv: the source has 10,001 rows, the reader counted 10,000 and wrote 10,000")


@pytest.mark.parametrize("keeps_first", [True, False], ids=["glues two records", "skips one"])
def test_a_record_that_csv_swallows_with_its_lines_is_caught(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, keeps_first: bool
) -> None:
    desk.put("a.csv", "a,b\n" + "".join(f"{n},x\n" if n % 100 else f"{n},\x00\n" for n in range(30_000)))
    assert len(rows(desk.extract_files("a,b"))) == 30_000
    monkeypatch.setattr(slow.Dialect, "reader", swallowing(slow.Dialect.reader, keeps_first))
    (reason,) = lost(desk.extract_files("a,b"), desk)
    assert "the parser gave one record for 2 lines that are more: this is a fault of the reader" in reason


def test_a_header_that_csv_glues_to_the_first_row_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow.Dialect, "reader", swallowing(slow.Dialect.reader, keeps_first=True, every=1))
    desk.put("a.csv", "a,b\n1,2\n3,4\n")
    (reason,) = lost(desk.extract_files("a,b"), desk)
    assert reason.startswith("a.csv: line 1: the parser gave one record for 2 lines")


def test_a_lost_line_of_json_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put("a.jsonl", "".join(f'{{"a": {n}}}\n' for n in range(10_000)))
    split = jsonl.split
    monkeypatch.setattr(jsonl, "split", lambda lines: (item for item in split(lines) if b"7777" not in item[0]))
    (reason,) = lost(desk.extract_files("a", format="jsonl"), desk)
    assert reason.startswith("a.jsonl: the source has 10,000 rows, the reader counted 9,999 and wrote 9,999")


def test_a_lost_row_of_a_sheet_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Visits")
    for row in [["a"], *([n] for n in range(10_000))]:
        sheet.append(row)
    book.save(desk.files / "a.xlsx")
    read = excel._rows
    monkeypatch.setattr(excel, "_rows", lambda found, *more: read((row for row in found if row != [7777.0]), *more))
    (reason,) = lost(desk.extract_files("a", format="excel"), desk)
    assert reason.startswith("a.xlsx: the source has 10,000 rows, the reader counted 9,999 and wrote 9,999")
