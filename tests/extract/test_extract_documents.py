"""JSON documents, Parquet, tabs and encodings that are told by their characters."""

from __future__ import annotations

import datetime
import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from extract_sources import Desk, reason, rows

from sales_warehouse import conservation
from sales_warehouse.extract import json_document, parquet_files

# --- JSON documents -----------------------------------------------------------------------------------------------


def test_records_of_a_document_keep_their_digits(desk: Desk) -> None:
    text = (
        '{"data": {"items": [{"id": 1234567890123456789, "n": 1.10, "x": {"y": "深"}}, {"id": "007"}, {"id": 1e400}]}}'
    )
    desk.put("a.json", text)
    found = desk.extract_files("id,n,x.y", format="json", records="data.items")
    assert rows(found, columns='id, n, "x.y", _more') == [
        ("1234567890123456789", "1.10", "深", '{"x": {"y": "深"}}'),
        ("007", None, None, None),
        ("1e400", None, None, None),
    ]
    assert [(item.rows, item.reported) for item in found.landed] == [(3, 3)]


def test_a_record_that_cannot_be_read_is_kept_beside_the_others(desk: Desk) -> None:
    desk.put("a.json", '[{"id": 1}, {"id": 1, "id": 2}, 7, {"id": 3}]')
    found = desk.extract_files("id", format="json")
    assert rows(found, columns="id, _malformed, _raw") == [
        ("1", None, None),
        (None, "record 2: the key 'id' is there twice", '{"id": 1, "id": 2}'),
        (None, "record 3: JSON, but not an object with one value for each key", "7"),
        ("3", None, None),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty: 0 bytes"),
        (b'[{"id": 1}', "was it cut off?"),
        (b'{"id": 1}', "no array at its top; set `records`"),
        (b"[" * 100_000, "a.json"),
        (b'[{"id": NaN}]', "a.json"),
        ("[]".encode("utf-16"), "byte order mark"),
        (b'[{"id": "\xff"}]', "not utf-8"),
        (b'[{"Id": 1}]', "no record has the key 'id', but there is 'Id'"),
    ],
    ids=["no byte", "cut", "no array", "very deep", "NaN", "another encoding", "bytes of none", "a renamed key"],
)
def test_a_document_that_cannot_be_taken_says_why(desk: Desk, text: bytes, said: str) -> None:
    desk.put("a.json", text)
    assert said in reason(desk.extract_files("id", format="json"))


def test_a_document_too_large_is_refused_unread(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_document, "LARGEST", 10)
    desk.put("a.json", '[{"id": 1}]')
    assert "split it, or deliver JSON Lines" in reason(desk.extract_files("id", format="json"))


def test_a_lost_record_of_a_document_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put("a.json", json.dumps([{"id": n} for n in range(10_000)]))
    fields = json_document.Gathered.keep

    def careless(self: json_document.Gathered, row: list) -> None:
        if row[:1] != ["7777"]:
            fields(self, row)

    monkeypatch.setattr(json_document.Gathered, "keep", careless)
    found = desk.extract_files("id", format="json")
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert reason(found).startswith("a.json: the source has 10,000 rows, the reader counted 9,999")


# --- Parquet ------------------------------------------------------------------------------------------------------

