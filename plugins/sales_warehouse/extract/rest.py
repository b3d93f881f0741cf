"""Records of a REST API, page by page; nothing lands unless every page came.

An API that repeats a page, skips rows or miscounts is not believed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from sales_warehouse.company.models import RestConnection, Source, Table
from sales_warehouse.extract.api import Api
from sales_warehouse.extract.count import elements
from sales_warehouse.extract.cursor import lower_bound
from sales_warehouse.extract.earlier import NOTHING, Earlier
from sales_warehouse.extract.files import Room
from sales_warehouse.extract.gathered import Gathered
from sales_warehouse.extract.outcome import Extraction, Landed, SourceMisconfigured, SourceUnavailable
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet
from sales_warehouse.extract.record import Columns, NotARecord, at_path, fields_of


def read(
    source: Source,
    settings: RestConnection,
    environment: Mapping[str, str],
    earlier: Earlier,
    room: Callable[[str], Room],
    extraction: Extraction,
    on_progress: Callable[[str], None],
    pause_seconds: float = 1,
) -> None:
    """Read every resource of the source; raise SourceUnavailable or SourceMisconfigured, naming the place."""
    api = Api(source.source, settings, environment, pause_seconds)
    for name, table in source.tables.items():
        landed = _Resource(api, name, table, earlier.get(name, NOTHING).cursor).land(room(name))
        on_progress(f"{name}: {landed.rows} records")
        if table.cursor and not landed.rows and not landed.reported:
            landed.path.unlink()
            extraction.skipped += 1
        else:
            extraction.landed.append(landed)


@dataclass
class _Resource:
    """One resource on its way: counts what comes and distrusts what cannot be."""

    api: Api
    name: str
    table: Table
    cursor: str | None
    total: int | None = None
    pages: set[bytes] = field(default_factory=set)
    short_page: int | None = None
    reported: int = 0  # records on the pages, counted from their bytes

    @property
    def where(self) -> str:
        return f"{self.api.source}: {self.name}"

    def land(self, room: Room) -> Landed:
        """Write every record; raise SourceUnavailable when the pages do not add up."""
        columns, reached = Columns(self._wanted()), self.cursor
        origin, path = self.table.path or "/", room.next_parquet()
        gathered = Gathered(columns)
        with TextParquet(path, columns.names, origin, faults=True) as parquet:
            for record in self._records():
                try:
                    row = columns.pick(fields_of(record))
                except NotARecord as error:
                    gathered.refuse(f"record {parquet.rows + len(gathered.rows) + 1}: {error}", record)
                    continue
                gathered.keep(row)
                if self.table.cursor and (value := row[columns.names.index(self.table.cursor)]) is not None:
                    reached = value if reached is None else max(reached, value)
                if len(gathered.rows) >= BATCH_ROWS:
                    gathered.flush(parquet)
            gathered.flush(parquet)
        return Landed(self.name, path, origin, parquet.rows, self.reported, None, reached, parquet.malformed)

    def _wanted(self) -> list[str]:
        cursor = self.table.cursor
        return [*self.table.columns, *([cursor] if cursor and cursor not in self.table.columns else [])]

    def _records(self) -> Iterator[bytes]:
        count = 0
        for body, following in self.api.pages(self.where, self.table, self._params()):
            records = self._of_page(body)
            self._distrust(records, following)
            count += len(records)
            yield from records
            if self.total is not None and count == self.total:
                break
        if self.total is not None and count != self.total:
            raise SourceUnavailable(
                f"{self.where}: the API says {self.total} records and gave {count}; nothing was taken, try again later"
            )

    def _params(self) -> dict[str, str]:
        params = dict(self.table.params)
        paging = self.table.pagination
        if paging.size_parameter:
            params[paging.size_parameter] = str(paging.size)
        if self.table.cursor_parameter and self.cursor is not None:
            params[self.table.cursor_parameter] = lower_bound(self.cursor, self.table.overlap_minutes, "text")
        return params

    def _of_page(self, body: bytes) -> list[bytes]:
        if self.table.pagination.total_path:
            self.total = self._total(body)
        found = at_path(body, self.table.records)
        if found is None:
            raise SourceMisconfigured(
                f"{self.where}: the answer has nothing at {self.table.records!r}; check `records`"
            )
        if found == b"null":
            return []
        if found.startswith(b"{"):
            self.reported += 1
            return [found]
        self.reported += elements(found)
        return [bytes(item) for item in msgspec.json.decode(found, type=list[msgspec.Raw])]

    def _total(self, body: bytes) -> int | None:
        found = at_path(body, self.table.pagination.total_path)
        return int(found) if found and found.isdigit() else None

    def _distrust(self, records: list[bytes], following: str) -> None:
        """Raise when a page came before, when offsets would skip rows, or when the next page is somebody else's."""
        if not records:
            return
        digest = hashlib.sha256(b"\n".join(records)).digest()
        if digest in self.pages:
            raise SourceUnavailable(
                f"{self.where}: page {len(self.pages) + 1} repeats an earlier one; nothing was taken. "
                "Check `pagination`; if it is right, try again later"
            )
        self.pages.add(digest)
        if self.short_page is not None and self.table.pagination.type == "offset":
            raise SourceMisconfigured(
                f"{self.where}: the API gives {self.short_page} records for a page of {self.table.pagination.size}, "
                "so offsets would skip rows; set pagination.size to what it gives"
            )
        self.short_page = len(records) if len(records) < self.table.pagination.size else None
        if urlsplit(following).netloc not in ("", self.api.host):
            raise SourceMisconfigured(
                f"{self.where}: the next page is on another host, {urlsplit(following).netloc}; "
                "the login is not sent there"
            )
