"""The rows in quarantine as one table: one row for each failing row and reason, with the landed row as it came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb

from sales_warehouse.gate import quarantine_file
from sales_warehouse.home import Home
from sales_warehouse.ledger import gated
from sales_warehouse.sql import connect, literal, only_row, read_parquet

SCHEMA = {
    "source": "varchar", "entity": "varchar", "source_table": "varchar", "load_id": "varchar", "file": "varchar",
    "row_number": "bigint", "rule": "varchar", "column_name": "varchar", "value": "varchar", "reason_en": "varchar",
    "reason_zh": "varchar", "raw": "varchar", "line": "bigint", "original": "varchar", "original_bytes": "blob",
    "quarantined_at": "timestamp",
}  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """Which rows are wanted; None does not ask."""

    source: str | None = None
    entity: str | None = None
    source_table: str | None = None
    rule: str | None = None
    column_name: str | None = None
    load_id: str | None = None

    @property
    def condition(self) -> str:
        asked = [f"{name} = {literal(value)}" for name, value in self.__dict__.items() if value]
        return " and ".join(asked) or "true"


@dataclass(frozen=True)
class Failure:
    """One reason of one row; `raw` is the row with its columns, `line` and `original` are where and how it came.

    A database or an API has no lines, a workbook has its rows as lines, Parquet has neither.
    """

    source: str
    entity: str
    source_table: str
    load_id: str
    file: str
    row_number: int
    rule: str
    column_name: str | None
    value: str | None
    reason_en: str
    reason_zh: str
    raw: str
    line: int | None
    original: str | None
    original_bytes: bytes | None
    quarantined_at: datetime


@dataclass(frozen=True)
class Reason:
    """Why rows of an entity of a source are held back, and how many."""

    source: str
    entity: str
    rule: str
    column_name: str | None
    reason_en: str
    reason_zh: str
    row_count: int
    last_at: datetime


def relation(home: Home, sources: Iterable[str]) -> str:
    """Return a table expression over every row of some sources that is held back now, with the columns of SCHEMA."""
    files = [quarantine_file(home, item.batch) for item in gated(home, sources) if item.quarantined]
    nothing = f"select {', '.join(f'cast(null as {kind}) as {name}' for name, kind in SCHEMA.items())} where false"
    if not files:
        return f"({nothing})"
    held = read_parquet(files, options="union_by_name = true")
    return f"({nothing} union all by name from {held})"  # what an earlier version wrote has no line


def reasons(home: Home, sources: Iterable[str], wanted: Filter = Filter()) -> list[Reason]:
    """Return the reasons with the number of rows, most rows first. A row that breaks two rules counts twice."""
    query = f"""
        select source, entity, rule, column_name, any_value(reason_en), any_value(reason_zh),
            count(*), max(quarantined_at)
        from {relation(home, sources)}
        where {wanted.condition}
        group by source, entity, rule, column_name
        order by count(*) desc, source, entity, rule, column_name"""
    with connect(temp=home.tmp) as connection:
        return [Reason(*row) for row in connection.execute(query).fetchall()]


def failures(home: Home, sources: Iterable[str], wanted: Filter, *, offset: int = 0, limit: int = 100) -> list[Failure]:
    """Return a page of the reasons of single rows, in the order of loads, files and rows."""
    query = f"""
        select {", ".join(SCHEMA)}
        from {relation(home, sources)}
        where {wanted.condition}
        order by source, load_id, entity, file, row_number, rule, column_name
        limit {int(limit)} offset {int(offset)}"""
    with connect(temp=home.tmp) as connection:
        return [Failure(*row) for row in connection.execute(query).fetchall()]


def count_rows(home: Home, sources: Iterable[str], wanted: Filter = Filter()) -> int:
    """Return how many rows of entities are held back; one that breaks two rules counts once."""
    found = f"from {relation(home, sources)} where {wanted.condition}"
    with connect(temp=home.tmp) as connection:
        (rows,) = only_row(connection, f"select count(distinct (entity, load_id, file, row_number)) {found}")
    return rows


def tables(home: Home, sources: Iterable[str], wanted: Filter) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the source, the table and the loads of what is held back."""
    query = f"""
        select source, source_table, list(distinct load_id order by load_id)
        from {relation(home, sources)}
        where {wanted.condition}
        group by source, source_table
        order by source, source_table"""
    with connect(temp=home.tmp) as connection:
        yield from connection.execute(query).fetchall()


def held(connection: duckdb.DuckDBPyConnection, home: Home, source: str, table: str) -> str:
    """Create a table of the held rows of a source's table with all reasons of each, and return its name."""
    connection.execute(f"""
        create or replace temp table _held as
        select load_id, file, row_number,
            string_agg(distinct reason, '; ' order by reason) as reasons
        from (select *, coalesce(column_name || ': ', '') || reason_en as reason from {relation(home, [source])})
        where source = {literal(source)} and source_table = {literal(table)}
        group by load_id, file, row_number""")
    return "_held"
