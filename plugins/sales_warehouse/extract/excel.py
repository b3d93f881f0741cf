"""Excel sheets to Parquet: every cell as text, the way a person reads it.

Dates become ISO text (a moment at midnight is its day), whole numbers lose the `.0` that Excel's floats have, text
stays as it is, empty cells are NULL. A row with an error, with a formula that has no value, or with a number of which
Excel has lost digits is malformed. Rows with nothing but white space are counted and left out; `_row_number` counts
from the row below the header.
"""

from __future__ import annotations

import datetime
import json
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from sales_warehouse.company.models import Table
from sales_warehouse.extract.files import Result, Room, SourceFile, Written, one_by_one
from sales_warehouse.extract.header import Header, check_header
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet
from sales_warehouse.extract.sheet_cells import Look, place_of
from sales_warehouse.extract.workbook import look_at

MOST_PARTS, MOST_BYTES, MOST_RATIO = 10_000, 1 << 30, 200  # of what an .xlsx unpacks to
HONEST_BYTES = 64 << 20  # below this any ratio is fine
MOST_CELLS = 1 << 25  # from A1 to the farthest cell: the library makes room for all of them
FIFTEEN_DIGITS, EVERY_WHOLE_NUMBER = 10**15, 2**53  # a double holds no other whole number above the second
UNKNOWN_ERROR = "Unsupported cell error value"  # as the library says it

Cells = list[Any]


def read(files: Iterable[SourceFile], table: Table, room: Room) -> Iterator[Result]:
    """Write every file to Parquet; yield where it went or why it could not be taken."""
    return one_by_one(files, lambda file: _write(file, table, room))


def _write(file: SourceFile, table: Table, room: Room) -> Written:
    if not file.size:
        raise FileRefused("empty: 0 bytes; ask for the file again")
    _refuse_bomb(file)
    sheet, look = _sheet(file, table)
    rows = _whole(sheet, look)
    header = _header(sheet.name, rows, table, look)
    path = room.next_parquet()
    with TextParquet(path, header.landed, file.origin, faults=True) as parquet:
        empty = _rows(rows, header, table.header_row, look, parquet)
    notes = [f"{empty} empty rows were left out"] if empty else []
    notes += header.notes
    reported = sum(number > table.header_row for number in look.rows)
    return Written(
        file, path, parquet.rows, reported, malformed=parquet.malformed, notes=tuple(notes), drift=header.drift
    )


