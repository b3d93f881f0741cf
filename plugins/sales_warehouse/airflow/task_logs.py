"""What happens around tasks that run in this process: their logs, and what SIGTERM does to them."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from airflow.listeners import hookimpl


class EndsWhenAsked:
    """A listener of Airflow: SIGTERM ends the process during a task too, where Airflow would only call `on_kill`."""

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        """Undo the handler that Airflow has just installed."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class TaskLogs:
    """A listener of Airflow: while a task runs, everything printed or logged goes into a file for this attempt.

    Airflow's UI shows these files, as if a worker had written them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._streams = (os.dup(1), os.dup(2))

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        """Send standard output and error into the log of the attempt."""
        file = self.file(task_instance)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as log:
            self._point((log.fileno(), log.fileno()))

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        """Send standard output and error back to where they went before."""
        self._point(self._streams)

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        """Send standard output and error back to where they went before."""
        self._point(self._streams)

    def file(self, task_instance: Any) -> Path:
        """Return the log file of an attempt, named as Airflow's default template does."""
        ti = task_instance
        run = self._folder / f"dag_id={ti.dag_id}" / f"run_id={ti.run_id}"
        return run / f"task_id={ti.task_id}" / f"attempt={ti.try_number}.log"

    @staticmethod
    def _point(streams: tuple[int, int]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, source in enumerate(streams, start=1):
            os.dup2(source, target)
