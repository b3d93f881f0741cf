from __future__ import annotations

import sys
from pathlib import Path

import pytest
from reading_desk import Desk

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))  # its polluted files are read in small here


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
