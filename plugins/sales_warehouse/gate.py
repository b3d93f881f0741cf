"""The gate: a batch is judged by its channel's suite; a row that fails goes to quarantine with every reason."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from sales_warehouse import conformed, durable, failpoint, repairs, settings
from sales_warehouse.company.models import Company, Source
from sales_warehouse.conform import REPAIRS, Statement
from sales_warehouse.conformed import Batch
from sales_warehouse.contracts import UNREAD, VERSION, contract_of, load_contracts
from sales_warehouse.extract import FileRefused, originals
from sales_warehouse.extract.files import Room
from sales_warehouse.guard.suites import Suite, load_suite
from sales_warehouse.guard.validate import RuleResult, Validation, validate
from sales_warehouse.home import Home
from sales_warehouse.landing import CLOCK_SKEW, Load
from sales_warehouse.malformed import in_chinese
from sales_warehouse.normalise import Normalisers
from sales_warehouse.sql import as_parquet, connect, ident, literal, only_row, read_parquet, rows_of

FORM = 11  # raise it when this module writes other columns, so that what it made before is made anew
PLACES_AT_ONCE, PLACES_BYTES = 100_000, 32 << 20
DAYS_TOLD = 40  # of each place of a source, for its deadlines
NEWS_DAYS = 7  # before a load, of which it is looked up whether earlier loads told its events already
KEYS_MIB = 512  # of memory for a look at all keys of a load, beyond which it goes on on disk

WHOLE = "_whole"  # every row of the batch that is judged
FAILURES = "_row_id bigint, rule varchar, column_name varchar, value varchar, reason_en varchar, reason_zh varchar"


class GateError(Exception):
    """A batch that cannot be let in as a whole."""


@dataclass(frozen=True)
class Gated:
    """What the gate made of a batch: `conformed` = `accepted` + `quarantined`."""

    batch: Batch
    fingerprint: str
    accepted: int
    quarantined: int
    first_event_at: str | None
    last_event_at: str | None
    reasons: list[dict[str, Any]] = field(default_factory=list)
    repeated: int = 0  # of the accepted rows, those that say again what another one of this load says
    repairs: list[dict[str, Any]] = field(default_factory=list)  # of the accepted rows: column_name, repair, row_count
    repaired: int = 0  # accepted rows in which something was mended
    dirty: int = 0  # rows that came dated ahead, quarantined, mended or repeated
    doubtful: int = 0  # accepted rows that break a rule which only warns
    # of each place of the source, the first and the last event of its last business days; where it is read often, of
    # the events that no earlier load told
    origins: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    ahead_until: str | None = None  # the first moment of those for which rows are held back as dated ahead
    judged_at: str | None = None  # when rows were let in that were dated ahead of their load and are past; UTC

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Gated:
        origins = {name: days for name, days in data.get("origins", {}).items() if isinstance(days, dict)}
        return cls(**{**data, "batch": Batch(**data["batch"]), "origins": origins})


def manifest_of(home: Home, source: str, load_id: str) -> Path:
    return home.ledger / "gated" / source / f"{load_id}.json"


def read_gated(home: Home, source: str, load_id: str) -> list[Gated]:
    """Return what the gate made of a load, none when it has not passed."""
    return [Gated.from_json(item) for item in durable.read_json(manifest_of(home, source, load_id), [])]


def accepted_file(home: Home, batch: Batch) -> Path:
    return home.accepted / batch.entity / f"_load_id={batch.load_id}" / f"{batch.name}.parquet"


def quarantine_file(home: Home, batch: Batch) -> Path:
    return home.quarantine / batch.entity / f"_load_id={batch.load_id}" / f"{batch.name}.parquet"


def repaired_file(home: Home, batch: Batch) -> Path:
    """Return the history of an entity in a load, whatever mappings it has had; earlier versions wrote others beside."""
    return home.repaired / batch.entity / f"_load_id={batch.load_id}" / f"{batch.source}.parquet"


def held_files(home: Home, load_id: str) -> list[Path]:
    """Return every file of rows of a load that are or were held back, of mappings that are gone since, too."""
    return sorted(home.quarantine.glob(f"*/_load_id={load_id}/[!.]*.parquet"))


def stands(home: Home, company: Company, source: Source, load: Load, *, at: datetime.datetime | None = None) -> bool:
    """Tell whether the gate's work on a load is there and made by the mapping, contract and suite of today.

    Rows that are held back as dated ahead are judged anew on the day `at` (UTC) after their moment: once a day, for the
    marts are built anew then.
    """
    gated = {item.batch.number: item for item in read_gated(home, source.source, load.load_id)}
    wanted = list(conformed.expected(home, company, source, load))
    if set(gated) != {number for number, _, _ in wanted} or not manifest_of(home, source.source, load.load_id).exists():
        return False
    return all(
        gated[number].fingerprint
        == _fingerprint(fingerprint, suite_of(company, mapping.entity, load), gated[number].judged_at, source)
        and not _is_due(gated[number], at)
        and accepted_file(home, gated[number].batch).exists()
        for number, mapping, fingerprint in wanted
    )


def _is_due(gated: Gated, at: datetime.datetime | None) -> bool:
    if at is None or gated.ahead_until is None:
        return False
    return gated.ahead_until < datetime.datetime.combine(at.date(), datetime.time()).isoformat()


def suite_of(company: Company, entity: str, load: Load, at: datetime.datetime | None = None) -> Suite:
    """Return the suite of an entity with the parameters of a load: nothing may come from the future.

    The future begins after the load, or after `at` (UTC), where that is later.
    """
    if entity.startswith(UNREAD):
        return Suite(entity, ())
    about = company.about
    parameters = {
        "currencies": [about.currency, *sorted(about.exchange_rates)],
        "earliest_moment": f"{about.earliest_date:%Y-%m-%d} 00:00:00",
        "latest_moment": _latest(load, at),
    }
    return load_suite(settings.PROJECT / "expectations", entity, parameters)


def _latest(load: Load, at: datetime.datetime | None = None) -> str:
    return f"{max(load.ahead_after, (at or load.latest_moment) + CLOCK_SKEW):%Y-%m-%d %H:%M:%S}"


def _tells_news_alone(source: Source) -> bool:
    """Tell whether of the events of a source those count for its deadline that no earlier load told."""
    return source.deadline is not None and source.is_read_often


def _fingerprint(batch: str, suite: Suite, judged_at: str | None, source: Source) -> str:
    news = "news" if _tells_news_alone(source) else ""
    parts = f"{FORM} {batch} {json.dumps(asdict(suite), sort_keys=True, default=str)} {judged_at or ''} {news}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def gate_load(
    home: Home,
    company: Company,
    source: Source,
    load: Load,
    on_progress: Callable[[str], None],
    *,
    at: datetime.datetime,
) -> tuple[list[Gated], list[Validation]]:
    """Judge the batches of a load and let the good rows in; the load counts as gated when its manifest is there.

    A load that was judged before is judged anew; which rows are no longer held back is remembered, with the moment
    `at` (UTC).
    """
    batches = conformed.read_batches(home, source.source, load.load_id)
    scratch = home.tmp / f"gate-{source.source}-{load.load_id}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    outcomes, validations = [], []
    try:
        for batch in batches:
            on_progress(f"{batch.entity}: {batch.conformed:,} rows")
            gated, validation = _judge(home, company, source, load, batch, scratch, at)
            outcomes.append(gated)
            if validation:
                validations.append(validation)
        failpoint.reach("gate.before_commit")
        _commit(home, load, outcomes, scratch, at)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    shutil.rmtree(conformed.folder_of(home, source.source, load.load_id), ignore_errors=True)
    failpoint.reach("gate.after_commit")
    return outcomes, validations


def _commit(home: Home, load: Load, outcomes: list[Gated], scratch: Path, at: datetime.datetime) -> None:
    manifest = manifest_of(home, load.source, load.load_id)
    with durable.lock(home.accepted / ".lock", wait_seconds=3600, purpose="accepting a load"):
        if manifest.exists():  # or a mapping that is taken back would find its old word over rows that are another's
            manifest.unlink()
            durable.sync_folder(manifest.parent)
        for item in outcomes:
            durable.move(scratch / f"accepted-{item.batch.number}.parquet", accepted_file(home, item.batch))
            failpoint.reach("gate.after_accept")
        held = {
            quarantine_file(home, item.batch): file
            for item in outcomes
            if (file := scratch / f"quarantine-{item.batch.number}.parquet").exists()
        }
        for history in {repaired_file(home, item.batch): item.batch.entity for item in outcomes}.items():
            before = [file for file in held_files(home, load.load_id) if file.parts[-3] == history[1]]
            now = [file for target, file in held.items() if target.parts[-3] == history[1]]
            repairs.remember(home, before, now, history[0], at)
        for target, file in held.items():
            durable.move(file, target)
        durable.write_json(manifest, [item.to_json() for item in outcomes])
        for stale in set(held_files(home, load.load_id)) - set(held):
            stale.unlink()


def _judge(
    home: Home,
    company: Company,
    source: Source,
    load: Load,
    batch: Batch,
    scratch: Path,
    at: datetime.datetime,
) -> tuple[Gated, Validation | None]:
    suite = suite_of(company, batch.entity, load, at)
    file, database = conformed.file_of(home, batch), scratch / f"{batch.number}.duckdb"
    with connect(database, temp=home.tmp) as connection:
        connection.execute(
            f"create view {WHOLE} as select *, file_row_number as _row_id "
            f"from {read_parquet([file], options='file_row_number = true')}"
        )
        # a row that only says that its record is gone has nothing else that a rule could judge
        connection.execute(f"create view {ident(batch.entity)} as select * from {WHOLE} where not _is_deleted")
        (judged,) = only_row(connection, f"select count(*) from {ident(batch.entity)}")
        came_due, ahead_until = _ahead(connection, batch, suite, load, at)
    validation = None
    if judged and suite.rules:
        validation = validate(database, batch.entity, suite, temp=home.tmp, about=f"{batch.source} · {batch.load_id}")
        _refuse_whole(batch, validation)
    with connect(database, temp=home.tmp) as connection:
        reasons, quarantined, unfolded = _quarantine(
            connection, home, batch, company, source, load, validation, scratch, at
        )
        mended = _by_hand(connection, home, company, source, load, batch, scratch)
        batch = replace(batch, folded=batch.folded - unfolded, conformed=batch.conformed + unfolded)
        accepted = scratch / f"accepted-{batch.number}.parquet"
        _accept(connection, batch, file, accepted, quarantined, mended)
        first, last, origins = _events(connection, home, source, load, batch, accepted, company.about.time_zone)
        quality = _quality(connection, batch, accepted, validation, _was_ahead(suite, load, at))
    judged_at = at.isoformat() if came_due else None
    fingerprint = _fingerprint(batch.fingerprint, suite_of(company, batch.entity, load), judged_at, source)
    let_in = batch.conformed - quarantined
    gated = Gated(
        batch, fingerprint, let_in, quarantined, first, last, reasons, **quality, origins=origins,
        ahead_until=ahead_until, judged_at=judged_at,
    )  # fmt: skip
    return gated, validation


def _ahead(
    connection: duckdb.DuckDBPyConnection, batch: Batch, suite: Suite, load: Load, at: datetime.datetime
) -> tuple[bool, str | None]:
    """Tell whether rows are dated ahead of their load and past by now, and the first moment of those still ahead."""
    then, now = (f"cast({literal(_latest(load, moment))} as timestamp)" for moment in (None, at))
    moments = " union all ".join(
        f"select {moment} as moment from {WHOLE} where not _is_ended and {moment} > {then}"
        for moment in _not_ahead(suite, load, at)
    )
    past, first = only_row(
        connection,
        f"select count(*) filter (where moment <= {now}), min(moment) filter (where moment > {now}) from ({moments})",
    )
    # a moment after the year 9999, as the last one of it is west of Greenwich, is none of Python: it never comes
    return past > 0, first.isoformat() if isinstance(first, datetime.datetime) else None


def _not_ahead(suite: Suite, load: Load, at: datetime.datetime) -> list[str]:
    """Return the SQL of the moments of a row that may not lie ahead: of a deletion its version alone."""
    rules = [rule for rule in suite.rules if rule.severity == "critical"]
    names = dict.fromkeys(rule.column for rule in rules if rule.arguments.get("max_value") == _latest(load, at))
    told = [f"case when not _is_deleted then cast({ident(name)} as timestamp) end" for name in names if name]
    return [*told, VERSION.name]


def _was_ahead(suite: Suite, load: Load, at: datetime.datetime) -> str:
    """Return the SQL that tells of a row whether it was dated ahead of its load, even if that moment is past now."""
    then = f"cast({literal(_latest(load))} as timestamp)"
    moments = [f"coalesce({moment} > {then}, false)" for moment in _not_ahead(suite, load, at)]
    return f"({' or '.join(moments)})"


def _refuse_whole(batch: Batch, validation: Validation) -> None:
    whole = [result for result in validation.failed("critical") if result.failing_rows_sql is None]
    if whole:
        said = "; ".join(f"{result.rule}: {result.reason_en} (observed {result.observed})" for result in whole)
        raise GateError(f"{batch.source}, load {batch.load_id}: {batch.entity} is refused as a whole: {said}")


def _quarantine(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    batch: Batch,
    company: Company,
    source: Source,
    load: Load,
    validation: Validation | None,
    scratch: Path,
    at: datetime.datetime,
) -> tuple[list[dict[str, Any]], int, int]:
    """Collect every failing row with every reason; return the counts by reason, the number of rows, and of those that
    had been folded: they are in quarantine like any other, or each correction would bring up the next one.
    """
    entity, key = ident(batch.entity), contract_of(batch.entity).key
    connection.execute(f"create table failures ({FAILURES})")
    connection.execute(
        f"insert into failures select _row_id, case fault.\"column\" when '_row' then 'malformed' else 'cast' end, "
        f'fault."column", fault."value", '
        f"{', '.join(_reasons(company, source, batch))} "
        f"from (select _row_id, _is_deleted, unnest(_faults) as fault from {WHOLE} where _faults is not null) "
        f'where not _is_deleted or fault."column" in ({", ".join(map(literal, key))})'
    )
    nameless = " or ".join(f"{ident(column)} is null" for column in key)
    connection.execute(
        f"insert into failures select _row_id, 'deleted_without_key', null, null, "
        f"'a deletion that does not say of which record', '删除记录缺少主键' "
        f"from {WHOLE} where _is_deleted and ({nameless}) and _row_id not in (select _row_id from failures)"
    )
    for result in validation.failed("critical") if validation else ():
        _add_failures(connection, entity, result)
    _hold_versions_back(connection, batch, source, _latest(load, at))
    (rows,) = only_row(connection, "select count(distinct _row_id) from failures")
    if not rows:
        return [], 0, 0
    unfolded = _hold(connection, home, batch, company, source, load, scratch)
    _write_quarantine(connection, batch, source, load, scratch)
    counts = connection.execute(
        "select rule, column_name, any_value(reason_en), any_value(reason_zh), count(*) "
        "from failures join _held using (_row_id) group by rule, column_name "
        "order by count(*) desc, rule, column_name"
    ).fetchall()
    names = ("rule", "column_name", "reason_en", "reason_zh", "row_count")
    return [dict(zip(names, row, strict=True)) for row in counts], rows + unfolded, unfolded


def _hold_versions_back(connection: duckdb.DuckDBPyConnection, batch: Batch, source: Source, latest: str) -> None:
    """Add the rows whose version is dated ahead, deletions among them: no later change of theirs would ever count.

    Where the version is a column of the contract, its suite has told those that are no deletions.
    """
    version = Statement(contract_of(batch.entity), source.readings[batch.number], "").version
    if version is None:
        return
    connection.execute(
        f"insert into failures select _row_id, 'version_not_in_future', {literal(version)}, "
        f"cast({VERSION.name} as varchar), 'The version of the row lies in the future; it would hide every later "
        f"change', '版本时间在未来，会遮盖以后的修改' from {WHOLE} where not _is_ended and {VERSION.name} > "
        f"cast({literal(latest)} as timestamp) and not exists (select 1 from failures as f "
        f"where f._row_id = {WHOLE}._row_id and f.column_name = {literal(version)})"
    )


def _hold(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    batch: Batch,
    company: Company,
    source: Source,
    load: Load,
    scratch: Path,
) -> int:
    """Make `_held`, the places of the failing rows; return how many there are beside the rows of the batch."""
    failing = f"select * from {WHOLE} where _row_id in (select _row_id from failures)"
    connection.execute(f"create table _held as select _row_id, _file, _row_number from ({failing})")
    if not batch.folded:
        return 0
    kept, places = scratch / f"failing-{batch.number}.parquet", scratch / f"places-{batch.number}.parquet"
    connection.execute(f"copy ({failing} and _faults is null) to {as_parquet(kept)}")
    conformed.places_of_equal(home, company, source, load, batch, kept, places)
    (unfolded,) = only_row(
        connection,
        f"insert into _held select _row_id, _file, _row_number from {read_parquet([places])} "
        "anti join _held using (_row_id, _file, _row_number)",
    )
    return unfolded


def _reasons(company: Company, source: Source, batch: Batch) -> Iterator[str]:
    """Yield the SQL that says why a fault is one, in English and in Chinese."""
    mapping, normalisers = source.readings[batch.number], Normalisers.of(company)
    columns = contract_of(batch.entity).columns | {VERSION.name: VERSION}
    said = {name: normalisers.reason(columns[name], told) for name, told in mapping.made.items()}
    for language in (0, 1):
        arms = " ".join(f"when {literal(name)} then {literal(why[language])}" for name, why in said.items())
        malformed = ('fault."value"', in_chinese('fault."value"'))[language]
        yield f"case fault.\"column\" when '_row' then {malformed} {arms} end"


def _add_failures(connection: duckdb.DuckDBPyConnection, entity: str, result: RuleResult) -> None:
    """Add the rows that fail a rule, unless the column has a fault already: unreadable is not missing."""
    value = f"cast({ident(result.column)} as varchar)" if result.column else "null"
    said = ", ".join(literal(text) for text in (result.rule, result.column))
    why = ", ".join(literal(text) for text in (result.reason_en, result.reason_zh))
    connection.execute(
        f"insert into failures select _row_id, {said}, {value}, {why} "
        f"from {entity} where _row_id in ({result.failing_rows_sql}) and not exists ("
        f"select 1 from failures as f where f._row_id = {entity}._row_id and "
        f"f.rule in ('cast', 'malformed') and f.column_name in ('_row', {literal(result.column)}))"
    )


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection, batch: Batch, source: Source, load: Load, scratch: Path
) -> None:
    """Write one row per failing row and reason, each with its line, its bytes and the landed row as it came."""
    _places(connection, source, load, batch.table, scratch)
    conformed.landed_view(connection, source, load, batch.table, "_landed", unpromised=True)
    came = conformed.as_json(connection, "_landed", "l")
    connection.execute(
        f"copy (select {literal(batch.source)} as source, {literal(batch.entity)} as entity, "
        f"{literal(batch.table)} as source_table, {literal(batch.load_id)} as load_id, c._file as file, "
        f"c._row_number as row_number, f.rule, f.column_name, f.value, f.reason_en, f.reason_zh, "
        f"coalesce(l._raw, cast({came} as varchar)) as raw, p.line, p.original, p.original_bytes, "
        f"cast({literal(load.extracted_at)} as timestamp) as quarantined_at "
        "from failures as f join _held as c using (_row_id) "
        f"left join _landed as l on l._file = c._file and l._row_number = c._row_number "
        f"left join _places as p on p.file = c._file and p.row_number = c._row_number "
        f"order by file, row_number, rule, column_name) "
        f"to {literal(str(scratch / f'quarantine-{batch.number}.parquet'))} (format parquet, compression zstd)"
    )


def _places(connection: duckdb.DuckDBPyConnection, source: Source, load: Load, table: str, scratch: Path) -> None:
    """Make the table `_places` of failing rows: line, text and bytes, as far as originals are kept."""
    connection.execute(
        "create or replace table _places "
        "(file varchar, row_number bigint, line bigint, original varchar, original_bytes blob)"
    )
    files = {item.origin: item for item in load.files if item.table == table}
    for origin, numbers in _held_rows(connection):
        item = files.get(origin)
        original = load.original_of(item) if item else None
        if item is None or original is None:
            continue
        # a file that is described otherwise than when it landed is refused: its lines cannot be told
        with contextlib.suppress(FileRefused), TemporaryDirectory(dir=scratch) as place:
            room = Room(Path(place), Path(place))
            located = originals.locate(original, source.tables[table], item.rows, numbers, room)
            for some in _parts(located):
                _insert_places(connection, origin, some)


def _held_rows(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each file of the table `_held` with the numbers of its rows: of one file at a time, 8 bytes for each."""
    with connection.cursor() as cursor:
        cursor.execute("select distinct _file, _row_number from _held order by all")
        rows = chain.from_iterable(iter(lambda: cursor.fetchmany(PLACES_AT_ONCE), []))
        for origin, some in groupby(rows, itemgetter(0)):
            yield origin, np.fromiter((number for _, number in some), np.int64)


