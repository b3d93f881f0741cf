"""The bytes that came are kept, and every row of a file is found in them: its line, its text, its bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from extract_sources import Desk
from extract_sources import source as make_source
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_warehouse.extract import FileRefused, Landed, originals, scan
from sales_warehouse.extract.files import Room
from sales_warehouse.extract.originals import Located

LINES = ["a,b", "1,中", "", '2,"x\ny"', '3,5" pipe', "4", '5,"open', "6,end"]


def _located(desk: Desk, content: bytes | str, numbers: list[int], name: str = "a.csv", **table: Any) -> list[Located]:
    """Land a file with the columns a and b, take it away, and find rows in what was kept."""
    file = desk.put(name, content)
    described = make_source(
        {"type": "files", "path": "files"}, t={"files": "*", "format": "csv", "columns": ["a", "b"], **table}
    )
    (landed,) = desk.extract(described).landed
    file.unlink()
    assert landed.original is not None
    room = Room(desk.folder / "room", desk.folder / "room")
    return list(originals.locate(landed.original, described.tables["t"], landed.rows, numbers, room))


def test_a_row_is_found_where_it_was(desk: Desk) -> None:
    content = 'a,b\r\n1,中\r\n\r\n2,"x\r\ny"\r\n3,z\r\n'
    assert _located(desk, content, [2, 3]) == [
        Located(2, 4, '2,"x\r\ny"', b'2,"x\r\ny"'),
        Located(3, 6, "3,z", b"3,z"),
    ]


def test_also_in_a_file_that_breaks_the_rules(desk: Desk) -> None:
    found = _located(desk, "\n".join(LINES), [1, 2, 3, 4, 5, 6])
    assert [(item.number, item.line, item.text) for item in found] == [
        (1, 2, "1,中"), (2, 4, '2,"x\ny"'), (3, 6, '3,5" pipe'), (4, 7, "4"), (5, 8, '5,"open'), (6, 9, "6,end"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "codec", "declared"),
    [
        (b"", "gb18030", "gb18030"),
        (b"", "gb18030", "auto"),
        (b"", "windows-1252", "windows-1252"),
        (b"\xff\xfe", "utf-16-le", "utf-16"),
        (b"\xfe\xff", "utf-16-be", "utf-16"),
        (b"\xfe\xff", "utf-16-be", "auto"),
    ],
)
def test_bytes_are_those_of_the_encoding(desk: Desk, mark: bytes, codec: str, declared: str) -> None:
    word = "é" if codec == "windows-1252" else "华东"
    (found,) = _located(desk, mark + f"a,b\n1,x\n2,{word}\n".encode(codec), [2], encoding=declared)
    assert (found.line, found.text) == (3, f"2,{word}")
    assert found.content == f"2,{word}".encode(codec)


def test_a_line_of_json_lines(desk: Desk) -> None:
    content = '{"a": 1, "b": 2}\n\n{"a": 2, "b": }\n'
    (found,) = _located(desk, content, [2], "a.jsonl", format="jsonl")
    assert found == Located(2, 3, '{"a": 2, "b": }', b'{"a": 2, "b": }')


def test_a_record_of_a_json_document_has_no_line_and_a_row_of_a_sheet_no_bytes(desk: Desk) -> None:
    text = json.dumps({"data": [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]}, indent=1)
    (found,) = _located(desk, text, [2], "a.json", format="json", records="data")
    assert (found.line, json.loads(found.text or "")) == (None, {"a": "3", "b": "4"})
    book = openpyxl.Workbook()
    for row in (["report"], ["a", "b"], ["1", "2"], [], ["3", "4"]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(desk.folder / "book.xlsx")
    content = (desk.folder / "book.xlsx").read_bytes()
    assert _located(desk, content, [3], "a.xlsx", format="excel", header_row=2) == [Located(3, 5)]


def test_many_files_share_one(desk: Desk) -> None:
    for number in range(30):
        desk.put(f"{number:02}.csv", f"a,b\n{number},x\n")
    described = make_source(
        {"type": "files", "path": "files"}, t={"files": "*", "format": "csv", "columns": ["a", "b"]}
    )
    done = desk.extract(described)
    room = Room(desk.folder / "room", desk.folder / "room")
    kept = [item.original for item in done.landed if item.original]
    assert len({original.path for original in kept}) == 1
    texts = [next(originals.locate(original, described.tables["t"], 1, [1], room)).text for original in kept]
    assert texts == [f"{number},x" for number in range(30)]


def test_a_table_that_is_described_otherwise_now_tells_no_lines(desk: Desk) -> None:
    landed = _landed(desk, keep_originals=True)
    now = make_source(
        {"type": "files", "path": "files"},
        t={"files": "*", "format": "csv", "columns": ["a", "b"], "quote": "'"},
    ).tables["t"]
    assert landed.original
    with pytest.raises(FileRefused, match="3 records where 2 landed"):
        list(originals.locate(landed.original, now, landed.rows, [1], Room(desk.folder / "r", desk.folder / "r")))


def test_a_source_may_keep_none(desk: Desk) -> None:
    assert _landed(desk, keep_originals=False).original is None
    assert not list(desk.folder.rglob(originals.NAME))


def _landed(desk: Desk, *, keep_originals: bool) -> Landed:
    desk.put("a.csv", 'a,b\n1,"x\ny"\n2,z\n')
    described = make_source(
        {"type": "files", "path": "files"}, t={"files": "*", "format": "csv", "columns": ["a", "b"]}
    )
    (landed,) = desk.extract(described.model_copy(update={"keep_originals": keep_originals})).landed
    return landed


@settings(max_examples=200, deadline=None)
@given(
    cells=st.lists(st.sampled_from(["a", "bb", '"x{end}y"', '"a""b"', "中", None]), min_size=1, max_size=60),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    marked=st.booleans(),
    chunk=st.integers(64, 200),
)
def test_places_are_right_however_the_chunks_fall(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str | None], end: str, marked: bool, chunk: int
) -> None:
    records, line, text = [], 1, ""
    for cell in cells:  # None is a blank line
        if cell is not None:
            record = f"{cell.format(end=end)},1"
            records.append((line, record))
            text += record
            line += record.count(end)
        text, line = text + end, line + 1
    content = (b"\xef\xbb\xbf" if marked else b"") + text.encode()
    file: Path = tmp_path_factory.mktemp("places") / "a.csv"
    file.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "CHUNK", chunk)
        found = [
            (int(first), content[start:stop].decode().removesuffix("\r"))
            for part in scan.places(file, '"', np.arange(len(records)))
            for first, start, stop in zip(part.lines, part.starts, part.ends, strict=True)
        ]
    assert found == records
