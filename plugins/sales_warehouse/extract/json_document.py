"""A JSON document: the records are the elements of the array at a path, the declared columns as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from sales_warehouse.company.models import Table
from sales_warehouse.extract import encoding
from sales_warehouse.extract.count import elements
from sales_warehouse.extract.files import Result, Room, Schema, SourceFile, Written, each_knowing_the_last
from sales_warehouse.extract.gathered import Gathered
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet
from sales_warehouse.extract.record import Columns, KeyCheck, NotARecord, at_path, fields_of, key_notes

LARGEST = 256 << 20  # bytes; a document is read as a whole


def read(files: Iterable[SourceFile], table: Table, room: Room, before: Schema) -> Iterator[Result]:
    """Write every file to Parquet; yield where it went or why it could not be taken. `before`: see EarlierTable."""
    return each_knowing_the_last(files, lambda before, file: _write(file, table, room, before), before)


def _write(file: SourceFile, table: Table, room: Room, before: Schema) -> Written:
    if file.size > LARGEST:
        raise FileRefused(
            f"{file.size:,} bytes; a JSON document may have {LARGEST:,}: split it, or deliver JSON Lines, which may be "
            "of any size"
        )
    array = _array(_text(file, table, room), table)
    path, columns = room.next_parquet(), Columns(table.columns, more=table.drift == "adopt")
    gathered, keys = Gathered(columns), KeyCheck(table, before)
    with TextParquet(path, columns.names, file.origin, faults=True) as parquet:
        for number, record in enumerate(msgspec.json.decode(array, type=list[msgspec.Raw]), 1):
            try:
                fields = fields_of(bytes(record))
                gathered.keep(columns.pick(fields))
            except NotARecord as error:
                gathered.refuse(f"record {number}: {error}", bytes(record))
            else:
                keys.add(fields)
            if len(gathered.rows) == BATCH_ROWS:
                gathered.flush(parquet)
        gathered.flush(parquet)
        drift = keys.drift_of(columns, parquet.rows - parquet.malformed)
    counts = (parquet.rows, elements(array), parquet.malformed)
    return Written(file, path, *counts, key_notes(drift, table), drift, keys.schema)


def elements_of(file: Path, table: Table, room: Room) -> list[msgspec.Raw]:
    """Return the records of a document as they are written."""
    text = room.scratch(".json")
    encoding.as_utf8(file, table.encoding, text)
    return msgspec.json.decode(_array(text.read_bytes().removeprefix(b"\xef\xbb\xbf"), table), type=list[msgspec.Raw])


def _text(file: SourceFile, table: Table, room: Room) -> bytes:
    if not file.size:
        raise FileRefused("empty: 0 bytes; ask for the file again")
    text = room.scratch(".json")
    encoding.as_utf8(file.path, table.encoding, text)
    encoding.check_utf8(text)
    return text.read_bytes().removeprefix(b"\xef\xbb\xbf")


def _array(text: bytes, table: Table) -> bytes:
    try:
        found = at_path(text, table.records)
    except RecursionError as error:
        raise FileRefused("nested too deep to be a list of records") from error
    except msgspec.DecodeError as error:
        raise FileRefused(f"not JSON: {error}; was it cut off? ask for it again") from error
    if found is None or not found.startswith(b"["):
        where = f"at {table.records!r}" if table.records else "at its top"
        raise FileRefused(f"there is no array {where}; set `records` to the path of the array, e.g. data.items")
    return found
