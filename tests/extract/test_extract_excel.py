"""Excel: cells become the text that a person reads in them."""

from __future__ import annotations

import datetime
import io
import zipfile

import openpyxl
import pytest
from extract_sources import Desk, reason, rows, types
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from sales_warehouse.extract import excel


def _book(*cells: list, header_row: int = 1, **more_sheets: list) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Visits"
    for place, row in enumerate(cells, header_row):
        for column, value in enumerate(row, 1):
            sheet.cell(place, column, value)
    for name, state in more_sheets.items():
        book.create_sheet(name).sheet_state = state[0]
        book[name].append(["id", "v"])
        book[name].append([name, name])
    return _bytes(book)


def _bytes(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _extract(desk: Desk, content: bytes, columns: str = "id,v", **table: object) -> object:
    desk.put("a.xlsx", content)
    return desk.extract_files(columns, format="excel", **table)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, "7"),
        (1234567890123456, "1234567890123456"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (1e20, "100000000000000000000"),
        (1e-7, "0.0000001"),
        (-3, "-3"),
        ("1E5", "1E5"),
        ("1234567890123456789", "1234567890123456789"),
        ("007", "007"),
        (" x ", " x "),
        (True, "true"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02 03:04:05"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.time(3, 4), "03:04:00"),
        ("2026/1/2", "2026/1/2"),
        (None, None),
    ],
)
def test_cells_are_text(desk: Desk, value: object, expected: str | None) -> None:
    done = _extract(desk, _book(["id", "v"], ["1", value]))
    assert rows(done) == [("1", expected)]
    assert types(done)["v"] == "VARCHAR"


def test_dates_of_the_1904_system(desk: Desk) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["id", "v"])
    book.active.append(["1", datetime.datetime(2026, 1, 2, 3, 4, 5)])
    assert rows(_extract(desk, _bytes(book))) == [("1", "2026-01-02 03:04:05")]


def test_title_rows_above_the_header_are_skipped(desk: Desk) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"] = "Visits of June"
    sheet.merge_cells("A1:B1")
    sheet["A3"], sheet["B3"], sheet["A4"], sheet["B4"] = "id", "v", 1, 2
    assert rows(_extract(desk, _bytes(book), header_row=3)) == [("1", "2")]


def test_empty_rows_are_counted_and_positions_stay(desk: Desk) -> None:
    done = _extract(desk, _book(["id", "v"], ["1", "x"], [], [], ["2", None], ["3", None]))
    assert rows(done, columns="id, v, _file, _row_number") == [
        ("1", "x", "a.xlsx", 1),
        ("2", None, "a.xlsx", 4),
        ("3", None, "a.xlsx", 5),
    ]
    assert done.notes == ["orders: a.xlsx: 2 rows without any cell were left out"]
    assert done.landed[0].rows == 3


def test_a_number_counts_visible_sheets_and_a_name_finds_hidden_ones(desk: Desk) -> None:
    content = _book(["id", "v"], ["1", "x"], old=["hidden"], june=["visible"])
    assert rows(_extract(desk, content)) == [("1", "x")]
    assert rows(_extract(desk, content, sheet=1)) == [("june", "june")]
    assert rows(_extract(desk, content, sheet="old")) == [("old", "old")]


@pytest.mark.parametrize(
    ("content", "table", "message"),
    [
        pytest.param(
            _book(["id", "v"], old=["hidden"]),
            {"sheet": "Vists"},
            "there is no sheet 'Vists'; visible sheets: 'Visits'; set `sheet` to one of them",
            id="no such sheet",
        ),
        pytest.param(
            _book(["id", "v"]),
            {"sheet": 1},
            "there is no sheet 1; visible sheets: 'Visits'; set `sheet` to one of them",
            id="no such number",
        ),
        pytest.param(
            _book(["id", "w"]),
            {},
            "header (sheet 'Visits', row 1): missing: 'v'; found beside the promised: 'w'; change `columns` (and the "
            "mapping) if the source changed, or ask for the old header",
            id="a column is missing",
        ),
        pytest.param(
            _book(["id", "v"]),
            {"header_row": 9},
            "header (sheet 'Visits', row 9): the sheet ends before that row; check `header_row`",
            id="no header row",
        ),
        pytest.param(
            _book(["id", "v"], ["1", "2", "3"]),
            {},
            "row 1 below the header has a cell in column 3, which has no name",
            id="a cell beside the header",
        ),
        pytest.param(b"", {}, "empty: 0 bytes; ask for the file again", id="an empty file"),
        pytest.param(
            b"id,v\n1,2\n",
            {},
            "not a readable Excel file (invalid Zip archive: Could not find EOCD); was it cut off? ask for it again",
            id="not Excel",
        ),
    ],
)
def test_refused(desk: Desk, content: bytes, table: dict, message: str) -> None:
    assert reason(_extract(desk, content, **table)) == f"a.xlsx: {message}"


def test_a_cut_file_is_refused(desk: Desk) -> None:
    content = _book(["id", "v"], *(["1", "x"] for _ in range(100)))
    message = reason(_extract(desk, content[: len(content) // 2]))
    assert message.startswith("a.xlsx: not a readable Excel file (")
    assert message.endswith("); was it cut off? ask for it again")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(desk: Desk) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 100_000_000)
    assert reason(_extract(desk, buffer.getvalue())) == (
        "a.xlsx: unpacks to 2 parts and 100000000 bytes, more than an honest workbook; split it, or deliver it as CSV"
    )


def test_a_million_parts_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "MOST_PARTS", 5)
    assert reason(_extract(desk, _book(["id", "v"]))).startswith("a.xlsx: unpacks to ")


def test_billion_laughs_are_not_laughed(desk: Desk) -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "' + b"&a;" * 9 + b'">]>'
    source, target = io.BytesIO(_book(["id", "v"], ["1", "x"])), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename.endswith("sharedStrings.xml"):
                content = laughs + content.split(b"?>", 1)[-1].replace(b">x<", b">&b;<")
            new.writestr(part.filename, content)
    done = _extract(desk, target.getvalue())
    assert done.refused or rows(done) != [("1", "ha" * 9)]
