"""The ledger: what was read, let in, refused and applied, as tables that the marts account with."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from sales_warehouse import durable, landing, purge, refusals
from sales_warehouse.company.models import Company
from sales_warehouse.gate import Gated, accepted_file, manifest_of, quarantine_file, read_gated
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import write_table
from sales_warehouse.sql import connect

SCHEMAS = {
    "loads": {"source": "varchar", "load_id": "varchar", "status": "varchar", "extracted_at": "timestamp",
              "rows_landed": "bigint", "error": "varchar"},
    "row_counts": {"source": "varchar", "entity": "varchar", "load_id": "varchar", "reported": "bigint",
                   "landed": "bigint", "excluded": "bigint", "folded": "bigint", "accepted": "bigint",
                   "repeated": "bigint", "quarantined": "bigint", "waiting": "bigint", "repaired": "bigint",
                   "dirty": "bigint", "doubtful": "bigint"},
    "repairs": {"source": "varchar", "entity": "varchar", "load_id": "varchar", "column_name": "varchar",
                "repair": "varchar", "row_count": "bigint"},
    "quarantine_counts": {"source": "varchar", "entity": "varchar", "load_id": "varchar", "rule": "varchar",
                          "column_name": "varchar", "reason_en": "varchar", "reason_zh": "varchar",
                          "row_count": "bigint"},
    "drift": {"source": "varchar", "source_table": "varchar", "origin": "varchar", "kind": "varchar",
              "column_name": "varchar", "found": "varchar", "load_id": "varchar", "seen_at": "timestamp",
              "is_refused": "boolean"},
    "refusals": {"source": "varchar", "source_table": "varchar", "origin": "varchar", "reason": "varchar",
                 "first_refused_at": "timestamp", "last_refused_at": "timestamp", "refusal_status": "varchar"},
    "arrivals": {"source": "varchar", "load_id": "varchar", "origin": "varchar", "arrived_at": "timestamp",
                 "event_date": "date", "first_event_at": "timestamp", "last_event_at": "timestamp"},
    "readings": {"source": "varchar", "load_id": "varchar", "read_at": "timestamp"},
    "purges": {"source": "varchar", "entity": "varchar", "retention_class": "varchar", "business_date": "date",
               "purged_at": "timestamp", "text_count": "bigint"},
    "pending_loads": {"load_id": "varchar"},
    "rules": {"rules": "varchar"},
}  # fmt: skip


Loads = Mapping[str, list[landing.Load]]  # of each source, read once for all tables
ENOUGH_ROWS, RETYPED_SHARE = 20, 0.5  # of a load, before its faults are taken for another type


@dataclass(frozen=True)
class Applied:
    """What the working warehouse holds: fingerprints of each load in it, and of the code and settings that made it.

    `deciders` is that of what tells, beside the loads, who is one customer and in which tier; empty while unknown.
    `begun` are the loads that transforms which did not end had begun to write: some tables hold them, others do not.
    """

    batch: int
    code: str
    loads: dict[str, str]
    deciders: str = ""
    begun: dict[str, str] = field(default_factory=dict)

    @property
    def held(self) -> dict[str, str]:
        """Return every load of which rows may be in the tables."""
        return self.begun | self.loads


def read_applied(home: Home) -> Applied:
    """Return what the last transform left; an empty state when there was none."""
    data = durable.read_json(home.warehouse / "applied.json")
    return Applied(**data) if data else Applied(0, "", {})


def write_applied(home: Home, applied: Applied) -> None:
    """Say what the working warehouse holds."""
    durable.write_json(home.warehouse / "applied.json", applied.__dict__)


def gated(home: Home, sources: Iterable[str]) -> Iterator[Gated]:
    """Yield what the gate made of every load of some sources."""
    for source in sources:
        for file in sorted((home.ledger / "gated" / source).glob("[!.]*.json")):
            yield from read_gated(home, source, file.stem)


def load_fingerprints(items: list[Gated]) -> dict[str, str]:
    """Return one fingerprint per load, over all of its batches."""
    parts: dict[str, list[str]] = {}
    for item in items:
        parts.setdefault(item.batch.load_id, []).append(f"{item.batch.name}.{item.batch.entity}:{item.fingerprint}")
    return {load: hashlib.sha256(json.dumps(sorted(p)).encode()).hexdigest()[:16] for load, p in parts.items()}


def overtaken(items: list[Gated], applied: Applied) -> list[str]:
    """Return the loads that the warehouse holds nothing of yet though it holds a later one of their source.

    They waited before the gate. A deletion ends what landed before it, so rows have to be ranked in the order of their
    loads; what they beat is not in the working warehouse any more.
    """
    batches = [item.batch for item in items]
    newest: dict[str, str] = {}
    for batch in batches:
        if batch.load_id in applied.held:
            newest[batch.source] = max(batch.load_id, newest.get(batch.source, ""))
    missing = (batch for batch in batches if batch.load_id not in applied.held)
    return sorted({batch.load_id for batch in missing if batch.load_id < newest.get(batch.source, "")})


def sweep_accepted(home: Home, items: list[Gated]) -> int:
    """Remove files of rows let in or held back of loads that never finished the gate or whose source left the company.

    A mapping that is gone has none either, and nobody holds back what a source that left gave.
    """
    wanted = {file for item in items for file in (accepted_file(home, item.batch), quarantine_file(home, item.batch))}
    found = [file for folder in (home.accepted, home.quarantine) for file in folder.glob("*/_load_id=[!_]*/*.parquet")]
    strays = [file for file in found if file not in wanted]
    for stray in strays:
        stray.unlink()
    return len(strays)


def first_event_date(items: list[Gated]) -> datetime.date | None:
    """Return the earliest UTC day on which anything happened."""
    moments = [item.first_event_at for item in items if item.first_event_at]
    return datetime.datetime.fromisoformat(min(moments)).date() - datetime.timedelta(days=1) if moments else None


def write_ledger(home: Home, company: Company, items: list[Gated], pending: list[str], rules: str) -> None:
    """Write the ledger's tables for dbt; `rules` is the mark of the models and settings that make the figures."""
    loads = {source: landing.loads(home, source) for source in company.sources}
    rows = {
        "loads": list(_loads(home, loads)),
        "row_counts": [*_judged(company, items, loads), *_waiting(home, company, loads)],
        "quarantine_counts": [
            (b.source, b.entity, b.load_id, r["rule"], r["column_name"], r["reason_en"], r["reason_zh"], r["row_count"])
            for item in items
            for b in [item.batch]
            for r in item.reasons
        ],
        "repairs": [
            (b.source, b.entity, b.load_id, r["column_name"], r["repair"], r["row_count"])
            for item in items
            for b in [item.batch]
            for r in item.repairs
        ],
        "drift": [*_drift(home, loads), *_retyped(items)],
        "refusals": list(_refusals(home, loads)),
        "arrivals": list(_arrivals(company, items, loads)),
        "readings": list(_readings(home, company, loads)),
        "purges": purge.counts(home),
        "pending_loads": [(load,) for load in pending],
        "rules": [(rules,)],
    }
    with connect(temp=home.tmp) as connection:
        for name, schema in SCHEMAS.items():
            write_table(connection, schema, rows[name], home.ledger / f"{name}.parquet")


