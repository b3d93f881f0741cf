"""Airflow's metadata database: created, brought up to date, and cleared of what an interrupted refresh left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from airflow.configuration import AIRFLOW_HOME
from airflow.models.asset import AssetDagRunQueue
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.pool import Pool
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DagRunState, TaskInstanceState
from airflow.utils import db
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import delete, select, update

from sales_warehouse.airflow import policy

UNFINISHED = (
    TaskInstanceState.RUNNING,
    TaskInstanceState.QUEUED,
    TaskInstanceState.SCHEDULED,
    TaskInstanceState.UP_FOR_RETRY,
)


def prepare() -> None:
    """Create or migrate the database when it is not up to date (some seconds, once), and set the pools."""
    try:
        db.check_migrations(timeout=0)
    except TimeoutError:
        db.initdb()
    for pool in policy.pools():
        Pool.create_or_update_pool(pool.name, pool.slots, pool.description, include_deferred=False)


def recover() -> None:
    """Tidy up after a refresh that died with its process; call it only while no refresh is running.

    Its runs are marked failed, so that a scheduler does not take them up, and the DAGs it had paused run again.
    """
    _close_interrupted_runs()
    if _paused_file().exists():
        _set_paused(json.loads(_paused_file().read_text(encoding="utf-8")), paused=False)
        _paused_file().unlink()


@contextmanager
def schedulers_kept_off(dag_ids: Sequence[str]) -> Iterator[None]:
    """Pause the DAGs while they run here, so that a scheduler on the same database neither runs nor follows them.

    Leaves them as they were; asset events of this refresh start nothing a second time.
    """
    with create_session() as session:
        active = session.scalars(
            select(DagModel.dag_id).where(DagModel.dag_id.in_(dag_ids), DagModel.is_paused.is_(False))
        ).all()
    _paused_file().write_text(json.dumps(list(active)), encoding="utf-8")
    _set_paused(active, paused=True)
    try:
        yield
    finally:
        with create_session() as session:
            session.execute(delete(AssetDagRunQueue).where(AssetDagRunQueue.target_dag_id.in_(dag_ids)))
        _set_paused(active, paused=False)
        _paused_file().unlink()


def _close_interrupted_runs() -> None:
    with create_session() as session:
        left = session.scalars(
            select(DagRun).where(DagRun.triggered_by == DagRunTriggeredByType.TEST, DagRun.state == DagRunState.RUNNING)
        ).all()
        for run in left:
            run.state = DagRunState.FAILED
            session.execute(
                update(TaskInstance)
                .where(TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id)
                .where(TaskInstance.state.is_(None) | TaskInstance.state.in_(UNFINISHED))
                .values(state=TaskInstanceState.FAILED)
            )


def _set_paused(dag_ids: Sequence[str], *, paused: bool) -> None:
    with create_session() as session:
        session.execute(update(DagModel).where(DagModel.dag_id.in_(dag_ids)).values(is_paused=paused))


def _paused_file() -> Path:
    return Path(AIRFLOW_HOME) / "paused_by_refresh.json"
