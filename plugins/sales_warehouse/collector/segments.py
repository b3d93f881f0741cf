"""Finished files of the spool: `<endpoint>/<UTC moment>_<number>.jsonl`, whole or not there."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from sales_warehouse import durable, failpoint
from sales_warehouse.collector.journal import Journal, Segment, StorageFailed


def rotate(journal: Journal, folder: Path, endpoint: str, at: datetime.datetime) -> list[Path]:
    """Put all pending events of an endpoint into finished files; what could not be finished before comes first.

    Raises StorageFailed when the disk does not take it; the events stay in the journal and it may be tried again.
    """
    begun = [segment for segment in journal.segments() if segment.endpoint == endpoint]
    files = [_write(journal, folder, segment) for segment in begun]
    segment = journal.begin(endpoint, at)
    return [*files, _write(journal, folder, segment)] if segment else files


def make_folder(folder: Path) -> None:
    """Make a folder for its owner alone, so that it survives a power cut; raise StorageFailed when it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for parent in (folder.parent, folder.parent.parent):
            durable.sync_folder(parent)
    except OSError as error:
        raise StorageFailed(f"{folder} cannot be made: {error.strerror}") from error


def recover(journal: Journal, folder: Path) -> list[Path]:
    """Finish what an interrupted collector began, and remove its half files; return the files."""
    durable.sweep(folder)
    return [_write(journal, folder, segment) for segment in journal.segments()]


def _write(journal: Journal, folder: Path, segment: Segment) -> Path:
    target = folder / segment.endpoint / segment.name
    scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")  # a leading dot: no reader takes it
    try:
        target.parent.mkdir(exist_ok=True, mode=0o700)  # of an endpoint that was configured before
        durable.sync_folder(folder)
        with os.fdopen(os.open(scratch, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb", 1 << 20) as file:
            file.writelines(journal.lines(segment))
        failpoint.reach("collect.before_rename")
        durable.move(scratch, target)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise StorageFailed(f"{segment.endpoint}: the spool was not written: {error.strerror}") from error
    failpoint.reach("collect.after_rename")
    journal.finish(segment)
    return target
