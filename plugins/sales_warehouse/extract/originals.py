"""The bytes of files as they came, kept beside what was read of them, and where a row is in them.

Files of one table and load are frames (zstd, RFC 8878) of one file, a frame for each chunk, so ten thousand small ones
are no ten thousand files. A workbook is kept too, though only its rows have a place; a database and an API have no
bytes to keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
CODEC = pa.Codec("zstd", compression_level=1)  # chunk by chunk it takes half the time of pyarrow's stream
Found = tuple[int, int | None, bytes]  # number, line and UTF-8 of a row


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
        """Append a file; return None when it is not the one that was read any more."""
        try:
            with self.path.open("ab") as target, file.path.open("rb") as source:
                while chunk := source.read(CHUNK):
                    target.write(CODEC.compress(chunk))
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


def locate(
    original: Original, table: Table, rows: int, numbers: np.ndarray | Sequence[int], room: Room
) -> Iterator[Located]:
    """Yield where some of the `rows` rows of an original are, and what they look like, in order.

    Raises FileRefused when the file cannot be read as the table is described now, or does not have so many rows then.
    """
    wanted = np.unique(np.asarray(numbers, np.int64))  # all rows of a large file may be wanted: 8 bytes for each
    if table.format == "excel":
        yield from (Located(number, table.header_row + number) for number in map(int, wanted))
        return
    file = room.scratch(".original")
    unpack(original, file)
    if table.encoding == "auto":  # it landed: whatever it was taken for then
        table = table.model_copy(update={"encoding": encoding.detected(file, takes_a_guess=True)})
    if table.format == "json":
        records = json_document.elements_of(file, table, room)
        _check(len(records), rows)
        found: Iterator[Found] = ((number, None, bytes(records[number - 1])) for number in map(int, wanted))
    else:
        text = room.scratch(".text")
        encoding.as_utf8(file, table.encoding, text)
        found = _of_jsonl(text, wanted) if table.format == "jsonl" else _of_csv(text, table, rows, wanted)
    codec = encoding.codec_of_a_row(file, table.encoding)
    for number, line, content in found:
        shown = content.decode("utf-8", "replace")
        yield Located(number, line, shown, content if codec == "utf-8" else shown.encode(codec, "replace"))


def _of_csv(text: Path, table: Table, rows: int, wanted: np.ndarray) -> Iterator[Found]:
    seen = scan(text, table.delimiter, table.quote)
    if seen.odd or seen.longest > LONGEST_RECORD:
        for number, line, content in places_of_rows(text, Dialect(table.delimiter, table.quote), seen, wanted):
            yield number, line, content.encode()
        return
    _check(seen.records - 1, rows)
    with text.open("rb") as source:
        for place in places(text, table.quote, wanted):  # record 0 is the header
            first = int(place.starts[0])
            source.seek(first)
            part = source.read(int(place.ends[-1]) - first)
            for number, line, start, end in zip(*(column.tolist() for column in astuple(place)), strict=True):
                yield number, line, part[start - first : end - first].removesuffix(b"\r")


def _of_jsonl(text: Path, wanted: np.ndarray) -> Iterator[Found]:
    number, asked = 0, iter(wanted)
    coming = next(asked, None)
    with text.open("rb") as source:
        for line, (content, rest) in enumerate(jsonl.split(source), 1):
            if not content.strip() and not rest:
                continue
            number += 1
            if number == coming:
                yield number, line, content.rstrip(b"\r\n")
                coming = next(asked, None)


def _check(found: int, rows: int) -> None:
    if found != rows:
        raise FileRefused(f"{found} records where {rows} landed")