LATE_MORNING = datetime.datetime(2026, 1, 2, 11, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
TYPED = {
    "id": (pa.uint64(), 18446744073709551615, "18446744073709551615"),
    "amount": (pa.decimal128(38, 10), Decimal("1234567890123456789.0123456789"), "1234567890123456789.0123456789"),
    "share": (pa.float64(), 0.1, "0.1"),
    "tiny": (pa.float32(), 0.1, "0.1"),
    "id as a float": (pa.float64(), 1234567890123456.0, "1234567890123456"),
    "last exact one": (pa.float64(), -(2.0**53 - 1), "-9007199254740991"),
    "perhaps another": (pa.float64(), 2.0**53, "9.0071992547409920e+15"),
    "long": (pa.float64(), 1e16, "1.0000000000000000e+16"),
    "no number": (pa.float64(), float("nan"), "nan"),
    "half": (pa.float64(), 2.5, "2.5"),
    "short": (pa.float32(), 16777215.0, "16777215"),
    "too long": (pa.float32(), 123456789.0, "1.2345679200000000e+08"),
    "flag": (pa.bool_(), True, "true"),
    "day": (pa.date32(), datetime.date(2026, 1, 2), "2026-01-02"),
    "moment": (pa.timestamp("us"), datetime.datetime(2026, 1, 2, 3, 4, 5, 6), "2026-01-02 03:04:05.000006"),
    "zoned": (pa.timestamp("us", "Asia/Shanghai"), LATE_MORNING, "2026-01-02 03:00:00+00"),
    "raw": (pa.binary(), b"\x00\xff", "00ff"),
    "fine": (pa.timestamp("ns", "Asia/Shanghai"), 1770000000123456789, "2026-02-02 02:40:00.123456789+00"),
    "whole": (pa.timestamp("ns", "UTC"), 1770000000000000000, "2026-02-02 02:40:00+00"),
    "raws": (pa.list_(pa.binary()), [b"\x00\xff", None], '["00ff",null]'),
    "raw_parts": (
        pa.struct([("a", pa.list_(pa.binary(2))), ("b", pa.int64())]), {"a": [b"\xab\xcd"], "b": 1},
        '{"a":["abcd"],"b":1}',
    ),
    "raw_map": (pa.map_(pa.string(), pa.binary()), [("k", b"\x01")], '{"k":"01"}'),
    "no_raw_parts": (pa.struct([("a", pa.binary())]), None, None),
    "name": (pa.string(), "张三", "张三"),
    "empty": (pa.string(), "", ""),
    "none": (pa.string(), None, None),
    "list": (pa.list_(pa.int64()), [1, 2], "[1,2]"),
    "thing": (pa.struct([("a", pa.string())]), {"a": "x"}, '{"a":"x"}'),
}  # fmt: skip


def parquet(columns: dict[str, tuple]) -> bytes:
    buffer = io.BytesIO()
    arrays = {name: pa.array([value], kind) for name, (kind, value, _) in columns.items()}
    pq.write_table(pa.table(arrays), buffer)
    return buffer.getvalue()


def test_every_type_of_parquet_has_one_text(desk: Desk) -> None:
    desk.put("a.parquet", parquet(TYPED))
    found = desk.extract_files(",".join(TYPED), format="parquet")
    (row,) = rows(found)
    assert dict(zip(TYPED, row, strict=True)) == {name: text for name, (*_, text) in TYPED.items()}
    assert [(item.rows, item.reported) for item in found.landed] == [(1, 1)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a readable Parquet file"),
        (parquet(TYPED)[:-50], "not a readable Parquet file"),
        (parquet({"ID": (pa.int64(), 1, "1")}), "header (schema): missing: 'id' (looks like 'ID')"),
    ],
    ids=["no byte", "cut", "another name"],
)
def test_a_parquet_file_that_cannot_be_taken_says_why(desk: Desk, content: bytes, said: str) -> None:
    desk.put("a.parquet", content)
    assert said in reason(desk.extract_files("id", format="parquet"))


def test_what_a_parquet_file_and_its_folder_are_called_is_no_part_of_it(desk: Desk) -> None:
    desk.put("year=2027/a.parquet", parquet({"id": (pa.int64(), 1, "1"), "year": (pa.int64(), 2026, "2026")}))
    desk.put("sales1.parquet", parquet({"id": (pa.int64(), 2, "2"), "year": (pa.int64(), 2026, "2026")}))
    desk.put("sales[1].parquet", parquet({"id": (pa.int64(), 3, "3"), "year": (pa.int64(), 2026, "2026")}))
    found = desk.extract_files("id,year", "**/*.parquet", format="parquet")
    assert rows(found) == [("2", "2026"), ("3", "2026"), ("1", "2026")]


def _repeated(value: Any, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))


@pytest.mark.parametrize(
    "column",
    [
        _repeated("x" * 100_000, 90_000),
        _repeated(b"x" * 100_000, 90_000),
        pa.StructArray.from_arrays([_repeated("x" * 100_000, 90_000)], ["note"]),
    ],
    ids=["a long text", "long bytes", "a long text inside of a struct"],
)
def test_a_parquet_file_that_is_far_more_than_its_size_is_refused_unwritten(desk: Desk, column: pa.Array) -> None:
    """One value of a dictionary, however many rows have it, takes no room in the file."""
    pq.write_table(pa.table({"a": column}), desk.files / "a.parquet", compression="zstd")
    assert (desk.files / "a.parquet").stat().st_size < 200_000
    found = desk.extract_files("a", format="parquet")
    assert reason(found).startswith("a.parquet: more than 8,192 MiB of text, 200 times its size or more")
    assert not list(desk.folder.rglob("landed*/**/*.parquet"))


def test_a_list_of_stock_is_no_bomb_though_it_is_far_smaller_than_its_text(desk: Desk) -> None:
    shops = [f"{number:03d} 号店，上海市浦东新区世纪大道 {number} 号，" + "一层东侧入口，" * 6 for number in range(80)]
    names = [f"婴幼儿配方奶粉 {number:04d} 罐装 900 克，" + "适合六个月以上，" * 6 for number in range(1_000)]
    rows = {"shop": [shop for shop in shops for _ in names], "product": names * len(shops)}
    pq.write_table(pa.table(rows | {"stock": ["0"] * 80_000}), desk.files / "a.parquet", compression="zstd")
    assert (desk.files / "a.parquet").stat().st_size * 200 < 80_000 * (len(shops[0]) + len(names[0])) * 3
    assert [item.rows for item in desk.extract_files("shop,product,stock", format="parquet").landed] == [80_000]


def test_a_status_that_all_rows_have_is_no_bomb(desk: Desk) -> None:
    ids = pa.array([f"{number:09d}" for number in range(50_000)])
    pq.write_table(pa.table({"a": ids, "b": _repeated("paid", 50_000)}), desk.files / "a.parquet")
    assert [item.rows for item in desk.extract_files("a,b", format="parquet").landed] == [50_000]


