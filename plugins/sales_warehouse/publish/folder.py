"""The folder of a version: filled out of sight, forced to disk, then given its name in one step."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from sales_warehouse import durable, failpoint
from sales_warehouse.publish import database, manifest, pieces
from sales_warehouse.publish.manifest import Manifest
from sales_warehouse.publish.pieces import Former


def build(
    db: DuckDBPyConnection, draft: Manifest, place: Path, former: Former | None, extras: Callable[[Path], None] | None
) -> tuple[Manifest, int]:
    """Make the version complete in `place`, where it appears at once; return its manifest and how many files it shares.

    Whatever fails, nothing of it stays behind.
    """
    scratch = hidden(place)
    # Checksums of another engine version may be other numbers for the same rows.
    comparable = former if former and former.manifest.engine == draft.engine else None
    with _removed_on_failure(scratch):
        linked = _fill_trusting(db, draft, scratch, comparable)
        if extras:
            extras(scratch)
        done = replace(draft, files=_files(scratch, comparable))
        manifest.write(scratch, done)
        failpoint.reach("publish.before_rename")
        _commit(scratch, place)
    return done, len(linked)


def remove(place: Path) -> None:
    """Remove a version: its name first, so that no half version ever has one."""
    place.rename(hidden(place))
    shutil.rmtree(hidden(place))


def hidden(place: Path) -> Path:
    """Where a version is made and unmade; an interrupted publish leaves nothing anywhere else."""
    return place.with_name(f".{place.name}{durable.TEMPORARY}")


def _fill_trusting(db: DuckDBPyConnection, draft: Manifest, folder: Path, former: Former | None) -> set[str]:
    """Fill the folder; when a file linked from the version before proves damaged, once more with nothing linked."""
    try:
        return _fill(db, draft, folder, former)
    except (database.Mismatch, duckdb.Error):
        if former is None:
            raise
        return _fill(db, draft, folder, None)


def _fill(db: DuckDBPyConnection, draft: Manifest, folder: Path, former: Former | None) -> set[str]:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    linked = {file for table in draft.tables for file in pieces.write(db, table, folder, former)}
    database.build(db, draft.tables, folder)
    return linked


def _files(folder: Path, former: Former | None) -> dict[str, dict[str, int | str]]:
    """Size and SHA-256 of every file; those that were linked are known from the version before."""
    known = _known(former) if former else {}
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): known.get(path.stat().st_ino) or _measure(path) for path in files}


def _known(former: Former) -> dict[int, dict[str, int | str]]:
    measured = former.manifest.files.items()
    return {path.stat().st_ino: facts for name, facts in measured if (path := former.folder / name).is_file()}


def _measure(path: Path) -> dict[str, int | str]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _commit(folder: Path, place: Path) -> None:
    """Force the version to disk, then give it its name."""
    for inner in [path for path in folder.rglob("*") if path.is_dir()]:
        durable.sync_folder(inner)
    durable.sync_folder(folder)
    durable.move(folder, place)


@contextlib.contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    """Do not leave half a version behind, least of all on a full disk."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
