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
NO_VALUE = "a formula without a value: open the workbook in Excel, save it and deliver it again"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # a character in a text, ST_Xstring
_NUMBER = re.compile(rb'<row (?:[^<>]*? )?r="([0-9]+)"[^<>]*>')
_SOMETHING = re.compile(rb"<[vt](?: [^<>]*)?>[^<\s_&\x80-\xff]")
_PLACE = re.compile(rb'<c (?:[^<>]*? )?r="([A-Z]+)[0-9]+"')
_UNUSUAL = (b"<f", b'"e"', b"rPh", b"='", b"<row ", b"<row>")  # of what is inside of a row


@dataclass
class Look:
    """Rows and columns are numbered from 1; `faults` says, by row and column, what is wrong with a cell.

    `rows` have a cell with a fault or with more than white space in it; `last_row` and `last_column` are those of any
    cell that has more than a style.
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

    def __init__(self, blank_texts: set[str]) -> None:
        self.look = Look()
        self._blank_texts = blank_texts
        self._row = self._column = 0
        self._has_text = False
        self._kind, self._inside, self._has_formula = "", "", False
        self._pieces: list[str] = []

    def glance(self, xml: bytes) -> bool:
        """Take a row from its XML up to its end; tell whether that could be done."""
        start = xml.rfind(b"<row")
        head = _NUMBER.match(xml, start) if start >= 0 else None
        if head is None or b"<!" in xml or b":row" in xml:
            return False
        inside = xml[head.end() :]
        if self._blank_texts or any(mark in inside for mark in _UNUSUAL) or not _SOMETHING.search(inside):
            self._row = int(head[1]) - 1
            _parser(self).Parse(b"<sheet>" + xml[start:] + b"</row></sheet>", True)
            return True
        last = _PLACE.match(inside, inside.rfind(b"<c ", 0, inside.rfind(b"</c>")))
        if last is None:
            return False
        self._row = int(head[1])
        self.look.rows.append(self._row)
        self.look.last_row = max(self.look.last_row, self._row)
        self.look.last_column = max(self.look.last_column, _column_of(last[1].decode()))
        return True

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == "row":
            self._row = int(given["r"]) if given.get("r", "").isdigit() else self._row + 1
            self._column, self._has_text = 0, False
        elif name == "c":
            self._column = _column_of(given.get("r", "")) or self._column + 1
            self._kind, self._inside, self._has_formula = given.get("t", "n"), "", False
            self._pieces.clear()
        elif name in ("v", "t", "rPh"):
            self._inside = self._inside or name
        elif name == "f":
            self._has_formula = True

    def end(self, name: str) -> None:
        if name == self._inside:
            self._inside = ""
        elif name == "c":
            self._end_cell("".join(self._pieces))
        elif name == "row" and (self._has_text or self._row in self.look.faults):
            self.look.rows.append(self._row)

    def text(self, data: str) -> None:
        if self._inside in ("v", "t"):
            self._pieces.append(data)

    def _end_cell(self, text: str) -> None:
        look = self.look
        if not text and not self._has_formula and self._kind != "str":
            return
        look.last_row, look.last_column = max(look.last_row, self._row), max(look.last_column, self._column)
        if self._kind == "e":
            look.faults.setdefault(self._row, {})[self._column] = f"the error {text.strip()}"
        elif self._has_formula and self._kind == "n" and not text.strip():
            look.faults.setdefault(self._row, {})[self._column] = NO_VALUE
        elif text in self._blank_texts if self._kind == "s" else is_blank(text):
            return
        self._has_text = True


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
    letters = ""
    while column:
        column, place = divmod(column - 1, 26)
        letters = chr(ord("A") + place) + letters
    return f"{letters}{row}"


def read_cells(archive: zipfile.ZipFile, part: str, blank_texts: set[str]) -> Look:
    """Return what a sheet holds; `blank_texts` are the numbers of the shared texts with nothing but white space."""
    cells = _Cells(blank_texts)
    if not _read_at_a_glance(archive, part, cells):
        cells = _Cells(blank_texts)
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
