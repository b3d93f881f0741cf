"""JSON Lines to Parquet: one object a line, the declared columns as text, malformed lines beside the good ones.

About 75,000 nested lines a second in one thread, flat ones faster. A key that is missing is NULL; keys that nobody
declared are named in a note. Blank lines are no records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from sales_warehouse.company.models import Table
from sales_warehouse.extract import encoding
from sales_warehouse.extract.count import lines_with_text
from sales_warehouse.extract.files import Result, Room, Schema, SourceFile, Written, each_knowing_the_last
from sales_warehouse.extract.gathered import Gathered
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet
from sales_warehouse.extract.record import Columns, KeyCheck, NotARecord, fields_of, key_notes

LONGEST_LINE = 64 << 20  # bytes


def read(files: Iterable[SourceFile], table: Table, room: Room, before: Schema) -> Iterator[Result]:
    """Write every file to Parquet; yield where it went or why it could not be taken. `before`: see EarlierTable."""
    return each_knowing_the_last(files, lambda before, file: _File(file, table, room, before).write(), before)


class _File:
    """One file on its way; remembers the keys that it met."""

    def __init__(self, file: SourceFile, table: Table, room: Room, before: Schema) -> None:
        self.file, self.table, self.room = file, table, room
        self.columns = Columns(table.columns, more=table.drift == "adopt")
        self.keys = KeyCheck(table, before)

    def write(self) -> Written:
        if not self.file.size:
            raise FileRefused("empty: 0 bytes; ask for the file again")
        text = self.room.scratch(".jsonl")
        encoding.as_utf8(self.file.path, self.table.encoding, text)
        if self.table.encoding == "utf-8":
            encoding.check_utf8(self.file.path)
        path = self.room.next_parquet()
        with text.open("rb") as lines, TextParquet(path, self.columns.names, self.file.origin, faults=True) as parquet:
            self._lines(lines, parquet)
            drift = self.keys.drift_of(self.columns, parquet.rows - parquet.malformed)
        counts = (parquet.rows, lines_with_text(text), parquet.malformed)
        return Written(self.file, path, *counts, key_notes(drift, self.table), drift, self.keys.schema)

    def _lines(self, lines: BinaryIO, parquet: TextParquet) -> None:
        gathered = Gathered(self.columns)
        for number, (line, rest) in enumerate(split(lines), 1):
            if not line.strip() and not rest:
                continue
            if parquet.rows == 0 and not gathered.rows and line.lstrip().startswith(b"["):
                raise FileRefused("line 1: a JSON array; write one object on each line instead (JSON Lines)")
            self._line(number, line, rest, gathered)
            if len(gathered.rows) == BATCH_ROWS:
                gathered.flush(parquet)
        gathered.flush(parquet)

    def _line(self, number: int, line: bytes, rest: int, gathered: Gathered) -> None:
        try:
            if rest:
                raise NotARecord(f"longer than {LONGEST_LINE} bytes ({len(line) + rest})")
            fields = fields_of(line)
            row = self.columns.pick(fields)
        except NotARecord as error:
            cut = "" if line.endswith(b"\n") else "; the file ends here without a line end: was it cut off?"
            gathered.refuse(f"line {number}: {error}{'' if rest else cut}", line.rstrip(b"\r\n"))
            return
        self.keys.add(fields)
        gathered.keep(row)


def split(lines: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield every line and how many bytes of it were left out because it is too long."""
    first = True
    while line := lines.readline(LONGEST_LINE + 1):
        if first:
            line, first = line.removeprefix(b"\xef\xbb\xbf"), False
        rest = 0
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            while (more := lines.readline(1 << 20)) and not more.endswith(b"\n"):
                rest += len(more)
            rest += max(1, len(more))
        yield line, rest
