"""Tables of a SQL database, streamed through SQLAlchemy as text.

All tables of one visit are read in one read-only transaction where the database has snapshots, so they fit together.
With a cursor column, rows from the highest cursor that landed minus the overlap are read, and those whose cursor is
NULL; without one, the whole table.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, NoSuchTableError

from sales_warehouse.company.models import DatabaseConnection, Source, Table
from sales_warehouse.extract.cursor import Kind, lower_bound
from sales_warehouse.extract.files import Room
from sales_warehouse.extract.key_comparison import KeyComparison
from sales_warehouse.extract.outcome import Extraction, Landed, Refused, SourceMisconfigured, SourceUnavailable
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet
from sales_warehouse.extract.text import text_column, value_text

CONNECT_SECONDS = 10
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}


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
    with _connected(source.source, url) as connection:
        for name, table in source.tables.items():
            relation = _Relation.of(connection, f"{source.source}: {name}", table, settings.schema_name)
            place = room(name)
            path = place.next_parquet()
            landed = _land(connection, relation, name, table, earlier.cursors.get(name), path)
            on_progress(f"{name}: {landed.rows} rows")
            if table.deletes:
                _compare_keys(
                    connection, relation, name, table, earlier.history.get(name, ()), landed, place, extraction
                )
            unchanged = earlier.latest.get(name, {}).get(landed.origin) == landed.fingerprint
            if unchanged or (table.cursor and not landed.rows and not landed.reported):
                path.unlink()
                extraction.skipped += 1
            else:
                extraction.landed.append(landed)


def _compare_keys(
    connection: Connection,
    relation: _Relation,
    name: str,
    table: Table,
    history: Sequence[Path],
    landed: Landed,
    room: Room,
    extraction: Extraction,
) -> None:
    """Land what is gone and what was overlooked; refuse when so much is gone that somebody must have made a mistake."""
    keys = landed.path if not table.cursor else _keys(connection, relation, table, room)
    with KeyComparison(table, history, [landed.path], keys, room.temp) as comparison:
        counts = comparison.counts()
        if counts.unseen:
            extraction.landed.append(_overlooked(connection, relation, name, table, comparison, counts.unseen, room))
            extraction.notes.append(f"{name}: {counts.unseen:,} records were read that the cursor had passed over")
        if counts.gone > table.most_deletes_share * counts.known:
            reason = (
                f"{name}: {counts.gone:,} of {counts.known:,} known records are gone at once, more than "
                f"{table.most_deletes_share:.0%}; none was deleted. Was the table emptied or is it the wrong one? "
                "If it is right, raise `most_deletes_share` for one refresh"
            )
            extraction.refused.append(Refused(name, relation.origin, None, reason))
        elif counts.gone:
            path = room.next_parquet()
            written = comparison.write_gone(relation.origin, path)
            extraction.landed.append(Landed(name, path, relation.origin, written, counts.gone, None))
            extraction.notes.append(f"{name}: {counts.gone:,} records are gone from the table")


def _keys(connection: Connection, relation: _Relation, table: Table, room: Room) -> Path:
    path = room.scratch(".parquet")
    result = connection.execution_options(stream_results=True, max_row_buffer=BATCH_ROWS).execute(
        sa.select(*(relation.column(name) for name in table.key))
    )
    with TextParquet(path, table.key, relation.origin) as parquet, result:
        for part in result.partitions(BATCH_ROWS):
            numbers = range(parquet.rows + 1, parquet.rows + len(part) + 1)
            parquet.write([text_column(column) for column in zip(*part, strict=True)], numbers)
    return path


def _overlooked(
    connection: Connection,
    relation: _Relation,
    name: str,
    table: Table,
    comparison: KeyComparison,
    count: int,
    room: Room,
) -> Landed:
    path = room.next_parquet()
    key = [sa.cast(relation.table.c[column], sa.Text) for column in table.key]
    with TextParquet(path, table.columns, relation.origin) as parquet:
        for batch in comparison.unseen():
            rows = connection.execute(
                sa.select(*(relation.column(column) for column in table.columns)).where(sa.tuple_(*key).in_(batch))
            ).all()
            numbers = range(parquet.rows + 1, parquet.rows + len(rows) + 1)
            parquet.write([text_column(column) for column in zip(*rows, strict=True)], numbers)
    return Landed(name, path, relation.origin, parquet.rows, count, None)


@dataclass(frozen=True)
class Earlier:
    """What landed before, by table: the highest cursor, the newest content of each origin, the files in order."""

    cursors: Mapping[str, str | None]
    latest: Mapping[str, Mapping[str, str]]
    history: Mapping[str, Sequence[Path]]


@contextmanager
def _connected(source: str, url: str) -> Iterator[Connection]:
    """Open the database and turn its errors into ours; a password never gets into a message."""
    engine = _engine(source, url)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with engine.connect() as connection:
            yield _snapshot(connection)
    except DBAPIError as error:
        cause = _first_line(error.orig)
        raise SourceUnavailable(
            f"{source}: the database {shown} cannot be read ({cause}); is it running and reachable, is the login right?"
        ) from None
    finally:
        engine.dispose()


def _engine(source: str, url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        parsed = parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername))
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            parsed = _sqlite(source, parsed)
        waits = {"connect_timeout": CONNECT_SECONDS} if backend in ("postgresql", "mysql", "mariadb") else {}
        return sa.create_engine(parsed, connect_args=waits, poolclass=sa.pool.NullPool)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        lacks_driver = isinstance(error, NoSuchModuleError | ModuleNotFoundError)
        shown = f"needs a driver that is not installed ({error})" if lacks_driver else "is not a SQLAlchemy URL"
        raise SourceMisconfigured(
            f"{source}: connection.url {shown}; write it like postgresql://user:${{PASSWORD}}@host/name"
        ) from None


def _sqlite(source: str, url: URL) -> URL:
    """Open SQLite for reading only: it would make an empty file of a wrong path."""
    file = Path(url.database or "")
    if not file.is_file():
        raise SourceUnavailable(f"{source}: the SQLite file {file} is not there; is the share mounted, the path right?")
    return url.set(database=f"file:{quote(str(file.resolve()))}", query={"mode": "ro", "uri": "true"})


def _snapshot(connection: Connection) -> Connection:
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
    return connection


@dataclass(frozen=True)
class _Relation:
    """A table as the database describes it; `where` is its place for messages."""

    where: str
    origin: str
    table: sa.TableClause
    types: Mapping[str, sa.types.TypeEngine]
    key: tuple[str, ...]
    dialect: str

    @classmethod
    def of(cls, connection: Connection, where: str, table: Table, schema: str | None) -> _Relation:
        """Look a table up; raise SourceMisconfigured naming what exists when it or a column is not there."""
        inspector, name = sa.inspect(connection), table.table or ""
        try:
            types = {column["name"]: column["type"] for column in inspector.get_columns(name, schema)}
        except NoSuchTableError:
            there = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
            raise SourceMisconfigured(f"{where}: {_unknown('table', [name], there)}") from None
        wanted = [*table.columns, *([table.cursor] if table.cursor else [])]
        if missing := [column for column in wanted if column not in types]:
            raise SourceMisconfigured(f"{where}: {_unknown('column', missing, list(types))}")
        key = tuple(inspector.get_pk_constraint(name, schema).get("constrained_columns") or ())
        clause = sa.table(name, *(sa.column(column) for column in types), schema=schema)
        return cls(where, name, clause, types, key, connection.dialect.name)

    def select(self, table: Table, cursor: str | None) -> sa.Select:
        """Select the promised columns, and the cursor as the last one."""
        columns = [self.column(name) for name in table.columns]
        if table.cursor:
            columns.append(self.table.c[table.cursor].label("_cursor"))
        statement = sa.select(*columns).order_by(*(self.table.c[name] for name in self.key))
        if table.cursor and cursor is not None:
            column = self.table.c[table.cursor]
            kind = self._kind(table.cursor)
            bound = lower_bound(cursor, table.overlap_minutes, kind, table.overlap_numbers)
            statement = statement.where(sa.or_(column >= sa.literal(bound), column.is_(None)))
        return statement

    def column(self, name: str) -> sa.ColumnElement:
        """Take documents as text: a driver would make floats of their numbers."""
        column = self.table.c[name]
        if self.dialect == "postgresql" and isinstance(self.types[name], sa.types.JSON):
            return sa.cast(column, sa.Text).label(name)
        return column

    def _kind(self, name: str) -> Kind:
        kind = self.types[name]
        if isinstance(kind, sa.types.Integer):
            return "integer"
        if isinstance(kind, sa.types.Numeric):
            return "decimal"
        if self.dialect != "sqlite" and isinstance(kind, sa.types.DateTime):
            return "moment"
        if self.dialect != "sqlite" and isinstance(kind, sa.types.Date):
            return "date"
        return "text"


def _land(
    connection: Connection, relation: _Relation, name: str, table: Table, cursor: str | None, path: Path
) -> Landed:
    highest: Any = None
    result = connection.execution_options(stream_results=True, max_row_buffer=BATCH_ROWS).execute(
        _select(relation, table, cursor)
    )
    with TextParquet(path, table.columns, relation.origin) as parquet, result:
        for part in result.partitions(BATCH_ROWS):
            columns = list(zip(*part, strict=True))
            if table.cursor:
                highest = _highest(highest, columns.pop())
            numbers = range(parquet.rows + 1, parquet.rows + len(part) + 1)
            parquet.write([text_column(column) for column in columns], numbers)
    reached = value_text(highest) if highest is not None else cursor
    reported: int = connection.execute(_count(relation, table, cursor)).scalar_one()
    return Landed(name, path, relation.origin, parquet.rows, reported, parquet.content, reached)


def _select(relation: _Relation, table: Table, cursor: str | None) -> sa.Select:
    try:
        return relation.select(table, cursor)
    except (ValueError, ArithmeticError) as error:
        raise SourceMisconfigured(
            f"{relation.where}: the last cursor {cursor!r} is not a value of the column {table.cursor!r} ({error}); "
            "did the column change its type? load the source afresh"
        ) from error


def _count(relation: _Relation, table: Table, cursor: str | None) -> sa.Select:
    """Ask the database itself how many rows there are to read; in the same snapshot, where it has any."""
    condition = _select(relation, table, cursor).whereclause
    counted = sa.select(sa.func.count()).select_from(relation.table)
    return counted if condition is None else counted.where(condition)


def _highest(highest: Any, values: Sequence[Any]) -> Any:
    """Return the highest value; values of different types are compared as text."""
    known = [value for value in (highest, *values) if value is not None]
    try:
        return max(known, default=None)
    except TypeError:
        return max(value_text(value) or "" for value in known)


def _unknown(what: str, missing: Sequence[str], there: Sequence[str]) -> str:
    named = []
    for name in missing:
        close = difflib.get_close_matches(name, there, n=1, cutoff=0.6)
        named.append(f"{name!r}" + (f" (did you mean {close[0]!r}?)" if close else ""))
    exists = ", ".join(sorted(there)) or "none"
    return f"unknown {what} {', '.join(named)}; the database has: {exists}"


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
