"""A message as data: what is said, before it is known how it will look and who carries it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sales_warehouse.watch.alerts import Incident, Settings
from sales_warehouse.watch.wording import Wording, wording

# A person reads ten; the rest is on the board.
MOST_SECTIONS = 10


@dataclass(frozen=True)
class Section:
    """One incident: a headline, a sentence, facts as (label, value), what to do, and its key."""

    title: str
    text: str
    facts: tuple[tuple[str, str], ...]
    action: str
    steps: tuple[str, ...]
    reference: str


@dataclass(frozen=True)
class Message:
    """What a carrier delivers. The same `key` always has the same content, so a receiver can drop a second copy."""

    key: str
    language: str
    on: str
    title: str
    sections: tuple[Section, ...]
    closing: str
    incidents: tuple[dict, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def key_of(incidents: Sequence[Incident]) -> str:
    """The key of the message about these incidents, in whatever order."""
    return hashlib.sha256("\n".join(sorted(incident.key for incident in incidents)).encode()).hexdigest()[:32]


def compose(incidents: Sequence[Incident], settings: Settings, *, language: str, on: date) -> Message:
    """One message about one incident or many, the most severe first. Raises when a row cannot be put into words."""
    words = wording(language)
    sections = tuple(_section(incident, settings, words) for incident in incidents[:MOST_SECTIONS])
    title = sections[0].title if len(incidents) == 1 else words.many([incident.severity for incident in incidents])
    more = len(incidents) - len(sections)
    return _message(incidents, language, on, title, sections, words.more(more) if more else "")


def bare(incidents: Sequence[Incident], *, language: str, on: date) -> Message:
    """The same message without any wording: what is left to say when `compose` fails."""
    sections = tuple(
        Section(
            incident.key,
            "",
            tuple((name, value) for name, value in incident.row.items() if value is not None),
            "",
            (),
            incident.key,
        )
        for incident in incidents[:MOST_SECTIONS]
    )
    return _message(incidents, language, on, f"{len(incidents)} × alert", sections, "")


def from_json(text: str) -> Message:
    """Read what `to_json` wrote."""
    document = json.loads(text)
    sections = tuple(
        Section(**{**entry, "facts": tuple(map(tuple, entry["facts"])), "steps": tuple(entry["steps"])})
        for entry in document.pop("sections")
    )
    return Message(**{**document, "incidents": tuple(document["incidents"])}, sections=sections)


def _message(
    incidents: Sequence[Incident], language: str, on: date, title: str, sections: tuple[Section, ...], closing: str
) -> Message:
    brief = tuple({"key": incident.key, "kind": incident.kind, "severity": incident.severity} for incident in incidents)
    return Message(key_of(incidents), language, on.isoformat(), title, sections, closing, brief)


def _section(incident: Incident, settings: Settings, words: Wording) -> Section:
    row = incident.row
    playbook = settings.playbooks.get(row.get("playbook_id") or "", {})
    rule = settings.rules.get(row.get("rule_id") or "", {})
    return Section(
        title=words.headline(incident.severity, words.of(rule, "name") or words.of(row, "title") or incident.kind, row),
        text=("" if words.language == "zh" else " ").join(
            filter(None, (words.of(row, "reason"), words.of(row, "cause")))
        ),
        facts=words.facts(row),
        action=words.action(words.of(playbook, "name"), playbook.get("department")) if playbook else "",
        steps=tuple(words.of(playbook, "steps").splitlines()),
        reference=incident.key,
    )
