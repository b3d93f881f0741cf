"""Rows of dataclasses as tables for dbt, and the connection on which its Python models ask."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, get_type_hints

import duckdb
import pyarrow as pa

from sales_warehouse.metrics.relations import tell

_FIGURE = pa.decimal128(28, 8)
_TYPES: dict[object, pa.DataType] = {
    str: pa.string(), int: pa.int64(), bool: pa.bool_(), Decimal: _FIGURE, datetime.date: pa.date32(),
}  # fmt: skip


def arrow_table(kind: type, rows: Iterable[Any]) -> pa.Table:
    """Return dataclasses of one kind as a table with a column for each field; no rows is a table too."""
    listed = list(rows)
    hints = get_type_hints(kind)
    named = {each.name: _type(hints[each.name]) for each in fields(kind)}
    return pa.table(
        {name: pa.array([getattr(row, name) for row in listed], type_) for name, type_ in named.items()},
        schema=pa.schema(named.items()),
    )


@dataclass(frozen=True)
class RunTold:
    """What the run that dbt is part of was told: its day, the zone of its days, the currency of its amounts."""

    business_date: datetime.date
    time_zone: str
    currency: str


def run_told(relation: duckdb.DuckDBPyRelation) -> RunTold:
    """Read the row of `int_run_told`.

    The configuration of a Python model cannot tell it: dbt renders that when it parses the project, which is on the
    first night only (dbt_child.py).
    """
    row = relation.project(", ".join(field.name for field in fields(RunTold))).fetchone()
    assert row is not None
    return RunTold(*row)


def opened(session: Any, *schemas: str, business_date: datetime.date | str, time_zone: str) -> Any:
    """Return a cursor of a dbt session that finds tables of these schemas by name alone, on its business date.

    Models of past nights call it too; theirs gave the date as ISO text.
    """
    cursor = session.cursor()
    tell(cursor, datetime.date.fromisoformat(str(business_date)), time_zone=time_zone)
    cursor.execute(f"set search_path = '{','.join(schemas)}'")
    cursor.execute("set preserve_insertion_order = true")
    return cursor


def _type(hint: object) -> pa.DataType:
    known = [kind for kind in getattr(hint, "__args__", (hint,)) if kind is not type(None)]
    return _TYPES[known[0]]
