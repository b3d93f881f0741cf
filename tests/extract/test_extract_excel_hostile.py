"""Sheets that no spreadsheet program writes: every value lands, its row is malformed, or the file is refused."""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from extract_sources import source
from handmade_xlsx import DATE, DOCUMENT, MAIN, STRICT, Said, related, says, shared_xml, sheet_xml, styles_xml, workbook

from sales_warehouse.extract import excel
from sales_warehouse.extract.files import Room, SourceFile, Unread, Written
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.sheet_cells import UNREAD, Book, Cells, Look, parse
from sales_warehouse.extract.sheet_rows import read_cells

SHEETS = 200  # of each oddity
HEADER = (
    '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>v</v></c><c r="C1" t="str"><v>more</v></c></row>'
)
SHARED = shared_xml(
    "<t>first</t>", "<t>a<![CDATA[b]]>c</t>", "<t> </t>", "<t>x</t>outside", "<t>last<!-- one --></t>", ""
)

Disguise = Callable[[str], str]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


DISGUISES: dict[str, Disguise] = {
    "plain": _escaped,
    "CDATA": lambda text: f"<![CDATA[{text}]]>",
    "half CDATA": lambda text: f"{_escaped(text[:1])}<![CDATA[{text[1:]}]]>",
    "comment": lambda text: f"{_escaped(text[:1])}<!-- 3 -->{_escaped(text[1:])}",
    "comment first": lambda text: f"<!-- 3 -->{_escaped(text)}",
    "instruction": lambda text: f"{_escaped(text[:1])}<?word 3?>{_escaped(text[1:])}",
    "instruction first": lambda text: f"<?word 3?>{_escaped(text)}",
    "references": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "one reference": lambda text: f"{_escaped(text[:-1])}&#x{ord(text[-1]):X};" if text else "",
    "nested": lambda text: f"{_escaped(text[:1])}<b>{_escaped(text[1:])}</b>",
    "blank around": lambda text: f" {_escaped(text)}\n",
}
TEXTS = [
    "5",
    "57",
    "-1",
    "60",
    "45000",
    "0.25",
    "007",
    "abc",
    "客户",
    "a & b",
    "<v>",
    "_x0041_b",
    "",
    " ",
    "/>",
    "1e3x",
]
NUMBERS = ["5", "57", "-1", "60", "45000", "0.25", "007", "-0", "12.50"]
SHAPES: dict[str, tuple[str, list[str]]] = {  # of what is in a cell, with {} for its text
    ' t="n"': ("<v>{}</v>", NUMBERS),
    "": ("<v>{}</v>", [*NUMBERS, "abc", "1 2", ""]),
    f' s="{DATE}"': ("<v>{}</v>", ["-1", "60", "45000"]),
    ' t="s"': ("<v>{}</v>", ["0", "1", "2", "3", "4", "5", "00", "+1", "1.0", "99", "x"]),
    ' t="b"': ("<v>{}</v>", ["0", "1", "true", "false"]),
    ' t="e"': ("<v>{}</v>", ["#N/A", "#SPILL!", "#FIELD!"]),
    ' t="d"': ("<v>{}</v>", ["2026-01-02", "2026-01-02T03:04:05"]),
    ' t="str"': ("<v>{}</v>", TEXTS),
    ' t="inlineStr"': ("<is><t>{}</t></is>", TEXTS),
    ' t="inlineStr" ': ("<is><r><t>{}</t></r><r><rPr><b/></rPr><t>y</t></r><rPh><t>no</t></rPh></is>", TEXTS),
}
WRAPPERS = [  # around what is in a cell
    "{}", "{}", "{}", "{}<v>8</v>", "<v>8</v>{}", "{}<f>A1</f>", "<f>A1</f>{}", "{}<is><t>8</t></is>",
    "<is><t>8</t></is>{}", "8{}", "{}8", "<!-- 3 -->{}<?word 3?>", "\n  {}\n", "<f/>{}",
]  # fmt: skip


