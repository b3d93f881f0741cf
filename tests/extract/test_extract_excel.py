"""Excel: cells become the text that a person reads in them."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlwt
from extract_sources import Desk, reason, rows, types
from handmade_xlsx import shared_xml, sheet_xml, workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from sales_warehouse import conservation
from sales_warehouse.extract import excel, sheet_cells, sheet_rows


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
        (0.1 + 0.2, "0.3"),
        (2.9999999999999996, "3"),
        (1234567.891, "1234567.891"),
        (1e14, "100000000000000"),
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


def merged(comment: bool) -> bytes:
    """Two merged cells, one of them in a column that nobody promised; a comment makes the sheet one to be parsed."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["id", "v", "note"], [1, "x", "n"], [2, None, None], [3, None, "m"], [4, "y", None], [None] * 3):
        sheet.append(row)
    sheet.merge_cells("B2:B4")
    sheet.merge_cells("C2:C3")
    sheet.merge_cells("A6:C7")
    content = _bytes(book)
    if not comment:
        return content
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as changed:
        for name in source.namelist():
            changed.writestr(name, source.read(name).replace(b"<sheetData>", b"<!-- --><sheetData>"))
    return target.getvalue()


@pytest.mark.parametrize("comment", [False, True], ids=["at a glance", "parsed"])
def test_a_row_inside_of_a_merged_cell_has_no_value_there_and_says_so(desk: Desk, comment: bool) -> None:
    """Is x the value of three rows, or of the first? A person has to say."""
    done = _extract(desk, merged(comment))
    why = "v (cell B{}) has no value of its own: it is in the merged cell B2:B4, which has to be unmerged and filled in"
    assert rows(done, columns="id, v, _malformed, _faulty") == [
        ("1", "x", None, None),
        ("2", None, why.format(3), '["v"]'),
        ("3", None, why.format(4), '["v"]'),
        ("4", "y", None, None),
    ]
    assert done.notes == [
        "orders: a.xlsx: columns that are not promised landed too: note",
        "orders: a.xlsx: 1 cells of 'note', which is not promised, are empty: cell C3 has no value of its own: it is "
        "in the merged cell C2:C3, which has to be unmerged and filled in",
    ]
    assert done.landed[0].reported == 4


def test_merged_cells_of_an_old_workbook_are_told_too(desk: Desk) -> None:
    book, buffer = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("Visits")
    for row, cells in enumerate((["id", "v"], [1, None], [2, None], [3, "y"])):
        for column, value in enumerate(cells):
            if value is not None:
                sheet.write(row, column, value)
    sheet.write_merge(1, 2, 1, 1, "x")
    book.save(buffer)
    desk.put("a.xls", buffer.getvalue())
    done = desk.extract_files("id,v", format="excel")
    told = "v (cell B3) has no value of its own: it is in the merged cell B2:B3, which has to be unmerged and filled in"
    assert rows(done, columns="id, v, _malformed") == [("1", "x", None), ("2", None, told), ("3", "y", None)]


def test_more_merged_cells_than_any_honest_sheet_has_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sales_warehouse.extract.sheet_cells.MOST_MERGED", 1)
    desk.put("a.xlsx", merged(False))
    assert "a sheet with more than 1 merged cells" in reason(desk.extract_files("id,v", format="excel"))


def test_empty_rows_are_counted_and_positions_stay(desk: Desk) -> None:
    done = _extract(desk, _book(["id", "v"], ["1", "x"], [], [], ["2", None], ["3", None]))
    assert rows(done, columns="id, v, _file, _row_number") == [
        ("1", "x", "a.xlsx", 1),
        ("2", None, "a.xlsx", 4),
        ("3", None, "a.xlsx", 5),
    ]
    assert done.notes == ["orders: a.xlsx: 2 empty rows were left out"]
    assert done.landed[0].rows == 3


LOST = ", of which Excel keeps 15: store it as text"
MALFORMED = "id, v, _malformed, _raw, _row_number"
SHARED = [
    "<t>id</t>",
    "<t>v</t>",
    '<t xml:space="preserve"> </t>',
    '<rPh sb="0" eb="1"><t>カ</t></rPh>',
    "<t>_x0020_</t>",
]


