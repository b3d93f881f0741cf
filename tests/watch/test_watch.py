"""Alerts reach people at least once, and not twice where the receiver honours the key; a receiver never stops us."""

from __future__ import annotations

import datetime
import logging
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alerts_for_tests import NOW, clock, publish_alerts

from sales_warehouse.company.alerts import AppriseCarrier as AppriseEntry
from sales_warehouse.company.alerts import FileCarrier as FileEntry
from sales_warehouse.home import Home
from sales_warehouse.watch import WatchReport, watch
from sales_warehouse.watch.carriers import (
    AppriseCarrier,
    Carrier,
    FileCarrier,
    NotDelivered,
    apprise_carriers,
    apprise_urls,
    chosen_carriers,
    urls_of_connection,
)
from sales_warehouse.watch.message import Message
from sales_warehouse.watch.outbox import MOST_ATTEMPTS


class Listener:
    """A carrier that keeps what it was given, or fails as it is told."""

    name = "listener"

    def __init__(self) -> None:
        self.heard: list[tuple[str, Message]] = []
        self.error: Exception | None = None

    def send(self, key: str, message: Message) -> None:
        if self.error:
            raise self.error
        self.heard.append((key, message))


def told(home: Home, *carriers: Carrier, language: str = "en") -> WatchReport:
    return watch(home, language=language, carriers=carriers, clock=clock)


def test_before_the_first_publish_and_without_alerts_nobody_is_told(home: Home) -> None:
    listener = Listener()
    assert told(home, listener) == WatchReport()
    publish_alerts(home, 0)
    assert told(home, listener) == WatchReport()
    assert listener.heard == []


def test_one_breach_is_told_once_however_often_the_night_is_run(home: Home) -> None:
    listener = Listener()
    publish_alerts(home, 1)
    assert told(home, listener) == WatchReport(new=1, sent=1)
    assert told(home, listener) == WatchReport()
    publish_alerts(home, 2)
    assert told(home, listener) == WatchReport(new=1, sent=1)
    assert ["North China" in message.title for _, message in listener.heard] == [False, True]


def test_a_breach_of_the_next_week_is_another_one(home: Home) -> None:
    listener = Listener()
    publish_alerts(home, 1)
    told(home, listener)
    publish_alerts(home, 1, week="2026-06-29")
    assert told(home, listener) == WatchReport(new=1, sent=1)


def test_many_breaches_are_one_digest(home: Home) -> None:
    listener = Listener()
    publish_alerts(home, 3)
    assert told(home, listener) == WatchReport(new=3, sent=1)
    assert listener.heard[0][1].title == "3 sales alerts: 3 critical"
    assert len(listener.heard[0][1].sections) == 3


def test_a_carrier_that_is_down_is_tried_again_with_the_same_message(home: Home) -> None:
    down, up = Listener(), Listener()
    up.name = "other"
    down.error = NotDelivered("the receiver answered 503")
    publish_alerts(home, 1)
    report = told(home, down, up)
    assert (report.new, report.sent, report.pending) == (1, 1, 1)
    assert report.failures == [
        "listener: the receiver answered 503 (attempt 1): [critical] Net sales of a region fell: East China, −23.4 %"
    ]
    publish_alerts(home, 2)
    down.error = None
    assert told(home, down, up) == WatchReport(new=1, sent=3)
    assert [key for key, _ in down.heard] == [key for key, _ in up.heard], "the late message kept its key"


def test_an_unexpected_error_of_a_carrier_is_named_without_its_text(home: Home) -> None:
    listener = Listener()
    listener.error = RuntimeError("https://me:canary@host failed")
    publish_alerts(home, 1)
    report = told(home, listener)
    assert "RuntimeError" in report.failures[0] and "canary" not in report.failures[0]


def test_a_receiver_that_never_answers_is_given_up_at_last(home: Home) -> None:
    listener = Listener()
    listener.error = NotDelivered("down")
    publish_alerts(home, 1)
    pending = [told(home, listener).pending for _ in range(MOST_ATTEMPTS + 1)]
    assert pending == [1] * (MOST_ATTEMPTS - 1) + [0, 0]
    with sqlite3.connect(home.dir / "watch" / "outbox.sqlite") as outbox:
        assert outbox.execute("SELECT state, attempts, last_error FROM deliveries").fetchall() == [
            ("failed", MOST_ATTEMPTS, "down")
        ]


def test_without_any_carrier_an_incident_stays_new(home: Home) -> None:
    publish_alerts(home, 1)
    assert told(home) == WatchReport()
    assert told(home, Listener()).new == 1


