"""Readers: what is new in a source becomes Parquet, every column VARCHAR exactly as it came, nothing lost."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from sales_warehouse.company.models import (
    BucketConnection,
    DatabaseConnection,
    DltConnection,
    FilesConnection,
    Mapping,
    Source,
    Table,
)
from sales_warehouse.extract.archive import portions
from sales_warehouse.extract.earlier import NOTHING, Earlier, EarlierTable
from sales_warehouse.extract.environment import expand
from sales_warehouse.extract.files import FilePlace, Folder, Pick, Result, Room, Schema, SourceFile, Written
from sales_warehouse.extract.originals import Keeper
from sales_warehouse.extract.outcome import (
    Extraction,
    FileRefused,
    Landed,
    Refused,
    SourceMisconfigured,
    SourceUnavailable,
)
from sales_warehouse.extract.parquet import TextParquet

__all__ = [
    "EarlierTable",
    "Extraction",
    "FileRefused",
    "Landed",
    "Refused",
    "SourceMisconfigured",
    "SourceUnavailable",
    "extract",
]


def extract(
    source: Source,
    *,
    company_folder: Path,
    into: Path,
    earlier: Earlier,
    temp: Path,
    environment: MappingOf[str, str],
    on_progress: Callable[[str], None],
) -> Extraction:
    """Read what is new in a source into `into/<table>/<n>.parquet`; the caller makes it durable.

    `earlier` has what landed before, by table. What is refused is tried again every time, so mending the configuration
    is enough.

    Raises SourceUnavailable when the source is down or answers nonsense and SourceMisconfigured when configuration
    and source disagree; what is below `into` is then incomplete and has to be dropped.
    """
    temp.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"extract-{source.source}-", dir=temp) as scratch:
        reader = _Reader(source, company_folder, into, Path(scratch), environment, on_progress)
        return reader.run(earlier)


def _without_rows(table: Table, room: Room, origin: str) -> Path:
    with TextParquet(room.next_parquet(), table.columns, origin) as parquet:
        return parquet.path


def _asks_for_the_file(mapping: Mapping, table: str) -> bool:
    """Tell whether a mapping makes other rows of a table where the same content has another name."""
    if mapping.table != table and all(join.table != table for join in mapping.joins):
        return False
    return mapping.version is not None or re.search(r"\b_file\b", mapping.model_dump_json()) is not None


class _Reader:
    """One visit to one source."""

    def __init__(
        self,
        source: Source,
        company_folder: Path,
        into: Path,
        scratch: Path,
        environment: MappingOf[str, str],
        on_progress: Callable[[str], None],
    ) -> None:
        self.source, self.company_folder, self.into, self.scratch = source, company_folder, into, scratch
        self.environment, self.on_progress = environment, on_progress
        self.extraction = Extraction()

    def run(self, earlier: Earlier) -> Extraction:
        connection = self.source.connection
        if isinstance(connection, FilesConnection):
            where = f"{self.source.source}: connection.path"
            root = self.company_folder / expand(connection.path, self.environment, where=where)
            self._files(Folder(root, self.source.source), str(root), earlier)
        elif isinstance(connection, BucketConnection):
            from sales_warehouse.extract.bucket import Bucket  # the store's client takes its time

            bucket = Bucket(connection, self.source.source, self.environment)
            self._files(bucket, bucket.shown, earlier)
        elif isinstance(connection, DatabaseConnection):
            from sales_warehouse.extract import database  # SQLAlchemy and its drivers, only where they are needed

            url = expand(connection.url, self.environment, where=f"{self.source.source}: connection.url")
            database.read(self.source, connection, url, earlier, self.room, self.extraction, self.on_progress)
        elif isinstance(connection, DltConnection):
            from sales_warehouse.extract import dlt_source

            dlt_source.read(
                self.source, connection, self.environment, earlier, self.room, self.extraction, self.on_progress
            )
        else:
            from sales_warehouse.extract import rest  # dlt takes a second to import

            rest.read(self.source, connection, self.environment, earlier, self.room, self.extraction, self.on_progress)
        return self.extraction

    def room(self, table: str) -> Room:
        return Room(self.into / table, self.scratch / table)

    def _files(self, place: FilePlace, shown: str, earlier: Earlier) -> None:
        for name, table in self.source.tables.items():
            self._files_of(name, table, place, shown, earlier.get(name, NOTHING))

    def _files_of(self, name: str, table: Table, place: FilePlace, shown: str, earlier: EarlierTable) -> None:
        room = self.room(name)
        found = list(place.find(table.files or "*", room))
        if not found:
            self.extraction.notes.append(f"{name}: no file matches {table.files!r} in {shown}")
        pick = Pick(name, earlier, self.extraction, any(_asks_for_the_file(m, name) for m in self.source.mappings))
        keeper = Keeper(room.into) if self.source.keep_originals and table.format != "parquet" else None
        archives: list[tuple[SourceFile, list[SourceFile]]] = []
        for portion in portions(pick.new(found), pick, room, is_workbook=table.format == "excel"):
            size = sum(file.size for file in portion.picked) / 1e6
            self.on_progress(f"{name}: reading {len(portion.picked)} new of {len(found)} files, {size:,.1f} MB")
            for result in chain(portion.refused, self._read(portion.files, table, room, pick.schema)):
                if keeper and isinstance(result, Written):
                    result = replace(result, original=keeper.keep(result.file))
                pick.account(result)
            archives += portion.inside
        pick.tell_copies()
        pick.account_archives(archives, partial(_without_rows, table, room))

    def _read(self, files: list[SourceFile], table: Table, room: Room, before: Schema) -> Iterator[Result]:
        spill = self.scratch / "spill"
        if table.format == "jsonl":
            from sales_warehouse.extract import jsonl

            return jsonl.read(files, table, room, before)
        if table.format == "json":
            from sales_warehouse.extract import json_document

            return json_document.read(files, table, room, before)
        if table.format == "excel":
            from sales_warehouse.extract import excel

            return excel.read(files, table, room)
        if table.format == "parquet":
            from sales_warehouse.extract import parquet_files

            return parquet_files.read(files, table, room, spill, before)
        from sales_warehouse.extract import delimited

        return delimited.read(files, table, room, spill)
