"""What all tests share: long forms run when they are asked for."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `long`, and say how to run them."""
    if os.environ.get("SALES_WAREHOUSE_TEST_LONG"):
        return
    skip = pytest.mark.skip(reason="a long form of what other tests show too: SALES_WAREHOUSE_TEST_LONG=1 runs it")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(skip)
