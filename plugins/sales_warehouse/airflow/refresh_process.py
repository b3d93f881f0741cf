"""One refresh inside one process: every DAG through `dag.test()`, in the order that the assets give.

Started by `embedded.run_refresh`; ends with an exit code of its own (see `Ending`).
"""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, DagRunState, TaskInstanceState
from airflow.sdk.listener import get_listener_manager

from sales_warehouse.airflow import assets, factory, metadata, order, policy
from sales_warehouse.airflow.task_logs import EndsWhenAsked, TaskLogs

RETRY_SECONDS = 2.0  # somebody is waiting


class Ending(IntEnum):
    """What a refresh came to; the exit code of the command line."""

    COMPLETE = 0
    NOT_PUBLISHED = 1
    PUBLISHED_WITH_FAILURES = 3


@dataclass
class Result:
    """State of each DAG that ran, and the assets that were produced."""

    states: dict[str, str] = field(default_factory=dict)
    failed_tasks: list[str] = field(default_factory=list)
    produced: set[str] = field(default_factory=set)
    not_run: list[str] = field(default_factory=list)
    error: str | None = None

    @property
    def ending(self) -> Ending:
        """Published means that the task which publishes succeeded in this very refresh."""
        if assets.PUBLISHED.name not in self.produced:
            return Ending.NOT_PUBLISHED
        whole = not self.error and all(state == DagRunState.SUCCESS for state in self.states.values())
        return Ending.COMPLETE if whole else Ending.PUBLISHED_WITH_FAILURES

    def write(self, file: Path) -> None:
        """Leave the result for the process that waits."""
        file.parent.mkdir(parents=True, exist_ok=True)
        text = {**self.__dict__, "produced": sorted(self.produced), "ending": int(self.ending)}
        file.write_text(json.dumps(text, indent=1), encoding="utf-8")


def load_dags() -> dict[str, DAG]:
    """Load every DAG of the configured folder. Raises RuntimeError when a file cannot be imported."""
    bag = DagBag(dag_folder=conf.get("core", "dags_folder"))
    if bag.import_errors:
        raise RuntimeError("\n".join(f"{file}: {error}" for file, error in bag.import_errors.items()))
    for task in (task for dag in bag.dags.values() for task in dag.tasks):
        task.retry_delay = policy.retry_delay(RETRY_SECONDS)  # here alone: what the scheduler knows stays as it is
    return bag.dags


def refresh(dags: dict[str, DAG], run_conf: dict[str, Any], result: Result) -> None:
    """Run every DAG once. A DAG that only assets start runs when all of them were produced, as a scheduler does.

    What people start by hand is not run, nor what needs a scheduler: reading between the nights, waiting for people.
    """
    for dag in (dag for dag in order.in_order(dags) if dag.dag_id not in factory.SCHEDULER_ONLY):
        waits_for = order.triggers(dag)
        if order.has_own_time(dag) or (waits_for and waits_for <= result.produced):
            _run(dag, run_conf, result)
        elif waits_for:
            result.not_run.append(dag.dag_id)


def _run(dag: DAG, run_conf: dict[str, Any], result: Result) -> None:
    dag_run = dag.test(run_conf=run_conf)
    result.states[dag.dag_id] = str(dag_run.state)
    for ti in dag_run.get_task_instances():
        if ti.state == TaskInstanceState.SUCCESS:
            result.produced |= {outlet.name for outlet in dag.get_task(ti.task_id).outlets}
        else:
            result.failed_tasks.append(f"{dag.dag_id}.{ti.task_id}")


def main(run_conf: dict[str, Any], result_file: Path) -> int:
    """Prepare Airflow, run the refresh and leave its result in a file."""
    result = Result()
    try:
        metadata.prepare()
        metadata.recover()
        _listen()
        dags = load_dags()
        with metadata.schedulers_kept_off(sorted(dags)):
            refresh(dags, run_conf, result)
    except Exception as error:
        traceback.print_exc()
        result.error = f"{type(error).__name__}: {error}"
    result.write(result_file)
    return result.ending


def _listen() -> None:
    listeners = get_listener_manager()
    listeners.add_listener(EndsWhenAsked())
    listeners.add_listener(TaskLogs(Path(conf.get("logging", "base_log_folder"))))


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), Path(sys.argv[2])))