class Maker:
    """Makes sheets by a seed. A share `oddity` of everything is as no spreadsheet program writes it."""

    def __init__(self, seed: int, oddity: float) -> None:
        self._random, self._oddity = random.Random(seed), oddity

    def _odd(self, usual: str, *others: str) -> str:
        return self._random.choice(others) if self._random.random() < self._oddity else usual

    def sheet(self) -> str:
        numbers = self._random.sample(range(2, 8), self._random.randint(1, 4))
        if self._random.random() >= self._oddity:
            numbers.sort()
        if self._random.random() < self._oddity / 4:
            numbers.append(numbers[0])
        start = self._odd(f'<worksheet xmlns="{MAIN}">', f'<worksheet xmlns="{STRICT}">', f"<worksheet xmlns='{MAIN}'>")
        xml = sheet_xml(HEADER, *map(self._row, numbers), start=start)
        if self._random.random() < self._oddity / 2:
            xml = re.sub("<(/?)(worksheet|sheetData|row|c|v|f|is|t|r|rPr|rPh|b)(?=[ />\n])", r"<\1x:\2", xml)
            return xml.replace(" xmlns=", " xmlns:x=")
        return xml

    def _row(self, number: int) -> str:
        head = self._odd(
            f'<row r="{number}">', "<row>", f"<row spans='1:3' r = '{number}'>", f'<row s="1" r="{number}" >'
        )
        places = self._random.sample("ABC", self._random.randint(0, 3))
        if self._random.random() >= self._oddity:
            places.sort()
        if places and self._random.random() < self._oddity / 4:
            places.append(places[0])
        after = self._odd("", "<!-- <c r='C2'><v>3</v></c> -->", '<row r="9"/>', "<row/>", "\n", "<?word <row/> ?>")
        if self._random.random() < self._oddity / 8:
            after += "</sheetData><sheetData>"
        return f"{head}{''.join(self._cell(place, number) for place in places)}{self._odd('</row>', '</row >')}{after}"

    def _cell(self, letter: str, row: int) -> str:
        place = self._odd(f' r="{letter}{row}"', "", f" r='{letter.lower()}{row}'", f' r = "{letter}{row}"')
        if self._random.random() < self._oddity / 8:
            place = f' r="{letter}{row + 1}"'
        if self._random.random() < 0.1:
            return f'<c{place} s="0"/>'
        attributes, (shape, texts) = self._random.choice(list(SHAPES.items()))
        if attributes == ' t="e"' and self._random.random() < 0.7:
            texts = texts[:1]
        inside = shape.replace("{}", DISGUISES[self._odd("plain", *DISGUISES)](self._random.choice(texts)))
        around = self._odd("{}", *WRAPPERS)
        return f"<c{place}{attributes}>{around.replace('{}', inside)}{self._odd('</c>', '</c >')}"


def _read(folder: Path, content: bytes) -> Written | Unread:
    folder.joinpath("a.xlsx").write_bytes(content)
    file = SourceFile.of(folder / "a.xlsx", "a.xlsx")
    described = {"files": "*", "format": "excel", "columns": ["id", "v"]}
    table = source({"type": "files", "path": "."}, orders=described).tables["orders"]
    (result,) = excel.read([file], table, Room(folder / "landed", folder / "temp"))
    return result


def _landed(result: Written) -> dict[int, dict[str, str | None]]:
    """Return the rows that landed by their numbers in the sheet."""
    return {row["_row_number"] + 1: row for row in pq.read_table(result.path).to_pylist()}


def _is_told(said: Said, landed: dict[int, dict[str, str | None]]) -> bool:
    row = landed[said.row]
    if row.get("_malformed"):
        return True
    value = row[("id", "v", "more")[said.column - 1]]
    return said.text is not None and (value or "").strip() == said.text.strip()


def _values(landed: dict[int, dict[str, str | None]]) -> set[tuple[int, int]]:
    """Return where something landed that is more than white space: row and column."""
    return {
        (number, column)
        for number, row in landed.items()
        for column, name in enumerate(("id", "v", "more"), 1)
        if (row[name] or "").strip()
    }


