"""A command on a leash leaves nothing behind, whoever ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from sales_warehouse.airflow.leash import Leash, end_session, session_members

STUBBORN_FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "60"], preexec_fn=os.setpgrp)
print("ready", flush=True)
time.sleep(60)
"""


def _wait_for(condition, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


def test_the_exit_code_of_the_command_is_kept(tmp_path: Path) -> None:
    with Leash([sys.executable, "-c", "raise SystemExit(3)"], environment=os.environ, log=tmp_path / "log") as leash:
        assert _wait_for(lambda: leash.poll() is not None)
        assert leash.poll() == 3


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    with Leash(["echo", "hello"], environment=os.environ, log=tmp_path / "deep" / "log") as leash:
        assert _wait_for(lambda: leash.poll() is not None)
    assert (tmp_path / "deep" / "log").read_text() == "hello\n"


def test_children_in_groups_of_their_own_end_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    leash = Leash(["bash", "-c", "set -m; sleep 60 & sleep 60"], environment=os.environ, log=log)
    assert _wait_for(lambda: len(session_members(leash.pid)) == 4)
    assert leash.end() == 128 + signal.SIGTERM
    assert session_members(leash.pid) == []


def test_what_ignores_the_request_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN_FAMILY], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    assert process.stdout and process.stdout.readline() == "ready\n"
    end_session(process.pid, grace_seconds=0.3)
    assert process.wait() == -signal.SIGKILL
    assert session_members(process.pid) == []


STARTER = """
import os, sys, time
from pathlib import Path
from sales_warehouse.airflow.leash import Leash
print(Leash(["sleep", "60"], environment=os.environ, log=Path(sys.argv[1])).pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_nothing_outlives_the_starter(tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path / "log")]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    session = int(starter.stdout.readline())
    assert _wait_for(lambda: len(session_members(session)) == 2)
    starter.send_signal(number)
    starter.wait()
    assert _wait_for(lambda: session_members(session) == [])


def test_a_process_that_is_not_on_a_leash_is_seen_as_a_stray() -> None:
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        assert session_members(process.pid) == [psutil.Process(process.pid)]
    finally:
        process.kill()
        process.wait()
