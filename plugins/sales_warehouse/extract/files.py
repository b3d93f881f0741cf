"""The files of a source: which are there, which are new, and which must not be opened at all."""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from itertools import count
from pathlib import Path
from typing import Protocol

from sales_warehouse.extract.earlier import EarlierTable
from sales_warehouse.extract.outcome import (
    Drift,
    Extraction,
    FileRefused,
    Landed,
    Original,
    Refused,
    SourceMisconfigured,
    SourceUnavailable,
    refusing,
)

Schema = Mapping[str, str] | None  # kinds of values by column, None where nothing is known of them

RACY_SECONDS = 2  # a file that changed so lately may change again without looking different
HIDDEN = (".", "~$")  # half-written files of copy tools, lock files of Excel
NAMED_COPIES = 3
TAKEN_AWAY = "taken away while it was being read; it is picked up when it is back"


@dataclass(frozen=True)
class SourceFile:
    """A file as it was when its bytes were fingerprinted."""

    origin: str  # path below the source's folder, with forward slashes
    path: Path
    fingerprint: str
    size: int
    changed_ns: int
    state: str | None = None  # how it looked, where that is enough to know it again
    uploaded_at: datetime.datetime | None = None  # of an object, or of an archive that it came in
    looked: str | None = None  # as `state`, of any file of a folder

    @property
    def arrived_at(self) -> datetime.datetime:
        """When it was there in the source, UTC."""
        changed = datetime.datetime.fromtimestamp(self.changed_ns / 10**9, datetime.UTC)
        return (self.uploaded_at or changed).astimezone(datetime.UTC).replace(tzinfo=None)

    @classmethod
    def of(cls, path: Path, origin: str) -> SourceFile:
        found = path.stat()
        digest, looked = _digest(path), _state(found)
        is_old = time.time_ns() - found.st_mtime_ns > RACY_SECONDS * 10**9
        return cls(origin, path, digest, found.st_size, found.st_mtime_ns, looked if is_old else None, looked=looked)

    def refuse_when_changed(self) -> None:
        """Raise FileRefused when somebody wrote to the file, or put another in its place, after it was fingerprinted.

        Another one may have its size and time. Where only the rest of its look differs, the bytes tell: some network
        folders give a file a new number at any time.
        """
        try:
            found = self.path.stat()
            is_same = (found.st_size, found.st_mtime_ns) == (self.size, self.changed_ns)
            if is_same and self.looked not in (None, _state(found)):
                is_same = _digest(self.path) == self.fingerprint
        except FileNotFoundError as error:
            raise FileRefused(TAKEN_AWAY) from error
        except OSError as error:
            raise FileRefused(f"cannot be read ({error.strerror}); it is tried again next time") from error
        if not is_same:
            raise FileRefused("changed while it was being read; it is picked up next time, when nobody writes to it")


@dataclass(frozen=True)
class Written:
    """Where the records of one file went; several files may share a Parquet file. `reported`: see Landed."""

    file: SourceFile
    path: Path
    rows: int
    reported: int
    malformed: int = 0
    notes: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    schema: Schema = None
    original: Original | None = None


@dataclass(frozen=True)
class Unread:
    """A file that could not be taken."""

    file: SourceFile
    reason: str
    drift: tuple[Drift, ...] = ()


Result = Written | Unread


@dataclass
class Room:
    """Where a reader works: numbered Parquet files go to `into`, everything else to `temp`."""

    into: Path
    temp: Path
    _parquets: Iterator[int] = field(default_factory=lambda: count(1))
    _scratches: Iterator[int] = field(default_factory=lambda: count(1))

    def next_parquet(self) -> Path:
        self.into.mkdir(parents=True, exist_ok=True)
        return self.into / f"{next(self._parquets)}.parquet"

    def scratch(self, suffix: str) -> Path:
        self.temp.mkdir(parents=True, exist_ok=True)
        return self.temp / f"{next(self._scratches)}{suffix}"

    def holds(self, path: Path) -> bool:
        """Tell whether a file is a scratch of this room."""
        return path.parent == self.temp

    def clear(self) -> None:
        """Remove the scratches; nobody may read them any more."""
        shutil.rmtree(self.temp, ignore_errors=True)


