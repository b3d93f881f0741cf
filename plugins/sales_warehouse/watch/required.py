"""Which incidents wait for a person, and what they are asked: the text of a Required Action."""

from __future__ import annotations

import datetime
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.watch import decisions
from sales_warehouse.watch.decisions import Decision
from sales_warehouse.watch.formats import escape
from sales_warehouse.watch.incidents import Incident, incidents, one
from sales_warehouse.watch.page_words import words
from sales_warehouse.watch.story import Story, story_of

log_of_errors = logging.getLogger(__name__)

MOST_CAUSES, MOST_EVENTS, MOST_PLAYBOOKS = 3, 3, 5


# What calls for an answer; who answered before may be asked again.
CALLS = ("opened", "reopened", "woken", "upgraded")


@dataclass(frozen=True)
class Question:
    """What is asked about an incident: `body` is Markdown, `playbooks` their ids, the first choice first.

    `name` is the same for the same call, whatever is said of it by now, so that nobody is asked twice.
    """

    name: str
    incident_key: str
    subject: str
    body: str
    playbooks: list[str]

    def conf(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "name"}


def questions(home: Home, company: Company) -> list[Question]:
    """Return what to ask about each open incident of a severity that alerts.yml names, and that nobody has answered
    since it was opened, or came back, or got worse.
    """
    severities, log = company.alerts.required_actions, decisions.log(home)
    waiting = [incident for incident in incidents(home, statuses=["open"]) if incident.row["severity"] in severities]
    found = (_question(home, company.about.language, incident, log) for incident in waiting)
    return [question for question in found if question]


def _question(home: Home, language: str, incident: Incident, log: Sequence[Decision]) -> Question | None:
    incident = one(home, incident.key)  # with its events
    call = next(event for event in reversed(incident.events) if event["event_type"] in CALLS)
    since = [d for d in log if d.incident_key == incident.key and d.kind != "reopen"]
    if any(datetime.datetime.fromisoformat(decision.at) >= call["event_at"] for decision in since):
        return None
    digest = hashlib.sha256(f"{incident.key}\n{call['event_key']}".encode()).hexdigest()
    name, subject = f"incident__{digest[:16]}", str(incident.row[f"title_{language}"] or incident.key)
    try:
        told = story_of(home, incident)
        body = "\n\n".join(part for part in _parts(told, language) if part)
    except Exception:  # what cannot be told of one incident must not keep the others from being asked about
        log_of_errors.exception("nothing more can be told of %s", incident.key)
        return Question(name, incident.key, subject, escape(incident.row[f"reason_{language}"] or ""), [])
    return Question(name, incident.key, subject, body, [row["playbook_id"] for row in told.playbooks])


def _parts(told: Story, language: str) -> list[str]:
    say = words("zh" if language == "zh" else "en")
    row, text = told.incident.row, f"text_{language}"
    causes = [cause[text] for cause in told.causes if not cause["is_residual"]][:MOST_CAUSES]
    events = [event[text] for event in told.around][:MOST_EVENTS]
    return [
        escape(row[f"reason_{language}"] or ""),
        _listed(say["causes"], causes),
        _listed(say["around"], events),
        _playbooks(told, language, say),
    ]


def _listed(title: str, lines: list[str]) -> str:
    return "\n".join([f"**{title}**", "", *(f"- {escape(line)}" for line in lines)]) if lines else ""


def _playbooks(told: Story, language: str, say: dict[str, str]) -> str:
    lines = []
    for row in told.playbooks[:MOST_PLAYBOOKS]:
        name = f"`{row['playbook_id']}` {escape(row[f'playbook_name_{language}'])} ({escape(row['department'])})"
        lines.append(f"{row['playbook_number']}. {name}: {escape(row[f'reason_{language}'] or '')} {_effect(row, say)}")
    return "\n".join([f"**{say['playbooks']}**", "", *lines]) if lines else ""


def _effect(row: dict[str, Any], say: dict[str, str]) -> str:
    if not row["measured_count"]:
        return f"({say['not_used']})"
    low, middle, high = (f"{row[name] * 100:+.1f}" for name in ("lower_value", "effect_value", "upper_value"))
    unit = say["points"] if row["effect_type"] == "points" else "%"
    return f"({say['effect']}: {middle} {unit}, {low} – {high} {unit}, {row['use_count']} {say['uses']})"
