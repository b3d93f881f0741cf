"""Archives are unpacked within limits; what is inside is a file like any other, and nothing gets out of its place."""

from __future__ import annotations

import datetime
import gzip
import io
import os
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from extract_sources import Desk, reason, rows
from test_extract_excel import _book

from sales_warehouse import conservation
from sales_warehouse.extract import Extraction, archive
from sales_warehouse.extract.files import SourceFile

CSV = b"a,b\n1,x\n"


def zipped(**options: object) -> bytes:
    """A zip of members by name; a name is a key, or a ZipInfo in `infos`."""
    buffer = io.BytesIO()
    infos = options.pop("infos", {})
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in {**options, **infos}.items():
            target.writestr(name, content)
    return buffer.getvalue()


def seen(*extractions: Extraction) -> dict:
    landed = [item for extraction in extractions for item in extraction.landed]
    latest = {item.origin: item.fingerprint for item in landed}
    return {"seen": {"orders": {item.fingerprint for item in landed}}, "latest": {"orders": latest}}


def test_a_gzip_file_is_read_and_taken_once(desk: Desk) -> None:
    desk.put("1.csv.gz", gzip.compress(CSV))
    first = desk.extract_files("a,b")
    conservation.hold_back_what_does_not_add_up(first, desk.folder / "temp")
    assert rows(first) == [("1", "x")]
    assert [(item.origin, item.rows) for item in first.landed] == [("1.csv.gz/1.csv", 1), ("1.csv.gz", 0)]
    again = desk.extract_files("a,b", options=seen(first))
    assert (again.landed, again.skipped, again.notes) == ([], 1, [])


def test_members_of_a_zip_are_files_and_one_that_came_before_is_not_taken_again(desk: Desk) -> None:
    desk.put("1.zip", zipped(**{"1.csv": CSV, "sub/2.csv": b"a,b\n2,y\n", "__MACOSX/x": b"", "sub/": b""}))
    first = desk.extract_files("a,b")
    conservation.hold_back_what_does_not_add_up(first, desk.folder / "temp")
    assert sorted(rows(first)) == [("1", "x"), ("2", "y")]
    assert [item.origin for item in first.landed] == ["1.zip/1.csv", "1.zip/sub/2.csv", "1.zip"]
    assert desk.extract_files("a,b", options=seen(first)).skipped == 1


def test_what_is_in_an_archive_arrived_with_the_archive(desk: Desk) -> None:
    """A deadline is met by the delivery, not missed by the hour at which it was unpacked."""
    delivered_at = datetime.datetime(2026, 11, 27, 17)
    moment = delivered_at.replace(tzinfo=datetime.UTC).timestamp()
    gzipped, packed = gzip.compress(b"a,b\n2,y\n"), zipped(**{"3.csv": b"a,b\n3,z\n"})
    for name, content in {"1.csv": CSV, "2.csv.gz": gzipped, "3.zip": packed}.items():
        os.utime(desk.put(name, content), (moment, moment))
    found = [item for item in desk.extract_files("a,b").landed if item.rows]
    assert [(item.origin, item.arrived_at) for item in found] == [
        ("1.csv", delivered_at),
        ("2.csv.gz/2.csv", delivered_at),
        ("3.zip/3.csv", delivered_at),
    ]


def test_an_archive_of_what_landed_before_brings_only_what_is_new(desk: Desk) -> None:
    desk.put("1.csv", CSV)
    first = desk.extract_files("a,b")
    desk.put("old.zip", zipped(**{"1.csv": CSV, "2.csv": b"a,b\n2,y\n"}))
    second = desk.extract_files("a,b", options=seen(first))
    conservation.hold_back_what_does_not_add_up(second, desk.folder / "temp")
    assert rows(second) == [("2", "y")]
    assert [item.origin for item in second.landed] == ["old.zip/2.csv", "old.zip"]
    assert second.notes == ["orders: not taken again, holds what another file held: old.zip/1.csv"]
    desk.put("older.zip", zipped(**{"1.csv": CSV}))
    third = desk.extract_files("a,b", options=seen(first, second))
    assert rows(third) == []
    assert [item.origin for item in third.landed] == ["older.zip"]
    assert desk.extract_files("a,b", options=seen(first, second, third)).landed == []