def one_by_one(files: Iterable[SourceFile], read: Callable[[SourceFile], Written]) -> Iterator[Result]:
    """Read every file by itself."""
    return (read_one(file, read) for file in files)


def each_knowing_the_last(
    files: Iterable[SourceFile], read: Callable[[Schema, SourceFile], Written], before: Schema
) -> Iterator[Result]:
    """Read one file after the other; each is told what is known of the columns from those before it."""
    for file in files:
        result = read_one(file, partial(read, before))
        if isinstance(result, Written):
            before = result.schema
        yield result


def read_one(file: SourceFile, read: Callable[[SourceFile], Written]) -> Result:
    """Read a file; one that is refused leaves nothing behind."""
    try:
        with refusing():
            written = read(file)
        file.refuse_when_changed()
    except FileRefused as error:
        return Unread(file, str(error), error.drift)
    return written


class Found(Protocol):
    """A file that is there: its place, a text that changes when the file does, and how to get it."""

    @property
    def origin(self) -> str: ...

    @property
    def state(self) -> str | None: ...

    def fetch(self) -> SourceFile: ...


class FilePlace(Protocol):
    """Where files are: a folder, a bucket."""

    def find(self, pattern: str, room: Room) -> Iterable[Found]: ...


@dataclass(frozen=True)
class FolderFile:
    """A path of a source's folder."""

    origin: str
    path: Path
    root: Path
    room: Room

    @property
    def state(self) -> str | None:
        try:
            return _state(self.path.stat())
        except OSError:
            return None

    def fetch(self) -> SourceFile:
        """Fingerprint the file where it is; raise FileRefused for what is no file of this folder."""
        check_kind(self.path, self.root)
        try:
            return SourceFile.of(self._openable(), self.origin)
        except FileNotFoundError as error:
            raise FileRefused(TAKEN_AWAY) from error
        except OSError as error:
            raise FileRefused(f"cannot be read ({error.strerror}); it is tried again next time") from error

    def _openable(self) -> Path:
        """Return a path that every library can open: DuckDB and others know paths as UTF-8 alone."""
        if _is_utf8(str(self.path)):
            return self.path
        link = self.room.scratch(Path(self.origin).suffix)
        link.symlink_to(self.path.absolute())
        return link


@dataclass(frozen=True)
class UnreadFolder:
    """A folder below that of the source that cannot be read: what is in it nobody knows."""

    origin: str
    reason: str
    state: None = None

    def fetch(self) -> SourceFile:
        raise FileRefused(f"a folder that cannot be read ({self.reason}); give this user the right to read it")


@dataclass(frozen=True)
class Folder:
    """A folder of a source."""

    root: Path
    source: str

    def find(self, pattern: str, room: Room) -> Iterator[FolderFile | UnreadFolder]:
        """Yield the paths that match, in order of their names, and the folders on the way that cannot be read.

        Raises SourceUnavailable when the folder cannot be read, SourceMisconfigured for a pattern that leaves it.
        """
        where, root = f"{self.source}: {room.into.name}", self.root
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise SourceMisconfigured(
                f"{where}: files: {pattern!r} leaves the folder of the source; give a name below it"
            )
        if not root.is_dir():
            raise SourceUnavailable(f"{where}: the folder {root} is not there; is the share mounted, the path right?")
        unread: dict[Path, str] = {}
        found = {path for path in _walk(root, Path(pattern).parts, unread) if not path.name.startswith(HIDDEN)}
        if root in unread:
            raise SourceUnavailable(f"{where}: the folder {root} cannot be read ({unread[root]}); try again")
        origins = _origins({*found, *unread}, root)
        for origin in sorted(origins, key=lambda origin: origin.split("/")):
            path = origins[origin]
            if path in unread:
                yield UnreadFolder(origin, unread[path])
            elif path.is_symlink() or not path.is_dir():
                yield FolderFile(origin, path, root, room)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are not, kept as PEP 383 says
        return False
    return True


