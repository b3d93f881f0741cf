"""What a message looks like, in both languages and both formats: compared with files that a person has read.

After a wanted change: UPDATE_GOLDEN=1 pytest tests/watch/test_message_formats.py, then read the difference.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from alerts_for_tests import NOW, publish_alerts

from sales_warehouse.home import Home
from sales_warehouse.watch import formats
from sales_warehouse.watch.alerts import Incident, read_incidents, read_settings
from sales_warehouse.watch.message import MOST_SECTIONS, Message, bare, compose, from_json

GOLDEN = Path(__file__).with_name("golden")


def composed(home: Home, regions: int, language: str) -> Message:
    publish_alerts(home, regions)
    return compose(read_incidents(home), read_settings(home), language=language, on=NOW.date())


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("regions", [1, 2], ids=["one", "digest"])
@pytest.mark.parametrize("name", ["markdown", "plain"])
def test_messages_read_as_agreed(home: Home, language: str, regions: int, name: str) -> None:
    text = getattr(formats, name)(composed(home, regions, language))
    file = GOLDEN / f"{'one' if regions == 1 else 'digest'}.{language}.{'md' if name == 'markdown' else 'txt'}"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_the_key_is_of_the_incidents_not_of_their_order_or_language(home: Home) -> None:
    publish_alerts(home, 3)
    incidents, settings = read_incidents(home), read_settings(home)
    there = compose(incidents, settings, language="en", on=NOW.date())
    back = compose(incidents[::-1], settings, language="zh", on=NOW.date())
    assert there.key == back.key == bare(incidents, language="en", on=NOW.date()).key
    assert there.key != compose(incidents[:2], settings, language="en", on=NOW.date()).key


def test_a_message_survives_storing(home: Home) -> None:
    message = composed(home, 2, "zh")
    assert from_json(message.to_json()) == message


def test_only_the_first_are_told_in_full(home: Home) -> None:
    publish_alerts(home, 1)
    incident = read_incidents(home)[0]
    many = [replace(incident, key=f"{number}") for number in range(MOST_SECTIONS + 5)]
    message = compose(many, read_settings(home), language="en", on=NOW.date())
    assert (len(message.sections), message.closing) == (MOST_SECTIONS, "5 more are on the board.")


def test_the_most_severe_come_first(home: Home) -> None:
    publish_alerts(home, 1, severity="warning")
    publish_alerts(home, 2, severity="critical")
    assert [incident.severity for incident in read_incidents(home)] == ["critical", "critical"]


def test_text_from_a_source_cannot_become_a_link_a_mention_or_a_paragraph(home: Home) -> None:
    publish_alerts(home, 1)
    incident = read_incidents(home)[0]
    evil = "x](https://evil) <!channel> @all\n\n# Headline `code`"
    message = compose(
        [replace(incident, row={**incident.row, "top_value": evil})], read_settings(home), language="en", on=NOW.date()
    )
    text = formats.markdown(message)
    assert "](" not in text.replace("\\](", "") and "<!" not in text.replace("\\<!", "")
    assert "\n# Headline" not in text and "\\@all" in text


def test_an_alert_of_a_kind_without_words_of_its_own_has_reason_owner_and_reference(home: Home) -> None:
    row = {"severity": "info", "owner": "ops", "reason_en": "A dealer is silent.", "rule_id": "unknown"}
    message = compose([Incident("k", "alert_dealer_silent", row)], read_settings(home), language="en", on=NOW.date())
    assert formats.plain(message) == "[note] alert_dealer_silent\n\nA dealer is silent.\nOwner: ops\nReference: k\n"
