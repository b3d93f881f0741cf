"""Alerts reach people at least once, and not twice where the receiver honours the key; a receiver never stops us."""

from __future__ import annotations

import datetime
import logging
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from macros import rendered
from published_nights import EXPLAINED, NEXT, NEXT_WEEK, NOW, WEEK, Published, falls
from typer.testing import CliRunner

from sales_warehouse import sql
from sales_warehouse.cli import app
from sales_warehouse.company.alerts import AppriseCarrier as AppriseEntry
from sales_warehouse.company.alerts import FileCarrier as FileEntry
from sales_warehouse.home import Home
from sales_warehouse.watch.carriers import (
    AppriseCarrier,
    Carrier,
    FileCarrier,
    NotDelivered,
    apprise_urls,
    chosen_carriers,
    urls_of_connection,
)
from sales_warehouse.watch.incidents import decide
from sales_warehouse.watch.message import Message
from sales_warehouse.watch.notices import OVER, read_news
from sales_warehouse.watch.outbox import MOST_DAYS
from sales_warehouse.watch.telling import WatchReport, watch

CONNECTION = "AIRFLOW_CONN_SALES_ALERTS"


class Listener:
    """A carrier that keeps what it was given, or fails as it is told."""

    def __init__(self, name: str = "listener") -> None:
        self.name = name
        self.heard: list[tuple[str, Message]] = []
        self.error: Exception | None = None

    def send(self, key: str, message: Message) -> None:
        if self.error:
            raise self.error
        self.heard.append((key, message))


def told(home: Home, *carriers: Carrier, language: str = "en", at: datetime.datetime = NOW) -> WatchReport:
    return watch(home, language=language, carriers=carriers, clock=lambda: at)


def sales_alerts(*urls: str) -> list[Carrier]:
    """The carriers of a connection that holds these addresses."""
    entries = [AppriseEntry(type="apprise", connection="sales_alerts")]
    return chosen_carriers(entries, Path("messages"), lambda connection: urls)[0]


def test_before_the_first_publish_and_without_alerts_nobody_is_told(home: Home, world: Published) -> None:
    listener = Listener()
    assert told(home, listener) == WatchReport()
    world.live(falls(0))
    assert told(home, listener) == WatchReport()
    assert listener.heard == []


def test_one_breach_is_told_once_however_often_the_night_is_run(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(1))
    assert told(home, listener) == WatchReport(new=1, sent=1)
    assert told(home, listener) == WatchReport()
    world.live(falls(2))
    assert told(home, listener) == WatchReport(new=1, sent=1)
    assert ["North China" in message.title for _, message in listener.heard] == [False, True]


def test_a_breach_that_goes_on_is_not_told_again_but_once_more_when_it_is_over(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(1))
    told(home, listener)
    world.live(falls(1, NEXT_WEEK), NEXT)
    assert told(home, listener) == WatchReport()
    world.live([], "2026-07-12")
    assert told(home, listener) == WatchReport(new=1, sent=1)
    assert told(home, listener) == WatchReport()
    assert listener.heard[1][1].title == "[over] Net sales, East China: −23.4 %"


def test_what_late_data_took_back_is_told(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(2))
    told(home, listener)
    world.live(falls(1), "2026-06-30")
    assert told(home, listener) == WatchReport(new=1, sent=1)
    [section] = listener.heard[1][1].sections
    assert (section.title, section.steps) == ("[withdrawn] Net sales, North China: −23.4 %", ())
    assert section.text.startswith("Data that came late") and "2026-06-22 to 2026-06-28" in section.text


def test_of_two_things_to_tell_of_an_incident_the_last_one_is_told(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(1, severity="warning"))  # and killed before it told anybody
    world.live(falls(1), "2026-06-29")
    assert told(home, listener) == WatchReport(new=1, sent=1)
    assert listener.heard[0][1].title == "[critical, worse than before] Net sales, East China: −23.4 %"
    assert told(home, listener) == WatchReport()


def test_what_a_person_silenced_or_closed_before_anybody_was_told_stays_silent(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(3))
    world.nights.decide("fall|east|2026-06-22", "snooze", "2026-06-28", until="2026-07-02")
    world.nights.decide("fall|north|2026-06-22", "resolve", "2026-06-28")
    world.live(falls(3), "2026-06-29")
    assert told(home, listener) == WatchReport(new=1, sent=1)
    world.live(falls(3), "2026-07-02")
    assert told(home, listener) == WatchReport(new=1, sent=1)
    assert [message.title for _, message in listener.heard] == [
        "[critical] Net sales, South China: −23.4 %",
        "[critical, still open] Net sales, East China: −23.4 %",
    ]


