"""What a reader hands back: what landed, what was refused, and why a source could not be read at all."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
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
