"""Airflow's metadata database: created, brought up to date, and cleared of what an interrupted refresh left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow import settings
from airflow.models.asset import AssetDagRunQueue
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.pool import Pool
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DagRunState, TaskInstanceState
from airflow.utils import db
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import delete, select, update

from sales_warehouse.airflow import policy


def prepare() -> None:
    """Create or migrate the database when it is not up to date (some seconds, once), and set the pools."""
    try:
        db.check_migrations(timeout=0)
    except TimeoutError:
        db.initdb()
    for pool in policy.pools():
        Pool.create_or_update_pool(pool.name, pool.slots, pool.description, include_deferred=False)


def close_interrupted_runs() -> int:
    """Mark runs that died with their process as failed, and return how many: a scheduler would take them up again."""
    with settings.Session() as session:
        left = select(DagRun.id).where(
            DagRun.triggered_by == DagRunTriggeredByType.TEST, DagRun.state == DagRunState.RUNNING
        )
        runs = session.scalars(left).all()
        _fail_tasks(session, runs)
        session.execute(update(DagRun).where(DagRun.id.in_(runs)).values(state=DagRunState.FAILED))
        session.commit()
    return len(runs)


def _fail_tasks(session: object, runs: list[int]) -> None:
    keys = [run.run_id for run in session.scalars(select(DagRun).where(DagRun.id.in_(runs)))]  # type: ignore[attr-defined]
    unfinished = TaskInstance.state.is_(None) | TaskInstance.state.in_(
        [TaskInstanceState.RUNNING, TaskInstanceState.QUEUED, TaskInstanceState.SCHEDULED, TaskInstanceState.UP_FOR_RETRY]
    )
    session.execute(  # type: ignore[attr-defined]
        update(TaskInstance)
        .where(TaskInstance.run_id.in_(keys), unfinished)
        .values(state=TaskInstanceState.FAILED)
    )


@contextmanager
def schedulers_kept_off(dag_ids: list[str]) -> Iterator[None]:
    """Pause the DAGs while they run here, so that a scheduler on the same database neither runs nor follows them.

    Leaves them as they were; events that were consumed here are not consumed again.
    """
    with settings.Session() as session:
        active = session.scalars(
            select(DagModel.dag_id).where(DagModel.dag_id.in_(dag_ids), DagModel.is_paused.is_(False))
        ).all()
        _pause(session, active, paused=True)
    try:
        yield
    finally:
        with settings.Session() as session:
            session.execute(delete(AssetDagRunQueue).where(AssetDagRunQueue.target_dag_id.in_(dag_ids)))
            _pause(session, active, paused=False)


def _pause(session: object, dag_ids: list[str], *, paused: bool) -> None:
    session.execute(update(DagModel).where(DagModel.dag_id.in_(dag_ids)).values(is_paused=paused))  # type: ignore[attr-defined]
    session.commit()  # type: ignore[attr-defined]