def test_a_carrier_that_is_set_up_late_hears_what_is_open_and_no_old_ends(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(2))
    world.live(falls(1, NEXT_WEEK), NEXT)
    world.live(falls(1, "2026-07-06"), "2026-07-13")
    assert told(home, listener) == WatchReport(new=1, sent=1)
    assert "East China" in listener.heard[0][1].title
    assert told(home, listener) == WatchReport()


def test_what_ended_without_a_word_is_not_told_as_if_it_stood(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(1))
    world.nights.live("2026-06-29", [], rules="another")  # the rule was switched off
    world.publish("2026-06-29")
    assert world.nights.statuses() == {"fall|east|2026-06-22": "lapsed"}
    assert told(home, listener) == WatchReport()


def test_alerts_of_one_cause_are_one_section(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(3, cause_key="milk"))
    assert told(home, listener) == WatchReport(new=1, sent=1)
    [section] = listener.heard[0][1].sections
    assert ("Alerts in it", "3") in section.facts


def test_title_and_owner_are_of_one_alert_and_the_others_of_the_incident_are_named_with_theirs(
    home: Home, world: Published
) -> None:
    listener = Listener()
    east, north, south = [
        {**row, "owner": owner, "severity": severity}
        for row, owner, severity in zip(
            falls(3, cause_key="milk"), ("Ann", "Bob", "Cy"), ("warning", "info", "critical"), strict=True
        )
    ]
    world.live([east, north])
    told(home, listener)
    world.live([east, north, south], "2026-06-29")
    assert told(home, listener) == WatchReport(new=1, sent=1)
    world.live([east, {**north, "severity": "warning"}, south], "2026-06-30")
    assert told(home, listener) == WatchReport(new=1, sent=1)
    world.live([], "2026-07-05")
    assert told(home, listener, language="zh") == WatchReport(new=1, sent=1)
    first, second, third, end = [message.sections[0] for _, message in listener.heard]
    assert first.facts[1:] == (
        ("Alerts in it", "2"),
        ("Owner", "Ann"),
        ("Also in it", "Net sales, North China: −23.4 % (owner: Bob)"),
    )
    assert second.title == third.title == "[critical, worse than before] Net sales, South China: −23.4 %"
    assert second.facts == third.facts
    assert second.facts[2:] == (
        ("Alerts in it", "3"),
        ("Owner", "Cy"),
        ("Also in it", "Net sales, East China: −23.4 % (owner: Ann)"),
        ("Also in it", "Net sales, North China: −23.4 % (owner: Bob)"),
    )
    assert [end.title, *(value for label, value in end.facts if label in ("负责人", "同因预警"))] == [
        "【已恢复】净销售额·华南：−23.4%",
        "Cy",
        "净销售额·华东：−23.4%（负责人：Ann）",
        "净销售额·华北：−23.4%（负责人：Bob）",
    ]


def test_an_alert_that_its_rule_judges_no_more_is_neither_counted_nor_named(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(3, severity="warning", cause_key="milk"))
    told(home, listener)
    east, _, south = falls(3, "2026-07-06", cause_key="milk")
    judged = dict.fromkeys(("east", "south"), "2026-07-12")
    world.nights.live("2026-07-12", [east, {**south, "severity": "warning"}], own=judged)
    world.publish("2026-07-12")
    assert told(home, listener) == WatchReport(new=1, sent=1)
    facts = listener.heard[1][1].sections[0].facts
    assert ("Alerts in it", "2") in facts
    assert [value.split(":")[0] for label, value in facts if label == "Also in it"] == ["Net sales, South China"]


def test_messages_and_marts_agree_on_which_alerts_are_over() -> None:
    assert set(re.findall(r"'(\w+)'", rendered("{{ is_over('event_type') }}"))) == set(OVER)


def test_of_many_alerts_in_an_incident_the_first_are_named(home: Home, world: Published) -> None:
    listener = Listener()
    [east] = falls(1, cause_key="milk")
    world.live([{**east, "subject_key": f"fall|{n}", "alert_key": f"fall|{n}|{WEEK}"} for n in range(8)])
    told(home, listener)
    named = [value for label, value in listener.heard[0][1].sections[0].facts if label == "Also in it"]
    assert len(named) == 6 and named[-1] == "2 more, which the page of the incident names"