def _parts(located: Iterable[originals.Located]) -> Iterator[list[originals.Located]]:
    """Yield rows together as long as they and their bytes are not too many for memory."""
    part: list[originals.Located] = []
    size = 0
    for one in located:
        part.append(one)
        size += len(one.content or b"")
        if len(part) == PLACES_AT_ONCE or size > PLACES_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _insert_places(connection: duckdb.DuckDBPyConnection, origin: str, found: list[originals.Located]) -> None:
    given = pa.table(
        {
            "row_number": pa.array([item.number for item in found], pa.int64()),
            "line": pa.array([item.line for item in found], pa.int64()),
            "original": pa.array([item.text for item in found], pa.string()),
            "original_bytes": pa.array([item.content for item in found], pa.binary()),
        }
    )
    connection.register("_given", given)
    connection.execute(f"insert into _places select {literal(origin)}, * from _given")
    connection.unregister("_given")


def _by_hand(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    company: Company,
    source: Source,
    load: Load,
    batch: Batch,
    scratch: Path,
) -> bool:
    """Make `_by_hand` of the rows that say something else than they did as they came; tell whether there are any.

    It has `_row_id` and the columns that differ, in the form of repairs.
    """
    came = scratch / f"came-{batch.number}.parquet"
    if batch.entity.startswith(UNREAD) or not conformed.as_came(home, company, source, load, batch, came):
        return False
    mapping, contract = source.readings[batch.number], contract_of(batch.entity)
    same = ["_file", "_row_number", *(map(ident, contract.key) if mapping.each else ())]
    cells = ", ".join(
        f"case when rows.{ident(name)} is distinct from came.{ident(name)} then struct_pack("
        f'"column" := {literal(name)}, "repair" := \'by_hand\', "before" := coalesce('
        f'list_filter(came._faults, fault -> fault."column" = {literal(name)})[1]."value", '
        f"cast(came.{ident(name)} as varchar), ''), "
        f"\"after\" := coalesce(cast(rows.{ident(name)} as varchar), '')) end"
        for name in (*contract.columns, *([VERSION.name] if mapping.version else ()))
    )
    connection.execute(
        f"create table _by_hand as with given as (from {read_parquet([came])}), "
        f"came as (select distinct on ({', '.join(same)}) * from given), told as ("
        f"select rows._row_id, list_filter([{cells}], cell -> cell is not null) as cells from {WHOLE} as rows "
        f"left join came on {' and '.join(f'rows.{name} is not distinct from came.{name}' for name in same)} "
        "where not rows._is_ended and (rows._file, rows._row_number) in (select _file, _row_number from given)) "
        "from told where len(cells) > 0"
    )
    return bool(only_row(connection, "select count(*) from _by_hand")[0])


