"""Landing: each load of a source, kept exactly as it came, as one folder that is whole or absent."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from sales_warehouse import conservation, durable, failpoint, refusals
from sales_warehouse.company.models import DatabaseConnection, DltConnection, Source, Table
from sales_warehouse.extract import EarlierTable, Extraction, Landed, SourceMisconfigured, SourceUnavailable, extract
from sales_warehouse.extract.cursor import NUMBER, has_moment, has_zone, is_beyond_years, later, limit_like
from sales_warehouse.extract.earlier import Earlier
from sales_warehouse.extract.outcome import Original
from sales_warehouse.home import Home
from sales_warehouse.sql import connect, ident, literal, only_row, read_parquet

MANIFEST = "manifest.json"
STATUS = "status.json"
CLOCK_SKEW = datetime.timedelta(hours=1)  # that a clock of a source may run ahead before a row is dated ahead
SKEW_MINUTES = 5  # that a clock may run ahead, where the overlap is as long: what comes behind is read again


@dataclass(frozen=True)
class LandedFile:
    """What came from one place of the source, and the Parquet file that holds it; every column is text.

    Loads are kept for good: a field that came later has a default, so that older manifests can be read.
    """

    table: str
    file: str
    origin: str
    rows: int
    fingerprint: str | None
    cursor: str | None
    reported: int | None = None
    state: str | None = None
    drift: list[dict[str, str | None]] | None = None
    schema: dict[str, str] | None = None
    arrived_at: str | None = None
    original: dict[str, Any] | None = None  # file, offset, size: see `original_of`
    question: str | None = None  # that the cursor answers: see `_question`


@dataclass(frozen=True)
class Load:
    """One load of a source. Nothing in it can have happened after `latest_moment`, UTC; see `ahead_after`.

    `renamed` has the Parquet files whose rows name an origin that others of the load have, too, by their own one.
    """

    source: str
    load_id: str
    extracted_at: datetime.datetime
    latest_moment: datetime.datetime
    folder: Path
    files: tuple[LandedFile, ...]
    renamed: Mapping[Path, str] = field(default_factory=dict)

    @property
    def ahead_after(self) -> datetime.datetime:
        """The moment, UTC, after which a row of the load is dated ahead of it: clocks of sources are not exact."""
        return self.latest_moment + CLOCK_SKEW

    def paths(self, table: str) -> list[Path]:
        """Return the Parquet files of a table; small source files share one."""
        names = dict.fromkeys(item.file for item in self.files if item.table == table)
        return [self.folder / name for name in names]

    def original_of(self, item: LandedFile) -> Original | None:
        """Return where the bytes of a file are kept, None where they are not."""
        kept = item.original
        return Original(self.folder / kept["file"], kept["offset"], kept["size"]) if kept else None

    @property
    def tables(self) -> list[str]:
        return sorted({item.table for item in self.files})

    @property
    def rows(self) -> int:
        return sum(item.rows for item in self.files)


@dataclass
class LandReport:
    """What one extraction did: a load when there was anything new, what was refused, and what people should know."""

    load: Load | None
    refused: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def loads(home: Home, source: str) -> list[Load]:
    """Return every load of a source, oldest first; a file without types has those that its table had before."""
    folder = home.landing / source
    found = sorted(file.parent for file in folder.glob(f"[!.]*/{MANIFEST}"))
    types: dict[str, dict[str, str]] = {}
    return [_typed(_load(source, path), types) for path in found]


def _typed(load: Load, types: dict[str, dict[str, str]]) -> Load:
    """Give each file of a load that lacks types the last ones of its table, which `types` has and gets."""
    files: list[LandedFile] = []
    own: dict[str, dict[str, str] | None] = {}  # by Parquet file: what is in an archive is booked with one of them
    for item in load.files:
        schema = own.setdefault(item.file, item.schema or types.get(item.table))
        if item.schema:
            types[item.table] = item.schema
        files.append(item if item.schema == schema else replace(item, schema=schema))
    return replace(load, files=tuple(files))


def _load(source: str, folder: Path) -> Load:
    manifest = durable.read_json(folder / MANIFEST)
    extracted_at = datetime.datetime.fromisoformat(manifest["extracted_at"])
    latest_moment = datetime.datetime.fromisoformat(manifest["latest_moment"])
    files = _told_apart([LandedFile(**item) for item in manifest["files"]])
    renamed = {
        folder / item.file: item.origin
        for item, said in zip(files, manifest["files"], strict=True)
        if item.origin != said["origin"]
    }
    return Load(source, folder.name, extracted_at, latest_moment, folder, files, renamed)


def _told_apart(files: list[LandedFile]) -> tuple[LandedFile, ...]:
    """Give files of one table and one origin an origin each, as loads had them up to the end of November 2026.

    Rows of a database that were gone or passed over landed under the name of the table. They have no fingerprint, and
    each lies in a Parquet file of its own, so every one but the table itself gets a number.
    """
    came = Counter((item.table, item.origin) for item in files)
    told, met = [], Counter[tuple[str, str]]()
    for item in files:
        place = (item.table, item.origin)
        if came[place] > 1 and item.fingerprint is None:
            met[place] += 1
            item = replace(item, origin=f"{item.origin}, part {met[place]}")
        told.append(item)
    return tuple(told)


def status(home: Home, source: str) -> dict[str, Any]:
    """Return what the last extraction said: `checked_at`, `status`, `error`, `refused`."""
    return durable.read_json(home.landing / source / STATUS, {})


def land(
    home: Home,
    source: Source,
    *,
    company_folder: Path,
    extracted_at: datetime.datetime,
    latest_moment: datetime.datetime,
    environment: Mapping[str, str],
    on_progress: Callable[[str], None],
    time_zone: str = "UTC",
) -> LandReport:
    """Extract what is new in a source and commit it as one load; `latest_moment` is the clock of the source, UTC.

    `time_zone` is the company's: of a cursor without a zone, where no mapping says the zone of its column.
    Raises SourceUnavailable when the source cannot be reached and SourceMisconfigured when it is not as described;
    the status says `failed` then, and so it does after any other error. What had been read by then is dropped, and the
    next extraction starts from the last committed load.
    """
    folder = home.landing / source.source
    try:
        report = _landed(
            home, source, folder, company_folder, extracted_at, latest_moment, time_zone, environment, on_progress
        )
    except (SourceUnavailable, SourceMisconfigured) as error:
        _write_status(folder, extracted_at, "failed", str(error), [])
        raise
    except Exception as error:  # its text may quote a secret or a person
        told = f"{source.source}: the reader failed ({type(error).__name__}); nothing was taken. The log says where"
        with suppress(OSError):  # of a full disk, say
            _write_status(folder, extracted_at, "failed", told, [])
        raise
    word = "refused" if report.refused else "landed" if report.load else "unchanged"
    _write_status(folder, extracted_at, word, "; ".join(item["reason"] for item in report.refused), report.refused)
    return report


def _landed(
    home: Home, source: Source, folder: Path, company_folder: Path, extracted_at: datetime.datetime,
    latest_moment: datetime.datetime, time_zone: str, environment: Mapping[str, str],
    on_progress: Callable[[str], None],
) -> LandReport:  # fmt: skip
    durable.sweep(folder)
    before = loads(home, source.source)
    latest = {name: _latest(source, name, latest_moment, time_zone) for name in source.tables}
    earlier = _earlier(home, source, before, latest)
    load_id = _next_load_id(source.source, extracted_at, before)
    scratch = folder / f".{load_id}{durable.TEMPORARY}"
    scratch.mkdir(parents=True)
    try:
        extraction = extract(
            source,
            company_folder=company_folder,
            into=scratch,
            earlier=earlier,
            temp=home.tmp,
            environment=environment,
            on_progress=on_progress,
        )
        conservation.hold_back_what_does_not_add_up(extraction, home.tmp)
        _hold_cursors_back(home, source, extraction, earlier, latest)
        refusals.remember(folder, extraction.refused, extracted_at)
        moments = {"extracted_at": extracted_at.isoformat(), "latest_moment": latest_moment.isoformat()}
        load = _commit(folder, scratch, source, load_id, moments, extraction)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return LandReport(load, [asdict(item) for item in extraction.refused], list(extraction.notes))


def _commit(
    folder: Path, scratch: Path, source: Source, load_id: str, moments: dict[str, str], extraction: Extraction
) -> Load | None:
    if not extraction.landed:
        return None
    questions = {name: _question(source, name) for name in source.tables}
    files = [
        asdict(_landed_file(item, scratch, questions[item.table] if item.cursor is not None else None))
        for item in extraction.landed
    ]
    manifest = {"source": source.source, "load_id": load_id, **moments, "files": files}
    durable.write_json(scratch / MANIFEST, manifest)
    failpoint.reach("land.before_commit")
    durable.move(scratch, folder / load_id)
    failpoint.reach("land.after_commit")
    return _load(source.source, folder / load_id)


def _question(source: Source, name: str) -> str:
    """Return what tells which rows of a table a cursor has passed over.

    Where another column, table or resource is asked, or with other parameters, the cursor of before says nothing: a row
    that is below it may never have been seen.
    """
    table, connection = source.tables[name], source.connection
    schema = connection.schema_name if isinstance(connection, DatabaseConnection) else None
    function = connection.source if isinstance(connection, DltConnection) else None
    asked = [table.cursor, table.table, schema, table.path, table.params, table.cursor_parameter, function]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def _landed_file(item: Landed, scratch: Path, question: str | None) -> LandedFile:
    place = str(item.path.relative_to(scratch))
    drift = [asdict(drift) for drift in item.drift] or None
    schema = dict(item.schema) if item.schema else None
    counts = (item.rows, item.fingerprint, item.cursor, item.reported)
    arrived_at = item.arrived_at.isoformat() if item.arrived_at else None
    kept = None
    if item.original:
        where = str(item.original.path.relative_to(scratch))
        kept = {"file": where, "offset": item.original.offset, "size": item.original.size}
    return LandedFile(item.table, place, item.origin, *counts, item.state, drift, schema, arrived_at, kept, question)


def _latest(source: Source, name: str, moment: datetime.datetime, time_zone: str) -> datetime.datetime:
    """Return the latest moment that a cursor of a table may tell, in the zone of those that are written without one."""
    table = source.tables[name]
    made = [column for mapping in source.mappings if mapping.table == name for column in mapping.made.values()]
    said = [item.zone for item in made if item.zone and item.expression.strip().strip('"') == table.cursor]
    skew = datetime.timedelta(minutes=min(SKEW_MINUTES, table.overlap_minutes))
    return (moment.replace(tzinfo=datetime.UTC) + skew).astimezone(ZoneInfo(said[0] if said else time_zone))


def _hold_cursors_back(
    home: Home, source: Source, extraction: Extraction, earlier: Earlier, latest: Mapping[str, datetime.datetime]
) -> None:
    """Keep a moment in the future from moving a cursor: it would hide every later change for good.

    The cursor then is the highest value that is not in the future, where the load holds the column, else the moment of
    the visit, or for what is no moment the one before; the row itself is landed and judged like any other.
    """
    for place, item in enumerate(extraction.landed):
        reached, limit = earlier[item.table].cursor, latest[item.table]
        if item.cursor is None or not _is_ahead(item.cursor, limit) or item.cursor == reached:
            continue
        table = source.tables[item.table]
        held = _not_ahead(home, table, item.cursor, [item.path], limit, reached)
        if table.cursor not in table.columns and has_moment(item.cursor):  # all was read up to now
            # where nobody says the zone of its moments, it may be the one that is furthest behind
            read = limit if has_zone(item.cursor) else limit.astimezone(ZoneInfo("Etc/GMT+12"))
            held = later(reached, limit_like(item.cursor, read) or "")
        if held != item.cursor:
            extraction.landed[place] = replace(item, cursor=held)
            where = "" if has_zone(item.cursor) or NUMBER.fullmatch(item.cursor) else f" in {limit.tzinfo}"
            extraction.notes.append(
                f"{item.table}: {table.cursor} goes up to {item.cursor}, which is in the future{where}; ignored"
            )


def _is_ahead(cursor: str, latest: datetime.datetime) -> bool:
    """Tell whether a cursor is in the future, or a word, which sorts after every moment."""
    if is_beyond_years(cursor):
        return True
    limit = limit_like(cursor, latest)
    if limit is None:
        return False
    return Decimal(cursor) > Decimal(limit) if NUMBER.fullmatch(cursor) else cursor > limit


def _not_ahead(
    home: Home, table: Table, cursor: str, paths: list[Path], latest: datetime.datetime, reached: str | None
) -> str | None:
    """Return the highest cursor of some landed files that is not ahead, else what was `reached` before.

    Digits need not be a moment: where several numbers came and every one is ahead, as was what was reached, they are
    numbers of another kind, say of orders, and `cursor` itself holds.
    """
    limit, column = limit_like(cursor, latest), table.cursor
    if limit is None or column not in table.columns:
        return reached
    name, is_number = ident(column), NUMBER.fullmatch(cursor) is not None
    landed = read_parquet(paths, options="union_by_name = true")
    with connect(temp=home.tmp) as connection:
        if column not in [there for there, *_ in connection.execute(f"describe from {landed}").fetchall()]:
            return reached
        order, most = name, literal(limit)
        if is_number:
            order, most = f"try_cast({name} as decimal(38, 9))", limit
        elif has_zone(cursor) and _is_instant(connection, cursor):  # such texts need not have one zone
            order = f"try_cast({name} as timestamptz)"
            most = f"cast({literal(f'{latest.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S}+00')} as timestamptz)"
        query = (
            f"select arg_max({name}, {order}) filter (where {order} <= {most}), "
            f"count(distinct {name}) filter (where {order} > {most}) from {landed}"
        )
        found, ahead = only_row(connection, query)
    if found is not None and not is_beyond_years(found):
        return str(found)
    are_no_moments = is_number and ahead > 1 and (reached is None or _is_ahead(reached, latest))
    return cursor if are_no_moments else reached


def _is_instant(connection: duckdb.DuckDBPyConnection, text: str) -> bool:
    (is_one,) = only_row(connection, f"select try_cast({literal(text)} as timestamptz) is not null")
    return bool(is_one)


def _write_status(folder: Path, at: datetime.datetime, word: str, error: str, refused: list) -> None:
    data = {"checked_at": at.isoformat(), "status": word, "error": error or None, "refused": refused}
    durable.write_json(folder / STATUS, data)


def moment_of(load_id: str) -> datetime.datetime:
    """Return the moment in the name of a load, UTC."""
    return datetime.datetime.strptime(load_id[: len("20260101T000000_000000")], durable.STAMP)


def _next_load_id(source: str, at: datetime.datetime, before: list[Load]) -> str:
    """Name a load by its moment and its source; always later than the last one, whatever the clock says."""
    if before:
        at = max(at, moment_of(before[-1].load_id) + datetime.timedelta(microseconds=1))
    return f"{at.strftime(durable.STAMP)}-{source}"


def _earlier(
    home: Home, source: Source, before: list[Load], latest: Mapping[str, datetime.datetime]
) -> dict[str, EarlierTable]:
    """Return what landed before, by table. A reader never gives a cursor that is lower than the last."""
    found = {}
    for table in source.tables:
        files = [item for load in before for item in load.files if item.table == table]
        history = [path for load in before for path in load.paths(table)]
        cursor = _last_cursor(files, _question(source, table))
        if cursor is not None and _is_ahead(cursor, latest[table]):
            cursor = _not_ahead(home, source.tables[table], cursor, history, latest[table], cursor)
        found[table] = EarlierTable(
            seen=frozenset(item.fingerprint for item in files if item.fingerprint),
            latest={item.origin: item.fingerprint for item in files if item.fingerprint},
            states={item.origin: item.state or "" for item in files if item.fingerprint},
            cursor=cursor,
            history=history,
            schema=next((item.schema for item in reversed(files) if item.schema), None),
            first_schema=next((item.schema for item in files if item.schema), None),
        )
    return found


def _last_cursor(files: list[LandedFile], question: str) -> str | None:
    """Return the last cursor that answers a question.

    Loads up to the end of November 2026 do not say what was asked: that is taken for what the first load after them
    asked, else for what is asked now.
    """
    told = [(item.question, item.cursor) for item in files if item.cursor is not None]
    first = next((asked for asked, _ in told if asked), question)
    return next((cursor for asked, cursor in reversed(told) if (asked or first) == question), None)
