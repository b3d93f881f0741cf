"""The bytes of files as they came, kept beside what was read of them, and where a row is in them.

Files of one table and load are frames (zstd, RFC 8878) of one file, so ten thousand small ones are no ten thousand
files. A workbook is kept too, though only its rows have a place; a database and an API have no bytes to keep.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from sales_warehouse.company.models import Table
from sales_warehouse.extract import encoding, json_document, jsonl
from sales_warehouse.extract.files import Room, SourceFile
from sales_warehouse.extract.outcome import FileRefused, Original
from sales_warehouse.extract.rows import LONGEST_RECORD, Dialect, places_of_rows
from sales_warehouse.extract.scan import places, scan

NAME = "originals.zst"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Located:
    """A row of a file, by its number from 1: its first line (of a sheet its row), its text and its bytes."""

    number: int
    line: int | None
    text: str | None = None
    content: bytes | None = None


class Keeper:
    """Writes the originals of one table and load."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._offset = 0

    def keep(self, file: SourceFile) -> Original | None:
        """Append a file (0.4 GB/s); return None when it is not the one that was read any more."""
        try:
            with (
                self.path.open("ab") as target,
                file.path.open("rb") as source,
                pa.CompressedOutputStream(target, "zstd") as packed,
            ):
                shutil.copyfileobj(source, packed, CHUNK)
            file.refuse_when_changed()
        except (OSError, FileRefused):
            original = None
        else:
            original = Original(self.path, self._offset, file.size)
        self._offset = self.path.stat().st_size
        return original


def unpack(original: Original, target: Path) -> None:
    """Write an original as it came."""
    with original.path.open("rb") as source, target.open("wb") as plain:
        source.seek(original.offset)
        packed, left = pa.CompressedInputStream(pa.PythonFile(source), "zstd"), original.size
        while left and (chunk := packed.read(min(CHUNK, left))):
            plain.write(chunk)
            left -= len(chunk)


def locate(original: Original, table: Table, rows: int, numbers: Iterable[int], room: Room) -> Iterator[Located]:
    """Yield where some of the `rows` rows of an original are, and what they look like.

    Raises FileRefused when the file cannot be read as the table is described now, or does not have so many rows then.
    """
    wanted = sorted(numbers)
    if table.format == "excel":
        yield from (Located(number, table.header_row + number) for number in wanted)
        return
    file = room.scratch(".original")
    unpack(original, file)
    if table.format == "json":
        records = json_document.elements_of(file, table, room)
        _check(len(records), rows)
        yield from (_located(number, None, bytes(records[number - 1]), table) for number in wanted)
        return
    text = room.scratch(".text")
    encoding.as_utf8(file, table.encoding, text)
    yield from _of_jsonl(text, table, wanted) if table.format == "jsonl" else _of_csv(text, table, rows, wanted)


def _of_csv(text: Path, table: Table, rows: int, wanted: Sequence[int]) -> Iterator[Located]:
    seen = scan(text, table.delimiter, table.quote)
    if seen.odd or seen.longest > LONGEST_RECORD:
        for number, line, content in places_of_rows(text, Dialect(table.delimiter, table.quote), seen, set(wanted)):
            yield _located(number, line, content.encode(), table)
        return
    _check(seen.records - 1, rows)
    with text.open("rb") as source:
        for place in places(text, table.quote, np.array(wanted, np.int64)):  # record 0 is the header
            first = int(place.starts[0])
            source.seek(first)
            part = source.read(int(place.ends[-1]) - first)
            for number, line, start, end in zip(*(column.tolist() for column in astuple(place)), strict=True):
                yield _located(number, line, part[start - first : end - first].removesuffix(b"\r"), table)


def _of_jsonl(text: Path, table: Table, wanted: Sequence[int]) -> Iterator[Located]:
    number, asked = 0, set(wanted)
    with text.open("rb") as source:
        for line, (content, rest) in enumerate(jsonl.split(source), 1):
            if not content.strip() and not rest:
                continue
            number += 1
            if number in asked:
                yield _located(number, line, content.rstrip(b"\r\n"), table)


def _located(number: int, line: int | None, utf8: bytes, table: Table) -> Located:
    """Return a row with its bytes as they were; of UTF-16 without the mark, which only begins a file."""
    text = utf8.decode("utf-8", "replace")
    if table.encoding in ("utf-8", "auto"):
        return Located(number, line, text, utf8)
    return Located(number, line, text, text.encode("utf-16-le" if table.encoding == "utf-16" else table.encoding))


def _check(found: int, rows: int) -> None:
    if found != rows:
        raise FileRefused(f"{found} records where {rows} landed")
