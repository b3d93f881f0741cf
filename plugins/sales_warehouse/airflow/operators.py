"""The operators: a Python function that leaves no process behind when its task is ended, and a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psutil
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.hitl import update_hitl_detail_response, upsert_hitl_detail


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
    """Asks people, unless nobody need answer (any more): then it answers itself with why, and is skipped.

    Airflow 3.3 lets a task answer its own question alone, so a question that waits is withdrawn by clearing its run,
    after which this looks again. `withdrawal` takes the context and returns None, or the option and the fields to
    answer with; what is skipped leaves the list of Required Actions, and its answer says why.
    """

    def __init__(
        self, *, withdrawal: Callable[[Mapping[str, Any]], tuple[str, dict[str, Any]] | None], **options: Any
    ) -> None:
        super().__init__(**options)
        self.withdrawal = withdrawal

    def execute(self, context: Any) -> Any:
        withdrawn = self.withdrawal(context)
        if withdrawn is None:
            return super().execute(context)
        option, fields = withdrawn
        ti_id = context["task_instance"].id
        upsert_hitl_detail(
            ti_id=ti_id, options=self.options, subject=self.subject, body=self.body, defaults=self.defaults,
            multiple=self.multiple, params=self.serialized_params, assigned_users=self.assigned_users,
        )  # fmt: skip
        update_hitl_detail_response(ti_id=ti_id, chosen_options=[option], params_input=fields)
        raise AirflowSkipException(fields["note"])


def _terminate(process: psutil.Process) -> None:
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return
