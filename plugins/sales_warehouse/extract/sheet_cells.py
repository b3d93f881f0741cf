"""The rows and cells of a sheet, element by element: which of them have a value, and which one not to trust.

A sheet in which a row or a cell is there twice, or is anywhere but in its place (ECMA-376 part 1, 18.3.1), is refused.
A cell whose value is written in a way that the reader may not follow is noted with its text, or with what is wrong.
"""

from __future__ import annotations

import codecs
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, NamedTuple
from xml.parsers import expat

from sales_warehouse.extract.outcome import FileRefused

CHUNK, LONGEST_TAG = 1 << 20, 1 << 12  # bytes
LONG_NUMBER = 300  # digits; no double is smaller than 10 to the power of -324
MOST_ROWS, MOST_COLUMNS = 1 << 20, 1 << 14
MOST_MERGED = 100_000
SPREADSHEET = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
KNOWN_ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")  # to the reader
_CALCULATE = "open the workbook in Excel, save it and deliver it again"
NO_VALUE = f"a formula without a value: {_CALCULATE}"
NOT_CALCULATED = f"a formula with a value that nobody calculated: {_CALCULATE}"
UNREAD = f"a value that is not written as Excel writes it, so that it cannot be read: {_CALCULATE}"
_MEND = "mend the program that writes it, or deliver it as CSV"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # a character in a text, ST_Xstring
_KINDS = ("n", "s", "b", "e", "str", "inlineStr", "d")
_TEXTS = ("str", "inlineStr")
_CELL = re.compile("([A-Za-z]{1,3})([1-9][0-9]{0,6})")
_RANGE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6}):([A-Z]{1,3})([1-9][0-9]{0,6})")
_ROW, _STYLE = re.compile("[1-9][0-9]{0,6}"), re.compile("0|[1-9][0-9]{0,5}")
_REFERENCE = re.compile(rb"<(?:[^\s<>/:]*:)?(?:row|c)\s[^<]*&")
_PLAIN = {"s": re.compile("[0-9]{1,9}"), "b": re.compile("0|1|true|false")}
_CELL_PATH = ["worksheet", "sheetData", "row", "c"]
_ROW_PATH = _CELL_PATH[:3]
_MERGED_PATH = ["worksheet", "mergeCells", "mergeCell"]
_ORDERS = ((), ("v",), ("f",), ("f", "v"), ("is",), ("f", "is"))  # of what is in a cell


class Range(NamedTuple):
    """A part of a sheet, its first and its last cell included."""

    row: int
    column: int
    last_row: int
    last_column: int

    def __str__(self) -> str:
        return f"{place_of(self.row, self.column)}:{place_of(self.last_row, self.last_column)}"


@dataclass
class Look:
    """What a sheet holds; rows and columns are numbered from 1.

    `rows` are those with a cell that has more than white space and is no error, with the columns of such cells, in
    order. `faults` says, by row and column, which cells have no value and why, `unread` which have one that the reader
    does not get. `texts` has the text of cells that it perhaps gets, `no_dates` are numbers that are no date, whatever
    their style is. `last_row` and `last_column` are those of any cell that has more than a style, for that is how far
    the reader makes room. `merged` has the merged cells, in the columns of Excel.
    """

    rows: dict[int, tuple[int, ...]] = field(default_factory=dict)
    faults: dict[int, dict[int, str]] = field(default_factory=dict)
    unread: dict[int, dict[int, str]] = field(default_factory=dict)
    texts: dict[int, dict[int, str]] = field(default_factory=dict)
    no_dates: dict[int, dict[int, str]] = field(default_factory=dict)
    last_row: int = 0
    last_column: int = 0
    merged: list[Range] = field(default_factory=list)

    def merge(self, reference: str) -> None:
        """Note a merged cell such as A2:A4, of which only the first cell has a value."""
        if found := _RANGE.fullmatch(reference):
            first, last = (column_of(found[1]), int(found[2])), (column_of(found[3]), int(found[4]))
            self.merged.append(Range(first[1], first[0], last[1], last[0]))
        if len(self.merged) > MOST_MERGED:
            raise FileRefused(f"a sheet with more than {MOST_MERGED:,} merged cells; deliver it as CSV")

    def moved(self, left: int) -> Look:
        """Return it with columns that are counted from the one after the first `left`."""
        if not left:
            return self
        rows = {row: tuple(column - left for column in columns) for row, columns in self.rows.items()}
        faults, unread, texts, no_dates = (
            {row: {column - left: what for column, what in cells.items()} for row, cells in where.items()}
            for where in (self.faults, self.unread, self.texts, self.no_dates)
        )
        return Look(rows, faults, unread, texts, no_dates, self.last_row, self.last_column, self.merged)


