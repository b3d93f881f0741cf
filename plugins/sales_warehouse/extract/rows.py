"""The slow path for delimited text: Python's csv, keeping every good row and every bad one.

Blocks of lines without a fault are parsed at once, the others record by record. A record that cannot be read is blamed
on its first line, and the lines after it are read again: an unclosed quote does not swallow the rest of the file. A
record with closed quotes and a wrong number of fields stays one record, however many lines it has.

The lines that csv took for a record are held against the `grammar` of one record: csv cannot swallow another.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from sales_warehouse.extract.grammar import record_pattern, records_in
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import TextParquet
from sales_warehouse.extract.scan import Scan

if TYPE_CHECKING:
    from _csv import Reader

LONGEST_RECORD = 32 << 20  # characters; more is taken for an unclosed quote
SHORTEST_LIMIT = 1 << 16  # the search for a closing quote never gets shorter than this
BLOCK = 1 << 19  # characters parsed at once
CAREFUL_LINES = 5_000  # lines read record by record before they are written
KEPT_RAW = 1 << 20  # characters of a malformed record that are kept beside it
_NO_TEXT = re.compile("[\x00\udc80-\udcff]")  # a NUL, and bytes that could not be decoded (PEP 383)


class RecordTooLong(csv.Error):
    """A record goes on for longer than any honest one."""


@dataclass(frozen=True)
class Dialect:
    """How a file separates and quotes its fields.

    A quote inside of quotes is doubled, or has `escape` before it where there is one. No `quote`: nothing is quoted.
    """

    delimiter: str
    quote: str
    escape: str = ""
    skip_space: bool = False  # after a delimiter

    def reader(self, lines: Iterator[str]) -> Reader:
        csv.field_size_limit(2 * LONGEST_RECORD)
        return csv.reader(
            map(self._with_literal_escapes, lines) if self.escape else lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape or None,
            doublequote=not self.escape,
            skipinitialspace=self.skip_space,
            strict=True,
        )

    @property
    def record(self) -> re.Pattern[str]:
        """The grammar of one record."""
        return record_pattern(self.delimiter, self.quote, self.escape, self.skip_space)

    def _with_literal_escapes(self, line: str) -> str:
        """Double the escapes that stand before nothing that has to be escaped: they are text (a path, a fraction)."""
        meant = re.escape(f"{self.escape}{self.quote}{self.delimiter}\r\n")
        escape = re.escape(self.escape)
        return re.sub(rf"{escape}([{meant}])|{escape}", lambda found: found[0] if found[1] else found[0] * 2, line)


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
        line = self._returned.popleft() if self._returned else self._read()
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

    def ahead(self, count: int, size: int = BLOCK) -> list[str]:
        """Return the lines that follow, as many as were asked for or have `size` characters, and take none of them."""
        waiting = sum(map(len, islice(self._returned, count)))
        while len(self._returned) < count and waiting < size and (line := self._read()):
            self._returned.append(line)
            waiting += len(line)
        return list(islice(self._returned, count))

    def _read(self) -> str:
        """Return the next line; of one that is too long for a record only as much as shows it."""
        line = piece = self._file.readline(LONGEST_RECORD + 1)
        while len(piece) > LONGEST_RECORD and not _ends(piece):
            piece = self._file.readline(LONGEST_RECORD + 1)
        return line

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


@dataclass(frozen=True)
class Fault:
    """Why a record cannot be trusted, where it begins, and its text."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Mend:
    """A record that can be read in one way only, though it breaks the rules; `reason` is what was done."""

    line: int
    reason: str
    text: str
    fields: list[str]


class Rules(Protocol):
    """What a reader knows of a table beyond its number of fields."""

    def mended(self, text: str) -> tuple[list[str], str] | None:
        """Return the fields of a record that breaks the rules, and what was done; None when that is not certain."""

    def is_suspect(self, fields: list[str]) -> bool:
        """Tell whether `fault` has to see a record."""

    def fault(self, fields: list[str], text: str, ahead: Callable[[int], list[str]]) -> str | None:
        """Return why a record is no row of the table; it is asked of one after the other.

        `ahead` gives some of the lines that follow.
        """


@dataclass
class Batch:
    """Records in order; `faults` has, by position, those that cannot be trusted, with no fields among the rows."""

    rows: list[list[str]] = field(default_factory=list)
    places: list[tuple[int, str]] = field(
        default_factory=list
    )  # of each row its first line and its text, where it was read by itself
    faults: dict[int, Fault] = field(default_factory=dict)
    mends: list[Mend] = field(default_factory=list)
    blank: int = 0  # lines with nothing in them, which are no records

    def refuse(self, line: int, reason: str, text: str) -> None:
        text = _bare(text)
        kept = text if len(text) <= KEPT_RAW else f"{text[:KEPT_RAW]}… ({len(text)} characters)"
        self.faults[len(self.rows)] = Fault(line, reason, kept)
        self.rows.append([])

    def mend(self, line: int, text: str, rules: Rules | None) -> bool:
        """Take a record as the rules read it; tell whether they could."""
        text = _bare(text)
        mended = None if rules is None or _NO_TEXT.search(text) else rules.mended(text)
        if mended is None:
            return False
        self.mends.append(Mend(line, mended[1], text, mended[0]))
        self.rows.append(mended[0])
        return True


