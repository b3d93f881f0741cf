"""A small company, an Airflow home of its own, and steps that only pretend."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
STATE = Path(tempfile.mkdtemp(prefix="sales_warehouse_airflow_"))

# Airflow reads its settings once, when it is imported: before any test module of this folder is.
os.environ |= {
    "AIRFLOW_HOME": str(STATE / "airflow"),
    "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(STATE / "no_plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(STATE / "airflow" / "logs"),
}
sys.path[:0] = [str(HERE), str(HERE.parent / "customer"), str(HERE.parent / "watch")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.airflow)


def pytest_sessionfinish() -> None:
    shutil.rmtree(STATE, ignore_errors=True)


@pytest.fixture(scope="session")
def company() -> Path:
    """The folder of a company with two sources."""
    import small_company

    return small_company.write(STATE / "company")


@pytest.fixture(autouse=True)
def machine(company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the settings of the machine at the small company and at an empty state folder; return that."""
    monkeypatch.setenv("SALES_WAREHOUSE_COMPANY", str(company))
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("SALES_WAREHOUSE_RETRY_SECONDS", "0.1")
    return tmp_path / "var"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The pages, for somebody who is logged in; tests/airflow/test_server.py tests the login."""
    import uvicorn
    from airflow.api_fastapi.core_api.security import get_user

    from sales_warehouse.airflow.pages.app import app
    from sales_warehouse.airflow.ports import free_port

    app.dependency_overrides[get_user] = lambda: None
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
    del app.dependency_overrides[get_user]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def metadata_database() -> None:
    """Airflow's metadata database of this process, up to date."""
    from sales_warehouse.airflow import metadata

    metadata.prepare()


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the steps of this process by pretended ones: `pretend({"extract shop": {"fail": 1}})`."""
    import pretended_steps

    def replace(plan: dict[str, dict] | None = None) -> None:
        pretended_steps.calls.clear()
        pretended_steps.replace(plan or {}, monkeypatch.setattr)

    return replace


@pytest.fixture
def pretend_in_child(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the steps in processes that are started from now on."""
    import json

    def replace(plan: dict[str, dict] | None = None) -> None:
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE / "child"), str(HERE)]))
        monkeypatch.setenv("PRETENDED_STEPS", json.dumps(plan or {}))

    return replace


@pytest.fixture(scope="session")
def dags(company: Path) -> Iterator[dict]:
    """Every DAG of the dags folder, for the small company."""
    from airflow.dag_processing.dagbag import DagBag

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALES_WAREHOUSE_COMPANY", str(company))
        bag = DagBag(dag_folder=str(PROJECT / "dags"))
    assert bag.import_errors == {}
    yield bag.dags