@dataclass(frozen=True)
class Book:
    """What the other parts of a workbook say of the cells of a sheet.

    `blank_texts` are the numbers of the shared texts with nothing but white space, `odd_texts` those that are not
    written as usual, with their text. `date_styles` are the styles that may make a date of a number. `is_calculated`
    tells whether the values of formulas are what they were calculated to be.
    """

    blank_texts: frozenset[str] = frozenset()
    odd_texts: dict[str, str] = field(default_factory=dict)
    date_styles: frozenset[str] = frozenset()
    is_calculated: bool = True


class Elements:
    """Sees a part of a workbook go by; names of its own vocabulary are bare, others have theirs before a space."""

    parser: expat.XMLParserType

    def ahead(self, xml: bytes) -> None:
        """See the bytes of the elements that come next."""

    def start(self, name: str, given: dict[str, str]) -> None:
        pass

    def end(self, name: str) -> None:
        pass

    def text(self, data: str) -> None:
        pass

    def markup(self) -> None:
        """See a comment, a processing instruction or the start of a CDATA section."""


@dataclass(slots=True)
class _Cell:
    """A cell as far as it was seen. `begins` is where the text of its value does, in bytes."""

    column: int
    kind: str
    style: str
    parts: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    begins: int | None = None
    is_odd: bool = False

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def has_value(self) -> bool:
        return "v" in self.parts or "is" in self.parts


