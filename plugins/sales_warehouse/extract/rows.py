"""The slow path for delimited text: Python's csv, row by row, keeping every good row and every bad one.

About 0.4 million rows a second. A record that cannot be read is blamed on its first line, and the lines after it are
read again: an unclosed quote does not swallow the rest of the file. A record with closed quotes and a wrong number of
fields stays one record, however many lines it has.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet
from sales_warehouse.extract.scan import Scan

LONGEST_RECORD = 32 << 20  # characters; more is taken for an unclosed quote
KEPT_RAW = 1 << 20  # characters of a malformed record that are kept beside it


class RecordTooLong(csv.Error):
    """A record goes on for longer than any honest one."""


@dataclass(frozen=True)
class Dialect:
    """How a file separates and quotes its fields."""

    delimiter: str
    quote: str

    def reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, doublequote=True, strict=True)


class Lines:
    """Physical lines that remember what the record at hand took, and take lines back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self._size = 0
        self._limit = LONGEST_RECORD
        self.number = 0  # physical lines taken

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
        self.taken.clear()
        self._size = 0

    def give_back_all_but_first(self) -> str:
        """Return the first line of the record; the others come again. Each time the next search is shorter."""
        first, rest = self.taken[0], self.taken[1:]
        self._returned.extendleft(reversed(rest))
        self.number -= len(rest)
        if self._size > self._limit:
            self._limit = max(1 << 16, self._limit // 2)
        return first


@dataclass
class Row:
    """A record: its fields, or the reason why they cannot be trusted and the text as it came."""

    fields: list[str]
    reason: str | None = None
    raw: str | None = None


def read_header(lines: Lines, dialect: Dialect) -> list[str]:
    """Return the names in the first record; raise FileRefused when there is none."""
    try:
        names = next(dialect.reader(lines))
    except (csv.Error, StopIteration) as error:
        raise FileRefused(f"header (line 1): cannot be read ({error}); ask for the file again") from error
    if not names:
        raise FileRefused("header (line 1): the line is empty; the header has to be the first line")
    return names


def read_rows(lines: Lines, dialect: Dialect, width: int) -> Iterator[Row]:
    """Yield every record after the header, blank lines left out."""
    csv.field_size_limit(2 * LONGEST_RECORD)
    reader = dialect.reader(lines)
    while True:
        lines.next_record()
        started = lines.number + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _broken(lines, started, error)
            reader = dialect.reader(lines)
            continue
        if fields:
            reason = _fault(fields, width, lines)
            yield Row(fields, reason and f"line {started}: {reason}", reason and _raw("".join(lines.taken)))


def _fault(fields: list[str], width: int, lines: Lines) -> str | None:
    if len(fields) != width:
        cut = "" if lines.taken[-1][-1:] in "\r\n" else "; the file ends here without a line end: was it cut off?"
        return f"{len(fields)} fields where the header has {width}{cut}"
    if any("\x00" in field for field in fields):
        return "a NUL byte"
    return None


def _broken(lines: Lines, started: int, error: csv.Error) -> Row:
    whole = lines.taken[-1][-1:] in "\r\n"
    first = lines.give_back_all_but_first()
    reason = str(error)
    if reason == "unexpected end of data":
        reason = "a quote is opened and never closed" + ("" if whole else "; was the file cut off?")
    elif "expected after" in reason:
        reason = "a quote inside a quoted field is not doubled, or a quote is not closed"
    elif "new-line character" in reason:
        reason = "a line end of another kind inside a field without quotes"
    return Row([], f"line {started}: {reason}", _raw(first))


def _raw(text: str) -> str:
    text = text.removesuffix("\n").removesuffix("\r")
    return text if len(text) <= KEPT_RAW else f"{text[:KEPT_RAW]}… ({len(text)} characters)"


def open_text(file: Path, seen: Scan) -> TextIO:
    """Open a UTF-8 file whose lines end where `seen` says; nothing is translated."""
    return file.open(encoding="utf-8-sig", errors="strict", newline="\r" if seen.line_end == "\r" else "\n")


def write_rows(
    file: Path, into: Path, origin: str, header: tuple[str, ...], landed: tuple[str, ...], dialect: Dialect, seen: Scan
) -> TextParquet:
    """Write every record of a UTF-8 file to Parquet; return the writer with its counts.

    Raises FileRefused when the lines read are not the lines that `seen` counted, and UnicodeDecodeError.
    """
    order = [header.index(name) for name in landed]
    with (
        open_text(file, seen) as text,
        TextParquet(into, landed, origin, faults=True) as parquet,
    ):
        lines = Lines(text)
        read_header(lines, dialect)
        batch: list[Row] = []
        for row in read_rows(lines, dialect, len(header)):
            batch.append(row)
            if len(batch) == BATCH_ROWS:
                _flush(parquet, batch, order)
        _flush(parquet, batch, order)
    if lines.number != seen.lines:
        raise FileRefused(f"{lines.number} lines were read where {seen.lines} were counted; nothing of it was taken")
    return parquet


def _flush(parquet: TextParquet, batch: list[Row], order: list[int]) -> None:
    if not batch:
        return
    nothing = [None] * (max(order) + 1)
    columns = list(zip(*(nothing if row.reason else row.fields for row in batch), strict=True))
    numbers = range(parquet.rows + 1, parquet.rows + len(batch) + 1)
    reasons, raws = [row.reason for row in batch], [row.raw for row in batch]
    parquet.write([columns[place] for place in order], numbers, reasons, raws)
    batch.clear()
