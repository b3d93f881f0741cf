"""Removing finished files of the spool whose events landed long ago: landing keeps what was in them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from sales_warehouse.company.models import FilesConnection, Source
from sales_warehouse.company.webhooks import SPOOL
from sales_warehouse.extract.files import SourceFile, matches
from sales_warehouse.landing import Load


def prune(
    spool: Path,
    source: Source,
    sources: Iterable[Source],
    loads: Callable[[str], list[Load]],
    before: datetime.datetime,
) -> int:
    """Remove the files below the folder of a source that landed before a moment (UTC); return how many.

    A file goes when every table that it belongs to, of any of the sources, has its content, byte by byte, in a load
    that is committed. `loads` gives the loads of a source by its name.
    """
    folder, removed = _folder(spool, source), 0
    if folder is None:
        return 0
    readers = [(place, item) for item in sources if (place := _folder(spool, item))]
    landed = defaultdict[tuple[str, str, str], set[str | None]](set)  # fingerprints by source, table and origin
    for _, item in readers:
        for load in loads(item.source):
            for file in load.files if load.extracted_at < before else ():
                landed[item.source, file.table, file.origin].add(file.fingerprint)
    for path in folder.rglob("[!.]*.jsonl"):
        wanted = [
            (item.source, name, origin)
            for place, item in readers
            if path.is_relative_to(place)
            for origin in [path.relative_to(place).as_posix()]
            for name, table in item.tables.items()
            if matches(origin, table.files or "*")
        ]
        if not wanted or not landed.keys() >= set(wanted):
            continue
        fingerprint = SourceFile.of(path, path.name).fingerprint
        if all(fingerprint in landed[key] for key in wanted):
            path.unlink()
            removed += 1
    return removed


def _folder(spool: Path, source: Source) -> Path | None:
    """Return the folder of a source of the spool, None for any other source."""
    if not isinstance(source.connection, FilesConnection) or not source.connection.path.startswith(SPOOL):
        return None
    return spool / source.connection.path.removeprefix(SPOOL)