class Cells(Elements):
    """Follows the rows and cells of the sheet named `sheet`."""

    def __init__(self, sheet: str, book: Book) -> None:
        self.look = Look()
        self.book = book
        self.row = 0
        self._sheet, self._tail = sheet, b""
        self._path: list[str] = []
        self._has_rows = False
        self._seen = bytearray(MOST_ROWS + 1)
        self._shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._columns: set[int] = set()  # of the row so far
        self._filled: list[int] = []
        self._column = 0
        self._cell: _Cell | None = None

    def take_row(self, row: int) -> None:
        """Go on to a row; raise FileRefused when it was there before or there can be none."""
        if not 0 < row <= MOST_ROWS:
            raise self._refused(f"row {row} is none: a sheet has {MOST_ROWS} rows")
        if self._seen[row]:
            raise self._refused(f"row {row} is there twice, and no reader knows which one counts")
        self._seen[row] = 1
        self.row = row

    def fill(self, filled: tuple[int, ...]) -> None:
        """Note which columns of the row have a value."""
        if filled:
            self.look.rows[self.row] = self._shapes.setdefault(filled, filled)

    def doubt(self, columns: Iterable[int]) -> None:
        """Note which columns of the row have a value of a formula that nobody calculated."""
        self.look.faults.setdefault(self.row, {}).update(dict.fromkeys(columns, NOT_CALCULATED))

    def make_room(self, column: int) -> None:
        self.look.last_row = max(self.look.last_row, self.row)
        self.look.last_column = max(self.look.last_column, column)

    def doubled(self, columns: Sequence[int]) -> FileRefused:
        """Return why the row cannot be taken in which a column is there twice."""
        column = next(column for place, column in enumerate(columns) if column in columns[:place])
        return self._refused(f"cell {place_of(self.row, column)} is there twice, and no reader knows which one counts")

    def take_rows(self, xml: bytes) -> None:
        """Follow some rows by themselves. Raises expat.ExpatError when they are no rows."""
        self._path, self._has_rows, self._tail = ["worksheet"], False, b""
        self.ahead(xml)
        _parser(self, namespaces=False).Parse(b"<sheetData>" + xml + b"</sheetData>", True)

    def ahead(self, xml: bytes) -> None:
        """Raise FileRefused for attributes with references, which the reader leaves as they are."""
        if _REFERENCE.search(self._tail + xml):
            raise self._refused(f"below row {self.row} is an attribute of a row or a cell with a reference (&…;)")
        self._tail = xml[-LONGEST_TAG:]

    def start(self, name: str, given: dict[str, str]) -> None:
        path, cell = self._path, self._cell
        path.append(name)
        if cell:
            self._start_in_cell(cell, name)
        elif name == "c" and path == _CELL_PATH:
            self._cell = self._start_cell(given)
        elif name == "row" and path == _ROW_PATH:
            self._start_row(given)
        elif name == "mergeCell" and path == _MERGED_PATH:
            self.look.merge(given.get("ref", ""))
        elif name == "sheetData" and path == _ROW_PATH[:2]:
            self._start_rows()
        elif (kind := name.rpartition(" ")[2]) == "sheetData" or (kind in ("row", "c") and "sheetData" in path):
            raise self._refused(f"below row {self.row} is a <{kind}> where none can be")

    def end(self, name: str) -> None:
        path, cell = self._path, self._cell
        path.pop()
        if not cell:
            if name == "row" and path == _ROW_PATH[:2]:
                self.fill(tuple(sorted(self._filled)))
        elif len(path) == 3:
            self._end_cell(cell)
            self._cell = None
        elif name == "v" and len(path) == 4 and cell.kind not in _TEXTS:
            written = 0 if cell.begins is None else self.parser.CurrentByteIndex - cell.begins
            cell.is_odd |= written != len(cell.text.encode())

    def text(self, data: str) -> None:
        cell, path = self._cell, self._path
        if not cell or path[4:5] == ["f"] or "rPh" in path:
            return
        if "v" in path or "t" in path:
            if cell.begins is None:
                cell.begins = self.parser.CurrentByteIndex
            cell.pieces.append(data)
        elif data.strip():
            cell.is_odd = True
            cell.pieces.append(data)

    def markup(self) -> None:
        if self._cell and ("v" in self._path or "t" in self._path):
            self._cell.is_odd = True

    def _start_rows(self) -> None:
        if self._has_rows:
            raise self._refused("its rows are in two places (<sheetData>), of which readers take one")
        self._has_rows = True

    def _start_row(self, given: dict[str, str]) -> None:
        said = given.get("r")
        if said is not None and not _ROW.fullmatch(said):
            raise self._refused(f"below row {self.row} is one with the number {said!r}")
        self.take_row(int(said) if said else self.row + 1)
        self._column = 0
        self._columns.clear()
        self._filled.clear()

    def _start_cell(self, given: dict[str, str]) -> _Cell:
        said = given.get("r")
        found = None if said is None else _CELL.fullmatch(said)
        if said is not None and (not found or int(found[2]) != self.row):
            raise self._refused(f"row {self.row} has a cell that says it is {said!r}")
        self._column = column_of(found[1]) if found else self._column + 1
        if self._column > MOST_COLUMNS:
            raise self._refused(f"row {self.row} has a cell in column {self._column}: a sheet has {MOST_COLUMNS}")
        if self._column in self._columns:
            raise self.doubled([self._column] * 2)
        self._columns.add(self._column)
        cell = _Cell(self._column, given.get("t", "n"), given.get("s", "0"))
        if cell.kind not in _KINDS or not _STYLE.fullmatch(cell.style):
            raise self._refused(f"cell {self._place(cell)} has the type {cell.kind!r} and the style {cell.style!r}")
        return cell

    def _start_in_cell(self, cell: _Cell, name: str) -> None:
        if len(self._path) == 5:
            if name not in ("v", "f", "is"):
                raise self._refused(f"cell {self._place(cell)} has a <{name}>, which the reader does not know")
            cell.parts.append(name)
        elif self._path[-2] in ("v", "t"):
            cell.is_odd = True

    def _end_cell(self, cell: _Cell) -> None:
        text = cell.text
        if not cell.parts and not text and cell.kind != "e":
            return
        self.make_room(cell.column)
        if fault := self._fault(cell, text):
            self._note(self.look.faults, cell, fault)
        number = str(int(text)) if cell.kind == "s" and _PLAIN["s"].fullmatch(text) else ""
        if cell.kind == "e" or is_blank(text) or number in self.book.blank_texts:
            return
        self._filled.append(cell.column)
        is_odd = cell.is_odd or tuple(cell.parts) not in _ORDERS or ("is" in cell.parts) != (cell.kind == "inlineStr")
        if cell.kind in _TEXTS:
            if is_odd:
                self._note(self.look.texts, cell, text)
        elif is_odd or (cell.kind in _PLAIN and not _PLAIN[cell.kind].fullmatch(text)) or _vanishes(cell.kind, text):
            self._note(self.look.unread, cell, UNREAD)
        elif number in self.book.odd_texts:
            self._note(self.look.texts, cell, self.book.odd_texts[number])
        elif cell.style in self.book.date_styles and is_no_date(text):
            self._note(self.look.no_dates, cell, text)

    def _fault(self, cell: _Cell, text: str) -> str | None:
        if cell.kind == "e":
            if text and text not in KNOWN_ERRORS:
                raise FileRefused(
                    f"sheet {self._sheet!r}: cell {self._place(cell)} has an error that the reader does not know, "
                    f"{text!r}; mend it in Excel"
                )
            return f"the error {text or 'without a name'}"
        if "f" not in cell.parts:
            return None
        if not text.strip() and not (cell.kind in _TEXTS and cell.has_value):  # a text may be empty
            return NO_VALUE
        return None if self.book.is_calculated else NOT_CALCULATED

    def _note(self, where: dict[int, dict[int, str]], cell: _Cell, what: str) -> None:
        where.setdefault(self.row, {})[cell.column] = what

    def _place(self, cell: _Cell) -> str:
        return place_of(self.row, cell.column)

    def _refused(self, why: str) -> FileRefused:
        return FileRefused(f"sheet {self._sheet!r}: {why}; {_MEND}")


