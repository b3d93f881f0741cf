"""What a night was made from: everything that dbt read, and with which models."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

from sales_warehouse import durable, purge, transform
from sales_warehouse.dbt_child import files_of
from sales_warehouse.home import Home
from sales_warehouse.nights import store
from sales_warehouse.nights.store import Kept
from sales_warehouse.sql import connect, read_parquet

FORM = 1
DRAFT = "night.json"  # beside the working warehouse: what it was made from


@dataclass(frozen=True)
class Inputs:
    """Everything that the marts of a night follow from. `files` is a table of path, bytes, modified and digest."""

    run_id: str
    engine: str
    models: str
    rules: str
    batch: int
    variables: dict[str, Any]
    files: Kept
    tables: dict[str, Kept]
    purges: tuple[str, ...] = ()
    form: int = FORM

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Inputs:
        tables = {name: Kept.from_json(kept) for name, kept in data["tables"].items()}
        more = {"files": Kept.from_json(data["files"]), "tables": tables, "purges": tuple(data["purges"])}
        return cls(**{**data, **more})


def begin(home: Home) -> None:
    """Note that the working warehouse is being written: until `keep` nobody knows what it is made from.

    The files and tables that were kept last stay noted, so that what did not change is not read again.
    """
    if before := read_draft(home):
        durable.write_json(home.warehouse / DRAFT, replace(before, run_id="", variables={}).as_json())


def keep(home: Home, *, variables: dict[str, Any], rules: str, batch: int) -> Inputs:
    """Keep what the working warehouse has just been built from, and note it beside it.

    Called under the locks that dbt ran under, so that nothing has changed since.
    """
    before = read_draft(home)
    durable.sweep(home.nights)
    with connect(temp=home.tmp) as connection:
        listed = _list_files(connection, home, before)
        files = store.keep_table(connection, home, listed, before.files if before else None)
        listed.unlink()
        known = before.tables if before else {}
        kept = {
            name: store.keep_table(connection, home, home.dir / f"{name}.parquet", known.get(name))
            for name in sources(transform.PROJECT)[1]
        }
    inputs = Inputs(
        run_id=str(variables.get("run_id", "")),
        engine=f"duckdb {duckdb.__version__}",
        models=_keep_project(home),
        rules=rules,
        batch=batch,
        variables={**variables, "pending_loads": []},
        files=files,
        tables=kept,
        purges=tuple(file.name for file in purge.lists(home)),
    )
    durable.write_json(home.warehouse / DRAFT, inputs.as_json())
    return inputs


def read_draft(home: Home) -> Inputs | None:
    """Return what the working warehouse was built from, None when that was not kept."""
    data = durable.read_json(home.warehouse / DRAFT)
    return Inputs.from_json(data) if data and data.get("form") == FORM else None


@lru_cache(maxsize=8)
def sources(project: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a dbt project reads below the home: folders of files, and tables of one file each."""
    folders: list[str] = []
    tables: list[str] = []
    for described in sorted((project / "models" / "staging").glob("*/*.yml")):
        if described.stem != described.parent.name:
            continue
        for source in YAML(typ="safe").load(described)["sources"]:
            is_folder = "/*" in source["config"]["meta"]["external_location"]
            names = [f"{source['name']}/{table['name']}" for table in source["tables"]]
            (folders if is_folder else tables).extend(names)
    return tuple(folders), tuple(tables)


def _list_files(connection: duckdb.DuckDBPyConnection, home: Home, before: Inputs | None) -> Path:
    """Keep every file that dbt read and write their list; a file that is as it was is not read again."""
    known = _known(connection, home, before)
    rows = []
    for folder in sources(transform.PROJECT)[0]:
        for file in sorted((home.dir / folder).rglob("[!.]*.parquet")):
            path, state = str(file.relative_to(home.dir)), file.stat()
            digest = known.get((path, state.st_size, state.st_mtime_ns)) or store.digest_of(file)
            store.keep_file(home, path, digest)
            rows.append((path, state.st_size, state.st_mtime_ns, digest))
    columns = list(zip(*rows, strict=True)) or [()] * 4
    kinds = {"path": pa.string(), "bytes": pa.int64(), "modified": pa.int64(), "digest": pa.string()}
    table = pa.table({name: pa.array(c, kind) for (name, kind), c in zip(kinds.items(), columns, strict=True)})
    target = home.tmp / "files_of_the_night.parquet"
    pq.write_table(table, target, compression="zstd")
    return target


def _known(connection: duckdb.DuckDBPyConnection, home: Home, before: Inputs | None) -> dict[tuple[str, int, int], str]:
    if before is None or not store.is_there(home, before.files):
        return {}
    rows = connection.execute(store.kept_rows(connection, home, before.files)).fetchall()
    return {(path, size, modified): digest for path, size, modified, digest in rows}


def listed_files(connection: duckdb.DuckDBPyConnection, home: Home, inputs: Inputs) -> list[tuple[str, str]]:
    """Return path and digest of every file that a night read, by path."""
    kept = store.kept_rows(connection, home, inputs.files)
    return connection.execute(f"select path, digest from ({kept}) order by path").fetchall()


def _keep_project(home: Home) -> str:
    """Keep the copy of the dbt project that made the marts; return its fingerprint."""
    project = home.warehouse / "project"
    mark = transform.fingerprint(project)
    target = project_place(home, mark)
    if not target.exists():
        text = io.BytesIO()
        with zipfile.ZipFile(text, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files_of(project):
                archive.write(path, path.relative_to(project))
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")
        scratch.write_bytes(text.getvalue())
        durable.move(scratch, target)
    return mark


def project_place(home: Home, mark: str) -> Path:
    return home.nights / "projects" / f"{mark}.zip"


def rules_of(home: Home, code: str) -> str:
    """Return a fingerprint of the models and settings behind the figures: another one may give others for one fact.
    `code` is that of the models, and of what else rows carry already.

    The day of the refresh is no rule, and the calendar grows with the years. A rule with a mistake is missing among the
    rules; in which line it stands changes no figure.
    """
    moving = {"settings/company", "settings/calendar", "settings/left_out_rules"}
    with connect(temp=home.tmp) as connection:
        marks = [
            (name, *store.measure(connection, read_parquet([home.dir / f"{name}.parquet"])))
            for name in sources(transform.PROJECT)[1]
            if name.startswith("settings/") and name not in moving
        ]
    return hashlib.sha256(json.dumps([code, marks]).encode()).hexdigest()[:16]
