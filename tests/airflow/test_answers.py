"""What a person's answer to an incident becomes."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from sales_warehouse.airflow import answers
from sales_warehouse.airflow.answers import Incomplete, decision_of

DAY, TODAY = datetime.date(2026, 7, 10), datetime.date(2026, 7, 1)


def _answer(option: str, **form: str | None) -> dict[str, Any]:
    return {
        "chosen_options": [option],
        "params_input": form,
        "responded_by_user": {"id": "7", "name": "ann"},
        "responded_at": datetime.datetime(2026, 7, 2, 9, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=8))),
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            _answer(answers.ACCEPT, playbook="b", owner="li", until="2026-07-10", note="x"),
            {
                "decision": "accept_playbook",
                "by": "ann",
                "note": "x",
                "playbook_id": "b",
                "owner": "li",
                "due_date": DAY,
            },
            id="a playbook that was named",
        ),
        pytest.param(
            _answer(answers.ACCEPT, playbook=None, owner=None, until=None),
            {
                "decision": "accept_playbook",
                "by": "ann",
                "note": "",
                "playbook_id": "a",
                "owner": None,
                "due_date": None,
            },
            id="the first playbook",
        ),
        pytest.param(
            _answer(answers.SNOOZE, until="2026-07-10"),
            {"decision": "snooze", "by": "ann", "note": "", "until": DAY},
            id="a snooze",
        ),
        pytest.param(
            _answer(answers.SNOOZE),
            {"decision": "snooze", "by": "ann", "note": "", "until": TODAY + datetime.timedelta(days=7)},
            id="a snooze of a week",
        ),
        pytest.param(
            _answer(answers.ASSIGN),
            {"decision": "assign", "by": "ann", "note": "", "owner": "ann"},
            id="who answers takes it",
        ),
        pytest.param(
            _answer(answers.ASSIGN, owner="li"),
            {"decision": "assign", "by": "ann", "note": "", "owner": "li"},
            id="somebody else",
        ),
        pytest.param(
            _answer(answers.REJECT, note="no fall"),
            {"decision": "resolve", "by": "ann", "note": "no fall"},
            id="a rejection",
        ),
        pytest.param(_answer(answers.LEAVE_OPEN), None, id="nothing"),
    ],
)
def test_an_answer_becomes_a_decision(answer: dict[str, Any], said: dict[str, Any] | None) -> None:
    assert decision_of(answer, ["a", "b"], TODAY) == (said and {**said, "at": datetime.datetime(2026, 7, 2, 1, 30)})


def test_the_moment_of_an_answer_may_come_as_text() -> None:
    answer = {**_answer(answers.REJECT), "responded_at": "2026-07-02T01:30:00+00:00"}
    said = decision_of(answer, [], TODAY)
    assert said and said["at"] == datetime.datetime(2026, 7, 2, 1, 30)


@pytest.mark.parametrize(
    ("answer", "playbooks", "why"),
    [
        pytest.param(_answer(answers.SNOOZE, until="soon"), ["a"], "'soon' is no day", id="a day that is none"),
        pytest.param(_answer(answers.ACCEPT, until="x"), ["a"], "'x' is no day", id="a due date that is none"),
        pytest.param(_answer(answers.ACCEPT), [], "no playbook fits", id="no playbook"),
    ],
)
def test_an_answer_that_lacks_something_says_what(answer: dict[str, Any], playbooks: list[str], why: str) -> None:
    with pytest.raises(Incomplete, match=why):
        decision_of(answer, playbooks, TODAY)


def test_an_answer_that_nobody_gave_leaves_the_incident_open() -> None:
    timed_out = {"chosen_options": [answers.LEAVE_OPEN], "params_input": {}, "responded_by_user": None}
    assert decision_of(timed_out, ["a"], TODAY) is None


def test_who_did_not_answer_is_not_made_up() -> None:
    """A decision of nobody is refused where decisions are kept."""
    said = decision_of({**_answer(answers.REJECT), "responded_by_user": None}, [], TODAY)
    assert said and said["by"] == ""
