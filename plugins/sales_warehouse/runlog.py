"""The log of a run: one line for each event of each step, which the command line, the UI and the summary read."""

from __future__ import annotations

import contextlib
import datetime
import json
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class StepReport:
    """What a step did: row counts by name, and notes for people."""

    step: str
    subject: str | None = None
    rows: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class StepLog:
    """Appends the events of one step to a run's `steps.jsonl`."""

    def __init__(self, file: Path, step: str, subject: str | None) -> None:
        self._file, self._step, self._subject = file, step, subject
        self._started = time.monotonic()

    def progress(self, message: str) -> None:
        """Say what the step is doing now."""
        self.write("progress", message=message)

    def write(self, event: str, **more: Any) -> None:
        """Append one event; a line is one write, so that a reader never sees half of it."""
        now = datetime.datetime.now(datetime.UTC).isoformat()
        line = {"step": self._step, "subject": self._subject, "event": event, "at": now, **more}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)


@contextlib.contextmanager
def recorded(run_folder: Path, step: str, subject: str | None = None) -> Iterator[tuple[StepLog, StepReport]]:
    """Record start, end or error of a step, with its seconds and the peak memory of its process in MiB."""
    log, report = StepLog(run_folder / "steps.jsonl", step, subject), StepReport(step, subject)
    log.write("start")
    try:
        yield log, report
    except BaseException as error:
        message = f"{error}" or type(error).__name__
        log.write("error", seconds=log.seconds, rows=report.rows, notes=report.notes, message=message)
        raise
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    more = {"peak_mib": peak, "children_peak_mib": children}
    log.write("end", seconds=log.seconds, rows=report.rows, notes=report.notes, **more)