def _accept(
    connection: duckdb.DuckDBPyConnection, batch: Batch, file: Path, target: Path, quarantined: int, mended: bool
) -> None:
    """Write the rows that are let in; what was mended by hand is told with the repairs."""
    if not (quarantined or mended):
        target.hardlink_to(file)
        return
    columns = ", ".join(ident(n) for n in contract_of(batch.entity).schema if n != "_load_id")
    repairs_told, hands = "_repairs", ""
    if mended:
        repairs_told = "nullif(list_concat(_repairs, cells), []) as _repairs"
        hands = "left join _by_hand using (_row_id) "
    (rows,) = only_row(
        connection,
        f"copy (select {columns}, {repairs_told} from {WHOLE} {hands}"
        "where _row_id not in (select _row_id from failures)) "
        f"to {as_parquet(target)}",
    )
    if rows != batch.conformed + batch.ended - quarantined:
        came = batch.conformed + batch.ended
        raise GateError(f"{batch.entity}: {came:,} rows in, {rows:,} + {quarantined:,} out")


def _events(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    source: Source,
    load: Load,
    batch: Batch,
    accepted: Path,
    zone: str,
) -> tuple[str | None, str | None, dict[str, dict[str, list[str]]]]:
    """Return the first and the last event of a batch, and of each place of the source those of its last days."""
    contract = contract_of(batch.entity)
    if contract.event_time is None:
        return None, None, {}
    name = ident(contract.event_time)
    relation = f"(from {read_parquet([accepted])} where {name} is not null)"
    first, last = only_row(connection, f"select min({name}), max({name}) from {relation}")
    if first is None:
        return None, None, {}
    day = f"cast({name} at time zone 'UTC' at time zone {literal(zone)} as date)"
    there = f"(from {relation} where not (_is_deleted or _is_ended))"
    if _tells_news_alone(source):
        (begin,) = only_row(connection, f"select min({day}) from {there}")
        if told := _told_before(home, load, batch, begin):
            key = ", ".join(map(ident, contract.key))
            earlier = read_parquet(told, options="union_by_name = true")
            there = f"(from {there} anti join (select {key} from {earlier} where not _is_deleted) using ({key}))"
    found = connection.execute(
        f"with days as (select _file, {day} as day, min({name}) as began, max({name}) as ended from {there} "
        "group by _file, day) select _file, cast(day as varchar), began, ended from days "
        f"qualify day > max(day) over (partition by _file) - {DAYS_TOLD} order by _file, day"
    ).fetchall()
    origins: dict[str, dict[str, list[str]]] = {}
    for origin, date, began, ended in found:
        origins.setdefault(origin, {})[date] = [began.isoformat(), ended.isoformat()]
    return first.isoformat(), last.isoformat(), origins