def test_a_lost_row_of_parquet_is_caught_by_its_footer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(10_000))}), buffer)
    desk.put("a.parquet", buffer.getvalue())
    only_row = parquet_files.only_row

    def careless(connection: Any, query: str) -> tuple:
        return only_row(connection, query.replace(") to ", " where id <> 7777) to "))

    monkeypatch.setattr(parquet_files, "only_row", careless)
    found = desk.extract_files("id", format="parquet")
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert reason(found).startswith("a.parquet: the source has 10,000 rows, the reader counted 9,999")


# --- tabs, encodings ----------------------------------------------------------------------------------------------


def test_tabs_are_a_format_of_their_own(desk: Desk) -> None:
    desk.put("a.tsv", "a\tb\n1,2\tx\n")
    assert rows(desk.extract_files("a,b", format="tsv")) == [("1,2", "x")]


CHINESE = "编号,名称\n1,康宁医药（上海）有限公司\n2,华东区第三季度销售额同比增长\n"
WESTERN = "no,name\n1,Café Müller\n2,Señor Ünal – 20 €\n3,Façade crème brûlée à la française\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_chinese_is_told_by_its_characters(desk: Desk, encoding: str) -> None:
    desk.put("a.csv", CHINESE.encode(encoding))
    assert rows(desk.extract_files("编号,名称", encoding="auto"))[0] == ("1", "康宁医药（上海）有限公司")


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "utf-16"])
def test_accents_are_told_from_chinese(desk: Desk, encoding: str) -> None:
    desk.put("a.csv", WESTERN.encode(encoding))
    assert rows(desk.extract_files("no,name", encoding="auto"))[0] == ("1", "Café Müller")


def test_capitals_of_portuguese_are_no_chinese(desk: Desk) -> None:
    """Ç and Ã are the bytes of 敲: two accented capitals make a common character."""
    desk.put("a.csv", "no,name\n1,INSTALAÇÃO\n2,MANUTENÇÕES\n".encode("windows-1252"))
    assert rows(desk.extract_files("no,name", encoding="auto"))[0] == ("1", "INSTALAÇÃO")


@pytest.mark.parametrize("text", ["镕喆", "臺灣電機", "赟淼"])
def test_rare_characters_are_not_taken_for_accents(desk: Desk, text: str) -> None:
    desk.put("a.csv", f"no,name\n1,{text}\n".encode("gb18030"))
    assert "its encoding cannot be told" in reason(desk.extract_files("no,name", encoding="auto"))


FEW = {
    "鑫": "gb18030", "鑫鑫": "gb18030", "婷": "gb18030", "昊": "gb18030", "芈": "gb18030", "北": "gb18030",
    "北北北": "gb18030", "T恤XL": "gb18030",
    "±±": "windows-1252", "PREÇÕ": "windows-1252", "CRÉÉ": "windows-1252", "····": "windows-1252",
}  # fmt: skip


@pytest.mark.parametrize("text", FEW)
def test_of_a_few_characters_nothing_is_guessed(desk: Desk, text: str) -> None:
    """Their bytes are right in both: 鑫 is öÎ, and ±± is 北."""
    desk.put("a.csv", f"no,name\n1,{text}\n2,{text}\n".encode(FEW[text]))
    said = reason(desk.extract_files("no,name", encoding="auto"))
    assert "its encoding cannot be told" in said
    assert "which is too little to tell by" in said
    assert "`encoding: gb18030`" in said
    assert rows(desk.extract_files("no,name", encoding=FEW[text])) == [("1", text), ("2", text)]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("北京", "gb18030"), ("VIP贵宾客户", "gb18030"), ("Müller", "windows-1252"), ("PREÇO", "windows-1252"),
     ("café", "windows-1252")],
)  # fmt: skip
def test_one_word_may_be_enough(desk: Desk, text: str, encoding: str) -> None:
    desk.put("a.csv", f"no,name\n1,{text}\n".encode(encoding))
    assert rows(desk.extract_files("no,name", encoding="auto")) == [("1", text)]


def test_a_nul_makes_no_utf_16_of_a_file(desk: Desk) -> None:
    desk.put("a.csv", "a,b\n1,x\x00y\n2,z\n")
    assert rows(desk.extract_files("a,b", encoding="auto"), columns="a, _malformed") == [
        (None, "line 2: a NUL byte"),
        ("2", None),
    ]


def test_ascii_is_utf_8(desk: Desk) -> None:
    desk.put("a.csv", "a,b\n1,x\n")
    assert rows(desk.extract_files("a,b", encoding="auto")) == [("1", "x")]


def test_between_two_encodings_nothing_is_guessed(desk: Desk) -> None:
    desk.put("a.csv", b"a,b\n1,\xd6\xd0 \xe3\x9f \xe4\x9e\n")
    assert "it may be gb18030 or windows-1252: set `encoding`" in reason(desk.extract_files("a,b", encoding="auto"))
