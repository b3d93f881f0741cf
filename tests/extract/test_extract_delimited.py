"""Delimited files: everything lands exactly as it came, malformed rows beside the good ones, nothing is lost."""

from __future__ import annotations

from itertools import islice

import pytest
from extract_sources import Desk, reason, rows, types

from sales_warehouse.extract import delimited
from sales_warehouse.extract import rows as slow


def test_every_column_is_text_exactly_as_it_came(desk: Desk) -> None:
    desk.put("a.csv", 'id,amount,note\n007,1.10, x \n9223372036854775808,1E5,""\n3,03/04,\n')
    done = desk.extract_files("id,amount,note")
    assert rows(done) == [("007", "1.10", " x "), ("9223372036854775808", "1E5", ""), ("3", "03/04", "")]
    assert types(done) == {
        "id": "VARCHAR",
        "amount": "VARCHAR",
        "note": "VARCHAR",
        "_file": "VARCHAR",
        "_before": "INTEGER",
    }
    assert [(item.origin, item.rows, item.malformed) for item in done.landed] == [("a.csv", 3, 0)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("a,b\n1,2\n3,4\n", [("1", "2"), ("3", "4")], id="line feeds"),
        pytest.param("a,b\r\n1,2\r\n3,4\r\n", [("1", "2"), ("3", "4")], id="carriage return and line feed"),
        pytest.param("a,b\r1,2\r3,4\r", [("1", "2"), ("3", "4")], id="carriage returns alone"),
        pytest.param("a,b\n1,2\r\n3,4\n", [("1", "2"), ("3", "4")], id="mixed line ends"),
        pytest.param("a,b\n1,2\n3,4", [("1", "2"), ("3", "4")], id="no line end at the end"),
        pytest.param("a,b\n\n1,2\n\n\n3,4\n\n", [("1", "2"), ("3", "4")], id="blank lines are no rows"),
        pytest.param("\ufeffa,b\n1,2\n", [("1", "2")], id="byte order mark"),
        pytest.param('"a","b"\n"1","x\ny"\n', [("1", "x\ny")], id="line feed in quotes"),
        pytest.param('a,b\r\n1,"x\r\ny"\r\n', [("1", "x\r\ny")], id="CRLF in quotes"),
        pytest.param('a,b\n1,"x\ry"\n', [("1", "x\ry")], id="carriage return in quotes"),
        pytest.param('a,b\n1,"say ""hi"""\n', [("1", 'say "hi"')], id="doubled quotes"),
        pytest.param('a,b\n1,5" pipe\n', [("1", '5" pipe')], id="a quote inside a field without quotes"),
        pytest.param("a,b\n=cmd|'/C calc'!A0,@SUM(1)\n", [("=cmd|'/C calc'!A0", "@SUM(1)")], id="formulas are text"),
        pytest.param("a,b\n\u202eabc\u200b,😀\n", [("\u202eabc\u200b", "😀")], id="right-to-left, zero width, emoji"),
        pytest.param("a,b\nNULL,NA\n\\N,None\n", [("NULL", "NA"), ("\\N", "None")], id="words for nothing are words"),
    ],
)
def test_reads(desk: Desk, content: str, expected: list[tuple]) -> None:
    desk.put("a.csv", content)
    done = desk.extract_files("a,b")
    assert rows(done) == expected
    assert "_malformed" not in types(done)


def test_odd_quotes_inside_of_fields_do_not_disturb_the_count(desk: Desk) -> None:
    """The parity of the quotes would count three of four records."""
    desk.put("a.csv", 'a,b\n1,5" pipe\n2,plain\n3,6" pipe\n4,plain\n')
    done = desk.extract_files("a,b")
    assert [(item.rows, item.reported, item.malformed) for item in done.landed] == [(4, 4, 0)]


def test_another_delimiter_and_quote(desk: Desk) -> None:
    desk.put("a.tsv", "a\tb\n1\t'x\ty'\n")
    assert rows(desk.extract_files("a,b", delimiter="\t", quote="'")) == [("1", "x\ty")]


def test_a_quote_outside_of_ascii(desk: Desk) -> None:
    desk.put("a.csv", "a，b\n1，「x，y「\n")
    assert rows(desk.extract_files("a,b", delimiter="，", quote="「")) == [("1", "x，y")]


