"""Which incidents wait for a person, what they are asked (the text of a Required Action), and until when."""

from __future__ import annotations

import datetime
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.watch import decisions
from sales_warehouse.watch.decisions import Decision
from sales_warehouse.watch.formats import escape
from sales_warehouse.watch.incidents import CLOSED, Incident, incidents, lately, one
from sales_warehouse.watch.page_words import words
from sales_warehouse.watch.story import Story, story_of
from sales_warehouse.watch.wording import wording

log_of_errors = logging.getLogger(__name__)

MOST_CAUSES, MOST_EVENTS, MOST_PLAYBOOKS = 3, 3, 5


# What calls for an answer; who answered before may be asked again. Of alerts that join, those that are told of do.
CALLS = ("opened", "reopened", "woken", "upgraded", "joined")
# What answers one. That an action of before is done or dropped does not: the incident got worse or came back since.
ANSWERS = ("acknowledge", "snooze", "resolve", "assign", "accept_playbook")


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
    found = (_question(home, company.about.language, one(home, incident.key), log) for incident in waiting)
    return [question for question in found if question]


def moot(home: Home, days: int) -> list[str]:
    """Return the names of questions about calls of the last days before what is published that nobody need answer."""
    log = decisions.log(home)
    named = [(incident, name_of(incident, call)) for incident in lately(home, CALLS, days) for call in _calls(incident)]
    return sorted(name for incident, name in named if _why_moot(incident, name, log, "en"))


def why_moot(home: Home, incident_key: str, name: str, language: str) -> str | None:
    """Return why nobody need answer the question of a name about an incident any more; None while it waits.

    It is over, it was answered elsewhere, or it is asked again because it came back or got worse. Raises
    NoSuchIncident.
    """
    return _why_moot(one(home, incident_key), name, decisions.log(home), language)


def name_of(incident: Incident, call: Mapping[str, Any]) -> str:
    """Return the name of the question about one call of an incident."""
    digest = hashlib.sha256(f"{incident.key}\n{call['event_key']}".encode()).hexdigest()
    return f"incident__{digest[:16]}"


def _calls(incident: Incident) -> list[dict[str, Any]]:
    return [
        event
        for event in incident.events
        if event["event_type"] in CALLS and (event["event_type"] != "joined" or event["is_told"])
    ]


def _answers(incident: Incident, call: Mapping[str, Any], log: Sequence[Decision]) -> list[Decision]:
    return [
        decision
        for decision in log
        if decision.incident_key == incident.key
        and decision.kind in ANSWERS
        and datetime.datetime.fromisoformat(decision.at) >= call["event_at"]
    ]


def _why_moot(incident: Incident, name: str, log: Sequence[Decision], language: str) -> str | None:
    texts, row = wording(language).texts, incident.row
    if incident.status in CLOSED:
        status = wording(language).names[incident.status]
        who = f" ({', '.join(filter(None, (row['status_by'], row['status_note'])))})" if row["status_by"] else ""
        return texts["question_over"].format(status=status, who=who)
    calls = _calls(incident)
    call = next((call for call in calls if name_of(incident, call) == name), None)
    if call is None:
        return None
    if call is not calls[-1]:
        return texts["question_again"]
    answers = _answers(incident, call, log)
    return texts["question_answered"].format(by=answers[-1].by) if answers else None


def _question(home: Home, language: str, incident: Incident, log: Sequence[Decision]) -> Question | None:
    call = _calls(incident)[-1]
    if _answers(incident, call, log):
        return None
    name, subject = name_of(incident, call), str(incident.row[f"title_{language}"] or incident.key)
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
    uses = say["uses"].format(measured=row["measured_count"], used=row["use_count"])
    return f"({say['effect']}: {middle} {unit}, {low} – {high} {unit}, {uses})"
