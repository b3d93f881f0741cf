"""Files and folders that are either whole or not there, and locks that end with their process."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp"
STAMP = "%Y%m%dT%H%M%S_%f"  # a moment in the name of a file or folder: names are in the order of time


class Busy(Exception):
    """Another process holds the lock."""


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(file: Path) -> None:
    """Make the bytes of a file survive a power cut."""
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


def move(source: Path, target: Path) -> None:
    """Rename a finished file or folder to its place: bytes first, then the name."""
    for file in [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]:
        sync_file(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    sync_folder(target.parent)


def write_json(target: Path, data: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.{os.getpid()}{TEMPORARY}")
    scratch.write_text(json.dumps(data, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    move(scratch, target)


def read_json(file: Path, default: Any = None) -> Any:
    """Return the content of a JSON file, `default` when there is none."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else default


def sweep(folder: Path) -> int:
    """Remove what an interrupted writer left below a folder; return how many. Call it under the folder's lock."""
    strays = [path for path in folder.rglob(f".*{TEMPORARY}")] if folder.exists() else []
    for stray in strays:
        shutil.rmtree(stray) if stray.is_dir() else stray.unlink(missing_ok=True)
    return len(strays)


@contextlib.contextmanager
def lock(file: Path, *, wait_seconds: float, purpose: str) -> Iterator[None]:
    """Hold a lock; raise Busy, naming the holder, when it is not free in time. The lock ends with the process."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as handle:
        deadline = time.monotonic() + wait_seconds
        while not _taken(handle.fileno()):
            if time.monotonic() >= deadline:
                handle.seek(0)
                raise Busy(f"{purpose}: another one is at work ({handle.read().strip() or 'unknown'}); try again later")
            time.sleep(0.2)
        handle.truncate(0)
        handle.write(f"process {os.getpid()}, {purpose}")
        handle.flush()
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
