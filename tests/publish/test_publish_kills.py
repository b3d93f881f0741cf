"""A publish that is killed, anywhere: readers see exactly the old version or the new one, and the next one is whole.

The publisher is a process of its own that ends itself, without a word, at its n-th change of a file or a folder
(Python reports each to an audit hook), for every n there is; beside it a reader never stops reading.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from marts_for_tests import make_marts, publish_marts, read_generation

from sales_warehouse import failpoint
from sales_warehouse.home import Home
from sales_warehouse.publish import pointer

CHANGES = ("os.rename", "os.link", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree")
PUBLISH_FAILPOINTS = [name for name in failpoint.NAMES if name.startswith("publish.")]

processes = multiprocessing.get_context("forkserver")


def publish_and_die(home: Home, generation: int, at_change: int) -> None:
    """Publish a generation; end at the n-th change of the file system below the company's home."""
    changes = 0

    def die(event: str, arguments: tuple) -> None:
        nonlocal changes
        if event in CHANGES or (event == "open" and set(str(arguments[1])) & set("wax+")):
            changes += 1
            if changes == at_change:
                os.kill(os.getpid(), signal.SIGKILL)

    make_marts(home, generation)
    sys.addaudithook(die)
    publish_marts(home, f"night-{generation}", keep=2)


def publish_to_failpoint(home: Home, generation: int, name: str) -> None:
    make_marts(home, generation)
    os.environ["SALES_WAREHOUSE_FAILPOINT"] = name
    publish_marts(home, f"night-{generation}", keep=2)


def read_all_the_time(home: Home, stop: Event, seen: Path) -> None:
    """Write down every generation that is read, or what was wrong with it."""
    with seen.open("w", buffering=1) as log:
        while not stop.is_set():
            try:
                log.write(f"{read_generation(home)}\n")
            except Exception as error:
                log.write(f"WRONG {type(error).__name__}: {error}\n")


def run(target: object, *arguments: object) -> int:
    """Run a function in a process of its own; return its exit code (-9 when it was killed)."""
    process = processes.Process(target=target, args=arguments)
    process.start()
    process.join(timeout=60)
    assert process.exitcode is not None, "the publisher hangs"
    return process.exitcode


@pytest.mark.slow
def test_killed_at_every_change_of_a_file_readers_see_old_or_new(home: Home, tmp_path: Path) -> None:
    assert run(publish_and_die, home, 1, 0) == 0
    stop, seen = processes.Event(), tmp_path / "seen"
    reader = processes.Process(target=read_all_the_time, args=(home, stop, seen))
    reader.start()
    kills, generation = 0, 1
    while True:
        generation += 1
        before = read_generation(home)
        code = run(publish_and_die, home, generation, kills + 1)
        assert read_generation(home) in (before, generation)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
    stop.set()
    reader.join()
    observed = seen.read_text().splitlines()
    assert [line for line in observed if line.startswith("WRONG")] == []
    assert observed == sorted(observed, key=int), "a reader went back in time"
    assert kills >= 15, f"only {kills} places to die: the hook is blind"
    assert len(observed) > kills, "the reader read too rarely to prove anything"
    assert_tidy(home)


@pytest.mark.parametrize("name", PUBLISH_FAILPOINTS)
def test_killed_at_a_named_place_the_next_publish_is_whole(home: Home, name: str) -> None:
    assert run(publish_and_die, home, 1, 0) == 0
    assert run(publish_to_failpoint, home, 2, name) == -signal.SIGKILL, f"{name} was not reached"
    assert read_generation(home) == (2 if name == "publish.after_swap" else 1)
    assert run(publish_and_die, home, 3, 0) == 0
    assert read_generation(home) == 3
    assert_tidy(home)


def assert_tidy(home: Home) -> None:
    assert [path for path in home.published.rglob(".*") if path.name != ".lock"] == [], "remains were not swept"
    assert len(pointer.names(home)) <= 3
