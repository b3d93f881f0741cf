"""A refresh that is killed at any step and started again ends with the same marts as one that was alone and whole.

What was published before stays readable until the new version is there, whole. So does a refresh that has another
beside it.

The long form: SALES_WAREHOUSE_TEST_KILLS=200 python -m pytest -n0 -s tests/refresh/test_killed_refresh.py
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from refreshes import CHAIN, DESK, FEW, assert_same, chain, environment, marts

from sales_warehouse import failpoint

KILLS = int(os.environ.get("SALES_WAREHOUSE_TEST_KILLS", "2"))
# tests/collector, tests/dbt and tests/watch have those; a message is sent only when there is an alert, and here is none
ELSEWHERE = ("collect.", "purge.", "watch.before_send", "watch.after_send")
REFRESH_FAILPOINTS = [name for name in failpoint.NAMES if not name.startswith(ELSEWHERE)]
TALKS = """\
no,at,changed,state
K1,2026-03-05 09:00:00,2026-03-05 09:00:00,asks
K2,2026-03-06 09:00:00,2026-03-06 09:00:00,asks
"""
GONE = """\
no,at,changed,state
K2,,2026-03-20 09:00:00,gone
"""
LATE_AND_CORRECTED = """\
单号,日期,客户,商品,数量,单价,状态,大区
T002,2026/03/09 15:40,外滩餐厅,龙井一级,4,80.00,已发货,East
T007,2026/03/12 15:40,外滩餐厅,龙井二级,2,45.50,已发货,East
"""


@dataclass
class Nights:
    """A first night that is published, and what a second one makes of late, corrected and deleted rows."""

    company: Path
    state: Path  # after the first night; the files of the second one are there, and nobody has read them
    first: dict[str, list[tuple]]
    second: dict[str, list[tuple]]
    seconds: float  # that the second night takes when nothing disturbs it

    def start(self, folder: Path) -> Path:
        """Return a copy of the state after the first night."""
        return Path(shutil.copytree(self.state, folder / "var", symlinks=True))

    def assert_readable(self, state: Path, *, among: list[dict[str, list[tuple]]]) -> None:
        """Read what is published, from the database and from a Parquet file: one of the nights, and all of it."""
        published = marts(state, "teahouse")
        assert published in among
        file = state / "teahouse" / "published" / "current" / "parquet" / "fct_sales_daily.parquet"
        assert duckdb.execute("from read_parquet(?) order by all", [str(file)]).fetchall() == published[file.stem]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    folder = tmp_path_factory.mktemp("nights")
    company = Path(shutil.copytree(Path(__file__).parents[2] / "docs" / "example", folder / "teahouse"))
    (company / "sources" / "desk.yml").write_text(DESK, encoding="utf-8")
    (company / "desk").mkdir()
    (company / "desk" / "1.csv").write_text(TALKS, encoding="utf-8")
    state, undisturbed = folder / "var", folder / "undisturbed"
    assert chain(company, state).returncode == 0
    (company / "desk" / "2.csv").write_text(GONE, encoding="utf-8")
    (company / "data" / "sales_late.csv").write_bytes(LATE_AND_CORRECTED.encode("gb18030"))
    shutil.copytree(state, undisturbed, symlinks=True)
    begin = time.monotonic()
    assert chain(company, undisturbed).returncode == 0
    seconds = time.monotonic() - begin
    first, second = marts(state, "teahouse"), marts(undisturbed, "teahouse")
    assert first["fct_sales_daily"] != second["fct_sales_daily"]
    assert [len(night["fct_chats"]) for night in (first, second)] == [2, 1]
    return Nights(company, state, first, second, seconds)


@pytest.mark.slow
def test_killed_at_each_failpoint_in_turn(nights: Nights, tmp_path: Path) -> None:
    state, expected = nights.start(tmp_path), nights.first
    command = [sys.executable, str(CHAIN), str(nights.company), "--killed-at-each"]
    server = subprocess.Popen(
        command, env=environment(state, **FEW), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin and server.stdout
    for name in REFRESH_FAILPOINTS:
        print(name, file=server.stdin, flush=True)
        assert int(server.stdout.readline()) == -signal.SIGKILL, f"{name} was not reached"
        if name == "publish.after_swap":
            expected = nights.second
        nights.assert_readable(state, among=[expected])
    server.communicate()
    assert chain(nights.company, state).returncode == 0
    assert_same(marts(state, "teahouse"), nights.second)
    assert not list(state.rglob(".*.tmp")), "strays are left"


@pytest.mark.slow
def test_killed_at_random_moments(nights: Nights, tmp_path: Path) -> None:
    """Each kill comes at a moment of a whole refresh: what a killed one has done, the next one need not do again."""
    state, seed = nights.start(tmp_path), random.Random(20260331)
    killed = ended = swapped = 0
    while killed < KILLS and ended <= 5 * KILLS:
        child = subprocess.Popen(
            [sys.executable, str(CHAIN), str(nights.company)], env=environment(state, **FEW), stderr=subprocess.DEVNULL
        )
        time.sleep(seed.uniform(0.5, nights.seconds))
        killed, ended = (killed + 1, ended) if child.poll() is None else (killed, ended + 1)
        child.kill()
        child.wait()
        nights.assert_readable(state, among=[nights.first, nights.second])
        if marts(state, "teahouse") == nights.second:  # this night is over
            swapped += 1
            shutil.rmtree(state)
            nights.start(tmp_path)
    assert chain(nights.company, state).returncode == 0
    assert_same(marts(state, "teahouse"), nights.second)
    print(f"refreshes killed {killed}, ended before {ended}, published {swapped}; a whole one {nights.seconds:.1f} s")
    assert killed == KILLS, "most refreshes ended before they were killed, so little was tested"


@pytest.mark.slow
def test_two_at_once_give_what_one_after_the_other_gives(nights: Nights, tmp_path: Path) -> None:
    """Step by step each waits for the other; one whose marts the other has built anew by then publishes nothing."""
    state, command = nights.start(tmp_path), [sys.executable, str(CHAIN), str(nights.company)]
    both = [
        subprocess.Popen(command, env=environment(state, **FEW), stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [child.communicate(timeout=600)[1] for child in both]
    failed = [text for child, text in zip(both, said, strict=True) if child.returncode]
    assert len(failed) < 2, failed
    assert all("run transform and audit first" in text for text in failed), failed
    assert_same(marts(state, "teahouse"), nights.second)
    assert not list(state.rglob(".*.tmp")), "strays are left"
