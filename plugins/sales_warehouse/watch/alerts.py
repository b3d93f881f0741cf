"""What the alert marts of the published version say, and what the company's settings know about it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

from duckdb import DuckDBPyConnection
from duckdb import Error as DuckDBError

from sales_warehouse import publish, sql
from sales_warehouse.causes.published import NothingToExplain, why_alert
from sales_warehouse.home import Home
from sales_warehouse.sql import ident, read_parquet

log = logging.getLogger(__name__)

PERSONAL = ("rep",)  # dimensions that name a person: a message goes further than the board
SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True)
class Incident:
    """A row of an alert mart: dates as ISO text, amounts as text, so that it is the same after storing it."""

    key: str
    kind: str
    row: dict[str, str | None]

    @property
    def severity(self) -> str:
        return self.row.get("severity") or SEVERITIES[-1]

    def to_json(self) -> str:
        return json.dumps({"key": self.key, "kind": self.kind, "row": self.row}, ensure_ascii=False)


@dataclass(frozen=True)
class Settings:
    """What a message says beside the alert itself: rows of the settings tables by their id."""

    currency: str = ""
    rules: dict[str, dict] = field(default_factory=dict)
    playbooks: dict[str, dict] = field(default_factory=dict)


def read_incidents(home: Home) -> list[Incident]:
    """Every row of every alert mart that readers see now, the most severe first; none before the first publish."""
    folder = publish.current_folder(home)
    if folder is None:
        return []
    with sql.connect(folder / "warehouse.duckdb", temp=home.tmp / "watch", read_only=True) as db:
        found = [incident for mart in _alert_marts(db) for incident in _rows(db, mart)]
        db.execute("SET schema = 'marts'")
        found = [_with_cause(db, incident) for incident in found]
    return sorted(found, key=lambda incident: (_rank(incident.severity), incident.kind, incident.key))


def read_settings(home: Home) -> Settings:
    """The settings that the last refresh wrote; empty ones where there are none."""
    with sql.connect(temp=home.tmp / "watch") as db:
        company = _table(db, home.settings / "company.parquet", "company_id")
        return Settings(
            currency=next((row["currency"] for row in company.values()), ""),
            rules=_table(db, home.settings / "alert_rules.parquet", "rule_id"),
            playbooks=_table(db, home.settings / "playbooks.parquet", "playbook_id"),
        )


def _alert_marts(db: DuckDBPyConnection) -> list[str]:
    """Marts of alerts; those of what is behind, around and to be done about them have no severity of their own."""
    found = db.execute(
        "SELECT table_name FROM duckdb_columns() WHERE schema_name = 'marts' AND starts_with(table_name, 'alert_') "
        "AND column_name IN ('incident_key', 'severity') GROUP BY 1 HAVING count(*) = 2 ORDER BY 1"
    )
    return [name for (name,) in found.fetchall()]


def _rows(db: DuckDBPyConnection, mart: str) -> list[Incident]:
    result = db.execute(f"SELECT COLUMNS(*)::VARCHAR FROM marts.{ident(mart)} ORDER BY incident_key")
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    return [Incident(row["incident_key"], mart, row) for row in rows]


def _with_cause(db: DuckDBPyConnection, incident: Incident) -> Incident:
    """A fall of sales with the cells behind it as `cause_en` and `cause_zh`, where the version has what tells of them.

    What cannot be explained is told without a cause: an alert never waits for its reason.
    """
    if incident.kind != "alert_net_sales_fall":
        return incident
    try:
        reason = why_alert(db, incident.key, currency="", leave_out=PERSONAL)
    except (NothingToExplain, DuckDBError) as error:
        log.info("no cause of %s: %s", incident.key, sql.gist(str(error)))
        return incident
    causes = {f"cause_{name}": joint.join(reason.sentences(name)[1:]) for name, joint in (("en", " "), ("zh", ""))}
    return replace(incident, row={**incident.row, **causes})


def _table(db: DuckDBPyConnection, file: Path, key: str) -> dict[str, dict]:
    if not file.is_file():
        return {}
    result = db.execute(f"SELECT * FROM {read_parquet([file])}")
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    return {row[key]: row for row in rows}


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
