"""dbt as a child process: it ends with its parent, and parses the project only once for each version of it.

dbt reads every file of a project anew whenever a variable changes, and ours carry the day: about five seconds of each
night. What it makes of SQL depends on the files alone, variables are filled in when a node is built; so it is kept
beside other caches and given to the next run, of any company. Descriptions (yml) and configurations are filled in when
they are parsed: a project that asks for a variable there, as one of a past night may, is parsed again for another one.
Nothing else of dbt is kept, and a cache that cannot be read is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import signal
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from sales_warehouse import durable, settings
from sales_warehouse.dbt_events import is_result

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

KEPT = 4
# What asks for a variable while it is parsed: any description, and the configuration at the head of a model.
_ASKS = {".yml": re.compile(rb"\bvar\s*\("), ".sql": re.compile(rb"\bconfig\s*\((?:(?!\}\}).)*\bvar\s*\(", re.DOTALL)}


def files_of(project: Path) -> list[Path]:
    """List what decides the marts: not the linter's stand-ins, nor what dbt leaves behind when it is run by hand."""
    left_behind = {"target", "logs", "dbt_packages", "lint", "README.md", ".sqlfluff", ".sqlfluffignore"}
    return [
        path
        for path in sorted(project.rglob("*"))
        if path.is_file() and path.relative_to(project).parts[0] not in left_behind and path.name != ".user.yml"
    ]


def fingerprint_of(project: Path) -> str:
    """Return a hash over what decides the marts; another value means that everything has to be built again."""
    total = hashlib.sha256()
    for path in files_of(project):
        total.update(f"{path.relative_to(project)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _main(arguments: list[str]) -> int:
    """Be dbt in the project of the working folder; return dbt's exit code."""
    from dbt.cli.main import dbtRunner
    from dbt.parser.manifest import write_semantic_manifest

    manifest = _parsed(arguments)
    if manifest and (target := _option(arguments, "--target-path")):
        write_semantic_manifest(manifest, target[1])  # dbt writes it only when it parses; queries of metrics read it
    done = dbtRunner(manifest=manifest, callbacks=[_tell]).invoke(arguments)
    return 0 if done.success else 2 if done.exception else 1


def _tell(event: EventMsg) -> None:
    """Print what the parent listens to: nodes that finished, and errors.

    dbt's own JSON log turns every event into JSON before it looks whether it is wanted: an eighth of a small night.
    """
    from dbt_common.events.functions import msg_to_dict

    if event.info.level == "error" or is_result(event.info.name):
        print(json.dumps(msg_to_dict(event), default=str), flush=True)


def _parsed(arguments: list[str]) -> Manifest | None:
    """Return what dbt makes of the project's files, None when it cannot parse them: then the run itself says why."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder  # dbt spells them so

    kept = settings.cache_folder() / "dbt" / f"{_key(arguments)}.msgpack"
    with contextlib.suppress(Exception):  # absent, cut short, or of a dbt that wrote it otherwise
        manifest = _ready(Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder))
        with contextlib.suppress(OSError):  # another owner's
            os.utime(kept)
        return manifest
    place = [part for flag in ("--project-dir", "--profiles-dir", "--target-path", "--log-path", "--vars")
             if (part := _option(arguments, flag))]  # fmt: skip
    made = dbtRunner().invoke(["--quiet", "parse", *(word for part in place for word in part)]).result
    if not isinstance(made, Manifest):
        return None
    with contextlib.suppress(OSError):  # a folder that cannot be written costs seconds, not the run
        _keep(kept, made.to_msgpack(extended_mashumaro_encoder))
    return made


def _ready(manifest: Manifest) -> Manifest:
    manifest.build_flat_graph()
    manifest.build_parent_and_child_maps()
    return manifest


def _key(arguments: list[str]) -> str:
    """What the parsed project depends on: its files, dbt, and the variables where they are asked for in parsing."""
    variables = _option(arguments, "--vars") if _asks_in_parsing() else None
    machine = {name: os.environ.get(name) for name in ("SALES_WAREHOUSE_HOME_DIR", "SALES_WAREHOUSE_WORKING_FILE")}
    programs = [platform.python_version(), *map(version, ("dbt-core", "dbt-adapters", "dbt-duckdb"))]
    known = [fingerprint_of(Path()), variables, machine, programs]
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _asks_in_parsing() -> bool:
    files = ((_ASKS.get(path.suffix), path) for path in files_of(Path()))
    return any(asks.search(path.read_bytes()) for asks, path in files if asks)


def _option(arguments: list[str], flag: str) -> list[str] | None:
    return arguments[arguments.index(flag) : arguments.index(flag) + 2] if flag in arguments else None


def _keep(file: Path, content: bytes) -> None:
    """Write the cache in one step, and let go of those that were not used for longest."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = file.with_name(f".{file.name}.{os.getpid()}{durable.TEMPORARY}")
    scratch.write_bytes(content)
    durable.move(scratch, file)
    by_age = sorted(file.parent.glob("*.msgpack"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in by_age[KEPT:]:
        old.unlink(missing_ok=True)


def _end_with(parent: int) -> None:
    """End this process at once when its parent is gone; a killed DuckDB writer loses no commit."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    sys.exit(_main(sys.argv[2:]))
