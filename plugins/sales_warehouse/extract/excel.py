"""Excel sheets to Parquet: every cell as text, the way a person reads it.

Dates become ISO text (a moment at midnight is its day), whole numbers lose the `.0` that Excel's floats have, text
stays as it is, empty cells are NULL. A row with an error, with a formula that has no value, or with a number of which
Excel has lost digits is malformed, when that is in a promised column; in another one such a cell is empty, and told. A
row with a value in the sheet's XML that the reader does not get is malformed, whatever the column that lands. Rows with
nothing but white space are counted and left out; `_row_number` counts from the row below the header.
"""

from __future__ import annotations

import datetime
import json
import math
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from sales_warehouse.company.models import Table
from sales_warehouse.extract.archive import refuse_crowd
from sales_warehouse.extract.files import Result, Room, SourceFile, Written, one_by_one
from sales_warehouse.extract.header import Header, check_header
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet
from sales_warehouse.extract.sheet_cells import UNREAD, Look, Range, letters_of, place_of, plain
from sales_warehouse.extract.workbook import look_at

MOST_PARTS, MOST_BYTES, MOST_RATIO = 10_000, 1 << 30, 200  # of what an .xlsx unpacks to
HONEST_BYTES = 64 << 20  # below this any ratio is fine
MOST_CELLS = 1 << 25  # from A1 to the farthest cell: the library makes room for all of them
FIFTEEN_DIGITS, EVERY_WHOLE_NUMBER = 10**15, 2**53  # a double holds no other whole number above the second
UNMERGE = "which has to be unmerged and filled in"
NO_LEAP_DAY = "1900-02-28"  # what the library makes of Excel's 29 February 1900

Cells = list[Any]
Texts = list[str | None]


def read(files: Iterable[SourceFile], table: Table, room: Room) -> Iterator[Result]:
    """Write every file to Parquet; yield where it went or why it could not be taken."""
    return one_by_one(files, lambda file: _write(file, table, room))


def _write(file: SourceFile, table: Table, room: Room) -> Written:
    if not file.size:
        raise FileRefused("empty: 0 bytes; ask for the file again")
    _refuse_bomb(file)
    sheet = _sheet(file, table)
    rows = sheet.rows()
    header = _header(sheet, rows, table)
    path, doubts = room.next_parquet(), _Doubts()
    with TextParquet(path, header.landed, file.origin, faults=True) as parquet:
        empty = _rows(rows, header, table, sheet, parquet, doubts)
    notes = [f"{empty} empty rows were left out"] if empty else []
    notes += [*header.notes, *doubts.notes()]
    reported = _reported(sheet.look, header, table)
    return Written(
        file, path, parquet.rows, reported, malformed=parquet.malformed, notes=tuple(notes), drift=header.drift
    )


def _reported(look: Look, header: Header, table: Table) -> int:
    """Return how many rows have something in them, or should have in a column that the source promised."""
    promised = {place + 1 for place in _promised(header, table)}
    broken = (row for row, faults in look.faults.items() if not promised.isdisjoint(faults))
    return sum(row > table.header_row for row in {*look.rows, *broken})


def _promised(header: Header, table: Table) -> list[int]:
    return [place for place, name in enumerate(header.names) if name in table.columns]


def _refuse_bomb(file: SourceFile) -> None:
    """Look at the table of contents of an .xlsx before anything is unpacked."""
    if not zipfile.is_zipfile(file.path):
        return
    refuse_crowd(file.path)
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


@dataclass(frozen=True)
class _Sheet:
    """A sheet, and what a look at it says.

    The library leaves out `left` columns before the first one that has anything; the look counts from there, too.
    """

    name: str
    read: CalamineSheet
    look: Look
    left: int

    def rows(self) -> Iterator[Cells]:
        """Yield every row; to the library, rows at the end with nothing that it reads are no rows."""
        done = 0
        try:
            for done, row in enumerate(self.read.iter_rows(), 1):  # noqa: B007
                yield row
        except OverflowError as error:
            raise FileRefused(
                f"sheet {self.name!r}, row {done + 1}: a duration of more than a billion days; mend it in Excel"
            ) from error
        for _ in range(done, max(max(self.look.faults, default=0), max(self.look.rows, default=0))):
            yield []

    def place(self, row: int, place: int) -> str:
        """Return what Excel calls a cell, from its row and its place among those that are read."""
        return place_of(row, self.left + place + 1)

    def unread(self, row: int, cells: Cells, texts: Texts) -> dict[int, str]:
        """Return, by place, what is wrong with values that the sheet has and that are not what the library gives."""
        look = self.look
        found = {column - 1: UNREAD for column in look.rows.get(row, ()) if not texts[column - 1]}
        found |= {column - 1: fault for column, fault in look.unread.get(row, {}).items()}
        for column, text in look.texts.get(row, {}).items():
            if (texts[column - 1] or "").strip() != plain(text).strip():
                found[column - 1] = UNREAD
        for column, number in look.no_dates.get(row, {}).items():
            is_date = isinstance(cells[column - 1], datetime.date | datetime.time | datetime.timedelta)
            if is_date and (number.startswith("-") or (texts[column - 1] or "").startswith(NO_LEAP_DAY)):
                found[column - 1] = f"the number {number} for a date, which is none: mend it in Excel"
        return found

    def nameless(self, row: int, texts: Texts, width: int) -> int | None:
        """Return the place of a value in a column that has no name."""
        beyond = next((place for place, text in enumerate(texts[width:], width) if text and text.strip()), None)
        filled = self.look.rows.get(row)
        if beyond is None and filled and not 1 <= filled[0] <= filled[-1] <= width:
            return next(column - 1 for column in filled if not 1 <= column <= width)
        return beyond


