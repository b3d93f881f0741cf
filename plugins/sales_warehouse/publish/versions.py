"""Publish the marts as a new version beside the old ones: atomic, readable all the time, one step to roll back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from sales_warehouse import durable, failpoint, sql
from sales_warehouse.home import Home
from sales_warehouse.publish import catalog, folder, manifest, pointer
from sales_warehouse.publish.manifest import Manifest
from sales_warehouse.publish.pieces import Former

WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class Published:
    """A version that readers see; `tables` is rows by table, `linked` counts Parquet files taken over unchanged."""

    version: str
    path: Path
    tables: dict[str, int]
    linked: int
    written: int
    is_new: bool


@dataclass(frozen=True)
class Version:
    """A version that is kept."""

    version: str
    path: Path
    is_current: bool
    run_id: str
    business_date: str
    as_of: str
    tables: dict[str, int]


class NoSuchVersion(LookupError):
    """The version to go back to is not kept."""


def publish(
    home: Home,
    *,
    run_id: str,
    business_date: date,
    as_of: datetime,
    extras: Callable[[Path], None] | None = None,
    keys: Mapping[str, Sequence[str]] | None = None,
    keep: int = 3,
    monthly_from_rows: int = catalog.MONTHLY_FROM_ROWS,
) -> Published:
    """Publish the marts of the working warehouse and let readers see them.

    `extras(folder)` adds files (the board) while nobody can see the version yet. `keys` are the primary keys by
    table, where the working warehouse does not declare them. The same run with the same marts is published once.
    Raises Busy when another publish is at work, Unpublishable for a mart of a wrong shape, Mismatch when the copy
    differs; whatever is raised, readers stay on the version before, and the next publish clears the remains.
    """
    with _locked(home, "publishing"), sql.connect(temp=home.tmp / "publish") as db:
        durable.sweep(home.published)
        _attach(db, home)
        current = _current(home)
        draft = _draft(db, home, run_id, business_date, as_of, keys or {}, monthly_from_rows)
        if current and _is_published(draft, current.manifest):
            return _published(home, current.manifest, linked=0, is_new=False)
        done, linked = folder.build(db, draft, pointer.folder(home, draft.version), current, extras)
        failpoint.reach("publish.before_swap")
        pointer.swap(home, done.version)
        failpoint.reach("publish.after_swap")
        _prune(home, keep)
        return _published(home, done, linked=linked, is_new=True)


def rollback(home: Home, to: str | None = None) -> str:
    """Let readers see the version before the current one, or the version `to`; return its name.

    Raises NoSuchVersion, naming what is kept.
    """
    with _locked(home, "rolling back"):
        current = _current(home)
        target = to or (current.manifest.previous if current else None)
        if target is None or target not in pointer.names(home):
            kept = ", ".join(pointer.names(home)) or "none"
            raise NoSuchVersion(f"there is no version {target or 'before the current one'} to go back to; kept: {kept}")
        pointer.swap(home, target)
        return target


def versions(home: Home) -> list[Version]:
    """Every version that is kept, oldest first."""
    current = pointer.current(home)
    return [_version(pointer.folder(home, name), name == current) for name in pointer.names(home)]


def _version(place: Path, is_current: bool) -> Version:
    found = manifest.read(place)
    return Version(found.version, place, is_current, found.run_id, found.business_date, found.as_of, _rows(found))


def _rows(done: Manifest) -> dict[str, int]:
    return {table.name: table.rows for table in done.tables}


def _published(home: Home, done: Manifest, *, linked: int, is_new: bool) -> Published:
    files = sum(len(table.pieces) for table in done.tables)
    written = files - linked if is_new else 0
    return Published(done.version, pointer.folder(home, done.version), _rows(done), linked, written, is_new)


def _locked(home: Home, purpose: str) -> AbstractContextManager[None]:
    return durable.lock(home.published / ".lock", wait_seconds=WAIT_SECONDS, purpose=purpose)


def _attach(db: DuckDBPyConnection, home: Home) -> None:
    if not home.warehouse_file.is_file():
        raise catalog.Unpublishable(
            f"there is no working warehouse {home.warehouse_file}: run the transformation first"
        )
    db.execute(f"ATTACH {sql.literal(str(home.warehouse_file))} AS {catalog.SOURCE} (READ_ONLY)")


def _draft(
    db: DuckDBPyConnection,
    home: Home,
    run_id: str,
    business_date: date,
    as_of: datetime,
    keys: Mapping[str, Sequence[str]],
    monthly_from_rows: int,
) -> Manifest:
    """What is to be published, before a file of it is written."""
    return Manifest(
        version=pointer.next_name(home, business_date),
        previous=pointer.current(home),
        run_id=run_id,
        business_date=business_date.isoformat(),
        as_of=as_of.isoformat(),
        engine=f"duckdb {duckdb.__version__}",
        tables=catalog.tables(db, keys=keys, monthly_from_rows=monthly_from_rows),
    )


def _is_published(draft: Manifest, current: Manifest) -> bool:
    """Whether this very run has already published these very marts."""
    return draft.run == current.run and draft.content == current.content


def _current(home: Home) -> Former | None:
    name = pointer.current(home)
    return Former(pointer.folder(home, name), manifest.read(pointer.folder(home, name))) if name else None


def _prune(home: Home, keep: int) -> None:
    """Remove the oldest versions beyond `keep`, never the current one nor the one to roll back to."""
    current = _current(home)
    needed = {current.manifest.version, current.manifest.previous} if current else set()
    every = pointer.names(home)
    for name in every[: max(0, len(every) - keep)]:
        if name not in needed:
            folder.remove(pointer.folder(home, name))
