"""What a published version says about itself: where it came from, what is in it, and how to tell that it is whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sales_warehouse import durable

NAME = "manifest.json"


@dataclass(frozen=True)
class Piece:
    """A part of a table that is kept in one Parquet file: the whole table, or one month of a large one.

    `checksum` is the sum of DuckDB's hash of every row: independent of the order of rows, and as cheap as one scan.
    """

    name: str
    file: str
    rows: int
    checksum: str


@dataclass(frozen=True)
class Column:
    """A column as it is published; `type` is DuckDB's."""

    name: str
    type: str
    is_nullable: bool
    comment: str | None


@dataclass(frozen=True)
class Table:
    """A published table; `key` is empty when none is known."""

    name: str
    comment: str | None
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        return sum(piece.rows for piece in self.pieces)

    @property
    def is_monthly(self) -> bool:
        """Whether the table is kept as one piece for each month."""
        return any("/" in piece.file.removeprefix("parquet/") for piece in self.pieces)

    @property
    def signature(self) -> str:
        """What must be equal before two tables' pieces may be compared by their checksums."""
        return json.dumps([[column.name, column.type] for column in self.columns])


@dataclass(frozen=True)
class Manifest:
    """A version: its tables, its files as {path: {bytes, sha256}}, and the version that was current before it."""

    version: str
    previous: str | None
    run_id: str
    business_date: str
    as_of: str
    engine: str
    tables: tuple[Table, ...]
    files: dict[str, dict[str, int | str]] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """A digest of what a reader can see: every table's rows, columns and comments."""
        return hashlib.sha256(json.dumps([asdict(table) for table in self.tables]).encode()).hexdigest()

    def table(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)

    @property
    def run(self) -> tuple[str, str, str]:
        """The run that made this version."""
        return self.run_id, self.business_date, self.as_of


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of the version in `folder`."""
    rows = {"rows": {table.name: table.rows for table in manifest.tables}, "content": manifest.content}
    document = {**asdict(manifest), **rows}
    durable.write_json(folder / NAME, document)


def read(folder: Path) -> Manifest:
    """Read the manifest of the version in `folder`."""
    document = json.loads((folder / NAME).read_text(encoding="utf-8"))
    tables = tuple(_table(entry) for entry in document.pop("tables"))
    return Manifest(tables=tables, **{key: document[key] for key in Manifest.__dataclass_fields__ if key in document})


def _table(entry: dict) -> Table:
    return Table(
        name=entry["name"],
        comment=entry["comment"],
        columns=tuple(Column(**column) for column in entry["columns"]),
        key=tuple(entry["key"]),
        pieces=tuple(Piece(**piece) for piece in entry["pieces"]),
    )
