"""JSON records as text: numbers keep their digits (`1.10`, `1E5`, 16-digit ids), nested values stay JSON.

DuckDB and the standard library turn 1.10 into 1.1 and 1E5 into 100000.0; msgspec's Raw keeps the bytes.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import accumulate, islice
from typing import Any

import msgspec

from sales_warehouse.company.models import Table
from sales_warehouse.extract.header import ANY, MOST_COLUMNS, likely
from sales_warehouse.extract.outcome import Drift, FileRefused
from sales_warehouse.extract.parquet import MORE

Fields = dict[str, msgspec.Raw]
MOST_KEYS = 250_000  # of a record, those of objects in it among them; each costs some 200 bytes of memory
LEAST_KEY = len(b'"":1')  # bytes
MOST_LIKELY = 10_000  # keys among which a new name is looked for
MOST_NAMED = 50  # in one sentence
_FIELDS: msgspec.json.Decoder[Fields] = msgspec.json.Decoder(Fields)
_STRING = msgspec.json.Decoder(str)
_KEY = re.compile(rb'"\s*:')
_KINDS = {b'"': "text", b"{": "object", b"[": "list", b"t": "boolean", b"f": "boolean", b"n": None}
_NOT_JSON = re.compile(rb'(?<![\w"])-?(NaN|Infinity)(?![\w"])')


class NotARecord(ValueError):
    """A text that is not one JSON object, with the reason."""


def fields_of(text: bytes) -> Fields:
    """Return the raw values of a JSON object by key; raise NotARecord for anything that JSON readers disagree about."""
    if len(text) > MOST_KEYS * LEAST_KEY and any(islice(_KEY.finditer(text), MOST_KEYS, None)):
        raise NotARecord(f"more than {MOST_KEYS:,} keys, those of objects in it among them; make more records of it")
    try:
        fields = _FIELDS.decode(text)
        if len(_KEY.findall(text)) != len(fields):  # nested, or a key twice, or unusual spaces: look closely
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
    return _text(bytes(raw))


def _text(value: bytes) -> str | None:
    if value.startswith(b'"'):
        if b"\\" not in value:
            return value[1:-1].decode()
        text = _STRING.decode(value)
        if "\x00" in text:
            raise NotARecord("a NUL character in a text")
        return text
    return None if value == b"null" else value.decode()


class Columns:
    """Picks declared columns out of records; `a.b` is the key `a.b`, or else `b` inside the object `a`.

    It remembers how the values of each column begin, which tells their kinds.
    """

    def __init__(self, names: Sequence[str], *, more: bool = False) -> None:
        """`more` adds a last column, MORE, for what a record has beside the declared keys."""
        self.names = [*names, MORE] if more else list(names)
        self._keys = frozenset(names) if more else None
        self._paths = [(name, name.split(".")) for name in names]
        self._flat = all(len(path) == 1 for _, path in self._paths)
        self._starts = [set[bytes]() for _ in names]

    @property
    def kinds(self) -> Iterator[tuple[str, str]]:
        """The kinds of values that were met, with the names of their columns."""
        for (name, _), starts in zip(self._paths, self._starts, strict=True):
            yield from ((name, kind) for start in sorted(starts) if (kind := _KINDS.get(start, "number")))

    def pick(self, fields: Fields) -> list[str | None]:
        """Return the text of every column, None where the key is missing; raise NotARecord for an unreadable text."""
        try:
            cells: list[str | None] = []
            for (name, path), starts in zip(self._paths, self._starts, strict=True):
                raw = fields.get(name) if self._flat else _walk(fields, name, path)
                value = b"null" if raw is None else bytes(raw)
                starts.add(value[:1])
                cells.append(_text(value))
            return cells if self._keys is None else [*cells, _others(fields, self._keys)]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotARecord(f"a text with a broken escape or character: {error}") from error


def _others(fields: Fields, keys: Set[str]) -> str | None:
    """Return what stands under other keys, as a JSON object with every value as it was written."""
    others = [
        f"{json.dumps(key, ensure_ascii=False)}: {bytes(raw).decode()}"
        for key, raw in fields.items()
        if key not in keys
    ]
    return "{" + ", ".join(others) + "}" if others else None


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
    """Compares the keys that the records of a file or a resource have with the declared ones.

    `before` has, by key, the kinds that values had in earlier loads and files: a key that stood beside a declared one
    is not its new name, and a value of a kind that was not there before has another type.
    """

    def __init__(self, table: Table, before: Mapping[str, str] | None = None) -> None:
        self.table = table
        self.columns = tuple(dict.fromkeys([*table.columns, *filter(None, [table.cursor])]))
        self._before = before or {}
        self._keys: set[str] = set()
        self._kinds: dict[str, set[str]] = defaultdict(set)
        self._inside: dict[str, set[str]] = {name: set() for name in self.columns if "." in name}
        outer = [part for name in self._inside for part in accumulate(name.split(".")[:-1], "{}.{}".format)]
        self._objects: dict[str, set[str]] = {name: set() for name in outer}  # their keys, by the place of an object

    def add(self, fields: Mapping[str, object]) -> None:
        """Remember the keys of a record, given with its values by key."""
        self._keys.update(fields)
        for place, keys in self._objects.items():
            if len(keys) <= MOST_COLUMNS:
                keys.update(_at(fields, place.split(".")))
        for name in [*self._inside]:  # as long as none had it
            self._look_inside(name, fields)

    def _look_inside(self, name: str, fields: Mapping[str, object]) -> None:
        found: object = fields
        path = [name] if name in fields else name.split(".")
        for place, part in enumerate(path):
            inner = _object(found)
            if inner is None:
                return
            if part not in inner:
                self._inside[name].update(".".join([*path[:place], str(key)]) for key in inner if place)
                return
            found = inner[part]
        self._keys.add(name)
        del self._inside[name]

    def add_kind(self, name: str, kind: str) -> None:
        """Remember a kind of value that a key has."""
        self._keys.add(name)
        self._kinds[name].add(kind)

    @property
    def schema(self) -> dict[str, str]:
        """What is known of the keys after this: their kinds, `any` where only the key is."""
        there = {
            *self._before,
            *self._keys,
            *(f"{place}.{key}" for place, keys in self._objects.items() for key in keys),
        }
        if len(there) > MOST_COLUMNS:  # keys that are values, such as days
            there = {name for name in there if name in self.columns}
        return {name: self._known_kinds(name) for name in sorted(there)}

    def _known_kinds(self, name: str) -> str:
        kinds = self._kinds.get(name, set()) | set(self._before.get(name, "").split(" or ")) - {"", ANY}
        return " or ".join(sorted(kinds)) or ANY

    def drift(self, good_rows: int) -> tuple[Drift, ...]:
        """Return every difference; raise FileRefused where the policy of the table does not take it.

        A key that no record has is no mistake, for many systems leave empty ones out; one that seems to have been
        renamed is, unless the policy is to take what is known.
        """
        if not good_rows:
            return ()
        declared = {self._declared(name) for name in self.columns}
        unknown = sorted(self._keys - declared - {name.split(".")[0] for name in self.columns})
        new = [name for name in unknown if name not in self._before][:MOST_LIKELY]
        drift = []
        for name in sorted(declared - self._keys):
            candidate = self._beside(name) or likely(name, new)
            drift.append(Drift("renamed" if candidate else "missing", name, candidate))
        renamed = {item.found for item in drift}
        added = [name for name in unknown if name not in renamed]
        drift += [Drift("added", name) for name in added[:MOST_COLUMNS]]
        if len(added) > MOST_COLUMNS:  # keys that are values, such as days
            drift.append(Drift("added", f"… {len(added) - MOST_COLUMNS:,} more"))
        drift += self._retyped()
        self._refuse(drift)
        return tuple(drift)

    def drift_of(self, columns: Columns, good_rows: int) -> tuple[Drift, ...]:
        """Return every difference, the kinds of the values that were picked among them; raise as `drift` does."""
        for name, kind in columns.kinds:
            self.add_kind(name, kind)
        return self.drift(good_rows)

    def _beside(self, name: str) -> str | None:
        """Return the key of the same object that may be the new name of `a.b`; `a` makes no two names alike."""
        promised = {part for column in self.columns for part in accumulate(column.split("."), "{}.{}".format)}
        others = sorted(self._inside.get(name, set()) - promised - self._before.keys())
        new = {key.rpartition(".")[2]: key for key in others}
        found = likely(name.rpartition(".")[2], sorted(new))
        return new[found] if found else None

    def _declared(self, name: str) -> str:
        """Return which key a column needs: of `a.b` all of it, where there is an `a` with something in it."""
        return name if name in self._keys or self._inside.get(name) else name.split(".")[0]

    def _retyped(self) -> Iterator[Drift]:
        for name, kinds in sorted(self._kinds.items()):
            before = self._before.get(name, ANY)
            if before != ANY and (new := sorted(kinds - set(before.split(" or ")))):
                yield Drift("retyped", name, f"{before} → {' or '.join(new)}")

    def _refuse(self, drift: Sequence[Drift]) -> None:
        gone = [item for item in drift if item.kind == "renamed"]
        if gone and self.table.drift != "known":
            raise FileRefused(
                f"no record has the key {gone[0].column!r}, but there is {gone[0].found!r}; change `columns` (and the "
                "mapping) if the source changed, or ask for the old name",
                drift,
            )
        if drift and self.table.drift == "refuse":
            named = _listed([f"{item.kind}: {item.column}" for item in drift], "; ")
            raise FileRefused(
                f"{named}; the policy of this table is `drift: refuse`: change `columns`, or set it to adopt once",
                drift,
            )


def _at(fields: Mapping[str, object], path: Sequence[str]) -> Iterable[str]:
    """Return the keys of the object at a path, none where there is no object."""
    found: Mapping[Any, Any] | None = fields
    for part in path:
        found = None if found is None else _object(found.get(part))
    return map(str, found or ())


def _object(value: object) -> Mapping[Any, Any] | None:
    if isinstance(value, msgspec.Raw):
        return _FIELDS.decode(value) if bytes(value).startswith(b"{") else None
    return value if isinstance(value, Mapping) else None


def kind_of(raw: msgspec.Raw | None) -> str | None:
    """Return the kind of a JSON value, None for null."""
    return None if raw is None else _KINDS.get(bytes(raw)[:1], "number")


def key_notes(drift: Sequence[Drift], table: Table, *, keeps_more: bool = True) -> tuple[str, ...]:
    """Say what people should know of keys that were taken all the same."""
    told = [f"no record has the key {item.column!r}" for item in drift if item.kind in ("missing", "renamed")]
    told += [f"retyped: {item.column} ({item.found})" for item in drift if item.kind == "retyped"]
    added = [item.column for item in drift if item.kind == "added"]
    where = f", kept in {MORE}" if table.drift == "adopt" and keeps_more else ", left out"
    return (*told, f"keys that are not declared{where}: {_listed(added, ', ')}") if added else tuple(told)


def _listed(names: Sequence[str], between: str) -> str:
    more = f"{between}and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return between.join(names[:MOST_NAMED]) + more
