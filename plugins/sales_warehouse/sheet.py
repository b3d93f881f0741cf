"""Sheets: rows in quarantine as CSV that people mend in Excel and hand back.

One sheet for each table of a source: where the row is, why it is held back, and its cells as they are now, whatever
their columns are called. What comes back is compared cell by cell with what was handed out, of which the sheet
itself carries marks: a cell as it was handed out says nothing, any other is a correction, and one that somebody else
has corrected meanwhile is refused.
"""

from __future__ import annotations

import base64
import csv
import datetime
import hashlib
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from sales_warehouse import corrections, durable, quarantine
from sales_warehouse.company.models import Company
from sales_warehouse.conformed import landed_view
from sales_warehouse.corrections import Cell, Correction
from sales_warehouse.extract.parquet import LANDED
from sales_warehouse.home import Home
from sales_warehouse.landing import Load, loads
from sales_warehouse.spreadsheet import FORMULA
from sales_warehouse.sql import connect, ident, literal

PLACE = ("source", "table", "load_id", "file", "row_number")
REASONS, HANDED_OUT = "reasons", "handed_out"
# A number that Excel shows as it is: no zeros or signs that it drops, and no more digits than it shows of one.
PLAIN = re.compile(r"0|-?[1-9][0-9]{0,10}|-?(?=[0-9.]{3,10}$)(?!0\.0000)(?:0|[1-9][0-9]*)\.[0-9]*[1-9]")
# What it takes for a number, an amount, a share or a fraction: 1.10, 0012, 1,234, 50%, ¥5, (5), 5-, 1E5, 1 2/3, １２.
NUMBER = re.compile(
    r"[\s(+\-－＋$¥￥€£]*(?:\d[\d,，]*(?:[.．]\d*)?|[.．]\d+|\d+ +\d+/\d+)(?:[eE][+-]?\d+)?[\s)%％+\-$¥￥€£元]*"
)
WORD = re.compile(r"\s*(?:true|false|#[a-z/0!?]+)\s*", re.IGNORECASE)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_TIME = (
    r"(?:(?:上午|下午)? ?\d{1,4}[:：]\d{1,2}(?:[:：]\d{1,2}(?:\.\d+)?)?(?: ?[ap]m?)?|\d{1,2} ?[ap]m?|"
    r"(?:上午|下午)?\d{1,2}[时時](?:\d{1,2}分)?(?:\d{1,2}秒)?)"
)
# What Excel takes for a day or a time and shows in its own way: 3-4 as 3月4日, 09:00:07 as 9:00.
MOMENT = re.compile(
    rf"\s*(?:(?:\d{{1,4}}[-/]\d{{1,2}}(?:[-/]\d{{1,4}})?|\d{{1,4}}\.\d{{1,2}}\.\d{{1,4}}|"
    rf"(?:\d{{2,4}}年)?\d{{1,2}}月(?:\d{{1,2}}日?)?|\d{{1,4}}[- /]?{_MONTH}(?:[- /,]*\d{{1,4}})?|"
    rf"{_MONTH}[- /.]*\d{{1,4}}(?:[ ,]+\d{{2,4}})?)(?:[ T]+{_TIME})?|{_TIME})\s*",
    re.IGNORECASE,
)
EMPTY = "'"  # what a person writes for a cell that is wrong and has to be empty
NOT_HELD = "not in quarantine"
MOST_PROBLEMS = 20  # that one message names
BATCH_ROWS = 5_000
LONGEST = 32_767 - 1  # characters that Excel keeps of a cell, beside a '
MARK_BYTES = 5  # of the mark of a cell: 40 bits


@dataclass(frozen=True)
class Row:
    """A row of a sheet that came back; `place` has the values of PLACE, `cells` what a person may change.

    `emptied` are the columns of which somebody says that they have to be empty; `handed_out` are the marks of the row
    and its cells when they were handed out.
    """

    line: int
    place: tuple[str, ...]
    cells: dict[str, str]
    emptied: frozenset[str]
    handed_out: frozenset[bytes]

    @property
    def table(self) -> tuple[str, str]:
        return self.place[0], self.place[1]

    def is_as_handed_out(self, column: str, text: str) -> bool:
        """Tell whether the cell of a column had this text when the sheet was handed out."""
        text = _even(text)
        told = (text, text[:LONGEST]) if len(text) == LONGEST + 1 else (text,)
        return any(_mark(self.place, column, one) in self.handed_out for one in told)

    def cell(self, column: str) -> Cell:
        source, table, load_id, file, number = self.place
        return Cell(source, load_id, table, file, int(number), column)