@dataclass
class Tally:
    """What became of some sheets, by seed.

    `silent` are those of which something was lost or changed without a word, `invented` those with more than they have.
    """

    refused: int = 0
    malformed: int = 0
    clean: int = 0
    silent: list[tuple[int, str, list[Said]]] = field(default_factory=list)
    invented: list[tuple[int, str, set[tuple[int, int]]]] = field(default_factory=list)


def _tally(folder: Path, seeds: range, oddity: float) -> Tally:
    tally = Tally()
    for seed in seeds:
        sheet = Maker(seed, oddity).sheet()
        result = _read(folder, workbook(sheet, SHARED))
        if isinstance(result, Unread) or result.rows != result.reported:
            tally.refused += 1
            continue
        landed, said = _landed(result), [value for value in says(sheet, SHARED) if value.row > 1]
        if silent := [value for value in said if value.row not in landed or not _is_told(value, landed)]:
            tally.silent.append((seed, sheet, silent))
        if invented := _values(landed) - {(value.row, value.column) for value in said}:
            tally.invented.append((seed, sheet, invented))
        tally.malformed += bool(result.malformed)
        tally.clean += not result.malformed
    return tally


@pytest.mark.parametrize(("oddity", "least"), [(0.03, 20), (0.15, 20), (0.5, 1)])
def test_nothing_of_a_hostile_sheet_is_lost_or_changed_without_a_word(
    tmp_path: Path, oddity: float, least: int
) -> None:
    """Each part of the promise is seen: sheets that land, rows that are malformed, files that are refused."""
    tally = _tally(tmp_path, range(SHEETS), oddity)
    assert tally.silent == []
    assert tally.invented == []
    assert min(tally.refused, tally.malformed, tally.clean) >= least


@pytest.mark.parametrize("oddity", [0.03, 0.15])
def test_rows_told_at_a_glance_are_told_as_those_that_are_parsed(tmp_path: Path, oddity: float) -> None:
    book = Book(frozenset({"2", "5"}), {"1": "abc", "3": "xoutside"}, frozenset({str(DATE)}), is_calculated=False)
    for seed in range(SHEETS):
        (tmp_path / "a.xlsx").write_bytes(workbook(Maker(seed, oddity).sheet(), SHARED))
        with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
            quick = _look(lambda: read_cells(archive, "xl/sheet.xml", "Visits", book))
            whole = _look(lambda: _parsed(archive, book))
        assert quick == whole, Maker(seed, oddity).sheet()


def _look(read: Callable[[], Look]) -> Look | str:
    try:
        return read()
    except FileRefused:
        return "refused"


def _parsed(archive: zipfile.ZipFile, book: Book) -> Look:
    cells = Cells("Visits", book)
    parse(archive, "xl/sheet.xml", cells)
    return cells.look


def _rows(folder: Path, *rows: str, start: str = f'<worksheet xmlns="{MAIN}">') -> dict[int, tuple]:
    """Return the rows that land by their numbers in the sheet: id, v, more and what is wrong."""
    result = _read(folder, workbook(sheet_xml(HEADER, *rows, start=start), SHARED))
    assert isinstance(result, Written), result
    assert result.rows == result.reported
    return {
        number: (row["id"], row["v"], row["more"], row.get("_malformed")) for number, row in _landed(result).items()
    }


