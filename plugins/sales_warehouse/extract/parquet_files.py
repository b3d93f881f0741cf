"""Parquet files of a source to landed Parquet: every value as text that loses nothing, without a row of Python.

Decimals and whole numbers keep their digits, fractions are the shortest text that reads back, a float that is a whole
number is its digits (`text.float_text`), moments are ISO with their
offset where they have one (in UTC), bytes hexadecimal, lists, structs and maps JSON. Moments with a zone keep their
nanoseconds in a column of their own; inside of lists, structs and maps DuckDB reads microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sales_warehouse.company.models import Table
from sales_warehouse.extract.archive import MOST_BYTES, MOST_RATIO
from sales_warehouse.extract.files import Result, Room, Schema, SourceFile, Unread, Written, read_one
from sales_warehouse.extract.header import ANY, check_header, schema_drift, schema_notes
from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import FILE
from sales_warehouse.extract.text import EVERY_WHOLE_NUMBER, OF_32_BITS, float_sql
from sales_warehouse.extract.workers import side_by_side
from sales_warehouse.sql import as_parquet, gist, ident, literal, only_row, read_parquet

FLOATS = {"DOUBLE": EVERY_WHOLE_NUMBER, "FLOAT": OF_32_BITS}
NESTED = ("STRUCT", "MAP", "UNION")


def read(files: Sequence[SourceFile], table: Table, room: Room, spill: Path, before: Schema) -> Iterator[Result]:
    """Write every file; yield where it went or why it could not be taken. `before`: see EarlierTable."""

    def write(connection: duckdb.DuckDBPyConnection, place: tuple[SourceFile, Path]) -> Result:
        file, path = place
        return read_one(file, lambda file: _write(file, table, path, room, connection))

    for result in side_by_side(write, [(file, room.next_parquet()) for file in files], spill=spill):
        result = _compared(result, before, table) if isinstance(result, Written) else result
        if isinstance(result, Written):
            before = result.schema
        yield result


def _compared(written: Written, before: Schema, table: Table) -> Result:
    """Name what changed since the file before; refuse another type where the policy takes no difference.

    A column without a value has no type: what is known of it stays.
    """
    told = dict(written.schema or {})
    known = {name: before.get(name, ANY) if before and kind == ANY else kind for name, kind in told.items()}
    changed = schema_drift(before, known)
    if table.drift == "refuse" and (retyped := [item for item in changed if item.kind == "retyped"]):
        written.path.unlink()
        reason = (
            f"{'; '.join(schema_notes(retyped))}; the policy of this table is `drift: refuse`: set it to adopt once"
        )
        return Unread(written.file, reason, (*written.drift, *changed))
    notes = (*written.notes, *schema_notes(changed))
    return replace(written, schema=known, drift=(*written.drift, *changed), notes=notes)


def _write(file: SourceFile, table: Table, path: Path, room: Room, connection: duckdb.DuckDBPyConnection) -> Written:
    rows, schema = _footer(file.path)
    header = check_header(schema.names, table, where="schema")  # DuckDB would rename the second of two equal names
    path, named = room.next_parquet(), _named(file.path, room)
    fine = {name for name in header.landed if _is_fine_and_zoned(schema.field(name).type)}
    try:
        _refuse_bomb(file, header.landed, connection, named)
        relation = _relation(_without_zones(file.path, fine, room) if fine else named)
        kinds = {name: kind for name, kind, *_ in connection.execute(f"describe from {relation}").fetchall()}
        texts = {name: _text(ident(name), kinds[name], schema.field(name).type) for name in header.landed}
        texts |= {name: f"{texts[name]} || '+00'" for name in fine}
        cells = ", ".join(f"{texts[name]} as {ident(name)}" for name in header.landed)
        query = f"select {cells}, {literal(file.origin)} as {FILE} from {relation}"
        (written,) = only_row(connection, f"copy ({query}) to {as_parquet(path)}")
    except (duckdb.Error, pa.ArrowException) as error:
        path.unlink(missing_ok=True)
        raise FileRefused(f"not a readable Parquet file ({gist(str(error))}); ask for it again") from error
    kinds |= {name: ANY for name in header.landed if pa.types.is_null(schema.field(name).type)}
    return Written(file, path, written, rows, notes=header.notes, drift=header.drift, schema=kinds)


def _named(path: Path, room: Room) -> Path:
    """Return a file by a name that is no pattern to DuckDB: `sales[1].parquet` would be read from `sales1.parquet`."""
    place = room.scratch(".parquet")
    place.symlink_to(path.absolute())
    return place


def _relation(path: Path) -> str:
    """Return a file as a relation; a folder `year=2026` on its way says nothing about its column `year`."""
    return read_parquet([path])


def _footer(path: Path) -> tuple[int, pa.Schema]:
    """Return how many rows there are and the columns, as the footer of the file says."""
    try:
        with pq.ParquetFile(path) as parquet:
            return parquet.metadata.num_rows, parquet.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise FileRefused(f"not a readable Parquet file ({error}); was it cut off? ask for it again") from error


def _refuse_bomb(file: SourceFile, columns: Sequence[str], connection: duckdb.DuckDBPyConnection, named: Path) -> None:
    """Refuse a file of more text than an archive may unpack to, and 200 times its size, before any of it is written.

    The ratio alone tells nothing: by dictionaries and runs a list of the stock of shops is far smaller than its text.

    The footer has the values and the encoded bytes. It does not say how long the values are, for one of a dictionary
    counts once however many rows have it: so the lengths are added up, batch by batch, until it is too much.
    """
    most = max(MOST_BYTES, MOST_RATIO * file.size)
    with pq.ParquetFile(file.path) as parquet:
        about = parquet.metadata
        groups = [about.row_group(number) for number in range(about.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    size = max(sum(chunk.num_values for chunk in chunks), sum(chunk.total_uncompressed_size for chunk in chunks))
    if size > most:
        raise FileRefused(_bomb(most))
    relation = _relation(named)
    kinds = {name: kind for name, kind, *_ in connection.execute(f"describe from {relation}").fetchall()}
    lengths = [length for name in columns if (length := _length(ident(name), kinds[name]))]
    longest = max((chunk.total_uncompressed_size for chunk in chunks), default=0)  # no value is longer than its chunk
    if not lengths or size * longest <= most:
        return
    size = 0
    query = f"select {' + '.join(f'coalesce({length}, 0)' for length in lengths)} from {relation}"
    for batch in connection.execute(query).to_arrow_reader():
        size += pc.sum(batch.column(0)).as_py() or 0
        if size > most:
            raise FileRefused(_bomb(most))


def _bomb(most: int) -> str:
    return (
        f"more than {most / 2**20:,.0f} MiB of text, {MOST_RATIO} times its size or more: no honest file is like this; "
        "deliver it in smaller parts, or leave out the column that repeats a long text"
    )


def _length(value: str, kind: str) -> str | None:
    """Return the SQL of the bytes of a value, None where the type bounds them."""
    if kind == "VARCHAR":
        return f"strlen({value})"
    if kind == "BLOB":
        return f"octet_length({value})"
    return f"strlen(cast({value} as varchar))" if _is_nested(kind) else None


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(NESTED)


def _is_fine_and_zoned(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and kind.unit == "ns" and kind.tz is not None


def _without_zones(path: Path, names: set[str], room: Room) -> Path:
    """Write a file anew with some of its moments in UTC without a zone: with one, DuckDB reads microseconds only."""
    place = room.scratch(".parquet")
    with pq.ParquetFile(path) as parquet:
        schema = parquet.schema_arrow
        for number, name in enumerate(schema.names):
            if name in names:
                schema = schema.set(number, schema.field(number).with_type(pa.timestamp("ns")))
        with pq.ParquetWriter(place, schema, compression="zstd") as writer:
            for batch in parquet.iter_batches():
                writer.write_table(pa.Table.from_batches([batch]).cast(schema))
    return place


def _text(value: str, kind: str, arrow: pa.DataType) -> str:
    if kind == "BLOB":
        return f"lower(hex({value}))"
    if kind in FLOATS:
        return float_sql(value, FLOATS[kind])
    if _is_nested(kind):
        return f"cast(to_json({_with_hex(value, arrow) if 'BLOB' in kind else value}) as varchar)"
    return f"cast({value} as varchar)"


def _with_hex(value: str, arrow: pa.DataType, depth: int = 0) -> str:
    """Return the SQL of a nested value with its bytes as hexadecimal text."""
    types, one = pa.types, f"_{depth}"
    if types.is_binary(arrow) or types.is_large_binary(arrow) or types.is_fixed_size_binary(arrow):
        return f"lower(hex({value}))"
    if types.is_list(arrow) or types.is_large_list(arrow) or types.is_fixed_size_list(arrow):
        return f"list_transform({value}, {one} -> {_with_hex(one, arrow.value_type, depth + 1)})"
    if types.is_struct(arrow):
        packed = ", ".join(
            f"{ident(part.name)} := {_with_hex(f'{value}.{ident(part.name)}', part.type, depth + 1)}" for part in arrow
        )
        return f"case when {value} is not null then struct_pack({packed}) end"
    if types.is_map(arrow):
        key = _with_hex(f"{one}.key", arrow.key_type, depth + 1)
        item = _with_hex(f"{one}.value", arrow.item_type, depth + 1)
        entries = f"list_transform(map_entries({value}), {one} -> struct_pack(k := {key}, v := {item}))"
        return f"map_from_entries({entries})"
    return value
