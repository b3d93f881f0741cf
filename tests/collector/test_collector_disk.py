"""A disk that is full or nearly so: nothing is acknowledged, nothing that was is lost, and it goes on by itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from collecting import Collector, collecting, form, make_company

BODY = b'{"text": "' + b"x" * 15_000 + b'"}'


def small_disk(mount: Path) -> tuple[str, ...]:
    """Run a command with a real file system of 16 megabytes in a place that only it sees."""
    script = 'mount -t tmpfs -o size=16m none "$0" && exec "$@"'
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(mount))


def fill(collector: Collector) -> Path:
    """Take all of the disk that is left."""
    ballast = collector.state / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return ballast


def test_a_full_disk_refuses_events_keeps_the_others_and_goes_on(tmp_path: Path) -> None:
    state = tmp_path / "var"
    state.mkdir()
    if not shutil.which("unshare") or subprocess.run([*small_disk(state), "true"], capture_output=True).returncode:
        pytest.skip("this user may not mount a file system of its own")
    with collecting(make_company(tmp_path, rotate=0.2), state, before=small_disk(state)) as collector:
        collector.state = Path(f"/proc/{collector.process.pid}/root") / state.relative_to("/")
        stored = [f"e{number}" for number in range(20)]
        assert [collector.post(BODY, event_id).status_code for event_id in stored] == [200] * 20
        ballast = fill(collector)
        refused = [f"full{number}" for number in range(40)]
        answers = {event_id: collector.post(BODY, event_id) for event_id in refused}
        missed = [event_id for event_id, answer in answers.items() if answer.status_code == 503]
        assert {answer.status_code for answer in answers.values()} <= {200, 503}
        assert missed and int(answers[missed[-1]].headers["retry-after"]) > 0
        health = httpx.get(f"{collector.url}/healthz")
        assert (health.status_code, int(health.headers["retry-after"]) > 0) == (503, True)
        ballast.unlink()
        everything = [*stored, *refused]
        again = [collector.post(BODY, event_id).json()["status"] for event_id in everything]
        assert again == ["stored" if event_id in missed else "known" for event_id in everything]
        for event_id in everything:
            collector.line(event_id)
        assert set(collector.ids().values()) == {1}
        assert sum(collector.ids().values()) == 60


def test_with_little_space_left_events_are_refused_before_the_disk_is_full(tmp_path: Path) -> None:
    with collecting(make_company(tmp_path, free=1 << 60), tmp_path / "var") as collector:
        answer = collector.post(form(1), "a")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert answer.json() == {"error": "the event could not be stored; send it again"}
        assert httpx.get(f"{collector.url}/healthz").status_code == 503
    assert collector.lines() == []
    assert "nearly full" in "".join(collector.log)


def test_a_healthy_collector_says_so_and_nothing_else(tmp_path: Path) -> None:
    with collecting(make_company(tmp_path), tmp_path / "var") as collector:
        answer = httpx.get(f"{collector.url}/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert "server" not in answer.headers