TWO = '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="str"><v>x</v></c></row><row r="4"><c r="B4"><v>2</v></c></row>'


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(TWO, id="as spreadsheet programs do"),
        pytest.param(TWO.replace(' r="2"', "").replace(' r="A2"', "").replace(' r="B2"', ""), id="without references"),
        pytest.param("".join(reversed(re.findall("<row.*?</row>", TWO))), id="rows in another order"),
        pytest.param(
            '<row r="2"><c r="B2" t="str"><v>x</v></c><c r="A2"><v>1</v></c></row><row/><row><c/><c><v>2</v></c></row>',
            id="cells in another order",
        ),
        pytest.param(TWO.replace("</row>", "</row >").replace("</c>", "</c\n>"), id="blanks in end tags"),
        pytest.param(TWO.replace("<", "\n <"). replace("\n </v", "</v"), id="a line for each element"),
        pytest.param(TWO.replace("<c ", "<!-- <row r='3'> --><c ").replace("</row>", "</row><?word <row> ?>"),
                     id="notes"),
        pytest.param(TWO.replace(">x<", "><![CDATA[x]]><").replace(' t="str"><v>', ' t="inlineStr"><is><t>').replace(
            "x]]></v>", "x]]></t></is>"), id="CDATA in a text"),
        pytest.param(TWO.replace(">x<", ">&#120;<"), id="a reference in a text"),
        pytest.param(TWO.replace(">x<", "><!-- y -->x<"), id="a comment in a text"),
        pytest.param(TWO.replace("<v>1", "<f>B2+1</f><v>1"), id="a formula"),
        pytest.param(TWO.replace('"', "'"), id="single quotes"),
        pytest.param(TWO + '<row r="3" s="1"/><row r="5"><c r="A5" s="1"/></row>', id="rows with nothing but a style"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("vocabulary", [MAIN, STRICT])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_what_is_unusual_and_can_be_read_in_one_way_lands(
    tmp_path: Path, rows: str, vocabulary: str, prefix: str
) -> None:
    sheet = sheet_xml(HEADER, rows, start=f'<worksheet xmlns="{vocabulary}">')
    if prefix:
        sheet = re.sub("<(/?)([a-zA-Z]+)", rf"<\1{prefix}\2", sheet).replace("xmlns=", "xmlns:x=")
    result = _read(tmp_path, workbook(sheet, SHARED))
    assert isinstance(result, Written), result
    landed = _landed(result)
    assert {number: (row["id"], row["v"]) for number, row in landed.items()} == {2: ("1", "x"), 4: (None, "2")}
    assert (result.rows, result.reported, result.malformed) == (2, 2, 0)


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2"><v><![CDATA[5]]></v></c>',
        '<c r="B2"><v>5<![CDATA[7]]></v></c>',
        '<c r="B2"><v>5<!-- 3 -->7</v></c>',
        '<c r="B2"><v><?word 3?>57</v></c>',
        '<c r="B2"><v>5&#55;</v></c>',
        '<c r="B2"><v>5</v><v>7</v></c>',
        '<c r="B2"><v>5</v><f>A1</f></c>',
        '<c r="B2"><v>1E-999</v></c>',
        '<c r="B2">5</c>',
        '<c r="B2" t="s"><v> 0 </v></c>',
        '<c r="B2" t="s"><v>-1</v></c>',
        '<c r="B2" t="s"><v>1.0</v></c>',
        '<c r="B2" t="s"><v>3</v></c>',
        '<c r="B2" t="b"><v> 1</v></c>',
        '<c r="B2" t="str"><v><![CDATA[x]]></v></c>',
        '<c r="B2" t="str"><v>x<![CDATA[y]]></v></c>',
        '<c r="B2" t="inlineStr"><v>x</v></c>',
        '<c r="B2" t="inlineStr"><is><t>x</t></is><v>y</v></c>',
        '<c r="B2" t="inlineStr"><is><t>x</t></is><is><t>y</t></is></c>',
        '<c r="B2" t="inlineStr"><is>x<t>y</t></is></c>',
    ],
)
def test_a_value_that_the_reader_does_not_get_makes_its_row_malformed(tmp_path: Path, cell: str) -> None:
    """In a promised column, and in one that is not."""
    others = '<row r="3"><c r="A3"><v>8</v></c></row>'
    row = '<row r="2"><c r="A2"><v>7</v></c>{}</row>'
    assert _rows(tmp_path, row.format(cell), others) == {
        2: ("7", None, None, f"v (cell B2) has {UNREAD}"),
        3: ("8", None, None, None),
    }
    assert _rows(tmp_path, row.format(cell.replace("B2", "C2")), others) == {
        2: ("7", None, None, f"more (cell C2) has {UNREAD}"),
        3: ("8", None, None, None),
    }


