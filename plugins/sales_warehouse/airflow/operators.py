"""The operator of the steps: a Python function that leaves no process behind when its task is ended."""

from __future__ import annotations

import psutil
from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator


class _EndsItsProcesses:
    """dbt is a process of its own and would go on, holding the warehouse, after its task was ended."""

    def on_kill(self) -> None:
        """End the processes that the step started. Airflow calls this on SIGTERM and when the time limit is over."""
        for child in psutil.Process().children(recursive=True):
            _terminate(child)


class StepOperator(_EndsItsProcesses, PythonOperator):
    """Runs a step."""


class GoOnOperator(_EndsItsProcesses, ShortCircuitOperator):
    """Runs a step that says whether the tasks behind it are to run; they are skipped when they are not."""


def _terminate(process: psutil.Process) -> None:
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return
