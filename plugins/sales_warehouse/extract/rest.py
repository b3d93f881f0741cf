"""Records of a REST API, page by page; nothing lands unless every page came.

An API that repeats a page or miscounts is not believed and asked from the start again. Where records may move from one
page to another while pages are read (numbered pages and offsets), only a total that stays the same and agrees proves
that none slipped through; without one the resource is read again until a reading brings nothing new, and every record
that any reading saw is landed.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from sales_warehouse.company.models import RestConnection, Source, Table
from sales_warehouse.extract.api import Api, PageGone
from sales_warehouse.extract.count import elements
from sales_warehouse.extract.cursor import NoCursor, later, lower_bound, written_like
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
from sales_warehouse.extract.reading import Reading, ShortPages, Unsteady
from sales_warehouse.extract.record import Columns, KeyCheck, NotARecord, at_path, fields_of, key_notes, kind_of

MOST_READINGS = 4  # a record that slips through this often does not exist


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
    started = datetime.datetime.now(datetime.UTC)
    for name, table in source.tables.items():
        known = earlier.get(name, NOTHING)
        resource = _Resource(api, name, table, known, started, room(name))
        try:
            landed = resource.land()
        except FileRefused as error:
            extraction.refused.append(Refused(name, resource.origin, None, f"{name}: {error}", error.drift))
            continue
        on_progress(f"{name}: {sum(item.rows for item in landed)} records")
        extraction.notes += dict.fromkeys(resource.notes)
        is_empty = table.cursor and not any(item.rows or item.reported for item in landed)
        if is_empty or known.latest.get(landed[0].origin) == landed[0].fingerprint:
            for item in landed:
                item.path.unlink()
            extraction.skipped += 1
        else:
            extraction.landed += landed


@dataclass
class _Resource:
    """One resource on its way."""

    api: Api
    name: str
    table: Table
    known: EarlierTable
    started: datetime.datetime
    room: Room
    notes: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.api.source}: {self.name}"

    @property
    def origin(self) -> str:
        return self.table.path or "/"

    def land(self) -> list[Landed]:
        """Read until nothing can have slipped through; return every reading that brought something.

        The fingerprint of the first stands for all of them. Raises FileRefused, with nothing left behind, when the keys
        of the records are not what the table promises.
        """
        landed: list[Landed] = []
        try:
            self._read(landed)
        except FileRefused:
            _drop(landed)
            raise
        if len(landed) > 1:
            contents = "".join(item.fingerprint or "" for item in landed)
            landed[0] = replace(landed[0], fingerprint=hashlib.sha256(contents.encode()).hexdigest())
        return landed

    def _read(self, landed: list[Landed]) -> None:
        readings: list[Reading] = []
        while True:
            reading, item = self._steady_reading(len(readings))
            if reading.is_proven and not any(earlier.count > reading.count for earlier in readings):
                _drop(landed)
                landed[:] = [item]
                return
            if readings and not reading.brings_news(readings):
                _drop([item])
                return
            readings.append(reading)
            landed.append(item)
            if len(readings) == MOST_READINGS:
                self.notes.append(
                    f"{self.name}: records changed all the while; what any of {MOST_READINGS} readings saw was taken"
                )
                return

    def _steady_reading(self, earlier: int) -> tuple[Reading, Landed]:
        """Read once from the first page to the last; start again when the pages contradict each other."""
        for attempt in range(self.api.settings.attempts):
            path = self.room.next_parquet()
            reading = Reading(self.table.pagination)
            try:
                return reading, self._write(reading, path, earlier)
            except Unsteady as error:
                reason = error
                self.api.pace.hold(self.api.pause_seconds * 2**attempt)
            except ShortPages as given:
                size = self.table.pagination.size
                raise SourceMisconfigured(
                    f"{self.where}: the API gives {given} records for a page of {size}, so offsets would skip rows; "
                    "set pagination.size to what it gives"
                ) from None
        raise SourceUnavailable(
            f"{self.where}: {reason}; nothing was taken. Check `pagination`; if it is right, try again later"
        ) from None

    def _write(self, reading: Reading, path: Path, earlier: int) -> Landed:
        columns, reached = Columns(self._wanted(), more=self.table.drift == "adopt"), self.known.cursor
        keys = KeyCheck(self.table, self.known.schema)
        # a later reading sorts after the ones before it, so that of two versions of a record its own is the newer
        origin = self.origin + (f", read again {earlier}" if earlier else "")
        gathered = Gathered(columns)
        with TextParquet(path, columns.names, origin, faults=True) as parquet:
            for record in self._records(reading):
                try:
                    fields = fields_of(record)
                    row = columns.pick(fields)
                except NotARecord as error:
                    gathered.refuse(f"record {parquet.rows + len(gathered.rows) + 1}: {error}", record)
                    continue
                gathered.keep(row)
                keys.add(fields)
                for name in self.table.columns:
                    if kind := kind_of(fields.get(name)):
                        keys.add_kind(name, kind)
                if self.table.cursor and (value := row[columns.names.index(self.table.cursor)]) is not None:
                    reached = later(reached, value)
                if len(gathered.rows) >= BATCH_ROWS:
                    gathered.flush(parquet)
            gathered.flush(parquet)
            drift = keys.drift(parquet.rows - parquet.malformed)
        self.notes += [f"{self.name}: {note}" for note in key_notes(drift, self.table)]
        counts = (parquet.rows, reading.reported, parquet.content, reached, parquet.malformed)
        return Landed(self.name, path, origin, *counts, drift=drift, schema=keys.schema)

    def _wanted(self) -> list[str]:
        cursor = self.table.cursor
        return [*self.table.columns, *([cursor] if cursor and cursor not in self.table.columns else [])]

    def _records(self, reading: Reading) -> Iterator[bytes]:
        try:
            for page in self.api.pages(self.where, self.table, self._params()):
                reading.follow(page.address)
                records = self._of_page(page.body, reading)
                reading.take(records, self._total(page.body))
                yield from records
        except PageGone as gone:
            is_end = reading.paging.type in ("page", "offset") and gone.status == 404
            if not is_end or (reading.paging.total_path and not reading.has_reached_its_total):
                raise Unsteady(f"{self.api.host} {gone}, after {reading.count} records") from None
        reading.end()

    def _params(self) -> dict[str, str]:
        params, paging, cursor = dict(self.table.params), self.table.pagination, self.known.cursor
        if paging.size_parameter:
            params[paging.size_parameter] = str(paging.size)
        if self.table.cursor_parameter and cursor is not None:
            overlap, numbers = self.table.overlap_minutes, self.table.overlap_numbers
            try:
                params[self.table.cursor_parameter] = lower_bound(cursor, overlap, "text", numbers)
            except NoCursor as error:
                raise SourceMisconfigured(f"{self.where}: {error}") from error
        if self.table.until_parameter:
            params[self.table.until_parameter] = written_like(cursor, self.started)
        return params

    def _of_page(self, body: bytes, reading: Reading) -> list[bytes]:
        found = at_path(body, self.table.records)
        if found is None and reading.pages:
            raise Unsteady(f"page {len(reading.pages) + 1} has nothing at {self.table.records!r}")
        if found is None:
            raise SourceMisconfigured(
                f"{self.where}: the answer has nothing at {self.table.records!r}; check `records`"
            )
        if found == b"null":
            return []
        if found.startswith(b"{"):
            reading.reported += 1
            return [found]
        if not found.startswith(b"["):
            raise SourceMisconfigured(f"{self.where}: what is at {self.table.records!r} is no list; check `records`")
        reading.reported += elements(found)
        return [bytes(item) for item in msgspec.json.decode(found, type=list[msgspec.Raw])]

    def _total(self, body: bytes) -> int | None:
        path = self.table.pagination.total_path
        found = at_path(body, path) if path else None
        return int(found) if found and found.isdigit() else None


def _drop(landed: list[Landed]) -> None:
    for item in landed:
        item.path.unlink()
