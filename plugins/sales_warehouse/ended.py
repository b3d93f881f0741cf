"""What the newest version of a record no longer gives: rows that end, though none says that they are gone.

A record is a row of the source's table, told by the `key` that the table declares; without one nothing ends. It gives
rows of the contract: itself, or the elements of a list in it, as far as the mapping's `where` keeps them. A corrected
record may give fewer than before. Each load therefore looks at all that landed so far of the records in it, and a key
that an earlier version gave and the one that counts does not is deleted with the version of that one. This follows
from landing and the mapping alone, so a load that is mapped anew, or comes late, ends the same rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from sales_warehouse.company.models import Company, Mapping, Source
from sales_warehouse.conform import CANNOT_BE_TRIED, Statement, compile_mapping
from sales_warehouse.contracts import load_contracts
from sales_warehouse.elements import elements
from sales_warehouse.landing import Load
from sales_warehouse.latest_version import is_known, latest_version
from sales_warehouse.sql import ident, literal, only_row

ENDED = "_ended"  # the key, `_version_at`, `_file`, `_row_number` of each row that a load ends
OF_ITEM = re.compile(r"\bitem(_number)?\b", re.IGNORECASE)
PLACE = "_row_load_id, _file, _row_number"
# of rows in one file that tell the same version, as tables of history have them, one that gives something counts
IN_ORDER = "_row_load_id, _file, _gives, _row_number"


@dataclass(frozen=True)
class Record:
    """How the records of a table are told apart: by the columns of its key."""

    own: tuple[str, ...]

    @property
    def names(self) -> str:
        return ", ".join(f"_record_{number}" for number in range(len(self.own)))

    def carried(self, table: str) -> dict[str, str]:
        """Return SQL of the columns that a statement has to carry through."""
        return {f"_record_{number}": f"{ident(table)}.{ident(name)}" for number, name in enumerate(self.own)}


def record_of(source: Source, mapping: Mapping) -> Record | None:
    """Return how the records are told that a mapping reads, None where it ends nothing or they cannot be told.

    The table says by its `key` that a row is a version of a record; a log of events says nothing of the kind. That key
    has to be the one of what the rows give, as far as it is not made of an element: else several records give one row.
    Where a key, a join or a condition looks at other rows or at the element, what a row gives does not follow from it
    alone; where another table or list feeds the same entity, that one may give what this one gives no more.
    """
    own = source.tables[mapping.table].key
    if not own or not mapping.columns or not (mapping.where or mapping.each) or mapping.distinct:
        return None
    place = (mapping.table, mapping.each)
    if any(item.entity == mapping.entity and (item.table, item.each) != place for item in source.mappings):
        return None
    if mapping.each and any(OF_ITEM.search(join.on) for join in mapping.joins):
        return None
    key, version = load_contracts()[mapping.entity].key, _version(mapping)
    made = [mapping.columns[name].expression for name in key]
    if {text for text in made if not (mapping.each and OF_ITEM.search(text))} != set(own):
        return None
    told = mapping.made[version].expression if version else ""
    looked_at = [*made, told, mapping.where or "", mapping.deleted or ""]
    if any(CANNOT_BE_TRIED.search(text) for text in looked_at) or (mapping.each and OF_ITEM.search(told)):
        return None
    return Record(own)


def siblings(source: Source, mapping: Mapping) -> list[Mapping]:
    """Return the mappings of one table onto one entity: a row that one of them leaves out may be another's."""
    same = (mapping.entity, mapping.table, mapping.each)
    return [item for item in source.mappings if (item.entity, item.table, item.each) == same]


def find_ended(
    connection: duckdb.DuckDBPyConnection,
    company: Company,
    source: Source,
    load: Load,
    before: Load | None,
    mapping: Mapping,
    history: str,
) -> int:
    """Create the table ENDED of the rows that a load ends, and return how many they are.

    `history` is a relation of all landed rows up to this load, with `_row_load_id`; what is joined is there, too. A
    version that is dated ahead of the load ends nothing: nobody could take that back before its moment comes. Then the
    next load does it: `before` is the one before this.
    """
    record = record_of(source, mapping)
    assert record is not None
    _show(connection, mapping, f"from {history}")
    known = is_known("_version_at", load.ahead_after)
    connection.execute(
        f"create or replace temp table _all as from ({_records(company, source, mapping, record)}) where {known}"
    )
    is_news = f"_row_load_id = {literal(load.load_id)}"
    if before:
        is_news += f" or not {is_known('_version_at', before.ahead_after)}"
    touched = f"select distinct {record.names} from _all where {is_news}"
    if _gives_itself(source, mapping):  # under the same key: it ends by being left out
        touched = f"from ({touched}) semi join (from _all where not _is_kept) using ({record.names})"
    connection.execute(f"create or replace temp table _touched as {touched}")
    return _compare(connection, company, source, mapping, record, history)


