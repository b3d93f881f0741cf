"""Incidents as they stand now: what was published, and what people have decided since. The command line and the pages
call this, and nothing else decides about incidents.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from duckdb import DuckDBPyConnection

from sales_warehouse import durable, publish, sql
from sales_warehouse.bilingual import Refused
from sales_warehouse.home import Home
from sales_warehouse.publish import manifest, pointer
from sales_warehouse.publish.reading import look
from sales_warehouse.sql import literal
from sales_warehouse.urgency import GRAVEST_FIRST
from sales_warehouse.watch import decisions
from sales_warehouse.watch.decisions import Decision, Kind
from sales_warehouse.watch.wording import NAMES

WAIT_SECONDS = 30.0
STATUSES = ("open", "acknowledged", "snoozed", "resolved", "settled", "retracted", "lapsed")
CLOSED = frozenset({"resolved", "settled", "retracted", "lapsed"})
# What a decision makes of an incident, and what its event is called in the mart.
STATUS: dict[str, str] = {"acknowledge": "acknowledged", "snooze": "snoozed", "resolve": "resolved", "reopen": "open"}
ACTIONS = ("accept_playbook", "finish_action", "drop_action")
HIDDEN, HIDDEN_DIGITS = "hidden-", 8
ORDER = f"is_closed, {GRAVEST_FIRST}, opened_date DESC, incident_key"
EVENT: dict[str, str] = {**STATUS, "reopen": "reopened", "assign": "assigned"}


class NoSuchIncident(Refused, LookupError):
    """No published incident has the key, or several have the part of one."""


class DecisionRefused(Refused):
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
    wanted = [status for status in STATUSES if status not in CLOSED] if statuses is None else list(statuses)
    with _published(home) as db:
        if db is None:
            return []
        waiting = _waiting(home, db)
        found = _found(home, db, waiting, "list_contains($statuses, incident_status)", {"statuses": wanted})
    return [incident for incident in found if incident.status in wanted]


def lately(home: Home, event_types: Collection[str], days: int) -> list[Incident]:
    """Return the incidents to which one of these events happened in the last days before what is published, and those
    that somebody decided about since; with their events.
    """
    with _published(home) as db:
        folder = publish.current_folder(home)
        if db is None or folder is None:
            return []
        since = datetime.datetime.fromisoformat(manifest.read(folder).as_of) - datetime.timedelta(days)
        waiting = _waiting(home, db)
        where = (
            "incident_key IN (SELECT incident_key FROM fct_incident_events WHERE list_contains($types, event_type) "
            "AND event_at >= $since)"
        )
        found = _found(home, db, waiting, where, {"types": list(event_types), "since": since})
        return _with_events(db, found, waiting)


def one(home: Home, name: str) -> Incident:
    """Return the incident of a key, of its hidden key, or of a part of a key that no other one has, with its events.

    Raises NoSuchIncident.
    """
    with _published(home) as db:
        return _one(home, db, name)


def _one(home: Home, db: DuckDBPyConnection | None, name: str) -> Incident:
    keys: list[str] = []
    if db is not None and name:
        hidden = f"{literal(HIDDEN)} || left(sha256(incident_key), {HIDDEN_DIGITS})"
        named = sql.rows_of(
            db,
            f"SELECT incident_key, incident_key = $name OR {hidden} = $name AS is_exact FROM fct_incidents "
            f"WHERE is_exact OR contains(incident_key, $name) ORDER BY {ORDER}",
            {"name": name},
        )
        keys = [row["incident_key"] for row in named if row["is_exact"]] or [row["incident_key"] for row in named]
    if not keys or db is None:
        raise NoSuchIncident(
            f"there is no incident {name!r}; `sales-warehouse incidents list --all` lists them",
            f"没有事件 {name!r}；`sales-warehouse incidents list --all` 可列出全部事件",
        )
    if len(keys) > 1:
        listed = "\n".join(f"  {key}" for key in keys[:10])
        raise NoSuchIncident(
            f"{len(keys)} incidents have {name!r} in their keys; name one:\n{listed}",
            f"有 {len(keys)} 个事件的编号含 {name!r}，请指明其一：\n{listed}",
        )
    waiting = {key: decided for key, decided in _waiting(home, db).items() if key == keys[0]}
    found = _found(home, db, waiting, "incident_key = $key", {"key": keys[0]})
    return _with_events(db, found, waiting)[0]


def hidden_key(incident_key: str) -> str:
    """Return the name of an incident where its key, which may hold the key of a person, must not be read.

    It is short on purpose: of the telephone numbers that might be in the key several give the same name.
    """
    return f"{HIDDEN}{hashlib.sha256(incident_key.encode()).hexdigest()[:HIDDEN_DIGITS]}"


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
        playbook: dict[str, Any] = {}
        if decision in ACTIONS:
            _demand_action(home, incident, decision, playbook_id, due_date)
        if decision == "accept_playbook" and playbook_id:
            playbook = (playbooks(home) or {}).get(playbook_id, {})
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
                owner=(owner.strip() if owner else None) or playbook.get("owner"),
                playbook_id=playbook_id,
                due_date=due_date.isoformat() if due_date else None,
                **{name: playbook.get(name) for name in decisions.OF_PLAYBOOK},
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
        raise DecisionRefused(
            "say who decides (--by), so that the others know whom to ask", "请注明决定人（--by），以便他人询问"
        )
    if decision == "assign" and not (owner and owner.strip()):
        raise DecisionRefused("say whom it is assigned to", "请指明指派给谁")
    if decision in ACTIONS:
        return
    if decision == "reopen":
        _demand_reopenable(home, incident)
    elif incident.status in CLOSED:
        raise DecisionRefused(
            f"{incident.key} is {incident.status} already; reopen it first",
            f"{incident.key} 的状态为“{NAMES[incident.status][1]}”，请先重新开启",
        )
    if decision == "acknowledge" and incident.status == "acknowledged":
        by_whom = incident.row["status_by"]
        raise DecisionRefused(
            f"{incident.key} was acknowledged by {by_whom} before", f"{incident.key} 已由 {by_whom} 确认"
        )
    if decision == "snooze":
        published = business_date(home)
        if until is None or (published and until <= published):
            raise DecisionRefused(
                f"snooze until a business date after {published}" + (f", not {until}" if until else ""),
                f"暂缓应至 {published} 之后的业务日" + (f"，而不是 {until}" if until else ""),
            )


def _demand_action(
    home: Home, incident: Incident, decision: Kind, playbook_id: str | None, due_date: datetime.date | None
) -> None:
    if not playbook_id:
        raise DecisionRefused("say which playbook it is about", "请指明应对方案")
    if decision == "accept_playbook":
        known, today = playbooks(home), business_date(home)
        if known is not None and playbook_id not in known:
            listed = sorted(known)
            raise DecisionRefused(
                f"there is no playbook {playbook_id!r}; playbooks.yml has {', '.join(listed)}",
                f"没有应对方案 {playbook_id!r}；playbooks.yml 中有 {'、'.join(listed)}",
            )
        if due_date and today and due_date < today:
            raise DecisionRefused(
                f"due on {due_date}, but the business date is {today} already",
                f"期限为 {due_date}，而业务日已是 {today}",
            )
        return
    about = [d.kind for d in decisions.log(home) if (d.incident_key, d.playbook_id) == (incident.key, playbook_id)]
    if [kind for kind in about if kind in ACTIONS][-1:] != ["accept_playbook"]:
        raise DecisionRefused(
            f"nobody is at work on playbook {playbook_id!r} for {incident.key}: accept it first",
            f"{incident.key} 尚未采用应对方案 {playbook_id!r}，请先采用",
        )


def playbooks(home: Home) -> dict[str, dict[str, Any]] | None:
    """What a decision keeps of each playbook that the last refresh read, by its id; None where there was none."""
    file = home.settings / "playbooks.parquet"
    if not file.is_file():
        return None
    with sql.connect(temp=home.tmp / "watch") as db:
        query = (
            "SELECT playbook_id, name_en AS playbook_name_en, name_zh AS playbook_name_zh, department, due_days, owner "
            f"FROM {sql.read_parquet([file])}"
        )
        return {row["playbook_id"]: row for row in sql.rows_of(db, query)}


def _demand_reopenable(home: Home, incident: Incident) -> None:
    """Only what is closed, and what no other incident is about by now: a subject is in one open incident."""
    if incident.status not in CLOSED:
        raise DecisionRefused(
            f"{incident.key} is {incident.status}: only what is closed can be reopened",
            f"{incident.key} 的状态为“{NAMES[incident.status][1]}”：只有已关闭的事件才能重新开启",
        )
    own = sorted({str(event["subject_key"]) for event in incident.events if event.get("subject_key")})
    with _published(home) as db:
        assert db is not None  # there is an incident
        about = "SELECT DISTINCT incident_key FROM fct_incident_events WHERE list_contains(?, subject_key)"
        keys = {key for (key,) in db.execute(about, [own]).fetchall()} - {incident.key}
        waiting = {key: decided for key, decided in _waiting(home, db).items() if key in keys}
        for other in _found(home, db, waiting, "list_contains($keys, incident_key)", {"keys": sorted(keys)}):
            if other.status not in CLOSED:
                raise DecisionRefused(
                    f"what {incident.key} was about goes on in {other.key}; decide about that one",
                    f"{incident.key} 所涉情况已在 {other.key} 中继续，请处理后者",
                )


def business_date(home: Home) -> datetime.date | None:
    """Return the business date of what is published, None before the first publish."""
    folder = publish.current_folder(home)
    return datetime.date.fromisoformat(manifest.read(folder).business_date) if folder else None


@contextmanager
def _published(home: Home) -> Iterator[DuckDBPyConnection | None]:
    """Open what readers see; None before there were incidents in it."""
    folder = publish.current_folder(home)
    if folder is None:
        yield None
        return
    with look(home, folder) as db:
        marts = "'fct_incidents', 'fct_incident_events'"
        (there,) = sql.only_row(
            db, f"SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name IN ({marts})"
        )
        yield db if there == 2 else None


def _waiting(home: Home, db: DuckDBPyConnection) -> dict[str, list[Decision]]:
    """Return by incident the decisions that no night has read yet, the oldest first."""
    read = db.execute("SELECT event_key FROM fct_incident_events WHERE is_decision").fetchall()
    known = {key for (key,) in read}
    waiting: dict[str, list[Decision]] = {}
    for decision in decisions.log(home):
        if decision.decision_id not in known and decision.kind in EVENT:
            waiting.setdefault(decision.incident_key, []).append(decision)
    return waiting


def _found(
    home: Home, db: DuckDBPyConnection, waiting: Mapping[str, list[Decision]], where: str, values: dict[str, Any]
) -> list[Incident]:
    """Return the incidents that satisfy a condition, or may by now, as they stand, without their events."""
    rows = sql.rows_of(
        db,
        f"SELECT * FROM fct_incidents WHERE ({where}) OR list_contains($waiting, incident_key) ORDER BY {ORDER}",
        {**values, "waiting": list(waiting)},
    )
    said = sql.rows_of(
        db,
        "SELECT DISTINCT incident_key FROM fct_incident_events "
        "WHERE is_new AND list_contains($types, event_type) AND list_contains($keys, incident_key)",
        {"types": ["opened", "reopened", *sorted(CLOSED)], "keys": list(waiting)},
    )
    was_said, version = {row["incident_key"] for row in said}, pointer.current(home) or ""
    return [
        _as_of_now(row, waiting.get(row["incident_key"], ()), row["incident_key"] in was_said, version) for row in rows
    ]


def _with_events(
    db: DuckDBPyConnection, found: Sequence[Incident], waiting: Mapping[str, list[Decision]]
) -> list[Incident]:
    events: dict[str, list[dict[str, Any]]] = {incident.key: [] for incident in found}
    said = sql.rows_of(
        db,
        "SELECT * FROM fct_incident_events WHERE list_contains($keys, incident_key) ORDER BY event_number",
        {"keys": list(events)},
    )
    for event in said:
        events[event["incident_key"]].append(event)
    for key, listed in events.items():
        listed.extend(_event(decision) for decision in waiting.get(key, ()))
    return [replace(incident, events=tuple(events[incident.key])) for incident in found]


def _as_of_now(row: dict[str, Any], waiting: Iterable[Decision], was_said_since: bool, version: str) -> Incident:
    """An incident with the decisions that no night has read yet.

    What a night said that was at work already when somebody decided comes after the decision.
    """
    row = dict(row)
    for decision in waiting:
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
    return Incident(row)


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
