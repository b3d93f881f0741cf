"""What a reader hands back: what landed, what was refused, and why a source could not be read at all."""

from __future__ import annotations

import datetime
import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


class SourceUnavailable(Exception):
    """The source is down, slow or answers nonsense: nothing landed, trying again later may work."""


class SourceMisconfigured(Exception):
    """The configuration and the source disagree: trying again changes nothing, somebody has to mend it."""


@dataclass(frozen=True)
class Drift:
    """A difference between what a source promised and what came.

    `column` is the promised name, or the one that came where nothing of the kind was promised. `found` is the name that
    it was perhaps changed to, or the type.
    """

    kind: Literal["added", "missing", "renamed", "reordered", "retyped", "duplicated"]
    column: str
    found: str | None = None

    @property
    def is_double(self) -> bool:
        return self.kind == "duplicated"


class FileRefused(Exception):
    """One file cannot be taken as it is; the message says what, where and what to do. `drift` is why, where it is."""

    def __init__(self, message: str, drift: Sequence[Drift] = ()) -> None:
        super().__init__(message)
        self.drift = tuple(drift)


# What a machine lacks, or a disk has: no file is to blame, and trying the next one is no better.
OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS)


@contextmanager
def refusing() -> Iterator[None]:
    """Refuse a file at which a reader or one of its libraries fails, whatever the error: the others go on.

    The message has the kind of the error and not its text, which may quote a cell. What the machine lacks stays as it
    is.
    """
    try:
        yield
    except (FileRefused, SourceUnavailable, SourceMisconfigured, MemoryError):
        raise
    except BaseException as error:
        is_panic = type(error).__name__ == "PanicException"  # of a library in Rust; it is no Exception
        if not (isinstance(error, Exception) or is_panic) or getattr(error, "errno", None) in OF_THE_MACHINE:
            raise
        raise FileRefused(
            f"cannot be read ({type(error).__name__}); it is damaged, or written as no reader knows it: ask for it "
            "again. If other programs open it, please report this with the file"
        ) from error


@dataclass(frozen=True)
class Original:
    """Where the bytes of a file are kept: compressed, `offset` bytes into `path`."""

    path: Path
    offset: int
    size: int  # uncompressed


@dataclass(frozen=True)
class Landed:
    """One file, table or resource that landed.

    Small files of one shape share a Parquet file, so several of these may have the same `path`. `rows` counts the
    records of this origin that were written, malformed ones included; `reported` is how many the source has, counted
    by a way that does not use the parser (its bytes, `count(*)`, a footer). `fingerprint` is the SHA-256 of the file's
    bytes, or of the content of a whole table. `state` is how a file looked, where that is enough to know it again;
    `schema` has the types of its columns, where the source has types. `arrived_at` is when it was there, UTC, as far as
    the source knows: a file's last change.
    """

    table: str
    path: Path
    origin: str
    rows: int
    reported: int
    fingerprint: str | None
    cursor: str | None = None
    malformed: int = 0
    state: str | None = None
    drift: tuple[Drift, ...] = ()
    schema: Mapping[str, str] | None = None
    arrived_at: datetime.datetime | None = None
    original: Original | None = None
    inside: frozenset[str] = frozenset()  # of an archive: the fingerprints of its members, which land by themselves


@dataclass(frozen=True)
class Refused:
    """Something that could not be taken; it stays in the source and is tried again every time."""

    table: str
    origin: str
    fingerprint: str | None
    reason: str
    drift: tuple[Drift, ...] = ()


@dataclass
class Extraction:
    """Everything one visit to a source brought."""

    landed: list[Landed] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    skipped: int = 0  # files whose bytes landed before, tables without a change
    notes: list[str] = field(default_factory=list)  # worth knowing, nothing lost: extra columns, no file matches
