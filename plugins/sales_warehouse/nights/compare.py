"""What a night gave, against what it gives again: checksums of every mart, and rows where what it gave is still kept.

Nothing of a row is shown but its key, and its figures where the mart holds figures alone: marts hold personal data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from sales_warehouse import sql
from sales_warehouse.home import Home
from sales_warehouse.nights import recipe, said
from sales_warehouse.nights.recipe import Mart, Night
from sales_warehouse.publish import catalog, manifest, pointer
from sales_warehouse.publish.manifest import Table
from sales_warehouse.sql import ident, literal, only_row, read_parquet

FIGURES = "kpi_"
ROWS = "its rows are others"
RUNNING = "its rows are others, but what it says of closed periods is the same: rows of running periods differ"


@dataclass(frozen=True)
class Difference:
    """A mart that is not what it was. `changed` counts rows of either side that the other has not; None: unknown."""

    mart: str
    what: str
    rows_then: int | None
    rows_again: int | None
    changed: int | None = None
    example: str | None = None


def tables_of(scratch: Home) -> tuple[Table, ...]:
    """Describe the marts that were built again."""
    with sql.connect(temp=scratch.tmp) as db:
        _attach(db, scratch)
        return catalog.tables(db, keys={})


def differences(home: Home, scratch: Home, night: Night, tables: tuple[Table, ...]) -> tuple[Difference, ...]:
    """Return every mart that differs from what a night gave, by name."""
    again = recipe.marts_of(tables)
    found = [
        _difference(night, name, night.marts.get(name), again.get(name)) for name in sorted({*night.marts, *again})
    ]
    kept = _kept(home, night)
    with sql.connect(temp=scratch.tmp) as db:
        _attach(db, scratch)
        by_name = {table.name: table for table in tables}
        told = [_with_rows(db, home, night, kept, by_name[item.mart], item) if _has_rows(item) else item
                for item in found if item]  # fmt: skip
    return tuple(item for item in told if item.changed != 0)


def _difference(night: Night, name: str, then: Mart | None, again: Mart | None) -> Difference | None:
    if then == again:
        return None
    rows = (then.rows if then else None, again.rows if again else None)
    if then is None:
        return Difference(name, "the night did not have it", *rows)
    if again is None:
        return Difference(name, "it is not made any more", *rows)
    if then.columns != again.columns:
        return Difference(name, "its columns are others", *rows)
    if night.inputs.engine != f"duckdb {duckdb.__version__}" and then.rows == again.rows:
        return Difference(name, f"made by {night.inputs.engine}: checksums cannot be compared", *rows)
    return Difference(name, ROWS, *rows)


def _has_rows(item: Difference) -> bool:
    return item.rows_then is not None and item.rows_again is not None and "columns" not in item.what


def _kept(home: Home, night: Night) -> manifest.Manifest | None:
    """Return what the version of the night says about itself, None when it is not kept any more."""
    folder = pointer.folder(home, night.version)
    return manifest.read(folder) if (folder / manifest.NAME).exists() else None


def _with_rows(
    db: duckdb.DuckDBPyConnection, home: Home, night: Night, kept: manifest.Manifest | None, table: Table,
    item: Difference,
) -> Difference:  # fmt: skip
    """Add how many rows differ and one of them, as far as what the night gave is still there.

    None differs at all only where all of its rows and columns are there to say so; what was said of closed periods
    is a part of them, and cannot take back what a checksum found.
    """
    again = catalog.relation(item.mart)
    published = kept.table(item.mart) if kept else None
    columns, key = [column.name for column in table.columns], list(table.key)
    if published:
        folder = pointer.folder(home, night.version)
        then = read_parquet([folder / piece.file for piece in published.pieces])
    elif item.mart == said.MART and not night.is_computed and (files := _said_until(home, night)):
        key = said.KEY.split(", ")
        columns = [*key, *said.VALUES.split(", ")]
        listed = ", ".join(map(ident, columns))
        then = f"(select {listed} from ({said.latest(read_parquet(files))}) where not is_gone)"
        # of a period that is not closed any more what was said of it goes on to be kept
        again = (
            f"(select {listed} from {again} where is_matured and period_grain <> 'all' union all "
            f"select {listed} from {again} semi join {then} as told using ({said.KEY}) where not is_matured)"
        )
    else:
        return item
    found = _counted(db, item, columns, key, then, again)
    if published or found.changed:
        return found
    return replace(item, what=RUNNING if item.what == ROWS else item.what)


def _said_until(home: Home, night: Night) -> list[Path]:
    return [f for f in sorted(said.folder(home).glob("[!._]*.parquet")) if f.stem <= night.version]


def _counted(
    db: duckdb.DuckDBPyConnection, item: Difference, columns: list[str], key: list[str], then: str, again: str
) -> Difference:
    listed = ", ".join(map(ident, columns))
    db.execute(
        f"create or replace temp table differing as "
        f"select 'then' as side_, * from (select {listed} from {then} except all select {listed} from {again}) "
        f"union all select 'again', * from (select {listed} from {again} except all select {listed} from {then})"
    )
    (changed,) = only_row(db, "select count(*) from differing")
    example = _example(db, item.mart, columns, key) if changed and key else None
    return Difference(item.mart, item.what, item.rows_then, item.rows_again, changed, example)


def _example(db: duckdb.DuckDBPyConnection, mart: str, columns: list[str], key: list[str]) -> str:
    """Describe the first differing row: its key, on which side it is, and which columns differ."""
    names = ", ".join(map(ident, key))
    first = db.execute(f"select {names} from differing order by {names} limit 1").fetchone() or ()
    where = " and ".join(
        f"{ident(name)} is not distinct from {literal(value)}" for name, value in zip(key, first, strict=True)
    )
    rows = {row[0]: row[1:] for row in db.execute(f"select * from differing where {where}").fetchall()}
    said_key = ", ".join(f"{name} {value}" for name, value in zip(key, first, strict=True))
    if len(rows) == 1:
        return f"{said_key}: {'gone' if 'then' in rows else 'new'}"
    other = [n for n, a, b in zip(columns, rows["then"], rows["again"], strict=True) if a != b]
    if not mart.startswith(FIGURES):
        return f"{said_key}: {', '.join(other)}"
    both = zip(columns, rows["then"], rows["again"], strict=True)
    return f"{said_key}: {', '.join(f'{name} {then} → {again}' for name, then, again in both if name in other)}"


def _attach(db: duckdb.DuckDBPyConnection, scratch: Home) -> None:
    db.execute(f"ATTACH {literal(str(scratch.warehouse_file))} AS {catalog.SOURCE} (READ_ONLY)")
