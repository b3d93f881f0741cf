"""What people decided about incidents and the actions that they call for: an append-only log, one file each.

The next refresh reads the log as a source (`write_table`), and pages read it live (watch/incidents.py). A decision
names the last version that was published when it was made, so that it has its place between what nights said.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.publish import pointer

Kind = Literal[
    "acknowledge", "snooze", "resolve", "reopen", "assign", "accept_playbook", "finish_action", "drop_action"
]
COLUMNS = {
    "decision_id": pa.string(),
    "incident_key": pa.string(),
    "decision": pa.string(),
    "decided_by": pa.string(),
    "note": pa.string(),
    "snoozed_until": pa.date32(),
    "owner": pa.string(),
    "playbook_id": pa.string(),
    "due_date": pa.date32(),
    "playbook_name_en": pa.string(),
    "playbook_name_zh": pa.string(),
    "department": pa.string(),
    "due_days": pa.int32(),
    "decided_at": pa.timestamp("us"),
    "version": pa.string(),
}
TABLE = "incident_decisions"
# What a decision keeps of its playbook since decisions do: without it one has the number that it always had.
OF_PLAYBOOK = ("playbook_name_en", "playbook_name_zh", "department", "due_days")


@dataclass(frozen=True)
class Decision:
    """`at` is UTC, days are ISO text; `until` belongs to a snooze, `owner` to an assignment or an action, and
    `playbook_id` and `due_date` to an action. What the playbook said when it was accepted stays with the decision, so
    that it can be renamed or taken out of playbooks.yml.
    """

    incident_key: str
    kind: Kind
    by: str
    at: str
    version: str
    note: str = ""
    until: str | None = None
    owner: str | None = None
    playbook_id: str | None = None
    due_date: str | None = None
    playbook_name_en: str | None = None
    playbook_name_zh: str | None = None
    department: str | None = None
    due_days: int | None = None

    @property
    def decision_id(self) -> str:
        said = {name: value for name, value in asdict(self).items() if name not in OF_PLAYBOOK or value is not None}
        content = json.dumps(said, ensure_ascii=False, sort_keys=True)
        return "D" + hashlib.sha256(content.encode()).hexdigest()[:12].upper()


def folder(home: Home) -> Path:
    return home.watch / "decisions"


def log(home: Home) -> list[Decision]:
    """Return every decision ever taken, oldest first."""
    files = sorted(folder(home).glob("[!.]*.json")) if folder(home).exists() else []
    return [Decision(**durable.read_json(file)) for file in files]


def keep(home: Home, decision: Decision) -> Decision:
    """Write a decision down for good."""
    stamp = datetime.datetime.fromisoformat(decision.at).strftime(durable.STAMP)
    durable.write_json(folder(home) / f"{stamp}_{decision.decision_id}.json", asdict(decision))
    return decision


def last_version(home: Home) -> str:
    """Return the last version that was published, also where readers were sent back to an earlier one."""
    return max(pointer.names(home), default="")


def write_table(home: Home) -> None:
    """Write the log as the table that dbt reads."""
    target = home.watch / f"{TABLE}.parquet"
    rows = [
        (
            d.decision_id, d.incident_key, d.kind, d.by, d.note or None, _day(d.until), d.owner, d.playbook_id,
            _day(d.due_date), *(getattr(d, name) for name in OF_PLAYBOOK), datetime.datetime.fromisoformat(d.at),
            d.version,
        )
        for d in log(home)
    ]  # fmt: skip
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    table = pa.table({n: pa.array(c, kind) for (n, kind), c in zip(COLUMNS.items(), columns, strict=True)})
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")
    pq.write_table(table, scratch)
    durable.move(scratch, target)


def _day(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None
