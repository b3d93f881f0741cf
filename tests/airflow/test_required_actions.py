"""People answer incidents in Airflow's Required Actions, asked and recorded by a real scheduler."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import airflow_api
import customer_marts
import duckdb
import httpx
import incident_marts
import pytest
from airflow_api import until

from sales_warehouse.airflow import answers
from sales_warehouse.airflow.operators import WITHDRAWN
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.publish import manifest
from sales_warehouse.watch import decisions, incidents, required

THINKING_SECONDS = 8
MOMENT = datetime.datetime(2026, 7, 1, 18)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A company that has published an open incident."""
    home = Home(tmp_path_factory.mktemp("var"), "tiny")
    version = home.published / "versions" / "000001_20260701"
    with duckdb.connect(str(customer_marts.write(home, version))) as published:
        incident_marts.write(published)
    said = manifest.Manifest(version.name, None, "night", "2026-07-01", f"{MOMENT.isoformat()}", "duckdb", ())
    manifest.write(version, said)
    return home


@pytest.fixture(scope="module")
def api(home: Home, company: Path) -> Iterator[httpx.Client]:
    with airflow_api.api(home, company, ("respond", "required_actions")) as client:
        yield client


def _start(api: httpx.Client, dag: str, run: str, conf: dict[str, Any]) -> None:
    asked = {"dag_run_id": run, "logical_date": None, "conf": conf}
    # 409: it was started, and the answer came too late
    until(lambda: api.post(f"/dags/{dag}/dagRuns", json=asked).status_code in (200, 409))


def _state(api: httpx.Client, dag: str, run: str, task: str) -> str | None:
    return api.get(f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}").json().get("state")


def _becomes(api: httpx.Client, dag: str, run: str, task: str, state: str) -> None:
    until(lambda: _state(api, dag, run, task) == state)


def _answer(api: httpx.Client, run: str, state: str, option: str, **form: str | None) -> None:
    """Answer as a person does, some seconds after the question, and wait for what becomes of it.

    Airflow asks again when an answer comes before its executor has said that the task is parked.
    """
    fields = {"playbook": None, "owner": None, "until": None, "note": None, **form}
    answer = {"chosen_options": [option], "params_input": fields}
    place = f"/dags/respond/dagRuns/{run}/taskInstances/ask/-1/hitlDetails"

    def is_done() -> bool:
        if _state(api, "respond", run, "ask") == "awaiting_input":
            time.sleep(THINKING_SECONDS)
            given = api.patch(place, json=answer)
            assert given.status_code in (200, 409), given.text  # 409: it is answered already
        return _state(api, "respond", run, "record") == state

    until(is_done)


def _moment(text: str) -> datetime.datetime:
    """A moment of the API as the decisions have it: UTC without saying so."""
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC).replace(tzinfo=None)


@pytest.mark.long  # a minute on a quiet machine; tests/airflow/test_answers.py has the answers, test_dags.py the DAGs
def test_an_incident_waits_for_a_person_who_answers_once(api: httpx.Client, home: Home, company: Path) -> None:
    (question,) = required.questions(home, load_company(company))
    run = question.name
    # a question with markup in it, beside the one that the incident asks
    _start(api, "respond", "other", {**question.conf(), "body": "{{ 7 * 7 }}"})
    _start(api, "required_actions", "first", {})
    _becomes(api, "respond", run, "ask", "awaiting_input")
    _becomes(api, "respond", "other", "ask", "awaiting_input")  # both wait at once
    other = api.get("/dags/respond/dagRuns/other/taskInstances/ask/-1/hitlDetails").json()
    asked = api.get(f"/dags/respond/dagRuns/{run}/taskInstances/ask/-1/hitlDetails").json()
    assert other["body"] == "{{ 7 * 7 }}"
    assert asked["subject"] == "Net sales of East China: -35.2 %"
    assert "A competitor gives one for one" in asked["body"] and "`intercept` Interception" in asked["body"]
    assert tuple(asked["options"]) == answers.OPTIONS

    _answer(api, run, "success", answers.ACCEPT, owner="Li", until="2026-07-10", note="as last year")
    _answer(api, "other", "success", answers.SNOOZE)  # nobody says until when: a week
    kept, snoozed = decisions.log(home)
    assert (snoozed.kind, snoozed.until) == ("snooze", "2026-07-08")
    answered = api.get(f"/dags/respond/dagRuns/{run}/taskInstances/ask/-1/hitlDetails").json()["responded_at"]
    assert abs(_moment(answered) - datetime.datetime.fromisoformat(kept.at)) < datetime.timedelta(seconds=1)
    assert (kept.incident_key, kept.kind, kept.by) == (incident_marts.FALL, "accept_playbook", "admin")
    assert (kept.playbook_id, kept.owner, kept.due_date, kept.note) == ("intercept", "Li", "2026-07-10", "as last year")

    _start(api, "required_actions", "second", {})
    _becomes(api, "required_actions", "second", "undecided", "skipped")


@pytest.mark.long  # tests/watch/test_incident_story.py has when a question is withdrawn
def test_a_question_leaves_the_list_with_a_note_when_its_incident_is_closed_elsewhere(
    api: httpx.Client, home: Home
) -> None:
    incidents.decide(home, incident_marts.OVER, "reopen", by="ann")
    found = incidents.one(home, incident_marts.OVER)
    run = required.name_of(found, found.events[-1])
    _start(api, "respond", run, required.Question(run, found.key, "It is back", "", []).conf())
    _becomes(api, "respond", run, "ask", "awaiting_input")
    waiting = "/dags/respond/dagRuns/~/hitlDetails?state=awaiting_input&response_received=false"
    assert run in api.get(waiting).text
    _start(api, "required_actions", "too_early", {})
    _becomes(api, "required_actions", "too_early", "settled", "skipped")
    assert _state(api, "respond", run, "ask") == "awaiting_input"

    incidents.decide(home, incident_marts.OVER, "resolve", by="ann", note="the fair is over")
    _start(api, "required_actions", "in_time", {})
    _becomes(api, "respond", run, "ask", "skipped")
    _becomes(api, "respond", run, "record", "skipped")
    note = api.get(f"/dags/respond/dagRuns/{run}/taskInstances/ask/xcomEntries/{WITHDRAWN}").json()
    assert note["value"] == "Nobody need answer: the incident is resolved (ann, the fair is over)."
    assert run not in api.get(waiting).text
    assert [d.kind for d in decisions.log(home) if d.incident_key == found.key] == ["reopen", "resolve"]
