"""The folder of a source: each content once, and nothing that is not a file of this folder."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from extract_sources import Desk, reason, rows, source
from extract_sources import source as make_source

from sales_warehouse.company.models import Mapping
from sales_warehouse.extract import SourceMisconfigured, SourceUnavailable, delimited, files
from sales_warehouse.extract.files import SourceFile


def _seen(*extractions: object) -> dict:
    landed = [item for extraction in extractions for item in extraction.landed]
    latest: dict[str, dict[str, str]] = {"orders": {}}
    for item in landed:
        latest["orders"][item.origin] = item.fingerprint
    return {"seen": {"orders": {item.fingerprint for item in landed}}, "latest": latest}


def test_a_file_is_picked_up_once_by_its_content(desk: Desk) -> None:
    desk.put("1.csv", "a\n1\n")
    first = desk.extract_files("a")
    desk.put("2.csv", "a\n2\n")
    desk.put("copy of 1.csv", "a\n1\n")
    second = desk.extract_files("a", options=_seen(first))
    assert [item.origin for item in second.landed] == ["2.csv"]
    assert second.skipped == 2


def test_copies_of_files_are_named_and_many_of_them_counted(desk: Desk) -> None:
    for number in range(4):
        desk.put(f"{number}.csv", f"a\n{number}\n")
    desk.put("0(1).csv", "a\n0\n")
    assert desk.extract_files("a").notes == ["orders: not taken again, holds what another file held: 0.csv"]
    for number in range(1, 4):
        desk.put(f"{number}(1).csv", f"a\n{number}\n")
    assert desk.extract_files("a").notes == [
        "orders: not taken again, 4 files hold what others held, the last of them: 1.csv, 2.csv, 3.csv"
    ]


def test_a_changed_file_is_picked_up_again(desk: Desk) -> None:
    desk.put("1.csv", "a\n1\n")
    first = desk.extract_files("a")
    desk.put("1.csv", "a\n1\n2\n")
    assert rows(desk.extract_files("a", options=_seen(first))) == [("1",), ("2",)]


def test_a_file_that_goes_back_to_older_content_is_picked_up_again(desk: Desk) -> None:
    desk.put("prices.csv", "a\n1\n")
    first = desk.extract_files("a")
    desk.put("prices.csv", "a\n2\n")
    second = desk.extract_files("a", options=_seen(first))
    desk.put("prices.csv", "a\n1\n")
    third = desk.extract_files("a", options=_seen(first, second))
    assert rows(third) == [("1",)]
    assert desk.extract_files("a", options=_seen(first, second, third)).skipped == 1


def test_a_refused_file_is_tried_again_when_the_configuration_is_mended(desk: Desk) -> None:
    desk.put("1.csv", "a;b\n1;2\n")
    assert reason(desk.extract_files("a,b")).startswith("1.csv: header (line 1): there is no ',' in it")
    assert rows(desk.extract_files("a,b", delimiter=";")) == [("1", "2")]


def test_half_written_files_of_other_programs_are_left_alone(desk: Desk) -> None:
    desk.put(".1.csv.part", "a\n1\n")
    desk.put("~$2.csv", "a\n1\n")
    done = desk.extract_files("a")
    assert (done.landed, done.refused) == ([], [])
    assert done.notes == [f"orders: no file matches '*' in {desk.files}"]


def test_a_link_out_of_the_folder_a_pipe_and_a_device_are_refused_unopened(desk: Desk) -> None:
    desk.put("../outside.csv", "a\nsecret\n")
    (desk.files / "1.csv").symlink_to(desk.folder / "outside.csv")
    os.mkfifo(desk.files / "2.csv")
    (desk.files / "3.csv").symlink_to("/dev/zero")
    (desk.files / "4.csv").symlink_to(desk.files / "gone.csv")
    done = desk.extract_files("a")
    assert [item.reason for item in done.refused] == [
        "1.csv: a link to somewhere outside of the source's folder; put the file itself here",
        "2.csv: not a regular file (a pipe, a device or a socket); remove it",
        "3.csv: a link to somewhere outside of the source's folder; put the file itself here",
        "4.csv: cannot be opened (No such file or directory); mend or remove it",
    ]
    assert done.landed == []


@pytest.mark.parametrize(
    ("pattern", "landed", "refused"),
    [
        ("**/*.csv", ["inside/1.csv"], []),  # two stars follow no link
        ("*/*.csv", ["inside/1.csv"], ["way/secret.csv"]),
        ("way/*.csv", [], ["way/secret.csv"]),
        ("way/out/*.csv", [], ["way/out/secret.csv"]),
        ("inside/*/*.csv", [], ["inside/way/secret.csv"]),
    ],
)
def test_nothing_is_read_through_a_folder_that_is_a_link_out_of_the_folder(
    desk: Desk, pattern: str, landed: list[str], refused: list[str]
) -> None:
    """By whatever pattern, at whatever depth, also by way of a link to that link."""
    desk.put("../outside/out/secret.csv", "a\nsecret\n")
    desk.put("../outside/secret.csv", "a\nsecret\n")
    desk.put("inside/1.csv", "a\n1\n")
    (desk.files / "way").symlink_to(desk.folder / "outside")
    (desk.files / "inside" / "way").symlink_to(desk.files / "way")
    done = desk.extract_files("a", pattern=pattern)
    assert [item.origin for item in done.landed] == landed
    said = "a link to somewhere outside of the source's folder; put the file itself here"
    assert [item.reason for item in done.refused] == [f"{name}: {said}" for name in refused]


def test_a_link_inside_the_folder_is_a_file(desk: Desk) -> None:
    desk.put("archive/2026.csv", "a\n1\n")
    (desk.files / "now.csv").symlink_to(desk.files / "archive" / "2026.csv")
    assert rows(desk.extract_files("a", pattern="*.csv")) == [("1",)]


@pytest.mark.parametrize("pattern", ["../*.csv", "/etc/*", "a/../../*.csv"])
def test_a_pattern_cannot_leave_the_folder(desk: Desk, pattern: str) -> None:
    with pytest.raises(SourceMisconfigured) as error:
        desk.extract_files("a", pattern=pattern)
    assert str(error.value) == (
        f"shop: orders: files: {pattern!r} leaves the folder of the source; give a name below it"
    )


def test_percent_signs_are_no_way_out(desk: Desk) -> None:
    assert desk.extract_files("a", pattern="%2e%2e/*").landed == []


def test_a_missing_folder_is_a_source_that_is_down(desk: Desk) -> None:
    given = source({"type": "files", "path": "nowhere"}, orders={"files": "*", "format": "csv", "columns": ["a"]})
    with pytest.raises(SourceUnavailable) as error:
        desk.extract(given)
    assert str(error.value) == (
        f"shop: orders: the folder {desk.folder / 'nowhere'} is not there; is the share mounted, the path right?"
    )


def test_the_path_takes_names_from_the_environment(desk: Desk) -> None:
    desk.put("1.csv", "a\n1\n")
    given = source({"type": "files", "path": "${SHARE}"}, orders={"files": "*", "format": "csv", "columns": ["a"]})
    assert rows(desk.extract(given, environment={"SHARE": str(desk.files)})) == [("1",)]
    with pytest.raises(SourceMisconfigured) as error:
        desk.extract(given)
    assert str(error.value) == "shop: connection.path: the environment variable SHARE is not set; set it and run again"


def test_a_relative_path_starts_at_the_folder_of_the_company(desk: Desk) -> None:
    desk.put("1.csv", "a\n1\n")
    given = source({"type": "files", "path": "files"}, orders={"files": "*", "format": "csv", "columns": ["a"]})
    assert rows(desk.extract(given)) == [("1",)]


@pytest.mark.parametrize("content", ["a\n1\n", "a\n1,2\n"], ids=["on the fast path", "on the slow path"])
def test_a_file_that_changes_while_it_is_read_waits_for_the_next_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    desk.put("0.csv", "a\n0\n")
    growing = desk.put("1.csv", content)
    honest = delimited.prepare

    def prepare_and_append(file: SourceFile, *rest: object) -> object:
        ready = honest(file, *rest)
        if file.path == growing:
            with growing.open("a") as handle:
                handle.write("2\n")
        return ready

    monkeypatch.setattr(delimited, "prepare", prepare_and_append)
    done = desk.extract_files("a")
    assert [item.reason for item in done.refused] == [
        "1.csv: changed while it was being read; it is picked up next time, when nobody writes to it"
    ]
    assert [(item.origin, item.rows) for item in done.landed] == [("0.csv", 1)]
    assert rows(done) == [("0",)]


@pytest.mark.parametrize("content", ["a\n1\n", "a\n1,2\n"], ids=["on the fast path", "on the slow path"])
@pytest.mark.parametrize("is_other", [True, False], ids=["with other content", "with the same content"])
def test_a_file_in_whose_place_another_of_its_size_and_time_is_put_lands_by_its_bytes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, content: str, is_other: bool
) -> None:
    """Other content must not land under the fingerprint of the one before."""
    path = desk.put("1.csv", content)
    honest = delimited.prepare

    def prepare_and_replace(file: SourceFile, *rest: object) -> object:
        ready = honest(file, *rest)
        other, was = path.with_name(".other"), path.stat()
        other.write_text(content.replace("1", "9") if is_other else content)
        os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
        other.replace(path)
        return ready

    with monkeypatch.context() as patched:
        patched.setattr(delimited, "prepare", prepare_and_replace)
        done = desk.extract_files("a")
    changed = "1.csv: changed while it was being read; it is picked up next time, when nobody writes to it"
    assert [item.reason for item in done.refused] == [changed] * is_other
    assert [item.origin for item in done.landed] == ["1.csv"] * (not is_other)
    assert [item.origin for item in desk.extract_files("a").landed] == ["1.csv"]


@pytest.mark.parametrize("place", ["check_kind", "SourceFile"], ids=["before it is looked at", "before it is opened"])
def test_a_file_that_is_taken_away_after_it_was_listed_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    desk.put("0.csv", "a\n0\n")
    gone = desk.put("1.csv", "a\n1\n")
    honest = files.check_kind if place == "check_kind" else SourceFile.of

    def remove_first(path: Path, *rest: object) -> object:
        if path == gone:
            gone.unlink()
        return honest(path, *rest)

    monkeypatch.setattr(*((files, place) if place == "check_kind" else (SourceFile, "of")), remove_first)
    done = desk.extract_files("a")
    assert [item.reason for item in done.refused] == [
        "1.csv: taken away while it was being read; it is picked up when it is back"
    ]
    assert rows(done) == [("0",)]


def test_nothing_is_left_in_the_temporary_folder(desk: Desk) -> None:
    desk.put("1.csv", "a\n1\n")
    desk.extract_files("a")
    assert list((desk.folder / "temp").iterdir()) == []


def test_progress_is_told(desk: Desk) -> None:
    desk.put("1.csv", "a\n1\n")
    desk.extract_files("a")
    assert desk.progress == ["orders: reading 1 new of 1 files, 0.0 MB"]


def test_origins_are_paths_below_the_folder(desk: Desk) -> None:
    Path(desk.files / "2026").mkdir()
    desk.put("2026/1.csv", "a\n1\n")
    desk.put("2025/1.csv", "a\n2\n")
    done = desk.extract_files("a", pattern="**/*.csv")
    assert rows(done, columns="_file, a") == [("2025/1.csv", "2"), ("2026/1.csv", "1")]


CONTENTS = {
    "csv": b"a\n%d\n",
    "jsonl": b'{"a": %d}\n',
    "json": b'[{"a": %d}]',
}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_a_name_that_is_not_utf_8_is_read_as_gb18030_and_else_escaped(desk: Desk, kind: str) -> None:
    names = [b"\xe6\x95\xb0/1.", "数/2.".encode("gb18030"), b"\xcd\xf8/3.", b"caf\xe9."]
    for number, name in enumerate(names, 1):
        path = desk.files / os.fsdecode(name + kind.encode())
        path.parent.mkdir(exist_ok=True)
        if kind == "parquet":
            pq.write_table(pa.table({"a": [number]}), pa.PythonFile(path.open("wb")))
        else:
            path.write_bytes(CONTENTS[kind] % number)
    done = desk.extract_files("a", pattern="**/*", format=kind)
    assert done.refused == []
    assert rows(done, columns="_file, a") == [
        (rf"caf\xe9.{kind}", "4"),
        (f"数/1.{kind}", "1"),
        (f"数/2.{kind}", "2"),
        (f"网/3.{kind}", "3"),
    ]
    named = desk.extract_files("a", pattern=f"网/3.{kind}", format=kind)
    assert [item.origin for item in named.landed] == [f"网/3.{kind}"]


def test_of_two_names_that_read_the_same_one_is_escaped(desk: Desk) -> None:
    desk.put("数.csv", "a\n1\n")
    desk.put(os.fsdecode("数.csv".encode("gb18030")), "a\n2\n")
    assert rows(desk.extract_files("a"), columns="_file, a") == [(r"\xca\xfd.csv", "2"), ("数.csv", "1")]


@pytest.mark.parametrize(
    "told",
    [
        {"version": "_file"},
        {"columns": {"rep_id": "_file || a"}},
        {"where": "orders._file <> 'x'"},
        {"deleted": "_file like '%gone%'"},
        {"from": "calls", "joins": [{"table": "orders", "on": "orders._file = calls.day", "key": ["a"]}]},
    ],
    ids=lambda told: next(iter(reversed(told))),
)
def test_where_a_mapping_asks_for_the_file_equal_files_of_two_days_are_both_read(desk: Desk, told: dict) -> None:
    mapping = {"entity": "sales_reps", "from": "orders", "columns": {"rep_id": "a"}} | told
    described = make_source(
        {"type": "files", "path": "files"},
        orders={"files": "*", "format": "csv", "columns": ["a"]},
    ).model_copy(update={"mappings": (Mapping.model_validate(mapping),)})
    for day, value in enumerate(("1", "2", "1"), 1):
        desk.put(f"{day}.csv", f"a\n{value}\n")
    assert [item.origin for item in desk.extract(described).landed] == ["1.csv", "2.csv", "3.csv"]
