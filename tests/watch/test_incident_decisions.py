"""What people decide about incidents: kept at once, seen at once, and followed by the next night."""

from __future__ import annotations

import datetime
import json
import threading
from pathlib import Path

import pytest
from published_nights import NEXT, NEXT_WEEK, Published, falls
from typer.testing import CliRunner

from sales_warehouse import cli
from sales_warehouse.home import Home
from sales_warehouse.sql import connect
from sales_warehouse.watch import decisions
from sales_warehouse.watch.incidents import DecisionRefused, NoSuchIncident, decide, incidents, one

EAST, NORTH = "fall|east|2026-06-22", "fall|north|2026-06-22"
LATER = datetime.date(2026, 7, 10)


def follow(world: Published) -> None:
    """Give the log to the next night, as a refresh does."""
    decisions.write_table(world.home)
    db, table = world.nights.db, world.home.watch / "incident_decisions.parquet"
    db.execute("delete from stg_watch__incident_decisions")
    db.execute(
        "insert into stg_watch__incident_decisions select decision_id, incident_key, decision, decided_by, note, "
        "snoozed_until, owner, playbook_id, due_date, playbook_name_en, playbook_name_zh, department, due_days, "
        f"decided_at, version from read_parquet('{table}')"
    )


def test_before_the_first_publish_there_are_none(home: Home) -> None:
    assert incidents(home) == []
    with pytest.raises(NoSuchIncident, match="there is no incident 'fall'"):
        one(home, "fall")


def test_the_most_severe_are_first_and_closed_ones_are_asked_for(home: Home, world: Published) -> None:
    world.live([falls(1, severity="warning")[0], *falls(3)[1:]])
    world.live([falls(1, severity="warning")[0], falls(2)[1]], "2026-06-29")
    assert [found.key for found in incidents(home)] == [NORTH, EAST]
    assert [(found.key[5:10], found.status) for found in incidents(home, statuses={"retracted"})] == [
        ("south", "retracted")
    ]


def test_an_incident_is_named_by_its_key_or_a_part_of_it_alone(home: Home, world: Published) -> None:
    world.live(falls(2))
    assert one(home, "east").key == one(home, EAST).key == EAST
    with pytest.raises(NoSuchIncident, match="2 incidents have 'fall'"):
        one(home, "fall")
    with pytest.raises(NoSuchIncident, match="there is no incident"):
        one(home, "")


def test_a_decision_is_seen_at_once_and_is_the_same_once_a_night_has_read_it(home: Home, world: Published) -> None:
    world.live(falls(1))
    decide(home, EAST, "acknowledge", by="ann", note="calling them")
    decide(home, EAST, "assign", by="ann", owner="Li")
    now = one(home, EAST)
    assert (now.status, now.row["status_by"], now.row["status_note"], now.row["owner"]) == (
        "acknowledged", "ann", "calling them", "Li",
    )  # fmt: skip
    follow(world)
    world.live(falls(1, NEXT_WEEK), NEXT)
    then = one(home, EAST)
    assert (then.status, then.row["status_by"], then.row["owner"]) == ("acknowledged", "ann", "Li")
    assert [event["event_type"] for event in then.events] == ["opened", "acknowledged", "assigned", "seen_again"]
    assert [event["event_type"] for event in now.events] == ["opened", "acknowledged", "assigned"]


def test_a_snooze_ends_by_its_date(home: Home, world: Published) -> None:
    world.live(falls(1))
    decide(home, EAST, "snooze", by="ann", until=datetime.date(2026, 7, 1))
    assert (one(home, EAST).status, one(home, EAST).row["snoozed_until_date"]) == ("snoozed", datetime.date(2026, 7, 1))
    follow(world)
    world.live(falls(1), "2026-06-30")
    assert one(home, EAST).status == "snoozed"
    world.live(falls(1), "2026-07-01")
    assert one(home, EAST).status == "open"


def test_what_a_night_said_that_was_at_work_already_comes_after_the_decision(home: Home, world: Published) -> None:
    world.live(falls(1))
    world.nights.live("2026-06-29", [])  # made, and not published yet
    decide(home, EAST, "acknowledge", by="ann")
    world.publish("2026-06-29")
    assert one(home, EAST).status == "retracted"
    follow(world)
    world.live([], "2026-06-30")
    assert one(home, EAST).status == "retracted"


