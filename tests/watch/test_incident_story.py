"""One incident whole, as the pages tell it, and what a person is asked about it."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal as D
from pathlib import Path

import duckdb
import incident_marts
import pytest
from incident_marts import FALL, MONDAY, OVER, SLOW
from ruamel.yaml import YAML

from sales_warehouse import settings
from sales_warehouse.company.alerts import AlertsFile
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.publish import manifest
from sales_warehouse.sql import ident, literal
from sales_warehouse.watch import decisions, incidents
from sales_warehouse.watch.incidents import DecisionRefused, NoSuchIncident
from sales_warehouse.watch.page_words import WORDS
from sales_warehouse.watch.required import moot, name_of, questions, why_moot
from sales_warehouse.watch.series import HEIGHT, LEFT, TOP, WIDTH, Value, draw
from sales_warehouse.watch.story import actions, number, story, trials
from sales_warehouse.watch.wording import NAMES

DUE = datetime.date(2026, 7, 10)
# It shows what stands, and of what is open no status.
NEVER_ON_THE_BOARD = {("incident_status", status) for status in ("open", "resolved", "settled", "retracted", "lapsed")}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, "tiny")
    version = home.published / "versions" / "000001_20260701"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "warehouse.duckdb")) as db:
        incident_marts.write(db)
    manifest.write(version, manifest.Manifest(version.name, None, "n", "2026-07-01", "2026-07-01T18:00:00", "d", ()))
    home.current.symlink_to(version)
    return home


def test_a_story_has_what_the_marts_tell_of_the_incident(home: Home) -> None:
    told = story(home, FALL)
    assert told.figure and told.figure.alert["value"] == 648000 and told.figure.metric["unit"] == "money"
    assert [cause["cause_number"] for cause in told.causes] == [1, 0]  # the rest comes last
    assert sum(cause["contribution_value"] for cause in told.causes) == told.causes[0]["change_value"]
    assert [event["event_key"] for event in told.around] == ["planning:1"]
    assert [book["playbook_id"] for book in told.playbooks] == ["intercept"]
    assert told.actions == []
    points = told.figure.series.points
    assert len(points) == 26  # half a year of weeks of the thirty that there are
    assert [point.value.start for point in points if point.is_judged] == [MONDAY]
    assert points[-1].value.value == 648000


def test_what_is_not_there_is_left_out(home: Home) -> None:
    told = story(home, OVER)
    assert (told.figure, told.causes, told.around, told.playbooks) == (None, [], [], [])
    assert [action["action_status"] for action in told.actions] == ["overdue"]
    with pytest.raises(NoSuchIncident):
        story(home, "nothing")


def test_an_older_version_without_these_marts_still_tells_its_incidents(home: Home) -> None:
    with duckdb.connect(str((home.current / "warehouse.duckdb").resolve())) as db:
        for mart in ("alert_causes", "alert_events", "alert_playbooks", "fct_actions", "kpi_alert_trials"):
            db.execute(f"drop table marts.{mart}")
    assert story(home, FALL).figure
    assert (actions(home), trials(home)) == ([], [])


def test_actions_follow_decisions_before_the_next_night(home: Home) -> None:
    incidents.decide(home, FALL, "accept_playbook", by="ann", playbook_id="intercept", due_date=DUE)
    (action,) = story(home, FALL).actions
    assert (action["action_status"], action["due_date"], action["department"]) == ("open", DUE, "市场部")
    incidents.decide(home, FALL, "finish_action", by="ann", playbook_id="intercept")
    (action,) = story(home, FALL).actions
    assert action["action_status"] == "done"


def test_an_overdue_action_that_is_accepted_again_stays_overdue(home: Home) -> None:
    incidents.decide(home, OVER, "accept_playbook", by="ann", playbook_id="intercept", owner="li")
    (action,) = story(home, OVER).actions
    assert (action["action_status"], action["owner"]) == ("overdue", "li")


def _decide(home: Home, day: str, kind: decisions.Kind, due: str | None = None, *, hour: int = 1) -> None:
    """Decide about the playbook `visit`, which gives fourteen days."""
    at = f"2026-{day}T{hour:02}:00:00"
    decisions.keep(
        home, decisions.Decision(FALL, kind, "ann", at, "", playbook_id="visit", due_date=due, due_days=14, owner="li")
    )


@pytest.mark.parametrize(
    ("said", "status", "accepted", "due", "closed"),
    [
        ([("06-01", "accept_playbook", "2026-06-05"), ("06-04", "finish_action", None),
          ("07-01", "accept_playbook", None)], "open", "2026-07-01", "2026-07-15", None),
        ([("06-18", "accept_playbook", "2026-06-20"), ("06-19", "accept_playbook", None)],
         "open", "2026-06-18", "2026-07-02", None),
        ([("06-01", "accept_playbook", None), ("06-02", "accept_playbook", "2026-07-10")],
         "open", "2026-06-01", "2026-07-10", None),
        ([("06-01", "accept_playbook", "2026-06-05"), ("06-04", "drop_action", None)],
         "dropped", "2026-06-01", "2026-06-05", "2026-06-04"),
        ([("06-01", "accept_playbook", None)], "overdue", "2026-06-01", "2026-06-15", None),
    ],
    ids=["opened again", "accepted again without a date", "accepted again with a date", "dropped", "overdue"],
)  # fmt: skip
@pytest.mark.parametrize("is_known", [False, True], ids=["before the night", "after it"])
def test_an_action_has_the_days_of_its_last_acceptance(
    home: Home, said: list, status: str, accepted: str, due: str, closed: str | None, is_known: bool
) -> None:
    """As fct_actions says it, whether a night has read the decisions or not."""
    days = {"accepted_date": accepted, "due_date": due, "closed_date": closed}
    if is_known:
        row = {"incident_key": FALL, "playbook_id": "visit", "owner": "li", "action_status": status, **days}
        values = ", ".join(f"{literal(value)} as {ident(name)}" for name, value in row.items())
        _say(home, f"insert into fct_actions by name select {values}")
    for decision in said:
        _decide(home, *decision)
    (action,) = story(home, FALL).actions
    assert action["action_status"] == status
    assert {name: action[name] and f"{action[name]}" for name in days} == days


def test_days_of_decisions_are_those_of_the_business(home: Home) -> None:
    """Eight in the evening of 1 July (UTC) is 2 July in Shanghai."""
    home.settings.mkdir(parents=True)
    duckdb.sql("select 'Asia/Shanghai' as time_zone").write_parquet(str(home.settings / "company.parquet"))
    _decide(home, "07-01", "accept_playbook", hour=20)
    (action,) = story(home, FALL).actions
    assert (f"{action['accepted_date']}", f"{action['due_date']}") == ("2026-07-02", "2026-07-16")


def test_a_product_that_sold_nothing_is_drawn_at_0(home: Home) -> None:
    _say(home, f"delete from kpi_values where period_start_date = '{MONDAY}'")
    _say(home, "update alert_metrics set value = 0")
    figure = story(home, FALL).figure
    assert figure and [point.value for point in figure.series.points if point.is_judged] == [Value(MONDAY, D(0))]
    assert figure.series.points[-1].is_judged


def test_an_incident_that_is_over_still_has_its_figure(home: Home) -> None:
    with duckdb.connect(str((home.current / "warehouse.duckdb").resolve())) as db:
        db.execute("delete from marts.alert_metrics")
    figure = story(home, FALL).figure
    assert figure and figure.alert["compared_value"] is None
    assert [point.value.start for point in figure.series.points if point.is_judged] == [MONDAY]


def test_the_list_of_actions_follows_decisions(home: Home) -> None:
    incidents.decide(home, FALL, "accept_playbook", by="ann", playbook_id="other", due_date=DUE)
    assert [(row["incident_key"], row["action_status"]) for row in actions(home)] == [(OVER, "overdue"), (FALL, "open")]


def _offer(home: Home) -> None:
    """Give playbooks.yml as a refresh has read it."""
    duckdb.sql(
        "select 'intercept' as playbook_id, 'Intercept' as name_en, '拦截' as name_zh, 'dealers' as department, "
        "'ma' as owner, 9 as due_days"
    ).write_parquet(str(home.settings / "playbooks.parquet"))


def test_an_action_keeps_what_its_playbook_said_when_it_was_accepted(home: Home) -> None:
    home.settings.mkdir(parents=True)
    _offer(home)
    kept = incidents.decide(home, FALL, "accept_playbook", by="ann", playbook_id="intercept")
    assert (kept.owner, kept.department, kept.playbook_name_en, kept.playbook_name_zh, kept.due_days) == (
        "ma", "dealers", "Intercept", "拦截", 9
    )  # fmt: skip
    done = incidents.decide(home, FALL, "finish_action", by="ann", playbook_id="intercept")
    assert (done.owner, done.department) == (None, None)
    named = incidents.decide(home, FALL, "accept_playbook", by="ann", playbook_id="intercept", owner="li")
    assert (named.owner, named.department) == ("li", "dealers")
    (action,) = story(home, FALL).actions
    assert (action["owner"], action["department"], action["playbook_name_en"]) == ("li", "dealers", "Intercept")
    decisions.write_table(home)
    (row,) = duckdb.sql(
        f"select department, playbook_name_zh, due_days from '{home.watch}/incident_decisions.parquet' "
        "where owner = 'ma'"
    ).fetchall()
    assert row == ("dealers", "拦截", 9)


def test_a_decision_from_before_keeps_its_number() -> None:
    """Events of incidents have it as their key, so what decisions keep since must not change it."""
    old = decisions.Decision("fall|east|2026-06-22", "accept_playbook", "ann", "2026-06-29T09:00:00", "000001_20260628")
    assert old.decision_id == "DA6503F4F85BD"


def test_an_action_has_a_playbook_that_is_there_and_an_end_that_is_not_over(home: Home) -> None:
    home.settings.mkdir(parents=True)
    _offer(home)
    for more, why in (
        ({"playbook_id": "nothing"}, "there is no playbook 'nothing'; playbooks.yml has intercept"),
        ({"playbook_id": "intercept", "due_date": datetime.date(2001, 1, 1)}, "due on 2001-01-01"),
        ({}, "say which playbook"),
    ):
        with pytest.raises(DecisionRefused, match=why):
            incidents.decide(home, FALL, "accept_playbook", by="ann", **more)
    for kind in ("finish_action", "drop_action"):
        with pytest.raises(DecisionRefused, match="accept it first"):
            incidents.decide(home, FALL, kind, by="ann", playbook_id="intercept")
    incidents.decide(home, FALL, "accept_playbook", by="ann", playbook_id="intercept")
    incidents.decide(home, FALL, "drop_action", by="ann", playbook_id="intercept")
    with pytest.raises(DecisionRefused, match="accept it first"):
        incidents.decide(home, FALL, "finish_action", by="ann", playbook_id="intercept")


def _company() -> Company:
    return load_company(settings.PROJECT / "docs" / "example")


def test_an_incident_is_asked_about_until_somebody_answers_and_again_when_it_comes_back(home: Home) -> None:
    (question,) = questions(home, _company())
    assert question.incident_key == FALL and question.playbooks == ["intercept"]
    assert "Milk powder fell" in question.body and "The rest" not in question.body
    incidents.decide(home, FALL, "snooze", by="ann", until=DUE)
    assert questions(home, _company()) == []
    with duckdb.connect(str((home.current / "warehouse.duckdb").resolve())) as db:
        later = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(hours=1)
        event = {**incident_marts.ROWS["fct_incident_events"][0], "event_key": "woken", "event_number": 2}
        event |= {"event_type": "woken", "event_at": f"{later}"}
        values = ", ".join(f"{literal(value)} as {ident(name)}" for name, value in event.items())
        db.execute(f"insert into marts.fct_incident_events by name select {values}")
        db.execute("update marts.fct_incidents set incident_status = 'open'")
    for file in (home.watch / "decisions").glob("*.json"):
        file.rename(file.with_suffix(".kept"))  # a night has read it
    (again,) = questions(home, _company())
    assert again.name != question.name


@pytest.mark.parametrize(
    ("severities", "asked"),
    [(["critical"], [FALL]), (["warning"], [SLOW]), (["critical", "warning"], [FALL, SLOW]), ([], [])],
    ids=["critical alone", "warnings alone", "both", "none"],
)
def test_incidents_of_the_severities_that_were_chosen_are_asked_about(
    home: Home, severities: list[str], asked: list[str]
) -> None:
    company = _company()
    alerts = AlertsFile.model_validate({"required_actions": severities})
    company = company.model_copy(update={"alerts": alerts})
    assert sorted(question.incident_key for question in questions(home, company)) == sorted(asked)


def _say(home: Home, statement: str) -> None:
    with duckdb.connect(str((home.current / "warehouse.duckdb").resolve())) as db:
        db.execute("set schema 'marts'")
        db.execute(statement)


def test_a_question_is_withdrawn_when_its_incident_is_over(home: Home) -> None:
    (question,) = questions(home, _company())
    assert moot(home, 31) == [name_of(incidents.one(home, OVER), {"event_key": OVER})]  # nobody asked about that one
    assert why_moot(home, FALL, question.name, "en") is None
    for status, chinese in (("resolved", "已解决"), ("retracted", "已撤回"), ("lapsed", "不再判定")):
        _say(home, f"update fct_incidents set incident_status = '{status}' where incident_key = '{FALL}'")
        assert question.name in moot(home, 31)
        assert why_moot(home, FALL, question.name, "zh") == f"无需答复：该事件{chinese}。"


def test_a_question_is_withdrawn_when_somebody_decides_elsewhere(home: Home) -> None:
    (question,) = questions(home, _company())
    incidents.decide(home, FALL, "acknowledge", by="ann")
    assert question.name in moot(home, 31)
    assert why_moot(home, FALL, question.name, "en") == "Nobody need answer: ann has answered elsewhere."
    incidents.decide(home, FALL, "resolve", by="bob", note="the fair is over")
    assert why_moot(home, FALL, question.name, "en") == (
        "Nobody need answer: the incident is resolved (bob, the fair is over)."
    )


def test_a_question_is_withdrawn_when_the_incident_is_asked_about_again(home: Home) -> None:
    (question,) = questions(home, _company())
    woken = {**incident_marts.ROWS["fct_incident_events"][0], "event_key": "worse", "event_number": 2}
    woken |= {"event_type": "upgraded", "event_at": "2026-06-29 18:00:00"}
    values = ", ".join(f"{literal(value)} as {ident(name)}" for name, value in woken.items())
    _say(home, f"insert into fct_incident_events by name select {values}")
    (again,) = questions(home, _company())
    assert question.name in moot(home, 31) and again.name not in moot(home, 31)
    assert why_moot(home, FALL, question.name, "en") == (
        "Nobody need answer: it came back or got worse, and is asked about again."
    )


@pytest.mark.parametrize("kind", ["finish_action", "drop_action"])
def test_what_becomes_of_an_action_of_before_answers_no_question(home: Home, kind: decisions.Kind) -> None:
    """Accepted on the 28th, worse on the 29th, and on the 30th the action of before is over."""
    first, worse, later = (datetime.datetime(2026, 6, day, 19) for day in (28, 29, 30))
    incidents.decide(home, FALL, "accept_playbook", by="ann", playbook_id="intercept", at=first)
    assert questions(home, _company()) == []
    event = {**incident_marts.ROWS["fct_incident_events"][0], "event_key": "worse", "event_number": 2}
    event |= {"event_type": "upgraded", "event_at": f"{worse}"}
    values = ", ".join(f"{literal(value)} as {ident(name)}" for name, value in event.items())
    _say(home, f"insert into fct_incident_events by name select {values}")
    incidents.decide(home, FALL, kind, by="ann", playbook_id="intercept", at=later)
    (question,) = questions(home, _company())
    assert question.name not in moot(home, 31) and why_moot(home, FALL, question.name, "en") is None
    incidents.decide(home, FALL, "accept_playbook", by="ann", playbook_id="intercept", at=later)
    assert questions(home, _company()) == []


def test_questions_of_long_ago_are_not_looked_for(home: Home) -> None:
    assert moot(home, 31) != [] and moot(home, 2) == []


def test_before_the_first_publish_there_is_no_question(tmp_path: Path) -> None:
    assert moot(Home(tmp_path, "new"), 31) == []


def test_what_cannot_be_told_of_an_incident_does_not_keep_it_from_being_asked_about(home: Home) -> None:
    with duckdb.connect(str((home.current / "warehouse.duckdb").resolve())) as db:
        db.execute("alter table marts.alert_causes drop column text_en")
        db.execute("alter table marts.alert_causes drop column text_zh")
    (question,) = questions(home, _company())
    assert (question.incident_key, question.playbooks) == (FALL, [])
    assert "35.2" in question.body


def test_rules_come_with_their_members(home: Home) -> None:
    ((trial,),) = trials(home)
    assert (trial["rule_id"], trial["alert_count"], trial["judged_count"]) == ("net_sales_fall", 3, 103)


def _days(*values: str | None) -> list[Value]:
    return [Value(MONDAY + datetime.timedelta(days=n), D(v) if v else None) for n, v in enumerate(values)]


def test_a_gap_is_no_line() -> None:
    drawn = draw(_days("1", "2", None, "4"), MONDAY + datetime.timedelta(days=3))
    assert [len(line) for line in drawn.lines] == [2, 1]
    assert [point.is_judged for point in drawn.points] == [False, False, True]
    assert all(LEFT <= point.x <= WIDTH and TOP <= point.y <= HEIGHT for point in drawn.points)


def test_the_scale_holds_what_the_figure_is_compared_with() -> None:
    drawn = draw(_days("100", "98", "60"), MONDAY, compared=D(200), lower=D(90), upper=D(110))
    assert drawn.ticks[0][1] == 0 and drawn.ticks[-1][1] >= 200
    assert drawn.compared_y == TOP and drawn.band is not None and drawn.band[0] < drawn.band[1]


def test_a_rate_that_hardly_moves_is_drawn_from_where_it_is() -> None:
    assert draw(_days("0.95", "0.96", "0.94"), MONDAY).ticks[0][1] > D("0.9")


def test_nothing_can_be_drawn_of_nothing() -> None:
    assert draw([], MONDAY).points == [] and draw(_days(None, None), MONDAY).points == []


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [("0.352", "rate", "35.2 %"), ("1234.5", "money", "1,234.50"), ("12", "count", "12"), ("7.25", "day", "7.2"),
     (None, "money", "")],
)  # fmt: skip
def test_figures_are_written_in_their_unit(value: str | None, unit: str, text: str) -> None:
    assert number(D(value) if value else None, unit) == text


def _known(column: str, mart: str) -> list[str]:
    """The values that the suite of a mart lets through: a set of its own, or one within a condition."""
    text = (settings.PROJECT / "expectations" / "marts" / f"{mart}.yml").read_text(encoding="utf-8")
    rules = YAML(typ="safe").load(text)["rules"]
    listed = [value for rule in rules if rule.get("column") == column for value in rule.get("value_set", ())]
    asked = re.findall(rf"\b{column} (?:in \(([^)]*)\)|= ('\w+'))", text)
    found = listed + [value.strip(" '") for group in asked for part in group for value in part.split(",") if value]
    assert found
    return found


def test_the_board_says_it_in_the_same_words() -> None:
    frontend = settings.PROJECT / "plugins" / "sales_warehouse" / "board" / "frontend" / "src" / "words.js"
    said = re.findall(r'^  (\w+): \["([^"]*)", "([^"]*)"\],$', frontend.read_text(encoding="utf-8"), re.MULTILINE)
    board = {name: (english, chinese) for name, english, chinese in said}
    for name in _known("event_type", "fct_incident_events"):
        assert board[f"event_{name}"] == NAMES[name], name
    for name in ("found_late", "changed_by_data", "changed_by_goal", "changed_by_settings"):
        assert board[name] == NAMES[name], name


@pytest.mark.parametrize(
    ("mart", "column", "ours", "boards"),
    [
        ("fct_incidents", "incident_status", "", "incident_"),
        ("fct_incident_events", "event_type", "", "event_"),
        ("fct_actions", "action_status", "action_", "action_"),
        ("fct_actions", "outcome_status", "", "outcome_"),
    ],
)
def test_whatever_the_marts_say_has_words(mart: str, column: str, ours: str, boards: str) -> None:
    frontend = settings.PROJECT / "plugins" / "sales_warehouse" / "board" / "frontend" / "src" / "words.js"
    said = frontend.read_text(encoding="utf-8")
    for value in _known(column, mart):
        assert f"{ours}{value}" in WORDS, value
        if (column, value) not in NEVER_ON_THE_BOARD:
            assert f"\n  {boards}{value}: [" in said, value