def _told_before(home: Home, load: Load, batch: Batch, begin: datetime.date | None) -> list[Path]:
    """Return what earlier loads let in of an entity since the day on which the events of a batch begin.

    An overlap, or a file that grows, tells again what was told before: that is no news.
    """
    if begin is None:
        return []
    since = max(datetime.datetime.combine(begin, datetime.time()), load.extracted_at - datetime.timedelta(NEWS_DAYS))
    earliest = (since - datetime.timedelta(days=1)).strftime(durable.STAMP)  # the day of the business, in any zone
    folder = manifest_of(home, batch.source, load.load_id).parent
    names = sorted(file.stem for file in folder.glob("*.json") if earliest <= file.stem < load.load_id)
    gated = [item for name in names for item in read_gated(home, batch.source, name) if item.origins]
    files = [accepted_file(home, item.batch) for item in gated if item.batch.entity == batch.entity]
    return [file for file in files if file.exists()]


def _quality(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    accepted: Path,
    validation: Validation | None,
    was_ahead: str,
) -> dict[str, Any]:
    """Count what was mended, what came twice, and what is in doubt; rows are told apart by a hash of 64 bits.

    A row is clean when nothing had to be done about it, nor its moment waited for (`was_ahead`, SQL that tells it): of
    equal rows one is, where none of them was mended. Where every row has another key none is repeated, which is known
    without a look at the rest of the columns.
    """
    relation = f"(from {read_parquet([accepted])} where not _is_ended)"
    key = ", ".join(map(ident, contract_of(batch.entity).key))
    connection.execute(f"set memory_limit = {literal(settings.memory_below(KEYS_MIB))}")
    is_clean = f"(_repairs is null and not {was_ahead})"
    rows, keys, repaired, clean = only_row(
        connection,
        f"select count(*), count(distinct hash({key})), count(*) filter (where _repairs is not null), "
        f"count(*) filter (where {is_clean}) from {relation}",
    )
    repeated, clean = (0, clean) if keys == rows else _repeated(connection, batch, relation, is_clean)
    return {
        "repeated": repeated,
        "repairs": _repair_counts(connection, relation) if repaired else [],
        "repaired": repaired,
        "dirty": batch.conformed - clean,
        "doubtful": _doubtful(connection, batch, validation),
    }


