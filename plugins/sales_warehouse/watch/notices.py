"""What people are to be told: the events of incidents that the published version marks as told."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckdb import BinderException, DuckDBPyConnection

from sales_warehouse import publish, sql
from sales_warehouse.home import Home
from sales_warehouse.publish import manifest
from sales_warehouse.publish.reading import look
from sales_warehouse.sql import ident, read_parquet
from sales_warehouse.urgency import SEVERITIES, gravity
from sales_warehouse.watch.incidents import hidden_key
from sales_warehouse.watch.left_out import LeftOut, read_left_out

ENDINGS = ("resolved", "settled", "retracted", "lapsed")
OVER = ("cleared", "stayed", "withdrawn", "dropped", *ENDINGS)  # of one alert, as the macro is_over has them
# An end that nobody was told of for so many days is no news any more: a carrier was set up later, or was down for long.
LATE_DAYS = 7
MOST_CAUSES = 2
NEEDED = ("fct_incidents", "fct_incident_events")
# What was said last of each alert of an incident.
LAST_OF_ALERTS = (
    "SELECT * FROM fct_incident_events WHERE (incident_key, event_number) IN (SELECT (incident_key, max(event_number)) "
    "FROM fct_incident_events WHERE subject_key IS NOT NULL GROUP BY incident_key, subject_key)"
)
# Marts that say more of an alert, which of their rows a message repeats, in which order, and how many.
MORE = {
    "cause": ("alert_causes", "NOT is_residual", "cause_number", MOST_CAUSES),
    "event": ("alert_events", "is_likely", "event_number", 1),
}
JOINTS = {"en": " ", "zh": ""}

Row = dict[str, str | None]


@dataclass(frozen=True)
class Notice:
    """An event of an incident: dates as ISO text, amounts as text.

    `what` is the type of the event; `row` has the columns of the incident and what other marts say of its alert;
    `others` are the alerts beside that one that stand in the incident, or stood in one that is over, the gravest first.
    """

    key: str
    incident_key: str
    what: str
    kind: str
    row: Row
    others: tuple[Row, ...] = ()

    @property
    def reference(self) -> str:
        """The key of the incident, or what stands for it where one of its alerts is about a person."""
        names_person = "true" in (self.row.get("names_person"), self.row.get("is_personal"))
        return hidden_key(self.incident_key) if names_person else self.incident_key

    @property
    def severity(self) -> str:
        return self.row.get("severity") or SEVERITIES[-1]

    @property
    def is_end(self) -> bool:
        return self.what in ENDINGS


@dataclass(frozen=True)
class News:
    """What is to be told of tonight, the gravest first and ends last, and the keys that it settles, told or not.

    `left_out` are rules that a mistake keeps from being judged.
    """

    notices: tuple[Notice, ...] = ()
    settled: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What a message says beside the alert itself: rows of the settings tables by their id."""

    rules: dict[str, dict] = field(default_factory=dict)
    playbooks: dict[str, dict] = field(default_factory=dict)


def read_news(home: Home, known: Collection[str]) -> News:
    """Return what there is to tell beside what is `known`: events of readers' version, and rules that were left out.

    Of an incident about which there is more than one thing to tell the last one is told, unless that is known. What a
    person has silenced or closed since, what ended without a word, and ends of long ago are settled without one. The
    owner is the one of the rule, not the person to whom an incident was given.
    """
    left_out = tuple(rule for rule in read_left_out(home) if rule.key not in known)
    notices, events = _news_of_incidents(home, known)
    settled = dict.fromkeys([*events, *(rule.key for rule in left_out)])
    return News(tuple(sorted(notices, key=_place)), tuple(settled), left_out)


def _news_of_incidents(home: Home, known: Collection[str]) -> tuple[list[Notice], list[str]]:
    """Return what is to be told, and the keys of all events that are not known; nothing before the first publish."""
    folder = publish.current_folder(home)
    if folder is None:
        return [], []
    with look(home, folder) as db:
        there = {
            name
            for (name,) in db.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'").fetchall()
        }
        if not there.issuperset(NEEDED):
            return [], []
        db.execute("SET schema = 'marts'")
        events = _told_events(db)
        lasts = {row["incident_key"]: row for row in events}.values()
        fresh = [row for row in lasts if row["event_key"] not in known]
        date = datetime.date.fromisoformat(manifest.read(folder).business_date)
        notices = _notices(db, [row for row in fresh if _is_news(row, date)], there)
    return notices, [str(row["event_key"]) for row in events if row["event_key"] not in known]


def read_settings(home: Home) -> Settings:
    """The settings that the last refresh wrote; empty ones where there are none."""
    with sql.connect(temp=home.tmp / "watch") as db:
        return Settings(
            rules=_table(db, home.settings / "alert_rules.parquet", "rule_id"),
            playbooks=_table(db, home.settings / "playbooks.parquet", "playbook_id"),
        )


