from __future__ import annotations

import datetime
import math
from decimal import Decimal

import pytest

from sales_warehouse.board.payload import encode_column, encode_table, pack


@pytest.mark.parametrize(
    ("values", "encoded"),
    [
        pytest.param(["b", "a", None, "b"], ["t", ["a", "b"], [1, 0, -1, 1]], id="text becomes codes, a gap is -1"),
        pytest.param([Decimal("0.10"), Decimal("2.5")], ["n", 1, [1, 25]], id="decimals keep what they need"),
        pytest.param([Decimal("1234567890123.4567")], ["n", 4, [12345678901234567]], id="money is exact"),
        pytest.param([1, None, -3], ["n", 0, [1, None, -3]], id="whole numbers with a gap"),
        pytest.param([0.1, 0.25], ["n", 2, [10, 25]], id="doubles through their shortest text"),
        pytest.param([math.nan, math.inf, 1.5], ["n", 1, [None, None, 15]], id="what is not a number is a gap"),
        pytest.param([Decimal("1E+3")], ["n", 0, [1000]], id="exponents"),
        pytest.param([True, None, False], ["b", [1, None, 0]], id="flags"),
        pytest.param([None, None], ["t", [], [-1, -1]], id="nothing but gaps"),
        pytest.param([datetime.date(2026, 6, 1)], ["t", ["2026-06-01"], [0]], id="days"),
        pytest.param([datetime.datetime(2026, 6, 1, 2, 3)], ["t", ["2026-06-01 02:03:00"], [0]], id="moments"),
    ],
)
def test_a_column_is_encoded_without_loss(values: list, encoded: list) -> None:
    assert encode_column(values) == encoded


def test_a_table_without_rows_keeps_its_columns() -> None:
    assert encode_table(["a"], []) == {"rows": 0, "columns": {"a": ["t", [], []]}}


def test_the_same_payload_packs_to_the_same_text() -> None:
    assert pack({"b": 1, "a": "数"}) == pack({"a": "数", "b": 1})
