"""Whoever reads Chinese is told in Chinese why a row could not be read, whatever reader says it."""

from __future__ import annotations

import re

import duckdb
import pytest

from sales_warehouse.extract import database, excel, record, rows, sheet_cells
from sales_warehouse.extract.record import NotARecord
from sales_warehouse.malformed import in_chinese
from sales_warehouse.sql import literal

JSON = ['{"a": NaN}', '{"a": 1, "a": 2}', '{"a": 1', '["a"]', '{"a": "\\ud800"}', '{"a": [1}', '{"a": "\\u0000"}', "7"]
SAID = {
    "line 2: 3 fields where the header has 2": "第 2 行：有 3 个字段，表头有 2 个",
    "line 9: 1 fields where the header has 2; the file ends here without a line end: was it cut off?": (
        "第 9 行：有 1 个字段，表头有 2 个；文件到此为止且没有换行符，可能被截断"
    ),
    "record 4: the key 'a b' is there twice": "第 4 条记录：键 'a b' 出现两次",
    "金额 (cell F2) has the error #N/A; 方向 (cell D2) has the error #DIV/0!": (
        "金额（单元格 F2）：错误值 #N/A；方向（单元格 D2）：错误值 #DIV/0!"
    ),
    "items holds no list: a list in JSON is expected": "items：不是列表，应为 JSON 列表",
}


def told(text: str) -> str:
    (found,) = duckdb.execute(f"select {in_chinese(literal(text))}").fetchone() or ("",)
    return str(found)


def what_readers_say() -> list[str]:
    """Return what readers say of broken rows, as far as it is theirs to word."""
    said = [f"备注: {database.NOT_UTF8}", rows._fault(["\x00"], 1, "\n"), rows._fault(["\udcbb"], 1, "\n")]
    said += [
        rows._fault([], 2, ""),
        rows._explain("unexpected end of data", False),
        rows._explain("expected after", True),
    ]
    said.append(rows._explain("new-line character seen in unquoted field", True))
    faults = [sheet_cells.NO_VALUE, sheet_cells.NOT_CALCULATED, sheet_cells.UNREAD, excel._lost_digits(1e17)]
    faults += [
        excel._lost_digits(float("inf")),
        f"no value of its own: it is in the merged cell A1:B2, {excel.UNMERGE}",
    ]
    said += [f"备注 (cell F2) has {fault}" for fault in faults]
    for text in JSON:
        with pytest.raises(NotARecord) as error:
            record.Columns(["a"]).pick(record.fields_of(text.encode()))
        said.append(f"line 1: {error.value}")
    return [text for text in said if text]


@pytest.mark.parametrize(("text", "chinese"), SAID.items())
def test_a_reason_is_told_in_chinese(text: str, chinese: str) -> None:
    assert told(text) == chinese


def test_no_reader_says_anything_that_stays_english() -> None:
    kept = re.compile(
        r"(不是 JSON|字符)：[ -~]*$|JSON|NaN|NUL|UTF-8|Excel|0x[0-9A-F]+|\binf\b"
    )  # the rest is the parser's
    for text in what_readers_say():
        assert not re.search(r"[A-Za-z]{2,}", kept.sub("", told(text))), (text, told(text))