def _compare(
    connection: duckdb.DuckDBPyConnection,
    company: Company,
    source: Source,
    mapping: Mapping,
    record: Record,
    history: str,
) -> int:
    """Make ENDED of what the versions of the records that are `_touched` gave, and what the ones that count give."""
    key = ", ".join(map(ident, load_contracts()[mapping.entity].key))
    connection.execute(f"create or replace temp table _versions as from _all semi join _touched using ({record.names})")
    if _gives_itself(source, mapping):
        known = " and ".join(f"{name} is not null" for name in key.split(", "))
        given = f"select {key}, _is_kept, true as _is_own, true as _is_known, {PLACE} from _versions where {known}"
    else:
        _show(connection, mapping, elements(mapping, f"(from {history} semi join _versions using ({PLACE}))"))
        given = _given(company, source, mapping)
    connection.execute(
        f"create or replace temp table _given as select {key}, _is_kept, _is_own, _is_known, {PLACE} from ({given})"
    )
    connection.execute(f"""
        create or replace temp table _ranked as
        select {record.names}, _version_at, _is_deleted, _is_read, {PLACE}, coalesce(_gives, _row_is_kept) as _gives
        from _versions as v left join (select {PLACE}, bool_or(_is_kept) as _gives from _given group by all)
        using ({PLACE})""")
    newest = latest_version("_ranked", record.names.split(", "), order=IN_ORDER)
    connection.execute(f"create or replace temp table _newest as {newest}")
    connection.execute(f"""
        create or replace temp table {ENDED} as
        with here as (
            select {record.names}, max(struct_pack(l := _row_load_id, f := _file, r := _row_number)) as last
            from _versions group by {record.names}
        ),
        known as (
            select {key}, {PLACE}, {record.names}
            from _given join (select {record.names}, {PLACE} from _versions) using ({PLACE})
            where _is_kept and _is_own and _is_known
        ),
        standing as (select {key} from _given semi join _newest using ({PLACE}) where _is_kept),
        -- a list that cannot be read, or has an element without its key, does not say what is gone
        whole as (
            from (from _newest where _is_read)
            anti join (from _given where _is_kept and not _is_known) using ({PLACE})
        )
        select distinct on ({key}) {key}, n._version_at, last.f as _file, last.r as _row_number
        from (from known anti join standing using ({key})) join whole as n using ({record.names})
        join here using ({record.names})
        order by {key}, n._version_at desc nulls last, last desc""")
    (ended,) = only_row(connection, f"select count(*) from {ENDED}")
    return ended


def _version(mapping: Mapping) -> str | None:
    return Statement(load_contracts()[mapping.entity], mapping, "").version


def _records(company: Company, source: Source, mapping: Mapping, record: Record) -> str:
    """Return a select of the versions of the records: which record, how new, whether deleted, and where it came.

    Where a row gives itself, it has the key and `_is_kept` as well.
    """
    itself, of_item = _gives_itself(source, mapping), mapping.each and OF_ITEM.search(mapping.deleted or "")
    key = load_contracts()[mapping.entity].key if itself else ()
    whole = _narrowed(mapping, key).model_copy(update={"each": None} | ({"deleted": None} if of_item else {}))
    carried = {"_row_load_id": f"{ident(mapping.table)}._row_load_id"} | record.carried(mapping.table)
    more = ", _is_read, _row_is_kept"
    carried["_row_is_kept"] = "true" if OF_ITEM.search(mapping.where or "") else _kept(mapping)
    text = f"nullif(trim({ident(mapping.table)}.{ident(mapping.each)}), '')" if mapping.each else "null"
    carried["_is_read"] = (
        f"case when {text} is null then true when json_valid({text}) then json_type({text}) in ('ARRAY', 'NULL') "
        "else false end"
    )
    if itself:
        carried["_is_kept"] = _kept(mapping)
        more += "".join(f", {ident(name)}" for name in key) + ", _is_kept"
    known = " and ".join(f"{name} is not null" for name in record.carried(mapping.table))
    told = f"select {record.names}, _version_at, _is_deleted, {PLACE}{more}"
    return f"{told} from ({compile_mapping(company, source, whole, carried).select}) where {known}"


def _gives_itself(source: Source, mapping: Mapping) -> bool:
    """Tell a mapping whose rows are what they give, and no other mapping's."""
    return mapping.each is None and len(siblings(source, mapping)) == 1


def _given(company: Company, source: Source, mapping: Mapping) -> str:
    """Return a select of the rows of the contract that rows give, by each of the mappings of the table onto it."""
    key = load_contracts()[mapping.entity].key
    names, known = ", ".join(map(ident, key)), " and ".join(f"{ident(name)} is not null" for name in key)
    selects = []
    for item in siblings(source, mapping):
        carried = {"_row_load_id": f"{ident(item.table)}._row_load_id", "_is_kept": _kept(item)}
        select = compile_mapping(company, source, _narrowed(item, key), carried).select
        own = literal(item is mapping)
        selects.append(f"select {names}, _is_kept, {own} as _is_own, ({known}) as _is_known, {PLACE} from ({select})")
    return " union all ".join(selects)


def _kept(mapping: Mapping) -> str:
    """A row on which `where` fails stops its own load; it ends nothing, and stops no other."""
    return f"coalesce(try({Statement(load_contracts()[mapping.entity], mapping, '').where}), true)"


def _narrowed(mapping: Mapping, key: tuple[str, ...]) -> Mapping:
    """Return a mapping that makes the key and the version alone, and leaves nothing out."""
    needed = {*key, _version(mapping)}
    columns = {name: told for name, told in mapping.columns.items() if name in needed}
    return mapping.model_copy(update={"where": None, "distinct": False, "columns": columns})


def _show(connection: duckdb.DuckDBPyConnection, mapping: Mapping, rows: str) -> None:
    """Let the statements of a mapping read these rows."""
    connection.execute(f"create or replace view {ident(mapping.table)} as {rows}")