@pytest.mark.parametrize(("room", "held"), [(1, [0, 0, 1, 0]), (1 << 30, [0, 1, 2, 3])], ids=["little", "much"])
def test_no_more_is_unpacked_at_once_than_the_temporary_folder_should_hold(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, room: int, held: list[int]
) -> None:
    """A first load of a year of archives: what was read makes room for the next one."""
    monkeypatch.setattr(archive, "PORTION_BYTES", room)
    desk.put("1.csv.gz", gzip.compress(b"a,b\n1,w\n"))
    desk.put("2.zip", zipped(**{"2.csv": b"a,b\n2,x\n", "3.csv": b"a,b\n3,y\n"}))
    desk.put("4.csv.gz", gzip.compress(b"a,b\n4,z\n"))
    honest, found = archive._written, []

    def counted(*given: object) -> object:
        found.append(len(list((desk.folder / "temp").rglob("*.unpacked"))))
        return honest(*given)

    monkeypatch.setattr(archive, "_written", counted)
    done = desk.extract_files("a,b")
    assert sorted(rows(done)) == [("1", "w"), ("2", "x"), ("3", "y"), ("4", "z")]
    assert {item.origin for item in done.landed} >= {"1.csv.gz", "2.zip", "4.csv.gz"}
    assert found == held


def test_of_an_archive_that_is_refused_nothing_stays_unpacked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "HONEST_BYTES", 1 << 20)
    files = {"1.csv": CSV, "2.csv": b"0" * 50_000_000}
    desk.put("1.zip", zipped(**files).replace(struct.pack("<I", 50_000_000), struct.pack("<I", 1_000)))
    desk.put("2.csv.gz", gzip.compress(CSV))
    honest, left = archive._inside, []

    def looked(file: SourceFile, *rest: object) -> object:
        left.append(len(list((desk.folder / "temp").rglob("*.unpacked"))))
        return honest(file, *rest)

    monkeypatch.setattr(archive, "_inside", looked)
    done = desk.extract_files("a,b")
    assert ([item.origin for item in done.refused], left) == (["1.zip"], [0, 0])


def test_an_archive_with_one_bad_member_is_tried_again(desk: Desk) -> None:
    desk.put("1.zip", zipped(**{"1.csv": CSV, "2.csv": b"a,c\n2,y\n"}))
    first = desk.extract_files("a,b")
    assert [item.origin for item in first.landed] == ["1.zip/1.csv"]
    assert ["'b'" in item.reason for item in first.refused] == [True]
    again = desk.extract_files("a,b", options=seen(first))
    assert (again.landed, len(again.refused)) == ([], 1)  # what landed does not land a second time
    assert desk.extract_files("a,b", options=seen(first)).refused


def test_an_archive_with_a_member_that_does_not_add_up_is_tried_again(desk: Desk) -> None:
    """The members lie in files of their own, for their headers differ; the archive is booked with the good one."""
    desk.put("1.zip", zipped(**{"1.csv": CSV, "2.csv": b"a,b,c\n2,y,\n"}))
    first = desk.extract_files("a,b")
    assert [item.origin for item in first.landed] == ["1.zip/1.csv", "1.zip/2.csv", "1.zip"]
    first.landed[1] = replace(first.landed[1], reported=2)
    conservation.hold_back_what_does_not_add_up(first, desk.folder / "temp")
    assert [item.origin for item in first.landed] == ["1.zip/1.csv"]
    assert [item.origin for item in first.refused] == ["1.zip/2.csv"]
    again = desk.extract_files("a,b", options=seen(first))
    assert [item.origin for item in again.landed] == ["1.zip/2.csv", "1.zip"]


def test_an_archive_with_a_copy_of_what_does_not_add_up_is_tried_again(desk: Desk) -> None:
    desk.put("1.csv", CSV)
    desk.put("2.zip", zipped(**{"1.csv": CSV}))
    first = desk.extract_files("a,b")
    assert [item.origin for item in first.landed] == ["1.csv", "2.zip"]
    first.landed[0] = replace(first.landed[0], reported=2)
    conservation.hold_back_what_does_not_add_up(first, desk.folder / "temp")
    assert first.landed == []
    assert list((desk.folder / "landed1" / "orders").glob("*.parquet")) == []


def test_an_archive_with_a_copy_of_what_was_refused_is_tried_again(desk: Desk) -> None:
    desk.put("1.csv", b"a,c\n1,x\n")
    desk.put("2.zip", zipped(**{"1.csv": b"a,c\n1,x\n"}))
    assert desk.extract_files("a,b").landed == []


def test_a_name_inside_a_zip_that_is_not_gb18030_is_read_as_the_format_says(desk: Desk) -> None:
    desk.put("1.zip", zipped(**{"cafe.csv": CSV}).replace(b"cafe.csv", b"caf\x82.csv"))
    assert [item.origin for item in desk.extract_files("a,b").landed] == ["1.zip/café.csv", "1.zip"]


def test_chinese_names_inside_a_zip_are_read(desk: Desk) -> None:
    content = zipped(**{"x.csv": CSV}).replace(b"x.csv", "销.csv".encode("gb18030")[:5].ljust(5, b"x"))
    desk.put("1.zip", content)
    assert desk.extract_files("a,b").landed[0].origin.startswith("1.zip/销")


