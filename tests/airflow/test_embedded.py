"""A whole refresh in one child process, with steps that only pretend."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from rich.console import Console

from sales_warehouse.airflow.embedded import RefreshOutcome, run_refresh
from sales_warehouse.airflow.environment import prepare_folders
from sales_warehouse.airflow.leash import GRACE_SECONDS, session_members
from sales_warehouse.airflow.refresh_lock import RefreshBusy, refresh_lock
from sales_warehouse.home import Home

Pretend = Callable[..., None]
AS_OF = datetime(2026, 7, 1, 18, 0, tzinfo=UTC)
ALL_STEPS = [
    *(f"{step} {source}" for source in ("crm", "shop") for step in ("extract", "conform", "gate")),
    *("identify", "transform", "audit", "publish", "publish_postgres", "watch"),
]


def _refresh(company: Path) -> tuple[RefreshOutcome, str]:
    screen = io.StringIO()
    console = Console(file=screen, width=100)
    return run_refresh(company, as_of=AS_OF, business_date=date(2026, 7, 1), console=console), screen.getvalue()


def _names(outcome: RefreshOutcome, status: str = "ok") -> list[str]:
    return [f"{s['step']} {s['subject'] or ''}".strip() for s in outcome.steps if s["status"] == status]


def test_a_refresh_runs_every_step_through_airflow(
    company: Path, machine: Path, pretend_in_child: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "canary-of-a-secret")
    pretend_in_child({"extract shop": {"fail": 1}, "transform": {"sleep": 1}})
    outcome, screen = _refresh(company)
    assert (outcome.exit_code, outcome.error, outcome.failed_tasks) == (0, None, []), outcome.log.read_text()[-5000:]
    assert _names(outcome) == ALL_STEPS
    assert {s["step"]: s["attempts"] for s in outcome.steps if s["subject"] == "shop"}["extract"] == 2
    assert 0 < outcome.orchestration_seconds < outcome.seconds - 0.9  # the second that transform slept is a step
    assert "landed 1,200 · accepted 1,000" in screen
    assert screen.count("✓") == len(ALL_STEPS)
    home = Home(machine, "tiny")
    task_log = next(home.logs.glob("tasks/dag_id=ingest_shop/*/task_id=extract/attempt=1.log"))
    assert "extract shop is broken on purpose" in task_log.read_text()
    assert [p for p in home.dir.rglob("*") if p.is_file() and b"canary-of-a-secret" in p.read_bytes()] == []
    with sqlite3.connect(home.airflow / "airflow.db") as db:
        assert db.execute("select count(*) from asset_dag_run_queue").fetchone() == (0,)
        assert dict(db.execute("select pool, slots from slot_pool where pool <> 'default_pool'")) == {
            "sources": 2,
            "warehouse": 1,
        }


def test_one_broken_source_stops_nobody_else(company: Path, pretend_in_child: Pretend) -> None:
    pretend_in_child({"extract crm": {"fail": 9, "error": "RefusedInput"}})
    outcome, screen = _refresh(company)
    assert outcome.exit_code == 3
    assert outcome.failed_tasks == ["ingest_crm.extract", "ingest_crm.verdict"]
    assert _names(outcome) == ALL_STEPS[1:]
    assert "✗ extract crm" in screen and "extract crm is broken on purpose" in screen


CALLER = """
import sys
from pathlib import Path
from sales_warehouse.airflow.embedded import run_refresh
sys.exit(run_refresh(Path(sys.argv[1])).exit_code)
"""


def _caller(company: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CALLER, str(company)], stdout=subprocess.PIPE, text=True)


def _wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"the refresh ended without {text!r}")


@pytest.fixture
def halted(company: Path, machine: Path, pretend_in_child: Pretend) -> subprocess.Popen[str]:
    """A refresh that hangs in a step of its first source."""
    pretend_in_child({"conform crm": {"sleep": 120}})
    process = _caller(company)
    _wait_for_line(process, "✓ extract crm")
    time.sleep(1)
    return process


def _children(process: subprocess.Popen[str]) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(process.pid).children()]


def test_an_interrupted_refresh_leaves_no_process_and_the_next_one_tidies_up(
    company: Path, machine: Path, pretend_in_child: Pretend, halted: subprocess.Popen[str]
) -> None:
    home = Home(machine, "tiny")
    guards = _children(halted)
    assert len(guards) == 1 and len(session_members(guards[0])) == 2
    with pytest.raises(RefreshBusy, match=f"already running \\(process {halted.pid}\\)"), refresh_lock(home):
        pass
    asked = time.monotonic()
    os.kill(halted.pid, signal.SIGTERM)
    output, _ = halted.communicate(timeout=20)
    assert time.monotonic() - asked < GRACE_SECONDS, "it had to be killed"
    assert (halted.returncode, "Stopped by SIGTERM" in output) == (130, True)
    assert session_members(guards[0]) == []
    assert _unfinished_runs(home) == 1
    pretend_in_child({"audit": {"fail": 9, "error": "AuditFailed"}})
    outcome, _ = _refresh(company)
    assert _unfinished_runs(home) == 0
    assert outcome.exit_code == 1, "marts that the audit refuses are not published"
    assert outcome.failed_tasks == ["warehouse.audit", "warehouse.publish", "warehouse.publish_postgres"]
    assert "watch" not in _names(outcome)


def _unfinished_runs(home: Home) -> int:
    with sqlite3.connect(home.airflow / "airflow.db") as db:
        return db.execute("select count(*) from dag_run where state = 'running'").fetchone()[0]


def test_two_refreshes_at_once_are_refused(company: Path, machine: Path) -> None:
    home = Home(machine, "tiny")
    prepare_folders(home)
    with refresh_lock(home), pytest.raises(RefreshBusy, match="a refresh of tiny is already running"):
        _refresh(company)
