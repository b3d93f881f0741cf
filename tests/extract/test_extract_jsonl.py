"""JSON Lines: numbers keep their digits, nested values stay JSON, a bad line lands beside the good ones."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from extract_sources import Desk, reason, rows, types

from sales_warehouse.extract import jsonl
from sales_warehouse.extract.record import MOST_KEYS, Columns, NotARecord, fields_of


def _extract(desk: Desk, content: bytes | str, columns: str = "id,v", **table: object) -> object:
    desk.put("a.jsonl", content)
    return desk.extract_files(columns, format="jsonl", **table)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.10", "1.10"),
        ("1E5", "1E5"),
        ("1234567890123456", "1234567890123456"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1e400", "1e400"),
        ("-0.0", "-0.0"),
        ("true", "true"),
        ("null", None),
        ('"null"', "null"),
        ('""', ""),
        ('" x "', " x "),
        ('"\\u4e2d\\n\\"q\\""', '中\n"q"'),
        ('{"x": 1.10,  "y":[1, 2]}', '{"x": 1.10,  "y":[1, 2]}'),
        ("[1.0, {}]", "[1.0, {}]"),
    ],
)
def test_values_keep_their_text(desk: Desk, value: str, expected: str | None) -> None:
    done = _extract(desk, f'{{"id": "1", "v": {value}}}\n')
    assert rows(done) == [("1", expected)]
    assert types(done)["v"] == "VARCHAR"


def test_a_missing_key_is_null_and_an_unknown_one_is_noted(desk: Desk) -> None:
    done = _extract(desk, '{"id":"1","v":"x","coupon":"Y"}\n{"id":"2"}\n\n')
    assert rows(done, columns="id, v, _more") == [("1", "x", '{"coupon": "Y"}'), ("2", None, None)]
    assert done.notes == ["orders: a.jsonl: keys that are not declared, kept in _more: coupon"]


def test_a_dotted_name_is_a_path_unless_there_is_such_a_key(desk: Desk) -> None:
    content = '{"id":"1","customer":{"id":16,"place":{"city":"上海"}}}\n{"id":"2","customer.id":"X","customer":null}\n'
    done = _extract(desk, content, "id,customer.id,customer.place.city")
    assert rows(done, columns='id, "customer.id", "customer.place.city"') == [("1", "16", "上海"), ("2", "X", None)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id":"2","v":', "not JSON: the text ends in the middle"),
        ("not json", "not JSON: invalid character (byte 4)"),
        ('{"id":"2"} x', "not JSON: trailing characters (byte 12)"),
        ("[1,2]", "JSON, but not an object with one value for each key"),
        ("5", "JSON, but not an object with one value for each key"),
        ('{"id":"2","id":"3"}', "the key 'id' is there twice"),
        ('{"id":"2","v":{"a":1,"a":2}}', "the key 'a' is there twice"),
        ('{"id":"2","v":NaN}', "NaN is not JSON"),
        ('{"id":"2","v":[-Infinity]}', "Infinity is not JSON"),
        ('{"id":"2","v":01}', "not JSON: invalid number (byte 15)"),
        ('{"id":"2","v":' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deep to be a record"),
        ('{"id":"2","v":"\\ud800"}', "not JSON: a broken escape or an open bracket"),
        ('{"id":"2","v":"a\\u0000b"}', "a NUL character in a text"),
    ],
    ids=lambda value: value[:30],
)
def test_a_malformed_line_lands_beside_the_good_ones(desk: Desk, line: str, message: str) -> None:
    done = _extract(desk, f'{{"id":"1","v":"x"}}\n{line}\n{{"id":"3","v":"z"}}\n')
    assert rows(done, columns="id, v, _malformed, _raw, _row_number") == [
        ("1", "x", None, None, 1),
        (None, None, f"line 2: {message}", line, 2),
        ("3", "z", None, None, 3),
    ]
    assert [(item.rows, item.malformed) for item in done.landed] == [(3, 1)]


def test_a_cut_last_line_says_so(desk: Desk) -> None:
    done = _extract(desk, '{"id":"1","v":"x"}\n{"id":"2","v"')
    assert rows(done, columns="_malformed")[1] == (
        "line 2: not JSON: the text ends in the middle; the file ends here without a line end: was it cut off?",
    )


def test_a_line_that_is_too_long_is_malformed_and_the_next_is_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LONGEST_LINE", 1_000)
    long = '{"id":"1","v":"' + "x" * 3_000_000 + '"}'
    done = _extract(desk, f'{long}\n{{"id":"2","v":"y"}}\n')
    assert rows(done, columns="id, _malformed") == [
        (None, f"line 1: longer than 1000 bytes ({len(long) + 1})"),
        ("2", None),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "empty: 0 bytes; ask for the file again", id="an empty file"),
        pytest.param(
            '[{"id":1}]',
            "line 1: a JSON array; write one object on each line instead (JSON Lines)",
            id="an array",
        ),
        pytest.param(
            '{"ID_":"1","v":"x"}\n',
            "no record has the key 'id', but there is 'ID_'; change `columns` (and the mapping) if the source changed, "
            "or ask for the old name",
            id="a renamed key",
        ),
        pytest.param(
            '{"id":"上海"}\n'.encode("gb18030"),
            "not utf-8: 0xc9 at byte 7, line 1; it looks like gb18030: set `encoding: gb18030` "
            "for this table or ask for "
            "utf-8",
            id="another encoding",
        ),
    ],
)
def test_refused(desk: Desk, content: bytes | str, message: str) -> None:
    assert reason(_extract(desk, content)) == f"a.jsonl: {message}"


def test_a_declared_encoding_is_transcoded(desk: Desk) -> None:
    done = _extract(desk, '{"id":"1","v":"上海"}\n'.encode("gb18030"), encoding="gb18030")
    assert rows(done) == [("1", "上海")]


def test_a_byte_order_mark_is_no_part_of_the_first_line(desk: Desk) -> None:
    assert rows(_extract(desk, b'\xef\xbb\xbf{"id":"1","v":"x"}\r\n')) == [("1", "x")]


def test_many_batches_keep_order_and_count(desk: Desk) -> None:
    content = "".join(f'{{"id":"{n}","v":{n}.50}}\n' for n in range(45_000)) + "oops\n"
    landed = rows(_extract(desk, content), columns="id, v, _malformed is null")
    assert landed[:45_000] == [(str(n), f"{n}.50", True) for n in range(45_000)]
    assert landed[45_000:] == [(None, None, False)]


def test_a_quote_and_a_colon_in_a_text_are_no_second_key() -> None:
    assert Columns(["a"]).pick(fields_of(b'{"a":"x\\":y","b" : 1}')) == ['x":y']
    with pytest.raises(NotARecord, match="the key 'b' is there twice"):
        fields_of(b'{"a":"x", "b" : 1, "b" : 2}')


@pytest.mark.parametrize("inside", ["{}", '{{"a": {}}}', '{{"a": [{}]}}'], ids=["itself", "an object", "a list"])
def test_a_record_has_no_more_keys_than_the_limit(inside: str) -> None:
    """However deep they are; the last that is allowed is taken, and a long text is no key."""
    outer = inside.count(":")

    def written(count: int) -> bytes:
        keys = ",".join(f'"{number}" : "a:::"' for number in range(count - outer))
        return inside.format(f"{{{keys}}}").encode()

    assert fields_of(written(MOST_KEYS))
    with pytest.raises(NotARecord, match="more than 250,000 keys, those of objects in it among them"):
        fields_of(written(MOST_KEYS + 1))


@pytest.mark.slow
def test_a_line_of_a_hundred_megabytes_is_named_and_takes_no_more_memory_than_the_limit(tmp_path: Path) -> None:
    """In a process of its own, which tells its peak memory; the rows beside the line are taken."""
    files = tmp_path / "files"
    files.mkdir()
    with (files / "a.jsonl").open("wb") as target:
        target.write(b'{"id": 1, "v": "a"}\n{"id": 2, "v": "')
        for _ in range(100):
            target.write(b"x" * 1_000_000)
        target.write(b'"}\n{"id": 3, "v": "c"}\n')
    script = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from extract_sources import Desk, rows
folder = Path({str(tmp_path / "desk")!r}); folder.mkdir()
desk = Desk(folder)
Path({str(files / "a.jsonl")!r}).rename(desk.files / "a.jsonl")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
done = desk.extract_files("id,v", pattern="*.jsonl", format="jsonl")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
print(rows(done, columns="id, v, _malformed"))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    kilobytes, landed = done.stdout.strip().split("\n")
    reason = "line 2: longer than 67108864 bytes (100000019)"
    assert ast.literal_eval(landed) == [("1", "a", None), (None, None, reason), ("3", "c", None)]
    assert int(kilobytes) < 500_000  # the line as it is read, as it is kept, and their copies; not several of the file


def test_a_key_twice_is_found_however_it_is_spaced() -> None:
    with pytest.raises(NotARecord, match="'no' is there twice"):
        fields_of(b'{"no" : "1","no":"2"}')


@pytest.mark.parametrize("drift", ["adopt", "known", "refuse"])
def test_keys_without_end_are_told_in_short(desk: Desk, drift: str) -> None:
    """Of keys that are days or ids, as a million columns are, no list may grow with them."""
    days = {f"{number:05d}": 1 for number in range(20_000)}
    desk.put("a.jsonl", json.dumps({"id": 1, "name": "a"} | days))
    found = desk.extract_files("id,name", format="jsonl", drift=drift)
    (told,) = found.refused if drift == "refuse" else found.landed
    assert len(told.drift) == 1_001
    assert told.drift[-1].column == "… 19,000 more"
    said = told.reason if drift == "refuse" else found.notes[0]
    assert "00049" in said and "00050" not in said and len(said) < 1_200