@pytest.mark.parametrize("explained", [False, True], ids=["marts of incidents alone", "and what explains them"])
def test_a_night_of_many_incidents_asks_the_marts_no_more_than_one_of_few(
    home: Home, world: Published, monkeypatch: pytest.MonkeyPatch, *, explained: bool
) -> None:
    asked, rows_of = [], sql.rows_of

    def counting(*arguments: object) -> list[dict]:
        asked.append(arguments[1])
        return rows_of(*arguments)

    monkeypatch.setattr(sql, "rows_of", counting)
    counts = []
    for number in (1, 3):
        world.live(falls(number), more=EXPLAINED if explained else "")
        asked.clear()
        assert len(read_news(home, ()).notices) == number
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0


def test_each_incident_is_told_with_what_explains_it_alone(home: Home, world: Published) -> None:
    world.live(falls(2), more=EXPLAINED)
    east, north = sorted(read_news(home, ()).notices, key=lambda notice: notice.incident_key)
    assert (east.row["cause_en"], east.row["event_zh"]) == (
        "Formula in East China: −12,600.00, 100 % of the change.", "竞品自 2026-06-20 起买一赠一。"
    )  # fmt: skip
    assert (north.row["cause_en"], north.row["event_zh"]) == ("", "")
    assert (east.row["playbook_id"], north.row["playbook_id"]) == ("intercept", "regional_fall")


def test_many_breaches_are_one_digest(home: Home, world: Published) -> None:
    listener = Listener()
    world.live(falls(3))
    assert told(home, listener) == WatchReport(new=3, sent=1)
    assert listener.heard[0][1].title == "3 sales alerts: 3 critical"
    assert len(listener.heard[0][1].sections) == 3


def test_a_carrier_that_is_down_is_tried_again_with_the_same_message(home: Home, world: Published) -> None:
    down, up = Listener(), Listener("other")
    down.error = NotDelivered("the receiver answered 503")
    world.live(falls(1))
    report = told(home, down, up)
    assert (report.new, report.sent, report.pending) == (1, 1, 1)
    assert report.failures == [
        "listener: the receiver answered 503 (attempt 1): [critical] Net sales, East China: −23.4 %"
    ]
    world.live(falls(2))
    down.error = None
    assert told(home, down, up) == WatchReport(new=1, sent=3)
    assert [key for key, _ in down.heard] == [key for key, _ in up.heard], "the late message kept its key"


class Faltering(Listener):
    """A listener that fails its first sends, so many as it is told."""

    def __init__(self, fails: int) -> None:
        super().__init__()
        self.fails = fails

    def send(self, key: str, message: Message) -> None:
        self.fails -= 1
        if self.fails >= 0:
            raise NotDelivered("down")
        super().send(key, message)


def test_of_an_incident_nothing_is_told_before_what_failed_earlier(home: Home, world: Published) -> None:
    faltering, other, day = Faltering(2), Listener("other"), datetime.timedelta(days=1)
    world.live(falls(1))
    told(home, faltering, other)
    world.live([], NEXT)
    report = told(home, faltering, other, at=NOW + day)
    assert (report.sent, report.pending, len(report.failures)) == (1, 2, 1)
    assert told(home, faltering, other, at=NOW + 2 * day) == WatchReport(sent=2)
    assert [message.title for _, message in faltering.heard] == [message.title for _, message in other.heard]
    assert [message.title.partition("]")[0] for _, message in faltering.heard] == ["[critical", "[over"]


def test_a_message_that_is_refused_holds_back_only_what_speaks_of_the_same(home: Home, world: Published) -> None:
    class Squeamish(Listener):
        def send(self, key: str, message: Message) -> None:
            if "East China" in message.title:
                raise NotDelivered("refused")
            super().send(key, message)

    listener, day = Squeamish(), datetime.timedelta(days=1)
    world.live(falls(1, severity="warning"))
    told(home, listener)
    world.live([*falls(1), *falls(2)[1:]], "2026-06-29")
    told(home, listener, at=NOW + day)
    assert listener.heard == [], "it speaks of both"
    world.live([*falls(1), *falls(3)[1:]], "2026-06-30")
    report = told(home, listener, at=NOW + 2 * day)
    assert (report.sent, report.pending) == (1, 2)
    assert [message.title for _, message in listener.heard] == ["[critical] Net sales, South China: −23.4 %"]
    with sqlite3.connect(home.dir / "watch" / "outbox.sqlite") as outbox:
        assert outbox.execute("SELECT state, attempts, last_error FROM deliveries ORDER BY rowid").fetchall() == [
            ("pending", 3, "refused"),
            ("pending", 0, "waits for an earlier message about the same incident"),
            ("sent", 1, None),
        ]


