"""Archives: gzip and zip are unpacked beside the landing, with limits, before any reader sees what is inside.

A member of a zip is a file of its own, `orders.zip/2026-01.csv`. Nothing is unpacked by the name that an archive
gives, so a name can lead nowhere.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from sales_warehouse.extract.files import Pick, Room, SourceFile, Unread
from sales_warehouse.extract.outcome import FileRefused, refusing

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
MOST_MEMBERS = 10_000
MOST_BYTES = 8 << 30  # that an archive may unpack to
HONEST_BYTES, MOST_RATIO = 64 << 20, 200  # beyond both, an archive is a bomb
CHUNK = 1 << 20
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError)
LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_END = struct.Struct("<4s4H2LH")  # end of central directory, APPNOTE 4.3.16
_END64, _LOCATOR = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")  # the same of zip64, and where it is
_MEMBER = b"PK\x01\x02"


PORTION_BYTES = 1 << 30  # of the temporary folder, that files fetched or unpacked take before they are read


@dataclass
class Portion:
    """Files to read at once, in place of those that were picked; `inside` has the members of their archives."""

    picked: list[SourceFile] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    inside: list[tuple[SourceFile, list[SourceFile]]] = field(default_factory=list)
    refused: list[Unread] = field(default_factory=list)


def portions(picked: Iterable[SourceFile], pick: Pick, room: Room, *, is_workbook: bool) -> Iterator[Portion]:
    """Fetch and unpack files, as many as the temporary folder should hold at once; it is emptied after each portion.

    An archive that cannot be taken whole is refused whole; a workbook is a zip itself.
    """
    portion, held = Portion(), 0
    for file in picked:
        portion.picked.append(file)
        try:
            with refusing():
                inside = _inside(file, room, is_workbook)
            file.refuse_when_changed()
        except FileRefused as error:
            portion.refused.append(Unread(file, str(error)))
            continue
        if inside == [file]:
            portion.files.append(file)
        else:
            portion.inside.append((file, inside))
            portion.files += pick.unseen(inside)
        held += sum(part.size for part in {file, *inside} if room.holds(part.path))
        if held >= PORTION_BYTES:
            yield portion
            room.clear()
            portion, held = Portion(), 0
    if portion.picked:
        yield portion
        room.clear()


def _inside(file: SourceFile, room: Room, is_workbook: bool) -> list[SourceFile]:
    """Return what a file stands for; of one that cannot be unpacked whole nothing stays."""
    inside: list[SourceFile] = []
    try:
        inside.extend(_members(file, room, is_workbook))
    except BaseException as error:
        for member in inside:
            member.path.unlink()
        if isinstance(error, DAMAGED):
            raise FileRefused(f"cannot be unpacked ({error}); was it cut off? ask for it again") from error
        raise
    return inside


def _members(file: SourceFile, room: Room, is_workbook: bool) -> Iterator[SourceFile]:
    with file.path.open("rb") as source:
        start = source.read(4)
    if start.startswith(GZIP):
        with gzip.open(file.path) as source:
            yield _written(cast(BinaryIO, source), file, Path(file.origin).stem, file.size, room)
    elif start == ZIP and not (is_workbook and _holds_workbook(file.path)):
        yield from _of_zip(file, room)
    else:
        yield file


def _holds_workbook(path: Path) -> bool:
    """Tell a workbook from an archive of workbooks; of one that is broken its reader says what is wrong."""
    try:
        refuse_crowd(path)
        with _opened(path) as archive:
            return "[Content_Types].xml" in archive.namelist() or "mimetype" in archive.namelist()
    except (FileRefused, zipfile.BadZipFile):
        return True


def _of_zip(file: SourceFile, room: Room) -> Iterator[SourceFile]:
    refuse_crowd(file.path)
    with _opened(file.path) as archive:
        parts = [part for part in archive.infolist() if not part.is_dir() and not _is_litter(part.filename)]
        _judge(parts, file.size)
        for part in parts:
            with archive.open(part) as source:
                yield _written(cast(BinaryIO, source), file, part.filename, max(part.compress_size, 1), room)


def _opened(path: Path) -> zipfile.ZipFile:
    """Open a zip; names that do not say their encoding are GB18030, else what the format says (APPNOTE D.1)."""
    try:
        return zipfile.ZipFile(path, metadata_encoding="gb18030")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)


def _is_litter(name: str) -> bool:
    return name.startswith(LITTER[0]) or Path(name).name in LITTER[1:]


def refuse_crowd(path: Path) -> None:
    """Refuse an archive of too many members before their list is read into memory, whatever count it gives."""
    with path.open("rb") as source:
        source.seek(0, 2)
        size = source.tell()
        start = max(0, size - (1 << 16) - _END.size - _END64.size - _LOCATOR.size)
        source.seek(start)
        tail = source.read()
        place = tail.rfind(b"PK\x05\x06")
        if place < 0 or len(tail) - place < _END.size:
            raise FileRefused(
                "not a whole zip archive: its list of members is missing; was it cut off? ask for it again"
            )
        _, _, _, _, members, listed, _, _ = _END.unpack_from(tail, place)
        before = place - _LOCATOR.size - _END64.size
        if before >= 0 and tail.startswith(b"PK\x06\x07", place - _LOCATOR.size):
            *_, members, listed, _ = _END64.unpack_from(tail, before)
            place = before
        members = max(members, _listed(source, start + place - listed, listed))
    if members > MOST_MEMBERS:
        raise FileRefused(f"a zip archive of {members} or more members, at most {MOST_MEMBERS} are taken; split it")


def _listed(source: BinaryIO, start: int, size: int) -> int:
    """Return how many members a list of so many bytes has, or enough of them to be too many."""
    source.seek(max(0, start))
    count, left, rest = 0, size, b""
    while left > 0 and count <= MOST_MEMBERS and (chunk := source.read(min(CHUNK, left))):
        left -= len(chunk)
        count += (rest + chunk).count(_MEMBER)
        rest = chunk[-len(_MEMBER) + 1 :]
    return count


def _judge(parts: list[zipfile.ZipInfo], size: int) -> None:
    names = [part.filename for part in parts]
    if not parts:
        raise FileRefused("a zip archive without a file in it; ask for it again")
    if len(set(names)) < len(names):
        raise FileRefused("a zip archive with two members of one name; ask for another")
    for part in parts:
        _judge_member(part)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_BYTES or unpacked > max(HONEST_BYTES, MOST_RATIO * size):
        raise FileRefused(_bomb(unpacked))


def _judge_member(part: zipfile.ZipInfo) -> None:
    pieces = part.filename.replace("\\", "/").split("/")
    if ".." in pieces or part.filename.startswith(("/", "\\")) or ":" in pieces[0]:
        raise FileRefused(
            f"a zip archive with a member whose name leads out of it ({part.filename!r}); ask for another"
        )
    if stat.S_ISLNK(part.external_attr >> 16):
        raise FileRefused(f"a zip archive with a link in it ({part.filename!r}); put the file itself there")
    if part.flag_bits & 1:
        raise FileRefused(f"a zip archive with a password ({part.filename!r}); deliver it without one")


def _written(source: BinaryIO, archive: SourceFile, name: str, packed: int, room: Room) -> SourceFile:
    """Write a member of an archive to a scratch file, and stop when it is more than any honest archive holds.

    It was there when the archive was, however much later it is unpacked.
    """
    path, digest, size = room.scratch(".unpacked"), hashlib.sha256(), 0
    try:
        with path.open("wb") as target:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > MOST_BYTES or size > max(HONEST_BYTES, MOST_RATIO * packed):
                    raise FileRefused(_bomb(size))
                digest.update(chunk)
                target.write(chunk)
    except BaseException:
        path.unlink()
        raise
    arrived_at = archive.arrived_at.replace(tzinfo=datetime.UTC)
    return SourceFile(
        f"{archive.origin}/{name}", path, digest.hexdigest(), size, path.stat().st_mtime_ns, uploaded_at=arrived_at
    )


def _bomb(size: int) -> str:
    return (
        f"unpacks to {size / 2**20:,.0f} MiB or more: more than {MOST_RATIO} times its size, or than "
        f"{MOST_BYTES >> 30} GiB; deliver it unpacked, or in parts"
    )
