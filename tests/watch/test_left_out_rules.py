"""A rule of alerts with a mistake is not silent: people are told of it once, and its incidents stay as they are."""

from __future__ import annotations

import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from late_nights import FALL, LateNights
from published_nights import BROKEN, NOW, Published, falls, leave_out

from sales_warehouse.home import Home
from sales_warehouse.watch import telling
from sales_warehouse.watch.carriers import FileCarrier, NotDelivered
from sales_warehouse.watch.left_out import read_left_out
from sales_warehouse.watch.message import Message
from sales_warehouse.watch.outbox import MOST_DAYS
from sales_warehouse.watch.telling import WatchReport

RULE, NAMELESS = BROKEN
DAY = datetime.timedelta(days=1)


class Listener:
    """A carrier that keeps what it was given, or fails as it is told."""

    def __init__(self, name: str = "listener") -> None:
        self.name, self.error = name, None
        self.heard: list[Message] = []

    def send(self, key: str, message: Message) -> None:
        if self.error:
            raise self.error
        self.heard.append(message)


@pytest.fixture
def listener() -> Listener:
    return Listener()


def told(home: Home, *carriers: Listener, at: datetime.datetime = NOW) -> WatchReport:
    return telling.watch(home, language="en", carriers=carriers, pages="https://a.example", clock=lambda: at)


def changed(rule: tuple, **parts: object) -> tuple:
    places = {"number": 0, "line": 1, "state": 6, "mistake": 8}
    row = list(rule)
    for name, value in parts.items():
        row[places[name]] = value
    return tuple(row)


def test_it_is_told_on_the_first_night_alone_where_there_is_no_other_news(home: Home, listener: Listener) -> None:
    leave_out(home, RULE)
    assert told(home, listener) == WatchReport(sent=1)
    assert told(home, listener, at=NOW + DAY) == WatchReport()
    [message] = listener.heard
    [section] = message.sections
    assert message.title == section.title == "[not judged] An alert rule has a mistake"
    assert section.facts == (
        ("Rule", "Goods come back (returns, line 21, metric): unknown metric 'retun_rate'; did you mean 'return_rate'? "
         "– owner: Customer service"),
    )  # fmt: skip
    assert "until alerts.yml is mended" in section.text.lower() and "sales-warehouse check" in section.text
    assert section.link == "https://a.example/sales-warehouse/alert-rules"


def test_what_a_release_without_chinese_has_noted_is_told_as_it_is(home: Home) -> None:
    leave_out(home, RULE)
    file = home.settings / "left_out_rules.parquet"
    assert read_left_out(home)[0].said("zh") == "未知的指标 'retun_rate'，是否为 'return_rate'？"
    pq.write_table(pq.read_table(file).drop_columns("mistake_zh"), file)
    assert read_left_out(home)[0].said("zh") == read_left_out(home)[0].said("en") == RULE[-1]


def test_it_stands_behind_the_incidents_of_the_night(home: Home, world: Published, listener: Listener) -> None:
    leave_out(home, *BROKEN)
    world.live(falls(1))
    assert told(home, listener) == WatchReport(new=1, sent=1)
    [message] = listener.heard
    assert message.title == "[critical] Net sales, East China: −23.4 %"
    assert [section.title for section in message.sections] == [
        "[critical] Net sales, East China: −23.4 %",
        "[not judged] 2 alert rules have a mistake",
    ]


@pytest.mark.parametrize(
    ("then", "is_news"),
    [
        pytest.param(changed(RULE, number=4, line=35), False, id="the same mistake elsewhere in the file"),
        pytest.param(changed(RULE, mistake="unknown metric 'retn_rate'"), True, id="another mistake"),
        pytest.param(changed(RULE, state="off"), False, id="switched off"),
    ],
)
def test_it_is_told_again_when_it_changed(home: Home, listener: Listener, then: tuple, *, is_news: bool) -> None:
    leave_out(home, RULE)
    told(home, listener)
    leave_out(home, then)
    told(home, listener, at=NOW + DAY)
    assert len(listener.heard) == 1 + is_news