def _repair_counts(connection: duckdb.DuckDBPyConnection, relation: str) -> list[dict[str, Any]]:
    return rows_of(
        connection,
        'select r."column" as column_name, r.repair, count(*) as row_count from ('
        f"select unnest(_repairs) as r from {relation} where _repairs is not null) "
        "group by column_name, r.repair order by row_count desc, column_name, r.repair",
    )


def _repeated(connection: duckdb.DuckDBPyConnection, batch: Batch, relation: str, is_clean: str) -> tuple[int, int]:
    """Count the rows that say again what another one says, and of different rows those that are clean by `is_clean`."""
    said = ", ".join(ident(name) for name in contract_of(batch.entity).columns)
    repeated, clean = only_row(
        connection,
        "select count(*) - count(distinct said), count(distinct said) filter (where is_clean) "
        f"from (select hash({said}, _is_deleted) as said, {is_clean} as is_clean from {relation})",
    )
    return repeated, clean


def _doubtful(connection: duckdb.DuckDBPyConnection, batch: Batch, validation: Validation | None) -> int:
    failing = [result.failing_rows_sql for result in (validation.failed("warning") if validation else ())]
    told = " union ".join(sql for sql in failing if sql)
    if not told:
        return 0
    (rows,) = only_row(
        connection,
        f"select count(*) from (select _row_id from {ident(batch.entity)} where _row_id in ({told}) "
        "and _row_id not in (select _row_id from failures))",
    )
    return rows


def ensure_schemas(home: Home) -> None:
    """Put an empty file with the whole schema beside the accepted loads, so that a missing channel reads as empty."""
    for contract in load_contracts().values():
        target = home.accepted / contract.entity / "_load_id=_none" / "_schema.parquet"
        columns = ", ".join(
            f"cast(null as {kind}) as {ident(name)}"
            for name, kind in {**contract.schema, "_repairs": REPAIRS}.items()
            if name != "_load_id"
        )
        wanted = hashlib.sha256(columns.encode()).hexdigest()[:16]
        mark = target.with_suffix(".txt")
        if target.exists() and mark.exists() and mark.read_text() == wanted:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with connect(temp=home.tmp) as connection:
            connection.execute(f"copy (select {columns} where false) to {literal(str(target))} (format parquet)")
        mark.write_text(wanted)