@pytest.mark.parametrize(
    ("content", "good", "malformed"),
    [
        pytest.param(
            "a,b,c\n1,2,3\n4,5",
            [("1", "2", "3")],
            (
                2,
                "line 3: 2 fields where the header has 3; the file ends here without a line end: was it cut off?",
                "4,5",
            ),
            id="last line cut",
        ),
        pytest.param(
            "a,b,c\n1,2,3\n4,5,6,7\n8,9,0\n",
            [("1", "2", "3"), ("8", "9", "0")],
            (2, "line 3: 4 fields where the header has 3", "4,5,6,7"),
            id="one field too many",
        ),
        pytest.param(
            'a,b,c\n1,2,3\n4,"5,6\n7,8,9\n',
            [("1", "2", "3"), ("7", "8", "9")],
            (2, "line 3: a quote is opened and never closed", '4,"5,6'),
            id="a quote is never closed",
        ),
        pytest.param(
            'a,b,c\n1,"2"x,3\n7,8,9\n',
            [("7", "8", "9")],
            (1, "line 2: a quote inside a quoted field is not doubled, or a quote is not closed", '1,"2"x,3'),
            id="text after a closing quote",
        ),
        pytest.param(
            "a,b,c\n1,2\x00,3\n7,8,9\n",
            [("7", "8", "9")],
            (1, "line 2: a NUL byte", "1,2\x00,3"),
            id="NUL",
        ),
        pytest.param(
            "a,b,c\n1,x\ry,3\n7,8,9\n",
            [("7", "8", "9")],
            (1, "line 2: a line end of another kind inside a field without quotes", "1,x\ry,3"),
            id="a carriage return without quotes",
        ),
        pytest.param(
            'a,b,c\n1,"x\ny",3,4\n7,8,9\n',
            [("7", "8", "9")],
            (1, "line 2: 4 fields where the header has 3", '1,"x\ny",3,4'),
            id="a wrong record of two lines stays one record",
        ),
        pytest.param(
            'a,b,c\n1, "x,y",3\n7,8,9\n',
            [("7", "8", "9")],
            (1, "line 2: 4 fields where the header has 3", '1, "x,y",3'),
            id="a space before a quote, which DuckDB would drop",
        ),
    ],
)
def test_malformed_rows_land_beside_the_good_ones(desk: Desk, content: str, good: list, malformed: tuple) -> None:
    desk.put("a.csv", content)
    done = desk.extract_files("a,b,c")
    assert rows(done, columns="a, b, c, _malformed, _raw, _row_number")[malformed[0] - 1] == (
        None,
        None,
        None,
        *malformed[1:],
        malformed[0],
    )
    landed = rows(done, columns="a, b, c, _malformed")
    assert [row[:3] for row in landed if row[3] is None] == good
    assert [(item.rows, item.malformed) for item in done.landed] == [(len(good) + 1, 1)]


def test_a_line_that_is_too_long_is_one_malformed_row(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "LONGEST_RECORD", 1 << 14)
    monkeypatch.setattr(delimited, "LONGEST_RECORD", 1 << 14)
    desk.put("a.csv", "a,b\n1,2\n3," + "x" * 100_000 + "\n5,6\n")
    landed = rows(desk.extract_files("a,b"), columns="a, _malformed")
    assert landed == [("1", None), (None, "line 3: longer than 16384 characters; is a quote not closed?"), ("5", None)]


def test_carriage_returns_end_lines_that_have_a_line_feed_in_quotes(desk: Desk) -> None:
    desk.put("a.csv", 'a,b\r1,2\r3,"x\ny"\r')
    assert rows(desk.extract_files("a,b")) == [("1", "2"), ("3", "x\ny")]


def test_a_quote_that_is_never_closed_does_not_swallow_a_long_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "LONGEST_RECORD", 1 << 14)
    monkeypatch.setattr(delimited, "LONGEST_RECORD", 1 << 14)
    desk.put("a.csv", 'a,b\n1,"2\n' + "".join(f"{n},x\n" for n in range(20_000)))
    landed = rows(desk.extract_files("a,b"), columns="a, _malformed")
    assert len(landed) == 20_001
    assert [row[1] for row in landed if row[1]] == ["line 2: longer than 16384 characters; is a quote not closed?"]


def test_faults_in_the_middle_of_many_blocks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "BLOCK", 64)
    lines = [f'{n},"x\ny{n}"' if n % 3 else f"{n},plain" for n in range(300)]
    lines[100], lines[200] = "100", '200,"a"b'
    desk.put("a.csv", "a,b\n" + "\n".join(lines) + "\n")
    landed = rows(desk.extract_files("a,b"), columns="a, b, _malformed, _row_number")
    assert [row[3] for row in landed if row[2]] == [101, 201]
    assert [(row[0], row[1]) for row in landed if not row[2]] == [
        (str(n), f"x\ny{n}" if n % 3 else "plain") for n in range(300) if n not in (100, 200)
    ]


def test_a_field_of_five_megabytes(desk: Desk) -> None:
    big = "x" * 5_000_000
    desk.put("a.csv", f"a,b\n1,{big}\n2,y\n")
    assert rows(desk.extract_files("a,b")) == [("1", big), ("2", "y")]


def test_only_a_header_lands_without_rows(desk: Desk) -> None:
    desk.put("a.csv", "a,b\n")
    done = desk.extract_files("a,b")
    assert [(item.origin, item.rows) for item in done.landed] == [("a.csv", 0)]
    assert rows(done) == []
    assert list(types(done)) == ["a", "b", "_file", "_before"]


