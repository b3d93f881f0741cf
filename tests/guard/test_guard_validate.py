"""What surrounds the judging: errors are ours, values stay in the data, the file is let go of."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sales_warehouse.guard.errors import GuardError
from sales_warehouse.guard.suites import Rule, Suite
from sales_warehouse.guard.validate import Validation, validate

CANARY = "+8613912345678"
BATCH = f"""
    create table orders as from (values (1, 'O1', '{CANARY}', 5), (2, null, '{CANARY}', -5))
        t(_row_id, order_id, phone, quantity)
"""


def _rule(rule_id: str, kind: str, severity: str = "critical", **arguments: Any) -> Rule:
    return Rule(rule_id, kind, arguments, severity, "en", "zh")


REQUIRED = _rule("required", "expect_column_values_to_not_be_null", column="order_id")
PHONE = _rule("phone", "expect_column_values_to_match_regex", "warning", column="phone", regex="^[a-z]+$")
KNOWN = _rule("known", "expect_column_values_to_be_in_set", column="phone", value_set=["x"])
TWICE = _rule("twice", "expect_column_values_to_be_unique", column="phone")
PAIR = _rule("pair", "expect_compound_columns_to_be_unique", column_list=["phone", "quantity"])
TABLE = _rule("table", "expect_table_to_satisfy", condition="count(*) = 3")


def _suite(*rules: Rule) -> Suite:
    return Suite("orders", rules)


def test_results_come_in_the_order_of_the_suite(database: Callable[[str], Path]) -> None:
    validation = validate(database(BATCH), "orders", _suite(TABLE, PHONE, REQUIRED))
    assert [result.rule for result in validation.results] == ["table", "phone", "required"]
    assert [result.rule for result in validation.failed()] == ["table", "required"]
    assert [result.rule for result in validation.failed("warning")] == ["phone"]


def test_no_value_of_the_data_is_in_the_results(database: Callable[[str], Path], tmp_path: Path) -> None:
    validation = validate(database(BATCH), "orders", _suite(PHONE, KNOWN, TWICE, PAIR, REQUIRED, TABLE))
    assert len(validation.failed()) == 4
    validation.save(tmp_path / "kept.json")
    kept = (tmp_path / "kept.json").read_text(encoding="utf-8")
    assert CANARY not in kept + repr(validation) + json.dumps(validation.gx_result)
    assert CANARY[3:] not in kept
    assert Validation.load(tmp_path / "kept.json") == validation


def test_nothing_is_printed_or_logged_about_the_data(
    database: Callable[[str], Path], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    validate(database(BATCH), "orders", _suite(PHONE, KNOWN, TWICE))
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err + caplog.text
    assert "Calculating Metrics" not in printed.err


def test_the_file_is_free_again_for_a_writer(database: Callable[[str], Path]) -> None:
    file = database(BATCH)
    validate(file, "orders", _suite(PHONE, KNOWN, REQUIRED))
    write = f"import duckdb; duckdb.connect({str(file)!r}).execute('insert into orders values (3, null, null, null)')"
    assert subprocess.run([sys.executable, "-c", write], check=False).returncode == 0
    with duckdb.connect(str(file)) as connection:
        connection.execute("insert into orders values (4, null, null, null)")


def test_the_file_is_free_again_after_an_error(database: Callable[[str], Path]) -> None:
    file = database(BATCH)
    with pytest.raises(GuardError):
        validate(
            file, "orders", _suite(_rule("wrong", "expect_rows_to_satisfy", column="phone", condition="nothing > 1"))
        )
    with duckdb.connect(str(file)) as connection:
        connection.execute("insert into orders values (4, null, null, null)")


def test_the_guard_cannot_write(database: Callable[[str], Path]) -> None:
    file = database(BATCH)
    before = file.read_bytes()
    validate(file, "orders", _suite(PHONE, TWICE, PAIR))
    assert file.read_bytes() == before


WRONG: list[tuple[str, Rule, str]] = [
    (
        "a column that is not there",
        _rule("r", "expect_column_values_to_not_be_null", column="colour"),
        "suite orders, rule r: orders has no column colour; it has _row_id, order_id, phone, quantity",
    ),
    (
        "a column that a condition names",
        _rule("r", "expect_rows_to_satisfy", column="phone", condition="colour > 1"),
        'no finding about the data.*rule r: .*column "colour" not found',
    ),
    (
        "a condition that is no SQL",
        _rule("r", "expect_table_to_satisfy", condition="count( > 1"),
        "rule r: .*[Ss]yntax error",
    ),
    (
        "a value that cannot be cast",
        _rule("r", "expect_rows_to_satisfy", column="phone", condition="phone::date > '2026-01-01'"),
        "rule r: .*Conversion Error",
    ),
    (
        "a range of text",
        _rule("r", "expect_column_values_to_be_between", column="phone", min_value=0),
        "rule r: .*VARCHAR",
    ),
    (
        "limits the wrong way round",
        _rule("r", "expect_column_values_to_be_between", column="quantity", min_value=2, max_value=1),
        "rule r: .*min_value cannot be greater than max_value",
    ),
]


@pytest.mark.parametrize(("rule", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_an_error_is_never_bad_data(
    rule: Rule, message: str, database: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    with pytest.raises(GuardError, match=message) as error:
        validate(database(BATCH), "orders", _suite(REQUIRED, rule))
    assert CANARY not in str(error.value) + caplog.text
    assert "required" not in str(error.value), "only the rule that is to blame is named"


@pytest.mark.parametrize(
    ("relation", "arguments", "message"),
    [
        ("nothing", {}, "nothing cannot be read in .*batch.duckdb"),
        ("orders", {"schema": "marts"}, 'the schema "marts" does not exist'),
        ("orders", {"row_id": "id"}, "orders has no column id to name failing rows by"),
    ],
    ids=["no relation", "no schema", "no row id"],
)
def test_what_is_not_there_is_named(
    relation: str, arguments: dict[str, str], message: str, database: Callable[[str], Path]
) -> None:
    with pytest.raises(GuardError, match=message):
        validate(database(BATCH), relation, _suite(REQUIRED), **arguments)


def test_a_file_that_is_open_elsewhere_is_named(database: Callable[[str], Path]) -> None:
    file = database(BATCH)
    with (
        duckdb.connect(str(file)),
        pytest.raises(GuardError, match=r"batch\.duckdb cannot be opened: .*different configuration"),
    ):
        validate(file, "orders", _suite(REQUIRED))
    assert validate(file, "orders", _suite(REQUIRED)).failed()


def test_a_missing_file_and_an_empty_suite_are_named(database: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(GuardError, match="there is no DuckDB file"):
        validate(tmp_path / "none.duckdb", "orders", _suite(REQUIRED))
    with pytest.raises(GuardError, match="suite orders has no rules"):
        validate(database(BATCH), "orders", _suite())


def test_a_view_over_parquet_is_judged_in_a_schema_of_its_own(database: Callable[[str], Path], tmp_path: Path) -> None:
    parquet = tmp_path / "orders.parquet"
    file = database(f"""{BATCH}; copy orders to '{parquet}'; create schema "select";
        create view "select"."Order Lines" as
        select *, quantity as "Order", 1 as "group", 1 as "at" from read_parquet('{parquet}')""")
    rules = [
        _rule("upper", "expect_column_values_to_be_between", column="Order", min_value=0),
        _rule("reserved", "expect_column_values_to_be_in_set", column="group", value_set=[2]),
        _rule("pair", "expect_compound_columns_to_be_unique", column_list=["phone", "group", "at"]),
        TWICE,
    ]
    validation = validate(file, "Order Lines", Suite("lines", tuple(rules)), schema="select", row_id="_row_id")
    assert [result.unexpected_count for result in validation.results] == [1, 2, 2, 2]
    with duckdb.connect(str(file)) as connection:
        for result in validation.results:
            assert len(connection.execute(str(result.failing_rows_sql)).fetchall()) == result.unexpected_count


def test_without_row_id_there_is_no_query(database: Callable[[str], Path]) -> None:
    results = validate(database(BATCH), "orders", _suite(REQUIRED, TABLE), row_id=None).results
    assert [result.failing_rows_sql for result in results] == [None, None]
    assert results[0].unexpected_count == 1


def test_all_failing_rows_are_selected_not_only_the_first(database: Callable[[str], Path]) -> None:
    file = database("create table orders as select i as _row_id, null::varchar as order_id from range(5000) t(i)")
    result = validate(file, "orders", _suite(REQUIRED)).results[0]
    with duckdb.connect(str(file)) as connection:
        found = connection.execute(f"select count(distinct _row_id) from ({result.failing_rows_sql})").fetchone()
    assert (result.unexpected_count, found) == (5000, (5000,))


def test_one_bad_row_in_many_is_not_rounded_away(database: Callable[[str], Path]) -> None:
    file = database(
        "create table orders as select i as _row_id, nullif(i, 7)::varchar as order_id from range(3000000) t(i)"
    )
    result = validate(file, "orders", _suite(REQUIRED)).results[0]
    assert (result.success, result.unexpected_count) == (False, 1)


def test_the_statements_that_the_guard_sends_hold_no_other_schema(database: Callable[[str], Path]) -> None:
    file = database(f"{BATCH}; create schema other; create table other.orders as select 9 as x")
    assert validate(file, "orders", _suite(REQUIRED)).results[0].unexpected_count == 1


def test_great_expectations_is_imported_only_to_judge() -> None:
    code = (
        "import sys, sales_warehouse.guard.suites, sales_warehouse.guard.validate, sales_warehouse.guard.data_docs;"
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nothing_is_sent_anywhere(database: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: called.append(address))
    validate(database(BATCH), "orders", _suite(PHONE, REQUIRED, TABLE))
    assert called == []