@pytest.mark.parametrize(
    ("decision", "more", "why", "why_zh"),
    [
        ("acknowledge", {"by": " "}, "say who decides", "请注明决定人"),
        ("reopen", {}, "is open: only what is closed can be reopened", "的状态为“未处理”：只有已关闭的事件"),
        ("assign", {"owner": " "}, "say whom", "请指明指派给谁"),
        ("snooze", {}, "after 2026-06-28$", "暂缓应至 2026-06-28 之后的业务日"),
        ("snooze", {"until": datetime.date(2026, 6, 28)}, "after 2026-06-28, not 2026-06-28",
         "暂缓应至 2026-06-28 之后的业务日，而不是 2026-06-28"),
        ("accept_playbook", {}, "say which playbook", "请指明应对方案"),
        ("finish_action", {"playbook_id": "stand"}, "nobody is at work on playbook", "尚未采用应对方案 'stand'"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_both_languages(
    home: Home, world: Published, decision: str, more: dict, why: str, why_zh: str
) -> None:
    world.live(falls(1))
    with pytest.raises(DecisionRefused, match=why) as refused:
        decide(home, EAST, decision, **{"by": "ann", **more})
    assert why_zh in refused.value.zh
    assert decisions.log(home) == []


def test_what_is_closed_has_to_be_reopened_first(home: Home, world: Published) -> None:
    world.live(falls(1))
    decide(home, EAST, "resolve", by="ann", note="agreed")
    for decision in ("acknowledge", "snooze", "resolve", "assign"):
        with pytest.raises(DecisionRefused, match="is resolved already; reopen it first"):
            decide(home, EAST, decision, by="bob", until=LATER, owner="bob")
    decide(home, EAST, "reopen", by="bob")
    decide(home, EAST, "acknowledge", by="bob")
    with pytest.raises(DecisionRefused, match="acknowledged by bob before"):
        decide(home, EAST, "acknowledge", by="ann")


def test_what_goes_on_in_a_later_incident_is_not_reopened_beside_it(home: Home, world: Published) -> None:
    world.live(falls(2))
    for key in (EAST, NORTH):
        decide(home, key, "resolve", by="ann")
    follow(world)
    world.live(falls(1, NEXT_WEEK), NEXT)
    with pytest.raises(DecisionRefused, match=r"goes on in fall\|east\|2026-06-29; decide about that one"):
        decide(home, EAST, "reopen", by="ann")
    decide(home, NORTH, "reopen", by="ann")


def test_what_was_resolved_while_a_night_woke_it_stays_so(home: Home, world: Published) -> None:
    world.live(falls(1))
    decide(home, EAST, "snooze", by="ann", until=datetime.date(2026, 6, 30))
    follow(world)
    world.nights.live("2026-06-30", falls(1))  # made, and not published yet
    decide(home, EAST, "resolve", by="ann")
    world.publish("2026-06-30")
    assert one(home, EAST).status == "resolved"
    follow(world)
    world.live(falls(1), "2026-07-01")
    assert one(home, EAST).status == "resolved"


def test_of_two_at_once_one_is_refused(home: Home, world: Published) -> None:
    world.live(falls(1))
    ended: list[str] = []

    def resolve(by: str) -> None:
        try:
            ended.append(decide(home, EAST, "resolve", by=by).by)
        except DecisionRefused:
            ended.append("refused")

    threads = [threading.Thread(target=resolve, args=(name,)) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended)[1] == "refused" and len(decisions.log(home)) == 1


def test_the_log_becomes_a_table_also_while_it_is_empty(home: Home, world: Published) -> None:
    decisions.write_table(home)
    world.live(falls(1))
    kept = decide(
        home, EAST, "accept_playbook", by="ann", playbook_id="regional_fall", owner="Li", due_date=LATER,
        at=datetime.datetime(2026, 6, 29, 9, 0, 0, 5),
    )  # fmt: skip
    decisions.write_table(home)
    with connect(temp=home.tmp) as db:
        rows = db.execute(f"select * from read_parquet('{home.watch / 'incident_decisions.parquet'}')").fetchall()
    at = datetime.datetime(2026, 6, 29, 9, 0, 0, 5)
    assert rows == [
        (
            kept.decision_id,
            EAST,
            "accept_playbook",
            "ann",
            None,
            None,
            "Li",
            "regional_fall",
            LATER,
            "Regional fall",
            "大区销售下跌应对",
            "销售部",
            14,
            at,
            "000001_20260628",
        )
    ]


@pytest.fixture
def command(home: Home, world: Published, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("USER", "ann")
    monkeypatch.setattr(cli.Home, "of", lambda company_id: home)
    example = str(Path(__file__).parents[2] / "docs" / "example")
    return lambda *words: CliRunner().invoke(cli.app, ["incidents", *words, "--company", example])


def test_the_command_line_lists_shows_and_decides(command, home: Home, world: Published) -> None:
    world.live(falls(2))
    listed = command("list", "--language", "en")
    assert listed.exit_code == 0 and "Net sales, East China" in listed.stdout and "critical" in listed.stdout
    done = command("snooze", "east", "--until", "2026-07-10", "--note", "after the fair")
    assert (done.exit_code, done.stdout) == (0, f"{EAST}: snooze, kept; the next refresh goes on from it\n")
    shown = command("show", "east", "--language", "en")
    assert "snoozed → 2026-07-10  ann  after the fair" in shown.stdout
    assert "Net sales of East China fell by 23.4 %." in shown.stdout
    told = json.loads(command("show", "east", "--json").stdout)
    assert (told["incident_status"], told["events"][1]["decided_by"]) == ("snoozed", "ann")
    assert [row["incident_key"] for row in json.loads(command("list", "--status", "open", "--json").stdout)] == [NORTH]
    for words in (("assign", "north", "Li"), ("ack", "north"), ("resolve", "north"), ("reopen", "north")):
        assert command(*words).exit_code == 0, words
    assert command("list", "--status", "odd").exit_code == 2
    assert command("ack", "nothing").exit_code == 2


def test_the_command_line_says_why_it_refuses(command, home: Home, world: Published) -> None:
    world.live(falls(1))
    refused = command("reopen", "east")
    assert refused.exit_code == 2 and "only what is closed can be reopened" in refused.output
