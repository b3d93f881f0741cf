"""A process that ends with whoever started it: no strays after Ctrl-C, SIGTERM or kill -9.

`Leash` starts `python -m sales_warehouse.airflow.leash <command>`: a guard in a session of its own, which runs the
command and ends every process of the session when the command ends, when it is told to, or when the pipe from the
starter breaks. Airflow's own processes leave children behind otherwise.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

GRACE_SECONDS = 8.0


class Leash:
    """A command and all its descendants, ended together."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._guard = subprocess.Popen(
                [sys.executable, "-m", "sales_warehouse.airflow.leash", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id of the guard, which is also the id of the session."""
        return self._guard.pid

    def poll(self) -> int | None:
        """Return the command's exit code once it has ended."""
        return self._guard.poll()

    def end(self) -> int:
        """End everything and return when nothing is left."""
        if self._guard.stdin:
            self._guard.stdin.close()
        return self._guard.wait()

    def __enter__(self) -> Leash:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def session_members(session: int) -> list[psutil.Process]:
    """Return the living processes of a session, without the caller."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _in(session, process)]


def _in(session: int, process: psutil.Process) -> bool:
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def end_session(session: int, grace_seconds: float = GRACE_SECONDS) -> None:
    """End every process of a session: asked first, killed after the grace period."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + grace_seconds
        for process in session_members(session):
            _send(process, signal_number)
        while session_members(session) and time.monotonic() < deadline:
            time.sleep(0.05)


def _send(process: psutil.Process, signal_number: int) -> None:
    try:
        process.send_signal(signal_number)
    except psutil.NoSuchProcess:
        return


def guard(command: Sequence[str]) -> int:
    """Run a command, end its session afterwards, and return its exit code (128 + signal when it was ended)."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    signal.signal(signal.SIGINT, lambda *_: told.set())
    threading.Thread(target=_wait_for_end_of_input, args=(told,), daemon=True).start()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while process.poll() is None and not told.wait(0.05):
        pass
    end_session(os.getsid(0))
    code = process.wait()
    return code if code >= 0 else 128 - code


def _wait_for_end_of_input(told: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    told.set()


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1:]))