def _sheet(file: SourceFile, table: Table) -> _Sheet:
    """Open a sheet, after a look at how far it goes."""
    try:
        book = CalamineWorkbook.from_path(file.path)
        name = _sheet_name(book, table.sheet)
        look = look_at(file.path, name)
        if look.last_row * look.last_column > MOST_CELLS:
            raise FileRefused(
                f"sheet {name!r} goes down to row {look.last_row} and out to column {letters_of(look.last_column)}, "
                "further than an honest one: delete the cells that stand out there, or deliver it as CSV"
            )
        read = book.get_sheet_by_name(name)
    except CalamineError as error:
        raise FileRefused(f"not a readable Excel file ({error}); was it cut off? ask for it again") from error
    left = read.start[1] if read.start else 0
    return _Sheet(name, read, look.moved(left), left)


def _sheet_name(book: CalamineWorkbook, wanted: int | str) -> str:
    """Return the name of a sheet; a number counts visible sheets from 0, a name finds hidden ones too."""
    visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    if isinstance(wanted, str) and wanted in book.sheet_names:
        return wanted
    if isinstance(wanted, int) and 0 <= wanted < len(visible):
        return visible[wanted]
    names = ", ".join(map(repr, visible)) or "none"
    raise FileRefused(f"there is no sheet {wanted!r}; visible sheets: {names}; set `sheet` to one of them")


def _header(sheet: _Sheet, rows: Iterator[Cells], table: Table) -> Header:
    found = next(islice(rows, table.header_row - 1, None), None)
    row, where = table.header_row, f"sheet {sheet.name!r}, row {table.header_row}"
    if found is None:
        raise FileRefused(f"header ({where}): the sheet ends before that row; check `header_row`")
    texts = [cell_text(cell) for cell in found]
    faults = {column - 1: fault for column, fault in sheet.look.faults.get(row, {}).items()}
    if (place := sheet.nameless(row, texts, len(texts))) is not None:
        faults[place] = UNREAD
    for place, fault in (faults or sheet.unread(row, found, texts)).items():
        raise FileRefused(f"header ({where}): cell {sheet.place(row, place)} has {fault}")
    names = [text or "" for text in texts]
    while names and not names[-1]:
        names.pop()
    return check_header(names, table, where=where)


def _rows(
    rows: Iterator[Cells], header: Header, table: Table, sheet: _Sheet, parquet: TextParquet, doubts: _Doubts
) -> int:
    """Write the rows; return how many were empty. Raises FileRefused for cells beside the header."""
    empty, order = 0, [header.names.index(name) for name in header.landed]
    judge = _Judge(header, table, sheet, doubts, order, _promised(header, table), _Merged(sheet, order))
    numbered = enumerate(rows, 1)
    while batch := list(islice(numbered, BATCH_ROWS)):
        kept = [row for number, read in batch if (row := judge.row(number, read))]
        empty += len(batch) - len(kept)
        parquet.write(
            [[row.texts[place] if place not in row.faults else None for row in kept] for place in order],
            [row.number for row in kept],
            [row.reason(header, table, sheet) for row in kept],
            [row.raw(header) for row in kept],
            [[header.names[place] for place in row.faults] for row in kept],
        )
    return empty


