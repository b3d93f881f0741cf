"""The operators: a Python function that leaves no process behind when its task is ended, and a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psutil
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
from airflow.sdk.exceptions import AirflowSkipException

WITHDRAWN = "withdrawn"


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


class AskOperator(HITLOperator):
    """Asks people, unless nobody need answer (any more): then it is skipped, which takes it off the Required Actions.

    A task of Airflow 3.3 can neither answer a question nor end another task, so a question that waits is withdrawn by
    clearing its run, after which this looks again. `withdrawal` takes the context and returns why nobody need answer,
    None while somebody has to; the reason is in the log and in the XCom WITHDRAWN.
    """

    def __init__(self, *, withdrawal: Callable[[Mapping[str, Any]], str | None], **options: Any) -> None:
        super().__init__(**options)
        self.withdrawal = withdrawal

    def execute(self, context: Any) -> Any:
        why = self.withdrawal(context)
        if why is None:
            return super().execute(context)
        context["ti"].xcom_push(key=WITHDRAWN, value=why)
        raise AirflowSkipException(why)


def _terminate(process: psutil.Process) -> None:
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return
