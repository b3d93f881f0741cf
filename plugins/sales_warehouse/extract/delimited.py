"""Delimited text (CSV, TSV) to Parquet.

The fast path is DuckDB's read_csv with everything declared and nothing sniffed; what it read is compared with the
count of `scan`, and any doubt sends the file down the slow path (`rows`). Empty cells are '' and never NULL.

Rows keep the order of the file, so the position of a row is its `file_row_number` of read_parquet: writing it would
cost twice the time (10 million rows: 7.5 s instead of 3.9 s), because `row_number() over ()` runs in one thread. A big
file lands alone; small files of one shape share a Parquet file, with `_before`, the number of rows before those of it.
Files are prepared, and batches of them written, side by side (`workers`).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import duckdb

from sales_warehouse import settings
from sales_warehouse.company.models import Table
from sales_warehouse.extract import encoding
from sales_warehouse.extract.files import Result, Room, SourceFile, Unread, Written
from sales_warehouse.extract.header import Header, check_header
from sales_warehouse.extract.outcome import FileRefused, refusing
from sales_warehouse.extract.parquet import BEFORE, FILE, TextParquet
from sales_warehouse.extract.rows import LONGEST_RECORD, Dialect, Lines, open_text, read_header, write_rows
from sales_warehouse.extract.scan import Scan, scan
from sales_warehouse.extract.workers import side_by_side
from sales_warehouse.sql import as_parquet, ident, literal, literals, read_parquet

BIG_BYTES = 64 << 20  # a bigger file lands alone; those that share a Parquet file have no more together
LINE_BYTES, BUFFER_BYTES = 2 << 20, 16 << 20  # read_csv's own choice takes 1 GB more memory for the same speed
DELIMITERS = (",", ";", "\t", "|")


class Miscounted(Exception):
    """The parser and the count of the bytes disagree."""


@dataclass(frozen=True)
class Delimited:
    """A file ready to be read: its text in UTF-8 (a link or a copy), its header and how it looks from the outside."""

    file: SourceFile
    text: Path
    header: Header
    seen: Scan

    @property
    def rows(self) -> int:
        return self.seen.records - 1

    @property
    def is_big(self) -> bool:
        return self.file.size > BIG_BYTES

    def written(self, path: Path, rows: int, reported: int, malformed: int = 0) -> Written:
        notes = list(self.header.notes)
        if self.rows and not self.seen.ends_with_line_end:
            notes.append("the last line has no line end; if the source always writes one, the file was cut off")
        return Written(self.file, path, rows, reported, malformed, tuple(notes), self.header.drift)


def read(files: Sequence[SourceFile], table: Table, room: Room, spill: Path) -> Iterator[Result]:
    """Write every file to Parquet; yield for each of them where it went or why it could not be taken."""
    ready = []
    for item in _prepared(files, table, room):
        if isinstance(item, Unread):
            yield item
        else:
            ready.append(item)
    yield from (slowly(item, table, room.next_parquet()) for item in ready if item.seen.odd)
    batches = list(_batches(item for item in ready if not item.seen.odd))

    def write(connection: duckdb.DuckDBPyConnection, place: tuple[list[Delimited], Path]) -> list[Result]:
        return list(_Writer(table, room, connection).fast(*place))

    for results in side_by_side(write, [(batch, room.next_parquet()) for batch in batches], spill=spill):
        yield from results


def _prepared(files: Sequence[SourceFile], table: Table, room: Room) -> Iterator[Delimited | Unread]:
    # names without characters that DuckDB takes for a pattern, numbered in the order of the files
    places = [(file, room.scratch(".csv")) for file in files]

    def ready(place: tuple[SourceFile, Path]) -> Delimited | Unread:
        file, text = place
        try:
            with refusing():
                return prepare(file, table, text)
        except FileRefused as error:
            return Unread(file, str(error), error.drift)

    with ThreadPoolExecutor(settings.threads(), thread_name_prefix="extract") as pool:
        yield from pool.map(ready, places)


def prepare(file: SourceFile, table: Table, text: Path) -> Delimited:
    """Return a file ready to be read, its text at `text`; raise FileRefused when it is not as promised."""
    if not file.size:
        raise FileRefused("empty: 0 bytes, not even a header; ask for the file again")
    encoding.as_utf8(file.path, table.encoding, text)
    seen = scan(text, table.delimiter, table.quote)
    if seen.longest > LONGEST_RECORD:
        seen.suspect("a very long record")
    try:
        with open_text(text, seen) as lines:
            names = read_header(Lines(lines), Dialect(table.delimiter, table.quote))
    except UnicodeDecodeError:
        encoding.check_utf8(text)
        raise
    _refuse_other_delimiter(names, table)
    return Delimited(file, text, check_header(names, table), seen)


def _refuse_other_delimiter(names: list[str], table: Table) -> None:
    if len(names) > 1 or len(table.columns) == 1:
        return
    for other in DELIMITERS:
        if set(table.columns) <= set(next(csv.reader(names, delimiter=other), [])):
            raise FileRefused(
                f"header (line 1): there is no {table.delimiter!r} in it; with {other!r} it is the promised header: "
                f"set `delimiter: {other!r}` for this table"
            )


def _batches(files: Iterable[Delimited]) -> Iterator[list[Delimited]]:
    """Put small files with the same header together, in order; every big file stays alone."""
    groups: dict[tuple[str, ...], list[Delimited]] = defaultdict(list)
    sizes: dict[tuple[str, ...], int] = defaultdict(int)
    for item in files:
        shape = item.header.names
        if item.is_big:
            yield [item]
            continue
        if sizes[shape] + item.file.size > BIG_BYTES:
            yield groups.pop(shape)
            sizes[shape] = 0
        groups[shape].append(item)
        sizes[shape] += item.file.size
    yield from groups.values()


def slowly(item: Delimited, table: Table, path: Path) -> Result:
    """Write one file row by row, malformed rows beside the good ones."""
    dialect = Dialect(table.delimiter, table.quote)
    try:
        item.file.refuse_when_changed()
        with refusing():
            done, records = _write_rows(item, path, dialect)
        item.file.refuse_when_changed()
    except FileRefused as error:
        path.unlink(missing_ok=True)
        return Unread(item.file, str(error))
    return item.written(path, done.rows, records, done.malformed)


def _write_rows(item: Delimited, path: Path, dialect: Dialect) -> tuple[TextParquet, int]:
    header = item.header
    try:
        return write_rows(item.text, path, item.file.origin, header.names, header.landed, dialect, item.seen)
    except UnicodeDecodeError as error:
        encoding.check_utf8(item.file.path)
        raise FileRefused(f"not UTF-8 any more ({error}); it is picked up next time") from error


class _Writer:
    def __init__(self, table: Table, room: Room, connection: duckdb.DuckDBPyConnection) -> None:
        self.table, self.room, self.connection = table, room, connection

    def fast(self, batch: list[Delimited], path: Path) -> Iterator[Result]:
        """Write a batch; when anything in it is doubtful, halve it until the doubtful file is alone."""
        try:
            self._copy(batch, path)
            for item in batch:
                item.file.refuse_when_changed()
        except (duckdb.Error, Miscounted, FileRefused):  # no memory for one long record, for example
            path.unlink(missing_ok=True)
            if len(batch) == 1:
                yield slowly(batch[0], self.table, path)
                return
            middle = len(batch) // 2
            yield from self.fast(batch[:middle], path)
            yield from self.fast(batch[middle:], self.room.next_parquet())
        else:
            yield from (item.written(path, item.rows, item.rows) for item in batch)

    def _copy(self, batch: list[Delimited], path: Path) -> None:
        landed = ", ".join(ident(name) for name in batch[0].header.landed)
        origins = [item.file.origin for item in batch]
        before = list(accumulate((item.rows for item in batch[:-1]), initial=0))
        if batch[0].is_big:
            origin = literal(batch[0].file.origin)
            query = f"select {landed}, {origin} as {FILE} from {self._csv(batch)}"
        else:
            query = f"""
                select {landed}, {_by_path(batch, origins)} as {FILE}, {_by_path(batch, before)} as {BEFORE}
                from {self._csv(batch)}"""
        self.connection.execute(f"copy ({query}) to {as_parquet(path)}")
        self._compare(batch, path)

    def _csv(self, batch: list[Delimited]) -> str:
        longest = max(item.seen.longest for item in batch)
        dialect = Dialect(self.table.delimiter, self.table.quote)
        return read_csv([item.text for item in batch], batch[0].header.names, dialect, longest, "filename = '_path'")

    def _compare(self, batch: list[Delimited], path: Path) -> None:
        """Raise Miscounted unless every file gave exactly the records that its bytes show, in their order."""
        if batch[0].is_big:
            counted = self.connection.execute(f"select count(*) from {literal(str(path))}").fetchall()
            if counted != [(batch[0].rows,)]:
                raise Miscounted
            return
        number = f"file_row_number + 1 - {BEFORE}"
        found = self.connection.execute(
            f"select {FILE}, count(*), min({number}), max({number}) "
            f"from {read_parquet([path], options='file_row_number = true')} group by all"
        ).fetchall()
        if set(found) != {(item.file.origin, item.rows, 1, item.rows) for item in batch if item.rows}:
            raise Miscounted


def read_csv(paths: Iterable[Path], names: Iterable[str], dialect: Dialect, longest: int, more: str = "") -> str:
    """Return read_csv of files with a header and everything declared, all of it text; `longest` record in bytes.

    No cell is NULL, for chr(0) never reaches it.
    """
    line = max(LINE_BYTES, longest + 2)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    quote = literal(dialect.quote)
    return (
        f"read_csv({literals(map(str, paths))}, auto_detect = false, columns = {{{columns}}}, header = false, "
        f"skip = 1, delim = {literal(dialect.delimiter)}, quote = {quote}, escape = {quote}, nullstr = chr(0), "
        f"compression = 'none', encoding = 'utf-8', strict_mode = true, null_padding = false, ignore_errors = false, "
        f"hive_partitioning = false, max_line_size = {line}, buffer_size = {max(BUFFER_BYTES, 4 * line)}"
        f"{', ' + more if more else ''})"
    )


def _by_path(batch: list[Delimited], values: Sequence[object]) -> str:
    """Return the value of each file of a batch as an expression over `_path`; a join would not keep the order of rows.

    The files are numbered (`Room.scratch`), and that number, counted from the first of the batch, is the place.
    """
    folder = len(str(batch[0].text.parent)) + 2
    numbers = [int(item.text.stem) for item in batch]
    given: list[object] = [None] * (numbers[-1] - numbers[0] + 1)
    for number, value in zip(numbers, values, strict=True):
        given[number - numbers[0]] = value
    place = f"cast(substr(_path, {folder}, length(_path) - {folder + 3}) as integer) - {numbers[0] - 1}"
    return f"list_extract({literals(given)}, {place})"
