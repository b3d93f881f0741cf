"""What a sheet holds by its own bytes: a second look beside the reader, at its rows and at which cells have a value.

An .xlsx is looked at in its XML (ECMA-376 part 1, 18.3.1: a cell has a value in `v` or a text in `is`, a formula in
`f`; a shared text is in a part of its own), an .xls by xlrd.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from pathlib import Path
from typing import Any

from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.sheet_cells import Book, Elements, Look, Range, is_blank, is_no_date, parse
from sales_warehouse.extract.sheet_rows import read_cells

WORKBOOK, TEXTS, STYLES = "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"
_PLACES = {"officeDocument": WORKBOOK, "sharedStrings": TEXTS, "styles": STYLES}  # where the reader takes them from
_NUMBERS = frozenset(map(str, [*range(14), *range(37, 45), 48, 49]))  # formats of 18.8.30 that make no date
_AS_IT_IS = re.compile(r'"[^"]*"|[\\_*].|\[(?![hms])[^\]]*\]', re.IGNORECASE)  # of a format, beside its codes
_DATE = re.compile("[dmyhs]|a/p", re.IGNORECASE)
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_SAVE = "save it again as .xlsx"


def look_at(file: Path, sheet: str) -> Look:
    """Return what a sheet holds.

    Raises FileRefused for a workbook that nothing here can look at, or that can be read in more than one way, and for
    XML that declares entities, which no spreadsheet program writes.
    """
    if not zipfile.is_zipfile(file):
        return _look_at_xls(file, sheet)
    with zipfile.ZipFile(file) as archive:
        parts = _Parts(archive)
        if WORKBOOK not in parts:
            raise FileRefused("neither .xlsx nor .xls: its rows cannot be counted a second time; save it as .xlsx")
        part, texts = _part_of(parts, sheet), _SharedTexts()
        if TEXTS in parts:
            parts.parse(TEXTS, texts)
        book = Book(frozenset(texts.blank), texts.odd, _date_styles(parts), _is_calculated(parts))
        return read_cells(archive, parts.name(part), sheet, book)


def _look_at_xls(file: Path, sheet: str) -> Look:
    import xlrd  # seldom needed

    look = Look()
    try:
        with xlrd.open_workbook(str(file), on_demand=True, formatting_info=True, logfile=io.StringIO()) as book:
            there = book.sheet_by_name(sheet)
            look.merged += [Range(top + 1, left + 1, end, right) for top, end, left, right in there.merged_cells]
            for row, cells in enumerate(there.get_rows(), 1):
                numbered = list(enumerate(cells, 1))
                faults = {
                    column: f"the error {xlrd.error_text_from_code.get(cell.value, cell.value)}"
                    for column, cell in numbered
                    if cell.ctype == xlrd.XL_CELL_ERROR
                }
                if faults:
                    look.faults[row] = faults
                if filled := tuple(column for column, cell in numbered if column not in faults and _has_text(cell)):
                    look.rows[row] = filled
                dates = ((column, str(cell.value)) for column, cell in numbered if cell.ctype == xlrd.XL_CELL_DATE)
                if no_dates := {column: value for column, value in dates if is_no_date(value)}:
                    look.no_dates[row] = no_dates
    except xlrd.XLRDError as error:
        raise FileRefused(f"not a readable Excel file ({error}); was it cut off? ask for it again") from error
    return look


def _has_text(cell: Any) -> bool:
    return bool(str(cell.value).strip())


class _Parts:
    """The parts of a workbook by their names, in which upper and lower case do not count."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names: dict[str, str] = {}
        for name in archive.namelist():
            if _folded(name) in self._names:
                raise FileRefused(f"two parts of it are called {name!r}, and no reader knows which one counts; {_SAVE}")
            self._names[_folded(name)] = name

    def __contains__(self, part: str) -> bool:
        return _folded(part) in self._names

    def name(self, part: str) -> str:
        return self._names.get(_folded(part), part)

    def parse(self, part: str, elements: Elements) -> None:
        parse(self._archive, self.name(part), elements)

    def related(self, part: str) -> dict[str, str]:
        """Return which parts belong to a part, by their ids. Raises FileRefused when the reader takes others."""
        folder, _, name = part.rpartition("/")
        relations = _Attributes("Relationship")
        self.parse(posixpath.join(folder, "_rels", f"{name}.rels"), relations)
        found: dict[str, str] = {}
        for given in relations.found:
            identity, target = given.get("Id", ""), _absolute(folder, given.get("Target", ""))
            place = _PLACES.get(given.get("Type", "").rpartition("/")[2], target)
            if _folded(place) != _folded(target):
                raise FileRefused(f"its part {target!r} is not where the reader looks, {place!r}; {_SAVE}")
            if identity in found:
                raise FileRefused(f"two parts of it have the id {identity!r}; {_SAVE}")
            found[identity] = target
        return found


