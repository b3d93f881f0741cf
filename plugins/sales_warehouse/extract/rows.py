"""The slow path for delimited text: Python's csv, keeping every good row and every bad one.

Blocks of lines without a fault are parsed at once, the others record by record. A record that cannot be read is blamed
on its first line, and the lines after it are read again: an unclosed quote does not swallow the rest of the file. A
record with closed quotes and a wrong number of fields stays one record, however many lines it has.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from sales_warehouse.extract.count import records_ended
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import TextParquet
from sales_warehouse.extract.scan import Scan

LONGEST_RECORD = 32 << 20  # characters; more is taken for an unclosed quote
SHORTEST_LIMIT = 1 << 16  # the search for a closing quote never gets shorter than this
BLOCK = 1 << 19  # characters parsed at once
CAREFUL_LINES = 5_000  # lines read record by record before they are written
KEPT_RAW = 1 << 20  # characters of a malformed record that are kept beside it


class RecordTooLong(csv.Error):
    """A record goes on for longer than any honest one."""


@dataclass(frozen=True)
class Dialect:
    """How a file separates and quotes its fields."""

    delimiter: str
    quote: str

    def reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        csv.field_size_limit(2 * LONGEST_RECORD)
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, doublequote=True, strict=True)


class Lines:
    """Physical lines that remember what the record at hand took, and take lines back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._returned: deque[str] = deque()
        self._size = 0
        self._limit = LONGEST_RECORD
        self.taken: list[str] = []
        self.number = 0  # physical lines taken
        self.records = 0  # that began in them; blank lines are none

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._file.readline(LONGEST_RECORD + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self._size += len(line)
        if self._size > self._limit:
            raise RecordTooLong(f"longer than {self._limit} characters; is a quote not closed?")
        return line

    def next_record(self) -> None:
        """Forget the lines of the record before; one that was more than a blank line counts."""
        self.records += any(line.strip("\r\n") for line in self.taken)
        self.taken.clear()
        self._size = 0

    def block(self) -> list[str]:
        """Take whole lines of about BLOCK characters."""
        lines, size = [], 0
        while self._returned and size < BLOCK:
            lines.append(self._returned.popleft())
            size += len(lines[-1])
        if size < BLOCK:
            lines += self._file.readlines(BLOCK - size)
        self.number += len(lines)
        return lines

    def give_back(self, lines: Sequence[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)

    def give_back_all_but_first(self) -> str:
        """Return the first line of the record; the others come again. Each long search makes the next one shorter."""
        first = self.taken[0]
        self.give_back(self.taken[1:])
        del self.taken[1:]
        if self._size > self._limit:
            self._limit = max(SHORTEST_LIMIT, self._limit // 2)
        return first


@dataclass
class Batch:
    """Records in order; `faults` has, by position, the reason and the text of those that cannot be trusted."""

    rows: list[list[str]] = field(default_factory=list)
    faults: dict[int, tuple[str, str]] = field(default_factory=dict)

    def refuse(self, reason: str, text: str) -> None:
        text = text.removesuffix("\n").removesuffix("\r")
        kept = text if len(text) <= KEPT_RAW else f"{text[:KEPT_RAW]}… ({len(text)} characters)"
        self.faults[len(self.rows)] = (reason, kept)
        self.rows.append([])


def open_text(file: Path, seen: Scan) -> TextIO:
    """Open a UTF-8 file whose lines end where `seen` says; nothing is translated."""
    return file.open(encoding="utf-8-sig", errors="strict", newline="\r" if seen.line_end == "\r" else "\n")


def read_header(lines: Lines, dialect: Dialect) -> list[str]:
    """Return the names in the first record; raise FileRefused when there is none."""
    try:
        names = next(dialect.reader(lines))
    except (csv.Error, StopIteration) as error:
        raise FileRefused(f"header (line 1): cannot be read ({error}); ask for the file again") from error
    if not names:
        raise FileRefused("header (line 1): the line is empty; the header has to be the first line")
    return names


def write_rows(
    file: Path, into: Path, origin: str, header: tuple[str, ...], landed: tuple[str, ...], dialect: Dialect, seen: Scan
) -> tuple[TextParquet, int]:
    """Write every record of a UTF-8 file to Parquet; return the writer with its counts, and the records of the lines.

    Raises FileRefused when the lines read are not the lines that `seen` counted, and UnicodeDecodeError.
    """
    order = [header.index(name) for name in landed]
    with open_text(file, seen) as text, TextParquet(into, landed, origin, faults=True) as parquet:
        lines = Lines(text)
        read_header(lines, dialect)
        lines.taken.clear()
        for batch in _batches(lines, dialect, len(header), seen.longest):
            _write(parquet, batch, order)
    if lines.number != seen.lines:
        raise FileRefused(f"{lines.number} lines were read where {seen.lines} were counted; nothing of it was taken")
    return parquet, lines.records


def _batches(lines: Lines, dialect: Dialect, width: int, longest: int) -> Iterator[Batch]:
    while longest <= LONGEST_RECORD and (block := lines.block()):
        rows = _at_once(block, dialect, width)
        if rows is not None:
            lines.records += records_ended(block, dialect.quote)
            yield Batch(rows)
            continue
        lines.give_back(block)
        yield _one_by_one(lines, dialect, width, until=lines.number + len(block))
    while True:
        before = lines.number
        yield _one_by_one(lines, dialect, width, until=before + CAREFUL_LINES)
        if lines.number == before:
            return


def _at_once(block: list[str], dialect: Dialect, width: int) -> list[list[str]] | None:
    """Return the records of a block, None when anything in it is odd or it ends inside a record."""
    if any("\x00" in line for line in block):
        return None
    try:
        rows = [row for row in dialect.reader(iter(block)) if row]
    except csv.Error:
        return None
    return rows if {width}.issuperset(map(len, rows)) else None


def _one_by_one(lines: Lines, dialect: Dialect, width: int, until: int) -> Batch:
    """Return the records up to the physical line `until`, and the rest of the one that crosses it."""
    batch = Batch()
    reader = dialect.reader(lines)
    while lines.number < until:
        lines.next_record()
        started = lines.number + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            whole = _ends(lines.taken[-1])
            batch.refuse(f"line {started}: {_explain(str(error), whole)}", lines.give_back_all_but_first())
            reader = dialect.reader(lines)
            continue
        if fields is None:
            break
        if fault := fields and _fault(fields, width, lines.taken[-1]):
            batch.refuse(f"line {started}: {fault}", "".join(lines.taken))
        elif fields:
            batch.rows.append(fields)
    lines.next_record()
    return batch


def _ends(line: str) -> bool:
    return line.endswith(("\n", "\r"))


def _fault(fields: list[str], width: int, last_line: str) -> str | None:
    if len(fields) != width:
        cut = "" if _ends(last_line) else "; the file ends here without a line end: was it cut off?"
        return f"{len(fields)} fields where the header has {width}{cut}"
    return "a NUL byte" if any("\x00" in value for value in fields) else None


def _explain(error: str, whole: bool) -> str:
    if error == "unexpected end of data":
        return "a quote is opened and never closed" + ("" if whole else "; was the file cut off?")
    if "expected after" in error:
        return "a quote inside a quoted field is not doubled, or a quote is not closed"
    if "new-line character" in error:
        return "a line end of another kind inside a field without quotes"
    return error


def _write(parquet: TextParquet, batch: Batch, order: list[int]) -> None:
    if not batch.rows:
        return
    nothing = [None] * len(order)
    for place in batch.faults:
        batch.rows[place] = nothing  # type: ignore[assignment]
    columns = list(zip(*batch.rows, strict=True))
    numbers = range(parquet.rows + 1, parquet.rows + len(batch.rows) + 1)
    faults = [batch.faults.get(place, (None, None)) for place in range(len(batch.rows))] if batch.faults else []
    reasons, raws = [fault[0] for fault in faults], [fault[1] for fault in faults]
    parquet.write([columns[place] for place in order], numbers, reasons, raws)
