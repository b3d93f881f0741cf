"""A collector that is killed in the middle of its work: what it acknowledged is in the spool, exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from collecting import make_company
from killing import Clients, fork, free_port

from sales_warehouse import failpoint
from sales_warehouse.collector.journal import Journal

KILLS = int(os.environ.get("SALES_WAREHOUSE_TEST_KILLS", "20"))
CLIENTS = 4
COLLECT_FAILPOINTS = [name for name in failpoint.NAMES if name.startswith("collect.")]


def spooled(state: Path) -> Counter[str]:
    """How often each event is in a finished file; every line must be whole."""
    files = (state / "small" / "spool" / "forms").glob("*.jsonl")
    lines = [line for file in files for line in file.read_bytes().splitlines(keepends=True)]
    assert all(line.endswith(b"\n") for line in lines)
    return Counter(json.loads(line)["event_id"] for line in lines)


def assert_exactly_once(state: Path, clients: Clients) -> None:
    found = spooled(state)
    assert clients.others == set()
    assert set(clients.acknowledged) - set(found) == set(), "acknowledged and lost"
    assert [event for event, times in found.items() if times > 1] == [], "doubled"
    assert set(found) == set(clients.acknowledged), "everything was tried until it was acknowledged"
    assert not list((state / "small" / "spool").rglob(".*.tmp")), "half files are left"


def end(process: object) -> None:
    os.kill(process.pid, signal.SIGTERM)
    process.join(timeout=60)
    assert process.exitcode == 0


@pytest.mark.slow
def test_killed_at_random_moments_of_a_load_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    company, state, port = make_company(tmp_path, rotate=0.1), tmp_path / "var", free_port()
    chance, clients, kills = random.Random(20261126), Clients(port, CLIENTS, seed=7), 0
    process = fork(company, state, port)
    clients.start()
    while kills < KILLS:
        before = len(clients.acknowledged)
        deadline = time.monotonic() + 20
        while len(clients.acknowledged) < before + 5 and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        kills += 1
        process = fork(company, state, port)
    clients.finish()
    end(process)
    assert_exactly_once(state, clients)
    known = sum(said == "known" for said in clients.acknowledged.values())
    events, failures = len(clients.acknowledged), clients.failures
    print(f"{kills} kills, {events} events acknowledged, {failures} failed tries, {known} stored and not acknowledged")
    assert failures >= kills, "the kills came when nothing was under way: the test is blind"
    assert KILLS < 20 or known > 0, "no event was stored without its acknowledgement: the test is blind"


def test_told_to_stop_in_the_middle_of_a_load_it_finishes_requests_and_files(tmp_path: Path) -> None:
    company, state, port = make_company(tmp_path), tmp_path / "var", free_port()
    clients = Clients(port, CLIENTS, seed=5)
    process = fork(company, state, port)
    clients.start()
    deadline = time.monotonic() + 20
    while len(clients.acknowledged) < 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    end(process)
    acknowledged = set(clients.acknowledged)
    assert len(acknowledged) >= 100
    assert set(spooled(state)) == acknowledged, "what was under way was answered, and every file is finished"
    journal = Journal(state / "small" / "spool")
    assert journal.waiting() == {}
    journal.close()
    process = fork(company, state, port)
    clients.finish()
    end(process)
    assert_exactly_once(state, clients)


@pytest.mark.parametrize("name", COLLECT_FAILPOINTS)
def test_killed_at_a_named_place_the_next_collector_has_everything_once(tmp_path: Path, name: str) -> None:
    company, state, port = make_company(tmp_path, rotate=0.1), tmp_path / "var", free_port()
    clients = Clients(port, CLIENTS, seed=3)
    process = fork(company, state, port, name)
    clients.start()
    process.join(timeout=30)
    assert process.exitcode == -signal.SIGKILL, f"{name} was not reached"
    if name.endswith("_rename"):
        journal = Journal(state / "small" / "spool")
        assert [list(journal.lines(segment)) != [] for segment in journal.segments()] == [True], "forgotten too early"
        journal.close()
    process = fork(company, state, port)
    deadline = time.monotonic() + 20
    while len(clients.acknowledged) < 50 and time.monotonic() < deadline:
        time.sleep(0.01)
    clients.finish()
    end(process)
    assert_exactly_once(state, clients)
    if name == "collect.after_commit":
        assert "known" in clients.acknowledged.values(), "stored, and its sender had to ask again"
