"""Tables of a SQL database, streamed as text.

All tables of one visit are read in one read-only transaction where the database has snapshots, so they fit together.
With a cursor column, rows from the highest cursor that landed minus the overlap are read, and those whose cursor is
NULL; without one, the whole table. The database itself says, in the same snapshot, how many rows these are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sales_warehouse.company.models import DatabaseConnection, Source, Table
from sales_warehouse.extract.database_batches import Batches, DriverBatches, batches
from sales_warehouse.extract.database_engine import connected
from sales_warehouse.extract.earlier import NOTHING, Earlier
from sales_warehouse.extract.files import Room
from sales_warehouse.extract.header import adopted, schema_notes, table_drift
from sales_warehouse.extract.key_comparison import KeyComparison
from sales_warehouse.extract.outcome import Drift, Extraction, Landed, Refused, SourceUnavailable
from sales_warehouse.extract.parquet import TextParquet
from sales_warehouse.extract.relation import Relation
from sales_warehouse.extract.text import arrow_texts

NOT_UTF8 = "a text with bytes that are not UTF-8; mend it in the database, it comes again then"


@dataclass(frozen=True)
class _Visit:
    """An open database; rows come by `batches`, counts by `connection`."""

    connection: Connection
    batches: Batches


def read(
    source: Source,
    settings: DatabaseConnection,
    url: str,
    earlier: Earlier,
    room: Callable[[str], Room],
    extraction: Extraction,
    on_progress: Callable[[str], None],
) -> None:
    """Read every table of the source; raise SourceUnavailable or SourceMisconfigured, naming the place."""
    with connected(source.source, url) as connection, batches(source.source, connection) as reading:
        visit = _Visit(connection, reading)
        for name, table in source.tables.items():
            relation = Relation.of(connection, f"{source.source}: {name}", table, settings.schema_name)
            place, known = room(name), earlier.get(name, NOTHING)
            schema = relation.schema
            drift = table_drift(table, known.first_schema, known.schema, schema)
            if reason := _refusal(name, table, schema, drift):
                extraction.refused.append(Refused(name, relation.origin, None, reason, drift))
                continue
            extraction.notes += [f"{name}: {note}" for note in schema_notes(drift)]
            columns = (
                *(column for column in table.columns if column in schema),
                *adopted(table, known.first_schema, schema),
            )
            one = _Read(visit, relation, name, table, columns)
            path = place.next_parquet()
            landed = replace(_land(one, known.cursor, path), drift=drift, schema=schema)
            on_progress(f"{name}: {landed.rows} rows")
            unchanged = known.latest.get(landed.origin) == landed.fingerprint
            is_news = not unchanged and not (table.cursor and not landed.rows and not landed.reported)
            if table.deletes:
                news = [path] if is_news else []
                _compare_keys(one, known.history, news, path, place, extraction)
            if is_news:
                extraction.landed.append(landed)
            else:
                path.unlink()
                extraction.skipped += 1


def _refusal(name: str, table: Table, schema: Mapping[str, str], drift: Sequence[Drift]) -> str | None:
    """Say why a table cannot be taken as it is, None when it can.

    What is promised and not there is empty with `drift: known`, but not what tells rows apart or what is new.
    """
    lacking = [item for item in drift if item.column in {*table.columns, table.cursor} - schema.keys()]
    needed = {table.cursor, *(table.key if table.deletes else ())}
    if table.drift == "refuse" and drift:
        told = "; ".join(schema_notes(drift))
        return (
            f"{name}: the table changed: {told}; the policy is `drift: refuse`: change `columns`, then set it to adopt "
            "once"
        )
    is_known = table.drift == "known" and not set(table.columns).isdisjoint(schema)
    if not lacking or (is_known and needed.isdisjoint(item.column for item in lacking)):
        return None
    named = ", ".join(f"{item.column!r}" + (f" (looks like {item.found!r})" if item.found else "") for item in lacking)
    rest = "" if table.drift == "known" else ", or take what is there with `drift: known`"
    return (
        f"{name}: missing: {named}; the table has: {', '.join(sorted(schema))}; change `columns`, `cursor` or `key` "
        f"(and the mapping) if it changed{rest}"
    )


@dataclass(frozen=True)
class _Read:
    """One table that is read; `columns` are those that land."""

    visit: _Visit
    relation: Relation
    name: str
    table: Table
    columns: tuple[str, ...]


def _land(read: _Read, cursor: str | None, path: Path) -> Landed:
    relation = read.relation
    reported, highest = relation.counted(read.visit.connection, read.table, cursor)
    with TextParquet(path, read.columns, relation.origin, faults=relation.holds_any_bytes) as parquet:
        _write(read.visit.batches, relation.rows(read.columns, read.table, cursor), parquet, read.columns)
    counts = (parquet.rows, reported, parquet.content, highest or cursor, parquet.malformed)
    return Landed(read.name, path, relation.origin, *counts)


def _write(reading: Batches, statement: sa.Select, parquet: TextParquet, names: Sequence[str]) -> None:
    for columns in reading.of(statement):
        texts, undecoded = arrow_texts(columns)
        size = len(texts[0])
        numbers = range(parquet.rows + 1, parquet.rows + size + 1)
        if not undecoded:
            parquet.write(texts, numbers)
            continue
        faulty = [[names[number] for number in undecoded.get(place, ())] for place in range(size)]
        reasons = [f"{', '.join(wrong)}: {NOT_UTF8}" if wrong else None for wrong in faulty]
        parquet.write(texts, numbers, reasons, faulty=faulty)


def _compare_keys(
    read: _Read, history: Sequence[Path], news: Sequence[Path], rows: Path, room: Room, extraction: Extraction
) -> None:
    """Land what is gone and what was overlooked; refuse when so much is gone that somebody must have made a mistake.

    `rows` has what was read, `news` what lands of it: a record that was deleted and is back as it was is no news of the
    table, and yet has to land again.
    """
    name, table, relation = read.name, read.table, read.relation
    keys = rows if not table.cursor else _keys(read, room)
    # rows are known by origin and number, and these are numbered from 1, too
    origin = f"{relation.origin}, gone"
    with KeyComparison(table, history, news, keys, room.temp, relation.floats) as comparison:
        counts = comparison.counts()
        if counts.unseen:
            extraction.landed.append(_overlooked(read, comparison, counts.unseen, room))
            extraction.notes.append(f"{name}: {counts.unseen:,} records were read that the cursor had passed over")
        if counts.gone > table.most_deletes_share * counts.known:
            reason = (
                f"{name}: {counts.gone:,} of {counts.known:,} known records are gone at once, more than "
                f"{table.most_deletes_share:.0%}; none was deleted. Was the table emptied or is it the wrong one? "
                "If it is right, raise `most_deletes_share` for one refresh"
            )
            extraction.refused.append(Refused(name, origin, None, reason))
        elif counts.gone:
            path = room.next_parquet()
            written = comparison.write_gone(origin, path)
            extraction.landed.append(Landed(name, path, origin, written, counts.gone, None, schema=relation.schema))
            extraction.notes.append(f"{name}: {counts.gone:,} records are gone from the table")


def _keys(read: _Read, room: Room) -> Path:
    """Read every key. One that got lost on the way would look like a record that is gone, so they are counted."""
    path, relation, key = room.scratch(".parquet"), read.relation, read.table.key
    with TextParquet(path, key, relation.origin) as parquet:
        _write(read.visit.batches, relation.keys(read.table), parquet, key)
    there = relation.size(read.visit.connection)
    if parquet.rows != there:
        raise SourceUnavailable(
            f"{relation.where}: {parquet.rows:,} keys came of {there:,} rows; nothing was taken. Try again later"
        )
    return path


def _overlooked(read: _Read, comparison: KeyComparison, count: int, room: Room) -> Landed:
    relation = read.relation
    path, origin = room.next_parquet(), f"{relation.origin}, passed over"
    with TextParquet(path, read.columns, origin, faults=relation.holds_any_bytes) as parquet:
        for keys in comparison.unseen():
            statement = relation.rows_with(read.columns, read.table, keys)
            _write(DriverBatches(read.visit.connection), statement, parquet, read.columns)
    types = relation.schema
    return Landed(read.name, path, origin, parquet.rows, count, None, malformed=parquet.malformed, schema=types)
