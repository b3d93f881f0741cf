"""Parquet files of a source to landed Parquet: every value as text that loses nothing, without a row of Python.

Decimals and whole numbers keep their digits, floats are the shortest text that reads back, moments are ISO with their
offset where they have one (in UTC), bytes hexadecimal, lists, structs and maps JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sales_warehouse.company.models import Table
from sales_warehouse.extract.files import Result, Room, SourceFile, Written, one_by_one
from sales_warehouse.extract.header import check_header
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import FILE, ROW_NUMBER
from sales_warehouse.sql import gist, ident, literal, only_row

NESTED = ("STRUCT", "MAP", "UNION")


def read(
    files: Iterable[SourceFile], table: Table, room: Room, connection: duckdb.DuckDBPyConnection
) -> Iterator[Result]:
    """Write every file; yield where it went or why it could not be taken."""
    return one_by_one(files, lambda file: _write(file, table, room, connection))


def _write(file: SourceFile, table: Table, room: Room, connection: duckdb.DuckDBPyConnection) -> Written:
    rows, names = _footer(file.path)
    header = check_header(names, table, where="schema")  # DuckDB would rename the second of two equal names
    relation = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
    path = room.next_parquet()
    try:
        described = connection.execute(f"describe from {relation}").fetchall()
        kinds = {name: kind for name, kind, *_ in described if name != "file_row_number"}
        cells = ", ".join(f"{_text(name, kinds[name])} as {ident(name)}" for name in header.landed)
        query = f"select {cells}, {literal(file.origin)} as {FILE}, file_row_number + 1 as {ROW_NUMBER} from {relation}"
        (written,) = only_row(connection, f"copy ({query}) to {literal(str(path))} (format parquet, compression zstd)")
    except duckdb.Error as error:
        path.unlink(missing_ok=True)
        raise FileRefused(f"not a readable Parquet file ({gist(str(error))}); ask for it again") from error
    return Written(file, path, written, rows, notes=header.notes, drift=header.drift, schema=kinds)


def _footer(path: Path) -> tuple[int, list[str]]:
    """Return how many rows there are and the names of the columns, as the footer of the file says."""
    try:
        with pq.ParquetFile(path) as parquet:
            return parquet.metadata.num_rows, parquet.schema_arrow.names
    except (pa.ArrowException, OSError) as error:
        raise FileRefused(f"not a readable Parquet file ({error}); was it cut off? ask for it again") from error


def _text(name: str, kind: str) -> str:
    if kind == "BLOB":
        return f"lower(hex({ident(name)}))"
    if kind.endswith("]") or kind.startswith(NESTED):
        return f"cast(to_json({ident(name)}) as varchar)"
    return f"cast({ident(name)} as varchar)"