def _judged(company: Company, items: list[Gated], loads: Loads) -> Iterator[tuple]:
    """Yield what became of the rows of each load that passed the gate.

    Of a table that a mapping reads row by row, the source itself reported how many there are; the elements of lists
    inside of its rows are counted in the text that landed, without taking the lists apart.
    """
    reported: Counter[tuple[str, str, str]] = Counter()
    for load in chain.from_iterable(loads.values()):
        for file in load.files:
            reported[load.source, load.load_id, file.table] += file.rows if file.reported is None else file.reported
    for item in items:
        batch = item.batch
        told = reported[batch.source, batch.load_id, batch.table] if batch.listed is None else batch.listed
        counts = (told, batch.landed, batch.excluded, batch.folded, item.accepted, item.repeated, item.quarantined, 0)
        yield batch.source, batch.entity, batch.load_id, *counts, item.repaired, item.dirty, item.doubtful


def _waiting(home: Home, company: Company, loads: Loads) -> Iterator[tuple]:
    """Yield the rows of loads that were landed but have not passed the gate: they are in no mart, and not lost."""
    for name, source in company.sources.items():
        for load in loads[name]:
            if manifest_of(home, name, load.load_id).exists():
                continue
            for mapping in source.readings:
                landed = sum(item.rows for item in load.files if item.table == mapping.table)
                if mapping.table in load.tables:
                    yield name, mapping.entity, load.load_id, landed, landed, 0, 0, 0, 0, 0, landed, 0, 0, 0


