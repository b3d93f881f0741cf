"""What nights said of incidents: the events that each publish was the first to tell, kept for good.

They are the state that the next refresh goes on from: it reads them as a source like any other, so a past night that is
run again goes on from what it went on from then.
"""

from __future__ import annotations

from pathlib import Path

from sales_warehouse.home import Home
from sales_warehouse.nights import history
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
    **dict.fromkeys(("owner", "playbook_id", "cause_key", "metric_id", "dimension_name", "dimension_value"), "varchar"),
    **dict.fromkeys(("period_start_date", "period_end_date"), "date"),
    **dict.fromkeys(("title_en", "title_zh", "reason_en", "reason_zh"), "varchar"),
    **dict.fromkeys(("rule_terms", "goal_terms", "rules", "changed_by"), "varchar"),
    **dict.fromkeys(("is_personal", "is_told", "is_late"), "boolean"),
    "event_date": "date",
    "event_at": "timestamp",
}

_KEPT = {**SCHEMA, "version": "varchar"}
SCHEMA_FILE = f"_schema_{len(SCHEMA)}.parquet"


def folder(home: Home) -> Path:
    return home.history / NAME


def ensure_schema(home: Home) -> None:
    """Put an empty file with the columns there, so that the first night goes on from nothing.

    Columns that came later are in a file of their own: nights before them have read the older one, which stays.
    """
    history.ensure_schema(home, folder(home) / SCHEMA_FILE, _KEPT)


def append(home: Home, version: Path, published: Manifest) -> Path | None:
    """Keep the events that a published version tells first; None without such a mart. Twice is as once."""
    target, table = folder(home) / f"{published.version}.parquet", published.table(MART)
    if table is None or target.exists():
        return target if target.exists() else None
    ensure_schema(home)
    earlier = history.earlier(folder(home), target)
    with connect(temp=home.tmp) as connection:
        now = read_parquet([version / piece.file for piece in table.pieces])
        empty = read_parquet([folder(home) / SCHEMA_FILE])
        history.write(
            connection,
            f"select * replace ({literal(published.version)} as version) "
            f"from (from {now} union all by name from {empty}) "
            f"where is_new and event_key not in (select event_key from {read_parquet(earlier)}) order by event_key",
            _KEPT,
            target,
        )
    return target
