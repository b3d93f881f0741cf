"""The kinds of rule that a suite may use, each tested against a hand-written SQL answer.

Great Expectations knows more. A kind is added here together with its case in
`tests/guard/test_kinds.py`: some of its kinds answer wrongly on DuckDB, or carry raw values
into the result (a list of distinct values, for instance).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of rule: its arguments, whether it points at rows, and its reason when a suite gives none."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    points_at_rows: bool
    reason_en: str
    reason_zh: str
    constants: tuple[tuple[str, object], ...] = ()  # arguments that are always the same


_LIMITS = ("min_value", "max_value", "strict_min", "strict_max")

KINDS: dict[str, Kind] = {
    "expect_column_values_to_not_be_null": Kind(("column",), (), True, "{column} is missing", "缺少 {column}"),
    "expect_column_values_to_be_in_set": Kind(
        ("column", "value_set"),
        (),
        True,
        "{column} is not one of the agreed values",
        "{column} 不在约定的取值范围内",
    ),
    "expect_column_values_to_be_between": Kind(
        ("column",), _LIMITS, True, "{column} is out of its range", "{column} 超出允许范围"
    ),
    "expect_column_values_to_match_regex": Kind(
        ("column", "regex"), (), True, "{column} is not well formed", "{column} 格式不正确"
    ),
    "expect_column_values_to_be_unique": Kind(
        ("column",), (), True, "{column} appears more than once", "{column} 重复"
    ),
    "expect_compound_columns_to_be_unique": Kind(
        ("column_list",),
        (),
        True,
        "the combination of {column_list} appears more than once",
        "{column_list} 的组合重复",
        # One null part makes a key no key: such a row is a case for not_be_null, not for this rule.
        (("ignore_row_if", "any_value_is_missing"),),
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": Kind(
        ("column_A", "column_B"),
        ("or_equal",),
        True,
        "{column_A} is before or below {column_B}",
        "{column_A} 早于或小于 {column_B}",
        # A comparison with null is neither true nor false, so such a row passes without a filter;
        # without one the rule shares its scan of the data with all others.
        (("ignore_row_if", "neither"),),
    ),
    "expect_rows_to_satisfy": Kind(
        ("column", "condition"), (), True, "{column} breaks the rule: {condition}", "{column} 不满足规则：{condition}"
    ),
    "expect_table_row_count_to_be_between": Kind(
        (), ("min_value", "max_value"), False, "the number of rows is out of its range", "行数超出允许范围"
    ),
    "expect_table_to_satisfy": Kind(
        ("condition",), ("observed",), False, "the table breaks the rule: {condition}", "数据表不满足规则：{condition}"
    ),
}

# Arguments that are SQL of ours: a placeholder within them becomes a SQL literal.
SQL_ARGUMENTS = ("condition", "observed")
