"""Any dlt source: its resources are the tables, named like them.

Every visit runs a resource afresh; dlt keeps no state here. Where the table has a `cursor`, the resource's own
`dlt.sources.incremental` begins at the cursor that landed last, moved back by the overlap; a resource without one is
asked for everything, and what is before the cursor is left out.
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sales_warehouse.company.load import suggestion
from sales_warehouse.company.models import DltConnection, Source, Table
from sales_warehouse.extract.cursor import Kind, NoCursor, later, lower_bound
from sales_warehouse.extract.dlt_function import resources_of
from sales_warehouse.extract.earlier import NOTHING, Earlier, EarlierTable
from sales_warehouse.extract.files import Room
from sales_warehouse.extract.gathered import Gathered
from sales_warehouse.extract.outcome import (
    Extraction,
    FileRefused,
    Landed,
    Refused,
    SourceMisconfigured,
    SourceUnavailable,
)
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet
from sales_warehouse.extract.python_rows import raw_of, row_text, table_of, table_text
from sales_warehouse.extract.record import Columns, KeyCheck, NotARecord, key_notes
from sales_warehouse.sql import connect

KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "text"), (int, "integer"), (Decimal, "decimal"), (datetime.datetime, "moment"), (datetime.date, "date"),
)  # fmt: skip
# Kinds of values as far as another one is news: a decimal that comes as a float has lost something, perhaps.
PYTHON_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "text"), (bool, "boolean"), (int, "integer"), (float, "float"), (Decimal, "decimal"),
    (datetime.datetime, "moment"), (datetime.date, "date"), ((bytes, bytearray), "bytes"), (Mapping, "object"),
    ((list, tuple, set), "list"),
)  # fmt: skip
ARROW_KINDS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_string, "text"), (pa.types.is_large_string, "text"), (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "integer"), (pa.types.is_floating, "float"), (pa.types.is_decimal, "decimal"),
    (pa.types.is_timestamp, "moment"), (pa.types.is_date, "date"), (pa.types.is_binary, "bytes"),
    (pa.types.is_large_binary, "bytes"), (pa.types.is_struct, "object"), (pa.types.is_list, "list"),
)  # fmt: skip


def read(
    source: Source,
    settings: DltConnection,
    environment: Mapping[str, str],
    earlier: Earlier,
    room: Callable[[str], Room],
    extraction: Extraction,
    on_progress: Callable[[str], None],
) -> None:
    """Read every resource that is a table; raise SourceUnavailable or SourceMisconfigured, naming the place."""
    temp = room(next(iter(source.tables))).temp
    resources = resources_of(source.source, settings.source, settings.arguments, environment, temp)
    for name, table in source.tables.items():
        where = f"{source.source}: {name}"
        if name not in resources:
            raise SourceMisconfigured(f"{where}: the dlt source has no such resource{suggestion(name, resources)}")
        known = earlier.get(name, NOTHING)
        resource = _begin(where, resources[name], table, known.cursor)
        try:
            landed = _Resource(where, name, table, resource).land(room(name), known)
        except FileRefused as error:
            extraction.refused.append(Refused(name, name, None, f"{name}: {error}", error.drift))
            continue
        on_progress(f"{name}: {landed.rows} records")
        extraction.notes += [f"{name}: {note}" for note in key_notes(landed.drift, table, keeps_more=False)]
        is_empty = table.cursor and not landed.rows and not landed.reported
        if is_empty or known.latest.get(landed.origin) == landed.fingerprint:
            landed.path.unlink()
            extraction.skipped += 1
        else:
            extraction.landed.append(landed)


def _begin(where: str, resource: Any, table: Table, cursor: str | None) -> Any:
    """Let a resource begin at a cursor: by its own dlt.sources.incremental, else by leaving out what is before it."""
    own = _own_incremental(resource)
    if table.cursor is None or (cursor is None and own is None):
        return resource
    import dlt

    if own is not None and own.cursor_path != table.cursor:
        raise SourceMisconfigured(
            f"{where}: cursor {table.cursor!r}: the resource's own dlt.sources.incremental is over {own.cursor_path!r}"
        )
    bound = None if cursor is None else _bound(where, table, cursor, own and own.initial_value)
    resource.apply_hints(
        incremental=dlt.sources.incremental(
            table.cursor, initial_value=bound, on_cursor_value_missing="include", allow_external_schedulers=False
        )
    )
    return resource


def _own_incremental(resource: Any) -> Any:
    """Return the incremental that the function of a resource has as a default, if any."""
    from dlt.extract.incremental import Incremental

    function = resource._pipe.gen
    if not callable(function):
        return None
    parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    return next((item.default for item in parameters if isinstance(item.default, Incremental)), None)


def _bound(where: str, table: Table, cursor: str, like: Any) -> Any:
    kind: Kind = table.cursor_type or _kind_of(like)
    try:
        return lower_bound(cursor, table.overlap_minutes, kind, table.overlap_numbers)
    except NoCursor as error:
        raise SourceMisconfigured(f"{where}: {error}") from error
    except (ValueError, ArithmeticError):
        raise SourceMisconfigured(
            f"{where}: the last cursor {cursor!r} is not of the type {kind}; set `cursor_type`, or load the source "
            "afresh"
        ) from None


def _kind_of(value: Any) -> Kind:
    for base, kind in KINDS:
        if isinstance(value, base):
            return kind
    return "text"


@dataclass
class _Resource:
    """One resource on its way. `reported` counts what it hands over before anything looks at it."""

    where: str
    name: str
    table: Table
    resource: Any
    reported: int = 0

    def land(self, room: Room, known: EarlierTable) -> Landed:
        """Write what comes; raise FileRefused when its keys are not what the table promises."""
        columns, keys = Columns(self._wanted()), KeyCheck(self.table, known.schema)
        gathered, path, reached = Gathered(columns), room.next_parquet(), known.cursor
        parts = [(name, name.split(".")) for name in columns.names]
        place = columns.names.index(self.table.cursor) if self.table.cursor else None
        with TextParquet(path, columns.names, self.name, faults=True) as parquet, connect(temp=room.temp) as duck:
            for item in self._items():
                handed = table_of(item)
                if handed is not None:
                    gathered.flush(parquet)
                    _look_at_table(handed, self.table, keys)
                    written = self._columns(handed, columns, duck)
                    parquet.write(written, range(parquet.rows + 1, parquet.rows + handed.num_rows + 1))
                    reached = _latest(reached, written[place]) if place is not None else None
                    continue
                number = parquet.rows + len(gathered.rows) + 1
                try:
                    row = row_text(item, parts)
                except NotARecord as error:
                    gathered.refuse(f"record {number}: {error}", raw_of(item))
                    continue
                gathered.keep(row)
                _look_at_record(item, self.table, keys)
                reached = _latest(reached, [row[place]]) if place is not None else None
                if len(gathered.rows) >= BATCH_ROWS:
                    gathered.flush(parquet)
            gathered.flush(parquet)
            drift = keys.drift(parquet.rows - parquet.malformed)
        counts = (parquet.rows, self.reported, parquet.content, reached, parquet.malformed)
        return Landed(self.name, path, self.name, *counts, drift=drift, schema=keys.schema)

    def _wanted(self) -> list[str]:
        cursor = self.table.cursor
        return [*self.table.columns, *([cursor] if cursor and cursor not in self.table.columns else [])]

    def _items(self) -> Iterator[Any]:
        """Yield what the resource hands over, counted."""
        try:
            for item in self.resource:
                self.reported += _rows_in(item)
                yield item
        except (SourceMisconfigured, SourceUnavailable, GeneratorExit):
            raise
        except Exception as error:  # of somebody else's code; its text may quote a secret or a person
            raise _failure(self.where, error) from None

    def _columns(self, handed: pa.Table, columns: Columns, duck: Any) -> list:
        missing = [name for name in columns.names if name not in handed.column_names]
        if missing and (self.table.drift != "known" or self.table.cursor in missing):
            raise SourceMisconfigured(
                f"{self.where}: the resource has no column{suggestion(missing[0], handed.column_names)}"
            )
        for name in missing:
            handed = handed.append_column(name, pa.nulls(handed.num_rows, pa.string()))
        return table_text(handed, columns.names, duck)


def _look_at_table(handed: pa.Table, table: Table, keys: KeyCheck) -> None:
    if not handed.num_rows:
        return
    keys.add(dict.fromkeys(handed.column_names))
    for name in table.columns:
        if name in handed.column_names and handed.column(name).null_count < handed.num_rows:
            keys.add_kind(name, _arrow_kind(handed.schema.field(name).type))


def _arrow_kind(kind: pa.DataType) -> str:
    found = next((name for test, name in ARROW_KINDS if test(kind)), None)
    return found or str(kind)


def _look_at_record(item: Mapping[Any, Any], table: Table, keys: KeyCheck) -> None:
    keys.add({str(key): value for key, value in item.items()})
    for name in table.columns:
        if (value := item.get(name)) is not None:
            keys.add_kind(name, next((kind for base, kind in PYTHON_KINDS if isinstance(value, base)), "text"))


def _rows_in(item: Any) -> int:
    """Count what is handed over: the rows of a table or a frame, or one record."""
    if hasattr(item, "iloc"):
        return len(item)
    rows: int = getattr(item, "num_rows", 1)
    return rows


def _latest(reached: str | None, values: Any) -> str | None:
    for value in values.to_pylist() if isinstance(values, pa.Array) else values:
        reached = reached if value is None else later(reached, value)
    return reached


def _failure(where: str, error: BaseException) -> SourceUnavailable | SourceMisconfigured:
    from dlt.common.configuration.exceptions import ConfigurationException
    from dlt.extract.incremental.exceptions import IncrementalCursorInvalidCoercion

    causes = [error]
    while causes[-1].__cause__ is not None and len(causes) < 10:
        causes.append(causes[-1].__cause__)
    names = " from ".join(dict.fromkeys(type(cause).__name__ for cause in causes))
    if any(isinstance(cause, ConfigurationException) for cause in causes):
        return SourceMisconfigured(f"{where}: the dlt source lacks something ({names}); check `arguments`")
    if any(isinstance(cause, IncrementalCursorInvalidCoercion) for cause in causes):
        return SourceMisconfigured(f"{where}: the cursor is of another type; set `cursor_type` as the source gives it")
    return SourceUnavailable(
        f"{where}: the dlt source failed ({names}); nothing was taken. Run it by hand to see more, or try again later"
    )
