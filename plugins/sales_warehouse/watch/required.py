"""Which incidents wait for a person, and what they are asked: the text of a Required Action."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.watch import decisions
from sales_warehouse.watch.formats import escape
from sales_warehouse.watch.incidents import Incident, incidents
from sales_warehouse.watch.page_words import words
from sales_warehouse.watch.story import Story, story

MOST_CAUSES, MOST_EVENTS, MOST_PLAYBOOKS = 3, 3, 5


@dataclass(frozen=True)
class Question:
    """What is asked about an incident: `body` is Markdown, `playbooks` their ids, the first choice first."""

    incident_key: str
    subject: str
    body: str
    playbooks: list[str]

    @property
    def name(self) -> str:
        """The same for the same incident, whatever is said of it, so that nobody is asked twice."""
        return f"incident__{hashlib.sha256(self.incident_key.encode()).hexdigest()[:16]}"

    def conf(self) -> dict[str, Any]:
        return asdict(self)


def questions(home: Home, company: Company) -> list[Question]:
    """Return what to ask about each open incident of a severity that alerts.yml names, and that nobody has answered."""
    answered = {decision.incident_key for decision in decisions.log(home)}
    waiting = [
        incident
        for incident in incidents(home, statuses=["open"])
        if incident.row["severity"] in company.alerts.required_actions and incident.key not in answered
    ]
    return [_question(home, company.about.language, incident) for incident in waiting]


def _question(home: Home, language: str, incident: Incident) -> Question:
    told = story(home, incident.key)
    subject = incident.row[f"title_{language}"] or incident.key
    body = "\n\n".join(part for part in _parts(told, language) if part)
    return Question(incident.key, str(subject), body, [row["playbook_id"] for row in told.playbooks])


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
    return f"({say['effect']}: {middle} %, {low} – {high} %, {row['use_count']} {say['uses']})"
