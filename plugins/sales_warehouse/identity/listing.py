"""Pairs that wait for a person, and what people decided, as tables on the terminal."""

from __future__ import annotations

import duckdb
from rich.console import Console
from rich.table import Table

from sales_warehouse.home import Home
from sales_warehouse.identity import decisions
from sales_warehouse.identity.records import latest
from sales_warehouse.sql import connect, literal

REASONS = {
    "in_doubt": "the evidence is not enough",
    "two_codes": "it would make one of two credit codes",
    "decisions": "one decision joins what another one, or a code, keeps apart",
}


def show_review(home: Home, limit: int, console: Console) -> None:
    """Print the pairs that a person has to look at, the most probable first."""
    file = home.identity / "customer_review.parquet"
    if not file.exists():
        console.print("nothing was identified yet: `sales-warehouse run` first", highlight=False)
        return
    table = Table(
        "probability", "record", "name", "city", "other record", "name", "city", "why", box=None, pad_edge=False
    )
    with connect(temp=home.tmp) as connection:
        count, rows = _review(connection, home, str(file), limit)
    for probability, why, *cells in rows:
        table.add_row(f"{probability:.1%}", *(str(cell or "") for cell in cells), REASONS[why])
    if rows:
        console.print(table)
    console.print(
        f"{count:,} pairs wait, {len(rows):,} are shown; decide with `sales-warehouse customers merge` or `split`",
        highlight=False,
        soft_wrap=True,
    )


def _review(connection: duckdb.DuckDBPyConnection, home: Home, file: str, limit: int) -> tuple[int, list[tuple]]:
    named = latest(home, "customers", "customer_id")
    rows = connection.execute(f"""
        with named as (select _source || ':' || customer_id as record, name, city from ({named}))
        select probability, why, left_record, l.name, l.city, right_record, r.name, r.city
        from read_parquet({literal(file)})
        left join named as l on l.record = left_record left join named as r on r.record = right_record
        order by probability desc, left_record, right_record limit {int(limit)}""").fetchall()
    (count,) = connection.execute(f"select count(*) from read_parquet({literal(file)})").fetchall()[0]
    return count, rows


def show_decisions(home: Home, entity: str, console: Console) -> None:
    """Print every decision about an entity, the oldest first, and whether it stands."""
    told = [item for item in decisions.history(home) if item.entity == entity]
    stand = {item.decision_id for item in decisions.standing(told)}
    table = Table("decision", "at (UTC)", "by", "what", "records", "why", "stands", box=None, pad_edge=False)
    for item in told:
        records = item.undoes or ", ".join(item.records)
        if item.others:
            records += f" from {len(item.others)} others"
        mark = "" if item.kind == "undo" else "yes" if item.decision_id in stand else "undone"
        table.add_row(item.decision_id, item.at[:16], item.by, item.kind, records, item.why, mark)
    if told:
        console.print(table)
    console.print(f"{len(told):,} decisions, {len(stand):,} stand", highlight=False)
