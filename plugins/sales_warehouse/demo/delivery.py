"""From true rows to what is handed over: mistakes are made, some are mended a day later, some rows come twice."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sales_warehouse.demo.generator import Generator
from sales_warehouse.demo.tables import DATABASES, Mistake, Severity, SourceTable
from sales_warehouse.sql import ident, literal

# How the dirty rows of a table divide.
SHARES: dict[str, float] = {"repairable": 0.5, "bad": 0.3, "duplicate": 0.2}
MENDED_RATE = 0.5
MEND_VERSION = 16  # added to the version that is mended; no record has so many versions of its own


@dataclass(frozen=True)
class Delivery:
    """Rows of one table that become visible in a stretch of days, in the DuckDB table `relation`.

    Beside the columns of the system: `_key`, `_version`, `_copy` (1 for the second of two equal rows), `_at` (local
    moment), `_kind`, `_severity`, `_column` and `_original` of the mistake, if one was made, and `_name`, the true key.
    """

    table: SourceTable
    relation: str
    columns: tuple[str, ...]


def deliver(generator: Generator, table: SourceTable, first: datetime.date, last: datetime.date) -> Delivery:
    """Make the rows of `table` that become visible from `first` to `last`, both days included."""
    table = generator.words.table(table)
    columns = _columns(generator, table)
    relation = f"delivered_{table.name}"
    window = f"_at >= {literal(first)} and _at < {literal(last + datetime.timedelta(days=1))}"
    generator.connection.execute(f"""
create or replace temp table {ident(relation)} as
with drawn as (
    select *, {_name(table)} as _name, {_kind_number(table, generator.settings.dirty_share)} as _mistake
    from {ident(table.view)}
),
doomed as (
    select *, lead(_at) over (partition by _key order by _at, _version) as _next_at
    from drawn
),
mended as (
    select * replace (_version + {MEND_VERSION} as _version, _at + interval 1 day as _at, null as _mistake)
    from doomed
    where {_is(table, "bad")}
        and draw('mended {table.name}', _key * 32 + _version) < {MENDED_RATE}
        and (_next_at is null or _next_at > _at + interval 1 day)
),
told as (
    select *, 0 as _copy from doomed
    union all select *, 0 from mended
    union all select *, 1 from doomed where _mistake = {len(table.mistakes)}
)
select _key, _version, _copy, _at, _name, {_labels(table)}, {_written(table, columns)}
from told
where {window}""")
    return Delivery(table, relation, tuple(c for c in columns if not c.startswith("_")))


def _columns(generator: Generator, table: SourceTable) -> list[str]:
    described = generator.connection.execute(f"describe {ident(table.view)}").fetchall()
    return [name for name, *_ in described if not name.startswith("_") or name in table.hidden]


def _name(table: SourceTable) -> str:
    return f"concat_ws('/', {', '.join(map(ident, table.key))})"


def _kind_number(table: SourceTable, dirty_rate: float) -> str:
    """SQL of the number of the mistake in a row: null for none, the count of mistakes for a row that comes twice."""
    if not table.mistakes:
        return "null::bigint"
    draw, which = (f"draw('{stream} {table.name}', _key * 32 + _version)" for stream in ("dirt", "kind of dirt"))
    upper, arms, chance = 0.0, [], _chance(table, dirty_rate)
    for severity, share in SHARES.items():
        upper += share * chance
        arms.append(f"when {draw} < {upper} then {_choice(table, severity, which)}")
    return f"case {' '.join(arms)} end"


def _chance(table: SourceTable, dirty_rate: float) -> float:
    """Return the chance that a row is spoiled, so that `dirty_rate` of the rows that are handed over are dirty.

    A row that comes twice is one row more, and dirty once. In a file a mended row comes beside the bad one; in a
    database it stands in its place.
    """
    twice, mended = SHARES["duplicate"], SHARES["bad"] * MENDED_RATE
    if table.system in DATABASES:
        return min(1.0, dirty_rate / (1 - mended - twice * dirty_rate))
    return min(1.0, dirty_rate / (1 - (twice + mended) * dirty_rate))


def _choice(table: SourceTable, severity: str, which: str) -> str:
    """SQL that chooses among the mistakes of a severity that can be made in the row: none can in an empty cell.

    Where none of them can, the row comes twice.
    """
    twice = str(len(table.mistakes))
    if severity == "duplicate":
        return twice
    possible = ", ".join(
        f"case when nullif({ident(mistake.column)}, '') is not null then {n} end"
        for n, mistake in enumerate(table.mistakes)
        if mistake.severity == severity
    )
    if not possible:
        return twice
    chosen = f"list_filter([{possible}], n -> n is not null)"
    return f"coalesce({chosen}[1 + floor({which} * len({chosen}))::int], {twice})"


def _is(table: SourceTable, severity: Severity) -> str:
    numbers = [str(n) for n, mistake in enumerate(table.mistakes) if mistake.severity == severity]
    return f"_mistake in ({', '.join(numbers)})" if numbers else "false"


def _labels(table: SourceTable) -> str:
    def chosen(values: list[str], duplicate: str) -> str:
        arms = " ".join(f"when {n} then {value}" for n, value in enumerate([*values, duplicate]))
        return f"case _mistake {arms} end"

    made = table.mistakes
    kinds = chosen([literal(m.kind) for m in made], "case _copy when 1 then 'exact_duplicate' end")
    severities = chosen([literal(m.severity) for m in made], "case _copy when 1 then 'duplicate' end")
    names = chosen([literal(m.column) for m in made], "null")
    originals = chosen([ident(m.column) for m in made], "null")
    return (
        f"{kinds} as _kind, {severities} as _severity, {names}::varchar as _column, {originals}::varchar as _original"
    )


def _written(table: SourceTable, columns: list[str]) -> str:
    return ", ".join(f"{_cell(table, column)} as {ident(column)}" for column in columns)


def _cell(table: SourceTable, column: str) -> str:
    if column == table.stamp:
        return f"strftime(_at, {literal(table.stamp_format)})"
    mistakes = [(n, m) for n, m in enumerate(table.mistakes) if m.column == column]
    arms = " ".join(f"when {n} then {_spoiled(mistake)}" for n, mistake in mistakes)
    return f"case _mistake {arms} else {ident(column)} end" if arms else ident(column)


def _spoiled(mistake: Mistake) -> str:
    return mistake.written.format(c=ident(mistake.column))
