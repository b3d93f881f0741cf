"""Sender and receiver are processes that are killed at every place: every incident arrives, and none is kept twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from published_nights import Published, falls

from sales_warehouse import failpoint
from sales_warehouse.home import Home

RECEIVER = Path(__file__).with_name("receiver.py")
SENDER = (
    "import sys; from pathlib import Path; from sales_warehouse.home import Home\n"
    "from sales_warehouse.watch.telling import watch; from sales_warehouse.watch.carriers import AppriseCarrier\n"
    "report = watch(Home(Path(sys.argv[1]), 'acme'), language='en', carriers=[AppriseCarrier(sys.argv[2], 'a')])\n"
    "print(report.new, report.sent, report.pending)\n"
)
PLACES = [name for name in failpoint.NAMES if name.startswith("watch.")]


@contextmanager
def receiving(file: Path, port: int = 0, kill: str = "") -> Iterator[tuple[int, subprocess.Popen[str]]]:
    command = [sys.executable, str(RECEIVER), str(file), str(port), *([kill] if kill else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline()), server
        finally:
            server.kill()


def send(home: Home, port: int, place: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SENDER, str(home.root), f"json://127.0.0.1:{port}/"],
        env={**os.environ, "SALES_WAREHOUSE_FAILPOINT": place},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def kept(file: Path) -> list[str]:
    return [json.loads(line)[2] for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


@pytest.mark.parametrize("place", PLACES)
def test_a_sender_that_is_killed_loses_and_doubles_nothing(
    home: Home, world: Published, tmp_path: Path, place: str
) -> None:
    file = tmp_path / "received"
    world.live(falls(2))
    with receiving(file) as (port, _):
        assert send(home, port, place).returncode == -signal.SIGKILL, f"{place} was not reached"
        world.live(falls(3), "2026-06-29")  # one more incident in the night after
        done = send(home, port)
        assert done.returncode == 0, done.stderr
        assert send(home, port).stdout.split() == ["0", "0", "0"]
    told = kept(file)
    assert [sum(f"fall|{name}|" in message for message in told) for name in ("east", "north", "south")] == [1, 1, 1]


@pytest.mark.parametrize("kill", ["before", "after"])
def test_a_receiver_that_is_killed_before_or_after_it_keeps_a_message_has_it_once(
    home: Home, world: Published, tmp_path: Path, kill: str
) -> None:
    file = tmp_path / "received"
    world.live(falls(2))
    with receiving(file, kill=kill) as (port, server):
        done = send(home, port)
        assert (done.returncode, done.stdout.split()) == (0, ["2", "0", "1"]), done.stderr
        assert server.wait(10) == -signal.SIGKILL
    assert len(kept(file)) == (kill == "after")
    with receiving(file, port):
        assert send(home, port).stdout.split() == ["0", "1", "0"]
        assert send(home, port).stdout.split() == ["0", "0", "0"]
    [message] = kept(file)
    assert "fall|east|" in message and "fall|north|" in message
    assert file.with_suffix(".answers").read_text().split() == ["known" if kill == "after" else "new"]
