"""What was mended on the way to the gate: each text before and after, of rows that were let in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sales_warehouse import durable
from sales_warehouse.gate import accepted_file
from sales_warehouse.home import Home
from sales_warehouse.ledger import gated
from sales_warehouse.sql import connect, literal, read_loads

COLUMNS = "source, entity, load_id, file, row_number, column_name, repair, before, after"
NOTHING = f"(select {', '.join(f'null as {name}' for name in COLUMNS.split(', '))} where false)"


@dataclass(frozen=True)
class Mended:
    """One kind of repair in one column of an entity of a source, with some of the texts before and after."""

    source: str
    entity: str
    column_name: str
    repair: str
    row_count: int
    examples: list[str]


def relation(home: Home, sources: Iterable[str]) -> str:
    """Return a table expression with one row for each text that was mended, in the columns COLUMNS."""
    found = [item for item in gated(home, sources) if item.repaired]
    selects = [
        f"select _source as source, {literal(name)} as entity, _load_id as load_id, _file as file, "
        f'_row_number as row_number, r."column" as column_name, r.repair, r."before", r."after" '
        f"from (select _source, _load_id, _file, _row_number, unnest(_repairs) as r from "
        f"{read_loads(files)} where _repairs is not null)"
        for name in sorted({item.batch.entity for item in found})
        for files in [[accepted_file(home, item.batch) for item in found if item.batch.entity == name]]
    ]
    return f"({' union all '.join(selects)})" if selects else NOTHING


def summary(home: Home, sources: Iterable[str], *, examples: int = 3) -> list[Mended]:
    """Return every kind of repair with its number of rows and up to `examples` different texts, most rows first."""
    query = f"""
        select source, entity, column_name, repair, count(*),
            list_slice(list_sort(
                list(distinct "before" || ' → ' || "after") filter ("after" is not null)
            ), 1, {int(examples)})
        from {relation(home, sources)}
        group by source, entity, column_name, repair
        order by count(*) desc, source, entity, column_name, repair"""
    with connect(temp=home.tmp) as connection:
        return [Mended(*row) for row in connection.execute(query).fetchall()]


def write(home: Home, sources: Iterable[str], target: Path) -> int:
    """Write one row for each text that was mended to a Parquet file; return how many."""
    scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with connect(temp=home.tmp) as connection:
        (rows,) = connection.execute(
            f"copy (select {COLUMNS} from {relation(home, sources)} "
            f"order by source, entity, load_id, file, row_number, column_name) "
            f"to {literal(str(scratch))} (format parquet, compression zstd)"
        ).fetchone() or (0,)
    durable.move(scratch, target)
    return int(rows)