def _told_events(db: DuckDBPyConnection) -> list[Row]:
    columns = {row["column_name"] for row in _rows(db, "DESCRIBE fct_incident_events")}
    because = "e.changed_by" if "changed_by" in columns else "NULL AS changed_by"  # a version of before there was one
    return _rows(
        db,
        f"SELECT i.* REPLACE (a.owner AS owner), e.event_key, e.event_type, e.event_date, {because}, "
        "i.incident_key IN (SELECT incident_key FROM fct_incident_events WHERE is_personal) AS names_person "
        "FROM fct_incident_events AS e "
        f"JOIN fct_incidents AS i ON e.incident_key = i.incident_key JOIN ({LAST_OF_ALERTS}) AS a "
        "ON i.incident_key = a.incident_key AND i.subject_key = a.subject_key "
        "WHERE e.is_told ORDER BY i.incident_key, e.event_number",
    )


def _notices(db: DuckDBPyConnection, rows: Sequence[Row], there: Collection[str]) -> list[Notice]:
    """Each event with what else is said of it; asked of all of them at once, for a night may have a thousand."""
    others = _others(db, rows)
    more = _more(db, [row["alert_key"] for row in rows if row["event_type"] not in ENDINGS], there)
    return [
        Notice(
            str(row["event_key"]),
            str(row["incident_key"]),
            str(row["event_type"]),
            row["alert_kind"] or "",
            row | ({} if row["event_type"] in ENDINGS else more[row["alert_key"]]),
            others[row["incident_key"]],
        )
        for row in rows
    ]


def _others(db: DuckDBPyConnection, rows: Sequence[Row]) -> dict[str | None, tuple[Row, ...]]:
    """Return by incident the alerts beside the one of its row that stand, or stood when it ended, the gravest first."""
    query = f"FROM ({LAST_OF_ALERTS}) WHERE list_contains(?, incident_key) ORDER BY incident_key, subject_key"
    found: dict[str | None, list[Row]] = {row["incident_key"]: [] for row in rows}
    for other in _rows(db, query, list(found)):
        found[other["incident_key"]].append(other)
    return {
        row["incident_key"]: tuple(
            sorted(
                (
                    other
                    for other in found[row["incident_key"]]
                    if other["subject_key"] != row["subject_key"]
                    and (row["event_type"] in ENDINGS or other["event_type"] not in OVER)
                ),
                key=lambda other: gravity(other["severity"]),
            )
        )
        for row in rows
    }


def _is_news(row: Row, date: datetime.date) -> bool:
    is_closed = row["is_closed"] == "true"
    if row["incident_status"] == "snoozed" or (is_closed and row["status_by"] is not None):
        return False
    earliest = date - datetime.timedelta(LATE_DAYS)
    return not is_closed or (
        row["event_type"] in ENDINGS and datetime.date.fromisoformat(str(row["event_date"])) >= earliest
    )


def _more(db: DuckDBPyConnection, alert_keys: Sequence[str | None], there: Collection[str]) -> dict[str | None, Row]:
    """Return by alert what explains it, as `cause_en`, `event_en` and so on, and the playbook that suits it best."""
    found: dict[str | None, Row] = {key: {} for key in alert_keys}
    for name, (mart, which, order, most) in MORE.items():
        if mart in there:
            query = (
                f"SELECT incident_key, text_en, text_zh FROM {ident(mart)} WHERE list_contains(?, incident_key) "
                f"AND {which} QUALIFY row_number() OVER (PARTITION BY incident_key ORDER BY {order}) <= {most} "
                f"ORDER BY incident_key, {order}"
            )
            try:
                rows = _rows(db, query, list(found))
            except BinderException:  # published by a version whose mart did not have the column yet
                continue
            told: dict[str | None, list[Row]] = {}
            for row in rows:
                told.setdefault(row["incident_key"], []).append(row)
            for key, about in found.items():
                for language, joint in JOINTS.items():
                    said = (row[f"text_{language}"] or "" for row in told.get(key, ()))
                    about[f"{name}_{language}"] = joint.join(said)
    if "alert_playbooks" in there:
        best = (
            "SELECT incident_key, min_by(playbook_id, playbook_number) AS playbook_id FROM alert_playbooks "
            "WHERE list_contains(?, incident_key) GROUP BY incident_key"
        )
        for row in _rows(db, best, list(found)):
            found[row["incident_key"]]["playbook_id"] = row["playbook_id"]
    return found


def _rows(db: DuckDBPyConnection, query: str, *values: Any) -> list[Row]:
    return sql.rows_of(db, f"SELECT COLUMNS(*)::VARCHAR FROM ({query})", values)


def _table(db: DuckDBPyConnection, file: Path, key: str) -> dict[str, dict]:
    if not file.is_file():
        return {}
    return {row[key]: row for row in sql.rows_of(db, f"SELECT * FROM {read_parquet([file])}")}


def _place(notice: Notice) -> tuple[bool, int, str]:
    return notice.is_end, gravity(notice.severity), notice.incident_key


def severities(notices: Sequence[Notice]) -> list[str]:
    """Return the severities of what begins or goes on, without ends."""
    return [notice.severity for notice in notices if not notice.is_end]