@dataclass(frozen=True)
class Held:
    """A row in quarantine; `cells` by column, `wrong` the columns without which a malformed row cannot be read."""

    place: tuple[str, ...]
    reasons: str
    cells: dict[str, str | None]
    wrong: frozenset[str]
    is_unread: bool


class SheetRefused(Exception):
    """A sheet that cannot be taken; nothing of it was."""


@dataclass
class Taken:
    """What became of a sheet: cells that were corrected, in how many rows. `file` keeps them; None: nothing is new."""

    cells: int = 0
    rows: int = 0
    file: Path | None = None


def export(home: Home, company: Company, source: str, table: str, target: Path) -> int:
    """Write the held rows of a table as a sheet; return how many.

    It begins with a byte order mark, or Excel would take it for the encoding of the machine. A cell that Excel would
    take for a formula, a day or another number gets a ' before it.

    Raises LookupError when nothing of the table is held, or the source has it no more.
    """
    if table not in company.sources[source].tables:
        raise LookupError(
            f"{source}.{table} is no table of the source any more, and the next refresh lets its rows go; put it back "
            "into the file of the source to mend them"
        )
    found = dict(((s, t), of) for s, t, of in quarantine.tables(home, [source], quarantine.Filter()))
    if (source, table) not in found:
        raise LookupError(f"nothing of {source}.{table} is in quarantine")
    wanted = [load for load in loads(home, source) if load.load_id in found[source, table]]
    with connect(temp=home.tmp) as connection:
        columns, rows = _rows(connection, home, company, source, table, wanted)
        scratch, written = target.with_name(f".{target.name}{durable.TEMPORARY}"), 0
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("w", encoding="utf-8-sig", newline="") as text:
            writer = csv.writer(text)
            writer.writerow([*PLACE, REASONS, HANDED_OUT, *map(_shown, columns)])
            for row in rows:
                writer.writerow(map(_shown, [*row.place, row.reasons, _handed(row), *row.cells.values()]))
                written += 1
    durable.move(scratch, target)
    return written


def _rows(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    company: Company,
    source: str,
    table: str,
    wanted: list[Load],
    asked: list[Row] | None = None,
) -> tuple[list[str], Iterator[Held]]:
    """Return the columns of a table, and its held rows: all, or those that are asked for."""
    held = quarantine.held(connection, home, source, table)
    columns, views = [], []
    for number, load in enumerate(wanted):
        view = f"_landed_{number}"
        landed_view(connection, company.sources[source], load, table, view, corrected_in=home, unpromised=True)
        views.append([name for name, *_ in connection.execute(f"describe {view}").fetchall() if name not in LANDED])
        columns += [name for name in views[-1] if name not in columns]
    told = [_placed(number, load, columns, own) for number, (load, own) in enumerate(zip(wanted, views, strict=True))]
    place = f"{literal(source)}, {literal(table)}, h.load_id, h.file, h.row_number, h.reasons"
    cells = "".join(f", l.cell_{at}" for at in range(len(columns)))
    query = (
        f"select {place}, l._malformed, l._faulty{cells} from {held} as h {_asked(connection, asked)}"
        f"join ({' union all '.join(told)}) as l using (load_id, file, row_number) "
        "order by h.load_id, h.file, h.row_number"
    )
    promised = company.sources[source].tables[table].columns
    return columns, (_held(row, columns, promised) for row in _streamed(connection.execute(query)))


def _placed(number: int, load: Load, columns: list[str], own: list[str]) -> str:
    """Return a select of the landed rows of a load with their place; cells go by number, whatever their column is."""
    cells = (f", {ident(name) if name in own else 'null'} as cell_{at}" for at, name in enumerate(columns))
    place = f"{literal(load.load_id)} as load_id, _file as file, _row_number as row_number"
    return f"select {place}, _malformed, _faulty{''.join(cells)} from _landed_{number}"


def _asked(connection: duckdb.DuckDBPyConnection, asked: list[Row] | None) -> str:
    if asked is None:
        return ""
    given = pa.table(
        {
            "load_id": [row.place[2] for row in asked],
            "file": [row.place[3] for row in asked],
            "row_number": pa.array([int(row.place[4]) for row in asked], pa.int64()),
        }
    )
    connection.register("_asked", given)
    return "join (select distinct * from _asked) as a using (load_id, file, row_number) "


def _streamed(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple]:
    while rows := cursor.fetchmany(BATCH_ROWS):
        yield from rows


