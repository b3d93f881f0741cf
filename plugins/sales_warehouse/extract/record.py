"""JSON records as text: numbers keep their digits (`1.10`, `1E5`, 16-digit ids), nested values stay JSON.

DuckDB and the standard library turn 1.10 into 1.1 and 1E5 into 100000.0; msgspec's Raw keeps the bytes.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sales_warehouse.extract.outcome import FileRefused

Fields = dict[str, msgspec.Raw]
_FIELDS: msgspec.json.Decoder[Fields] = msgspec.json.Decoder(Fields)
_STRING = msgspec.json.Decoder(str)
_NOT_JSON = re.compile(rb'(?<![\w"])-?(NaN|Infinity)(?![\w"])')


class NotARecord(ValueError):
    """A text that is not one JSON object, with the reason."""


def fields_of(text: bytes) -> Fields:
    """Return the raw values of a JSON object by key; raise NotARecord for anything that JSON readers disagree about."""
    try:
        fields = _FIELDS.decode(text)
        if text.count(b'":') != len(fields):  # nested, or a key twice, or unusual spaces: look closely
            json.loads(text, object_pairs_hook=_distinct, parse_int=str, parse_float=str, parse_constant=_refuse)
    except RecursionError as error:
        raise NotARecord("nested too deep to be a record") from error
    except msgspec.ValidationError as error:
        raise NotARecord("JSON, but not an object with one value for each key") from error
    except msgspec.DecodeError as error:
        raise NotARecord(_explain(text, error)) from error
    except ValueError as error:
        raise NotARecord(str(error)) from error
    return fields


def _distinct(pairs: Sequence[tuple[str, Any]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        double = next(key for key in keys if keys.count(key) > 1)
        raise NotARecord(f"the key {double!r} is there twice")


def _refuse(constant: str) -> None:
    raise NotARecord(f"{constant} is not JSON")


def _explain(text: bytes, error: msgspec.DecodeError) -> str:
    if constant := _NOT_JSON.search(text):
        return f"{constant.group(1).decode()} is not JSON"
    if "truncated" in str(error):
        whole = text.rstrip().endswith(b"}")
        return f"not JSON: {'a broken escape or an open bracket' if whole else 'the text ends in the middle'}"
    return f"not JSON: {str(error).removeprefix('JSON is malformed: ')}"


def text_of(raw: msgspec.Raw | None) -> str | None:
    """Return the text of a value: strings without quotes, null as None, everything else as it is written."""
    if raw is None:
        return None
    value = bytes(raw)
    if value.startswith(b'"'):
        if b"\\" not in value:
            return value[1:-1].decode()
        text = _STRING.decode(value)
        if "\x00" in text:
            raise NotARecord("a NUL character in a text")
        return text
    return None if value == b"null" else value.decode()


class Columns:
    """Picks declared columns out of records; `a.b` is the key `a.b`, or else `b` inside the object `a`."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self._paths = [(name, name.split(".")) for name in names]
        self._flat = all(len(path) == 1 for _, path in self._paths)

    def pick(self, fields: Fields) -> list[str | None]:
        """Return the text of every column, None where the key is missing; raise NotARecord for an unreadable text."""
        try:
            if self._flat:
                return [text_of(fields.get(name)) for name in self.names]
            return [text_of(_walk(fields, name, path)) for name, path in self._paths]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotARecord(f"a text with a broken escape or character: {error}") from error


def _walk(fields: Mapping[str, msgspec.Raw], name: str, path: Sequence[str]) -> msgspec.Raw | None:
    if name in fields or len(path) == 1:
        return fields.get(name)
    found = fields.get(path[0])
    for part in path[1:]:
        if found is None or not bytes(found).startswith(b"{"):
            return None
        found = _FIELDS.decode(found).get(part)
    return found


def at_path(body: bytes, path: str | None) -> bytes | None:
    """Return the raw JSON at a path of names (`$.data.items`), None when there is none."""
    found = bytes(msgspec.json.decode(body, type=msgspec.Raw))
    for part in (path or "").removeprefix("$").split("."):
        if not part:
            continue
        if not found.startswith(b"{"):
            return None
        inner = msgspec.json.decode(found, type=dict[str, msgspec.Raw]).get(part)
        if inner is None:
            return None
        found = bytes(inner)
    return found


class KeyCheck:
    """Compares the keys that the records of a file have with the declared ones."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.keys: set[str] = set()

    def add(self, fields: Fields) -> None:
        """Remember the keys of a record."""
        self.keys.update(fields)

    def notes(self, good_rows: int) -> tuple[str, ...]:
        """Note keys that nobody declared, and declared ones that no record has; raise FileRefused for a renamed one."""
        if not good_rows:
            return ()
        declared = {name if name in self.keys else name.split(".")[0] for name in self.columns.names}
        absent = sorted(declared - self.keys)
        unknown = sorted(self.keys - declared)
        folded = {key.strip().casefold(): key for key in unknown}
        for name in absent:
            if close := difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6):
                raise FileRefused(
                    f"no line has the key {name!r}, but there is {folded[close[0]]!r}; change `columns` (and the "
                    "mapping) if the source changed, or ask for the old name"
                )
        notes = [f"no line has the key {name!r}" for name in absent]
        return (*notes, f"keys that are not declared: {', '.join(unknown)}") if unknown else tuple(notes)
