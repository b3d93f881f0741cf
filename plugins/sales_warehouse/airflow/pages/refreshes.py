"""What the page on refreshes shows: the steps of the last runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sales_warehouse.airflow.step_events import StepEvents, StepOutcome, StepOutcomes

SHOWN = 20


@dataclass(frozen=True)
class Refresh:
    """One run: when it started, how it stands, its steps."""

    run_id: str
    started_at: datetime | None
    status: str
    seconds: float
    steps: list[StepOutcome]

    @property
    def slowest(self) -> float:
        """Seconds of the slowest step, at least a little, to draw the others against."""
        return max([step.seconds for step in self.steps] + [0.001])


def refreshes(runs: Path, shown: int = SHOWN) -> list[Refresh]:
    """Return the last runs, the newest first."""
    files = sorted(runs.glob("*/steps.jsonl"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [_refresh(file) for file in files[:shown]]


def _refresh(file: Path) -> Refresh:
    outcomes = StepOutcomes()
    events = list(StepEvents(file).new())
    for event in events:
        outcomes.apply(event)
    return Refresh(
        run_id=file.parent.name,
        started_at=datetime.fromisoformat(events[0]["at"]) if events else None,
        status=_status(outcomes.steps()),
        seconds=outcomes.seconds(),
        steps=outcomes.steps(),
    )


def _status(steps: list[StepOutcome]) -> str:
    if any(step.step == "publish" and step.status == "ok" for step in steps):
        failed = any(step.status == "failed" for step in steps)
        return "published, something failed" if failed else "published"
    return "not published"
