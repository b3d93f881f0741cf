"""What nights said of incidents: the events that each publish was the first to tell, kept for good.

They are the state that the next refresh goes on from: it reads them as a source like any other, so a past night that is
run again goes on from what it went on from then.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.publish.manifest import Manifest
from sales_warehouse.sql import connect, literal, read_parquet

MART = "fct_incident_events"
NAME = "incident_events"
SCHEMA = {
    **dict.fromkeys(
        ("event_key", "incident_key", "event_type", "subject_key", "alert_key", "alert_kind", "rule_id", "severity"),
        "varchar",
    ),
    "size_rate": "decimal(28,8)",
    **dict.fromkeys(("owner", "playbook_id", "cause_key"), "varchar"),
    **dict.fromkeys(("period_start_date", "period_end_date"), "date"),
    **dict.fromkeys(("title_en", "title_zh", "reason_en", "reason_zh", "rule_terms"), "varchar"),
    **dict.fromkeys(("is_personal", "is_told"), "boolean"),
    "event_date": "date",
    "event_at": "timestamp",
}

SCHEMA_FILE = f"_schema_{len(SCHEMA)}.parquet"


def folder(home: Home) -> Path:
    return home.history / NAME


def ensure_schema(home: Home) -> None:
    """Put an empty file with the columns there, so that the first night goes on from nothing.

    Columns that came later are in a file of their own: nights before them have read the older one, which stays.
    """
    target = folder(home) / SCHEMA_FILE
    if not target.exists():
        columns = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in SCHEMA.items())
        with connect(temp=home.tmp) as connection:
            _write(connection, f"select {columns} where false", "", target)


def append(home: Home, version: Path, published: Manifest) -> Path | None:
    """Keep the events that a published version tells first; None without such a mart. Twice is as once."""
    target, table = folder(home) / f"{published.version}.parquet", published.table(MART)
    if table is None or target.exists():
        return target if target.exists() else None
    ensure_schema(home)
    earlier = [file for file in sorted(folder(home).glob("[!.]*.parquet")) if file != target]
    with connect(temp=home.tmp) as connection:
        now = read_parquet([version / piece.file for piece in table.pieces])
        empty = read_parquet([folder(home) / SCHEMA_FILE])
        _write(
            connection,
            f"select * from (from {now} union all by name from {empty}) "
            f"where is_new and event_key not in (select event_key from {read_parquet(earlier)})",
            published.version,
            target,
        )
    return target


def _write(connection: duckdb.DuckDBPyConnection, query: str, version: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in SCHEMA.items())
    connection.execute(
        f"copy (select {columns}, {literal(version)} as version from ({query}) order by event_key) "
        f"to {literal(str(scratch))} (format parquet)"
    )
    durable.move(scratch, target)