def _vanishes(kind: str, text: str) -> bool:
    """Tell whether a number is so small that a double makes a zero of it."""
    if kind != "n" or (len(text) < LONG_NUMBER and "e" not in text.lower()):
        return False
    try:
        return not float(text) and any(digit in "123456789" for digit in text.lower().partition("e")[0])
    except ValueError:
        return False


def is_no_date(text: str) -> bool:
    """Tell whether a number cannot be a day or a time: it is below zero, or the 29 February that 1900 did not have."""
    try:
        return float(text) < 0 or 60 <= float(text) < 61
    except ValueError:
        return False


def plain(text: str) -> str:
    """Return a text with its escaped characters."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def is_blank(text: str) -> bool:
    stripped = text.strip()
    return not stripped or ("_x" in stripped and not plain(stripped).strip())


def column_of(letters: str) -> int:
    """Return the number of a column such as AB."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def place_of(row: int, column: int) -> str:
    """Return what Excel calls a cell, such as C7."""
    return f"{letters_of(column)}{row}"


def letters_of(column: int) -> str:
    """Return what Excel calls a column, such as AB."""
    letters = ""
    while column:
        column, place = divmod(column - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


def parse(archive: zipfile.ZipFile, part: str, elements: Elements) -> None:
    """Show every element of a part; raise FileRefused when it is not whole."""
    parser = _parser(elements, namespaces=True)
    with whole_parts(), archive.open(part) as source:
        for chunk in chunks(source):
            if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                _refuse_encodings("", "UTF-16", 0)
            elements.ahead(chunk)
            parser.Parse(chunk)
        parser.Parse(b"", True)


def _parser(elements: Elements, *, namespaces: bool) -> expat.XMLParserType:
    """Return a parser; rows by themselves have prefixes that they do not declare."""
    parser, names = expat.ParserCreate(namespace_separator=" " if namespaces else None), _Names()
    parser.StartElementHandler = lambda name, given: elements.start(names[name], given)
    parser.EndElementHandler = lambda name: elements.end(names[name])
    parser.CharacterDataHandler = elements.text
    parser.CommentHandler = lambda _: elements.markup()
    parser.ProcessingInstructionHandler = lambda *_: elements.markup()
    parser.StartCdataSectionHandler = elements.markup
    parser.EntityDeclHandler = _refuse_entities
    parser.XmlDeclHandler = _refuse_encodings
    elements.parser = parser
    return parser


class _Names(dict[str, str]):
    """Names of elements as the parser gives them, to those that `Elements` sees."""

    def __missing__(self, name: str) -> str:
        vocabulary, _, bare = name.rpartition(" ")
        return self.setdefault(name, bare if vocabulary in SPREADSHEET else name)


@contextmanager
def whole_parts() -> Iterator[None]:
    try:
        yield
    except (expat.ExpatError, KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise FileRefused(f"not a whole Excel file ({error}); was it cut off? ask for it again") from error


def chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _refuse_entities(*_: object) -> None:
    raise FileRefused("its XML declares entities, which no spreadsheet program writes; save it again as .xlsx")


def _refuse_encodings(_: str, encoding: str | None, __: int) -> None:
    if encoding and encoding.lower() not in ("utf-8", "us-ascii"):
        raise FileRefused(f"its XML is in {encoding} where the reader takes UTF-8; save it again as .xlsx")
