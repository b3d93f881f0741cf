"""What people are to be told: the events of incidents that the published version marks as told."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from duckdb import DuckDBPyConnection

from sales_warehouse import publish, sql
from sales_warehouse.home import Home
from sales_warehouse.publish import manifest
from sales_warehouse.publish.reading import look
from sales_warehouse.sql import ident, read_parquet

SEVERITIES = ("critical", "warning", "info")
ENDINGS = ("resolved", "retracted", "lapsed")
# An end that nobody was told of for so many days is no news any more: a carrier was set up later, or was down for long.
LATE_DAYS = 7
MOST_CAUSES = 2
NEEDED = ("fct_incidents", "fct_incident_events")
# Marts that say more of an alert, and which of their rows a message repeats.
MORE = {
    "cause": ("alert_causes", f"NOT is_residual AND cause_number <= {MOST_CAUSES}", "cause_number"),
    "event": ("alert_events", "is_likely", "event_number LIMIT 1"),
}


@dataclass(frozen=True)
class Notice:
    """An event of an incident: dates as ISO text, amounts as text, so that it is the same after storing it.

    `what` is the type of the event; `row` has the columns of the incident and what other marts say of its alert.
    """

    key: str
    incident_key: str
    what: str
    kind: str
    row: dict[str, str | None]

    @property
    def severity(self) -> str:
        return self.row.get("severity") or SEVERITIES[-1]

    @property
    def is_end(self) -> bool:
        return self.what in ENDINGS

    def to_json(self) -> str:
        told = {"key": self.key, "incident_key": self.incident_key, "what": self.what, "kind": self.kind}
        return json.dumps({**told, "row": self.row}, ensure_ascii=False)


@dataclass(frozen=True)
class News:
    """What is to be told of tonight, the gravest first and ends last, and the keys that it settles, told or not."""

    notices: tuple[Notice, ...] = ()
    settled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What a message says beside the alert itself: rows of the settings tables by their id."""

    rules: dict[str, dict] = field(default_factory=dict)
    playbooks: dict[str, dict] = field(default_factory=dict)


def read_news(home: Home, known: Collection[str]) -> News:
    """Return what readers' version has to tell and nobody was told yet; nothing before the first publish.

    Of an incident about which there is more than one thing to tell the last one is told. What a person has silenced or
    closed since, and ends of long ago, are settled without a word. The owner is the one of the rule, not the person to
    whom an incident was given.
    """
    folder = publish.current_folder(home)
    if folder is None:
        return News()
    with look(home, folder) as db:
        there = {
            name
            for (name,) in db.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'").fetchall()
        }
        if not there.issuperset(NEEDED):
            return News()
        db.execute("SET schema = 'marts'")
        fresh = [row for row in _told_events(db) if row["event_key"] not in known]
        lasts = {row["incident_key"]: row for row in fresh}
        date = datetime.date.fromisoformat(manifest.read(folder).business_date)
        notices = [_notice(db, row, there) for row in lasts.values() if _is_news(row, date)]
    return News(tuple(sorted(notices, key=_place)), tuple(str(row["event_key"]) for row in fresh))


def read_settings(home: Home) -> Settings:
    """The settings that the last refresh wrote; empty ones where there are none."""
    with sql.connect(temp=home.tmp / "watch") as db:
        return Settings(
            rules=_table(db, home.settings / "alert_rules.parquet", "rule_id"),
            playbooks=_table(db, home.settings / "playbooks.parquet", "playbook_id"),
        )


def _told_events(db: DuckDBPyConnection) -> list[dict[str, str | None]]:
    return _rows(
        db,
        "SELECT i.* REPLACE (e.owner AS owner), e.event_key, e.event_type, e.event_date FROM fct_incident_events AS e "
        "JOIN fct_incidents AS i USING (incident_key) WHERE e.is_told ORDER BY i.incident_key, e.event_number",
    )


def _is_news(row: dict[str, str | None], date: datetime.date) -> bool:
    is_closed = row["is_closed"] == "true"
    if row["incident_status"] == "snoozed" or (is_closed and row["status_by"] is not None):
        return False
    return not is_closed or datetime.date.fromisoformat(str(row["event_date"])) >= date - datetime.timedelta(LATE_DAYS)


def _notice(db: DuckDBPyConnection, row: dict[str, str | None], there: Collection[str]) -> Notice:
    more = {} if row["event_type"] in ENDINGS else _more(db, str(row["alert_key"]), there)
    return Notice(
        str(row["event_key"]), str(row["incident_key"]), str(row["event_type"]), row["alert_kind"] or "", row | more
    )


def _more(db: DuckDBPyConnection, alert_key: str, there: Collection[str]) -> dict[str, str | None]:
    """What explains an alert, as `cause_en`, `event_en` and so on, and the playbook that suits it best."""
    found: dict[str, str | None] = {}
    for name, (mart, which, order) in MORE.items():
        if mart in there:
            rows = _rows(
                db,
                f"SELECT text_en, text_zh FROM {ident(mart)} WHERE incident_key = ? AND {which} ORDER BY {order}",
                alert_key,
            )
            for language, joint in (("en", " "), ("zh", "")):
                found[f"{name}_{language}"] = joint.join(row[f"text_{language}"] or "" for row in rows)
    if "alert_playbooks" in there:
        best = "SELECT playbook_id FROM alert_playbooks WHERE incident_key = ? ORDER BY playbook_number LIMIT 1"
        found |= next(iter(_rows(db, best, alert_key)), {})
    return found


def _rows(db: DuckDBPyConnection, query: str, *values: str) -> list[dict[str, str | None]]:
    result = db.execute(f"SELECT COLUMNS(*)::VARCHAR FROM ({query})", values)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _table(db: DuckDBPyConnection, file: Path, key: str) -> dict[str, dict]:
    if not file.is_file():
        return {}
    result = db.execute(f"SELECT * FROM {read_parquet([file])}")
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    return {row[key]: row for row in rows}


def _place(notice: Notice) -> tuple[bool, int, str]:
    severity = notice.severity
    rank = SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
    return notice.is_end, rank, notice.incident_key


def severities(notices: Sequence[Notice]) -> list[str]:
    """Return the severities of what begins or goes on, without ends."""
    return [notice.severity for notice in notices if not notice.is_end]