@pytest.mark.parametrize("value", ["-1", "-0.5", "60", "60.5"])
def test_a_number_that_is_no_date_is_none(tmp_path: Path, value: str) -> None:
    """The library makes a time of those below zero, and the 28 February 1900 of the day that was not."""
    said = f"v (cell B2) has the number {value} for a date, which is none: mend it in Excel"
    cell = f'<row r="2"><c r="B2" s="{DATE}"><v>{value}</v></c></row>'
    assert _rows(tmp_path, cell, cell.replace("2", "3").replace(value, "59")) == {
        2: (None, None, None, said),
        3: (None, "1900-02-28", None, None),
    }


TWICE = "is there twice, and no reader knows which one counts"
REFUSED = "mend the program that writes it, or deliver it as CSV"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (TWO + TWO[:TWO.index("</row>") + 6], f"row 2 {TWICE}"),
        ('<row r="3"/><row r="3"><c r="A3"><v>1</v></c></row>', f"row 3 {TWICE}"),
        ('<row r="3"></row><row r="2"></row><row><c><v>1</v></c></row>', f"row 3 {TWICE}"),
        ('<row r="2"><c r="B2"><v>1</v></c><c r="B2"><v>2</v></c></row>', f"cell B2 {TWICE}"),
        ('<row r="2"><c r="B2"><v>1</v></c><c r="B2" s="0"/></row>', f"cell B2 {TWICE}"),
        ('<row r="2"><c r="A2"><v>1</v></c><c><v>1</v></c><c r="B2"><v>2</v></c></row>', f"cell B2 {TWICE}"),
        ('<row r="2"><c r="B3"><v>1</v></c></row>', "row 2 has a cell that says it is 'B3'"),
        ('<row r="2"><c r="$B$2"><v>1</v></c></row>', "row 2 has a cell that says it is '$B$2'"),
        ('<row r="2"><c r="XFE2"><v>1</v></c></row>', "row 2 has a cell in column 16385: a sheet has 16384"),
        ('<row r="0"><c><v>1</v></c></row>', "below row 1 is one with the number '0'"),
        ('<row r="B2"><c><v>1</v></c></row>', "below row 1 is one with the number 'B2'"),
        ('<row r="1048577"><c><v>1</v></c></row>', "row 1048577 is none: a sheet has 1048576 rows"),
        ('<row r="2"><c r="B2" t="z"><v>1</v></c></row>', "cell B2 has the type 'z' and the style '0'"),
        ('<row r="2"><c r="B2" s=" 1"><v>1</v></c></row>', "cell B2 has the type 'n' and the style ' 1'"),
        ('<row r="2"><c r="B2"><t>1</t></c></row>', "cell B2 has a <t>, which the reader does not know"),
        ('<row r="2"><c r="&#66;2"><v>1</v></c></row>',
         "below row 1 is an attribute of a row or a cell with a reference (&…;)"),
        ('<row r="2"><row r="3"><c r="A3"><v>1</v></c></row></row>', "below row 2 is a <row> where none can be"),
        ('<row r="2"/><c r="B2"><v>1</v></c>', "below row 2 is a <c> where none can be"),
        ('<any><row r="2"><c r="B2"><v>1</v></c></row></any>', "below row 1 is a <row> where none can be"),
        ('<z:row xmlns:z="urn:z" r="2"><c r="B2"><v>1</v></c></z:row>', "below row 1 is a <row> where none can be"),
        ('</sheetData><sheetData><row r="2"><c r="B2"><v>1</v></c></row>',
         "its rows are in two places (<sheetData>), of which readers take one"),
    ],
)  # fmt: skip
def test_a_sheet_that_can_be_read_in_more_than_one_way_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    result = _read(tmp_path, workbook(sheet_xml(HEADER, rows), SHARED))
    assert isinstance(result, Unread)
    assert result.reason == f"sheet 'Visits': {said}; {REFUSED}"


OTHER_TEXTS = shared_xml("<t>other</t>", "<t>other</t>")
OTHER_BOOK = f'<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>{{}}</sheets></workbook>'
SECOND = f'<Relationship Id="worksheet" Type="{DOCUMENT}/worksheet" Target="sheet.xml"/>'
ONE_SHEET = '<sheet name="Visits" sheetId="1" r:id="worksheet"/>'


