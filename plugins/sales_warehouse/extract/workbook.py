"""What a sheet holds by its own bytes: a second look beside the reader, at its rows and its cells without a value.

An .xlsx is looked at in its XML (ECMA-376 part 1, 18.3.1: a cell has a value in `v` or a text in `is`, a formula in
`f`; a shared text is in a part of its own), an .xls by xlrd. Nothing is held but the numbers of rows.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from pathlib import Path

from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.sheet_cells import Elements, Look, is_blank, parse, read_cells


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
        part, blank = _part_of(archive, sheet), _blank_shared_texts(archive)
        return read_cells(archive, part, blank, calculated=_is_calculated(archive))


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
                if any(str(cell.value).strip() for cell in cells if cell.ctype != xlrd.XL_CELL_ERROR):
                    look.rows.append(row)
    except xlrd.XLRDError as error:
        raise FileRefused(f"not a readable Excel file ({error}); was it cut off? ask for it again") from error
    return look


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    relations, sheets = _Attributes("Relationship"), _Attributes("sheet")
    parse(archive, "xl/_rels/workbook.xml.rels", relations)
    parse(archive, "xl/workbook.xml", sheets)
    targets = {given.get("Id", ""): given.get("Target", "") for given in relations.found}
    for given in sheets.found:
        if given.get("name") == sheet:
            reference = next((value for key, value in given.items() if key.endswith(":id")), "")
            target = targets.get(reference, "")
            return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
    raise FileRefused(f"the workbook does not say where the sheet {sheet!r} is; save it again as .xlsx")


def _is_calculated(archive: zipfile.ZipFile) -> bool:
    """Tell whether formulas have their own values (18.2.2); libraries write any, and that Excel has to calculate."""
    properties = _Attributes("calcPr")
    parse(archive, "xl/workbook.xml", properties)
    return not any(
        given.get("fullCalcOnLoad") in ("1", "true") or given.get("calcCompleted") in ("0", "false")
        for given in properties.found
    )


def _blank_shared_texts(archive: zipfile.ZipFile) -> set[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return set()
    texts = _SharedTexts()
    parse(archive, "xl/sharedStrings.xml", texts)
    return {str(number) for number in texts.blank}


class _Attributes(Elements):
    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.found: list[dict[str, str]] = []

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == self.wanted:
            self.found.append(given)


class _SharedTexts(Elements):
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
            if is_blank("".join(self._pieces)):
                self.blank.append(self._number)
            self._number += 1

    def text(self, data: str) -> None:
        if self._inside == "t":
            self._pieces.append(data)
