"""A refresh that is killed at any step and started again ends with the same marts as one that was alone and whole.

So does one that has another beside it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from refreshes import CHAIN, FEW, assert_same, chain, environment, marts

from sales_warehouse import failpoint

KILLS = int(os.environ.get("SALES_WAREHOUSE_TEST_KILLS", "2"))
ELSEWHERE = ("collect.", "purge.")  # tests/collector and tests/dbt have those
REFRESH_FAILPOINTS = [name for name in failpoint.NAMES if not name.startswith(ELSEWHERE)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple]]:
    state = tmp_path_factory.mktemp("undisturbed")
    example = Path(__file__).parents[2] / "docs" / "example"
    assert chain(example, state).returncode == 0
    return marts(state, "teahouse")


@pytest.mark.slow
def test_killed_at_each_failpoint_in_turn(teahouse: Path, tmp_path: Path, undisturbed: dict) -> None:
    state, hit = tmp_path / "var", []
    for name in REFRESH_FAILPOINTS:
        done = chain(teahouse, state, SALES_WAREHOUSE_FAILPOINT=name)
        if done.returncode == -signal.SIGKILL:
            hit.append(name)
    assert chain(teahouse, state).returncode == 0
    assert_same(marts(state, "teahouse"), undisturbed)
    # a message is sent only when there is an alert, and the teahouse has none
    assert set(REFRESH_FAILPOINTS) - set(hit) <= {"watch.before_send", "watch.after_send"}
    assert not list(state.rglob(".*.tmp")), "strays are left"


@pytest.mark.slow
def test_killed_at_random_moments(teahouse: Path, tmp_path: Path, undisturbed: dict) -> None:
    state, seed = tmp_path / "var", random.Random(20260331)
    killed = ended = 0
    while killed < KILLS and ended <= KILLS:
        child = subprocess.Popen(
            [sys.executable, str(CHAIN), str(teahouse)], env=environment(state, **FEW), stderr=subprocess.DEVNULL
        )
        time.sleep(seed.uniform(0.5, 10))
        killed, ended = (killed + 1, ended) if child.poll() is None else (killed, ended + 1)
        child.kill()
        child.wait()
    assert chain(teahouse, state).returncode == 0
    assert_same(marts(state, "teahouse"), undisturbed)
    print(f"refreshes killed {killed}, ended before {ended}")
    assert killed == KILLS, "most refreshes ended before they were killed, so little was tested"


@pytest.mark.slow
def test_two_at_once_give_what_one_after_the_other_gives(teahouse: Path, tmp_path: Path, undisturbed: dict) -> None:
    """Step by step each waits for the other; one whose marts the other has built anew by then publishes nothing."""
    state, command = tmp_path / "var", [sys.executable, str(CHAIN), str(teahouse)]
    both = [
        subprocess.Popen(command, env=environment(state, **FEW), stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [child.communicate(timeout=600)[1] for child in both]
    failed = [text for child, text in zip(both, said, strict=True) if child.returncode]
    assert len(failed) < 2, failed
    assert all("run transform and audit first" in text for text in failed), failed
    assert_same(marts(state, "teahouse"), undisturbed)
    assert not list(state.rglob(".*.tmp")), "strays are left"
