"""A damaged file is refused by name and harms no other, whatever its reader makes of it."""

from __future__ import annotations

import gzip
import io
import os
import random
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from extract_sources import Desk
from test_extract_excel import _book

from sales_warehouse import conservation
from sales_warehouse.extract import Extraction, FileRefused
from sales_warehouse.extract.earlier import NOTHING
from sales_warehouse.extract.files import Folder, Pick, Room
from sales_warehouse.extract.outcome import refusing

SEED, DAMAGED = 20260101, int(os.environ.get("SALES_WAREHOUSE_TEST_DAMAGED", "25"))
ROWS = [(str(number), f"客户 {number * 7919}", f"{number}.50") for number in range(1, 120)]
NAMES = ("id", "name", "amount")


def as_csv() -> bytes:
    return "".join(f"{','.join(row)}\n" for row in [NAMES, *ROWS]).encode()


def as_parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(zip(NAMES, zip(*ROWS, strict=True), strict=True))), buffer, compression="zstd")
    return buffer.getvalue()


def as_json(start: str, between: str, end: str) -> bytes:
    records = (f'{{"id": {number}, "name": "{name}", "amount": {amount}}}' for number, name, amount in ROWS)
    return f"{start}{between.join(records)}{end}".encode()


def as_zip(method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        target.writestr("1.csv", as_csv())
    return buffer.getvalue()


FILES = {
    "csv": as_csv(),
    "gb18030": as_csv().decode().encode("gb18030"),
    "excel": _book(list(NAMES), *map(list, ROWS)),
    "parquet": as_parquet(),
    "jsonl": as_json("", "\n", "\n"),
    "json": as_json("[", ", ", "]"),
    "gzip": gzip.compress(as_csv()),
    "zip": as_zip(zipfile.ZIP_DEFLATED),
    "zip, bzip2": as_zip(zipfile.ZIP_BZIP2),
    "zip, LZMA": as_zip(zipfile.ZIP_LZMA),
}


def damaged(content: bytes, choose: random.Random) -> bytes:
    """Return a content with some bytes that are others, or with its end missing."""
    found = bytearray(content)
    if choose.random() < 0.1:
        return bytes(found[: choose.randrange(1, len(found))])
    for _ in range(choose.choice((1, 1, 3, 20))):
        found[choose.randrange(len(found))] ^= choose.randrange(1, 256)
    return bytes(found)


@pytest.mark.parametrize("kind", FILES)
def test_every_damaged_file_lands_or_is_refused_and_the_whole_one_lands(desk: Desk, kind: str) -> None:
    choose = random.Random(f"{SEED} {kind}")
    for number, content in enumerate(dict.fromkeys(damaged(FILES[kind], choose) for _ in range(DAMAGED))):
        desk.put(f"damaged{number:06}", content)
    desk.put("a whole one", FILES[kind])
    table = {"format": kind} if kind in ("csv", "excel", "parquet", "jsonl", "json") else {}
    found = desk.extract_files("id,name,amount", **table, encoding="gb18030" if kind == "gb18030" else "utf-8")
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    came = {item.origin.partition("/")[0] for item in [*found.landed, *found.refused]}
    assert came == {path.name for path in desk.files.iterdir()}
    assert sum(item.rows for item in found.landed if item.origin.startswith("a whole one")) == len(ROWS)


def test_what_a_library_panics_at_is_refused_and_what_the_machine_lacks_is_not() -> None:
    panic = type("PanicException", (BaseException,), {})
    for error in (ValueError("a name of a person"), panic("of Rust"), OSError(5, "Input/output error")):
        with pytest.raises(FileRefused, match="cannot be read") as refused, refusing():
            raise error
        assert str(error) not in str(refused.value)
    for error in (OSError(28, "No space left on device"), MemoryError(), KeyboardInterrupt()):
        with pytest.raises(type(error)), refusing():
            raise error


@contextmanager
def somebody_without_rights(folder: Path) -> Iterator[None]:
    """Be another user than root, who may read everything."""
    changed = {path: path.stat().st_mode for path in (*folder.parents, folder) if not path.stat().st_mode & 0o001}
    if os.geteuid():
        yield
        return
    for path, mode in changed.items():
        path.chmod(mode | 0o055)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for path, mode in changed.items():
            path.chmod(mode)


@pytest.mark.parametrize("pattern", ["*/*.csv", "**/*.csv", "feb/*.csv", "feb/1.csv"])
def test_a_folder_that_cannot_be_read_is_refused_and_the_others_are_read(desk: Desk, pattern: str) -> None:
    desk.put("jan/1.csv", "id\n1\n")
    desk.put("feb/1.csv", "id\n2\n")
    (desk.files / "feb").chmod(0)
    room = Room(desk.folder / "landed", desk.folder / "scratch")
    with somebody_without_rights(desk.files):
        found = list(Folder(desk.files, "shop").find(pattern, room))
    (desk.files / "feb").chmod(0o755)
    extraction = Extraction()
    read = list(Pick("orders", NOTHING, extraction).new(found))
    assert [file.origin for file in read] == ([] if pattern.startswith("feb") else ["jan/1.csv"])
    assert [item.reason for item in extraction.refused] == [
        "feb: a folder that cannot be read (Permission denied); give this user the right to read it"
    ]


@pytest.mark.parametrize("pattern", ["*", "*.csv", "**/*.csv", "*/*", "a/1.csv", "**/b/**/*.csv", "none/*"])
def test_the_files_found_are_those_of_glob(desk: Desk, pattern: str) -> None:
    for name in ("1.csv", "a/1.csv", "a/b/2.csv", "a/b/c/3.csv", "d/.hidden.csv", "e/x[1].csv"):
        desk.put(name, "id\n")
    (desk.files / "link").symlink_to(desk.files / "a")
    (desk.files / "nowhere").symlink_to(desk.files / "gone")
    room = Room(desk.folder / "landed", desk.folder / "scratch")
    there = {path for path in desk.files.glob(pattern) if not path.name.startswith(".")}
    expected = sorted(path for path in there if path.is_symlink() or not path.is_dir())
    assert [item.path for item in Folder(desk.files, "shop").find(pattern, room)] == expected
