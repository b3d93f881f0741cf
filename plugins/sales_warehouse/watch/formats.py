"""How a message looks: Markdown, or plain text where that is all a receiver shows."""

from __future__ import annotations

import re

from sales_warehouse.watch.message import Message, Section
from sales_warehouse.watch.wording import Wording, wording

# What a chat or a mail program would read as markup, a link or a mention, were it in a product's name.
MARKUP = re.compile(r"([\\`*_\[\]<>#|~@])")


def markdown(message: Message, *, titled: bool = True) -> str:
    """The message in the Markdown that mail, WeCom, DingTalk, Feishu and Slack have in common."""
    words = wording(message.language)
    blocks = [f"# {escape(message.title)}"] if titled else []
    for number, section in enumerate(message.sections, start=1):
        if _is_headed(message, section):
            blocks.append(f"## {number}. {escape(section.title)}")
        blocks += _markdown_section(section, words)
    if message.closing:
        blocks.append(escape(message.closing))
    return "\n\n".join(blocks) + "\n"


def plain(message: Message, *, titled: bool = True) -> str:
    """The message without any markup."""
    words = wording(message.language)
    blocks = [_line(message.title)] if titled else []
    for number, section in enumerate(message.sections, start=1):
        heading = [f"{number}. {_line(section.title)}"] if _is_headed(message, section) else []
        blocks.append("\n".join([*heading, *_plain_section(section, words)]))
    if message.closing:
        blocks.append(message.closing)
    return "\n\n".join(blocks) + "\n"


def _is_headed(message: Message, section: Section) -> bool:
    """A section that is alone needs no heading beside a title that says the same."""
    return len(message.sections) > 1 or section.title != message.title


def _markdown_section(section: Section, words: Wording) -> list[str]:
    facts = [words.texts["label"].format(label=f"**{label}**", value=escape(value)) for label, value in section.facts]
    blocks = [escape(section.text), "\n".join(f"- {fact}" for fact in facts)]
    if section.action:
        steps = [f"{number}. {escape(step)}" for number, step in enumerate(section.steps, start=1)]
        blocks.append("\n".join([f"**{escape(section.action)}**", "", *steps]).rstrip())
    reference = "`" + _line(section.reference).replace("`", "'") + "`"
    blocks.append(words.texts["label"].format(label=words.labels["reference"], value=reference))
    if section.link:
        blocks.append(f"[{_link_name(section, words)}]({section.link})")
    return [block for block in blocks if block]


def _plain_section(section: Section, words: Wording) -> list[str]:
    lines = [_line(section.text)] if section.text else []
    lines += [words.texts["label"].format(label=label, value=_line(value)) for label, value in section.facts]
    lines += [_line(section.action)] if section.action else []
    lines += [f"{number}) {_line(step)}" for number, step in enumerate(section.steps, start=1)]
    lines.append(words.texts["label"].format(label=words.labels["reference"], value=_line(section.reference)))
    if section.link:
        lines.append(words.texts["label"].format(label=_link_name(section, words), value=section.link))
    return lines


def _link_name(section: Section, words: Wording) -> str:
    return words.labels["rules_link" if section.is_about_rules else "link"]


def _line(text: str) -> str:
    """Text on one line: a name from a source must not open a paragraph of its own."""
    return " ".join(text.split())


def escape(text: str) -> str:
    """Return text on one line without anything that Markdown, or a chat, would read as markup."""
    return MARKUP.sub(r"\\\1", _line(text))
