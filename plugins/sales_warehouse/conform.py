"""Conform: rows of a source, mapped onto a channel contract, cast and normalised, as one SQL statement."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sales_warehouse.company.models import ColumnMapping, Company, Mapping, Source
from sales_warehouse.contracts import VERSION, Column, Contract, contract_of, load_contracts
from sales_warehouse.normalise import BETWEEN, ODD, WHITE_SPACE, Normalisers, half_width
from sales_warehouse.sql import ident, literal

CANNOT_BE_TRIED = re.compile(r"\b(over|select)\b", re.IGNORECASE)
REPAIRS = 'struct("column" varchar, "repair" varchar, "before" varchar, "after" varchar)[]'
NO_REPAIR = f"cast(null as {REPAIRS})"


@dataclass(frozen=True)
class Statement:
    """The compiled mapping of one entity: SQL over relations that carry the names of the landed tables."""

    contract: Contract
    mapping: Mapping
    select: str

    @property
    def where(self) -> str:
        return f"coalesce(({self.mapping.where}), false)" if self.mapping.where else "true"

    @property
    def missed(self) -> str:
        """Rows by which the reader says that it does not find their record any more; nobody knows since when."""
        return f"{ident(self.mapping.table)}._deleted is not null"

    @property
    def deleted(self) -> str:
        """Rows whose record is gone: as the mapping tells, or as the reader found."""
        told = self.mapping.deleted
        return f"({self.missed} or coalesce(({told}), false))" if told else self.missed

    @property
    def version(self) -> str | None:
        """The column that says how new a row is: what the mapping calls its version, else the contract's own."""
        told = (VERSION.name, self.contract.version_by)
        return next((name for name in told if name in self.mapping.made), None)


def compile_mapping(
    company: Company, source: Source, mapping: Mapping, carried: dict[str, str] | None = None
) -> Statement:
    """Return the statement that turns landed rows of a source into contract rows.

    A column that names another record holds `<source>:<id>`, the key of that record; every other id is as it came.
    With `carried`, further columns by name in SQL over the tables of the mapping, the result has those and the mapped
    ones alone; malformed rows have NULL there.
    The result has the columns of the contract, the lineage columns, `_version_at`, `_is_deleted`, `_faults` and
    `_repairs`. The version is NULL where nobody says how new the row is; latest_version.py tells what follows. Faults
    are NULL, or a list of `column`, `value` for every text that could not become a value of its column, and for
    malformed rows; repairs are NULL, or a list of `column`, `repair`, `before`, `after` for every text that was mended.
    """
    contract = contract_of(mapping.entity)
    if carried is not None:
        contract = replace(
            contract,
            columns={n: c for n, c in contract.columns.items() if n in mapping.columns or n == contract.key[0]},
        )
    normalisers = replace(Normalisers.of(company), is_odd="_is_odd")
    statement = Statement(contract, mapping, "")
    columns = [*contract.columns.values(), VERSION]
    asked = mapping.made
    told = [c for c in columns if c.name in asked]
    judged = [(c, asked[c.name], can_fail(asked[c.name], source, mapping.table)) for c in told]
    raw = "".join(f"{raw_text(asked[c.name], source, mapping.table)} as {ident('w_' + c.name)},\n    " for c in told)
    written = ", ".join(ident("w_" + c.name) for c in told) or "''"
    filled = "".join(f", {_filled(ident('w_' + c.name))} as {ident('r_' + c.name)}" for c in told)
    typed = {c.name: normalisers.value(ident("r_" + c.name), c, asked[c.name]) for c in told}
    owned = {c.name: _owned(typed[c.name], c, asked[c.name], source) for c in told}
    values = ",\n    ".join(f"cast({owned.get(c.name, 'null')} as {c.sql_type}) as {ident(c.name)}" for c in columns)
    held = ", ".join(f"{ident(mapping.table)}.{name}" for name in ("_file", "_row_number"))
    more = "".join(f"{name}, " for name in carried or {})
    given = "".join(f"{sql} as {name}, " for name, sql in (carried or {}).items())
    none = "".join(f"null as {name}, " for name in carried or {})
    select = f"""
with written as (
    select
    {raw}{held}, {given}{statement.deleted} as _is_deleted, {statement.missed} as _is_missed
    from {_from(mapping)}
    where {ident(mapping.table)}._malformed is null and {statement.where}
),
looked_at as (
    select *, regexp_matches(concat_ws({literal(BETWEEN)}, {written}), {literal(ODD)}) as _is_odd from written
),
picked as (
    select *{filled} from looked_at
),
typed as (
    select *,
    {values}
    from picked
),
judged as (
    select {", ".join(map(ident, contract.columns))}, {_version(statement)}, _file, _row_number, {more}_is_deleted,
    {_faults(normalisers, judged)} as _faults,
    {_repairs(normalisers, [(c, asked[c.name]) for c in told])} as _repairs
    from typed
),
malformed as (
    select {", ".join(f"cast(null as {c.sql_type}) as {ident(c.name)}" for c in columns)}, _file, _row_number,
    {none}false as _is_deleted, [struct_pack("column" := '_row', "value" := _malformed)] as _faults,
    {NO_REPAIR} as _repairs
    from {ident(mapping.table)}
    where _malformed is not null
)
{_final(contract, mapping, more)}"""
    return Statement(contract, mapping, select)


def can_fail(mapping: ColumnMapping, source: Source, table: str) -> bool:
    """Tell an expression from the name of a column, which means that column whatever else the word may mean in SQL."""
    return mapping.expression not in source.tables[table].columns