LEVELS = 10
LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, LEVELS))
DOCTYPE = f'<!DOCTYPE lolz [<!ENTITY l0 "lol">{LAUGHS}]>'  # 3 GB of laughs once it is unfolded


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/sharedStrings.xml", shared_xml(f"<t>&l{LEVELS - 1};</t>")),
        ("xl/sheet.xml", sheet_xml(HEADER, TWO.replace(">x<", f">&l{LEVELS - 1};<"))),
        ("xl/workbook.xml", OTHER_BOOK.format(ONE_SHEET.replace("Visits", f"&l{LEVELS - 1};"))),
        ("xl/_rels/workbook.xml.rels", related(worksheet=f"&l{LEVELS - 1};")),
        ("xl/styles.xml", styles_xml(0).replace("<numFmts>", f"<numFmts>&l{LEVELS - 1};")),
    ],
)
def test_billion_laughs_are_not_laughed(tmp_path: Path, part: str, content: str) -> None:
    """Whatever part has the bomb, its entities are the reason; the library, which knows none, comes to some first."""
    whole = sheet_xml(HEADER, TWO.replace('t="str"><v>x', 't="s"><v>0'))
    result = _read(tmp_path, workbook(whole, SHARED, {part: DOCTYPE + content}))
    assert isinstance(result, Unread)
    declared = "its XML declares entities, which no spreadsheet program writes; save it again as .xlsx"
    unknown = rf"not a readable Excel file \(at \S+: unrecognized entity `&?l{LEVELS - 1};?`\); .*"
    assert re.fullmatch(f"{declared}|{unknown}", result.reason)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"xl/SharedStrings.xml": OTHER_TEXTS},
            "two parts of it are called 'xl/SharedStrings.xml', and no reader knows which one counts",
        ),
        (
            {"xl/_rels/workbook.xml.rels": related(worksheet="sheet.xml", sharedStrings="texts.xml"),
             "xl/texts.xml": OTHER_TEXTS},
            "its part 'xl/texts.xml' is not where the reader looks, 'xl/sharedStrings.xml'",
        ),
        (
            {"xl/_rels/workbook.xml.rels": related(worksheet="sheet.xml").replace("</", f"{SECOND}</", 1)},
            "two parts of it have the id 'worksheet'",
        ),
        ({"xl/workbook.xml": OTHER_BOOK.format(ONE_SHEET * 2)}, "two of its sheets are called 'Visits'"),
        (
            {"xl/sheet.xml": sheet_xml(HEADER, TWO).encode("utf-16")},
            "its XML is in UTF-16 where the reader takes UTF-8",
        ),
        (
            {"xl/sheet.xml": f'<?xml version="1.0" encoding="latin-1"?>{sheet_xml(HEADER, TWO)}'.encode()},
            "its XML is in latin-1 where the reader takes UTF-8",
        ),
        (
            {"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><any><si><t>x</t></si></any></sst>'},
            "its shared text 0 is where none can be",
        ),
    ],
)  # fmt: skip
def test_a_workbook_with_parts_in_two_places_is_refused(
    tmp_path: Path, more: dict[str, str | bytes], said: str
) -> None:
    result = _read(tmp_path, workbook(sheet_xml(HEADER, TWO), SHARED, more))
    assert isinstance(result, Unread)
    assert result.reason.startswith(said)


def test_what_a_column_that_nobody_promised_has_no_value_for_is_told(tmp_path: Path) -> None:
    content = workbook(
        sheet_xml(
            HEADER,
            '<row r="2"><c r="A2"><v>1</v></c><c r="C2"><v>1234567890123456789</v></c></row>',
            '<row r="3"><c r="A3"><v>2</v></c><c r="C3" t="e"><v>#N/A</v></c></row>',
            '<row r="4"><c r="A4"><v>3</v></c><c r="C4"><v>5</v></c></row>',
        ),
        SHARED,
    )
    result = _read(tmp_path, content)
    assert isinstance(result, Written)
    assert [row["more"] for row in _landed(result).values()] == [None, None, "5"]
    assert result.malformed == 0
    assert result.notes[-1] == (
        "2 cells of 'more', which is not promised, are empty: cell C2 has a number of 19 digits, of which Excel keeps "
        "15: store it as text"
    )