def _bare(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def open_text(file: Path, seen: Scan) -> TextIO:
    """Open a UTF-8 file whose lines end where `seen` says; nothing is translated."""
    return file.open(encoding="utf-8-sig", errors="strict", newline="\r" if seen.line_end == "\r" else "\n")


def read_header(lines: Lines, dialect: Dialect) -> list[str]:
    """Return the names in the first record; raise FileRefused when there is none."""
    try:
        names, _ = _next_record(dialect.reader(lines), lines, dialect.record)
    except csv.Error as error:
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
        for batch in batches(lines, dialect, len(header), seen.longest):
            _write(parquet, batch, order)
    if lines.number != seen.lines:
        raise FileRefused(f"{lines.number} lines were read where {seen.lines} were counted; nothing of it was taken")
    return parquet, lines.records


def places_of_rows(file: Path, dialect: Dialect, seen: Scan, rows: Iterable[int]) -> Iterator[tuple[int, int, str]]:
    """Yield number, first line and text of some rows, given in order, of a file that `write_rows` would read."""
    asked = iter(rows)
    coming = next(asked, None)
    with open_text(file, seen) as text:
        lines = Lines(text)
        width, done = len(read_header(lines, dialect)), 0
        lines.taken.clear()
        while True:
            before = lines.number
            batch = _one_by_one(lines, dialect, width, None, until=before + CAREFUL_LINES)
            for number, (line, content) in enumerate(batch.places, done + 1):
                if number == coming:
                    yield number, line, _bare(content)
                    coming = next(asked, None)
            done += len(batch.places)
            if lines.number == before:
                return


def batches(lines: Lines, dialect: Dialect, width: int, longest: int, rules: Rules | None = None) -> Iterator[Batch]:
    """Yield every record of `width` fields, and every one that is not, in order.

    `longest` is the length of the longest record in bytes, as far as it was counted.
    """
    while longest <= LONGEST_RECORD and (block := lines.block()):
        batch = _at_once(block, dialect, width, rules)
        if batch is not None and len(batch.rows) == records_in("".join(block), dialect.record):
            lines.records += len(batch.rows)
            yield batch
            continue
        lines.give_back(block)
        yield _one_by_one(lines, dialect, width, rules, until=lines.number + len(block))
    while True:
        before = lines.number
        yield _one_by_one(lines, dialect, width, rules, until=before + CAREFUL_LINES)
        if lines.number == before:
            return


def _at_once(block: list[str], dialect: Dialect, width: int, rules: Rules | None) -> Batch | None:
    """Return the records of a block, None when anything in it is odd or it ends inside a record."""
    if any(map(_NO_TEXT.search, block)):
        return None
    try:
        found = list(dialect.reader(iter(block)))
    except csv.Error:
        return None
    rows = [row for row in found if row]
    if not {width}.issuperset(map(len, rows)):
        return None
    if rules and any(map(rules.is_suspect, rows)):
        return None
    return Batch(rows, blank=len(found) - len(rows))


def _one_by_one(lines: Lines, dialect: Dialect, width: int, rules: Rules | None, until: int) -> Batch:
    """Return the records up to the physical line `until`, and the rest of the one that crosses it."""
    batch = Batch()
    reader, record = dialect.reader(lines), dialect.record
    while lines.number < until:
        lines.next_record()
        started = lines.number + 1
        try:
            fields, text = _next_record(reader, lines, record)
        except csv.Error as error:
            whole = _ends(lines.taken[-1])
            first = lines.give_back_all_but_first()
            if not batch.mend(started, first, rules):
                batch.refuse(started, _explain(str(error), whole), first)
            batch.places.append((started, first))
            reader = dialect.reader(lines)
            continue
        if fields is None:
            break
        if not fields:
            batch.blank += 1
            continue
        batch.places.append((started, text))
        if fault := _fault(fields, width, lines.taken[-1]):
            if not batch.mend(started, text, rules):
                batch.refuse(started, fault, text)
        elif rules and (fault := rules.fault(fields, text, lines.ahead)):
            batch.refuse(started, fault, text)
        else:
            batch.rows.append(fields)
    lines.next_record()
    return batch


def _next_record(reader: Reader, lines: Lines, record: re.Pattern[str]) -> tuple[list[str] | None, str]:
    """Return the fields of the next record and its text; none for a blank line, None at the end.

    Raises csv.Error when its quotes are broken, which csv does not see where it has an escape, and FileRefused when csv
    took more lines than those of one record.
    """
    fields = next(reader, None)
    text = "".join(lines.taken)
    if not fields or record.fullmatch(text):
        return fields, text
    if record.match(text) is None:
        raise csv.Error("a delimiter is expected after a closing quote")
    raise FileRefused(
        f"line {lines.number - len(lines.taken) + 1}: the parser gave one record for {len(lines.taken)} lines that are "
        "more: this is a fault of the reader; nothing of it was taken. Please report this with the file"
    )


def _ends(line: str) -> bool:
    return line.endswith(("\n", "\r"))


def _fault(fields: list[str], width: int, last_line: str) -> str | None:
    if len(fields) != width:
        cut = "" if _ends(last_line) else "; the file ends here without a line end: was it cut off?"
        return f"{len(fields)} fields where the header has {width}{cut}"
    odd = next(filter(None, map(_NO_TEXT.search, fields)), None)
    return odd and (
        "a NUL byte" if odd[0] == "\x00" else f"a byte outside of the encoding: 0x{ord(odd[0]) - 0xDC00:02X}"
    )


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
    faults = [batch.faults.get(place) for place in range(len(batch.rows))] if batch.faults else []
    reasons = [f"line {fault.line}: {fault.reason}" if fault else None for fault in faults]
    raws = [fault.text if fault else None for fault in faults]
    parquet.write([columns[place] for place in order], numbers, reasons, raws)
