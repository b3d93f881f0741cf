"""The REST API of a UI with its scheduler, as a test asks it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from sales_warehouse.airflow import server
from sales_warehouse.home import Home


@contextmanager
def api(home: Home, company: Path, switched_on: Sequence[str]) -> Iterator[httpx.Client]:
    """Start the UI of a company in Shanghai, switch some DAGs on, and give a client that is logged in."""
    with server.running(home, company, "Asia/Shanghai") as running:
        login = {"Authorization": f"Bearer {server.token(running)}"}
        with httpx.Client(base_url=f"{running.address}/api/v2", headers=login, timeout=60) as client:
            for dag in switched_on:
                until(lambda dag=dag: client.get(f"/dags/{dag}").status_code == 200)
                assert client.patch(f"/dags/{dag}", json={"is_paused": False}).status_code == 200
            yield client


def until(is_so: Callable[[], Any], seconds: float = 180) -> Any:
    """Wait for something of the API, which is slow to answer while the scheduler holds its database."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := is_so():
                return found
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.5)