def _written(*rows: str) -> bytes:
    """A workbook as other programs write it, from the XML of its rows below the header; SHARED are its texts."""
    header = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    return workbook(sheet_xml(header, *rows), shared_xml(*SHARED))


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('<c r="B2" t="e"><v>#N/A</v></c>', "the error #N/A"),
        ('<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "the error #DIV/0!"),
        ('<c r="B2"><f>A1+1</f></c>', sheet_cells.NO_VALUE),
        ('<c r="B2"><f>A1+1</f><v></v></c>', sheet_cells.NO_VALUE),
        ('<c r="B2" t="str"><f>A1</f></c>', sheet_cells.NO_VALUE),
        ('<c r="B2" t="b"><f>A1=1</f></c>', sheet_cells.NO_VALUE),
        ('<c r="B2" t="s"><f>A1</f><v/></c>', sheet_cells.NO_VALUE),
        ('<c r="B2" t="e"/>', "the error without a name"),
        ('<c r="B2"><v>NaN</v></c>', "nan for a number: mend it in Excel"),
        (
            '<c r="B2"><v>1234567890123456789</v></c>',
            "a number of 19 digits, of which Excel keeps 15: store it as text",
        ),
        ('<c r="B2"><v>1234567890123450</v></c>', "a number of 16 digits, of which Excel keeps 15: store it as text"),
    ],
)
def test_a_cell_without_a_value_to_trust_makes_its_row_malformed(desk: Desk, cell: str, said: str) -> None:
    others = '<row r="3"><c r="A3"><v>8</v></c></row>'
    done = _extract(desk, _written(f'<row r="2"><c r="A2"><v>7</v></c>{cell}</row>{others}'))
    conservation.hold_back_what_does_not_add_up(done, desk.folder / "temp")
    bad, good = rows(done, columns=MALFORMED)
    assert bad[:3] == ("7", None, f"v (cell B2) has {said}")
    assert json.loads(bad[3])["id"] == "7"
    assert good == ("8", None, None, None, 2)
    assert [(item.rows, item.reported, item.malformed) for item in done.landed] == [(2, 2, 1)]


def test_every_cell_that_is_wrong_is_named_and_empty(desk: Desk) -> None:
    content = _written('<row r="2"><c r="A2"><v>1234567890123456789</v></c><c r="B2" t="e"><v>#REF!</v></c></row>')
    (row,) = rows(_extract(desk, content), columns=MALFORMED)
    assert row[:3] == (None, None, f"id (cell A2) has a number of 19 digits{LOST}; v (cell B2) has the error #REF!")


@pytest.mark.parametrize(("drift", "landed"), [("known", ("7",)), ("adopt", ("7", None))])
def test_an_error_in_a_column_that_nobody_promised_harms_nothing(desk: Desk, drift: str, landed: tuple) -> None:
    content = _written('<row r="2"><c r="A2"><v>7</v></c><c r="B2" t="e"><v>#REF!</v></c></row>')
    assert rows(_extract(desk, content, columns="id", drift=drift)) == [landed]


@pytest.mark.parametrize("column", ["B", "F"])
def test_a_row_with_an_error_that_harms_nothing_alone_is_an_empty_one(desk: Desk, column: str) -> None:
    error = f'<row r="3"><c r="{column}3" t="e"><v>#REF!</v></c></row>'
    content = _written('<row r="2"><c r="A2"><v>7</v></c></row>', error, '<row r="4"><c r="A4"><v>8</v></c></row>')
    done = _extract(desk, content, columns="id", drift="known")
    conservation.hold_back_what_does_not_add_up(done, desk.folder / "temp")
    assert rows(done, columns="id, _row_number") == [("7", 1), ("8", 3)]


def test_an_error_in_the_header_refuses_the_workbook(desk: Desk) -> None:
    content = _written('<row r="2"><c r="B2" t="e"><v>#REF!</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>')
    said = "a.xlsx: header (sheet 'Visits', row 2): cell B2 has the error #REF!"
    assert reason(_extract(desk, content, header_row=2)) == said


@pytest.mark.parametrize("mode", ['fullCalcOnLoad="1"', 'calcCompleted="0"'])
def test_the_value_of_a_formula_that_nobody_calculated_is_none(desk: Desk, mode: str) -> None:
    """XlsxWriter puts a zero there, openpyxl a value that was right before it changed other cells."""
    content = _written('<row r="2"><c r="A2"><v>7</v></c><c r="B2"><f>A2+1</f><v>0</v></c></row>')
    old, target = io.BytesIO(content), io.BytesIO()
    with zipfile.ZipFile(old) as book, zipfile.ZipFile(target, "w") as changed:
        for part in book.namelist():
            changed.writestr(part, book.read(part).replace(b"</sheets>", f"</sheets><calcPr {mode}/>".encode()))
    assert rows(_extract(desk, content)) == [("7", "0")]
    done = _extract(desk, target.getvalue())
    conservation.hold_back_what_does_not_add_up(done, desk.folder / "temp")
    said = f"v (cell B2) has {sheet_cells.NOT_CALCULATED}"
    assert rows(done, columns="id, v, _malformed, _row_number") == [("7", None, said, 1)]


