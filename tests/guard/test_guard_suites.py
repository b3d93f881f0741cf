"""A wrong suite file is refused with its file, its line and what is allowed there."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from sales_warehouse.guard.errors import SuiteError
from sales_warehouse.guard.suites import Suite, load_suite

RULE = "  - type: expect_column_values_to_not_be_null\n    column: order_id\n"


def _load(folder: Path, rules: str, **parameters: object) -> Suite:
    (folder / "orders.yml").write_text(f"suite: orders\nrules:\n{rules}", encoding="utf-8")
    return load_suite(folder, "orders", parameters)


WRONG: list[tuple[str, str, str]] = [
    (
        "an unknown kind",
        "  - type: expect_magic\n    column: a\n",
        r"orders\.yml:3: rule 1: unknown expectation type "
        r"'expect_magic'; allowed: .*expect_column_values_to_be_between",
    ),
    ("the second rule is wrong", RULE + "  - type: nonsense\n", r"orders\.yml:5: rule 2: unknown expectation type"),
    ("a rule that is no mapping", "  - order_id\n", r"rule 1: unknown expectation type 'order_id'"),
    ("no column", "  - type: expect_column_values_to_not_be_null\n", r":3: rule 1: .* needs column"),
    ("no set", "  - {type: expect_column_values_to_be_in_set, column: a}\n", "needs value_set"),
    ("an empty set", "  - {type: expect_column_values_to_be_in_set, column: a, value_set: []}\n", "value_set is empty"),
    ("no limit", "  - {type: expect_column_values_to_be_between, column: a}\n", "needs min_value, max_value or both"),
    (
        "an argument it does not take",
        RULE + "    mostly: 0.9\n",
        "does not take mostly; allowed: type, id, severity, reason, column",
    ),
    (
        "an unknown severity",
        RULE + "    severity: fatal\n",
        "severity 'fatal' is unknown; allowed: critical, warning, info",
    ),
    ("a reason in one language", RULE + "    reason: {en: why}\n", "reason must have exactly the keys en and zh"),
    (
        "an unknown placeholder",
        "  - {type: expect_column_values_to_be_in_set, column: a, value_set: '${countries}'}\n",
        r"value_set: unknown placeholder \$\{countries\}; allowed: currencies, latest_moment",
    ),
    (
        "an unknown placeholder in SQL",
        "  - {type: expect_rows_to_satisfy, column: a, condition: 'a < ${x}'}\n",
        r"condition: unknown placeholder \$\{x\}",
    ),
    (
        "a placeholder among other text",
        "  - {type: expect_column_values_to_match_regex, column: a, regex: '^${currencies}'}\n",
        "regex: a placeholder must stand alone here",
    ),
    ("two rules of one name", RULE + RULE, "two rules are called 'expect_column_values_to_not_be_null.order_id'"),
]


@pytest.mark.parametrize(("rules", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_rule_is_refused(rules: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=message):
        _load(tmp_path, rules, currencies=["CNY"], latest_moment=datetime.datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("suite: returns\nrules: []\n", "must have the keys 'suite: orders' and 'rules'"),
        ("suite: orders\n", "must have the keys"),
        ("suite: orders\nrules: []\nmore: 1\n", "nothing else"),
        ("- a\n", "must be a mapping"),
        ("suite: [\n", "not valid YAML"),
        ("suite: orders\nsuite: orders\nrules: []\n", "not valid YAML"),
    ],
    ids=["another name", "no rules", "a key too many", "a list", "broken YAML", "a key twice"],
)
def test_a_wrong_file_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "orders.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError, match=message):
        load_suite(tmp_path, "orders", {})


def test_an_unknown_suite_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "returns.yml").write_text("suite: returns\nrules: []\n", encoding="utf-8")
    with pytest.raises(SuiteError, match=r"orders\.yml: there is no such suite; this folder has: returns"):
        load_suite(tmp_path, "orders", {})


def test_placeholders_become_values_and_in_sql_literals(tmp_path: Path) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=8))
    suite = _load(
        tmp_path,
        "  - {type: expect_column_values_to_be_in_set, column: a, value_set: '${currencies}'}\n"
        "  - {type: expect_column_values_to_be_between, column: b, max_value: '${latest_moment}'}\n"
        "  - {id: c, type: expect_rows_to_satisfy, column: c,"
        " condition: 'c in ${currencies} and b < ${latest_moment}'}\n",
        currencies={"USD", "O'X"},
        latest_moment=datetime.datetime(2026, 7, 1, 8, tzinfo=zone),
    )
    assert suite.rules[0].arguments["value_set"] == ["O'X", "USD"]
    assert suite.rules[1].arguments["max_value"] == datetime.datetime(2026, 7, 1)
    assert suite.rules[2].arguments["condition"] == (
        "c in ('O''X', 'USD') and b < TIMESTAMP '2026-07-01 00:00:00.000000'"
    )


def test_a_rule_without_id_and_reason_gets_both(tmp_path: Path) -> None:
    rule = _load(tmp_path, "  - {type: expect_compound_columns_to_be_unique, column_list: [a, b]}\n").rules[0]
    assert (rule.id, rule.column, rule.severity) == ("expect_compound_columns_to_be_unique.a.b", "a", "critical")
    assert (rule.reason_en, rule.reason_zh) == ("the combination of a, b appears more than once", "a, b 的组合重复")
