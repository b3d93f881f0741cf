"""Incidents on the terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from sales_warehouse.watch.incidents import Incident
from sales_warehouse.watch.wording import is_late, wording


def show_incidents(found: Sequence[Incident], language: str, console: Console) -> None:
    """Show two lines for each incident: how it stands and what it is about, and its key, which can be copied."""
    words = wording(language)
    if not found:
        console.print(words.texts["no_incident"], highlight=False)
    for incident in found:
        row = incident.row
        told = [
            words.names[incident.status] + _until(incident),
            words.names.get(row["severity"], row["severity"] or ""),
            f"{row['opened_date']}",
            words.of(row, "title"),
            words.names["found_late"] if is_late(row) else "",
            row["owner"] or "",
        ]
        console.print(Text("  ".join(filter(None, told))), soft_wrap=True)
        console.print(Text(f"    {incident.key}", style="dim"), soft_wrap=True)


def show_incident(incident: Incident, language: str, console: Console) -> None:
    """Show one incident and what happened to it."""
    words, row = wording(language), incident.row
    console.print(Text(f"{words.names[incident.status]}{_until(incident)}  {words.of(row, 'title')}", style="bold"))
    console.print(Text(words.of(row, "reason")))
    facts = {
        "incident": incident.key,
        "period": words.period(row["period_start_date"], row["period_end_date"]),
        "since": f"{row['opened_date']}",
        "owner": row["owner"] or "",
    }
    for name, value in facts.items():
        console.print(Text(words.texts["label"].format(label=words.labels[name], value=value)), soft_wrap=True)
    console.print()
    for event in incident.events:
        who = f"  {event['decided_by']}" if event["is_decision"] else ""
        until = f" → {event['snoozed_until_date']}" if event["snoozed_until_date"] else ""
        note = f"  {event['note']}" if event["note"] else ""
        owner = f" → {event['owner']}" if event["event_type"] == "assigned" else ""
        kind = words.event(event)
        console.print(Text(f"{event['event_at']:%Y-%m-%d %H:%M}  {kind}{until}{owner}{who}{note}"), soft_wrap=True)


def to_json(found: Incident | Sequence[Incident]) -> str:
    """Return incidents as JSON: their rows, and of one its events too."""
    data: Any = (
        {**found.row, "events": found.events} if isinstance(found, Incident) else [incident.row for incident in found]
    )
    return json.dumps(data, ensure_ascii=False, indent=1, default=str)


def _until(incident: Incident) -> str:
    until = incident.row["snoozed_until_date"]
    return f" → {until}" if incident.status == "snoozed" and until else ""
