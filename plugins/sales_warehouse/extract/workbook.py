"""What a sheet holds by its own bytes: a second look beside the reader, at its rows and its cells without a value.

An .xlsx is looked at in its XML (ECMA-376 part 1, 18.3.1: a cell has a value in `v` or a text in `is`, a formula in
`f`; a shared text is in a part of its own), an .xls by xlrd. Nothing is held but the numbers of rows.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.parsers import expat

from sales_warehouse.extract.outcome import FileRefused

CHUNK = 1 << 20
NO_VALUE = "a formula without a value: open the workbook in Excel, save it and deliver it again"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # a character in a text, ST_Xstring


@dataclass
class Look:
    """Rows and columns are numbered from 1; `faults` says, by row and column, what is wrong with a cell.

    `rows` have a cell with a fault or with more than white space in it; `farthest` is the last row and the last column
    of any cell that is not bare.
    """

    rows: list[int] = field(default_factory=list)
    faults: dict[int, dict[int, str]] = field(default_factory=dict)
    last_row: int = 0
    last_column: int = 0


def look_at(file: Path, sheet: str) -> Look:
    """Return what a sheet holds.

    Raises FileRefused for a workbook that nothing here can look at, and for XML that declares entities, which no
    spreadsheet program writes.
    """
    if not zipfile.is_zipfile(file):
        return _look_at_xls(file, sheet)
    with zipfile.ZipFile(file) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise FileRefused("neither .xlsx nor .xls: its rows cannot be counted a second time; save it as .xlsx")
        cells = _Cells(_blank_shared_texts(archive))
        _parse(archive, _part_of(archive, sheet), cells)
        return cells.look


def _look_at_xls(file: Path, sheet: str) -> Look:
    import xlrd  # seldom needed

    look = Look()
    try:
        with xlrd.open_workbook(str(file), on_demand=True, logfile=io.StringIO()) as book:
            for row, cells in enumerate(book.sheet_by_name(sheet).get_rows(), 1):
                faults = {
                    column: f"the error {xlrd.error_text_from_code.get(cell.value, cell.value)}"
                    for column, cell in enumerate(cells, 1)
                    if cell.ctype == xlrd.XL_CELL_ERROR
                }
                if faults:
                    look.faults[row] = faults
                if faults or any(str(cell.value).strip() for cell in cells):
                    look.rows.append(row)
    except xlrd.XLRDError as error:
        raise FileRefused(f"not a readable Excel file ({error}); was it cut off? ask for it again") from error
    return look


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    relations, sheets = _Attributes("Relationship"), _Attributes("sheet")
    _parse(archive, "xl/_rels/workbook.xml.rels", relations)
    _parse(archive, "xl/workbook.xml", sheets)
    targets = {given.get("Id", ""): given.get("Target", "") for given in relations.found}
    for given in sheets.found:
        if given.get("name") == sheet:
            reference = next((value for key, value in given.items() if key.endswith(":id")), "")
            target = targets.get(reference, "")
            return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
    raise FileRefused(f"the workbook does not say where the sheet {sheet!r} is; save it again as .xlsx")


def _blank_shared_texts(archive: zipfile.ZipFile) -> set[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return set()
    texts = _SharedTexts()
    _parse(archive, "xl/sharedStrings.xml", texts)
    return {str(number) for number in texts.blank}


class _Elements:
    """Sees a part of a workbook go by; names are without their prefix."""

    def start(self, name: str, given: dict[str, str]) -> None:
        pass

    def end(self, name: str) -> None:
        pass

    def text(self, data: str) -> None:
        pass


class _Attributes(_Elements):
    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.found: list[dict[str, str]] = []

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == self.wanted:
            self.found.append(given)


class _SharedTexts(_Elements):
    """Notes the shared texts that are blank; how a text is pronounced (`rPh`) is no part of it."""

    def __init__(self) -> None:
        self.blank: list[int] = []
        self._number, self._pieces, self._inside = 0, [""], ""

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == "si":
            self._pieces = []
        if name in ("t", "rPh"):
            self._inside = self._inside or name

    def end(self, name: str) -> None:
        if name == self._inside:
            self._inside = ""
        if name == "si":
            if _is_blank("".join(self._pieces)):
                self.blank.append(self._number)
            self._number += 1

    def text(self, data: str) -> None:
        if self._inside == "t":
            self._pieces.append(data)


class _Cells(_Elements):
    """Follows the rows and cells of a sheet."""

    def __init__(self, blank_texts: set[str]) -> None:
        self.look = Look()
        self._blank_texts = blank_texts
        self._row = self._column = 0
        self._has_text = False
        self._kind, self._inside, self._has_formula = "", "", False
        self._pieces: list[str] = []

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
        if not text and not self._has_formula:
            return
        look.last_row, look.last_column = max(look.last_row, self._row), max(look.last_column, self._column)
        if self._kind == "e":
            look.faults.setdefault(self._row, {})[self._column] = f"the error {text.strip()}"
        elif self._has_formula and self._kind == "n" and not text.strip():
            look.faults.setdefault(self._row, {})[self._column] = NO_VALUE
        elif text in self._blank_texts if self._kind == "s" else _is_blank(text):
            return
        self._has_text = True


def _is_blank(text: str) -> bool:
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


def _parse(archive: zipfile.ZipFile, part: str, elements: _Elements) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, given: elements.start(name.rpartition(":")[2], given)
    parser.EndElementHandler = lambda name: elements.end(name.rpartition(":")[2])
    parser.CharacterDataHandler = elements.text
    parser.EntityDeclHandler = _refuse_entities
    try:
        with archive.open(part) as source:
            for chunk in _chunks(source):
                parser.Parse(chunk)
        parser.Parse(b"", True)
    except (expat.ExpatError, KeyError, zipfile.BadZipFile) as error:
        raise FileRefused(f"not a whole Excel file ({error}); was it cut off? ask for it again") from error


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _refuse_entities(*_: object) -> None:
    raise FileRefused("its XML declares entities, which no spreadsheet program writes; save it again as .xlsx")
