"""Values of a database as text, the same text for the same value whatever the driver.

Moments and dates are ISO (a space between date and time, as SQL writes it), decimals plain digits, floats the shortest
text that reads back (`float_text` says what of whole ones), booleans true and false, bytes hexadecimal, documents and
arrays JSON, NULL None.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

EVERY_WHOLE_NUMBER, OF_32_BITS = 2**53, 2**24  # that a float can be
FLOATS = {"REAL", "FLOAT", "DOUBLE", "DOUBLE_PRECISION"}  # as the schema of a database or of a Parquet file names them


def text_column(values: Sequence[Any]) -> list[str | None] | Sequence[str | None]:
    """Return a column as text; one look at the types of the column, then one function for all of it."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return values
    if len(kinds) == 1:
        write = _writer(kinds.pop())
        return [None if value is None else write(value) for value in values]
    return [value_text(value) for value in values]


def arrow_texts(columns: Sequence[Sequence[str | None]]) -> tuple[list[pa.Array], dict[int, list[int]]]:
    """Return columns of text as Arrow, and by the place of a row its columns with undecodable bytes (PEP 383).

    Such bytes are written as \\x.. in their texts.
    """
    arrays: list[pa.Array] = []
    undecoded: dict[int, list[int]] = defaultdict(list)
    for number, column in enumerate(columns):
        try:
            arrays.append(column if isinstance(column, pa.Array) else pa.array(column, pa.string()))
        except UnicodeEncodeError:
            texts = [text if text is None else shown(text) for text in column]
            for place, text in enumerate(texts):
                if text != column[place]:
                    undecoded[place].append(number)
            arrays.append(pa.array(texts, pa.string()))
    return arrays, undecoded


def shown(text: str) -> str:
    """Return a text with the bytes that could not be decoded written as \\x.."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def value_text(value: Any) -> str | None:
    """Return one value as text."""
    return None if value is None else _writer(type(value))(value)


def float_text(value: float) -> str:
    """Return a float as text: a whole number as its digits, as far as every whole number has a float of its own.

    From 2**53 on its last digits may be another number's, so it has a power of ten, which no id, count or amount has.
    """
    if not value.is_integer():
        return repr(value)
    return str(int(value)) if abs(value) < EVERY_WHOLE_NUMBER else f"{value:.16e}"


def float_sql(value: str, every_whole_number: int) -> str:
    """Return the SQL of the text that `float_text` gives; a float of 32 bits has whole numbers up to 2**24."""
    return (
        f"case when trunc({value}) <> {value} or not isfinite({value}) then cast({value} as varchar) "
        f"when abs({value}) < {every_whole_number} then cast(cast({value} as bigint) as varchar) "
        f"else format('{{:.16e}}', cast({value} as double)) end"
    )


def earlier_float_sql(value: str) -> str:
    """Return the SQL of a landed float as `float_text` gives it: to the end of November 2026 1234 landed as 1234.0."""
    return f"case when ends_with({value}, '.0') and length({value}) <= 17 then left({value}, -2) else {value} end"


def _writer(kind: type) -> Callable[[Any], str]:
    for base, write in _WRITERS:
        if issubclass(kind, base):
            return write
    return str


def _moment(value: datetime.datetime) -> str:
    return value.isoformat(sep=" ")


def _decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=value_text)


_WRITERS: tuple[tuple[tuple[type, ...], Callable[[Any], str]], ...] = (
    ((str,), str),
    ((bool,), lambda value: "true" if value else "false"),
    ((int,), str),
    ((float,), float_text),
    ((Decimal,), _decimal),
    ((datetime.datetime,), _moment),
    ((datetime.date, datetime.time), lambda value: value.isoformat()),
    ((bytes, bytearray, memoryview), lambda value: bytes(value).hex()),
    ((dict, list, tuple), _json),
)
