"""What a spreadsheet would take for a formula, in CSV files that people open in one."""

from __future__ import annotations

import re

from sales_warehouse.sql import literal

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NEGATIVE = re.compile(r"-[0-9]+(?:\.[0-9]+)?")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with a ' before it, where it would be one."""
    return f"'{text}" if text.startswith(FORMULA) and not NEGATIVE.fullmatch(text) else text


def harmless_in_sql(text: str) -> str:
    """Return the SQL of the same."""
    begins = " or ".join(f"starts_with({text}, {literal(sign)})" for sign in FORMULA)
    is_formula = f"({begins}) and not regexp_full_match({text}, {literal(NEGATIVE.pattern)})"
    return f"case when {is_formula} then '''' || {text} else {text} end"