def test_what_waits_behind_another_message_is_given_up_after_its_days_too(home: Home, world: Published) -> None:
    listener, day = Listener(), datetime.timedelta(days=1)
    listener.error = NotDelivered("down")
    world.live(falls(1, severity="warning"))
    told(home, listener)
    world.live(falls(1), "2026-06-29")
    reports = [told(home, listener, at=NOW + days * day) for days in (1, MOST_DAYS, MOST_DAYS + 1)]
    assert [report.pending for report in reports] == [2, 1, 0]


@pytest.mark.parametrize("is_personal", [False, True], ids=["named", "about a person"])
@pytest.mark.parametrize(
    "decided", [{"decision": "resolve"}, {"decision": "snooze", "until": datetime.date(2026, 7, 10)}], ids=str
)
def test_a_late_message_is_dropped_where_a_person_has_closed_or_snoozed_all_of_it(
    home: Home, world: Published, decided: dict, *, is_personal: bool
) -> None:
    listener, day = Listener(), datetime.timedelta(days=1)
    listener.error = NotDelivered("down")
    world.live(falls(2, is_personal=is_personal))
    told(home, listener)
    decide(home, "fall|east|2026-06-22", by="Ann", **decided)
    assert told(home, listener, at=NOW + day).pending == 1, "the north still stands"
    decide(home, "fall|north|2026-06-22", by="Ann", **decided)
    listener.error = None
    assert told(home, listener, at=NOW + 2 * day) == told(home, listener, at=NOW + 3 * day) == WatchReport()
    assert listener.heard == []
    with sqlite3.connect(home.dir / "watch" / "outbox.sqlite") as outbox:
        assert outbox.execute("SELECT state, last_error FROM deliveries").fetchall() == [
            ("failed", "overtaken: a person closed or snoozed every incident in it before it was delivered")
        ]


def test_a_late_message_about_what_somebody_is_at_work_on_or_what_ended_by_itself_is_told(
    home: Home, world: Published
) -> None:
    listener, day = Listener(), datetime.timedelta(days=1)
    listener.error = NotDelivered("down")
    world.live(falls(2))
    told(home, listener)
    decide(home, "fall|east|2026-06-22", "acknowledge", by="Ann")
    world.live(falls(1, NEXT_WEEK), NEXT)
    listener.error = None
    assert told(home, listener, at=NOW + day) == WatchReport(new=1, sent=2)
    assert [message.title.partition(" ")[0] for _, message in listener.heard] == ["2", "[over]"]


def test_an_unexpected_error_of_a_carrier_is_named_without_its_text(home: Home, world: Published) -> None:
    listener = Listener()
    listener.error = RuntimeError("https://me:canary@host failed")
    world.live(falls(1))
    report = told(home, listener)
    assert "RuntimeError" in report.failures[0] and "canary" not in report.failures[0]


def test_what_cannot_be_delivered_is_given_up_after_days_however_often_it_was_tried(
    home: Home, world: Published
) -> None:
    listener = Listener()
    listener.error = NotDelivered("down")
    world.live(falls(1))
    tries = [NOW + datetime.timedelta(hours=hours) for hours in (*range(11), 24 * MOST_DAYS - 1, 24 * MOST_DAYS)]
    reports = [told(home, listener, at=at) for at in tries]
    assert [report.pending for report in reports] == [1] * 12 + [0]
    assert reports[-1].failures == [
        "listener: down (attempt 13, given up after 7 days): [critical] Net sales, East China: −23.4 %"
    ]
    with sqlite3.connect(home.dir / "watch" / "outbox.sqlite") as outbox:
        assert outbox.execute("SELECT state, attempts, last_error FROM deliveries").fetchall() == [
            ("failed", 13, "down")
        ]


