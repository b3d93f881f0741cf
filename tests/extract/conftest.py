from __future__ import annotations

import sys
from pathlib import Path

import pytest
from extract_sources import Desk

sys.path.insert(0, str(Path(__file__).parents[1]))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
