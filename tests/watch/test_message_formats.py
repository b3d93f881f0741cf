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


SALES = """
create table marts.dim_regions as
    from (values ('east', 'East China', '华东')) as t(region_key, region_name_en, region_name_zh);
create table marts.dim_channels as
    from (values ('web', 'Online', '线上')) as t(channel, channel_name_en, channel_name_zh);
create table marts.dim_sales_reps as from (values ('S1', 'Li Lei'), ('S2', 'Han')) as t(rep_key, rep_name);
create table marts.fct_sales_daily as
select date '2026-06-15' + cast(day as integer) as sales_date, 'east' as region_key, channel, rep_key, product_line,
    product_line as category,
    cast(case when day >= 7 and product_line = 'Pumps' and rep_key = 'S1' then 100 else 1000 end as decimal(18, 4))
        as net_sales_amount
from range(14) as days(day), (values ('shop'), ('web')) as c(channel), (values ('S1'), ('S2')) as s(rep_key),
    (values ('Pumps'), ('Valves'), ('Pipes')) as l(product_line)
"""


def test_a_fall_is_told_with_the_cells_behind_it_and_no_seller(home: Home) -> None:
    publish_alerts(home, 1, more=SALES)
    incidents, settings = read_incidents(home), read_settings(home)
    english, chinese = (
        compose(incidents, settings, language=language, on=NOW.date()).sections[0].text for language in ("en", "zh")
    )
    assert english == (
        "Net sales of East China fell by 23.4 %. product line Pumps: −12,600.00, 100 % of the change, "
        "from 28,000.00 to 15,400.00. Without this cell the change would be 0.00."
    )
    assert chinese == (
        "华东净销售额下降 23.4%。产品线「Pumps」：−12,600.00，占变化的 100%，由 28,000.00 变为 15,400.00。"
        "若没有这一单元格，变化为 0.00。"
    )
    assert "Li Lei" not in english


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
        [replace(incident, row={**incident.row, "reason_en": evil})], read_settings(home), language="en", on=NOW.date()
    )
    text = formats.markdown(message)
    assert "](" not in text.replace("\\](", "") and "<!" not in text.replace("\\<!", "")
    assert "\n# Headline" not in text and "\\@all" in text


def test_an_alert_of_a_kind_without_words_of_its_own_has_reason_owner_and_reference(home: Home) -> None:
    row = {"severity": "info", "owner": "ops", "reason_en": "A dealer is silent.", "rule_id": "unknown"}
    message = compose([Incident("k", "alert_dealer_silent", row)], read_settings(home), language="en", on=NOW.date())
    assert formats.plain(message) == "[note] alert_dealer_silent\n\nA dealer is silent.\nOwner: ops\nReference: k\n"
