"""Airflow's own UI on this machine: what `make ui` starts and stops."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from sales_warehouse.airflow import login
from sales_warehouse.airflow.environment import airflow_environment, password_file, prepare_folders
from sales_warehouse.airflow.interrupts import Interrupted, interruptible
from sales_warehouse.airflow.leash import Leash
from sales_warehouse.airflow.ports import LOOPBACK, checked, free_port
from sales_warehouse.home import Home

START_SECONDS = 180.0
PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")


class ServerFailed(Exception):
    """The UI did not come up, or one of its processes died."""


@dataclass(frozen=True)
class Server:
    """A running UI: where it is, who may log in, the process that holds it."""

    address: str
    user: str
    password: str
    process: Leash
    log: Path


def serve(home: Home, company: Path, time_zone: str, *, port: int | None = None, console: Console | None = None) -> int:
    """Run the UI until Ctrl-C or SIGTERM, and return the exit code.

    Raises PortTaken for a port that is in use, ServerFailed when Airflow does not come up or dies.
    """
    console = console or Console()
    try:
        with interruptible(), running(home, company, time_zone, port=port) as server:
            _introduce(server, console)
            while server.process.poll() is None:
                time.sleep(0.5)
            raise ServerFailed(f"Airflow ended by itself; see {server.log}")
    except Interrupted:
        console.print("Stopped; nothing is left running.")
    return 0


@contextmanager
def running(home: Home, company: Path, time_zone: str, *, port: int | None = None) -> Iterator[Server]:
    """Give a UI that is healthy, and end every process of it afterwards."""
    prepare_folders(home)
    secret = login.password(password_file(home))
    port = free_port() if port is None else checked(port)
    environment = airflow_environment(home, company, time_zone) | _settings(port)
    log = home.logs / "ui.log"
    command = [sys.executable, "-m", "sales_warehouse.airflow.components", str(home.root), home.company_id]
    with Leash(command, environment=environment, log=log) as process:
        server = Server(f"http://{LOOPBACK}:{port}", login.USER, secret, process, log)
        _wait_until_healthy(server)
        yield server


def token(server: Server) -> str | None:
    """Log in as a person would. None when the server does not answer or does not know our password."""
    try:
        answer = httpx.post(
            f"{server.address}/auth/token", json={"username": server.user, "password": server.password}, timeout=5
        )
    except httpx.HTTPError:
        return None
    return answer.json()["access_token"] if answer.status_code == httpx.codes.CREATED else None


def is_healthy(server: Server) -> bool:
    """Tell whether every part runs. Logging in comes first: only our own server knows the password."""
    if token(server) is None:
        return False
    try:
        parts = httpx.get(f"{server.address}/api/v2/monitor/health", timeout=5).json()
    except (httpx.HTTPError, ValueError):
        return False
    return all((parts.get(part) or {}).get("status") == "healthy" for part in PARTS)


def _wait_until_healthy(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_healthy(server):
        if server.process.poll() is not None:
            raise ServerFailed(f"Airflow ended while it was starting; see {server.log}")
        if time.monotonic() > deadline:
            raise ServerFailed(f"Airflow is not healthy after {START_SECONDS:.0f} s; see {server.log}")
        time.sleep(0.5)


def _settings(port: int) -> dict[str, str]:
    """The address, and keys that live as long as the server does."""
    return {
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://{LOOPBACK}:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{LOOPBACK}:{port}/execution/",
        "AIRFLOW__CORE__PARALLELISM": os.environ.get("SALES_WAREHOUSE_PARALLELISM", "4"),
    }


def _introduce(server: Server, console: Console) -> None:
    console.print(f"Airflow is at {server.address}", highlight=False)
    console.print(f"  user      {server.user}", highlight=False)
    console.print(f"  password  {server.password}", highlight=False, markup=False)
    console.print("DAGs are paused until you switch them on. Ctrl-C stops everything.", highlight=False)
