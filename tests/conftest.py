"""What all tests share: long forms run when they are asked for, and a parsed dbt project serves all of them."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

made_here: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Give all processes of this run one cache; those that run tests inherit it."""
    if "SALES_WAREHOUSE_CACHE" not in os.environ:
        made_here.append(tempfile.mkdtemp(prefix="sales-warehouse-cache-"))
        os.environ["SALES_WAREHOUSE_CACHE"] = made_here[0]


def pytest_unconfigure(config: pytest.Config) -> None:
    for folder in made_here:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `long`, and say how to run them."""
    if os.environ.get("SALES_WAREHOUSE_TEST_LONG"):
        return
    skip = pytest.mark.skip(
        reason="long; most of what is planted in the demo is found here alone: SALES_WAREHOUSE_TEST_LONG=1 runs it"
    )
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(skip)
