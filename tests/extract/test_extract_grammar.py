"""The grammar of one record against Python's csv, which it has to judge: they agree on every text."""

from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_warehouse.extract.grammar import record_pattern, records_in
from sales_warehouse.extract.rows import Dialect

DIALECTS = st.builds(
    Dialect,
    st.sampled_from([",", "\t", "，", "^", "]"]),
    st.sampled_from(['"', "'", ""]),
    st.sampled_from(["", "\\"]),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("text", "records"),
    [
        (["a,b\n", "c,d\n"], 2),
        (['a,"b\n', 'c",d\n'], 1),
        (["\n", "a\n", "\r\n"], 1),
        (['"a""b"\n', '"c\n', "\n", 'd"\n'], 2),
        (["a"], 1),
        (['1,5" pipe\n', '2,6" pipe\n'], 2),
        (["\n", "\n"], 0),
        (['"a"b,c\n'], None),
        (['a,"b\n'], None),
    ],
    ids=[
        "two", "a line end in quotes", "blank lines", "escaped quotes and a blank line in quotes", "no last line end",
        "quotes inside of fields without quotes", "nothing else", "text after a closing quote", "a quote left open",
    ],
)  # fmt: skip
def test_records_end_outside_of_quotes(text: list[str], records: int | None) -> None:
    assert records_in("".join(text), record_pattern(",", '"')) == records


@settings(max_examples=1_000, deadline=None)
@given(dialect=DIALECTS, signs=st.text("\"'ab \n\r\\\x00,", max_size=14), newline=st.sampled_from(["\n", "\r"]))
def test_csv_reads_what_the_grammar_says(dialect: Dialect, signs: str, newline: str) -> None:
    lines = list(io.StringIO(signs.replace(",", dialect.delimiter), newline=newline))
    reader, done, records = dialect.reader(iter(lines)), 0, 0
    try:
        for fields in reader:
            text, done = "".join(lines[done : reader.line_num]), reader.line_num
            is_record = bool(dialect.record.fullmatch(text))
            if dialect.escape and fields and not is_record:  # csv is not strict about quotes there
                assert dialect.quote in text
                assert not dialect.record.match(text)
                return
            assert is_record == bool(fields)
            records += is_record
    except csv.Error:
        return
    assert records_in("".join(lines), dialect.record) == records


@pytest.mark.parametrize(
    "text", ["x" * 30_000_000, '"' + '""' * 15_000_000 + '"', '"a\n",' * 6_000_000, '"a",' * 7_000_000 + '"b"c'],
    ids=["one field", "doubled quotes", "fields in quotes", "broken at its end"],
)  # fmt: skip
def test_a_record_of_thirty_megabytes_takes_seconds(text: str) -> None:
    started = time.monotonic()
    record_pattern(",", '"').fullmatch(text)
    assert time.monotonic() - started < 20
