"""A message as data: what is said, before it is known how it will look and who carries it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from urllib.parse import quote

from sales_warehouse.watch.left_out import LeftOut
from sales_warehouse.watch.notices import Notice, Settings, severities
from sales_warehouse.watch.wording import Wording, clipped, is_late, wording

# A person reads ten; the rest is on the board.
MOST_SECTIONS = 10
MOST_OTHERS = 5  # alerts of one incident beside its gravest
MOST_LEFT_OUT = 3  # rules with a mistake
MOST_OF_A_MISTAKE = 160  # characters of what is wrong with one
# Where a receiver takes little: characters of why there is an incident, and of what is said of a rule.
LESS_OF_AN_INCIDENT = (320, 160, 60, 0)
LESS_OF_A_RULE = (120, 60)
PAGE = "/sales-warehouse/incident"  # see airflow/pages/incidents.py
RULES_PAGE = "/sales-warehouse/alert-rules"
RULES_FILE = "alerts.yml"


@dataclass(frozen=True)
class Section:
    """News of one incident: a headline, a sentence, facts as (label, value), what to do, its key, where to read on.

    One `is_about_rules` instead: it tells of rules that are not judged, `rule_count` of them in all.
    """

    title: str
    text: str
    facts: tuple[tuple[str, str], ...]
    action: str
    steps: tuple[str, ...]
    reference: str
    link: str = ""
    is_about_rules: bool = False
    rule_count: int = 0


@dataclass(frozen=True)
class Message:
    """What a carrier delivers. The same `key` is always about the same events, so a receiver can drop a second copy."""

    key: str
    language: str
    on: str
    title: str
    sections: tuple[Section, ...]
    closing: str
    incidents: tuple[dict, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def key_of(notices: Sequence[Notice], left_out: Sequence[LeftOut] = (), told_at: datetime | None = None) -> str:
    """The key of the message about these events, in whatever order, and about rules that were left out.

    A rule may be mended and broken again in the same way, so the moment at which that is told belongs to its news.
    """
    keys = sorted([*(notice.key for notice in notices), *(f"{rule.key}|{told_at}" for rule in left_out)])
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:32]


def address_of(pages: str, reference: str) -> str:
    """The page of an incident in the UI whose address is `pages`."""
    return f"{pages.rstrip('/')}{PAGE}?key={quote(reference, safe='')}"


def compose(
    notices: Sequence[Notice],
    settings: Settings,
    *,
    language: str,
    on: date,
    pages: str | None = None,
    left_out: Sequence[LeftOut] = (),
) -> Message:
    """One message about one incident or many, in their order, and about rules that were left out, which come last.

    `pages` is the address of the UI; without it no section has a link. Raises when a row cannot be put into words.
    """
    words = wording(language)
    sections = tuple(_section(notice, settings, words, pages) for notice in notices[:MOST_SECTIONS])
    sections += (_about_rules(left_out, words, pages),) if left_out else ()
    ends = sum(notice.is_end for notice in notices)
    title = sections[0].title if len(notices) < 2 else words.many(severities(notices), ends)
    return _message(notices, left_out, language, on, title, sections)


def bare(notices: Sequence[Notice], *, language: str, on: date, left_out: Sequence[LeftOut] = ()) -> Message:
    """The same message without any wording, nor names and texts: what is left to say when `compose` fails."""
    sections = tuple(
        Section(notice.reference, "", (("event", notice.what), ("severity", notice.severity)), "", (), notice.reference)
        for notice in notices[:MOST_SECTIONS]
    )
    if left_out:
        sections += (Section(f"{len(left_out)} × rule left out", "", (), "", (), RULES_FILE, "", True),)
    return _message(notices, left_out, language, on, f"{len(notices)} × alert", sections)


def shorter(message: Message) -> Iterator[Message]:
    """The message, and what is left of it where a receiver takes less and less.

    It loses what to do, then its last incidents, the text and facts of the first, and that one, too; then the texts of
    rules, the last rules, and what is said of all of them. How many there are of both it says to the last.
    """
    yield message
    least = brief(message)
    yield least
    for most in range(len(message.sections), 0, -1):
        yield shortened(least, most)
    for most in LESS_OF_AN_INCIDENT:
        yield _terse(shortened(least, 1), most)
    least = shortened(least, 0)
    yield least
    for most in LESS_OF_A_RULE:
        yield _with_rules(least, MOST_LEFT_OUT, most)
    for count in range(MOST_LEFT_OUT - 1, 0, -1):
        yield _with_rules(least, count, LESS_OF_A_RULE[-1])
    least = _with_rules(least, 0, 0)
    yield least
    yield replace(least, sections=tuple(replace(section, text="") for section in least.sections))


def shortened(message: Message, most: int) -> Message:
    """The message with its first incidents alone; it says how many more there are. What is told of rules stays."""
    incidents = [section for section in message.sections if not section.is_about_rules]
    if most >= len(incidents):
        return message
    words, count = wording(message.language), len(message.incidents)
    closing = words.more(count - most) if most else words.none_shown(count)
    rules = [section for section in message.sections if section.is_about_rules]
    return replace(message, sections=(*incidents[:most], *rules), closing=closing)


def brief(message: Message) -> Message:
    """The message without what to do, which the page of the incident says too."""
    return replace(message, sections=tuple(replace(s, action="", steps=()) for s in message.sections))


def _terse(message: Message, most: int) -> Message:
    """The message without the facts of incidents, which their pages say too, and so many characters of their texts."""
    sections = (
        section
        if section.is_about_rules
        else replace(section, text=clipped(section.text, most) if most else "", facts=())
        for section in message.sections
    )
    return replace(message, sections=tuple(sections))


def _with_rules(message: Message, count: int, most: int) -> Message:
    """The message with its first rules alone, in so many characters each; it says how many more there are."""
    words = wording(message.language)
    return replace(
        message,
        sections=tuple(
            replace(section, facts=_fewer(section, words, count, most)) if section.is_about_rules else section
            for section in message.sections
        ),
    )


def _fewer(section: Section, words: Wording, count: int, most: int) -> tuple[tuple[str, str], ...]:
    if not count:
        return ()  # the title says how many there are
    told = tuple(
        (label, clipped(text, most)) for label, text in section.facts[: min(count, section.rule_count or count)]
    )
    return told + _more_rules(section.rule_count - len(told), words)


def from_json(text: str) -> Message:
    """Read what `to_json` wrote."""
    document = json.loads(text)
    sections = tuple(
        Section(**{**entry, "facts": tuple(map(tuple, entry["facts"])), "steps": tuple(entry["steps"])})
        for entry in document.pop("sections")
    )
    return Message(**{**document, "incidents": tuple(document["incidents"])}, sections=sections)


def _message(
    notices: Sequence[Notice],
    left_out: Sequence[LeftOut],
    language: str,
    on: date,
    title: str,
    sections: tuple[Section, ...],
) -> Message:
    about = tuple(
        {"key": notice.reference, "event": notice.what, "kind": notice.kind, "severity": notice.severity}
        for notice in notices
    )
    more = len(notices) - MOST_SECTIONS
    closing = wording(language).more(more) if more > 0 else ""
    return Message(key_of(notices, left_out), language, on.isoformat(), title, sections, closing, about)


def _section(notice: Notice, settings: Settings, words: Wording, pages: str | None) -> Section:
    row = notice.row
    playbook = {} if notice.is_end else settings.playbooks.get(row.get("playbook_id") or "", {})
    rule = settings.rules.get(row.get("rule_id") or "", {})
    state = "found_late" if notice.what == "opened" and is_late(row) else notice.what
    return Section(
        title=words.headline(state, notice.severity, words.subject(row, rule) or notice.kind),
        text=words.text(notice.what, row),
        facts=words.facts(notice.what, row) + words.beside(_others(notice, settings, words), MOST_OTHERS),
        action=words.action(words.of(playbook, "name"), playbook.get("department")) if playbook else "",
        steps=tuple(words.of(playbook, "steps").splitlines()),
        reference=notice.reference,
        link=address_of(pages, notice.reference) if pages else "",
    )


def _about_rules(left_out: Sequence[LeftOut], words: Wording, pages: str | None) -> Section:
    """What is told of rules that were left out: which, why, and what to do."""
    told = [words.mistake(rule, MOST_OF_A_MISTAKE) for rule in left_out[:MOST_LEFT_OUT]]
    return Section(
        title=words.texts["left_out" if len(left_out) > 1 else "left_out_one"].format(count=len(left_out)),
        text=words.texts["left_out_text"],
        facts=(
            *((words.labels["rule"], text) for text in told),
            *_more_rules(len(left_out) - len(told), words),
        ),
        action="",
        steps=(),
        reference=RULES_FILE,
        link=f"{pages.rstrip('/')}{RULES_PAGE}" if pages else "",
        is_about_rules=True,
        rule_count=len(left_out),
    )


def _more_rules(count: int, words: Wording) -> tuple[tuple[str, str], ...]:
    return ((words.labels["rule"], words.texts["more_left_out"].format(count=count)),) if count > 0 else ()


def _others(notice: Notice, settings: Settings, words: Wording) -> list[tuple[str, str]]:
    """Subject and owner of what else is in the incident."""
    return [
        (words.subject(other, settings.rules.get(other["rule_id"] or "", {})) or notice.kind, other["owner"] or "")
        for other in notice.others
    ]
