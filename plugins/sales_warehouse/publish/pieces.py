"""The Parquet files of a version: pieces that did not change are linked from the version before, the others written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from sales_warehouse.publish import catalog
from sales_warehouse.publish.manifest import Manifest, Piece, Table
from sales_warehouse.sql import literal


@dataclass(frozen=True)
class Former:
    """The version before, as a place to link unchanged pieces from."""

    folder: Path
    manifest: Manifest

    def file_of(self, table: Table, piece: Piece) -> Path | None:
        """The file that holds exactly this piece, None when there is none.

        A file whose size is not the one noted when it was published is not trusted.
        """
        before = self.manifest.table(table.name)
        if before is None or before.signature != table.signature:
            return None
        same = next((old for old in before.pieces if (old.rows, old.checksum) == (piece.rows, piece.checksum)), None)
        return self.folder / same.file if same and self._is_whole(same) else None

    def _is_whole(self, piece: Piece) -> bool:
        file, noted = self.folder / piece.file, self.manifest.files.get(piece.file)
        return noted is not None and file.is_file() and file.stat().st_size == noted["bytes"]


def write(db: DuckDBPyConnection, table: Table, folder: Path, former: Former | None) -> tuple[str, ...]:
    """Put every piece of a table into the version's folder; return the files that were linked, not written."""
    linked = []
    for piece in table.pieces:
        target = folder / piece.file
        target.parent.mkdir(parents=True, exist_ok=True)
        source = former.file_of(table, piece) if former else None
        if source and _link(source, target):
            linked.append(piece.file)
        else:
            _copy(db, table, piece, target)
    return tuple(linked)


def _link(source: Path, target: Path) -> bool:
    """Give a file a second name; False where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _copy(db: DuckDBPyConnection, table: Table, piece: Piece, target: Path) -> None:
    """Write a piece in a total order, so that the same rows always give the same file."""
    rows = f"SELECT * FROM {catalog.relation(table.name)} WHERE {catalog.piece_filter(table, piece)} ORDER BY ALL"
    db.execute(f"COPY ({rows}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)")