def test_a_formula_with_an_empty_text_is_an_empty_cell(desk: Desk) -> None:
    content = _written('<row r="2"><c r="A2"><v>7</v></c><c r="B2" t="str"><f>A1</f><v></v></c></row>')
    assert rows(_extract(desk, content)) == [("7", None)]


def test_an_error_alone_at_the_end_is_a_row(desk: Desk) -> None:
    done = _extract(
        desk, _written('<row r="2"><c r="A2"><v>7</v></c></row><row r="4"><c r="A4" t="e"><v>#N/A</v></c></row>')
    )
    conservation.hold_back_what_does_not_add_up(done, desk.folder / "temp")
    assert rows(done, columns="id, _malformed, _row_number") == [
        ("7", None, 1),
        (None, "id (cell A4) has the error #N/A", 3),
    ]


@pytest.mark.parametrize("error", ["#SPILL!", "#CALC!", "#FIELD!", "#GETTING_DATA", " #N/A"])
def test_an_error_that_nobody_knows_refuses_the_workbook_and_names_the_cell(desk: Desk, error: str) -> None:
    content = _written(f'<row r="2"><c r="A2"><v>7</v></c></row><row r="3"><c r="B3" t="e"><v>{error}</v></c></row>')
    assert reason(_extract(desk, content)) == (
        f"a.xlsx: sheet 'Visits': cell B3 has an error that the reader does not know, {error!r}; mend it in Excel"
    )


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A3" t="s"><v>2</v></c>',
        '<c r="A3" t="s"><v>3</v></c>',
        '<c r="A3" t="s"><v>4</v></c>',
        '<c r="A3" t="inlineStr"><is><t> </t></is></c>',
        '<c r="A3" t="inlineStr"><is><rPh sb="0" eb="1"><t>y</t></rPh></is></c>',
        '<c r="A3" t="str"><f>A1</f><v> </v></c>',
        '<c r="A3"><v> </v></c>',
        '<c r="A3" t="inlineStr"/>',
        '<c r="A3" t="s"><v></v></c>',
        '<c r="A3" t="b"><v/></c>',
    ],
)
def test_a_row_of_white_space_is_an_empty_one_for_both_counts(desk: Desk, cell: str) -> None:
    done = _extract(
        desk,
        _written(
            '<row r="2"><c r="A2"><v>7</v></c></row>', f'<row r="3">{cell}</row>', '<row r="4"><c><v>8</v></c></row>'
        ),
    )
    conservation.hold_back_what_does_not_add_up(done, desk.folder / "temp")
    assert rows(done, columns="id, _row_number") == [("7", 1), ("8", 3)]


def test_an_error_of_an_old_workbook_is_told_too(desk: Desk) -> None:
    book, buffer = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("客户")
    for place, row in enumerate([["id", "v"], ["1", "x"]]):
        for column, value in enumerate(row):
            sheet.write(place, column, value)
    sheet.write(2, 0, "2")
    sheet.row(2).set_cell_error(1, 0x2A)
    book.save(buffer)
    desk.put("a.xls", buffer.getvalue())
    done = desk.extract_files("id,v", format="excel")
    assert rows(done, columns="id, v, _malformed") == [("1", "x", None), ("2", None, "v (cell B3) has the error #N/A")]


def test_a_number_of_an_old_workbook_that_is_no_date_is_none(desk: Desk) -> None:
    book, buffer = xlwt.Workbook(), io.BytesIO()
    sheet, style = book.add_sheet("客户"), xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for row, values in enumerate([["id", "v"], ["1", 45000], ["2", -1], ["3", 60]]):
        for column, value in enumerate(values):
            sheet.write(row, column, value, style)
    book.save(buffer)
    desk.put("a.xls", buffer.getvalue())
    done = desk.extract_files("id,v", format="excel")
    conservation.hold_back_what_does_not_add_up(done, desk.folder / "temp")
    said = "v (cell B{}) has the number {} for a date, which is none: mend it in Excel"
    assert rows(done, columns="id, v, _malformed") == [
        ("1", "2023-03-15", None),
        ("2", None, said.format(3, -1.0)),
        ("3", None, said.format(4, 60.0)),
    ]