@dataclass(frozen=True)
class _Judge:
    """Tells of each row what is wrong in it; `order` has the places that land, `promised` those of promised columns."""

    header: Header
    table: Table
    sheet: _Sheet
    doubts: _Doubts
    order: list[int]
    promised: list[int]
    merged: _Merged

    def row(self, number: int, read: Cells) -> _Row | None:
        """Return a row, None when it is empty; raise FileRefused for a cell in a column without a name."""
        row, width = self.table.header_row + number, len(self.header.names)
        cells = read or [None] * width
        texts = [cell_text(cell) for cell in cells]
        if (place := self.sheet.nameless(row, texts, width)) is not None:
            raise FileRefused(
                f"row {number} below the header has a cell in column {place + 1} ({self.sheet.place(row, place)}), "
                "which has no name"
            )
        faults, inside = self.sheet.unread(row, cells, texts), self.merged.at(row)
        for place, fault in _faults(cells, self.order, self.sheet.look.faults.get(row, {})).items():
            self._take(row, place, fault, texts, faults)
        faults = {place: fault for place, fault in faults.items() if place in self.order}
        if not (faults or row in self.sheet.look.rows or any(text and text.strip() for text in texts)):
            return None
        for place, part in inside.items():
            if not texts[place]:
                self._take(
                    row, place, f"no value of its own: it is in the merged cell {part}, {UNMERGE}", texts, faults
                )
        return _Row(number, texts, dict(sorted(faults.items())))

    def _take(self, row: int, place: int, fault: str, texts: Texts, faults: dict[int, str]) -> None:
        if place in self.promised:
            faults.setdefault(place, fault)
        elif place not in faults:
            self.doubts.add(self.header.names[place], f"{self.sheet.place(row, place)} has {fault}")
            texts[place] = None


class _Merged:
    """Which places of a row are in a merged cell and not the first in it; rows are asked for in order."""

    def __init__(self, sheet: _Sheet, landed: list[int]) -> None:
        self._columns = {sheet.left + place + 1: place for place in landed}
        self._waiting = sorted(sheet.look.merged, reverse=True)
        self._open: dict[int, Range] = {}  # by column

    def at(self, row: int) -> dict[int, Range]:
        while self._waiting and self._waiting[-1].row <= row:
            part = self._waiting.pop()
            self._open |= {column: part for column in self._columns if part.column <= column <= part.last_column}
        return {
            self._columns[column]: part
            for column, part in self._open.items()
            if row <= part.last_row and (row, column) != (part.row, part.column)
        }


@dataclass
class _Doubts:
    """Cells without a value to trust in columns that nobody promised: how many there are, and the first, by column."""

    found: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, column: str, said: str) -> None:
        count, first = self.found.get(column, (0, said))
        self.found[column] = count + 1, first

    def notes(self) -> list[str]:
        return [
            f"{count} cells of {column!r}, which is not promised, are empty: cell {first}"
            for column, (count, first) in self.found.items()
        ]


@dataclass(frozen=True)
class _Row:
    """A row with what is wrong in it, by place. Only such a cell is empty, so that mending it mends the row."""

    number: int
    texts: Texts
    faults: dict[int, str]

    def reason(self, header: Header, table: Table, sheet: _Sheet) -> str | None:
        row = table.header_row + self.number
        told = [f"{header.names[at]} (cell {sheet.place(row, at)}) has {fault}" for at, fault in self.faults.items()]
        return "; ".join(told) or None

    def raw(self, header: Header) -> str | None:
        cells = dict(zip(header.names, self.texts, strict=False))
        return json.dumps(cells, ensure_ascii=False) if self.faults else None


def _faults(cells: Cells, landed: list[int], seen: dict[int, str]) -> dict[int, str]:
    """Return, by place, which cells of columns that land have no value to trust, and why."""
    found = ((place, seen.get(place + 1) or _lost_digits(cells[place])) for place in landed)
    return {place: fault for place, fault in found if fault}


def _lost_digits(cell: object) -> str | None:
    """Say of a number that Excel does not hold all of its digits: it keeps 15 and writes zeros for the rest."""
    if not isinstance(cell, float) or abs(cell) < FIFTEEN_DIGITS:
        return None
    if not math.isfinite(cell):
        return f"{cell} for a number: mend it in Excel"
    if abs(cell) < EVERY_WHOLE_NUMBER and cell % 10:
        return None
    return f"a number of {len(_number(abs(cell)))} digits, of which Excel keeps 15: store it as text"


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
    if isinstance(cell, datetime.timedelta):
        return _duration(cell)
    return str(cell)


def _duration(value: datetime.timedelta) -> str:
    """Return a duration as Excel shows it, in hours that go on beyond a day: 25:30:00."""
    hours, rest = divmod(value, datetime.timedelta(hours=1))
    return f"{hours}:{str(rest).partition(':')[2]}"


def _number(value: float) -> str:
    """Return a number as Excel shows it: of a fraction the fifteen digits that count, so 0.1 + 0.2 is 0.3."""
    if value.is_integer():
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")