def _loads(home: Home, loads: Loads) -> Iterator[tuple]:
    """Yield every load, and for a source whose last extraction failed or refused something, that as well.

    A load that has not passed the gate is in no mart, so it makes no source fresh.
    """
    for source, landed in loads.items():
        for load in landed:
            let_in = manifest_of(home, source, load.load_id).exists()
            why = None if let_in else f"load {load.load_id} waits: not mapped or not judged; see ingest_{source}"
            yield source, load.load_id, "landed" if let_in else "failed", load.extracted_at, load.rows, why
        state = landing.status(home, source)
        if state.get("status") in ("failed", "refused"):
            at = datetime.datetime.fromisoformat(state["checked_at"])
            yield source, None, state["status"], at, 0, state["error"]


def _arrivals(company: Company, items: list[Gated], loads: Loads) -> Iterator[tuple]:
    """Yield when each place of a source that has a deadline brought which events of a business day.

    A file arrived before it was read; of a database or an API it is only known when it was read.
    """
    timely = {name for name, source in company.sources.items() if source.deadline}
    arrived: dict[tuple[str, str, str], str] = {}
    read_at: dict[tuple[str, str], datetime.datetime] = {}
    for load in (load for name in timely for load in loads[name]):
        read_at[load.source, load.load_id] = load.extracted_at
        for file in load.files:
            if file.arrived_at:
                arrived[load.source, load.load_id, file.origin] = file.arrived_at
    for batch, origins in ((item.batch, item.origins) for item in items if item.batch.source in timely):
        for origin, days in origins.items():
            at = arrived.get((batch.source, batch.load_id, origin)) or read_at[batch.source, batch.load_id].isoformat()
            arrived_at = datetime.datetime.fromisoformat(at)
            for date, events in days.items():
                moments = map(datetime.datetime.fromisoformat, events)
                yield batch.source, batch.load_id, origin, arrived_at, datetime.date.fromisoformat(date), *moments


def _readings(home: Home, company: Company, loads: Loads) -> Iterator[tuple]:
    """Yield when a source that has a deadline was read: what it had by then is in, or there was nothing new.

    Of the readings that found nothing new the last one is known.
    """
    for name in (name for name, source in company.sources.items() if source.deadline):
        for load in loads[name]:
            if manifest_of(home, name, load.load_id).exists():
                yield name, load.load_id, load.extracted_at
        state = landing.status(home, name)
        if state.get("status") == "unchanged":
            yield name, None, datetime.datetime.fromisoformat(state["checked_at"])


def _drift(home: Home, loads: Loads) -> Iterator[tuple]:
    """Yield every difference between what a source promised and what came: of what landed, and of the last refusal."""
    for source, landed in loads.items():
        for load in landed:
            for item in load.files:
                for drift in item.drift or ():
                    named = (drift["kind"], drift["column"], drift["found"])
                    yield source, item.table, item.origin, *named, load.load_id, load.extracted_at, False
        state = landing.status(home, source)
        for refused in state.get("refused", ()):
            at = datetime.datetime.fromisoformat(state["checked_at"])
            for drift in refused.get("drift", ()):
                named = (drift["kind"], drift["column"], drift["found"])
                yield source, refused["table"], refused["origin"], *named, None, at, True


def _refusals(home: Home, loads: Loads) -> Iterator[tuple]:
    """Yield everything that was ever refused, with what became of it."""
    for source, landed in loads.items():
        state = landing.status(home, source)
        for item, fate in refusals.fates(refusals.read(home.landing / source), landed, state):
            moments = (datetime.datetime.fromisoformat(at) for at in (item.first_at, item.last_at))
            yield source, item.table, item.origin, item.reason, *moments, fate


def _retyped(items: list[Gated]) -> Iterator[tuple]:
    """Yield the columns of text that most rows of a load cannot be read in: something else stands there now."""
    for item in items:
        batch = item.batch
        for reason in item.reasons:
            if reason["rule"] != "cast" or batch.conformed < ENOUGH_ROWS:
                continue
            if reason["row_count"] > RETYPED_SHARE * batch.conformed:
                found = f"{reason['row_count']} of {batch.conformed} values of {batch.entity} cannot be read"
                at = landing.moment_of(batch.load_id)
                yield batch.source, batch.table, None, "retyped", reason["column_name"], found, batch.load_id, at, False
