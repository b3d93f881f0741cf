"""A refresh on the screen: one line for each step, live in a terminal and plain elsewhere."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from sales_warehouse.airflow.step_events import StepOutcome

MARKS = {"ok": ("✓", "green"), "failed": ("✗", "red"), "running": ("·", "cyan")}
QUIET_SECONDS = 10.0
MESSAGE_LINES = 10


class Progress:
    """Shows steps as they run: finished ones stay, the running one counts its seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=True) if _is_live(console) else None
        self._spinner = Spinner("dots")
        self._started = time.monotonic()
        self._said = time.monotonic()

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
            self._wait("starting Airflow")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def show(self, event: dict[str, Any], step: StepOutcome) -> None:
        """Show one event."""
        if event["event"] == "start":
            self._started = time.monotonic()
        if event["event"] in ("end", "error"):
            self._console.print(line(step, event.get("seconds") or 0.0), soft_wrap=True)
            self._wait("")
        else:
            self._running(event, step)

    def _running(self, event: dict[str, Any], step: StepOutcome) -> None:
        text = " ".join(part for part in (name(step), event.get("message") or counts(step.rows)) if part)
        if self._live:
            self._wait(text)
        elif event["event"] == "progress" and time.monotonic() - self._said > QUIET_SECONDS:
            self._console.print(Text(f"  · {text}"))
            self._said = time.monotonic()

    def tick(self) -> None:
        """Let the seconds of the running step go on."""
        if self._live and self._spinner.text:
            self._wait(self._label)

    def _wait(self, label: str) -> None:
        self._label = label
        seconds = f"{time.monotonic() - self._started:6.1f} s"
        self._spinner.update(text=Text(f"{label}  {seconds}", style="cyan"))
        if self._live:
            self._live.update(self._spinner)


def name(step: StepOutcome) -> str:
    """Return the name of a step as people read it."""
    return f"{step.step} {step.subject}" if step.subject else step.step


def counts(rows: dict[str, int]) -> str:
    """Return row counts as text, without those that are zero."""
    return " · ".join(f"{what} {count:,}" for what, count in rows.items() if count)


def line(step: StepOutcome, seconds: float) -> Text:
    """Return the line that stays on the screen for a finished step."""
    mark, colour = MARKS[step.status]
    text = Text.assemble((f"  {mark} ", colour), f"{name(step):<32}", (f"{seconds:8.1f} s  ", "dim"), counts(step.rows))
    if step.status == "failed":
        first, *rest = (step.message or "failed").strip().splitlines()
        text.append(f" {first}", style="red").append(f" (attempt {step.attempts})", style="dim")
        for more in rest[:MESSAGE_LINES]:
            text.append(f"\n      {more}", style="red")
    for note in step.notes:
        text.append(f"\n      {note}", style="dim")
    return text


def _is_live(console: Console) -> bool:
    return console.is_terminal and not os.environ.get("CI")
