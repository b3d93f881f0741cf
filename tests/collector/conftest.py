from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from collecting import Collector, collecting, make_company


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    """A collector that finishes its files when it stops."""
    (tmp_path / "company").mkdir()
    with collecting(make_company(tmp_path / "company"), tmp_path / "var") as running:
        yield running