def raw_text(mapping: ColumnMapping, source: Source, table: str) -> str:
    """Return the SQL of the text of a mapped column as it came; an expression gives NULL where it failed, else a text.

    An expression that fails on one row (a cast of `n/a`) is a fault of that row, so it is tried row by row. A window
    function or a subquery cannot be tried that way; there a failure stops the load.
    """
    if not can_fail(mapping, source, table):
        return f"{ident(table)}.{ident(mapping.expression)}"
    text = f"coalesce(cast(({mapping.expression}) as varchar), '')"
    return text if CANNOT_BE_TRIED.search(mapping.expression) else f"try({text})"


def _version(statement: Statement) -> str:
    """A record that the reader misses has the cells that it had last: their time is not that of its end."""
    told = f"case when not _is_missed then {ident(statement.version)} end" if statement.version else "null"
    return f"cast({told} as {VERSION.sql_type}) as {VERSION.name}"


def with_version(company: Company, source: Source, table: str, rows: str) -> str:
    """Return a select of landed rows of a table that adds `_row_is_deleted` and `_row_version_at`.

    They are as a mapping tells that reads this table alone (the first one that gives a version); the version is NULL
    where none does, or where its text is no moment.
    """
    alone = [m for m in source.mappings if m.table == table and not m.joins and not m.each]
    told = next((s for s in (Statement(load_contracts()[m.entity], m, "") for m in alone) if s.version), None)
    if told is None or told.version is None:
        return f"select *, false as _row_is_deleted, cast(null as {VERSION.sql_type}) as _row_version_at from {rows}"
    column, asked = (told.contract.columns | {VERSION.name: VERSION})[told.version], told.mapping.made[told.version]
    text = f"nullif(trim({raw_text(asked, source, table)}, {literal(WHITE_SPACE)}), '')"
    moment = f"case when not {told.missed} then {text} end"
    version = Normalisers.of(company).value("_row_told", column, asked)
    return (
        f"select * exclude (_row_told), cast({version} as {VERSION.sql_type}) as _row_version_at from "
        f"(select *, {told.deleted} as _row_is_deleted, {moment} as _row_told from {rows} as {ident(table)})"
    )


def _filled(text: str) -> str:
    """Return the SQL of a text without white space around it, NULL for an empty one."""
    return f"case when _is_odd then nullif(trim({text}, {literal(WHITE_SPACE)}), '') when {text} <> '' then {text} end"


def _owned(value: str, column: Column, mapping: ColumnMapping, source: Source) -> str:
    """Put the source that gave an id before it, where the column names another record; NULL stays NULL."""
    if column.references is None:
        return value
    return f"{literal((mapping.of or source.source) + ':')} || ({value})"


def _from(mapping: Mapping) -> str:
    joins = [f"left join {ident(join.table)} on {join.on}" for join in mapping.joins]
    return " ".join([ident(mapping.table), *joins])


def _faults(normalisers: Normalisers, told: list[tuple[Column, ColumnMapping, bool]]) -> str:
    """A list built for faulty rows only: most rows have none, and a list for each would cost more than the casts."""
    broken = {}
    for column, mapping, may_fail in told:
        name, read = ident(column.name), ident("r_" + column.name)
        tests = [f"{ident('w_' + column.name)} is null"] if may_fail else []
        tests.append(normalisers.is_no_text(read, column, mapping) or f"({read} is not null and {name} is null)")
        broken[column.name] = f"({' or '.join(tests)})"
    if not broken:
        return 'cast(null as struct("column" varchar, "value" varchar)[])'
    cells = ", ".join(
        f'case when {test} then struct_pack("column" := {literal(name)}, "value" := {ident("r_" + name)}) end'
        for name, test in broken.items()
    )
    return f"case when {' or '.join(broken.values())} then list_filter([{cells}], cell -> cell is not null) end"


def _repairs(normalisers: Normalisers, told: list[tuple[Column, ColumnMapping]]) -> str:
    """Like the faults: a list for rows that were mended alone. White space around a text is mended in any column."""
    odd, special, cells = [], [], []
    for column, mapping in told:
        value, read, came = ident(column.name), ident("r_" + column.name), ident("w_" + column.name)
        wide = f"{read} <> {half_width(read)}" if normalisers.reads_digits(column, mapping) else "false"
        found = normalisers.repair(read, column, mapping)
        odd.append(f"({value} is not null and {came} <> {read})")
        if wide != "false":
            odd.append(f"({value} is not null and {wide})")
        if found:
            special.append(f"({value} is not null and {found[1]})")
        kind = (
            f"case when {value} is null then null when {wide} then 'full_width' "
            + (f"when {found[1]} then {literal(found[0])} " if found else "")
            + f"when {came} <> {read} then 'white_space' end"
        )
        cells.append(
            f'struct_pack("column" := {literal(column.name)}, "repair" := {kind}, "before" := {came}, '
            f'"after" := cast({value} as varchar))'
        )
    if not cells:
        return NO_REPAIR
    mended = " or ".join([f"(_is_odd and ({' or '.join(odd)}))", *special])
    return f"case when {mended} then list_filter([{', '.join(cells)}], cell -> cell.repair is not null) end"


def _final(contract: Contract, mapping: Mapping, carried: str) -> str:
    """Rows with a fault are never folded: each waits in quarantine until it is corrected."""
    names = ", ".join(map(ident, (*contract.columns, VERSION.name)))
    told = f"{names}, _file, _row_number, {carried}_is_deleted, _faults, _repairs"
    both = f"select {told} from judged union all select * from malformed"
    if not mapping.distinct:
        return both
    first = "arg_min(_file, (_file, _row_number)) as _file, arg_min(_row_number, (_file, _row_number)) as _row_number"
    return (
        f"select {names}, {first}, _is_deleted, _faults, min(_repairs) as _repairs from ({both}) "
        f"group by {names}, _is_deleted, _faults, case when _faults is not null then uuid() end"
    )
