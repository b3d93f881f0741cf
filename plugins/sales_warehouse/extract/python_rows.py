"""Rows that Python code hands over, as text: records (mappings), Arrow tables and pandas frames.

The same value has the same text whichever of them it comes in: numbers keep their digits (`float_text` says how floats
do), moments are ISO with a space before the time and with their offset where they have one, bytes are hexadecimal,
lists and records are JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from sales_warehouse.extract.parquet import Text
from sales_warehouse.extract.record import NotARecord
from sales_warehouse.extract.text import EVERY_WHOLE_NUMBER, OF_32_BITS, float_sql, float_text, text_column, value_text
from sales_warehouse.sql import ident

_JSON = msgspec.json.Encoder(decimal_format="number", enc_hook=value_text)


def row_text(row: Any, columns: Sequence[tuple[str, Sequence[str]]]) -> list[str | None]:
    """Return the text of every column of a record, None where the key is missing.

    `columns` has the names with their parts: `a.b` is the key `a.b`, or else `b` inside `a`. Raises NotARecord.
    """
    if not isinstance(row, Mapping):
        raise NotARecord(f"not a record but {type(row).__name__}")
    return [_text(_walk(row, name, parts)) for name, parts in columns]


def raw_of(row: Any) -> bytes:
    """Return a record that could not be taken, as JSON or as Python shows it."""
    try:
        return _JSON.encode(row)
    except (TypeError, ValueError, UnicodeError, RecursionError):
        return repr(row).encode("utf-8", "backslashreplace")


def _walk(row: Mapping[Any, Any], name: str, parts: Sequence[str]) -> Any:
    if name in row or len(parts) == 1:
        return row.get(name)
    found: Any = row
    for part in parts:
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _text(value: Any) -> str | None:
    if isinstance(value, (Mapping, list, tuple, set)):
        try:
            return _JSON.encode(value).decode()
        except (TypeError, ValueError, RecursionError) as error:
            raise NotARecord(f"a value that cannot be written as JSON ({type(error).__name__})") from error
    if isinstance(value, float):
        return float_text(value)
    text = value_text(value)
    if text is not None and "\x00" in text:
        raise NotARecord("a NUL character in a text")
    if text is not None and not text.isascii() and not _is_unicode(text):
        raise NotARecord("a text with half a character")
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def table_of(item: Any) -> pa.Table | None:
    """Return what is handed over as an Arrow table, None for anything else (a record)."""
    if isinstance(item, pa.Table):
        return item
    if isinstance(item, pa.RecordBatch):
        return pa.Table.from_batches([item])
    if type(item).__module__.partition(".")[0] == "pandas":
        return pa.Table.from_pandas(item, preserve_index=False)
    return None


def table_text(table: pa.Table, names: Sequence[str], connection: duckdb.DuckDBPyConnection) -> list[Text]:
    """Return the named columns of an Arrow table as text; DuckDB converts them, value by value only what it lacks."""
    table = table.select(list(names))
    plain = [name for name, kind in zip(names, table.schema.types, strict=True) if _is_plain(kind)]
    converted: dict[str, Text] = {}
    if plain:
        connection.register("handed_over", table.select(plain))
        cells = ", ".join(f"{_cell(name, table.schema.field(name).type)} as {ident(name)}" for name in plain)
        found = connection.execute(f"select {cells} from handed_over").to_arrow_table()
        connection.unregister("handed_over")
        converted = {name: found.column(name).combine_chunks().cast(pa.string()) for name in plain}
    return [converted[name] if name in converted else _by_value(table.column(name).to_pylist()) for name in names]


def _is_plain(kind: pa.DataType) -> bool:
    """Kinds that DuckDB knows as exactly as Arrow does."""
    known = (
        pa.types.is_integer, pa.types.is_string, pa.types.is_large_string, pa.types.is_boolean, pa.types.is_floating,
        pa.types.is_date, pa.types.is_decimal128, pa.types.is_binary, pa.types.is_large_binary,
    )  # fmt: skip
    return (any(test(kind) for test in known) and not pa.types.is_float16(kind)) or _is_exact_moment(kind)


def _is_exact_moment(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and (kind.tz is None or kind.unit != "ns")


def _cell(name: str, kind: pa.DataType) -> str:
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return f"lower(hex({ident(name)}))"
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return f"cast(timezone('UTC', {ident(name)}) as varchar) || '+00:00'"
    if pa.types.is_floating(kind):
        return float_sql(ident(name), EVERY_WHOLE_NUMBER if pa.types.is_float64(kind) else OF_32_BITS)
    return f"cast({ident(name)} as varchar)"


def _by_value(values: list[Any]) -> Text:
    if any(isinstance(value, (dict, list, float)) for value in values):
        return [_text(value) for value in values]
    return text_column(values)
