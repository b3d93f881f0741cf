"""Every kind of rule gives the answer that SQL written by hand gives, nulls included."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from great_expectations.execution_engine import SqlAlchemyExecutionEngine

from sales_warehouse.guard.datasource import GuardExecutionEngine
from sales_warehouse.guard.rules import KINDS
from sales_warehouse.guard.suites import Rule, Suite
from sales_warehouse.guard.validate import RuleResult, validate

# Nulls, empty text, quotes, an exact limit, a microsecond past a limit, a repeated pair, a line break after a match.
BATCH = """
    create table batch (
        _row_id bigint, name varchar, status varchar, quantity bigint, rate decimal(18, 2),
        begun timestamp, ended timestamp, day date
    );
    insert into batch values
        (1, 'a', 'open', 1, 0.00, '2026-07-01 15:30:00', '2026-07-01 15:30:00', '2026-07-01'),
        (2, 'b', 'it''s', 0, 1.00, '2026-07-01 15:30:00.000001', '2026-07-01 15:29:59', '2026-07-02'),
        (3, null, null, null, null, null, null, null),
        (4, '', 'OPEN', -1, 1.01, '1999-12-31 23:59:59', null, '1999-12-31'),
        (5, '+8613800138000', 'open', 7, 0.30, null, '2026-01-01', '2026-01-01'),
        (6, '+8613800138000x', 'open', 7, 0.31, '2026-01-01', '2026-01-02', '2026-01-01'),
        (7, 'x+8613800138000', 'open', null, 0.29, '2026-01-01', '2025-12-31', null),
        (8, '+8613800138000' || chr(10), 'won', 8, 0.30, '2026-01-01', '2026-01-01', '2026-01-01'),
        (9, 'a', null, 9, null, '2026-01-01', '2026-01-01', '2026-01-01');
