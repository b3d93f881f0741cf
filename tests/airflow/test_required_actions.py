"""People answer incidents in Airflow's Required Actions, asked and recorded by a real scheduler."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sales_warehouse.airflow import answers, server
from sales_warehouse.home import Home

INCIDENT = "net_sales_fall|CN-EAST|2026-06-22"
CONF = {
    "incident_key": INCIDENT,
    "subject": "华东净销售额下跌 35.2 %",
    "body": "竞品买赠 {{ 7 * 7 }}",  # a text, not a template
    "playbooks": ["intercept_promotion", "regional_fall"],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("var"), "tiny")


@pytest.fixture(scope="module")
def api(home: Home, company: Path) -> Iterator[httpx.Client]:
    """The REST API of a UI with its scheduler."""
    with server.running(home, company, "Asia/Shanghai") as running:
        login = {"Authorization": f"Bearer {server.token(running)}"}
        with httpx.Client(base_url=f"{running.address}/api/v2", headers=login, timeout=60) as client:
            _until(lambda: client.get("/dags/respond").status_code == 200)
            assert client.patch("/dags/respond", json={"is_paused": False}).status_code == 200
            yield client


def _until(is_so: Callable[[], Any], seconds: float = 180) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.5)
    return found


def _state(api: httpx.Client, run: str, task: str) -> str | None:
    return api.get(f"/dags/respond/dagRuns/{run}/taskInstances/{task}").json().get("state")


def _ask(api: httpx.Client, run: str) -> str:
    asked = api.post("/dags/respond/dagRuns", json={"dag_run_id": run, "logical_date": None, "conf": CONF})
    assert asked.status_code == 200, asked.text
    return run


def _answer(api: httpx.Client, run: str, option: str, **form: str | None) -> None:
    fields = {"playbook": None, "owner": None, "until": None, "note": None, **form}
    given = api.patch(
        f"/dags/respond/dagRuns/{run}/taskInstances/ask/-1/hitlDetails",
        json={"chosen_options": [option], "params_input": fields},
    )
    assert given.status_code == 200, given.text


def test_an_incident_waits_for_a_person_and_keeps_the_answer(api: httpx.Client, home: Home) -> None:
    runs = [_ask(api, f"incident__{number}") for number in range(3)]
    for run in runs:  # all of them wait at once
        _until(lambda run=run: _state(api, run, "ask") == "awaiting_input")
    detail = api.get(f"/dags/respond/dagRuns/{runs[0]}/taskInstances/ask/-1/hitlDetails").json()
    assert (detail["subject"], detail["body"]) == (CONF["subject"], CONF["body"])
    assert tuple(detail["options"]) == answers.OPTIONS
    _answer(api, runs[0], answers.ACCEPT, owner="市场部", until="2026-07-10", note="as last year")
    _answer(api, runs[1], answers.SNOOZE)
    _answer(api, runs[2], answers.LEAVE_OPEN)
    for run, state in zip(runs, ("success", "failed", "skipped"), strict=True):
        _until(lambda run=run, state=state: _state(api, run, "record") == state)
