"""Nights of a small world, lived once for all tests of past nights."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import small_project  # noqa: E402
from nights_world import NIGHTS, World  # noqa: E402

from sales_warehouse import transform  # noqa: E402


@pytest.fixture(scope="module")  # the settings of this world end with its tests
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world after its nights."""
    folder = tmp_path_factory.mktemp("nights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALES_WAREHOUSE_VAR", str(folder / "var"))
        patch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "a key for the tests of nights")
        patch.setattr(transform, "PROJECT", small_project.write(folder / "dbt_project"))
        patch.setattr(transform, "document", lambda home: home.dir)  # the page of models takes as long as the models
        world = World(folder / "company")
        for _ in range(NIGHTS):
            world.live()
        yield world


@pytest.fixture(scope="module")
def marts(lived: World) -> Callable[[str], list[tuple]]:
    """Ask the published marts of the last night."""
    file = lived.run().home.current / "warehouse.duckdb"

    def query(sql: str) -> list[tuple]:
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute("use warehouse.marts")
            return connection.execute(sql).fetchall()

    return query
