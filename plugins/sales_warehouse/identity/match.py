"""Which records of one table are one person or one company, by a configuration of its columns."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from sales_warehouse import durable
from sales_warehouse.company.load import suggestion
from sales_warehouse.identity import candidates, clusters, model
from sales_warehouse.identity.company_name import plain_place, take_apart
from sales_warehouse.identity.comparisons import Comparison, compare_name
from sales_warehouse.identity.kinds import KINDS
from sales_warehouse.identity.match_settings import MatchSettings
from sales_warehouse.reading import Given, read_file
from sales_warehouse.sql import connect, ident, literal, only_row, read_parquet

PARQUET = ".parquet"
STEPS = ("reading", "preparing", "finding pairs", "learning", "weighing pairs", "grouping", "writing")
RECORDS, KEYS, PAIRS, GROUPS = "match_records", "match_keys", "match_pairs", "match_groups"
SHOWN = 3  # ids that an error names


class MatchRefused(Exception):
    """The table cannot be matched like this; the message says what to do."""


@dataclass
class Matched:
    """Records and the groups of them, pairs that were looked at and that are told, and what the reader should know."""

    records: int = 0
    clusters: int = 0
    looked_at: int = 0
    told: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Field:
    name: str  # here: f0, f1, …
    column: str
    kind: str


def match(
    file: Path,
    settings: MatchSettings,
    out: Path,
    pairs_out: Path,
    *,
    settings_file: Path | None = None,
    on_step: Callable[[int, str], None] = lambda number, name: None,
) -> Matched:
    """Write the cluster of every record to `out`, and the pairs worth telling to `pairs_out`; Parquet by its ending.

    The same file and settings give the same bytes. Raises MatchRefused, and FileRefused for what cannot be read.
    """
    done = Matched()
    _demand_apart({"the table": file, "the settings": settings_file, "--out": out, "--pairs": pairs_out})
    with tempfile.TemporaryDirectory() as folder, connect(temp=Path(folder)) as connection:
        connection.execute("set preserve_insertion_order = true")
        on_step(0, STEPS[0])
        _read(connection, file, Path(folder), done)
        _check(connection, file, settings)
        on_step(1, STEPS[1])
        fields = _prepare(connection, settings, done)
        if done.records == 1:
            _write(connection, settings, _no_pairs(connection), out, pairs_out, done)
            return done
        comparisons = _comparisons(fields)
        on_step(2, STEPS[2])
        _find_pairs(connection, fields, done)
        on_step(3, STEPS[3])
        learnt = model.learn(connection, RECORDS, comparisons, pairs=PAIRS)
        on_step(4, STEPS[4])
        scored = model.score(connection, RECORDS, comparisons, learnt, PAIRS, least=_floor(settings))
        on_step(5, STEPS[5])

        def look_at(pairs: str) -> str:
            return model.score(connection, RECORDS, comparisons, learnt, pairs)

        clusters.group(connection, scored, _weight(settings.merge_above), look_at, GROUPS)
        on_step(6, STEPS[6])
        _write(connection, settings, scored, out, pairs_out, done)
    return done


def _demand_apart(paths: Mapping[str, Path | None]) -> None:
    """Nothing that is read may be written over, nor one table by the other."""
    named: dict[Path, str] = {}
    for name, path in paths.items():
        if path is None:
            continue
        first = named.setdefault(path.resolve(), name)
        if first != name:
            raise MatchRefused(f"{path} is {first} and {name}; nothing was written: give each a file of its own")


def _no_pairs(connection: duckdb.DuckDBPyConnection) -> str:
    """Make the tables of what is found, for one record, of which there is no pair."""
    connection.execute(f"create temp table {GROUPS} (unique_id varchar, cluster_id varchar)")
    connection.execute(
        "create temp table no_pairs (unique_id_l varchar, unique_id_r varchar, match_probability double)"
    )
    return "no_pairs"


def _weight(probability: float) -> float:
    return math.log2(probability / (1 - probability))


def _floor(settings: MatchSettings) -> float:
    return min(settings.review_above, settings.merge_above)


def _read(connection: duckdb.DuckDBPyConnection, file: Path, folder: Path, done: Matched) -> None:
    """Make the table `given`, every cell a text."""
    if file.suffix == PARQUET:
        source = file
    else:
        source = folder / f"given{PARQUET}"
        report = read_file(file, source, folder / "rejects.csv", folder / "mended.csv", Given())
        done.notes += [*report.notes]
        if report.rejected:
            reasons = ", ".join(f"{count:,} × {reason}" for reason, count in sorted(report.reasons.items()))
            done.notes.append(
                f"{report.rejected:,} lines are no rows and were left out ({reasons}); "
                f"`sales-warehouse read {file} --out …` lists them"
            )
    try:
        connection.execute(f"create temp table given as select * from {read_parquet([source])}")
    except duckdb.InvalidInputException as error:
        if source is file:
            raise MatchRefused(f"{file}: cannot be read as Parquet: {str(error).splitlines()[0]}") from error
        raise MatchRefused(f"{file}: there is nothing in it, not even names of columns") from error
    names = [name for (name, *_) in connection.execute("describe given").fetchall()]
    trimmed = ", ".join(f"{ident(name)} as {ident(name.strip())}" for name in names)
    connection.execute(f"create temp view table_given as select {trimmed} from given")


def _check(connection: duckdb.DuckDBPyConnection, file: Path, settings: MatchSettings) -> None:
    columns = [name for (name, *_) in connection.execute("describe table_given").fetchall()]
    wanted = [settings.id, *settings.fields]
    if unknown := [name for name in wanted if name not in columns]:
        told = "; ".join(f"there is no column{suggestion(name, columns)}" for name in unknown)
        raise MatchRefused(f"{file}: {told}")
    if not only_row(connection, "select count(*) from table_given")[0]:
        raise MatchRefused(f"{file}: there are no records in it")
    key = ident(settings.id)
    row = f"select row_number() over () as place, nullif(trim(cast({key} as varchar)), '') as id from table_given"
    nameless = connection.execute(f"select place from ({row}) where id is null order by place limit {SHOWN}").fetchall()
    if nameless:
        places = ", ".join(str(place) for (place,) in nameless)
        raise MatchRefused(
            f"{file}: {settings.id} is empty in record {places}; give every record an id of its own, "
            "or name another column as id"
        )
    twice = connection.execute(f"""
        select id, list(place order by place) from ({row}) group by id having count(*) > 1
        order by min(place) limit {SHOWN}""").fetchall()
    if twice:
        told = "; ".join(f"{name!r} in records {', '.join(map(str, places[:SHOWN]))}" for name, places in twice)
        raise MatchRefused(
            f"{file}: {settings.id} names more than one record: {told}; give every record an id of its own "
            "(records that are the same may stay: they will be one cluster)"
        )


def _prepare(connection: duckdb.DuckDBPyConnection, settings: MatchSettings, done: Matched) -> list[_Field]:
    """Make the table of records: `unique_id` and the columns of every field; return the fields that say something."""
    fields = [_Field(f"f{number}", column, kind) for number, (column, kind) in enumerate(settings.fields.items())]
    made = [
        f"{make(ident(item.column))} as {item.name}{ending}"
        for item in fields
        for ending, make in KINDS[item.kind].columns.items()
    ]
    selected = ",\n".join([f"trim(cast({ident(settings.id)} as varchar)) as unique_id", *made])
    connection.execute(f"create temp table prepared as select {selected} from table_given order by unique_id")
    _take_names_apart(connection, fields)
    telling = []
    for item in fields:
        (values,) = only_row(connection, f"select count(distinct {item.name}) from {RECORDS}")
        if values > 1:
            telling.append(item)
        else:
            done.notes.append(f"{item.column} has {values} value{'' if values == 1 else 's'}: it tells nothing")
    (done.records,) = only_row(connection, f"select count(*) from {RECORDS}")
    if not telling and done.records > 1:
        raise MatchRefused("no field has two different values: there is nothing to tell records by")
    return telling


def _take_names_apart(connection: duckdb.DuckDBPyConnection, fields: list[_Field]) -> None:
    """Add the core of company names."""
    companies = [item.name for item in fields if item.kind == "company_name"]
    if companies:
        _list_places(connection, [item.name for item in fields if item.kind == "place"])
    for name in companies:
        take_apart(connection, f"select {name}_raw as name from prepared", "from named_places", f"{name}_names")
    cores = "".join(f", {name}_names.core as {name}_core, {name}_names.sounds as {name}_sounds" for name in companies)
    joins = " ".join(f"left join {name}_names on {name}_names.name = prepared.{name}_raw" for name in companies)
    connection.execute(
        f"create temp table {RECORDS} as select prepared.*{cores} from prepared {joins} order by unique_id"
    )


def _list_places(connection: duckdb.DuckDBPyConnection, columns: list[str]) -> None:
    """Make the table of the places that a name may begin with or have in brackets."""
    told = [
        text for name in columns for (text,) in connection.execute(f"select distinct {name} from prepared").fetchall()
    ]
    written = sorted({form for text in told if text for form in plain_place(text)})
    connection.register("places_given", pa.table({"place": pa.array(written, pa.string())}))
    connection.execute("create temp table named_places as from places_given")
    connection.unregister("places_given")


def _comparisons(fields: list[_Field]) -> list[Comparison]:
    """Return the comparison of each field; one given name and one surname may have changed places."""
    given, surname = ([item.name for item in fields if item.kind == kind] for kind in ("given_name", "surname"))
    if len(given) == len(surname) == 1:
        other = {given[0]: surname[0], surname[0]: given[0]}
        return [
            compare_name(item.name, other[item.name]) if item.name in other else KINDS[item.kind].compare(item.name)
            for item in fields
        ]
    return [KINDS[item.kind].compare(item.name) for item in fields]


def _find_pairs(connection: duckdb.DuckDBPyConnection, fields: list[_Field], done: Matched) -> None:
    if not candidates.every_pair(connection, RECORDS, PAIRS):
        keys = " union ".join(
            f"select unique_id, {number} as field, hash({literal(KINDS[item.kind].drawer or item.name)}, part) as key "
            f"from (select unique_id, cast({key} as varchar) as part from {RECORDS}) where part is not null"
            for number, item in enumerate(fields)
            for key in KINDS[item.kind].keys(item.name)
        )
        connection.execute(f"create temp table {KEYS} as {keys}")
        limit = candidates.choose_limit(connection, KEYS, RECORDS)
        candidates.combine(connection, KEYS, limit, "telling_keys")
        candidates.pair_up(connection, "telling_keys", limit, PAIRS)
    (done.looked_at,) = only_row(connection, f"select count(*) from {PAIRS}")


def _write(
    connection: duckdb.DuckDBPyConnection,
    settings: MatchSettings,
    scored: str,
    out: Path,
    pairs_out: Path,
    done: Matched,
) -> None:
    """Write the clusters in the order of the table, and the pairs, the most probable first."""
    key = ident(settings.id)
    connection.execute(f"""
        create temp table clustered as
        select given_id as {key}, coalesce(cluster_id, unique_id) as cluster_id
        from (
            select row_number() over () as place, {key} as given_id, trim(cast({key} as varchar)) as unique_id
            from table_given
        ) left join {GROUPS} using (unique_id) order by place""")
    connection.execute(f"""
        create temp table told as
        select unique_id_l as left_id, unique_id_r as right_id, round(match_probability, 6) as probability,
            coalesce(l.cluster_id = r.cluster_id, false) as is_one
        from {scored} left join {GROUPS} as l on l.unique_id = unique_id_l
        left join {GROUPS} as r on r.unique_id = unique_id_r order by probability desc, left_id, right_id""")
    for table, target in (("clustered", out), ("told", pairs_out)):
        _save(connection, table, target)
    done.clusters, done.told = only_row(
        connection, "select (select count(distinct cluster_id) from clustered), (select count(*) from told)"
    )


def _save(connection: duckdb.DuckDBPyConnection, table: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")
    options = "format parquet" if target.suffix == PARQUET else "format csv, header true"
    connection.execute(f"copy {table} to {literal(str(scratch))} ({options})")
    durable.move(scratch, target)
