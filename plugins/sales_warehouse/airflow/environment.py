"""Airflow's settings for one machine, as environment variables: everything it keeps lies below the company's home."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sales_warehouse import settings
from sales_warehouse.home import Home

SIMPLE_AUTH = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"


def airflow_environment(home: Home, company: Path, time_zone: str) -> dict[str, str]:
    """Return the whole environment for a process that imports Airflow.

    Takes the caller's variables (secrets of sources are there), without any other Airflow's but for its connections:
    alerts.yml may name one.
    """
    inherited = {name: value for name, value in os.environ.items() if _is_ours(name)}
    path = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)])
    return {**inherited, "PATH": path, **_product(home, company, time_zone), **_airflow(home)}


def _is_ours(name: str) -> bool:
    return name.startswith("AIRFLOW_CONN_") or not name.startswith("AIRFLOW_")


def prepare_folders(home: Home) -> None:
    """Create Airflow's folders. They hold its keys and the login: nobody else may look in."""
    for folder in (home.airflow, home.secrets):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    task_logs(home).mkdir(parents=True, exist_ok=True)


def task_logs(home: Home) -> Path:
    """Folder of the logs of tasks, as Airflow's UI reads them."""
    return home.logs / "tasks"


def password_file(home: Home) -> Path:
    """File of the logins to the UI, mode 0600: user → password as JSON."""
    return home.secrets / "airflow_login.json"


def _product(home: Home, company: Path, time_zone: str) -> dict[str, str]:
    return {
        "SALES_WAREHOUSE_COMPANY": str(company.resolve()),
        "SALES_WAREHOUSE_VAR": str(home.root),
        "SALES_WAREHOUSE_TIME_ZONE": os.environ.get("SALES_WAREHOUSE_TIME_ZONE", time_zone),
    }


def _airflow(home: Home) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__AUTH_MANAGER": SIMPLE_AUTH,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(password_file(home)),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # Seconds that a writer waits for another: on a busy disk SQLite's own five are too few.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.airflow / 'airflow.db'}?timeout=60",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(task_logs(home)),
        "AIRFLOW__API__INSTANCE_NAME": f"Sales warehouse · {home.company_id}",
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }
