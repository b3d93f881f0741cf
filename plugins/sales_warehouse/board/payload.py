"""Rows → compact columns (dictionaries, scaled integers) → gzip → base64: the data that the page carries."""

from __future__ import annotations

import base64
import datetime
import gzip
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

TOO_LARGE = Decimal(10) ** 20  # no figure of a company; its digits would not fit decimal arithmetic either
MAX_SCALE = 6  # digits kept after the point; money has 4 in the marts, rates are shown with at most 4


def encode_column(values: Sequence[Any]) -> list[Any]:
    """Text as ["t", words, codes], numbers as ["n", scale, integers], flags as ["b", bits]; gaps stay gaps."""
    present = [value for value in values if value is not None]
    if present and isinstance(present[0], bool):
        return ["b", [None if value is None else int(value) for value in values]]
    if present and isinstance(present[0], (int, float, Decimal)):
        return _numbers(values)
    return _words(values)


def _numbers(values: Sequence[Any]) -> list[Any]:
    exact = [None if value is None else _decimal(value) for value in values]
    scale = max((_digits(value) for value in exact if value is not None), default=0)
    return ["n", scale, [None if value is None else int(value.scaleb(scale)) for value in exact]]


def _decimal(value: Any) -> Decimal | None:
    """Exact for integers and decimals, a double through its shortest text; None for what is not a finite number."""
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return round(number, MAX_SCALE).normalize() if number.is_finite() and abs(number) < TOO_LARGE else None


def _digits(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _words(values: Sequence[Any]) -> list[Any]:
    texts = [None if value is None else _text(value) for value in values]
    words = sorted({text for text in texts if text is not None})
    code = {word: number for number, word in enumerate(words)}
    return ["t", words, [-1 if text is None else code[text] for text in texts]]


def _text(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def encode_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    encoded = {name: encode_column(values) for name, values in zip(names, columns, strict=True)}
    return {"rows": len(rows), "columns": encoded}


def pack(payload: dict[str, Any]) -> str:
    """The payload as text for a data block; the same payload gives the same text."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode("ascii")
