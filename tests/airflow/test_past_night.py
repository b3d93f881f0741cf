"""A backfill of the warehouse asks for past nights: Airflow's own, task by task, with steps that only pretend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pretended_steps
import pytest
from airflow.models.backfill import Backfill, BackfillDagRun, ReprocessBehavior, _create_backfill
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG
from airflow.utils.session import create_session
from sqlalchemy import delete, select

from sales_warehouse.airflow import tasks
from sales_warehouse.airflow.moment import asked_night, is_backfill

NIGHT = datetime(2026, 6, 30, 21, 0, tzinfo=UTC)  # 05:00 on 1 July in Shanghai
Pretend = Callable[..., None]


def context(kind: object, params: dict | None = None) -> dict:
    run = SimpleNamespace(logical_date=NIGHT, run_after=NIGHT, run_type=kind)
    return {"params": params or {}, "dag_run": run}


@pytest.fixture
def as_backfill(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every DAG run of this process belongs to a backfill."""
    monkeypatch.setattr(tasks, "is_backfill", lambda context: True)


def run(dag: DAG) -> tuple[str, dict[str, tuple[str, int]]]:
    done = dag.test(logical_date=NIGHT)
    return str(done.state), {ti.task_id: (str(ti.state), ti.try_number) for ti in done.get_task_instances()}


@pytest.mark.usefixtures("metadata_database", "as_backfill")
def test_a_backfill_runs_its_night_again_and_nothing_else(pretend: Pretend, dags: dict[str, DAG]) -> None:
    pretend()
    state, done = run(dags["warehouse"])
    assert (state, done.pop("past_night")) == ("success", ("success", 1))
    assert {how for how, _ in done.values()} == {"skipped"} and len(done) == 5
    assert pretended_steps.calls == ["rerun"]
    assert pretended_steps.runs[-1].business_date == date(2026, 6, 30)
    assert pretended_steps.runs[-1].run_id == "rerun_20260630"


@pytest.mark.usefixtures("metadata_database", "as_backfill")
def test_a_night_that_is_not_equal_is_red_and_not_tried_again(pretend: Pretend, dags: dict[str, DAG]) -> None:
    pretend({"rerun": {"fail": 9, "error": "NotEqual"}})
    state, done = run(dags["warehouse"])
    assert (state, done["past_night"], done["publish"][0]) == ("failed", ("failed", 1), "upstream_failed")
    assert pretended_steps.calls == ["rerun"]


@pytest.mark.usefixtures("metadata_database")
def test_any_other_run_refreshes(pretend: Pretend, dags: dict[str, DAG]) -> None:
    pretend()
    state, done = run(dags["warehouse"])
    assert (state, {how for how, _ in done.values()}) == ("success", {"success"})
    assert pretended_steps.calls == ["identify", "transform", "audit", "publish", "publish_postgres"]


@pytest.mark.usefixtures("metadata_database")
def test_airflow_makes_a_run_of_each_night_that_a_backfill_names(pretend: Pretend, dags: dict[str, DAG]) -> None:
    pretend()
    run(dags["warehouse"])  # which writes the DAGs into the metadata database
    backfill = _create_backfill(
        dag_id="warehouse",
        from_date=datetime(2026, 6, 1, tzinfo=UTC),
        to_date=datetime(2026, 6, 4, tzinfo=UTC),
        max_active_runs=1,
        reverse=False,
        dag_run_conf=None,
        triggering_user_name="ann",
        reprocess_behavior=ReprocessBehavior.COMPLETED,
    )
    with create_session() as session:
        made = session.scalars(select(DagRun).where(DagRun.backfill_id == backfill.id)).all()
        nights = sorted(asked_night({"params": {}, "dag_run": made_run}, "Asia/Shanghai")[0] for made_run in made)
        assert all(is_backfill({"dag_run": made_run}) for made_run in made)
        assert nights == [date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)]
        session.execute(delete(BackfillDagRun).where(BackfillDagRun.backfill_id == backfill.id))
        session.execute(delete(DagRun).where(DagRun.backfill_id == backfill.id))
        session.execute(delete(Backfill).where(Backfill.id == backfill.id))


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        pytest.param("backfill", True, id="a backfill, as the database says it"),
        pytest.param(SimpleNamespace(value="backfill"), True, id="a backfill, as a task is told"),
        pytest.param("scheduled", False, id="by the clock"),
        pytest.param("manual", False, id="by hand"),
        pytest.param(None, False, id="not said"),
    ],
)
def test_a_backfill_is_told_from_other_runs(kind: object, found: bool) -> None:
    assert is_backfill(context(kind)) is found


def test_a_night_reports_the_day_before_in_company_time() -> None:
    assert asked_night(context("backfill"), "Asia/Shanghai") == (date(2026, 6, 30), "rerun_20260630")
    assert asked_night(context("backfill"), "UTC")[0] == date(2026, 6, 29)
    assert asked_night(context("backfill", {"business_date": "2026-05-02"}), "UTC")[0] == date(2026, 5, 2)