def _refuse_bomb(file: SourceFile) -> None:
    """Look at the table of contents of an .xlsx before anything is unpacked."""
    if not zipfile.is_zipfile(file.path):
        return
    try:
        with zipfile.ZipFile(file.path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise FileRefused(f"not a whole Excel file ({error}); was it cut off? ask for it again") from error
    unpacked = sum(part.file_size for part in parts)
    suspicious = unpacked > HONEST_BYTES and unpacked > MOST_RATIO * file.size
    if len(parts) > MOST_PARTS or unpacked > MOST_BYTES or suspicious:
        raise FileRefused(
            f"unpacks to {len(parts)} parts and {unpacked} bytes, more than an honest workbook; "
            "split it, or deliver it as CSV"
        )


def _sheet(file: SourceFile, table: Table) -> tuple[CalamineSheet, Look]:
    """Open a sheet, after a look at how far it goes."""
    try:
        book = CalamineWorkbook.from_path(file.path)
        name = _sheet_name(book, table.sheet)
        look = look_at(file.path, name)
        if look.last_row * look.last_column > MOST_CELLS:
            raise FileRefused(
                f"sheet {name!r} goes as far as {place_of(look.last_row, look.last_column)}, more than an honest one: "
                "delete what stands out there, or deliver it as CSV"
            )
        return book.get_sheet_by_name(name), look
    except CalamineError as error:
        if str(error).startswith(UNKNOWN_ERROR):
            raise FileRefused(f"a cell with an error that nothing here knows ({error}); mend it in Excel") from error
        raise FileRefused(f"not a readable Excel file ({error}); was it cut off? ask for it again") from error


def _sheet_name(book: CalamineWorkbook, wanted: int | str) -> str:
    """Return the name of a sheet; a number counts visible sheets from 0, a name finds hidden ones too."""
    visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    if isinstance(wanted, str) and wanted in book.sheet_names:
        return wanted
    if isinstance(wanted, int) and 0 <= wanted < len(visible):
        return visible[wanted]
    names = ", ".join(map(repr, visible)) or "none"
    raise FileRefused(f"there is no sheet {wanted!r}; visible sheets: {names}; set `sheet` to one of them")


def _whole(sheet: CalamineSheet, look: Look) -> Iterator[Cells]:
    """Yield every row; to the library, rows at the end with nothing but errors are no rows."""
    read = 0
    for read, row in enumerate(sheet.iter_rows(), 1):  # noqa: B007
        yield row
    for _ in range(read, look.rows[-1] if look.rows else 0):
        yield []


def _header(sheet: str, rows: Iterator[Cells], table: Table, look: Look) -> Header:
    found = next(islice(rows, table.header_row - 1, None), None)
    where = f"sheet {sheet!r}, row {table.header_row}"
    if found is None:
        raise FileRefused(f"header ({where}): the sheet ends before that row; check `header_row`")
    for column, fault in look.faults.get(table.header_row, {}).items():
        raise FileRefused(f"header ({where}): cell {place_of(table.header_row, column)} has {fault}")
    names = [cell_text(cell) or "" for cell in found]
    while names and not names[-1]:
        names.pop()
    return check_header(names, table, where=where)


def _rows(rows: Iterator[Cells], header: Header, header_row: int, look: Look, parquet: TextParquet) -> int:
    """Write the rows; return how many were empty. Raises FileRefused for cells beside the header."""
    width, empty = len(header.names), 0
    order = [header.names.index(name) for name in header.landed]
    numbered = enumerate(rows, 1)
    while batch := list(islice(numbered, BATCH_ROWS)):
        kept = []
        for number, row in batch:
            cells = row or [None] * width
            texts = [cell_text(cell) for cell in cells]
            if any(text and text.strip() for text in texts[width:]):
                raise FileRefused(f"row {number} below the header has a cell in column {width + 1}, which has no name")
            if header_row + number in look.faults or any(text and text.strip() for text in texts):
                kept.append((number, texts, _fault(header_row + number, cells, header, order, look)))
        empty += len(batch) - len(kept)
        parquet.write(
            [[None if fault else texts[place] for _, texts, fault in kept] for place in order],
            [number for number, *_ in kept],
            [fault for *_, fault in kept],
            [_raw(header, texts) if fault else None for _, texts, fault in kept],
        )
    return empty


def _fault(row: int, cells: Cells, header: Header, order: list[int], look: Look) -> str | None:
    """Return why a row cannot be trusted: what is wrong with the first cell of a landed column that is."""
    faults = look.faults.get(row, {})
    for place in order:
        fault = faults.get(place + 1) or _lost_digits(cells[place])
        if fault:
            return f"{header.names[place]} (cell {place_of(row, place + 1)}) has {fault}"
    return None


def _lost_digits(cell: object) -> str | None:
    """Say of a number that Excel does not hold all of its digits: it keeps 15 and writes zeros for the rest."""
    if not isinstance(cell, float) or abs(cell) < FIFTEEN_DIGITS:
        return None
    if abs(cell) < EVERY_WHOLE_NUMBER and cell % 10:
        return None
    return f"a number of {len(_number(abs(cell)))} digits, of which Excel keeps 15: store it as text"


def _raw(header: Header, texts: list[str | None]) -> str:
    return json.dumps(dict(zip(header.names, texts, strict=False)), ensure_ascii=False)


def cell_text(cell: object) -> str | None:
    """Return the text of a cell, None when it is empty."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)


def _number(value: float) -> str:
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")