@pytest.mark.parametrize(
    "stray",
    [
        '<c r="XFD20000"><v>1</v></c>',
        '<c r="XFD20000"><v>1</v></c><c r="A20000"><v>1</v></c>',
        '<c r="A20000"><v>1</v></c><c r="XFD20000" t="inlineStr"><is><t></t></is></c>',
        '<c r="A20000"><v>1</v></c><c r="XFD20000" t="inlineStr"><is/></c>',
        '<c r="A20000"><v>1</v></c><c r="XFD20000" t="d"><v></v></c>',
    ],
)
def test_a_stray_cell_far_away_is_refused_before_it_takes_the_memory(desk: Desk, stray: str) -> None:
    content = _written(f'<row r="2"><c r="A2"><v>7</v></c></row><row r="20000">{stray}</row>')
    assert reason(_extract(desk, content)) == (
        "a.xlsx: sheet 'Visits' goes down to row 20000 and out to column XFD, further than an honest one: delete the "
        "cells that stand out there, or deliver it as CSV"
    )


def test_a_style_far_away_is_no_cell(desk: Desk) -> None:
    content = _written('<row r="20000"><c r="A20000"><v>7</v></c><c r="XFD20000" s="0"/></row>')
    assert rows(_extract(desk, content), columns="id, _row_number") == [("7", 19_999)]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A2"><v>7</v></c>',
        "<c r='A2'><v>7</v></c>",
        '<c s="1" t="str" r="A2"><v>7</v></c>',
        '<c r="A2" t="inlineStr"><is><t>7</t></is></c><c r="C2" s="5"/>',
        '<!-- a note --><c r="A2"><v>7</v></c>',
        '<c r="A2" t="str"><v>&#55;</v></c>',
        '<c r="A2" t="str"><v><![CDATA[7]]></v></c>',
        '<c r="A2" t="str"><f>"7"</f><v>7</v></c><c r="C2" t="s"><v>2</v></c>',
        '<c r="A2" t="s"><v>2</v></c><c r="C2" t="s"><v>0</v></c>',
        '<c r="A2" t="s"><v>0</v></c><c r="C2" t="s"><v>2</v></c>',
        '<c r="A2" s="1"><v>-1</v></c><c r="C2" s="1"><v>-1</v></c>',
        '<c r="A2"><v>1E-400</v></c><c r="C2" t="d"><v>2026-01-02</v></c>',
        '<c r="A2"><f>B2+1</f><v>7</v></c><c r="C2" t="str"><f t="shared" si="0"/><v>x</v></c>',
        '<c r="A2" t="str"><v>\u3000\u3010x</v></c><c r="C2" t="str"><v>\u3010</v></c><c r="D2" t="b"><v>0</v></c>',
        '<c r="A2" t="s"><v> 0</v></c><c r="B2"><v>1&#50;</v></c><c r="C2" t="inlineStr"><is>x<t>y</t></is></c>',
        '<c r="AB2"><v>7</v></c><c r="A2"><v>7</v></c>',
        '<c r="A2"><v>7</v></c><c><v>7</v></c>',
        '<c r="A2"><v>7</v></c><c r="C2" t="inlineStr"><is/></c>',
    ],
)
def test_a_sheet_is_looked_at_in_the_same_way_however_it_is_written(tmp_path: Path, cell: str) -> None:
    """A row told at a glance, one that is parsed, and a whole sheet that is."""
    (tmp_path / "a.xlsx").write_bytes(_written(f'<row r="2" spans="1:3">{cell}</row>', '<row r="3"/>'))
    for is_calculated in (True, False):
        book = sheet_cells.Book(frozenset({"2"}), {}, frozenset({"1"}), is_calculated)
        with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
            quick = sheet_rows.read_cells(archive, "xl/sheet.xml", "Visits", book)
            whole = sheet_cells.Cells("Visits", book)
            sheet_cells.parse(archive, "xl/sheet.xml", whole)
        assert quick == whole.look
        assert list(quick.rows) == [1, 2]


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
            "row 1 below the header has a cell in column 3 (C2), which has no name",
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
