"""A whole refresh through real Airflow without a scheduler: what `make run` does."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from sales_warehouse.airflow.environment import airflow_environment, prepare_folders
from sales_warehouse.airflow.interrupts import Interrupted, interruptible
from sales_warehouse.airflow.leash import Leash
from sales_warehouse.airflow.progress import Progress
from sales_warehouse.airflow.refresh_lock import refresh_lock
from sales_warehouse.airflow.step_events import StepEvents, StepOutcomes
from sales_warehouse.run import Run, make_run

INTERRUPTED = 128 + signal.SIGINT


@dataclass(frozen=True)
class RefreshOutcome:
    """What a refresh came to.

    `exit_code`: 0 all fine; 3 published, but something failed; 1 not published; 130 interrupted.
    `seconds` is the whole time, `orchestration_seconds` the part of it outside the steps.
    `steps`: one dictionary for each step, see `step_events.StepOutcome`.
    `failed_tasks`: tasks that failed or were held back by one that failed, as `<dag>.<task>`.
    `error`: why Airflow itself could not run the DAGs. `log`: its output.
    """

    run_id: str
    exit_code: int
    seconds: float
    orchestration_seconds: float
    steps: list[dict[str, Any]]
    failed_tasks: list[str]
    error: str | None
    log: Path


def run_refresh(
    company: Path,
    *,
    as_of: datetime | None = None,
    business_date: date | None = None,
    full_refresh: bool = False,
    console: Console | None = None,
) -> RefreshOutcome:
    """Run every DAG of a company once, in one child process, showing each step.

    Ctrl-C and SIGTERM end the child with everything it started. Raises RefreshBusy when a refresh of the company is
    running, and CompanyError when the configuration has mistakes.
    """
    console = console or Console()
    run = make_run(company, as_of=as_of, business_date=business_date, full_refresh=full_refresh)
    prepare_folders(run.home)
    with refresh_lock(run.home):
        return _refresh(company, run, console)


def _refresh(company: Path, run: Run, console: Console) -> RefreshOutcome:
    started = time.monotonic()
    log = run.home.logs / f"refresh_{run.run_id}.log"
    outcomes = StepOutcomes()
    exit_code = _follow(
        _command(run),
        airflow_environment(run.home, company, run.company.about.time_zone),
        log,
        _steps_file(run),
        outcomes,
        console,
    )
    seconds = time.monotonic() - started
    result = _result(run)
    return RefreshOutcome(
        run_id=run.run_id,
        exit_code=exit_code,
        seconds=seconds,
        orchestration_seconds=max(0.0, seconds - outcomes.seconds()),
        steps=outcomes.rows(),
        failed_tasks=result.get("failed_tasks", []),
        error=result.get("error"),
        log=log,
    )


def _follow(
    command: list[str],
    environment: dict[str, str],
    log: Path,
    steps_file: Path,
    outcomes: StepOutcomes,
    console: Console,
) -> int:
    events = StepEvents(steps_file)
    try:
        with interruptible(), Leash(command, environment=environment, log=log) as child, Progress(console) as progress:
            code = None
            while code is None:
                time.sleep(0.1)
                code = child.poll()
                for event in events.new():
                    progress.show(event, outcomes.apply(event))
                progress.tick()
            return code
    except Interrupted as interruption:
        console.print(
            f"Stopped by {interruption}: every process of the refresh has ended. What was published before stays "
            "published; the next refresh takes up where this one stopped."
        )
        return INTERRUPTED


def _command(run: Run) -> list[str]:
    run_conf = {
        "run_id": run.run_id,
        "as_of": run.as_of.replace(tzinfo=UTC).isoformat(),
        "business_date": run.business_date.isoformat(),
        "full_refresh": run.full_refresh,
    }
    return [
        sys.executable,
        "-m",
        "sales_warehouse.airflow.refresh_process",
        json.dumps(run_conf),
        str(_result_file(run)),
    ]


def _steps_file(run: Run) -> Path:
    return run.folder / "steps.jsonl"


def _result_file(run: Run) -> Path:
    return run.folder / "airflow.json"


def _result(run: Run) -> dict[str, Any]:
    file = _result_file(run)
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
