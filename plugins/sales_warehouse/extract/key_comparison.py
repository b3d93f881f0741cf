"""What is gone from a database table, by comparing the keys that it has with those that landed before.

A cursor sees what was added and changed; a row that was removed leaves nothing to see. So each visit also reads every
key, in the snapshot of the rows, and compares them on disk: a key that landed and is not there any more becomes a row
that says so (`_deleted`, with the cells that the record had last); a key that is there and never landed, because it
was restored or committed long after its time stamp, is read after all.

The cost of a visit grows with the keys of the table and with the key columns of all of its loads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sales_warehouse.company.models import Table
from sales_warehouse.extract.parquet import DELETED, FILE, ROW_NUMBER
from sales_warehouse.extract.text import earlier_float_sql
from sales_warehouse.sql import connect, ident, literal, only_row, read_parquet

Key = tuple[str, ...]
BATCH_KEYS = 200  # that one query asks for


@dataclass(frozen=True)
class Comparison:
    """Counts of keys: `known` as landed and not deleted since, `gone` of these, and `unseen` ones that never landed."""

    known: int
    gone: int
    unseen: int


class KeyComparison:
    """The keys of a table beside what landed: `history` has the files of earlier loads in order, `now` this one's.

    Keys with a NULL name no row and are left out. `floats` are the columns of floats.
    """

    def __init__(
        self,
        table: Table,
        history: Sequence[Path],
        now: Sequence[Path],
        keys: Path,
        temp: Path,
        floats: Collection[str] = (),
    ) -> None:
        self.table, self.names, self.floats = table, ", ".join(map(ident, table.key)), floats
        self.connection = connect(temp=temp)
        self._view("past", history)
        self._view("landed_now", now)
        self.connection.execute(
            f"create table present as select distinct {self.names} from {read_parquet([keys])} where {self._whole()}"
        )
        self.connection.execute(
            f"create table alive as select {self.names} from past group by {self.names} "
            f"having arg_max(coalesce({DELETED}, 'false'), (_load, _place)) <> 'true'"
        )

    def __enter__(self) -> KeyComparison:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def counts(self) -> Comparison:
        """Return what the comparison shows."""
        (known,) = only_row(self.connection, "select count(*) from alive")
        (gone,) = only_row(self.connection, f"select count(*) from alive anti join present using ({self.names})")
        (unseen,) = only_row(self.connection, f"select count(*) from ({self._unseen()})")
        return Comparison(known, gone, unseen)

    def unseen(self) -> Iterator[list[Key]]:
        """Yield the keys that never landed, as many at a time as one query may ask for."""
        cursor = self.connection.cursor().execute(f"{self._unseen()} order by all")
        while rows := cursor.fetchmany(BATCH_KEYS):
            yield rows

    def write_gone(self, origin: str, path: Path) -> int:
        """Write one row for each key that is gone, with the cells that its record had last; return how many."""
        cells = ", ".join(map(ident, self.table.columns))
        gone = f"(from alive anti join present using ({self.names}))"
        last = (
            f"select past.* from past semi join {gone} using ({self.names}) "
            f"qualify row_number() over (partition by {self.names} order by _load desc, _place desc) = 1"
        )
        number = f"row_number() over (order by {self.names})"
        (written,) = only_row(
            self.connection,
            f"copy (select {cells}, {literal(origin)} as {FILE}, {number} as {ROW_NUMBER}, "
            f"'true' as {DELETED} from ({last}) order by {self.names}) "
            f"to {literal(str(path))} (format parquet, compression zstd)",
        )
        return written

    def _unseen(self) -> str:
        return f"from present anti join alive using ({self.names}) anti join landed_now using ({self.names})"

    def _whole(self) -> str:
        return " and ".join(f"{ident(name)} is not null" for name in self.table.key)

    def _view(self, name: str, paths: Sequence[Path]) -> None:
        """Create a view of landed rows with the number of their file in order, and their place in it."""
        wanted = (*self.table.columns, DELETED)
        if not paths:
            cells = ", ".join(f"cast(null as varchar) as {ident(column)}" for column in wanted)
            self.connection.execute(f"create view {name} as select {cells}, 0 as _load, 0 as _place where false")
            return
        options = "union_by_name = true, filename = '_path', file_row_number = true"
        files = read_parquet(paths, options=options)
        there = {column for column, *_ in _described(self.connection, files)}
        cells = ", ".join(
            self._cell(column) if column in there else f"cast(null as varchar) as {ident(column)}" for column in wanted
        )
        orders = ", ".join(f"({literal(str(path))}, {number})" for number, path in enumerate(paths))
        self.connection.execute(
            f"create view {name} as select {cells}, _load, file_row_number as _place "
            f"from {files} join (values {orders}) as loads(_path, _load) using (_path) where {self._whole()}"
        )

    def _cell(self, column: str) -> str:
        name = ident(column)
        return f"{earlier_float_sql(name)} as {name}" if column in self.floats else name


def _described(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple]:
    return connection.execute(f"describe from {relation}").fetchall()
