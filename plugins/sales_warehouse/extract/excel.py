"""Excel sheets to Parquet: every cell as text, the way a person reads it.

Dates become ISO text, whole numbers lose the `.0` that Excel's floats have, text stays as it is, empty cells are NULL.
Excel itself keeps 15 digits of a number: longer ids have to be text in the sheet. Rows without any cell are counted
and left out; `_row_number` counts from the row below the header.
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from sales_warehouse.company.models import Table
from sales_warehouse.extract.count import sheet_rows
from sales_warehouse.extract.files import Result, Room, SourceFile, Written, one_by_one
from sales_warehouse.extract.header import Header, check_header
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet

MOST_PARTS, MOST_BYTES, MOST_RATIO = 10_000, 1 << 30, 200  # of what an .xlsx unpacks to
HONEST_BYTES = 64 << 20  # below this any ratio is fine

Cells = list[Any]


def read(files: Iterable[SourceFile], table: Table, room: Room) -> Iterator[Result]:
    """Write every file to Parquet; yield where it went or why it could not be taken."""
    return one_by_one(files, lambda file: _write(file, table, room))


def _write(file: SourceFile, table: Table, room: Room) -> Written:
    if not file.size:
        raise FileRefused("empty: 0 bytes; ask for the file again")
    _refuse_bomb(file)
    sheet = _sheet(file, table)
    rows = iter(sheet.iter_rows())
    header = _header(sheet.name, rows, table)
    path = room.next_parquet()
    with TextParquet(path, header.landed, file.origin) as parquet:
        empty = _rows(rows, header, parquet)
    notes = [f"{empty} rows without any cell were left out"] if empty else []
    notes += header.notes
    reported = sum(number > table.header_row for number in sheet_rows(file.path, sheet.name))
    return Written(file, path, parquet.rows, reported, notes=tuple(notes), drift=header.drift)


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


def _sheet(file: SourceFile, table: Table) -> CalamineSheet:
    try:
        book = CalamineWorkbook.from_path(file.path)
        return book.get_sheet_by_name(_sheet_name(book, table.sheet))
    except CalamineError as error:
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


def _header(sheet: str, rows: Iterator[Cells], table: Table) -> Header:
    found = next(islice(rows, table.header_row - 1, None), None)
    where = f"sheet {sheet!r}, row {table.header_row}"
    if found is None:
        raise FileRefused(f"header ({where}): the sheet ends before that row; check `header_row`")
    names = [cell_text(cell) or "" for cell in found]
    while names and not names[-1]:
        names.pop()
    return check_header(names, table, where=where)


def _rows(rows: Iterator[Cells], header: Header, parquet: TextParquet) -> int:
    """Write the rows; return how many had no cell at all. Raises FileRefused for cells beside the header."""
    width, empty = len(header.names), 0
    order = [header.names.index(name) for name in header.landed]
    numbered = enumerate(([cell_text(cell) for cell in row] for row in rows), 1)
    while batch := list(islice(numbered, BATCH_ROWS)):
        for number, row in batch:
            if any(row[width:]):
                raise FileRefused(f"row {number} below the header has a cell in column {width + 1}, which has no name")
        kept = [(number, row) for number, row in batch if any(cell is not None for cell in row)]
        empty += len(batch) - len(kept)
        columns = [[row[place] for _, row in kept] for place in order]
        parquet.write(columns, [number for number, _ in kept])
    return empty


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
