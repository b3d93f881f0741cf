"""Transform: dbt builds the marts in the working warehouse, as a process of its own.

dbt keeps DuckDB's file lock for as long as its process lives, so it runs as a child that ends with this one. The child
works on a copy of the project inside the company's home: nothing is ever written into the program's folder, an edit
during a run changes nothing, and the sources are named by paths relative to the copy, so that the home may lie in a
folder of any name (`[`, `*` and `{` would be patterns in an absolute path).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sales_warehouse import durable, settings
from sales_warehouse.dbt_child import files_of, fingerprint_of
from sales_warehouse.dbt_events import Node, failure_text, out_of_memory, read_event, save_results, with_rows
from sales_warehouse.home import Home

PROJECT = settings.PROJECT / "dbt_project"
MOST_PENDING = 2000  # more loads than this are not worth listing in every query: everything is built instead
GRACE_SECONDS = 10
DOCUMENT_SECONDS = 120

Progress = Callable[[str, float, int | None], None]


@dataclass(frozen=True)
class TransformReport:
    """What dbt did: models and tests that passed, seconds in all, and every node that ran."""

    models: int
    tests: int
    seconds: float
    nodes: tuple[Node, ...]


class TransformError(Exception):
    """dbt failed; the text names the model or test, its file, what it said and what to do."""


def transform(
    home: Home,
    *,
    variables: Mapping[str, object],
    full_refresh: bool,
    on_progress: Progress,
    project: Path | None = None,
) -> TransformReport:
    """Run `dbt build` for a company and return what it did. Raises TransformError when anything failed.

    `project` is another dbt project than today's: the one of a past night.

    A run that failed or was killed is simply run again with the same pending loads: every model gives the same rows
    however often it is applied, so starting over is right where resuming would have to trust what the dead run left.
    One that came to its end and failed for want of memory alone is another matter: what did not fit beside another
    model is tried once more with the whole limit to itself, and what hangs on it is built then. `on_progress` is told
    the name, seconds and rows (where known) of each node that has finished.
    """
    started = time.monotonic()
    copy = _copy_project(home, project or PROJECT)
    everything = full_refresh or len(_pending(variables)) > MOST_PENDING
    results, log = home.warehouse / "dbt_target" / "run_results.json", home.warehouse / "dbt_logs" / "dbt.log"
    nodes, said, code = _run(copy, _build(variables, everything), on_progress)
    short = out_of_memory(results, nodes)
    if short:
        again, said, code = _run(copy, ["retry", "--threads", "1"], on_progress)
        nodes = [node for node in nodes if node not in short] + again
    nodes = with_rows(nodes, home)
    save_results(home, str(variables.get("run_id", "")), nodes)
    if code != 0:
        raise TransformError(failure_text(results, nodes, said, code, log))
    models = sum(node.kind in ("model", "seed") for node in nodes)
    return TransformReport(models, len(nodes) - models, time.monotonic() - started, tuple(nodes))


def document(home: Home) -> Path | None:
    """Write dbt's page of models, columns and their graph after a transform; None when dbt could not.

    The page is for reading: it never stops a refresh. Columns and types come from the contracts in the project.
    """
    arguments = ["docs", "generate", "--static", "--no-compile", "--empty-catalog"]
    child = _start(home.warehouse / "project", arguments)
    try:
        child.communicate(timeout=DOCUMENT_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(child)
    made = home.warehouse / "dbt_target" / "static_index.html"
    if child.returncode or not made.exists():
        return None
    target = home.warehouse / "docs" / made.name
    durable.move(made, target)
    return target


def _run(project: Path, arguments: list[str], on_progress: Progress) -> tuple[list[Node], list[str], int | None]:
    child = _start(project, arguments)
    try:
        return *_listen(child, on_progress), child.returncode
    finally:
        _end(child)


def _start(project: Path, arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        _command(arguments),
        cwd=project,
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def fingerprint(project: Path | None = None) -> str:
    """Return a hash over what decides the marts; another value means that everything has to be built again."""
    return fingerprint_of(project or PROJECT)


def _copy_project(home: Home, project: Path) -> Path:
    copy = home.warehouse / "project"
    shutil.rmtree(copy, ignore_errors=True)
    for path in files_of(project):
        target = copy / path.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    home.tmp.mkdir(parents=True, exist_ok=True)
    (home.warehouse / "dbt_target" / "run_results.json").unlink(missing_ok=True)  # of the run before
    return copy


def _pending(variables: Mapping[str, object]) -> list[object]:
    listed = variables.get("pending_loads", [])
    return list(listed) if isinstance(listed, (list, tuple)) else []


def _build(variables: Mapping[str, object], full_refresh: bool) -> list[str]:
    given = dict(variables) | ({"pending_loads": []} if full_refresh else {})
    tail = ["--full-refresh"] if full_refresh else []
    return ["build", "--exclude-resource-type", "unit_test", "--vars", json.dumps(given, default=str), *tail]


def _command(arguments: list[str]) -> list[str]:
    return [
        sys.executable, "-m", "sales_warehouse.dbt_child", str(os.getpid()),
        "--no-use-colors", "--log-level", "none", "--log-path", "../dbt_logs",
        *arguments, "--project-dir", ".", "--profiles-dir", ".", "--target-path", "../dbt_target",
    ]  # fmt: skip


def child_environment() -> dict[str, str]:
    """The child's environment; paths are relative to the copy of the project, `<home>/warehouse/project`."""
    return os.environ | {
        "SALES_WAREHOUSE_HOME_DIR": "../..",
        "SALES_WAREHOUSE_WORKING_FILE": "../working.duckdb",
        "SALES_WAREHOUSE_TEMP": "../../tmp",
        "SALES_WAREHOUSE_MEMORY": settings.memory_limit(),
        "SALES_WAREHOUSE_THREADS": str(settings.threads()),
        "SALES_WAREHOUSE_CACHE": str(settings.cache_folder()),
        # A sum that threads share takes longer than alone, and its last bits depend on how many there are.
        "OPENBLAS_NUM_THREADS": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }


def _listen(child: subprocess.Popen[str], on_progress: Progress) -> tuple[list[Node], list[str]]:
    """Follow dbt's events to the end; return the nodes that finished and what else it said of problems."""
    nodes: list[Node] = []
    said: list[str] = []
    assert child.stdout is not None
    for line in child.stdout:
        node, message = read_event(line)
        if node:
            nodes.append(node)
            on_progress(node.name, node.seconds, node.rows)
        elif message:
            said.append(message)
    child.wait()
    return nodes, said


def _end(child: subprocess.Popen[str]) -> None:
    """Leave no child behind that holds the warehouse's lock, whatever ended the listening."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if child.stdout:
        child.stdout.close()
