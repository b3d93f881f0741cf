"""Nights of the whole project, through audit and publish, each of them run again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from nights_world import World, day

from sales_warehouse.nights import asking, listing

NIGHTS = int(os.environ.get("SALES_WAREHOUSE_TEST_RERUNS", "3"))


@pytest.mark.slow
@pytest.mark.long
def test_every_night_of_the_whole_project_gives_again_what_it_gave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "a key for the tests of nights")
    world = World(tmp_path / "company", is_whole=True)
    for _ in range(NIGHTS):
        world.live()
    run, dates = world.run(), [day(number) for number in range(NIGHTS, 0, -1)]
    found = list(asking.ask(run.home, run.company, dates, say=lambda *_: None))
    assert [line for item in found for line in listing.lines(item)] == [listing.verdict(item) for item in found]
    assert all(item.is_equal and item.is_promised and item.marts > 60 for item in found)
    assert len(found) == NIGHTS
