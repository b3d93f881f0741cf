"""Conformed batches: each load of a source, mapped onto the contracts, waiting for the gate.

A batch is a function of its load, the mapping, the contract and the company's zone and regions. The fingerprint of
these says whether a batch, or what the gate made of it, still stands: a changed mapping makes every load anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from sales_warehouse import corrections, durable, failpoint
from sales_warehouse.company.models import Company, Join, Mapping, Source
from sales_warehouse.conform import Statement, compile_mapping, with_version
from sales_warehouse.contracts import LINEAGE, VERSION
from sales_warehouse.elements import elements
from sales_warehouse.ended import ENDED, PLACE, find_ended, record_of, siblings
from sales_warehouse.extract.parquet import BEFORE, FILE, OPTIONAL, RESERVED, ROW_NUMBER
from sales_warehouse.extract.text import FLOATS, earlier_float_sql
from sales_warehouse.home import Home
from sales_warehouse.landing import Load, loads
from sales_warehouse.latest_version import is_known, latest_version
from sales_warehouse.normalise import Normalisers
from sales_warehouse.sql import as_parquet, confine, connect, gist, ident, literal, only_row, read_parquet

FORM = 14  # raise it when this module makes different rows from the same input
MANIFEST = "manifest.json"
WHOLE = "_whole"  # the landed rows of the table that a mapping reads
HISTORY = "_history"  # the same of all loads up to this one, with `_row_load_id`


class MappingError(Exception):
    """A mapping that binds but cannot be carried out on the rows that came."""


@dataclass(frozen=True)
class Batch:
    """Rows of one load for one entity: `landed` = `excluded` + `folded` + `conformed`.

    Its file has `ended` more rows, which no source sent: see ended.py.
    """

    source: str
    load_id: str
    number: int
    entity: str
    table: str
    fingerprint: str
    landed: int
    excluded: int
    folded: int
    conformed: int
    ended: int = 0
    listed: int | None = None  # elements that the lists in the landed rows have, counted without taking them apart

    @property
    def name(self) -> str:
        return f"{self.source}.{self.number}"


def folder_of(home: Home, source: str, load_id: str) -> Path:
    return home.conformed / source / load_id


def file_of(home: Home, batch: Batch) -> Path:
    return folder_of(home, batch.source, batch.load_id) / f"{batch.number}_{batch.entity}.parquet"


def read_batches(home: Home, source: str, load_id: str) -> list[Batch]:
    """Return the batches of a load that are waiting, none when it was not conformed."""
    return [Batch(**item) for item in durable.read_json(folder_of(home, source, load_id) / MANIFEST, [])]


def outdate(home: Home, source: str, load_id: str) -> None:
    """Have a load that waits mapped anew, since its landed rows have changed: no batch of it stands any more.

    A gate that is at work on it goes on; what it makes of the load does not stand either.
    """
    batches = [asdict(replace(batch, fingerprint="")) for batch in read_batches(home, source, load_id)]
    if batches:
        durable.write_json(folder_of(home, source, load_id) / MANIFEST, batches)


def expected(home: Home, company: Company, source: Source, load: Load) -> Iterator[tuple[int, Mapping, str]]:
    """Yield the mappings that apply to a load, with their number and their fingerprint on it: all tables have one."""
    for number, mapping in enumerate(source.readings):
        if mapping.table in load.tables:
            yield number, mapping, _fingerprint(company, source, mapping, load, _corrected(home, source, load, mapping))


def mappings_mark(company: Company) -> str:
    """Return a fingerprint of how rows of the sources become rows of the contracts, whatever has landed."""
    mappings = {
        name: [mapping.model_dump(mode="json") for mapping in source.mappings]
        for name, source in company.sources.items()
    }
    return hashlib.sha256(json.dumps(mappings, sort_keys=True).encode()).hexdigest()[:16]


def _corrected(home: Home, source: Source, load: Load, mapping: Mapping) -> str | None:
    """Return a fingerprint of the corrections that a batch depends on: of its own rows, what it joins and compares."""
    joined = {join.table for join in mapping.joins} | ({mapping.table} if record_of(source, mapping) else set())
    places = [
        (name, load_id, table)
        for name, load_id, table in sorted(corrections.read(home))
        if name == source.source
        and ((load_id == load.load_id and table == mapping.table) or (load_id <= load.load_id and table in joined))
    ]
    return corrections.mark(home, places)


def _fingerprint(company: Company, source: Source, mapping: Mapping, load: Load, corrected: str | None) -> str:
    normalisers = Normalisers.of(company)
    parts = [
        FORM,
        compile_mapping(company, source, mapping).select,
        source.tables[mapping.table].model_dump(mode="json"),
        [join.model_dump(mode="json") for join in mapping.joins],
        [with_version(company, source, join.table, "") for join in mapping.joins],
        [normalisers.country, normalisers.time_zone],
    ]
    if record_of(source, mapping):
        parts.append([compile_mapping(company, source, item).select for item in siblings(source, mapping)])
    parts += [part for part in (mapping.each, corrected, sorted(load.renamed.values())) if part]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def conform_load(
    home: Home, company: Company, source: Source, load: Load, on_progress: Callable[[str], None]
) -> list[Batch]:
    """Map one load onto its contracts; the batches appear together or not at all."""
    target = folder_of(home, source.source, load.load_id)
    scratch = target.with_name(f".{load.load_id}{durable.TEMPORARY}")
    for outdated in (target, scratch):
        shutil.rmtree(outdated, ignore_errors=True)
    scratch.mkdir(parents=True)
    batches = []
    for number, mapping, fingerprint in expected(home, company, source, load):
        on_progress(f"{mapping.table} → {mapping.entity}")
        file = scratch / f"{number}_{mapping.entity}.parquet"
        try:
            landed, kept, rows, ended, listed = _conform(home, company, source, load, mapping, file)
        except duckdb.IOException:
            raise  # the disk, not the mapping
        except duckdb.Error as error:
            raise MappingError(
                f"{source.source}, load {load.load_id}: {mapping.table} → {mapping.entity}: {gist(str(error))}"
            ) from None
        batches.append(
            Batch(
                source.source, load.load_id, number, mapping.entity, mapping.table, fingerprint,
                landed=landed, excluded=landed - kept, folded=kept - rows, conformed=rows, ended=ended, listed=listed,
            )
        )  # fmt: skip
        failpoint.reach("conform.after_entity")
    durable.write_json(scratch / MANIFEST, [asdict(batch) for batch in batches])
    durable.move(scratch, target)
    return batches


def _conform(
    home: Home, company: Company, source: Source, load: Load, mapping: Mapping, file: Path
) -> tuple[int, int, int, int, int | None]:
    """Write one batch; return the rows landed, kept by the filter, conformed and ended, and the elements of lists."""
    statement = compile_mapping(company, source, mapping)
    with connect(temp=home.tmp) as connection:
        connection.execute("set preserve_insertion_order = false")
        landed_view(connection, source, load, mapping.table, WHOLE, corrected_in=home)
        ends = record_of(source, mapping) is not None
        if ends:
            _history_view(connection, home, source, load, mapping.table)
        _prepare(connection, home, company, source, load, mapping, elements(mapping, WHOLE))
        select, ended = f"select *, false as _is_ended from ({statement.select})", 0
        if ends:
            before = next(reversed(_known(home, source, load, mapping.table)[:-1]), None)
            ended = find_ended(connection, company, source, load, before, mapping, HISTORY)
            select += f" union all by name select *, true as _is_deleted, true as _is_ended from {ENDED}"
            connection.execute(f"create or replace view {ident(mapping.table)} as {elements(mapping, WHOLE)}")
        landed, kept = _counts(connection, load, mapping, statement)
        listed = _listed(connection, mapping) if mapping.each else None
        lineage = {"_source": source.source, "_extracted_at": load.extracted_at}  # the folder is named by the load
        added = ", ".join(f"cast({literal(value)} as {LINEAGE[name]}) as {name}" for name, value in lineage.items())
        (rows,) = only_row(
            connection,
            f"copy (select *, {added} from ({select})) to {as_parquet(file)}",
        )
    rows -= ended
    if listed not in (None, landed):
        raise MappingError(
            f"{source.source}, load {load.load_id}: the lists in {mapping.table}.{mapping.each} have {listed:,} "
            f"elements, but {landed:,} rows were made of them; nothing of it is taken. Please report this with the rows"
        )
    if not mapping.distinct and rows != kept:
        raise MappingError(
            f"{source.source}: the mapping {mapping.table} → {mapping.entity} made {rows:,} rows of {kept:,}: "
            "a join finds several rows for one; make its condition name a unique row"
        )
    return landed, kept, rows, ended, listed


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    company: Company,
    source: Source,
    load: Load,
    mapping: Mapping,
    rows: str,
) -> None:
    """Create what the statement of a mapping reads: the rows of its table, and what it joins."""
    Normalisers.of(company).register(connection)
    connection.execute(f"create view {ident(mapping.table)} as {rows}")
    for join in mapping.joins:
        _latest_view(connection, home, company, source, load, join)
    confine(connection, home.dir)  # from here on the company's own SQL runs


def place_keys(
    connection: duckdb.DuckDBPyConnection, home: Home, company: Company, source: Source, load: Load, mapping: Mapping
) -> str:
    """Create a table of every landed row, or element of the list in one, that a mapping can read; return its name.

    It has the key of the record, `_file`, `_row_number` and `item_number`, NULL where there is no list. Rows that the
    filter leaves out are in it, and so is each of several equal ones.
    """
    whole = mapping.model_copy(update={"where": None, "distinct": False})
    statement, item = compile_mapping(company, source, whole), "came.item_number" if mapping.each else "null::bigint"
    landed_view(connection, source, load, mapping.table, WHOLE, corrected_in=home)
    connection.execute(
        "create temp table _numbered as "
        f"select *, row_number() over () as _row_element from ({elements(mapping, WHOLE)})"
    )
    numbered = f"select * replace (_row_element as {ROW_NUMBER}) from _numbered"
    _prepare(connection, home, company, source, load, mapping, numbered)
    key = ", ".join(f"made.{ident(name)}" for name in statement.contract.key)
    connection.execute(
        f"create temp table _placed as select {key}, came._file, came.{ROW_NUMBER}, {item} as item_number "
        f"from ({statement.select}) as made join _numbered as came on came._row_element = made.{ROW_NUMBER}"
    )
    return "_placed"


def places_of_equal(
    home: Home, company: Company, source: Source, load: Load, batch: Batch, rows: Path, target: Path
) -> None:
    """Write the places of all rows that were folded into one of some `rows`: `_row_id`, `_file`, `_row_number`."""
    mapping = source.readings[batch.number]
    statement = compile_mapping(company, source, mapping.model_copy(update={"distinct": False}))
    names = [*statement.contract.columns, VERSION.name, "_is_deleted"]
    same = " and ".join(f"one.{ident(name)} is not distinct from other.{ident(name)}" for name in names)
    with connect(temp=home.tmp) as connection:
        landed_view(connection, source, load, mapping.table, WHOLE, corrected_in=home)
        _prepare(connection, home, company, source, load, mapping, elements(mapping, WHOLE))
        connection.execute(
            f"copy (select one._row_id, other._file, other._row_number from {read_parquet([rows])} as one "
            f"join ({statement.select}) as other on {same} where other._faults is null) to {as_parquet(target)}"
        )


def as_came(home: Home, company: Company, source: Source, load: Load, batch: Batch, target: Path) -> bool:
    """Write what the corrected rows of a batch would give without their own corrections; tell whether there are any.

    It has the columns of the statement: the contract's, `_file`, `_row_number`, `_faults` among them.
    """
    said = corrections.read(home).get((source.source, load.load_id, batch.table), ())
    if not said:
        return False
    mapping = source.readings[batch.number].model_copy(update={"where": None, "distinct": False, "deleted": None})
    places = pa.table(
        {
            "_file": [item.cell.file for item in said],
            ROW_NUMBER: pa.array([item.cell.row_number for item in said], pa.int64()),
        }
    )
    with connect(temp=home.tmp) as connection:
        connection.register("_given", places)
        connection.execute("create temp table _corrected as select distinct * from _given")
        landed_view(connection, source, load, mapping.table, WHOLE)
        rows = f"(from {WHOLE} semi join _corrected using (_file, {ROW_NUMBER}))"
        _prepare(connection, home, company, source, load, mapping, elements(mapping, rows))
        connection.execute(f"copy ({compile_mapping(company, source, mapping).select}) to {as_parquet(target)}")
    return True


def _counts(
    connection: duckdb.DuckDBPyConnection, load: Load, mapping: Mapping, statement: Statement
) -> tuple[int, int]:
    """Count the rows there are, and those that the filter keeps. The load's manifest must agree with its files.

    Where every element of a list is a row, the elements are counted.
    """
    landed = sum(item.rows for item in load.files if item.table == mapping.table)
    (there,) = only_row(connection, f"select count(*) from {WHOLE}")
    if there != landed:
        raise MappingError(
            f"{load.source}, load {load.load_id}: {mapping.table} has {there:,} rows, but {landed:,} were landed; "
            "the landing folder was changed: restore it from a backup"
        )
    if mapping.each:
        (landed,) = only_row(connection, f"select count(*) from {ident(mapping.table)}")
    if mapping.where is None:
        return landed, landed
    malformed = f"{ident(mapping.table)}._malformed is not null"
    joins = " ".join(f"left join {ident(join.table)} on {join.on}" for join in mapping.joins)
    (kept,) = only_row(
        connection,
        f"select count(*) filter (where {malformed} or {statement.where}) from {ident(mapping.table)} {joins}",
    )
    return landed, kept


def _listed(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> int:
    """Count the elements of lists as they landed; a row that cannot be read, or whose text is no list, is one."""
    text = f"nullif(trim({ident(mapping.each or '')}), '')"
    (listed,) = only_row(
        connection,
        f"""select coalesce(sum(case
            when _malformed is not null then 1
            when {text} is null then 0
            when not json_valid({text}) then 1
            when json_type({text}) = 'NULL' then 0
            when json_type({text}) <> 'ARRAY' then 1
            else json_array_length({text}) end), 0)::bigint from {WHOLE}""",
    )
    return listed


def landed_view(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    load: Load,
    table: str,
    name: str,
    *,
    corrected_in: Home | None = None,
    unpromised: bool = False,
) -> None:
    """Create a view over the landed rows of a table, with the columns that were promised and the lineage.

    Rows are as they came, or with the corrections of a home laid over them. Columns that landed beside the promised
    ones are for people to look at: no mapping can name one, so no statement may meet one by whatever it is called.
    """
    select = _landed(connection, source, load, table, corrected_in, unpromised=unpromised)
    connection.execute(f"create or replace view {ident(name)} as {select}")


def as_json(connection: duckdb.DuckDBPyConnection, view: str, alias: str) -> str:
    """Return the SQL of a row of a view as JSON, by its columns, one of which may be called like the alias."""
    names = [name for name, *_ in connection.execute(f"describe {ident(view)}").fetchall()]
    return f"to_json(struct_pack({', '.join(f'{ident(name)} := {alias}.{ident(name)}' for name in names)}))"


def _landed(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    load: Load,
    table: str,
    corrected_in: Home | None,
    *,
    unpromised: bool = False,
) -> str:
    """Return a select over the landed rows of a load, as they came or with the corrections of a home laid over them."""
    select, plain = _as_landed(connection, source, [load], table, unpromised=unpromised)
    if corrected_in is None:
        return select
    place = (source.source, load.load_id, table)
    return corrections.laid_over(connection, select, corrected_in, place, plain, source.tables[table].columns)


def _as_landed(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    some: Sequence[Load],
    table: str,
    *,
    more: str = "",
    unpromised: bool = False,
) -> tuple[str, list[str]]:
    """Return a select over the landed files of some loads and the names of the columns that a source can fill.

    Readers leave out what a load does not need, so absent columns are NULL. `more` are further columns, made of the
    file's place: `_path`.
    """
    renamed = {path: own for load in some for path, own in load.renamed.items()}
    floats = _floats(some, table)
    by_place = renamed or floats or more
    options = "union_by_name = true, file_row_number = true" + (", filename = '_path'" if by_place else "")
    relation = read_parquet((path for load in some for path in load.paths(table)), options=options)
    described = connection.execute(f"describe select * from {relation}").fetchall()
    present = {_folded(name) for name, *_ in described}
    promised = source.tables[table].columns
    ours = {_folded(name) for name in (*promised, *RESERVED)}
    others = sorted(name for name, *_ in described if _folded(name) not in ours) if unpromised else ()
    plain = [*promised, *others, FILE]
    cells = [
        f"{ident(name) if _folded(name) in present else 'cast(null as varchar)'} as {ident(name)}" for name in plain
    ]
    if renamed:
        arms = " ".join(f"when {literal(str(path))} then {literal(own)}" for path, own in renamed.items())
        cells[plain.index(FILE)] = f"case _path {arms} else {FILE} end as {FILE}"
    for place, name in enumerate(plain):
        if paths := floats.get(_folded(name)):
            cells[place] = (
                f"case when _path in ({', '.join(map(literal, paths))}) then {earlier_float_sql(ident(name))} "
                f"else {ident(name)} end as {ident(name)}"
            )
    # one file may carry its row numbers while another beside it leaves them to Parquet
    given, before = (name if name in present else "null" for name in (ROW_NUMBER, BEFORE))
    number = f"coalesce({given}, file_row_number + 1 - coalesce({before}, 0)) as {ROW_NUMBER}"
    extra = [name if name in present else f"cast(null as varchar) as {name}" for name in OPTIONAL]
    return f"select {', '.join([*cells, number, *extra, *filter(None, [more])])} from {relation}", plain


def _folded(name: str) -> str:
    """Return a name as DuckDB compares it: without the case of ASCII."""
    return name.encode().lower().decode()


def _floats(some: Sequence[Load], table: str) -> dict[str, list[str]]:
    """Return the columns of a table that are floats, by their folded names, and the landed files in which they are."""
    found: dict[str, list[str]] = {}
    for load in some:
        for item in load.files:
            for name, kind in (item.schema or {}).items() if item.table == table else ():
                if kind in FLOATS:
                    found.setdefault(_folded(name), []).append(str(load.folder / item.file))
    return {name: list(dict.fromkeys(paths)) for name, paths in found.items()}


def _history_view(connection: duckdb.DuckDBPyConnection, home: Home, source: Source, load: Load, table: str) -> None:
    selects = _all_landed(connection, home, source, load, table)
    connection.execute(f"create or replace view {HISTORY} as {' union all by name '.join(selects)}")


def _all_landed(connection: duckdb.DuckDBPyConnection, home: Home, source: Source, load: Load, table: str) -> list[str]:
    """Return selects of the rows of a table, with `_row_load_id`, of all loads that were known when a load came.

    Files are opened together, for one select for each load would cost more than their rows; only a load that somebody
    has corrected is read by itself.
    """
    known = _known(home, source, load, table)
    corrected = {load_id for name, load_id, of in corrections.read(home) if (name, of) == (source.source, table)}
    selects = [
        f"select *, {literal(item.load_id)} as _row_load_id from ({_landed(connection, source, item, table, home)})"
        for item in known
        if item.load_id in corrected
    ]
    if together := [item for item in known if item.load_id not in corrected]:
        folders = str(together[0].folder.parent)
        load_id = f"split_part(substr(_path, {len(folders) + 2}), '/', 1) as _row_load_id"
        selects.append(_as_landed(connection, source, together, table, more=load_id)[0])
    return selects


def _known(home: Home, source: Source, load: Load, table: str) -> list[Load]:
    """Return the loads with rows of a table that were known when a load came, itself among them, oldest first."""
    return [item for item in loads(home, source.source) if item.load_id <= load.load_id and table in item.tables]


def _latest_view(
    connection: duckdb.DuckDBPyConnection, home: Home, company: Company, source: Source, load: Load, join: Join
) -> None:
    """Create a view of the latest version per key of a joined table, as known when the load came.

    A version that is dated ahead of the load counts as the oldest, or it would hide every later one; where it is all
    that there is of a record it counts, for a row that joins nothing is not mapped anew when that moment is past.
    """
    selects = _all_landed(connection, home, source, load, join.table)
    if not selects:
        columns = ", ".join(f"cast(null as varchar) as {ident(name)}" for name in source.tables[join.table].columns)
        connection.execute(f"create or replace view {ident(join.table)} as select {columns} where false")
        return
    rows = f"(select * from ({' union all by name '.join(selects)}) where _malformed is null)"
    versions = with_version(company, source, join.table, rows)
    known = is_known("_row_version_at", load.ahead_after)
    told = f"select * replace (case when {known} then _row_version_at end as _row_version_at) from ({versions})"
    latest = latest_version(
        f"({told} where {known} or not _row_is_deleted)",
        join.key,
        deleted="_row_is_deleted",
        version="_row_version_at",
        order=PLACE,
    )
    columns = "* exclude (_row_is_deleted, _row_version_at, _row_load_id)"
    connection.execute(f"create or replace view {ident(join.table)} as select {columns} from ({latest})")