def test_a_row_that_cannot_be_worded_is_told_all_the_same(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener()
    publish_alerts(home, 1)
    monkeypatch.setattr("sales_warehouse.watch.wording.percent", lambda rate, words: 1 // 0)
    assert told(home, listener) == WatchReport(new=1, sent=1)
    facts = dict(listener.heard[0][1].sections[0].facts)
    assert (facts["region_key"], facts["value"]) == ("east", "1234567.88500000")


def test_files_are_one_for_each_message_whatever_is_sent_twice(home: Home) -> None:
    listener, carrier = Listener(), FileCarrier(home.messages)
    publish_alerts(home, 1)
    told(home, listener, carrier)
    key, message = listener.heard[0]
    carrier.send(key, message)
    files = list(home.messages.iterdir())
    assert len(files) == 1 and files[0].name.endswith(f"-{NOW:%Y-%m-%d}.md")
    assert files[0].read_text().startswith("# \\[critical\\] Net sales of a region fell")


def test_a_file_is_plain_where_markdown_fails(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sales_warehouse.watch.formats.markdown", lambda message, titled: 1 // 0)
    publish_alerts(home, 1)
    assert told(home, FileCarrier(home.messages)) == WatchReport(new=1, sent=1)
    assert next(home.messages.iterdir()).read_text().startswith("[critical] Net sales of a region fell")


def test_a_web_hook_gets_the_message_with_its_key(home: Home, receiver) -> None:
    publish_alerts(home, 1)
    assert told(home, AppriseCarrier(receiver.url)) == WatchReport(new=1, sent=1)
    (key, body), *others = receiver.received
    assert others == [] and len(key) == 32
    assert body["title"] == "[critical] Net sales of a region fell: East China, −23.4 %"
    assert body["message"].startswith("Net sales of East China fell") and "fall|east|2026-06-22" in body["message"]


def test_killed_between_sending_and_noting_it_the_same_key_comes_again(home: Home, receiver) -> None:
    publish_alerts(home, 1)
    child = (
        "import sys; from pathlib import Path; from sales_warehouse.home import Home\n"
        "from sales_warehouse.watch import watch; from sales_warehouse.watch.carriers import AppriseCarrier\n"
        "watch(Home(Path(sys.argv[1]), 'acme'), language='en', carriers=[AppriseCarrier(sys.argv[2])])\n"
    )
    command = [sys.executable, "-c", child, str(home.root), receiver.url]
    killed = subprocess.run(
        command, env={**os.environ, "SALES_WAREHOUSE_FAILPOINT": "watch.after_send"}, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL, "the failpoint was not reached"
    assert told(home, AppriseCarrier(receiver.url)) == WatchReport(new=0, sent=1)
    assert [key for key, _ in receiver.received] == [receiver.received[0][0]] * 2
    assert receiver.received[0][1] == receiver.received[1][1]
    assert told(home, AppriseCarrier(receiver.url)) == WatchReport()


def test_no_secret_of_an_address_is_logged_or_reported(
    home: Home, receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    publish_alerts(home, 1)
    receiver.status = 500
    failing = told(home, AppriseCarrier(receiver.url))
    receiver.status = 200
    unreachable = "json://me:canary@127.0.0.1:9/canary"
    with pytest.raises(ValueError, match="address 1 "):
        apprise_carriers(["nonsense://canary@host"])
    told(home, AppriseCarrier(receiver.url))
    publish_alerts(home, 2)
    down = told(home, AppriseCarrier(unreachable))
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
    assert [carrier.name.partition("-")[0] for carrier in good] == ["file", "json", "json"]
    assert len({carrier.name for carrier in good}) == 3 and wrong == []


def test_a_carrier_that_is_not_set_up_is_named_and_the_others_stay() -> None:
    entries = [FileEntry(type="file"), AppriseEntry(type="apprise", connection="sales_alerts")]
    good, wrong = chosen_carriers(entries, Path("messages"), lambda connection: [])
    assert [carrier.name for carrier in good] == ["file"]
    assert "'sales_alerts': add one there, or set SALES_WAREHOUSE_APPRISE_URLS" in wrong[0]


def test_addresses_come_from_the_environment_a_file_or_a_connection(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("json://a\njson://b\n")
    assert apprise_urls({}) == []
    assert apprise_urls({"SALES_WAREHOUSE_APPRISE_URLS": "json://a json://b"}) == ["json://a", "json://b"]
    assert apprise_urls({"SALES_WAREHOUSE_APPRISE_URLS_FILE": str(file)}) == ["json://a", "json://b"]
    assert urls_of_connection({"config": {"path": "json://a", "tag": "x"}}) == ["json://a"]
    assert urls_of_connection({"config": [{"path": "json://a"}, {"path": "json://b"}]}) == ["json://a", "json://b"]
    assert urls_of_connection({}) == []


def test_the_clock_is_the_callers(home: Home) -> None:
    publish_alerts(home, 1)
    told(home, Listener())
    with sqlite3.connect(home.dir / "watch" / "outbox.sqlite") as outbox:
        noted = outbox.execute("SELECT created_at, sent_at FROM deliveries").fetchone()
    assert [datetime.datetime.fromisoformat(moment) for moment in noted] == [NOW, NOW]