def _held(row: tuple, columns: list[str], promised: Iterable[str]) -> Held:
    place, [reasons, malformed, faulty, *cells] = row[: len(PLACE)], row[len(PLACE) :]
    is_unread = malformed is not None and faulty is None
    wrong = promised if is_unread else json.loads(faulty) if malformed is not None else ()
    return Held(tuple(map(str, place)), reasons, dict(zip(columns, cells, strict=True)), frozenset(wrong), is_unread)


def _handed(held: Held) -> str:
    """Return the marks of a row and of its cells as one text; of a cell that Excel cuts, that of what is left, too."""
    marks = [_mark(held.place)]
    for column, cell in held.cells.items():
        text = _even(cell or "")
        marks += [_mark(held.place, column, told) for told in dict.fromkeys((text, text[:LONGEST]))]
    return "x" + base64.b32encode(b"".join(marks)).decode().lower()


def _mark(place: tuple[str, ...], *cell: str) -> bytes:
    return hashlib.blake2b("\x00".join((*place, *cell)).encode(), digest_size=MARK_BYTES).digest()


def _even(text: str) -> str:
    """Return a text with the ends of its lines as Excel writes them in a cell."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _shown(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if _is_spoilt_by_excel(text) and not _is_number(text) else text


def _meant(text: str) -> str:
    return text[1:] if text.startswith("'") and _is_spoilt_by_excel(text) else text


def _is_spoilt_by_excel(text: str) -> bool:
    """Tell whether Excel would take a text for a formula, a day, a number or nothing, and show it otherwise."""
    bare = text.lstrip("'")
    is_changed = (NUMBER.fullmatch(bare) and not _is_number(bare)) or WORD.fullmatch(bare) or MOMENT.fullmatch(bare)
    return (not bare and text != bare) or bare.startswith(FORMULA) or bool(is_changed)


def _is_number(text: str) -> bool:
    return PLAIN.fullmatch(text) is not None


def take(home: Home, company: Company, content: bytes, *, by: str, why: str, at: datetime.datetime) -> Taken:
    """Keep what differs in a sheet that came back from what was handed out as corrections; `at` is UTC.

    Taking it again changes nothing, whatever has been said of its cells since.

    Raises SheetRefused when nobody says so, and, naming lines, when a row is not in quarantine, a cell has been
    corrected otherwise since the sheet was handed out, a column is unknown or nothing can be read.
    """
    if not by.strip():
        raise SheetRefused("say who corrects it (--by), so that the others know whom to ask; nothing was taken")
    rows = list(_read(content))
    now, known = _now(home, company, rows), corrections.said(home)
    found: dict[Cell, Correction] = {}
    problems: list[str] = []
    for row in rows:
        for correction in _corrections(row, now.get(row.place), known, problems):
            correction = replace(correction, by=by.strip(), why=why, at=at.isoformat())
            if found.setdefault(correction.cell, correction).value != correction.value:
                problems.append(f"{_where(row, correction.cell.column)}: another line says something else of the cell")
    if problems:
        raise SheetRefused("; ".join(problems[:MOST_PROBLEMS]) + "; nothing of the sheet was taken")
    changed = {(cell.place, cell.file, cell.row_number) for cell in found}
    return Taken(len(found), len(changed), corrections.take(home, found.values()))


def _corrections(
    row: Row, held: Held | None, known: Mapping[Cell, Sequence[Correction]], problems: list[str]
) -> Iterator[Correction]:
    """Yield what a row of a sheet says anew, still without who and why, and add what is wrong with it to `problems`."""
    there = f"line {row.line}: {row.place[3]} row {row.place[4]} is"
    if _mark(row.place) not in row.handed_out:
        problems.append(f"{there} {'not what its line is about; were columns sorted apart?' if held else NOT_HELD}")
        return
    for column in _said(row, held):
        cell, value = row.cell(column), row.cells[column]
        earlier = known.get(cell, ())
        if any(item.value == value and row.is_as_handed_out(column, item.was or "") for item in earlier):
            continue  # this sheet said so before, or one that was handed out like it
        if held is None:
            problems.append(f"{there} {NOT_HELD}")
            return
        was = held.cells[column]
        if row.is_as_handed_out(column, was or ""):
            yield Correction(cell, was, value, "", "", "")
        elif was != value:
            who = f" ({earlier[-1].by or 'unnamed'}, {earlier[-1].at[:16].replace('T', ' ')} UTC)" if earlier else ""
            problems.append(
                f"{_where(row, column)}: was corrected otherwise since the sheet was handed out{who}; export it again"
            )


def _where(row: Row, column: str) -> str:
    return f"line {row.line}, column {column}"


def _read(content: bytes) -> Iterator[Row]:
    """Yield the rows of a sheet; Excel in Chinese may have written it as GB18030."""
    csv.field_size_limit(corrections.LONGEST_CELL)
    reader = csv.reader(io.StringIO(_decoded(content), newline=""), strict=True)
    wanted = (*PLACE, REASONS, HANDED_OUT)
    try:
        header = next(reader, [])
        if tuple(header[: len(wanted) - 1]) == wanted[:-1] and HANDED_OUT not in header:
            raise SheetRefused(
                f"there is no column {HANDED_OUT}, so an earlier version wrote the sheet, and what has been corrected "
                "since cannot be told; export it again and carry your changes over"
            )
        if tuple(header[: len(wanted)]) != wanted:
            raise SheetRefused(
                f"the header does not begin with {', '.join(wanted)}; hand back a sheet that "
                "`sales-warehouse quarantine export` wrote, its first columns as they were"
            )
        columns = [_meant(name) for name in header[len(wanted) :]]
        for row in filter(None, reader):
            yield _row(reader.line_num, row, columns)
    except csv.Error as error:
        raise SheetRefused(f"line {reader.line_num}: cannot be read as CSV ({error}); nothing was taken") from error


def _row(line: int, row: list[str], columns: list[str]) -> Row:
    place, cells = tuple(map(_meant, row[: len(PLACE)])), row[len(PLACE) + 2 :]
    if len(cells) != len(columns):
        raise SheetRefused(f"line {line}: more or fewer cells than the header; nothing was taken")
    if not place[-1].isdecimal():
        raise SheetRefused(f"line {line}: row_number is not a number; nothing was taken")
    emptied = frozenset(name for name, cell in zip(columns, cells, strict=True) if cell == EMPTY)
    return Row(line, place, dict(zip(columns, map(_meant, cells), strict=True)), emptied, _handed_out(line, row))


def _handed_out(line: int, row: list[str]) -> frozenset[bytes]:
    try:
        marks = base64.b32decode(row[len(PLACE) + 1].removeprefix("x").upper())
    except ValueError as error:
        raise SheetRefused(f"line {line}: {HANDED_OUT} is not as it was handed out; nothing was taken") from error
    return frozenset(marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES))


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetRefused("neither UTF-8 nor GB18030; save the sheet as CSV UTF-8")


def _now(home: Home, company: Company, rows: list[Row]) -> Mapping[tuple[str, ...], Held]:
    """Return the rows that are held back in the tables of a sheet, by their place."""
    asked: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        source, table = row.table
        if source not in company.sources or table not in company.sources[source].tables:
            raise SheetRefused(f"line {row.line}: there is no table {source}.{table}; nothing was taken")
        asked[row.table].append(row)
    now: dict[tuple[str, ...], Held] = {}
    for (source, table), group in asked.items():
        load_ids = {row.place[2] for row in group}
        wanted = [load for load in loads(home, source) if load.load_id in load_ids and table in load.tables]
        if not wanted:
            continue
        with connect(temp=home.tmp) as connection:
            _, found = _rows(connection, home, company, source, table, wanted, group)
            now.update((held.place, held) for held in found)
    return now


def _said(row: Row, held: Held | None) -> list[str]:
    """Return the columns of which the sheet says something: where it is not as it was handed out.

    Where nothing of a row could be read, who writes one cell speaks for all of them, the empty ones too.
    """
    said = {name for name, text in row.cells.items() if not row.is_as_handed_out(name, text)}
    if held:
        if unknown := sorted(said - set(held.cells)):
            raise SheetRefused(f"unknown column {', '.join(unknown)}; nothing of the sheet was taken")
        said = {name for name in said if not _lost_letters(held.cells[name] or "", row.cells[name])}
        said |= row.emptied & held.wrong
        if said and held.is_unread:
            said |= held.wrong & set(row.cells)
    return [name for name in row.cells if name in said]


def _lost_letters(was: str, text: str) -> bool:
    """Tell a text that differs only by `?` in the place of letters that the encoding of a sheet does not have."""
    if was.isascii() or text.count("?") <= was.count("?"):
        return False
    left = iter(was)
    plain = [[letter for letter in told if letter.isascii() and letter != "?"] for told in (was, text)]
    return plain[0] == plain[1] and all(letter in left for letter in text if letter != "?")
