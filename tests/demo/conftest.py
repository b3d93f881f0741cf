"""Small worlds that the tests look at; each is made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from demo_settings import small

from sales_warehouse.demo import advance


@pytest.fixture(scope="session")
def clean_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in which nobody makes mistakes."""
    folder = tmp_path_factory.mktemp("clean")
    advance(folder, small(customers=100, days=30, dirty_rate=0))
    return folder


@pytest.fixture(scope="session")
def dirty_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world in which a third of the rows is dirty."""
    folder = tmp_path_factory.mktemp("dirty")
    advance(folder, small(dirty_rate=0.32))
    return folder
