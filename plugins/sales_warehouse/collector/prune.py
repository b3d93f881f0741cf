"""Removing finished files of the spool whose events landed long ago: landing keeps what was in them."""

from __future__ import annotations

import datetime
from pathlib import Path

from sales_warehouse.company.models import FilesConnection, Source
from sales_warehouse.company.webhooks import SPOOL
from sales_warehouse.extract.files import SourceFile, matches
from sales_warehouse.landing import Load


def prune(spool: Path, source: Source, loads: list[Load], before: datetime.datetime) -> int:
    """Remove the files that a source of the spool landed before a moment (UTC); return how many.

    A file goes when every table that it belongs to has its content, byte by byte, in a load that is committed.
    """
    if not isinstance(source.connection, FilesConnection) or not source.connection.path.startswith(SPOOL):
        return 0
    folder, removed = spool / source.connection.path.removeprefix(SPOOL), 0
    landed = {
        (item.table, item.origin, item.fingerprint)
        for load in loads
        if load.extracted_at < before
        for item in load.files
    }
    origins = {origin for _, origin, _ in landed}
    for path in folder.rglob("[!.]*.jsonl"):
        origin = path.relative_to(folder).as_posix()
        tables = [name for name, table in source.tables.items() if matches(origin, table.files or "*")]
        if origin not in origins or not tables:
            continue
        fingerprint = SourceFile.of(path, origin).fingerprint
        if all((name, origin, fingerprint) in landed for name in tables):
            path.unlink()
            removed += 1
    return removed