def test_a_carrier_that_works_again_after_it_was_given_up_hears_what_still_stands(home: Home, world: Published) -> None:
    listener, week = Listener(), datetime.timedelta(days=MOST_DAYS)
    listener.error = NotDelivered("down")
    world.live(falls(2))
    told(home, listener)
    told(home, listener, at=NOW + week)
    world.live(falls(1, NEXT_WEEK), NEXT)
    world.live(falls(1, "2026-07-06"), "2026-07-14")
    listener.error = None
    assert told(home, listener, at=NOW + 2 * week) == WatchReport(new=1, sent=1)
    assert listener.heard[0][1].title == "[critical] Net sales, East China: −23.4 %"
    assert told(home, listener, at=NOW + 2 * week) == WatchReport()


def test_what_a_later_message_says_of_an_incident_is_not_said_again_when_the_first_one_is_given_up(
    home: Home, world: Published
) -> None:
    listener, day = Listener(), datetime.timedelta(days=1)
    listener.error = NotDelivered("down")
    world.live(falls(1, severity="warning"))
    told(home, listener)
    world.live(falls(1), "2026-06-29")
    told(home, listener, at=NOW + day)
    assert told(home, listener, at=NOW + MOST_DAYS * day).pending == 1
    listener.error = None
    assert told(home, listener, at=NOW + 8 * day) == WatchReport(sent=1)
    assert [message.title for _, message in listener.heard] == [
        "[critical, worse than before] Net sales, East China: −23.4 %"
    ]


def test_a_carrier_that_was_away_for_weeks_hears_what_stands_and_not_what_waited_for_it(
    home: Home, world: Published
) -> None:
    listener, other, day = Listener(), Listener("other"), datetime.timedelta(days=1)
    listener.error = NotDelivered("down")
    world.live(falls(2))
    told(home, listener, other)
    world.live(falls(1, NEXT_WEEK), NEXT)
    world.live(falls(1, "2026-07-06"), "2026-07-14")
    told(home, other, at=NOW + 6 * day)  # the listener is not in alerts.yml any more
    listener.error = None
    report = told(home, listener, other, at=NOW + 16 * day)
    assert report.failures == ["listener: given up after 7 days: 2 sales alerts: 2 critical"]
    assert [message.title for _, message in listener.heard] == ["[critical] Net sales, East China: −23.4 %"]
    assert told(home, listener, other, at=NOW + 17 * day) == WatchReport()


def test_the_same_news_is_told_by_a_carrier_that_works_again_after_it_was_given_up(
    home: Home, world: Published
) -> None:
    listener = Listener()
    listener.error = NotDelivered("down")
    world.live(falls(1))
    for days in (0, MOST_DAYS):
        told(home, listener, at=NOW + datetime.timedelta(days=days))
    listener.error = None
    assert told(home, listener, at=NOW + datetime.timedelta(days=8)) == WatchReport(new=1, sent=1)


def test_a_carrier_that_is_mended_hears_what_the_others_were_told(home: Home, world: Published) -> None:
    file, mended = Listener("file"), Listener()
    world.live(falls(1))
    assert told(home, file) == WatchReport(new=1, sent=1)
    assert told(home, file, mended) == WatchReport(new=1, sent=1)
    assert told(home, file, mended) == WatchReport()
    assert len(file.heard) == len(mended.heard) == 1


def test_a_message_waits_for_its_address_while_that_gets_another_token(home: Home, world: Published, receiver) -> None:
    world.live(falls(1))
    receiver.status = 401
    report = told(home, *sales_alerts(receiver.url.replace("token", "old")))
    assert (report.pending, report.failures[0].partition(":")[0]) == (1, "sales_alerts 1")
    receiver.status = 200
    assert told(home, *sales_alerts(receiver.url)) == WatchReport(sent=1)
    assert [key for key, _ in receiver.received] == [receiver.received[0][0]]


