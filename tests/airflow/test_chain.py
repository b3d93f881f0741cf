"""DAGs run for real, task by task, with steps that only pretend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pretended_steps
import pytest
from airflow.models.asset import AssetEvent, AssetModel
from airflow.sdk import DAG
from airflow.utils.session import create_session
from sqlalchemy import select

from sales_warehouse.airflow import factory

pytestmark = pytest.mark.usefixtures("metadata_database")

AS_OF = "2026-07-01T18:00:00+00:00"
Pretend = Callable[..., None]


def _run(dag: DAG) -> tuple[str, dict[str, tuple[str, int]]]:
    """Run a DAG and return its state, and state and number of tries of each task."""
    run = dag.test(run_conf={"as_of": AS_OF, "run_id": "night", "business_date": "2026-07-01"})
    return str(run.state), {ti.task_id: (str(ti.state), ti.try_number) for ti in run.get_task_instances()}


def _last_extra(asset: str) -> dict[str, Any]:
    with create_session() as session:
        query = (
            select(AssetEvent.extra)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetModel.name == asset)
        )
        return session.scalars(query.order_by(AssetEvent.id.desc())).first()


def test_a_source_that_works_hands_over(pretend: Pretend) -> None:
    pretend()
    state, tasks = _run(factory.ingest_dag("shop"))
    assert state == "success"
    assert set(tasks.values()) == {("success", 1)}
    assert pretended_steps.calls == ["extract shop", "conform shop", "gate shop"]
    extra = _last_extra("accepted/shop")
    assert (extra["status"], extra["rows"], extra["run_id"]) == ("ok", {"landed": 1200, "accepted": 1000}, "night")


def test_the_steps_are_given_the_moment_and_the_business_date(pretend: Pretend) -> None:
    pretend()
    _run(factory.watch_dag())
    run = pretended_steps.runs[-1]
    assert (f"{run.as_of}", f"{run.business_date}", run.run_id) == ("2026-07-01 18:00:00", "2026-07-01", "night")


def test_a_step_that_fails_once_is_tried_again(pretend: Pretend) -> None:
    pretend({"extract shop": {"fail": 1}})
    state, tasks = _run(factory.ingest_dag("shop"))
    assert state == "success"
    assert tasks["extract"] == ("success", 2)


def test_a_source_that_is_down_ends_red_but_catches_up_and_hands_over(pretend: Pretend) -> None:
    pretend({"extract shop": {"fail": 9}})
    state, tasks = _run(factory.ingest_dag("shop"))
    assert state == "failed"
    assert tasks["extract"] == ("failed", 3)
    assert [tasks[name][0] for name in ("conform", "gate", "hand_over", "verdict")] == ["success"] * 3 + ["failed"]
    extra = _last_extra("accepted/shop")
    assert (extra["status"], extra["failed_steps"]) == ("failed", ["extract"])


def test_an_error_that_somebody_has_to_mend_is_not_tried_again(pretend: Pretend) -> None:
    pretend({"audit": {"fail": 9, "error": "AuditFailed"}})
    state, tasks = _run(factory.warehouse_dag(["shop"]))
    assert state == "failed"
    assert tasks["audit"] == ("failed", 1)


def test_what_the_audit_refuses_is_not_published(pretend: Pretend) -> None:
    pretend({"audit": {"fail": 9}})
    _, tasks = _run(factory.warehouse_dag(["shop"]))
    assert tasks["publish"][0] == "upstream_failed"
    assert "publish" not in pretended_steps.calls


def _read_now() -> tuple[str, dict]:
    return _run(factory.micro_batch_dag().partial_subset("read_now", include_downstream=False))


def test_between_the_nights_only_the_sources_that_say_so_are_read(pretend: Pretend) -> None:
    pretend()
    assert _read_now()[0] == "success"
    assert pretended_steps.calls == ["extract shop", "conform shop", "gate shop"]


def test_a_source_that_is_down_between_the_nights_ends_red(pretend: Pretend) -> None:
    pretend({"extract shop": {"fail": 9}})
    assert _read_now()[0] == "failed"
    assert {"conform shop", "gate shop"} <= set(pretended_steps.calls), "what had landed before waits for nothing"


def test_a_load_that_cannot_be_mapped_holds_up_no_corrections_of_others(pretend: Pretend) -> None:
    pretend({"conform crm": {"fail": 9}})
    dag = factory.replay_dag().partial_subset("let_in", include_upstream=False, include_downstream=False)
    assert _run(dag)[0] == "failed"
    assert {"gate crm", "conform shop", "gate shop"} <= set(pretended_steps.calls)
