"""Events of the steps of a run: read as they are written, and summed up for each step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


class StepEvents:
    """The lines of `runs/<run_id>/steps.jsonl`, read while another process appends to it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0

    def new(self) -> Iterator[dict[str, Any]]:
        """Yield the events that have been written whole since the last call."""
        if not self._file.exists():
            return
        with self._file.open("rb") as lines:
            lines.seek(self._offset)
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                yield json.loads(line)


@dataclass
class StepOutcome:
    """What became of one step of one subject, over all its attempts. `seconds` adds the attempts up."""

    step: str
    subject: str | None
    status: str = "running"
    seconds: float = 0.0
    attempts: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    message: str | None = None

    def apply(self, event: dict[str, Any]) -> None:
        """Take in one event of this step."""
        kind = event["event"]
        self.rows = event.get("rows") or self.rows
        if kind == "start":
            self.status, self.attempts, self.message = "running", self.attempts + 1, None
        elif kind in ("end", "error"):
            self.status = "ok" if kind == "end" else "failed"
            self.seconds += event.get("seconds") or 0.0
            self.notes = event.get("notes") or []
            self.message = event.get("message")


class StepOutcomes:
    """The steps of a run in the order in which they started."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str | None], StepOutcome] = {}

    def apply(self, event: dict[str, Any]) -> StepOutcome:
        """Take in an event and return the step it belongs to."""
        key = (event["step"], event.get("subject"))
        outcome = self._steps.setdefault(key, StepOutcome(*key))
        outcome.apply(event)
        return outcome

    def seconds(self) -> float:
        """Time spent inside steps, all attempts."""
        return sum(step.seconds for step in self._steps.values())

    def steps(self) -> list[StepOutcome]:
        """Return the steps."""
        return list(self._steps.values())

    def rows(self) -> list[dict[str, Any]]:
        """Return one dictionary for each step."""
        return [asdict(step) for step in self._steps.values()]
