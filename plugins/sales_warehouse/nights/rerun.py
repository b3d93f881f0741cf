"""Run a past night again, apart from everything that is in use, and compare mart by mart with what it gave."""

from __future__ import annotations

import contextlib
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from sales_warehouse import durable, purge, sql, transform
from sales_warehouse.home import Home
from sales_warehouse.nights import compare, store
from sales_warehouse.nights.compare import Difference
from sales_warehouse.nights.inputs import Inputs, listed_files, project_place, sources
from sales_warehouse.nights.recipe import Night

Models = Literal["then", "today"]
Say = Callable[[str], None]
OTHER_MODELS = (
    "the models have changed since that night: built by today's, so equal cannot be promised; what differs is what "
    "the change restates"
)
WAIT_SECONDS = 4 * 3600.0


@dataclass(frozen=True)
class Rerun:
    """What came of running a night again: the marts that differ, and what has to be said beside it.

    `is_promised` tells whether equal could be promised: not where other models were used, texts were purged since, or
    nothing was published that night.
    """

    night: Night
    models: Models
    marts: int
    rows: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    is_promised: bool
    seconds: float

    @property
    def is_equal(self) -> bool:
        return not self.differences


def only_one(home: Home, *, wait_seconds: float = WAIT_SECONDS) -> contextlib.AbstractContextManager[None]:
    """Hold the lock of past nights: a rebuild takes as much memory as a refresh, and needs what is kept."""
    return durable.lock(home.nights / ".lock", wait_seconds=wait_seconds, purpose="running a past night again")


def _scratch(home: Home) -> Path:
    return home.tmp / "rerun"


@contextlib.contextmanager
def without_remains(home: Home) -> Iterator[None]:
    """Remove what a killed one left, texts and the contact key among it, and let none begin during the block.

    Raises Busy while one is at work: what it reads goes when it ends.
    """
    with only_one(home, wait_seconds=0):
        if _scratch(home).exists():
            shutil.rmtree(_scratch(home))
        yield


@contextlib.contextmanager
def scratch_home(home: Home) -> Iterator[Home]:
    """Give a home apart for the block, one at a time."""
    with only_one(home):
        folder = _scratch(home)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            yield Home(folder, home.company_id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def rerun(home: Home, scratch: Home, night: Night, *, models: Models = "then", say: Say) -> Rerun:
    """Build a night again in a scratch home and compare it with what it gave; nothing else is touched.

    `models` are those of that night, or today's. Raises store.Damaged when an input is not what it was, and
    transform.TransformError when the models do not run.
    """
    started = time.monotonic()
    clear(scratch)
    say("inputs")
    caveats = lay_out(home, scratch, night.inputs)
    project = None
    is_other = night.inputs.models != transform.fingerprint()
    if models == "today":
        caveats += _lent(home, scratch) + ([OTHER_MODELS] if is_other else [])
    elif is_other:
        project = _project_then(home, scratch, night.inputs)
    notes = ["built by the models of that night; today's are others"] if project else []
    if night.is_computed:
        notes.append("nothing was published that night: compared with what was worked out for it before")
    build(scratch, night.inputs.variables, project, say)
    say("comparing")
    tables = compare.tables_of(scratch)
    found = compare.differences(home, scratch, night, tables)
    return Rerun(
        night, models, len(tables), sum(table.rows for table in tables), found, (*notes, *caveats),
        is_promised=not caveats, seconds=time.monotonic() - started,
    )  # fmt: skip


def clear(scratch: Home) -> None:
    """Empty a scratch home, but for what dbt has parsed: the next night parses the same project."""
    for entry in scratch.dir.glob("*") if scratch.dir.exists() else []:
        if entry != scratch.warehouse:
            shutil.rmtree(entry)
    scratch.warehouse_file.unlink(missing_ok=True)


def build(scratch: Home, variables: dict, project: Path | None, say: Say) -> None:
    """Build every model in a scratch home."""

    def on_progress(name: str, seconds: float, rows: int | None) -> None:
        say(name)

    transform.transform(scratch, variables=variables, full_refresh=True, on_progress=on_progress, project=project)


def lay_out(home: Home, scratch: Home, inputs: Inputs) -> list[str]:
    """Put what a night read where it was, into a scratch home; return what is not as it was, and known to be so."""
    is_comparable = inputs.engine == f"duckdb {duckdb.__version__}"
    purged = [file.name for file in purge.lists(home) if file.name not in inputs.purges]
    touched = 0
    with sql.connect(temp=home.tmp) as connection:
        for path, digest in listed_files(connection, home, inputs):
            kept = store.file_place(home, path, digest)
            if not kept.exists():
                raise store.Damaged(f"{kept} is gone: it is an input of the night; restore it from a backup")
            if store.digest_of(kept) != digest:
                if not purged or Path(path).parts[1] not in purge.KINDS:
                    raise store.Damaged(f"{kept} has changed since the night; restore it from a backup")
                touched += 1
            store.link(kept, scratch.dir / path)
        for name, kept_table in inputs.tables.items():
            target = scratch.dir / f"{name}.parquet"
            store.restore_table(connection, home, kept_table, target, name, is_comparable=is_comparable)
    if not touched:
        return []
    return [
        f"{touched} of its files have lost texts of conversations to {len(purged)} purges since: what was read out of "
        "them cannot come back, so equal cannot be promised"
    ]


def _project_then(home: Home, scratch: Home, inputs: Inputs) -> Path:
    """Unpack the dbt project of a night. Raises Damaged when it is not there any more."""
    place, project = project_place(home, inputs.models), scratch.dir / "models_then"
    if not place.exists():
        raise store.Damaged(f"{place} is gone: the models of the night; restore it, or ask for `--models today`")
    with zipfile.ZipFile(place) as archive:
        archive.extractall(project)
    if transform.fingerprint(project) != inputs.models:
        raise store.Damaged(f"{place} does not hold the models of the night any more")
    return project


def _lent(home: Home, scratch: Home) -> list[str]:
    """Lend a scratch home the tables that today's models read and the night did not have yet."""
    lent = [name for name in sources(transform.PROJECT)[1] if not (scratch.dir / f"{name}.parquet").exists()]
    for name in lent:
        store.link(home.dir / f"{name}.parquet", scratch.dir / f"{name}.parquet")
    for folder in sources(transform.PROJECT)[0]:
        if not list((scratch.dir / folder).rglob("*.parquet")):
            lent.append(folder)
        for path in (home.dir / folder).rglob("_schema*.parquet"):
            if not (scratch.dir / path.relative_to(home.dir)).exists():
                store.link(path, scratch.dir / path.relative_to(home.dir))
    return [f"{', '.join(lent)}: not there yet that night, taken as of today"] if lent else []