def _readable(name: str) -> str:
    """Return a name in a folder as text: UTF-8, else GB18030, as older systems in China write it, else escaped."""
    if _is_utf8(name):
        return name
    content = os.fsencode(name)
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        return content.decode("utf-8", "backslashreplace")


def _origins(paths: Iterable[Path], root: Path) -> dict[str, Path]:
    """Return every path by its place below the root; where two names read the same, one keeps its bytes, escaped."""
    origins: dict[str, Path] = {}
    for path in sorted(paths, key=lambda path: (not _is_utf8(str(path)), path)):
        parts = path.relative_to(root).parts
        origin = "/".join(map(_readable, parts))
        if origin in origins:
            origin = os.fsencode("/".join(parts)).decode("utf-8", "backslashreplace")
        origins[origin] = path
    return origins


def _walk(folder: Path, patterns: Sequence[str], unread: dict[Path, str]) -> Iterator[Path]:
    """Yield what matches below a folder, as `Path.glob` does, which passes over what it cannot read in silence."""
    if not patterns:
        yield folder
        return
    pattern, rest = patterns[0], patterns[1:]
    if pattern == "**":
        yield from _walk(folder, rest, unread)
    for path in _entries(folder, pattern, unread):
        if pattern == "**":
            if not path.is_symlink() and _is_folder(path, unread):
                yield from _walk(path, patterns, unread)
        elif not rest or _is_folder(path, unread):
            yield from _walk(path, rest, unread)