def test_cells_are_named_as_in_excel_where_the_first_columns_have_nothing(tmp_path: Path) -> None:
    header = HEADER.replace('"A1"', '"D1"').replace('"B1"', '"E1"').replace('"C1"', '"F1"')
    cells = '<c r="D2"><v>1</v></c><c r="E2" t="e"><v>#N/A</v></c><c r="F2"><v><![CDATA[5]]></v></c>'
    result = _read(tmp_path, workbook(sheet_xml(header, f'<row r="2">{cells}</row>'), SHARED))
    assert isinstance(result, Written)
    row = _landed(result)[2]
    assert (row["id"], row["v"], row["more"]) == ("1", None, None)
    assert row["_malformed"] == f"v (cell E2) has the error #N/A; more (cell F2) has {UNREAD}"


@pytest.mark.parametrize("place", ["A2", "E2"])
def test_a_lost_value_in_a_column_without_a_name_is_told(tmp_path: Path, place: str) -> None:
    header = HEADER.replace('"A1"', '"D1"').replace('"B1"', '"B1"').replace('"C1"', '"C1"')
    cells = f'<c r="D2"><v>1</v></c><c r="{place}"><v><![CDATA[5]]></v></c>'
    result = _read(tmp_path, workbook(sheet_xml(header, f'<row r="2">{cells}</row>'), SHARED))
    assert isinstance(result, Unread)
    assert result.reason.endswith(f"({place}), which has no name")


def test_a_lost_name_refuses_the_workbook(tmp_path: Path) -> None:
    header = HEADER.replace("<v>more</v>", "<v><![CDATA[more]]></v>")
    result = _read(tmp_path, workbook(sheet_xml(header, TWO), SHARED))
    assert isinstance(result, Unread)
    assert result.reason == f"header (sheet 'Visits', row 1): cell C1 has {UNREAD}"


@pytest.mark.parametrize(
    ("value", "shown"), [("0.0625", "1:30:00"), ("1.0625", "25:30:00"), ("60", "1440:00:00"), ("-0.5", None)]
)
def test_a_duration_has_hours_beyond_a_day_and_none_below_zero(tmp_path: Path, value: str, shown: str | None) -> None:
    cell = f'<row r="2"><c r="B2" s="1"><v>{value}</v></c></row>'
    result = _read(tmp_path, workbook(sheet_xml(HEADER, cell), SHARED, {"xl/styles.xml": styles_xml(0, 201)}))
    assert isinstance(result, Written)
    assert _landed(result)[2]["v"] == shown
    assert result.malformed == (shown is None)


def test_a_duration_that_cannot_be_told_refuses_the_workbook(tmp_path: Path) -> None:
    cell = '<row r="3"><c r="B3" s="1"><v>10000000000</v></c></row>'
    content = workbook(
        sheet_xml(HEADER, TWO.replace('r="4"', 'r="5"').replace("B4", "B5"), cell),
        SHARED,
        {"xl/styles.xml": styles_xml(0, 201)},
    )
    result = _read(tmp_path, content)
    assert isinstance(result, Unread)
    assert result.reason == "sheet 'Visits', row 3: a duration of more than a billion days; mend it in Excel"


def test_a_value_that_only_the_look_sees_is_told_whatever_the_reason() -> None:
    """No such value is known today: this is for the next version of the library."""
    look = Look(rows={2: (1, 2)})
    sheet = excel._Sheet("Visits", None, look, left=0)  # type: ignore[arg-type]
    assert sheet.unread(2, [1.0, ""], ["1", None]) == {1: UNREAD}
    assert sheet.unread(2, [1.0, 2.0], ["1", "2"]) == {}
    assert sheet.nameless(2, ["1", None], width=1) == 1
