"""The team set-up agrees with the code, as far as that can be told without a container engine."""

from __future__ import annotations

import importlib.util
import re
import shlex
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sales_warehouse.collector.secrets import signing_key

PROJECT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = YAML(typ="safe").load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AIRFLOW = {name: service for name, service in SERVICES.items() if name.startswith("airflow-")}
ONCE = {"airflow-init", "superset-init"}


def locked(lock: str) -> dict[str, str]:
    """Version by package of a lock file."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (PROJECT / lock).read_text(), flags=re.MULTILINE))


def environment() -> dict[str, str]:
    return AIRFLOW["airflow-worker"]["environment"]


def airflow_commands() -> list[list[str]]:
    """Every airflow command of the services, their health checks and the init script."""
    commands = [service["command"] for service in AIRFLOW.values()]
    commands += [service["healthcheck"]["test"][1:] for service in AIRFLOW.values() if "healthcheck" in service]
    script = (PROJECT / "docker/airflow-init").read_text()
    commands += [shlex.split(line) for line in re.findall(r"^\s*(airflow .*)$", script, flags=re.MULTILINE)]
    return [command[1:] for command in commands if command[0] == "airflow"]


def test_the_services_are_exactly_these() -> None:
    assert sorted(SERVICES) == [
        "airflow-api-server", "airflow-dag-processor", "airflow-init", "airflow-scheduler", "airflow-triggerer",
        "airflow-worker", "collector", "postgres", "redis", "superset", "superset-init",
    ]  # fmt: skip
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert profiles == {"collector": ["collector"], "superset-init": ["superset"], "superset": ["superset"]}


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_or_built_here(name: str) -> None:
    image, build = SERVICES[name]["image"], SERVICES[name].get("build")
    tag = image.rpartition(":")[2]
    assert ":" in image and tag != "latest"
    if build:
        folder = PROJECT / build["context"]
        assert (folder / build["dockerfile"]).is_file()


def test_the_image_has_the_version_of_the_project() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert AIRFLOW["airflow-worker"]["image"] == f"sales-warehouse:{project['version']}"
    base = re.search(r"^FROM python:(\d+\.\d+)-slim", (PROJECT / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert base and base[1] == "3.11"


def test_what_the_dockerfile_and_the_services_call_is_there_and_may_be_run() -> None:
    text = (PROJECT / "Dockerfile").read_text()
    scripts = set(re.findall(r"\./(scripts/\S+)", text))
    scripts |= set(re.findall(r"/app/(docker/[\w/-]+)", (PROJECT / "docker-compose.yml").read_text()))
    scripts = {script for script in scripts if script != "docker/superset_config"}
    assert {"scripts/setup", "docker/airflow-init", "docker/is-healthy"} <= scripts
    for script in scripts - {"docker/superset-init"}:
        assert (PROJECT / script).stat().st_mode & stat.S_IXUSR, script
    assert (PROJECT / "docker/superset/superset-init").stat().st_mode & stat.S_IXUSR
    for lock in re.findall(r"[\w/-]+\.lock", text):
        assert (PROJECT / lock).is_file(), lock


def test_the_image_is_locked_and_its_two_locks_agree() -> None:
    text = (PROJECT / "Dockerfile").read_text() + (PROJECT / "scripts/setup").read_text()
    assert text.count("--require-hashes") >= 2
    core, team = locked("requirements.lock"), locked("docker/requirements.lock")
    assert core["apache-airflow"] == team["apache-airflow"] == "3.3.2"
    assert "apache-airflow-providers-fab" in team
    different = {name: (core[name], team[name]) for name in core.keys() & team.keys() if core[name] != team[name]}
    assert different == {}, "lock docker/requirements.lock again with -c requirements.lock"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    check = SERVICES[name].get("healthcheck")
    assert (check is None) == (name in ONCE)
    if check:
        assert check["test"][0] in ("CMD", "CMD-SHELL") and len(check["test"]) > 1
        assert {"interval", "timeout", "retries"} <= check.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_waited_for_can_come(name: str) -> None:
    for needed, entry in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if needed in ONCE else "service_healthy"
        assert entry["condition"] == wanted, f"{name} waits for {needed}"
        assert SERVICES[needed].get("profiles", []) in ([], SERVICES[name].get("profiles", []))


def test_every_volume_is_declared_and_used_and_every_mounted_path_exists() -> None:
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    named = {mount for mount in mounts if not mount.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    for path in set(mounts) - named:
        assert (PROJECT / path).exists(), path


def test_the_folders_that_airflow_uses_are_in_the_image_or_mounted() -> None:
    targets = {volume.split(":")[1] for volume in AIRFLOW["airflow-worker"]["volumes"]}
    assert {environment()["SALES_WAREHOUSE_VAR"], environment()["AIRFLOW__LOGGING__BASE_LOG_FOLDER"]} <= targets
    for name in ("AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER"):
        assert (PROJECT / environment()[name].removeprefix("/app/")).is_dir()
    company = environment()["SALES_WAREHOUSE_COMPANY"].replace("${COMPANY:-demo}", "demo")
    assert (PROJECT / company.removeprefix("/app/") / "company.yml").is_file()


def test_every_secret_is_declared_used_and_made(tmp_path: Path) -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])
    for name, service in SERVICES.items():
        mentioned = set(re.findall(r"/run/secrets/(\w+)", str(service)))
        assert mentioned <= set(service.get("secrets", [])), name
    subprocess.run([PROJECT / "docker/make-secrets", tmp_path / "secrets"], check=True, capture_output=True)
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    assert made == {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_secrets_are_made_once_and_their_folder_is_never_committed(tmp_path: Path) -> None:
    for _ in range(2):
        subprocess.run([PROJECT / "docker/make-secrets", tmp_path], check=True, capture_output=True)
        contents = {path.name: path.read_text() for path in tmp_path.iterdir()}
        (tmp_path / "admin_password").write_text("mine")
    assert contents["admin_password"] == "mine"
    assert contents["airflow_database_password"] in contents["airflow_database_url"]
    assert contents["redis_password"] in contents["broker_url"]
    assert len(signing_key("${S}", {"S": contents["webhook_secret"]})) == 32
    assert (PROJECT / "docker/.gitignore").read_text().split() == ["secrets/"]
    assert "docker/secrets" in (PROJECT / "Dockerfile.dockerignore").read_text().split()
    from cryptography.fernet import Fernet

    Fernet(contents["fernet_key"])


def test_no_secret_stands_in_the_file_itself() -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    assert not re.search(r"(?i)(password|secret_key|fernet_key|jwt_secret)\"?: *[\"']?(?!/run/secrets|cat )[\w$]", text)


def test_ports_are_open_to_this_machine_alone_and_not_taken_twice() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("${BIND:-127.0.0.1}:") for port in ports)
    assert len({port.split(":")[-2] for port in ports}) == len(ports) == 4


def test_every_variable_of_ours_is_one_that_the_code_reads() -> None:
    code = "".join(path.read_text() for path in (PROJECT / "plugins/sales_warehouse").rglob("*.py"))
    ours = [name for name in environment() if not name.startswith("AIRFLOW__")]
    assert [name for name in ours if f'"{name}"' not in code] == []


def test_the_collector_is_started_by_a_command_that_there_is_and_asked_where_it_answers() -> None:
    from typer.testing import CliRunner

    from sales_warehouse.cli import app

    service = SERVICES["collector"]
    program, *arguments = service["command"]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert program in project["scripts"]
    assert CliRunner().invoke(app, [arguments[0], "--help"]).exit_code == 0
    port = arguments[arguments.index("--port") + 1]
    assert service["healthcheck"]["test"][-1] == f"http://localhost:{port}/healthz"
    assert service["ports"] == [f"${{BIND:-127.0.0.1}}:{port}:{port}"]
    shared = {name for name in ("SALES_WAREHOUSE_COMPANY", "SALES_WAREHOUSE_VAR")}
    assert {name: service["environment"][name] for name in shared} == {name: environment()[name] for name in shared}
    assert set(service["volumes"]) <= set(AIRFLOW["airflow-worker"]["volumes"]), "the workers read what it writes"


@pytest.mark.airflow
def test_every_setting_of_airflow_is_one_that_it_has() -> None:
    from airflow.configuration import conf

    for name in environment():
        if name.startswith("AIRFLOW__"):
            section, option = name.removesuffix("_CMD").lower().split("__")[1:]
            known = conf.configuration_description[section]["options"]
            assert option in known, name
            assert name.endswith("_CMD") <= known[option].get("sensitive", False), (
                f"{name}: only secrets have a command"
            )


@pytest.mark.airflow
@pytest.mark.parametrize("command", airflow_commands(), ids=" ".join)
def test_every_command_is_one_that_airflow_has(command: list[str]) -> None:
    from airflow.cli.cli_parser import get_parser

    if command[0] == "users":
        assert "apache-airflow-providers-fab" in locked("docker/requirements.lock"), "its command line has `users`"
        pytest.skip("comes with the login manager, which is in the image only")
    get_parser().parse_args([re.sub(r"\$\{\w+:-(\d+)\}", r"\1", word) for word in command])


@pytest.mark.airflow
def test_the_pools_are_those_of_the_dags() -> None:
    from sales_warehouse.airflow.policy import pools

    made = {command[2]: (command[3], command[4]) for command in airflow_commands() if command[:2] == ["pools", "set"]}
    assert made.keys() == {pool.name for pool in pools()}
    for pool in pools():
        slots, description = made[pool.name]
        assert re.sub(r"\$\{\w+:-(\d+)\}", r"\1", slots) == str(pool.slots)
        assert description == pool.description


@pytest.mark.airflow
def test_the_health_check_of_the_worker_asks_an_application_that_exists() -> None:
    application = re.search(r"--app (\S+)", str(SERVICES["airflow-worker"]["healthcheck"]["test"]))[1]
    module, _, attribute = application.rpartition(".")
    spec = importlib.util.find_spec(module)
    assert attribute == "app" and spec and re.search(r"\bapp\b", Path(spec.origin).read_text())
