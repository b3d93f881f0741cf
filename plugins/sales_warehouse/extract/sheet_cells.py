"""The rows and cells of a sheet, from its XML.

A row is told at a glance where nothing about it is unusual, which costs a tenth of its elements one by one; one with a
formula, an error or no plain value is parsed, and so is every row of a sheet that is written in an unusual way.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from sales_warehouse.extract.outcome import FileRefused

CHUNK = 1 << 20
LONGEST_ROW = 64 << 20  # bytes of XML
_CALCULATE = "open the workbook in Excel, save it and deliver it again"
NO_VALUE = f"a formula without a value: {_CALCULATE}"
NOT_CALCULATED = f"a formula with a value that nobody calculated: {_CALCULATE}"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # a character in a text, ST_Xstring
_NUMBER = re.compile(rb'<row (?:[^<>]*? )?r="([0-9]+)"[^<>]*>')
_VALUE = re.compile(rb"<c( [^<>]*)?>(?:<is>)?<[vt](?: [^<>]*)?>([^<\s_&\x80-\xff][^<]*)<")  # not blank by itself
_SHARED = re.compile(rb'\bt\s*=\s*"s"')
_COLUMN = re.compile(rb'<c r="([A-Z]+)[0-9]+"(?: [^<>]*)?(?<!/)>')  # of a cell with more than a style
_UNUSUAL = (b"<f", b'"e"', b"rPh", b"='", b"<row ", b"<row>")  # of what is inside of a row


@dataclass
class Look:
    """Rows and columns are numbered from 1; `faults` says, by row and column, what is wrong with a cell.

    `rows` have a cell with more than white space in it that is no error; `last_row` and `last_column` are those of any
    cell that has more than a style, for that is how far the library makes room.
    """

    rows: list[int] = field(default_factory=list)
    faults: dict[int, dict[int, str]] = field(default_factory=dict)
    last_row: int = 0
    last_column: int = 0


class Elements:
    """Sees a part of a workbook go by; names are without their prefix."""

    def start(self, name: str, given: dict[str, str]) -> None:
        pass

    def end(self, name: str) -> None:
        pass

    def text(self, data: str) -> None:
        pass


class _Cells(Elements):
    """Follows the rows and cells of a sheet."""

    def __init__(self, blank_texts: set[str], *, calculated: bool = True) -> None:
        self.look = Look()
        self._blank_texts, self._calculated = blank_texts, calculated
        self._row = self._column = 0
        self._columns: set[bytes] = set()  # that rows told at a glance have
        self._has_text = False
        self._kind, self._inside, self._has_formula, self._has_value = "", "", False, False
        self._pieces: list[str] = []

    def glance(self, xml: bytes) -> bool:
        """Take a row from its XML up to its end; tell whether that could be done."""
        start = xml.rfind(b"<row")
        head = _NUMBER.match(xml, start) if start >= 0 else None
        if head is None or b"<!" in xml or b":row" in xml:
            return False
        inside = xml[head.end() :]
        if any(mark in inside for mark in _UNUSUAL) or not self._has_something(inside):
            self._row = int(head[1]) - 1
            _parser(self).Parse(b"<sheet>" + xml[start:] + b"</row></sheet>", True)
            return True
        columns = set(_COLUMN.findall(inside))
        if len(columns) != inside.count(b"</c>"):
            return False
        self._row = int(head[1])
        self.look.rows.append(self._row)
        self.look.last_row = max(self.look.last_row, self._row)
        for column in columns - self._columns:
            self._columns.add(column)
            self.look.last_column = max(self.look.last_column, _column_of(column.decode()))
        return True

    def _has_something(self, xml: bytes) -> bool:
        """Tell whether a cell certainly has more than white space."""
        for attributes, text in (found.groups(b"") for found in _VALUE.finditer(xml)):
            if not _SHARED.search(attributes) or text.decode() not in self._blank_texts:
                return True
        return False

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == "row":
            self._row = int(given["r"]) if given.get("r", "").isdigit() else self._row + 1
            self._column, self._has_text = 0, False
        elif name == "c":
            self._column = _column_of(given.get("r", "")) or self._column + 1
            self._kind, self._inside, self._has_formula, self._has_value = given.get("t", "n"), "", False, False
            self._pieces.clear()
        elif name in ("v", "is", "t", "rPh"):
            self._has_value = True
            self._inside = self._inside or name.removeprefix("is")
        elif name == "f":
            self._has_formula = True

    def end(self, name: str) -> None:
        if name == self._inside:
            self._inside = ""
        elif name == "c":
            self._end_cell("".join(self._pieces))
        elif name == "row" and self._has_text:
            self.look.rows.append(self._row)

    def text(self, data: str) -> None:
        if self._inside in ("v", "t"):
            self._pieces.append(data)

    def _end_cell(self, text: str) -> None:
        if not self._has_value and not self._has_formula and self._kind != "e":
            return
        self.look.last_row = max(self.look.last_row, self._row)
        self.look.last_column = max(self.look.last_column, self._column)
        if fault := self._fault(text.strip()):
            self.look.faults.setdefault(self._row, {})[self._column] = fault
        if self._kind == "s":
            self._has_text |= bool(text) and text not in self._blank_texts
        elif self._kind != "e":
            self._has_text |= not is_blank(text)

    def _fault(self, text: str) -> str | None:
        if self._kind == "e":
            return f"the error {text or 'without a name'}"
        if not self._has_formula:
            return None
        if not text and not (self._kind in ("str", "inlineStr") and self._has_value):  # a text may be empty
            return NO_VALUE
        return None if self._calculated else NOT_CALCULATED


def is_blank(text: str) -> bool:
    return not _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text).strip()


def _column_of(place: str) -> int:
    """Return the number of a column from a place such as C7; 0 where it says none."""
    number = 0
    for letter in place.rstrip("0123456789"):
        number = number * 26 + ord(letter.upper()) - ord("A") + 1
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


def read_cells(archive: zipfile.ZipFile, part: str, blank_texts: set[str], *, calculated: bool = True) -> Look:
    """Return what a sheet holds; `blank_texts` are the numbers of the shared texts with nothing but white space.

    `calculated` tells whether the values of formulas are what they were calculated to be.
    """
    cells = _Cells(blank_texts, calculated=calculated)
    if not _read_at_a_glance(archive, part, cells):
        cells = _Cells(blank_texts, calculated=calculated)
        parse(archive, part, cells)
    return cells.look


def _read_at_a_glance(archive: zipfile.ZipFile, part: str, cells: _Cells) -> bool:
    """Follow the rows; tell whether the sheet is written in the usual way."""
    with _whole_parts(), archive.open(part) as source:
        rest = b""
        for chunk in _chunks(source):
            *rows, rest = (rest + chunk).split(b"</row>")
            for row in rows:
                if not cells.glance(row):
                    return False
            if len(rest) > LONGEST_ROW:
                return False
    return b"<!" not in rest and b":row" not in rest


def parse(archive: zipfile.ZipFile, part: str, elements: Elements) -> None:
    """Show every element of a part; raise FileRefused when it is not whole."""
    parser = _parser(elements)
    with _whole_parts(), archive.open(part) as source:
        for chunk in _chunks(source):
            parser.Parse(chunk)
        parser.Parse(b"", True)


def _parser(elements: Elements) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, given: elements.start(name.rpartition(":")[2], given)
    parser.EndElementHandler = lambda name: elements.end(name.rpartition(":")[2])
    parser.CharacterDataHandler = elements.text
    parser.EntityDeclHandler = _refuse_entities
    return parser


@contextmanager
def _whole_parts() -> Iterator[None]:
    try:
        yield
    except (expat.ExpatError, KeyError, zipfile.BadZipFile) as error:
        raise FileRefused(f"not a whole Excel file ({error}); was it cut off? ask for it again") from error


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _refuse_entities(*_: object) -> None:
    raise FileRefused("its XML declares entities, which no spreadsheet program writes; save it again as .xlsx")