def test_an_outbox_that_an_older_release_wrote_is_gone_on_with(home: Home, world: Published) -> None:
    world.live(falls(2))
    home.watch.mkdir(parents=True)
    with sqlite3.connect(home.watch / "outbox.sqlite") as outbox:
        outbox.executescript("""
            CREATE TABLE incidents (incident_key PRIMARY KEY, message_key, payload, created_at);
            CREATE TABLE deliveries (message_key, carrier, payload, state, attempts DEFAULT 0, last_error, created_at,
                sent_at, PRIMARY KEY (message_key, carrier));
            INSERT INTO incidents VALUES ('fall|east|2026-06-22', 'm1', '', ''),
                ('fall|north|2026-06-22', 'm2', '', '');
            INSERT INTO deliveries VALUES ('m1', 'json-0a1b2c3d', '{}', 'sent', 1, NULL, '', ''),
                ('m2', 'json-0a1b2c3d', '{}', 'pending', 1, 'down', '', NULL);
        """)
    listener = Listener()
    assert told(home, listener) == WatchReport(new=1, sent=1)
    assert "North China" in listener.heard[0][1].title
    assert told(home, listener) == WatchReport()


def test_without_any_carrier_an_incident_stays_new(home: Home, world: Published) -> None:
    world.live(falls(1))
    assert told(home) == WatchReport()
    assert told(home, Listener()).new == 1


