"""Incidents as they stand now: what was published, and what people have decided since. The command line and the pages
call this, and nothing else decides about incidents.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sales_warehouse import durable, publish, sql
from sales_warehouse.home import Home
from sales_warehouse.publish import manifest, pointer
from sales_warehouse.publish.reading import look
from sales_warehouse.watch import decisions
from sales_warehouse.watch.decisions import Decision, Kind

WAIT_SECONDS = 30.0
STATUSES = ("open", "acknowledged", "snoozed", "resolved", "retracted", "lapsed")
CLOSED = frozenset({"resolved", "retracted", "lapsed"})
# What a decision makes of an incident, and what its event is called in the mart.
STATUS: dict[str, str] = {"acknowledge": "acknowledged", "snooze": "snoozed", "resolve": "resolved", "reopen": "open"}
ACTIONS = ("accept_playbook", "finish_action", "drop_action")
EVENT: dict[str, str] = {**STATUS, "reopen": "reopened", "assign": "assigned"}


class NoSuchIncident(LookupError):
    """No published incident has the key, or several have the part of one."""


class DecisionRefused(Exception):
    """A decision that makes no sense for the incident as it stands; nothing was kept."""


@dataclass(frozen=True)
class Incident:
    """A row of `fct_incidents` as people know it by now, and its events, the first one first.

    `row` has the mart's columns. An event has those of `fct_incident_events`; one that no night has read yet has an
    `event_number` of None.
    """

    row: dict[str, Any]
    events: tuple[dict[str, Any], ...] = ()

    @property
    def key(self) -> str:
        return str(self.row["incident_key"])

    @property
    def status(self) -> str:
        return str(self.row["incident_status"])


def incidents(home: Home, *, statuses: Collection[str] | None = None) -> list[Incident]:
    """Return the incidents of these statuses, all that are not closed where none are named; the most severe first.

    Without events. Empty before the first publish.
    """
    return [
        replace(found, events=())
        for found in _read(home)
        if (found.status in statuses if statuses is not None else found.status not in CLOSED)
    ]


def one(home: Home, name: str) -> Incident:
    """Return the incident of a key, of its hidden key, or of a part of a key that no other one has, with its events.

    Raises NoSuchIncident.
    """
    found = _read(home)
    exact = [incident for incident in found if name in (incident.key, hidden_key(incident.key))]
    named = exact or [incident for incident in found if name and name in incident.key]
    if not named:
        raise NoSuchIncident(f"there is no incident {name!r}; `sales-warehouse incidents list --all` lists them")
    if len(named) > 1:
        listed = "\n".join(f"  {incident.key}" for incident in named[:10])
        raise NoSuchIncident(f"{len(named)} incidents have {name!r} in their keys; name one:\n{listed}")
    return named[0]


def hidden_key(incident_key: str) -> str:
    """Return the name of an incident where its key, which may hold the key of a person, must not be read.

    It is short on purpose: of the telephone numbers that might be in the key several give the same name.
    """
    return f"hidden-{hashlib.sha256(incident_key.encode()).hexdigest()[:8]}"


def decide(
    home: Home,
    incident_key: str,
    decision: Kind,
    *,
    by: str,
    note: str = "",
    until: datetime.date | None = None,
    owner: str | None = None,
    playbook_id: str | None = None,
    due_date: datetime.date | None = None,
    at: datetime.datetime | None = None,
) -> Decision:
    """Write a person's decision down; pages show it at once, and the next refresh goes on from it.

    `until` is the first business date of which a snoozed incident may speak again; `owner` is whom an incident or an
    action is given to; `playbook_id` and `due_date` belong to actions; `at` is UTC, now where it is not given. Raises
    NoSuchIncident, and DecisionRefused for what makes no sense.
    """
    now = at or datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    with durable.lock(home.watch / ".decisions.lock", wait_seconds=WAIT_SECONDS, purpose="deciding about an incident"):
        incident = one(home, incident_key)
        _demand_sense(home, incident, decision, by, until, owner)
        if decision in ACTIONS:
            _demand_action(home, incident, decision, playbook_id, due_date)
        return decisions.keep(
            home,
            Decision(
                incident_key=incident.key,
                kind=decision,
                by=by.strip(),
                at=now.isoformat(),
                version=decisions.last_version(home),
                note=note.strip(),
                until=until.isoformat() if until else None,
                owner=owner.strip() if owner else None,
                playbook_id=playbook_id,
                due_date=due_date.isoformat() if due_date else None,
            ),
        )


def _demand_sense(
    home: Home,
    incident: Incident,
    decision: Kind,
    by: str,
    until: datetime.date | None,
    owner: str | None,
) -> None:
    if not by.strip():
        raise DecisionRefused("say who decides, so that the others know whom to ask")
    if decision == "assign" and not (owner and owner.strip()):
        raise DecisionRefused("say whom it is assigned to")
    if decision in ACTIONS:
        return
    if decision == "reopen":
        _demand_reopenable(home, incident)
    elif incident.status in CLOSED:
        raise DecisionRefused(f"{incident.key} is {incident.status} already; reopen it first")
    if decision == "acknowledge" and incident.status == "acknowledged":
        raise DecisionRefused(f"{incident.key} was acknowledged by {incident.row['status_by']} before")
    if decision == "snooze":
        published = business_date(home)
        if until is None or (published and until <= published):
            raise DecisionRefused(f"snooze until a business date after {published}, not {until}")


def _demand_action(
    home: Home, incident: Incident, decision: Kind, playbook_id: str | None, due_date: datetime.date | None
) -> None:
    if not playbook_id:
        raise DecisionRefused("say which playbook it is about")
    if decision == "accept_playbook":
        known, today = _playbooks(home), business_date(home)
        if known is not None and playbook_id not in known:
            raise DecisionRefused(f"there is no playbook {playbook_id!r}; playbooks.yml has {', '.join(sorted(known))}")
        if due_date and today and due_date < today:
            raise DecisionRefused(f"due on {due_date}, but the business date is {today} already")
        return
    about = [d.kind for d in decisions.log(home) if (d.incident_key, d.playbook_id) == (incident.key, playbook_id)]
    if [kind for kind in about if kind in ACTIONS][-1:] != ["accept_playbook"]:
        raise DecisionRefused(f"nobody is at work on playbook {playbook_id!r} for {incident.key}: accept it first")


def _playbooks(home: Home) -> set[str] | None:
    """The playbooks that the last refresh read; None where there was none."""
    file = home.settings / "playbooks.parquet"
    if not file.is_file():
        return None
    with sql.connect(temp=home.tmp / "watch") as db:
        return {name for (name,) in db.execute(f"SELECT playbook_id FROM {sql.read_parquet([file])}").fetchall()}


def _demand_reopenable(home: Home, incident: Incident) -> None:
    """Only what is closed, and what no other incident is about by now: a subject is in one open incident."""
    if incident.status not in CLOSED:
        raise DecisionRefused(f"{incident.key} is {incident.status}: only what is closed can be reopened")
    own = _subjects(incident)
    for other in _read(home):
        if other.status not in CLOSED and own & _subjects(other):
            raise DecisionRefused(f"what {incident.key} was about goes on in {other.key}; decide about that one")


def _subjects(incident: Incident) -> set[str]:
    return {str(event["subject_key"]) for event in incident.events if event.get("subject_key")}


def business_date(home: Home) -> datetime.date | None:
    """Return the business date of what is published, None before the first publish."""
    folder = publish.current_folder(home)
    return datetime.date.fromisoformat(manifest.read(folder).business_date) if folder else None


def _read(home: Home) -> list[Incident]:
    folder = publish.current_folder(home)
    if folder is None:
        return []
    rows, events = _published(home, folder)
    by_key: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        by_key.setdefault(event["incident_key"], []).append(event)
    known = {event["event_key"] for event in events if event["is_decision"]}
    waiting: dict[str, list[Decision]] = {}
    for decision in decisions.log(home):
        if decision.decision_id not in known and decision.kind in EVENT:
            waiting.setdefault(decision.incident_key, []).append(decision)
    version = pointer.current(home) or ""
    return [
        _as_of_now(row, by_key.get(row["incident_key"], []), waiting.get(row["incident_key"], ()), version)
        for row in rows
    ]


def _published(home: Home, folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with look(home, folder) as db:
        marts = "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name IN ({})"
        (there,) = sql.only_row(db, marts.format("'fct_incidents', 'fct_incident_events'"))
        if there < 2:  # it was published before there were incidents
            return [], []
        rows = sql.rows_of(
            db,
            "SELECT * FROM marts.fct_incidents ORDER BY is_closed, "
            "array_position(['critical', 'warning', 'info'], severity) NULLS LAST, opened_date DESC, incident_key",
        )
        return rows, sql.rows_of(db, "SELECT * FROM marts.fct_incident_events ORDER BY incident_key, event_number")


def _as_of_now(
    row: dict[str, Any], events: list[dict[str, Any]], waiting: Iterable[Decision], version: str
) -> Incident:
    """An incident with the decisions that no night has read yet.

    What a night said that was at work already when somebody decided comes after the decision.
    """
    row, events = dict(row), list(events)
    was_said_since = any(e["is_new"] and e["event_type"] in ("opened", "reopened", *CLOSED) for e in events)
    for decision in waiting:
        events.append(_event(decision))
        if decision.kind == "assign":
            row["owner"] = decision.owner
        elif not (was_said_since and decision.version < version):
            row |= {
                "incident_status": STATUS[decision.kind],
                "is_closed": STATUS[decision.kind] in CLOSED,
                "status_at": datetime.datetime.fromisoformat(decision.at),
                "status_date": None,
                "status_by": decision.by,
                "status_note": decision.note or None,
                "snoozed_until_date": datetime.date.fromisoformat(decision.until) if decision.until else None,
            }
    return Incident(row, tuple(events))


def _event(decision: Decision) -> dict[str, Any]:
    return {
        "event_key": decision.decision_id,
        "incident_key": decision.incident_key,
        "event_number": None,
        "event_type": EVENT[decision.kind],
        "is_decision": True,
        "decided_by": decision.by,
        "note": decision.note or None,
        "snoozed_until_date": decision.until,
        "owner": decision.owner,
        "is_told": False,
        "is_new": False,
        "event_date": None,
        "event_at": datetime.datetime.fromisoformat(decision.at),
    }
