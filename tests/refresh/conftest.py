"""A small company whose files a test may change."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]


@pytest.fixture
def teahouse(tmp_path: Path) -> Path:
    """A copy of the worked example of the documentation."""
    return Path(shutil.copytree(HERE.parents[1] / "docs" / "example", tmp_path / "teahouse"))