def test_an_empty_file_is_refused(desk: Desk) -> None:
    desk.put("a.csv", b"")
    assert reason(desk.extract_files("a,b")) == "a.csv: empty: 0 bytes, not even a header; ask for the file again"


def test_many_small_files_share_one_parquet_file_and_keep_their_positions(desk: Desk) -> None:
    for day in range(1, 31):
        desk.put(f"day_{day:02}.csv", "a,b\n" + "".join(f"{day},{n}\n" for n in range(day)))
    done = desk.extract_files("a,b")
    assert len({item.path for item in done.landed}) == 1
    assert [(item.origin, item.rows) for item in done.landed] == [(f"day_{d:02}.csv", d) for d in range(1, 31)]
    expected = [(f"day_{d:02}.csv", n + 1, str(d), str(n)) for d in range(1, 31) for n in range(d)]
    assert rows(done, columns="_file, _row_number, a, b") == expected


def test_one_bad_file_among_many_leaves_the_others_on_the_fast_path(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_slowly: list[str] = []
    slowly = delimited.slowly
    monkeypatch.setattr(
        delimited, "slowly", lambda item, *rest: read_slowly.append(item.file.origin) or slowly(item, *rest)
    )
    for day in range(20):
        desk.put(f"{day:02}.csv", "a,b\n1,2\n" if day != 13 else "a,b\n1,2,3\n4,5\n")
        desk.put(f"{day:02}.csv", f"a,b\n{day},2\n" if day != 13 else "a,b\n1,2,3\n4,5\n")
    done = desk.extract_files("a,b")
    assert read_slowly == ["13.csv"]
    assert sum(item.rows for item in done.landed) == 21
    assert sum(item.malformed for item in done.landed) == 1


def test_a_big_file_lands_alone_without_row_numbers_in_the_order_of_the_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "BIG_BYTES", 1_000_000)
    desk.put("big.csv", "a,b\n" + "".join(f"{n},{n % 7}\n" for n in range(300_000)))
    desk.put("small.csv", "a,b\nx,y\n")
    done = desk.extract_files("a,b")
    assert len({item.path for item in done.landed}) == 2
    landed = rows(done, columns="_file, _row_number, a")
    assert landed[:300_000] == [("big.csv", n + 1, str(n)) for n in range(300_000)]
    assert landed[300_000:] == [("small.csv", 1, "x")]


@pytest.mark.parametrize("big_bytes", [0, 1 << 20], ids=["alone", "in a batch"])
def test_a_parser_that_loses_rows_is_caught_by_the_count(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, big_bytes: int
) -> None:
    """The twin of the fast path: rows that vanish without an error must not vanish from the landing."""
    monkeypatch.setattr(delimited, "BIG_BYTES", big_bytes)
    honest = delimited._Writer._csv
    monkeypatch.setattr(
        delimited._Writer, "_csv", lambda self, batch: f"(select * from {honest(self, batch)} where a <> '2')"
    )
    desk.put("a.csv", "a,b\n1,x\n2,y\n3,z\n")
    assert rows(desk.extract_files("a,b")) == [("1", "x"), ("2", "y"), ("3", "z")]


def test_a_slow_path_that_loses_lines_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = slow.batches
    monkeypatch.setattr(slow, "BLOCK", 16)
    monkeypatch.setattr(slow, "batches", lambda *arguments: islice(honest(*arguments), 5))
    desk.put("a.csv", "a,b\n" + "1,2\n" * 50 + "3\n")
    assert reason(desk.extract_files("a,b")) == (
        "a.csv: 26 lines were read where 52 were counted; nothing of it was taken"
    )


def test_names_that_look_like_sql_or_like_patterns_are_only_names(desk: Desk) -> None:
    nasty = 'x" ; DROP TABLE t; --'
    desk.put("it's [1]*?.csv", f'"{nasty.replace(chr(34), chr(34) * 2)}",b\n1,2\n')
    done = desk.extract_files("b", pattern="it's*")
    assert rows(done, columns="*") == [("2", "1", "it's [1]*?.csv", 1)]
    assert nasty in types(done)


def test_the_same_bytes_give_the_same_parquet_content(desk: Desk) -> None:
    for day in range(5):
        desk.put(f"{day}.csv", "a,b\n" + "".join(f"{n},{day}\n" for n in range(5_000)))
    first, second = desk.extract_files("a,b"), desk.extract_files("a,b")
    assert first.landed[0].path.read_bytes() == second.landed[0].path.read_bytes()


def test_a_record_too_long_for_the_memory_of_the_fast_path_stops_no_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_MEMORY", "40MB")
    desk.put("1.csv", f"id,name\n1,{'x' * (12 << 20)}\n2,b\n")
    desk.put("2.csv", "id,name\n3,c\n")
    found = desk.extract_files("id,name")
    assert found.refused == []
    assert rows(found, columns="id, length(name)") == [("1", 12 << 20), ("2", 1), ("3", 1)]