"""
MOMENT = datetime.datetime(2026, 7, 1, 15, 30)
PHONE = r"^\+[1-9][0-9]{6,14}$"

ROW_CASES: list[tuple[str, str, dict[str, Any], str]] = [
    ("a missing value", "expect_column_values_to_not_be_null", {"column": "name"}, "name is null"),
    (
        "a value outside the set, null passes",
        "expect_column_values_to_be_in_set",
        {"column": "status", "value_set": ["open", "it's"]},
        "status is not null and status <> 'open' and status <> 'it''s'",
    ),
    (
        "zero is in a set of zero",
        "expect_column_values_to_be_in_set",
        {"column": "quantity", "value_set": [0]},
        "quantity <> 0",
    ),
    (
        "at least zero",
        "expect_column_values_to_be_between",
        {"column": "quantity", "min_value": 0},
        "quantity < 0",
    ),
    (
        "above zero",
        "expect_column_values_to_be_between",
        {"column": "quantity", "min_value": 0, "strict_min": True},
        "quantity <= 0",
    ),
    (
        "a decimal at its limit passes",
        "expect_column_values_to_be_between",
        {"column": "rate", "min_value": 0.3, "max_value": 1},
        "rate < 0.30 or rate > 1.00",
    ),
    (
        "below a limit",
        "expect_column_values_to_be_between",
        {"column": "rate", "max_value": 1, "strict_max": True},
        "rate >= 1.00",
    ),
    (
        "a moment to the microsecond",
        "expect_column_values_to_be_between",
        {"column": "begun", "max_value": MOMENT, "min_value": datetime.datetime(2000, 1, 1)},
        "begun > timestamp '2026-07-01 15:30:00' or begun < timestamp '2000-01-01'",
    ),
    (
        "a date against a moment",
        "expect_column_values_to_be_between",
        {"column": "day", "max_value": MOMENT},
        "day > date '2026-07-01'",
    ),
    (
        "a regular expression with both anchors",
        "expect_column_values_to_match_regex",
        {"column": "name", "regex": PHONE},
        f"name is not null and not regexp_matches(name, '{PHONE}')",
    ),
    (
        "a regular expression is searched for, not matched in full",
        "expect_column_values_to_match_regex",
        {"column": "name", "regex": r"\+86"},
        "name is not null and not contains(name, '+86')",
    ),
    (
        "a repeated value, nulls are not alike",
        "expect_column_values_to_be_unique",
        {"column": "quantity"},
        "quantity in (select quantity from batch group by 1 having count(*) > 1)",
    ),
    (
        "a repeated pair, half a pair is none",
        "expect_compound_columns_to_be_unique",
        {"column_list": ["status", "quantity"]},
        "(status, quantity) in (select (status, quantity) from batch group by status, quantity having count(*) > 1)"
        " and status is not null and quantity is not null",
    ),
    (
        "later, or at the same time",
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "ended", "column_B": "begun", "or_equal": True},
        "ended < begun",
    ),
    (
        "later",
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "ended", "column_B": "begun"},
        "ended <= begun",
    ),
    (
        "a condition, null passes",
        "expect_rows_to_satisfy",
        {"column": "rate", "condition": "rate <= 1 or status = '10:30%'"},
        "not (rate <= 1 or coalesce(status = '10:30%', false))",
    ),
]

TABLE_CASES: list[tuple[str, str, dict[str, Any], bool, str]] = [
    ("enough rows", "expect_table_row_count_to_be_between", {"min_value": 9, "max_value": 9}, True, "9"),
    ("too few rows", "expect_table_row_count_to_be_between", {"min_value": 10}, False, "9"),
    (
        "a condition that holds",
        "expect_table_to_satisfy",
        {"condition": "count(*) filter (where status = 'won') = 1", "observed": "count(status)"},
        True,
        "7",
    ),
    ("one that does not", "expect_table_to_satisfy", {"condition": "max(quantity) < 9"}, False, "9"),
    ("one that is null", "expect_table_to_satisfy", {"condition": "max(quantity) < null"}, False, "9"),
]


def _judge(database: Path, kind: str, arguments: dict[str, Any]) -> RuleResult:
    rule = Rule("rule", kind, arguments, "critical", "en", "zh")
    return validate(database, "batch", Suite("suite", (rule,))).results[0]


def test_every_kind_has_a_case() -> None:
    assert {case[1] for case in [*ROW_CASES, *TABLE_CASES]} == set(KINDS)


@pytest.mark.parametrize(("kind", "arguments", "fails"), [c[1:] for c in ROW_CASES], ids=[c[0] for c in ROW_CASES])
def test_rows_are_those_of_sql_written_by_hand(
    kind: str, arguments: dict[str, Any], fails: str, database: Callable[[str], Path]
) -> None:
    file = database(BATCH)
    result = _judge(file, kind, arguments)
    with duckdb.connect(str(file)) as connection:
        by_hand = [r for (r,) in connection.execute(f"select _row_id from batch where {fails} order by 1").fetchall()]
        by_guard = [r for (r,) in connection.execute(f"{result.failing_rows_sql} order by 1").fetchall()]
    assert by_hand, "a case in which nothing fails shows nothing"
    assert by_guard == by_hand
    assert (result.unexpected_count, result.success, result.element_count) == (len(by_hand), False, 9)


@pytest.mark.parametrize(
    ("kind", "arguments", "success", "observed"), [c[1:] for c in TABLE_CASES], ids=[c[0] for c in TABLE_CASES]
)
def test_tables_are_judged_as_sql_written_by_hand(
    kind: str, arguments: dict[str, Any], success: bool, observed: str, database: Callable[[str], Path]
) -> None:
    result = _judge(database(BATCH), kind, arguments)
    assert (result.success, result.observed) == (success, observed)
    assert (result.failing_rows_sql, result.unexpected_count) == (None, None)


@pytest.mark.parametrize(("kind", "arguments", "fails"), [c[1:] for c in ROW_CASES], ids=[c[0] for c in ROW_CASES])
def test_an_empty_batch_passes(
    kind: str, arguments: dict[str, Any], fails: str, database: Callable[[str], Path]
) -> None:
    result = _judge(database(BATCH + "delete from batch;"), kind, arguments)
    assert (result.success, result.unexpected_count, result.element_count) == (True, 0, 0)


def test_a_condition_fails_a_batch_whose_column_is_null_everywhere(database: Callable[[str], Path]) -> None:
    file = database(BATCH + "update batch set name = null;")
    result = _judge(file, "expect_rows_to_satisfy", {"column": "name", "condition": "name is not null or quantity > 7"})
    assert (result.success, result.unexpected_count) == (False, 5)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("expect_column_values_to_be_unique", {"column": "begun"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["name", "begun"]}),
    ],
    ids=["one column", "two columns"],
)
def test_keys_that_share_a_hash_are_still_two_keys(
    kind: str, arguments: dict[str, Any], database: Callable[[str], Path]
) -> None:
    sql = BATCH + "delete from batch where _row_id > 5; create macro hash(a) as 1, (a, b) as 1;"
    assert _judge(database(sql), kind, arguments).unexpected_count == 0


def test_repeated_keys_are_counted_without_a_join_of_every_row(
    database: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        GuardExecutionEngine,
        "execute_query",
        lambda engine, query: asked.append(str(query)) or SqlAlchemyExecutionEngine.execute_query(engine, query),
    )
    _judge(database(BATCH), "expect_column_values_to_be_unique", {"column": "quantity"})
    _judge(database(BATCH), "expect_compound_columns_to_be_unique", {"column_list": ["status", "quantity"]})
    assert len([query for query in asked if "hash(" in query]) == 2
    told = [query for query in asked if "LIMIT" not in query]  # the others ask for no row
    assert [query for query in told if "JOIN" in query.upper() or "OVER (" in query.upper()] == []