def _entries(folder: Path, pattern: str, unread: dict[Path, str]) -> list[Path]:
    """Return what is in a folder and has a name that matches; an ASCII name as it stands need not be listed."""
    try:
        if pattern.isascii() and not any(sign in pattern for sign in "*?["):
            os.lstat(folder / pattern)
            return [folder / pattern]
        return [path for path in folder.iterdir() if pattern == "**" or fnmatchcase(_readable(path.name), pattern)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        unread[folder] = error.strerror or type(error).__name__
        return []


def _is_folder(path: Path, unread: dict[Path, str]) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return False
    except OSError as error:
        unread[path] = error.strerror or type(error).__name__
        return False


def matches(origin: str, pattern: str) -> bool:
    """Tell whether a path matches a pattern as in a folder: `*` stays in one part, `**` is any number of parts."""
    if origin.rpartition("/")[2].startswith(HIDDEN):
        return False
    return _match(origin.split("/"), pattern.split("/"))


def _match(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_match(parts[place:], patterns[1:]) for place in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _match(parts[1:], patterns[1:])


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _state(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}-{found.st_ino}"


def check_kind(path: Path, root: Path) -> None:
    """Raise FileRefused for anything but a regular file of the source's own folder; never open the rest."""
    target = path.resolve()
    if not target.is_relative_to(root.resolve()):
        raise FileRefused("a link to somewhere outside of the source's folder; put the file itself here")
    try:
        mode = target.stat().st_mode
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not path.is_symlink():
            raise FileRefused(TAKEN_AWAY) from error
        raise FileRefused(f"cannot be opened ({error.strerror}); mend or remove it") from error
    if not stat.S_ISREG(mode):
        raise FileRefused("not a regular file (a pipe, a device or a socket); remove it")
    if not os.access(target, os.R_OK):
        raise FileRefused("may not be read by this user; give it read permission")


def _copies(origins: list[str]) -> str:
    """Say which files hold what another one held; many of them are counted, the last ones named."""
    named = ", ".join(origins[-NAMED_COPIES:])
    if len(origins) <= NAMED_COPIES:
        return f"holds what another file held: {named}"
    return f"{len(origins)} files hold what others held, the last of them: {named}"


@dataclass
class Pick:
    """Chooses the files of one table that have not landed yet, and keeps the account."""

    table: str
    earlier: EarlierTable
    extraction: Extraction
    is_versioned: bool = False  # rows say how new they are, or of which file: equal content may be another day's
    taken: set[str] = field(default_factory=set)  # fingerprints
    copies: list[str] = field(default_factory=list)  # origins whose content another file brought
    schema: Schema = None  # of what landed last

    def __post_init__(self) -> None:
        self.schema = self.earlier.schema

    def new(self, found: Iterable[Found]) -> Iterator[SourceFile]:
        """Fetch the files to read one after the other, in order; equal content is taken once."""
        for item in found:
            if item.state and self.earlier.states.get(item.origin) == item.state:
                self.extraction.skipped += 1
                continue
            try:
                file = item.fetch()
            except FileRefused as error:
                reason = f"{item.origin}: {error}"
                self.extraction.refused.append(Refused(self.table, item.origin, None, reason))
                continue
            yield from self.unseen([file])

    def unseen(self, files: Iterable[SourceFile]) -> list[SourceFile]:
        """Return the files, or what was in an archive, whose content did not land before."""
        fresh = []
        for file in files:
            if (file.fingerprint in self.taken and not self.is_versioned) or self._landed(file):
                self.extraction.skipped += 1
                self.copies.append(file.origin)
                continue
            self.taken.add(file.fingerprint)
            fresh.append(file)
        return fresh

    def tell_copies(self) -> None:
        """Note what was not taken: seen under its name it is only old, under a new one people should know."""
        if strange := [origin for origin in self.copies if origin not in self.earlier.latest]:
            self.extraction.notes.append(f"{self.table}: not taken again, {_copies(strange)}")

    def _landed(self, file: SourceFile) -> bool:
        """A file that went back to older content counts as new: its newest landed content is not what it holds."""
        if self.is_versioned:
            return self.earlier.latest.get(file.origin) == file.fingerprint
        return (
            file.fingerprint in self.earlier.seen
            and self.earlier.latest.get(file.origin, file.fingerprint) == file.fingerprint
        )

    def account(self, result: Result) -> None:
        """Book what became of a file."""
        file = result.file
        if isinstance(result, Unread):
            reason = f"{file.origin}: {result.reason}"
            self.extraction.refused.append(Refused(self.table, file.origin, file.fingerprint, reason, result.drift))
            return
        schema = result.schema if result.schema != self.schema else None  # told where it changes: manifests are many
        self.schema = schema or self.schema
        self.extraction.landed.append(
            Landed(
                self.table, result.path, file.origin, result.rows, result.reported, file.fingerprint,
                malformed=result.malformed, state=file.state, drift=result.drift, schema=schema,
                arrived_at=file.arrived_at, original=result.original,
            )
        )  # fmt: skip
        self.extraction.notes += [f"{self.table}: {file.origin}: {note}" for note in result.notes]

    def account_archives(
        self, archives: Iterable[tuple[SourceFile, list[SourceFile]]], empty: Callable[[str], Path]
    ) -> None:
        """Book the archives of which every member is there; the others are unpacked and tried again next time.

        An archive lies where its members do; where none of them is new, where `empty` makes a file without rows. One
        whose member is a copy of what was refused is not there.
        """
        refused = {item.fingerprint for item in self.extraction.refused if item.table == self.table}
        landed = {item.origin: item.path for item in self.extraction.landed if item.table == self.table}
        there = landed.keys() | set(self.copies)
        for archive, inside in archives:
            contents = frozenset(member.fingerprint for member in inside)
            if not there.issuperset(member.origin for member in inside) or not refused.isdisjoint(contents):
                continue
            path = next((landed[member.origin] for member in inside if member.origin in landed), None)
            path = path or empty(archive.origin)
            self.extraction.landed.append(
                Landed(
                    self.table, path, archive.origin, 0, 0, archive.fingerprint, state=archive.state, inside=contents
                )
            )