def _folded(name: str) -> str:
    return name.replace("\\", "/").casefold()


def _absolute(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _part_of(parts: _Parts, sheet: str) -> str:
    if "_rels/.rels" in parts:
        parts.related("")
    targets, sheets = parts.related(WORKBOOK), _Attributes("sheet")
    parts.parse(WORKBOOK, sheets)
    named = [given for given in sheets.found if given.get("name") == sheet]
    if len(named) > 1:
        raise FileRefused(f"two of its sheets are called {sheet!r}; give one of them another name")
    for given in named:
        reference = next((value for key, value in given.items() if key.endswith(" id")), "")
        if reference in targets:
            return targets[reference]
    raise FileRefused(f"the workbook does not say where the sheet {sheet!r} is; {_SAVE}")


def _is_calculated(parts: _Parts) -> bool:
    """Tell whether formulas have their own values (18.2.2); libraries write any, and that Excel has to calculate."""
    properties = _Attributes("calcPr")
    parts.parse(WORKBOOK, properties)
    return not any(
        given.get("fullCalcOnLoad") in ("1", "true") or given.get("calcCompleted") in ("0", "false")
        for given in properties.found
    )


def _date_styles(parts: _Parts) -> frozenset[str]:
    """Return the numbers of the styles that may make a date or a time of a number."""
    styles = _Styles()
    if STYLES in parts:
        parts.parse(STYLES, styles)
    return frozenset(str(number) for number, used in enumerate(styles.used) if _may_be_date(used, styles.codes))


def _may_be_date(used: str, codes: dict[str, str]) -> bool:
    if used not in codes:
        return used not in _NUMBERS
    return bool(_DATE.search(_AS_IT_IS.sub("", codes[used])))


class _Attributes(Elements):
    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.found: list[dict[str, str]] = []

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == self.wanted or name == f"{PACKAGE} {self.wanted}":
            self.found.append(given)


class _Styles(Elements):
    """Notes the codes of formats by their numbers, and of each style of a cell which one it has."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}
        self.used: list[str] = []
        self._path: list[str] = []

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == "numFmt" and self._path[1:] == ["numFmts"]:
            self.codes[given.get("numFmtId", "")] = given.get("formatCode", "")
        elif name == "xf" and self._path[1:] == ["cellXfs"]:
            self.used.append(given.get("numFmtId", "0"))
        self._path.append(name)

    def end(self, name: str) -> None:
        self._path.pop()


class _SharedTexts(Elements):
    """Notes the shared texts that are blank, and the text of those that the reader may take for another.

    How a text is pronounced (`rPh`) is no part of it.
    """

    def __init__(self) -> None:
        self.blank: list[str] = []
        self.odd: dict[str, str] = {}
        self._path: list[str] = []
        self._number, self._pieces, self._is_odd = 0, [""], False

    def start(self, name: str, given: dict[str, str]) -> None:
        self._path.append(name)
        if name.rpartition(" ")[2] == "si":
            if name != "si" or len(self._path) != 2:
                raise FileRefused(f"its shared text {self._number} is where none can be ({TEXTS}); {_SAVE}")
            self._pieces, self._is_odd = [], False
        elif "t" in self._path[:-1]:
            self._is_odd = True

    def end(self, name: str) -> None:
        self._path.pop()
        if name == "si":
            text = "".join(self._pieces)
            if is_blank(text):
                self.blank.append(str(self._number))
            if self._is_odd:
                self.odd[str(self._number)] = text
            self._number += 1

    def text(self, data: str) -> None:
        if len(self._path) < 2 or "rPh" in self._path:
            return
        if "t" in self._path:
            self._pieces.append(data)
        elif data.strip():
            self._pieces.append(data)
            self._is_odd = True

    def markup(self) -> None:
        self._is_odd |= "t" in self._path
