"""Encodings: promised and kept, or refused with the place and the likely encoding."""

from __future__ import annotations

import bz2

import pytest
from extract_sources import Desk, reason, rows

CHINESE = "客户,金额\n上海医疗器械有限公司,1.50\n北京科技,2\n"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        pytest.param("utf-8", CHINESE.encode(), id="UTF-8"),
        pytest.param("utf-8", CHINESE.encode("utf-8-sig"), id="UTF-8 with a byte order mark"),
        pytest.param("utf-16", CHINESE.encode("utf-16"), id="UTF-16 with a byte order mark"),
        pytest.param("utf-16", b"\xfe\xff" + CHINESE.encode("utf-16-be"), id="UTF-16, big end first"),
        pytest.param("gb18030", CHINESE.encode("gb18030"), id="GB18030"),
    ],
)
def test_every_declared_encoding_gives_the_same_rows(desk: Desk, encoding: str, content: bytes) -> None:
    desk.put("a.csv", content)
    done = desk.extract_files("客户,金额", encoding=encoding)
    assert rows(done) == [("上海医疗器械有限公司", "1.50"), ("北京科技", "2")]


def test_windows_1252(desk: Desk) -> None:
    desk.put("a.csv", "name,city\nZoë – café,Köln\n".encode("cp1252"))
    assert rows(desk.extract_files("name,city", encoding="windows-1252")) == [("Zoë – café", "Köln")]


@pytest.mark.parametrize(
    ("declared", "content", "message"),
    [
        pytest.param(
            "utf-8",
            b"a,b\n1,2\n" + "上海,1\n".encode("gb18030"),
            "not utf-8: 0xc9 at byte 8, line 3; it looks like gb18030: set `encoding: gb18030` for this table "
            "or ask for utf-8",
            id="GB18030 where UTF-8 is promised",
        ),
        pytest.param(
            "utf-8",
            "a,b\n北京,2\n".encode() + "上海,1\n".encode("gb18030"),
            "not utf-8: 0xc9 at byte 13, line 3; that line fits gb18030 while the text before it "
            "is UTF-8: the file mixes "
            "encodings, ask for it again",
            id="GB18030 mixed with UTF-8",
        ),
        pytest.param(
            "utf-8",
            "a,b\ncafé,2\n".encode("cp1252"),
            "not utf-8: 0xe9 at byte 7, line 2; it looks like windows-1252: set `encoding: "
            "windows-1252` for this table "
            "or ask for utf-8",
            id="Windows-1252 where UTF-8 is promised",
        ),
        pytest.param(
            "utf-8",
            "名称,b\n1,2\n".encode("gb18030"),
            "not utf-8: 0xc3 at byte 0, line 1; it looks like gb18030: set `encoding: gb18030` for this table "
            "or ask for utf-8",
            id="in the header",
        ),
        pytest.param(
            "utf-8",
            "a,b\n1,2\n".encode("utf-16"),
            "not utf-8: the byte order mark at byte 0, line 1 says utf-16; set `encoding: utf-16` for this table "
            "or ask for utf-8",
            id="UTF-16 where UTF-8 is promised",
        ),
        pytest.param(
            "utf-8",
            "a,b\n1,2\n".encode("utf-16-le"),
            "not utf-8: every other byte is NUL, it looks like utf-16: set `encoding: utf-16`",
            id="UTF-16 without a byte order mark",
        ),
        pytest.param(
            "gb18030",
            "a,b\n上海医疗器械有限公司,1\n".encode(),
            "not gb18030: every byte of the file is valid UTF-8, with 10 characters outside "
            "ASCII; set `encoding: utf-8` "
            "for this table",
            id="UTF-8 where GB18030 is promised: it would decode to nonsense",
        ),
        pytest.param(
            "windows-1252",
            "a,b\ncafé,1\n".encode(),
            "not windows-1252: every byte of the file is valid UTF-8, with 1 characters outside ASCII; set "
            "`encoding: utf-8` for this table",
            id="UTF-8 where Windows-1252 is promised",
        ),
        pytest.param(
            "gb18030",
            b"a,b\n1,\xff\xff\n",
            "not gb18030: 0xff at byte 6, line 2; it looks like windows-1252: set `encoding: "
            "windows-1252` for this table "
            "or ask for gb18030",
            id="bytes that are not GB18030",
        ),
        pytest.param(
            "gb18030",
            "a,b\n1,上海".encode("gb18030")[:-1],
            "not gb18030: 0xba at byte 8, line 2; it looks like windows-1252: set `encoding: "
            "windows-1252` for this table "
            "or ask for gb18030",
            id="cut inside a character",
        ),
        pytest.param(
            "utf-8",
            bz2.compress(b"a,b\n1,2\n"),
            "this is a bzip2 archive, not text; unpack it before it is put here",
            id="an archive",
        ),
    ],
)
def test_refused(desk: Desk, declared: str, content: bytes, message: str) -> None:
    desk.put("a.csv", content)
    assert reason(desk.extract_files("a,b", encoding=declared)) == f"a.csv: {message}"


def test_a_short_gb18030_text_that_happens_to_be_valid_utf8_is_gb18030(desk: Desk) -> None:
    """一些 in GB18030 has the bytes of һЩ in UTF-8."""
    desk.put("a.csv", "a,b\n一些,1\n".encode("gb18030"))
    assert rows(desk.extract_files("a,b", encoding="gb18030")) == [("一些", "1")]


@pytest.mark.parametrize("text", ["张三", "Müller"], ids=["two Chinese characters", "one letter with an accent"])
def test_a_short_utf8_text_is_not_taken_for_gb18030(desk: Desk, text: str) -> None:
    """It would be 寮犱笁, or M眉ller."""
    desk.put("a.csv", f"a,b\n{text},1\n")
    said = reason(desk.extract_files("a,b", encoding="gb18030"))
    assert said.startswith("a.csv: not gb18030: every byte of the file is valid UTF-8, with ")


def test_a_wrong_byte_far_into_the_file_is_found_at_its_place(desk: Desk) -> None:
    content = b"a,b\n" + b"1,2\n" * 700_000 + b"3,\xff\n"
    desk.put("a.csv", content)
    message = reason(desk.extract_files("a,b"))
    assert message.startswith(f"a.csv: not utf-8: 0xff at byte {len(content) - 2}, line 700002;")
