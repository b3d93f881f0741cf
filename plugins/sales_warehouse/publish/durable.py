"""Files that are whole or absent: written aside, forced to disk, then given their name in one step."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class Busy(RuntimeError):
    """Another process is doing the same work."""


def fsync(path: Path) -> None:
    """Force a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Force every file and folder below `folder` to disk, the folder itself last."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            fsync(Path(parent, name))
        fsync(Path(parent))


def write_text(path: Path, text: str) -> None:
    """Write a file that readers see whole or not at all; writing it again replaces it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_text(text, encoding="utf-8")
    fsync(aside)
    aside.replace(path)
    fsync(path.parent)


def point(link: Path, target: str) -> None:
    """Let the symbolic link `link` name `target` (relative to the link's folder), in one step."""
    aside = link.with_name(f"{link.name}.tmp")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)
    fsync(link.parent)


@contextlib.contextmanager
def exclusive(lock: Path, *, doing: str, wait: bool = False) -> Iterator[None]:
    """Hold the file `lock` while the block runs; the lock dies with the process.

    Raises Busy when another process holds it, unless `wait` is given.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise Busy(f"{doing}: another process is doing this now (it holds {lock}); try again when it ends") from error
        yield
