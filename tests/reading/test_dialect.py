"""What a dialect may be said to be, and which one is found."""

from __future__ import annotations

import pytest
from reading_desk import Desk

from sales_warehouse.reading import Given, GivenError, parse_given

ROWS = [["day", "product", "note"]] + [[f"2026-01-{day:02d}", f"Tea {day}", "cold, dry"] for day in range(1, 12)]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("", Given()),
        ("delimiter=; quote=' encoding=gb18030", Given(delimiter=";", quote="'", encoding="gb18030")),
        ("delimiter=tab quote=none escape=backslash header=0 skip=2",
         Given(delimiter="\t", quote="", escape="\\", header=0, skip=2)),
        ('{"delimiter": ", ", "header": 1}', Given(delimiter=", ", header=1)),
    ],
)  # fmt: skip
def test_is_understood(text: str, given: Given) -> None:
    assert parse_given(text) == given


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("separator=;", "--dialect: separator: not known; say encoding, delimiter, quote, escape, header, skip"),
        ("delimiter=abc", "--dialect: delimiter: 'abc' is no delimiter; one character, or one of"),
        ("quote=``", "--dialect: quote: '``' is no quote; one character, or one of"),
        ("encoding=latin9", "--dialect: encoding: 'latin9'; it can be utf-8, utf-16, gb18030, windows-1252"),
        ("header=yes", "--dialect: header: 'yes' is no number of lines"),
        ("skip=99999999999999999999", "--dialect: skip: '99999999999999999999' is no number of lines; it may be 0 to"),
        ("{", "write it as delimiter=; quote=double, or as JSON"),
    ],
)
def test_is_refused_with_what_may_be_said(text: str, message: str) -> None:
    with pytest.raises(GivenError) as error:
        parse_given(text)
    assert message in str(error.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ", ", "^"])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_is_found(desk: Desk, delimiter: str, quote: str, end: str) -> None:
    lines = [delimiter.join(f"{quote}{cell}{quote}" if " " in cell else cell for cell in row) for row in ROWS]
    report = desk.read(end.join(lines) + end)
    assert desk.table == ROWS
    assert (report.dialect["delimiter"], report.dialect["line_end"]) == (delimiter[0], end)
    assert report.dialect["quote"] == quote


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_line_feed_in_quotes_ends_no_line_where_carriage_returns_do(desk: Desk, quote: str) -> None:
    report = desk.read("a,b\r" + "1,2\r" * 5 + f"3,{quote}x\ny, z{quote}\r4,{quote}5{quote}\r")
    assert desk.table[-2:] == [["3", "x\ny, z"], ["4", "5"]]
    assert (report.dialect["line_end"], report.records, report.rows) == ("\r", 7, 7)


def test_a_backslash_is_an_escape_only_where_it_escapes(desk: Desk) -> None:
    desk.read("a;b\n" + '"5\\" wide; C:\\new";1\n' * 3)
    assert desk.table[1] == ['5" wide; C:\\new', "1"]


def test_a_backslash_is_an_escape_where_no_delimiter_is_near(desk: Desk) -> None:
    desk.read("a;b\n" + '"a \\"red\\" pot";1\n' * 3)
    assert desk.table[1] == ['a "red" pot', "1"]
    assert desk.mended == []


def test_a_quote_that_escapes_itself_is_a_doubled_one(desk: Desk) -> None:
    desk.read('a,b\n"a ""red"" pot, big",1\n', escape='"')
    assert desk.table[1] == ['a "red" pot, big', "1"]


def test_apostrophes_in_texts_are_no_quotes(desk: Desk) -> None:
    desk.read("a,b\n" + "men's,9' leader\nwomen's,8' rod\n" * 5)
    assert desk.table[1] == ["men's", "9' leader"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_are_found(desk: Desk, codec: str) -> None:
    text = "名称,地区\n" + "龙井茶叶,华东地区\n普洱茶叶,华南地区\n" * 20
    desk.read(text.encode(codec))
    assert desk.table[:2] == [["名称", "地区"], ["龙井茶叶", "华东地区"]]


def test_moments_in_one_column_are_no_table_of_their_parts(desk: Desk) -> None:
    desk.read("at\n2026-01-02 10:00\n2026-01-03 11:30\n")
    assert desk.table == [["at"], ["2026-01-02 10:00"], ["2026-01-03 11:30"]]


def test_long_codes_take_no_time(desk: Desk) -> None:
    code = "1234567890" * 6
    desk.read("no,name\n" + f"{code}X,a\n" * 50)
    assert desk.table[1] == [f"{code}X", "a"]
