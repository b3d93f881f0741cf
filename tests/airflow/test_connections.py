"""Addresses come from the environment where no store has the connection, and never where one could not be asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import supervisor, task_runner
from airflow.sdk.execution_time.comms import ConnectionResult, ErrorResponse
from airflow.sdk.execution_time.secrets import ExecutionAPISecretsBackend

from sales_warehouse.airflow.tasks import connection_addresses
from sales_warehouse.company.alerts import AppriseCarrier
from sales_warehouse.watch.carriers import chosen_carriers

OF_ENVIRONMENT, OF_STORE = "json://elsewhere/canary", "json://here/canary"
FOUND = ConnectionResult.model_validate({
    **dict.fromkeys(("host", "schema", "login", "password", "port")),
    "conn_id": "sales_alerts", "conn_type": "apprise", "extra": json.dumps({"config": [{"path": OF_STORE}]}),
})  # fmt: skip
Server = Callable[..., None]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Airflow's server as a task asks it, with its answers one after the other; the last one stays."""
    monkeypatch.setenv("SALES_WAREHOUSE_APPRISE_URLS", OF_ENVIRONMENT)

    def answers(*given: Any) -> None:
        left = list(given)

        def send(message: object) -> Any:
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(send=send), raising=False)

    return answers


def error(kind: ErrorType) -> AirflowRuntimeError:
    return AirflowRuntimeError(ErrorResponse(error=kind, detail={"message": "https://canary"}))


def carriers() -> tuple[list[str], list[str]]:
    """The names of the carriers that can deliver, and what is said of the others."""
    entries = [AppriseCarrier(type="apprise", connection="sales_alerts")]
    good, wrong = chosen_carriers(entries, Path("messages"), connection_addresses)
    return [carrier.name for carrier in good], wrong


def test_addresses_are_those_of_the_connection(server: Server) -> None:
    server(FOUND)
    assert connection_addresses("sales_alerts") == [OF_STORE]


@pytest.mark.parametrize("is_raised", [True, False], ids=["raised", "answered"])
def test_addresses_are_those_of_the_environment_where_there_is_no_connection(
    server: Server, *, is_raised: bool
) -> None:
    absent = error(ErrorType.CONNECTION_NOT_FOUND)
    server(absent if is_raised else absent.error)
    assert connection_addresses("sales_alerts") == [OF_ENVIRONMENT]


@pytest.mark.parametrize("kind", [ErrorType.API_SERVER_ERROR, ErrorType.PERMISSION_DENIED, ErrorType.GENERIC_ERROR])
@pytest.mark.parametrize("is_raised", [True, False], ids=["raised", "answered"])
def test_nothing_goes_elsewhere_while_the_server_does_not_say_whether_there_is_a_connection(
    server: Server, kind: ErrorType, *, is_raised: bool
) -> None:
    server(error(kind) if is_raised else error(kind).error)
    good, [wrong] = carriers()
    assert good == [] and "canary" not in wrong
    assert wrong.startswith("connection 'sales_alerts' could not be looked up (Airflow")


def test_nothing_goes_elsewhere_while_another_store_is_down(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(conn_id: str) -> None:
        raise ConnectionError("https://canary")

    stores = [SimpleNamespace(get_connection=down), ExecutionAPISecretsBackend()]
    monkeypatch.setattr(supervisor, "ensure_secrets_backend_loaded", lambda: stores)
    server(error(ErrorType.CONNECTION_NOT_FOUND))
    assert carriers() == ([], [
        "connection 'sales_alerts' could not be looked up (ConnectionError); what it has to tell waits for the next "
        "refresh"
    ])  # fmt: skip


def test_a_server_that_is_back_when_it_is_asked_again_is_believed(server: Server) -> None:
    server(error(ErrorType.API_SERVER_ERROR), FOUND)
    assert connection_addresses("sales_alerts") == [OF_STORE]
