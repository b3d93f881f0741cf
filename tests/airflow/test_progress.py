"""What a person sees of a refresh, and how the events of steps are read and summed up."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sales_warehouse.airflow.progress import Progress
from sales_warehouse.airflow.step_events import StepEvents, StepOutcomes


def _event(kind: str, **more: Any) -> dict[str, Any]:
    return {"step": "extract", "subject": "shop", "event": kind, "at": "2026-07-01T18:00:00+00:00", **more}


def _screen(events: list[dict[str, Any]], *, terminal: bool = False) -> str:
    file = io.StringIO()
    outcomes = StepOutcomes()
    with Progress(Console(file=file, width=60, force_terminal=terminal, color_system=None)) as progress:
        for event in events:
            progress.show(event, outcomes.apply(event))
            progress.tick()
    return file.getvalue()


def test_half_a_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "steps.jsonl"
    events = StepEvents(file)
    assert list(events.new()) == []
    first, second = json.dumps(_event("start")), json.dumps(_event("end", message="完成"))
    file.write_text(f"{first}\n{second[:30]}", encoding="utf-8")
    assert [event["event"] for event in events.new()] == ["start"]
    file.write_text(f"{first}\n{second}\n", encoding="utf-8")
    assert [event["message"] for event in events.new()] == ["完成"]
    assert list(events.new()) == []


def test_seconds_of_all_attempts_are_added_up() -> None:
    outcomes = StepOutcomes()
    for event in (_event("start"), _event("error", seconds=2.0, message="down"), _event("start")):
        step = outcomes.apply(event)
    assert (step.status, step.attempts, step.message) == ("running", 2, None)
    outcomes.apply(_event("end", seconds=3.0, rows={"landed": 5}))
    assert (outcomes.seconds(), outcomes.rows()[0]["status"], outcomes.rows()[0]["rows"]) == (5.0, "ok", {"landed": 5})


def test_a_finished_step_is_one_line_with_its_seconds_and_rows() -> None:
    screen = _screen([_event("start"), _event("end", seconds=1.25, rows={"landed": 12345, "refused_files": 0})])
    assert screen.splitlines() == ["  ✓ extract shop                         1.2 s  landed 12,345"]


def test_a_failed_step_says_why_with_every_finding_on_a_line_of_its_own() -> None:
    message = "shop: the folder /data/shop does not exist; mount it or mend connection.path\n  a.csv: empty"
    screen = _screen([_event("start"), _event("error", seconds=0.1, message=message)])
    assert screen.count("\n") == 2
    assert "does not exist; mount it or mend connection.path (attempt 1)" in screen
    assert "      a.csv: empty" in screen


@pytest.mark.parametrize("terminal", [True, False], ids=["in a terminal", "in a file"])
def test_marks_of_square_brackets_in_a_message_are_text(terminal: bool) -> None:
    assert "[bold]" in _screen([_event("start"), _event("error", seconds=1, message="[bold]")], terminal=terminal)


def test_a_terminal_shows_what_is_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    events = [_event("start"), _event("progress", message="orders.csv")]
    assert "extract shop orders.csv" in _screen(events, terminal=True)
    assert "orders.csv" not in _screen(events)
