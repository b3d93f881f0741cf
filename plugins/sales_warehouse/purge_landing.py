"""Where a purged text was first: landed rows, the bytes of their files, rows held back, and what people said of them.

Landing is never changed but for this: a cell that holds a purged text is emptied, and nothing else of the row. The rows
stay as many, so what is mapped anew makes the same rows without the texts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb

from sales_warehouse import conformed, corrections, durable, failpoint, gate, landing
from sales_warehouse.company.models import Company, Mapping, Source
from sales_warehouse.extract import originals
from sales_warehouse.extract.parquet import BEFORE, FILE, ROW_NUMBER
from sales_warehouse.home import Home
from sales_warehouse.landing import Load
from sales_warehouse.purge import FORM, KINDS, LISTED, listed_sql, lists
from sales_warehouse.sql import connect, gist, ident, literal, only_row, read_parquet

SEEN = "landing.json"  # landed files as they were when nothing of the lists was in them
ITEM = re.compile(r"item\s*->>\s*'(\$\.)?([\w.]+)'")  # a value of an element, by its name or by the way to it
WHOLE_ITEM = re.compile(r"(?<!\w)item(?!\w)(?!\s*->)")
NUMBER = "coalesce({number}, file_row_number + 1 - coalesce({before}, 0))"


@dataclass(frozen=True)
class Cell:
    """Where a mapping takes a text from: a column, or a value (`path`) of every element of the list in it."""

    column: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreached:
    """A mapping whose texts cannot be taken out of landing, and why."""

    source: str
    table: str
    entity: str
    why: str


@dataclass(frozen=True)
class Cleared:
    """How many landed rows lost a text, and what was left for another time, with the reason."""

    rows: int = 0
    left: tuple[str, ...] = ()


def cell_of(source: Source, mapping: Mapping) -> Cell | str:
    """Return the cell that holds the text of a mapping alone, or why there is none that may be emptied."""
    name = KINDS[mapping.entity].text
    expression = mapping.columns[name].expression.strip()
    plain = expression[1:-1] if expression.startswith('"') else expression
    found = ITEM.fullmatch(expression)
    if plain in source.tables[mapping.table].columns:
        cell = Cell(plain)
    elif mapping.each and found:
        path = tuple(found[2].split(".")) if found[1] else (found[2],)
        cell = Cell(mapping.each, path)
    else:
        return f"`{expression}` is no column and no value of a list"
    others = [use for use in _uses(source, mapping, name, cell) if _reads(use, cell)]
    return f"`{others[0]}` reads it, too" if others else cell


def _uses(source: Source, mapping: Mapping, text: str, cell: Cell) -> Iterator[str]:
    """Yield everything else that reads the rows of a table of a source."""
    table = mapping.table
    for other in source.mappings:
        if table not in (other.table, *(join.table for join in other.joins)):
            continue
        yield from (told.expression for name, told in other.made.items() if other is not mapping or name != text)
        yield from filter(None, (other.where, other.deleted, *(join.on for join in other.joins)))
        if other.each and not (cell.path and other.each == cell.column):
            yield other.each
    yield from (*source.tables[table].key, *filter(None, [source.tables[table].cursor]))


def _reads(use: str, cell: Cell) -> bool:
    names = [cell.column, *cell.path[-1:]]
    named = any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", use) for name in names)
    return named or bool(cell.path and WHOLE_ITEM.search(use))


def unreached(company: Company) -> list[Unreached]:
    """Return the mappings whose texts stay in landing."""
    return [
        Unreached(source.source, mapping.table, mapping.entity, why)
        for source, mapping in _mappings(company)
        if isinstance(why := cell_of(source, mapping), str)
    ]


def _mappings(company: Company) -> Iterator[tuple[Source, Mapping]]:
    for source in company.sources.values():
        for mapping in source.mappings:
            if mapping.entity in KINDS and KINDS[mapping.entity].text in mapping.columns:
                yield source, mapping


def apply(home: Home, company: Company) -> Cleared:
    """Take what the lists name out of landed files that are new since, or were judged since: what the gate held back
    may have been read before the texts went.

    A load that its mapping cannot be carried out on is left for when it can; until then nothing of it is mapped either.
    """
    found = lists(home)
    if not found:
        return Cleared()
    state = durable.read_json(home.purged / SEEN, {})
    seen = state.get("files", {}) if state.get("lists") == [FORM, len(found)] else {}
    emptied, left, files = 0, list[str](), dict[str, list[int]]()
    for source, mapping in _mappings(company):
        cell = cell_of(source, mapping)
        if isinstance(cell, str):
            continue
        told = hashlib.sha256(mapping.model_dump_json().encode()).hexdigest()[:16]
        for load in landing.loads(home, source.source):
            paths = [path for path in load.paths(mapping.table) if path.exists()]  # a night run again has none
            place = (source.source, load.load_id, mapping.table)
            mark = corrections.mark(home, [place])
            if any(seen.get(_name(home, path, told, mark)) != _state(home, load, path) for path in paths):
                try:
                    emptied += _clear(home, company, source, load, mapping, cell)
                except duckdb.IOException:
                    raise  # the disk, not the mapping
                except duckdb.Error as error:
                    left.append(f"landing/{source.source}/{load.load_id}: {mapping.entity}: {gist(str(error))}")
                    continue
            mark = corrections.mark(home, [place])
            files |= {_name(home, path, told, mark): _state(home, load, path) for path in paths}
    durable.write_json(home.purged / SEEN, {"lists": [FORM, len(found)], "files": files})
    return Cleared(emptied, tuple(left))


def _name(home: Home, path: Path, mapping: str, corrected: str | None) -> str:
    return " ".join([str(path.relative_to(home.dir)), mapping, *([corrected] if corrected else [])])


def _state(home: Home, load: Load, path: Path) -> list[int]:
    """Tell when a landed file was written, and when the gate last judged its load."""
    judged = gate.manifest_of(home, load.source, load.load_id)
    return [path.stat().st_mtime_ns, judged.stat().st_mtime_ns if judged.exists() else 0]


def _clear(home: Home, company: Company, source: Source, load: Load, mapping: Mapping, cell: Cell) -> int:
    """Empty the cells of one load; what depends on them goes after them, so that a killed one is done again."""
    with connect(temp=home.tmp) as db:
        rows = _find(db, home, company, source, load, mapping)
        if not rows:
            return 0
        for path in load.paths(mapping.table):
            _empty(db, path, cell)
            failpoint.reach("purge.landing")
        _forget_originals(load, mapping.table)
        conformed.outdate(home, source.source, load.load_id)
        if not cell.path:  # of a list, a correction holds what others said, too
            found = set(db.execute("select distinct file, number from _found").fetchall())
            corrections.forget(home, (source.source, load.load_id, mapping.table), found, cell.column)
        conformed.landed_view(db, source, load, mapping.table, "_emptied", unpromised=True)
        for folder in (home.quarantine, home.repaired):  # of mappings that are gone since, too
            for file in sorted(folder.glob(f"*/_load_id={load.load_id}/[!.]*.parquet")):
                _forget_held(db, file, mapping.table, mapping.entity)
    return rows


def _find(
    db: duckdb.DuckDBPyConnection, home: Home, company: Company, source: Source, load: Load, mapping: Mapping
) -> int:
    """Make `_found`: `file`, `number` and `item` of the landed rows that hold a listed text; return how many rows."""
    kind = KINDS[mapping.entity]
    db.execute(
        f"create temp table _purged as select record_id, message_number from {listed_sql(lists(home))} "
        f"where entity = {literal(mapping.entity)} and source = {literal(source.source)}"
    )
    if not only_row(db, "select count(*) from _purged")[0]:
        return 0
    placed = conformed.place_keys(db, home, company, source, load, mapping)
    same = " and ".join(f"p.{one} = k.{ident(other)}" for one, other in zip(LISTED, kind.key, strict=False))
    db.execute(
        f"create temp table _found as select distinct {FILE} as file, {ROW_NUMBER} as number, item_number as item "
        f"from {placed} as k semi join _purged as p on {same}"
    )
    return int(only_row(db, "select count(distinct (file, number)) from _found")[0])


def _empty(db: duckdb.DuckDBPyConnection, path: Path, cell: Cell) -> None:
    """Write a landed file again, row by row the same but for the cells."""
    relation = read_parquet([path], options="file_row_number = true")
    there = {row[0] for row in db.execute(f"describe select * from {relation}").fetchall()}
    column = ident(cell.column)
    if cell.column not in there:
        return
    number = NUMBER.format(
        number=ROW_NUMBER if ROW_NUMBER in there else "null", before=BEFORE if BEFORE in there else 0
    )
    own = "_number".ljust(1 + max(map(len, there)), "_")  # no column of the file is called so
    db.execute(f"create or replace temp view _rows as select *, {number} as {own} from {relation}")
    db.execute(f"create or replace temp table _cells as {_cells(cell, own)}")
    [before] = only_row(db, "select count(*) from _rows")
    scratch = path.with_name(f".{path.name}{durable.TEMPORARY}")
    [after] = only_row(
        db,
        f"copy (select r.* exclude ({own}, file_row_number) "
        f"replace (case when c.file is null then r.{column} else c.cell end as {column}) "
        f"from _rows as r left join _cells as c on c.file = r.{FILE} and c.number = r.{own} "
        f"order by r.file_row_number) to {literal(str(scratch))} (format parquet, compression zstd)",
    )
    if after != before:
        scratch.unlink()
        raise RuntimeError(f"{path} had {before:,} rows and would have {after:,} without texts; nothing was changed")
    durable.move(scratch, path)


def _cells(cell: Cell, number: str) -> str:
    """Return the select of the cells that take the place of those found; `number` is the column of `_rows` with it."""
    if not cell.path:
        return "select distinct file, number, cast(null as varchar) as cell from _found"
    patch: dict | None = None
    for name in reversed(cell.path):
        patch = {name: patch}
    return f"""
        with elements as (
            select {FILE} as file, {number} as number, unnest(from_json({ident(cell.column)}, '["JSON"]')) as element,
                generate_subscripts(from_json({ident(cell.column)}, '["JSON"]'), 1) as item
            from _rows
            where ({FILE}, {number}) in (select file, number from _found)
        )
        select file, number, '[' || string_agg(
            case when f.item is null then coalesce(cast(element as varchar), 'null')
                else cast(json_merge_patch(element, {literal(json.dumps(patch))}) as varchar) end, ',' order by item
        ) || ']' as cell
        from elements left join _found as f using (file, number, item)
        group by file, number"""


def _forget_originals(load: Load, table: str) -> None:
    """Remove the bytes of the files of a table: first nothing names them any more, then they go."""
    files = [asdict(replace(item, original=None) if item.table == table else item) for item in load.files]
    manifest = durable.read_json(load.folder / landing.MANIFEST)
    if files != manifest["files"]:
        durable.write_json(load.folder / landing.MANIFEST, manifest | {"files": files})
    failpoint.reach("purge.originals")
    named = {load.folder / item["original"]["file"] for item in files if item["original"]}
    for kept in load.folder.rglob(originals.NAME):
        if kept not in named:
            kept.unlink()


def _forget_held(db: duckdb.DuckDBPyConnection, path: Path, table: str, entity: str) -> None:
    """Write a file of held rows again: those of a table that were found have the landed row as it is now, no bytes."""
    rows = read_parquet([path])
    found = f"source_table = {literal(table)} and (file, row_number) in (select file, number from _found)"
    [held] = only_row(db, f"select count(*) from {rows} where {found}")
    if not held:
        return
    there = {row[0] for row in db.execute(f"describe select * from {rows}").fetchall()}
    text, now = literal(KINDS[entity].text), conformed.as_json(db, "_emptied", "e")
    emptied = {
        "raw": f"case when e._file is null then h.raw else cast({now} as varchar) end",
        "value": f"case when e._file is null or h.column_name is distinct from {text} then h.value end",
        "original": "case when e._file is null then h.original end",
        "original_bytes": "case when e._file is null then h.original_bytes end",
    }
    cells = ", ".join(f"{sql} as {name}" for name, sql in emptied.items() if name in there)
    scratch = path.with_name(f".{path.name}{durable.TEMPORARY}")
    db.execute(
        f"copy (select h.* replace ({cells}) from {rows} as h left join ("
        f"select * from _emptied where ({FILE}, {ROW_NUMBER}) in (select file, number from _found)"
        f") as e on e.{FILE} = h.file and e.{ROW_NUMBER} = h.row_number and h.source_table = {literal(table)}) "
        f"to {literal(str(scratch))} (format parquet, compression zstd)"
    )
    durable.move(scratch, path)