def test_a_workbook_is_no_archive_and_an_archive_of_workbooks_is(desk: Desk) -> None:
    book = _book(["id", "v"], ["1", "x"])
    desk.put("1.xlsx", book)
    desk.put("2.zip", zipped(**{"2.xlsx": _book(["id", "v"], ["2", "y"])}))
    assert sorted(rows(desk.extract_files("id,v", format="excel"))) == [("1", "x"), ("2", "y")]


def member(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(infos={member("../../etc/x.csv"): CSV}), "whose name leads out of it"),
        (zipped(infos={member("/etc/x.csv"): CSV}), "whose name leads out of it"),
        (zipped(infos={member("..\\x.csv"): CSV}), "whose name leads out of it"),
        (zipped(infos={member("C:\\x.csv"): CSV}), "whose name leads out of it"),
        (zipped(infos={member("x.csv", 0o120777): b"/etc/passwd"}), "a link in it"),
        (zipped(infos={member("x.csv"): CSV, member("x.csv"): CSV}), "two members of one name"),
        (zipped(**{"__MACOSX/x": b""}), "without a file in it"),
        (zipped(**{"1.csv": CSV})[:-10], "its list of members is missing"),
        (gzip.compress(CSV)[:-6], "cannot be unpacked"),
        (gzip.compress(b"0" * 100_000_000), "more than 200 times its size"),
        (zipped(**{"1.csv": b"0" * 100_000_000}), "more than 200 times its size"),
    ],
    ids=[
        *("a name that climbs", "a name from the root", "a name that climbs in another way", "a name with a drive"),
        *("a link", "one name twice", "litter alone", "a cut zip", "a cut gzip", "a gzip bomb", "a zip bomb"),
    ],
)
def test_what_no_honest_archive_is_like_is_refused(desk: Desk, content: bytes, said: str) -> None:
    desk.put("1.bin", content)
    found = desk.extract_files("a,b")
    assert said in reason(found)
    assert found.landed == []
    assert not any(path.suffix == ".unpacked" for path in (desk.folder / "temp").rglob("*"))


def test_an_archive_with_a_password_is_refused(desk: Desk) -> None:
    content = bytearray(zipped(**{"1.csv": CSV}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark) + place
        content[at : at + 2] = struct.pack("<H", 1)
    desk.put("1.zip", bytes(content))
    assert "with a password" in reason(desk.extract_files("a,b"))


def test_a_million_members_are_refused_by_the_count_that_the_archive_gives(desk: Desk) -> None:
    content = bytearray(zipped(**{"1.csv": CSV}))
    at = content.rfind(b"PK\x05\x06")
    content[at + 8 : at + 12] = struct.pack("<HH", 65535, 65535)  # and the real number in a zip64 record
    desk.put("1.zip", bytes(content))
    assert "of 65535 or more members, at most 10000 are taken" in reason(desk.extract_files("a,b"))


def _crowd(count: int, said: int, *, is_zip64: bool) -> bytes:
    """A zip of `count` empty members that says it has `said`."""
    names = [f"{number}.csv".encode() for number in range(count)]
    head = struct.Struct("<4s6H3L5H2L")
    listed = b"".join(head.pack(b"PK\x01\x02", *[0] * 9, len(name), *[0] * 6) + name for name in names)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, said, said, len(listed), 0)
    end64 += struct.pack("<4sLQL", b"PK\x06\x07", 0, len(listed), 1)
    return (
        b"PK\x03\x04"
        + listed
        + end64 * is_zip64
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, said, said, len(listed), 0, 0)
    )


@pytest.mark.parametrize("kind", ["csv", "excel"])
@pytest.mark.parametrize("is_zip64", [False, True])
def test_members_that_an_archive_does_not_tell_of_are_counted(desk: Desk, kind: str, is_zip64: bool) -> None:
    content = _crowd(12_000, 5, is_zip64=is_zip64)
    assert len(zipfile.ZipFile(io.BytesIO(content)).infolist()) == 12_000  # what a reader would hold in memory
    desk.put("1.zip", content)
    assert "or more members, at most 10000 are taken" in reason(desk.extract_files("a,b", format=kind))


def test_what_is_unpacked_stays_in_bounds(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a bomb: the list of members lies about the size, so the writing has to stop by itself."""
    monkeypatch.setattr(archive, "HONEST_BYTES", 1 << 20)
    content = zipped(**{"1.csv": b"0" * 50_000_000}).replace(struct.pack("<I", 50_000_000), struct.pack("<I", 1_000))
    desk.put("1.zip", content)
    found = desk.extract_files("a,b")
    assert found.landed == []
    assert reason(found)
