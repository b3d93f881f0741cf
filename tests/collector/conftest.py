from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from collecting import Collector, collecting, make_company


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A collector that all tests of a file share: give every event an id of its own."""
    folder = tmp_path_factory.mktemp("collector")
    with collecting(make_company(folder, rotate=0.1), folder / "var") as running:
        yield running
