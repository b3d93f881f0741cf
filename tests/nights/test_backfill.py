"""Airflow's own backfill, asked for over its API and run by its scheduler, gives past nights again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from nights_world import World, day

from sales_warehouse import nights
from sales_warehouse.nights.inputs import listed_files
from sales_warehouse.nights.store import file_place
from sales_warehouse.publish import pointer
from sales_warehouse.sql import connect

sys.path.append(str(Path(__file__).parents[1] / "airflow"))

import airflow_api
from airflow_api import until

pytestmark = pytest.mark.long  # a minute; test_past_nights.py has the nights, tests/airflow/test_past_night.py the DAG


@pytest.fixture(scope="module")
def api(lived: World) -> Iterator[httpx.Client]:
    run = lived.run()
    with airflow_api.api(run.home, lived.folder, ("warehouse",)) as client:
        yield client


def _backfill(api: httpx.Client, first: int, last: int, *, backwards: bool = False) -> dict[str, str]:
    """Ask for some nights; return the state in which the run of each ended, by its business date."""
    # The run of a morning is the night of the day before; the last day of a range is the one that is not asked for.
    asked = {
        "dag_id": "warehouse",
        "from_date": f"{day(first + 1)}T00:00:00+08:00",
        "to_date": f"{day(last + 2)}T00:00:00+08:00",
        "max_active_runs": 1,
        "reprocess_behavior": "completed",
        "run_backwards": backwards,
    }
    backfill = until(lambda: _created(api, asked))
    until(lambda: api.get(f"/backfills/{backfill}").json()["completed_at"], 300)
    runs = api.get("/dags/warehouse/dagRuns", params={"order_by": "logical_date", "limit": 100}).json()["dag_runs"]
    return {run["dag_run_id"]: run["state"] for run in runs if run["run_type"] == "backfill"}


def _created(api: httpx.Client, asked: dict[str, Any]) -> int | None:
    """The backfill that Airflow made; None where SQLite was locked, where this UI keeps its runs."""
    answer = api.post("/backfills", json=asked)
    assert answer.status_code == 200 or "Database is locked" in answer.text, answer.text
    return answer.json().get("id")


def _said(api: httpx.Client, run: str) -> str:
    """What the task of a night wrote into its log, its last try."""
    place = f"/dags/warehouse/dagRuns/{run}/taskInstances/past_night"
    tries = api.get(place).json()["try_number"]
    return api.get(f"{place}/logs/{tries}", headers={"Accept": "application/json"}).text


def test_a_backfill_gives_each_night_again_and_moves_no_reader(api: httpx.Client, lived: World) -> None:
    home = lived.run().home
    before = pointer.current(home)
    done = _backfill(api, 1, 3)
    assert list(done.values()) == ["success"] * 3
    for run, number in zip(done, range(1, 4), strict=True):
        assert f"{day(number)}" in _said(api, run) and "equal" in _said(api, run), run
    assert pointer.current(home) == before


def test_a_night_that_cannot_be_the_same_again_is_red_and_the_next_is_asked(api: httpx.Client, lived: World) -> None:
    """A file that came with the third night has other bytes now; the nights are asked from the last one back."""
    home = lived.run().home
    second, third = nights.nights(home)[1:3]
    with connect(temp=home.tmp) as connection:
        files = [dict(listed_files(connection, home, night.inputs)) for night in (second, third)]
    path = next(path for path in files[1] if path not in files[0] and "/order_lines/" in path)
    kept = file_place(home, path, files[1][path])
    others = [file for file in home.accepted.rglob("*.parquet") if file.samefile(kept)]
    bytes_before = kept.read_bytes()
    kept.unlink()  # not written into: the accepted file has the same bytes
    kept.write_bytes(bytes_before + b" ")
    try:
        done = _backfill(api, 2, 3, backwards=True)
    finally:
        kept.unlink()
        kept.hardlink_to(others[0]) if others else kept.write_bytes(bytes_before)
    assert list(done.values())[-2:] == ["success", "failed"]
    assert "has changed since the night" in _said(api, list(done)[-1])