def test_what_cannot_be_worded_is_told_all_the_same_without_its_texts(
    home: Home, world: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    world.live(falls(1))
    monkeypatch.setattr("sales_warehouse.watch.wording.is_personal", lambda row: 1 // 0)
    assert told(home, listener) == WatchReport(new=1, sent=1)
    [section] = listener.heard[0][1].sections
    assert (dict(section.facts), section.reference) == (
        {"event": "opened", "severity": "critical"},
        "fall|east|2026-06-22",
    )


def test_files_are_one_for_each_message_whatever_is_sent_twice(home: Home, world: Published) -> None:
    listener, carrier = Listener(), FileCarrier(home.messages)
    world.live(falls(1))
    told(home, listener, carrier)
    key, message = listener.heard[0]
    carrier.send(key, message)
    files = list(home.messages.iterdir())
    assert len(files) == 1 and files[0].name.endswith(f"-{NOW:%Y-%m-%d}.md")
    assert files[0].read_text().startswith("# \\[critical\\] Net sales, East China")


def test_a_file_is_plain_where_markdown_fails(home: Home, world: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sales_warehouse.watch.formats.markdown", lambda message, titled: 1 // 0)
    world.live(falls(1))
    assert told(home, FileCarrier(home.messages)) == WatchReport(new=1, sent=1)
    assert next(home.messages.iterdir()).read_text().startswith("[critical] Net sales, East China")


def test_a_web_hook_gets_the_message_with_its_key(home: Home, world: Published, receiver) -> None:
    world.live(falls(1))
    assert told(home, AppriseCarrier(receiver.url, "sales_alerts")) == WatchReport(new=1, sent=1)
    (key, body), *others = receiver.received
    assert others == [] and len(key) == 32
    assert body["title"] == "[critical] Net sales, East China: −23.4 %"
    assert body["message"].startswith("Net sales of East China fell") and "fall|east|2026-06-22" in body["message"]


def test_no_secret_of_an_address_is_logged_or_reported(
    home: Home, world: Published, receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world.live(falls(1))
    receiver.status = 500
    failing = told(home, AppriseCarrier(receiver.url, "sales_alerts"))
    receiver.status = 200
    unreachable = "json://me:canary@127.0.0.1:9/canary"
    with pytest.raises(ValueError, match="address 1 "):
        AppriseCarrier("nonsense://canary@host", "sales_alerts")
    told(home, AppriseCarrier(receiver.url, "sales_alerts"))
    world.live(falls(2))
    down = told(home, AppriseCarrier(unreachable, "sales_alerts"))
    assert failing.failures[0].partition(": ")[2].startswith("the receiver answered 500 (attempt 1)")
    assert "could not be reached" in down.failures[0]
    everything = caplog.text + "".join(capfd.readouterr()) + str(failing) + str(down)
    outbox = (home.dir / "watch" / "outbox.sqlite").read_bytes()
    assert "canary" not in everything and b"canary" not in outbox


def test_the_carriers_of_a_company_are_those_of_its_file() -> None:
    entries = [FileEntry(type="file"), AppriseEntry(type="apprise", connection="sales_alerts")]
    good, wrong = chosen_carriers(
        entries, Path("messages"), {"sales_alerts": ["json://localhost/a", "json://localhost/b"]}.get
    )
    assert [carrier.name for carrier in good] == ["file", "sales_alerts 1", "sales_alerts 2"] and wrong == []


def test_an_address_that_two_entries_lead_to_is_one_carrier() -> None:
    entries = [AppriseEntry(type="apprise", connection=name) for name in ("sales_alerts", "managers")]
    good, wrong = chosen_carriers(entries, Path("messages"), lambda connection: ["json://localhost/a"])
    assert [carrier.name for carrier in good] == ["sales_alerts 1"] and wrong == []


def test_an_address_that_cannot_be_read_leaves_the_others_of_its_connection() -> None:
    urls = ["slak://canary", "json://localhost/b"]
    good, [wrong] = chosen_carriers(
        [AppriseEntry(type="apprise", connection="sales_alerts")], Path("messages"), lambda connection: urls
    )
    assert [carrier.name for carrier in good] == ["sales_alerts 2"]
    assert "address 1 (slak) cannot be read" in wrong and "canary" not in wrong


def test_a_carrier_that_is_not_set_up_is_named_and_the_others_stay() -> None:
    entries = [FileEntry(type="file"), AppriseEntry(type="apprise", connection="sales_alerts")]
    good, wrong = chosen_carriers(entries, Path("messages"), lambda connection: [])
    assert [carrier.name for carrier in good] == ["file"]
    assert "'sales_alerts': add one there, or set SALES_WAREHOUSE_APPRISE_URLS" in wrong[0]


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, ""),  # Airflow's store has them
        ({"SALES_WAREHOUSE_APPRISE_URLS": "json://localhost/canary"}, ""),
        ({"SALES_WAREHOUSE_APPRISE_URLS": "json://localhost slak://canary/a"}, "address 2 (slak) cannot be read"),
        ({"SALES_WAREHOUSE_APPRISE_URLS": "json://localhost canary"}, "address 2 (without a scheme) cannot be read"),
        ({"SALES_WAREHOUSE_APPRISE_URLS_FILE": "/nowhere/canary"}, "a file that cannot be read: No such file"),
        ({CONNECTION: '{"conn_type": "apprise", "extra": {"config": {"path": "json://localhost"}}}'}, ""),
        ({CONNECTION: '{"extra": "{\\"config\\": [{\\"path\\": \\"slak://canary\\"}]}"}'}, "address 1 (slak)"),
        ({CONNECTION: "apprise://canary"}, "AIRFLOW_CONN_SALES_ALERTS is not JSON"),
    ],
)  # fmt: skip
def test_an_address_that_is_wrong_is_said_before_the_run_without_its_secret(
    environment: dict[str, str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SALES_WAREHOUSE_APPRISE_URLS", "SALES_WAREHOUSE_APPRISE_URLS_FILE", CONNECTION):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    example = Path(__file__).parents[2] / "docs" / "example"
    shutil.copytree(example, tmp_path / "company")
    (tmp_path / "company" / "alerts.yml").write_text(
        "carriers:\n  - {type: file}\n  - {type: apprise, connection: sales_alerts}\n", encoding="utf-8"
    )
    done = CliRunner().invoke(app, ["check", "--company", str(tmp_path / "company")])
    assert "canary" not in done.output
    if why:
        assert done.exit_code == 2 and "alerts.yml: carriers, entry 2: " in done.output.replace("\n", "")
        assert why in " ".join(done.output.split())
    else:
        assert done.exit_code == 0, done.output


def test_addresses_come_from_the_environment_a_file_or_a_connection(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("json://a\njson://b\n")
    assert apprise_urls({}) == []
    assert apprise_urls({"SALES_WAREHOUSE_APPRISE_URLS": "json://a json://b"}) == ["json://a", "json://b"]
    assert apprise_urls({"SALES_WAREHOUSE_APPRISE_URLS_FILE": str(file)}) == ["json://a", "json://b"]
    assert urls_of_connection({"config": {"path": "json://a", "tag": "x"}}) == ["json://a"]
    assert urls_of_connection({"config": [{"path": "json://a"}, {"path": "json://b"}]}) == ["json://a", "json://b"]
    assert urls_of_connection({}) == []


def test_the_clock_is_the_callers(home: Home, world: Published) -> None:
    world.live(falls(1))
    told(home, Listener())
    with sqlite3.connect(home.dir / "watch" / "outbox.sqlite") as outbox:
        noted = outbox.execute("SELECT created_at, sent_at FROM deliveries").fetchone()
    assert [datetime.datetime.fromisoformat(moment) for moment in noted] == [NOW, NOW]