def test_only_what_is_new_is_told(home: Home, listener: Listener) -> None:
    leave_out(home, RULE)
    told(home, listener)
    leave_out(home, RULE, NAMELESS)
    told(home, listener, at=NOW + DAY)
    assert [fact for _, fact in listener.heard[1].sections[0].facts] == ["number 5 (line 40, id): is missing"]


@pytest.mark.parametrize("pause", [DAY, DAY / 24], ids=["a day", "an hour"])
def test_what_was_mended_and_is_broken_again_is_told_again(
    home: Home, listener: Listener, tmp_path: Path, pause: datetime.timedelta
) -> None:
    carriers = listener, FileCarrier(tmp_path / "messages")
    for time, rules in enumerate([(RULE,), (), (RULE,)]):
        leave_out(home, *rules)
        told(home, *carriers, at=NOW + time * pause)
    assert len(listener.heard) == 2 and listener.heard[0].key != listener.heard[1].key
    assert len(list((tmp_path / "messages").glob("*.md"))) == 2


def test_a_rule_that_is_off_is_no_news(home: Home, listener: Listener) -> None:
    leave_out(home, changed(RULE, state="off"))
    assert told(home, listener) == WatchReport()


def test_each_carrier_is_told_once_and_one_that_was_down_hears_of_it_later(home: Home, listener: Listener) -> None:
    down = Listener("down")
    down.error = NotDelivered("down")
    leave_out(home, RULE)
    for days in (0, MOST_DAYS):
        told(home, listener, down, at=NOW + days * DAY)
    down.error = None
    told(home, listener, down, at=NOW + 2 * MOST_DAYS * DAY)
    assert (len(listener.heard), len(down.heard)) == (1, 1)


def test_a_carrier_that_was_left_out_is_told_later_what_the_others_were(
    home: Home, world: Published, listener: Listener
) -> None:
    mistaken = Listener("mistaken")
    world.live(falls(1))
    assert told(home) == WatchReport()
    assert told(home, listener) == WatchReport(new=1, sent=1)
    told(home, listener, mistaken, at=NOW + DAY)
    assert len(listener.heard) == len(mistaken.heard) == 1
    assert mistaken.heard[0].title == listener.heard[0].title == "[critical] Net sales, East China: −23.4 %"


def test_what_cannot_be_worded_is_told_all_the_same(
    home: Home, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise KeyError("name")

    monkeypatch.setattr(telling, "compose", fail)
    leave_out(home, *BROKEN)
    assert told(home, listener) == WatchReport(sent=1)
    assert listener.heard[0].sections[0].title == "2 × rule left out"


def test_its_incidents_stay_open_until_it_is_mended() -> None:
    """80 after 100 is a breach; 50 and 100 say nothing while the rule is left out, and 100 ends it once it is back."""
    nights, key = LateNights(), "fall|east|2026-06-01"
    nights.sell("2026-05-25", 100, 80, 50, 100)
    assert nights.live("2026-06-07") == [(key, "opened", True, None)]
    nights.leave_out("fall")
    assert [nights.live(night) for night in ("2026-06-14", "2026-06-21", "2026-06-28")] == [[], [], []]
    assert nights.rows("incident_key, incident_status") == [(key, "open")]
    nights.db.execute("delete from stg_settings__left_out_rules")
    nights.rules([FALL])
    assert nights.live("2026-06-28") == [(key, "resolved", True, None)]


def test_incidents_of_a_rule_whose_id_cannot_be_read_any_more_stay_open_too() -> None:
    nights, key = LateNights(), "fall|east|2026-06-01"
    nights.sell("2026-05-25", 100, 80, 50, 100)
    nights.live("2026-06-07")
    nights.leave_out(None)
    assert [nights.live(night) for night in ("2026-06-14", "2026-06-21")] == [[], []]
    assert nights.rows("incident_key, incident_status") == [(key, "open")]


def test_a_rule_that_was_taken_out_of_the_file_is_no_mistake() -> None:
    nights = LateNights()
    nights.sell("2026-05-25", 100, 80, 50)
    nights.live("2026-06-07")
    nights.leave_out()
    assert nights.live("2026-06-14") == [("fall|east|2026-06-01", "lapsed", False, None)]
