"""Accepted records as the gate would leave them, and what identity made of them."""

from __future__ import annotations

import datetime

import duckdb

from sales_warehouse.company.models import IdentityFile
from sales_warehouse.contracts import load_contracts
from sales_warehouse.home import Home
from sales_warehouse.identity import Identified, identify
from sales_warehouse.sql import ident, literal

AT = datetime.datetime(2026, 6, 28, 18)
CODE_A, CODE_B = "91110000802100433B", "91310000MA1FL0000X"


def accept(home: Home, entity: str, load_id: str, source: str, rows: list[dict[str, object]]) -> None:
    """Write accepted rows as the gate would; columns that are not named are NULL."""
    schema = {name: kind for name, kind in load_contracts()[entity].schema.items() if name != "_load_id"}
    selects = []
    for number, row in enumerate(rows, 1):
        newness = row.get(load_contracts()[entity].version_by or "")
        full = {"_source": source, "_file": "f", "_row_number": number, "_version_at": newness, **row}
        cells = ", ".join(
            f"cast({literal(full.get(name))} as {kind}) as {ident(name)}" for name, kind in schema.items()
        )
        selects.append(f"select {cells}")
    target = home.accepted / entity / f"_load_id={load_id}" / f"{source}.0.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"copy ({' union all '.join(selects)}) to {literal(str(target))} (format parquet)")


def keys(home: Home, table: str, column: str) -> dict[tuple[str, str], str]:
    file = home.identity / f"{table}_xref.parquet"
    rows = duckdb.execute(f"select source, {column}, {table}_key from read_parquet({literal(str(file))})").fetchall()
    return {(source, record): key for source, record, key in rows}


def since(home: Home, table: str, column: str) -> dict[str, int]:
    """Return of each record, by its id, the night since which it has its code."""
    file = home.identity / f"{table}_xref.parquet"
    rows = duckdb.execute(f"select {column}, since from read_parquet({literal(str(file))})").fetchall()
    return {record: (at - AT).days for record, at in rows}


def run(home: Home, batch: int, settings: IdentityFile | None = None) -> Identified:
    """Identify, one night after the other."""
    return identify(home, settings or IdentityFile(), batch, AT + datetime.timedelta(days=batch))
