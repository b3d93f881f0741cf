"""How many records a source holds, counted from its bytes by something that is not the parser that reads them.

`scan` and `grammar` do the same for delimited text. Each count is compared with what was read and with what was written
(`sales_warehouse.conservation`): a parser that drops one row in ten thousand is caught.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

import numpy as np

from sales_warehouse.extract.outcome import FileRefused

CHUNK = 1 << 20
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BLANK = b" \t\r\x0b\x0c"


def lines_with_text(file: Path) -> int:
    """Return how many lines of a file have anything but white space in them, a piece at a time."""
    count, has_text = 0, False
    with file.open("rb") as source:
        chunk = source.read(CHUNK).removeprefix(b"\xef\xbb\xbf")
        while chunk:
            first, *others = chunk.split(b"\n")
            has_text = has_text or bool(first.strip(_BLANK))
            for piece in others:
                count += has_text
                has_text = bool(piece.strip(_BLANK))
            chunk = source.read(CHUNK)
    return count + has_text


def elements(array: bytes) -> int:
    """Return how many elements a JSON array has, by its commas outside of strings and inner brackets."""
    bare = _STRING.sub(b"0", array)
    signs = np.frombuffer(bare, np.uint8)
    opening, closing = (np.isin(signs, np.frombuffer(marks, np.uint8)) for marks in (b"[{", b"]}"))
    depth = np.cumsum(opening.astype(np.int32) - closing.astype(np.int32))
    commas = int(((signs == ord(",")) & (depth == 1)).sum())
    return commas + 1 if bare.strip()[1:-1].strip() else 0


def sheet_rows(file: Path, sheet: str) -> list[int]:
    """Return the numbers, from 1, of the rows of a sheet that have a cell with anything in it.

    An .xlsx is counted in its XML (ECMA-376 part 1, 18.3.1: a cell has a value in `v` or a text in `is`; a shared text
    is in a part of its own), an .xls by xlrd. Raises FileRefused for other workbooks, which nothing else here can
    count, and for XML that declares entities, which no spreadsheet program writes.
    """
    if not zipfile.is_zipfile(file):
        return _rows_of_xls(file, sheet)
    with zipfile.ZipFile(file) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise FileRefused("neither .xlsx nor .xls: its rows cannot be counted a second time; save it as .xlsx")
        empty = _empty_shared_texts(archive)
        return list(_rows_with_cells(archive, _part_of(archive, sheet), empty))


def _rows_of_xls(file: Path, sheet: str) -> list[int]:
    import xlrd  # seldom needed

    try:
        with xlrd.open_workbook(str(file), on_demand=True, logfile=io.StringIO()) as book:
            found = book.sheet_by_name(sheet)
            return [row + 1 for row in range(found.nrows) if any(value != "" for value in found.row_values(row))]
    except xlrd.XLRDError as error:
        raise FileRefused(f"not a readable Excel file ({error}); was it cut off? ask for it again") from error


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    targets = {
        given.get("Id", ""): given.get("Target", "")
        for name, given, _ in _elements(archive, "xl/_rels/workbook.xml.rels", ("Relationship",))
        if name == "Relationship"
    }
    for _, given, _ in _elements(archive, "xl/workbook.xml", ("sheet",)):
        if given.get("name") == sheet:
            reference = next((value for key, value in given.items() if key.endswith(":id")), "")
            target = targets.get(reference, "")
            return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
    raise FileRefused(f"the workbook does not say where the sheet {sheet!r} is; save it again as .xlsx")


def _empty_shared_texts(archive: zipfile.ZipFile) -> set[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return set()
    texts = _elements(archive, "xl/sharedStrings.xml", ("si",), texts=("t",))
    return {str(number) for number, (_, _, text) in enumerate(texts) if not text}


def _rows_with_cells(archive: zipfile.ZipFile, part: str, empty: set[str]) -> Iterator[int]:
    number, has_cell = 0, False
    for name, given, text in _elements(archive, part, ("c", "row"), texts=("v", "t")):
        if name == "c":
            has_cell = has_cell or bool(text and not (given.get("t") == "s" and text in empty))
            continue
        number = int(given["r"]) if given.get("r", "").isdigit() else number + 1
        if has_cell:
            yield number
        has_cell = False


def _elements(
    archive: zipfile.ZipFile, part: str, wanted: tuple[str, ...], texts: tuple[str, ...] = ()
) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the wanted elements as they end: name, attributes, and what stands inside `texts` in them."""
    found: list[tuple[str, dict[str, str], str]] = []
    open_elements: list[tuple[str, dict[str, str], list[str]]] = []
    is_text = [False]

    def start(name: str, given: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name in wanted:
            open_elements.append((name, given, []))
        is_text[0] = name in texts

    def end(name: str) -> None:
        name = name.rpartition(":")[2]
        is_text[0] = False
        if name in wanted and open_elements:
            ended, given, pieces = open_elements.pop()
            found.append((ended, given, "".join(pieces)))

    def characters(data: str) -> None:
        if is_text[0] and open_elements:
            open_elements[-1][2].append(data)

    def refuse(*_: object) -> None:
        raise FileRefused("its XML declares entities, which no spreadsheet program writes; save it again as .xlsx")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.EntityDeclHandler = refuse
    try:
        with archive.open(part) as source:
            while chunk := source.read(CHUNK):
                parser.Parse(chunk)
                yield from found
                found.clear()
        parser.Parse(b"", True)
        yield from found
    except (expat.ExpatError, KeyError, zipfile.BadZipFile) as error:
        raise FileRefused(f"not a whole Excel file ({error}); was it cut off? ask for it again") from error
