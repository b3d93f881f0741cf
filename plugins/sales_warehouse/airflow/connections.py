"""Connections as Airflow's stores have them, told from those that cannot be looked up just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError, ErrorType

if TYPE_CHECKING:
    from airflow.sdk import Connection


def connection(connection_id: str) -> Connection | None:
    """Return a connection, None where no store has it. Raises what keeps a store from answering.

    Airflow 3.3 says of a store that is down, or denies access, what it says of one that does not have the connection.
    So each is asked again by itself before anybody believes that.
    """
    try:
        return BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        return _asked_again(connection_id)
    except AirflowRuntimeError as error:
        if error.error.error == ErrorType.CONNECTION_NOT_FOUND:
            return None
        raise


def _asked_again(connection_id: str) -> Connection | None:
    from airflow.sdk.execution_time.secrets import ExecutionAPISecretsBackend
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

    for store in ensure_secrets_backend_loaded():
        is_server = isinstance(store, ExecutionAPISecretsBackend)
        found = _of_server(connection_id) if is_server else store.get_connection(conn_id=connection_id)
        if found:
            return found
    return None


def _of_server(connection_id: str) -> Connection | None:
    """Ask Airflow's server past its own backend, which keeps every error to itself."""
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection
    from airflow.sdk.execution_time.context import _process_connection_result_conn

    try:
        answer = task_runner.SUPERVISOR_COMMS.send(GetConnection(conn_id=connection_id))
        if isinstance(answer, ErrorResponse):
            raise AirflowRuntimeError(answer)
    except AirflowRuntimeError as error:
        if error.error.error == ErrorType.CONNECTION_NOT_FOUND:
            return None
        raise
    return _process_connection_result_conn(answer)
