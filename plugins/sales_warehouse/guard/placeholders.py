"""Placeholders of a suite, such as `${currencies}`, and the parameters of a run that replace them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from sales_warehouse.sql import literal

PLACEHOLDER = re.compile(r"\$\{(\w*)\}")


def resolve(value: object, values: Mapping[str, object], *, within_sql: bool) -> object:
    """Replace placeholders: `${name}` alone becomes the value itself, within SQL it becomes a literal.

    Raises ValueError, with what is allowed, for an unknown name or one among other text.
    """
    if isinstance(value, list):
        return [resolve(item, values, within_sql=within_sql) for item in value]
    if not isinstance(value, str):
        return value
    names = PLACEHOLDER.findall(value)
    unknown = [name for name in names if name not in values]
    if unknown:
        allowed = ", ".join(sorted(values)) or "none"
        raise ValueError(f"unknown placeholder ${{{unknown[0]}}}; allowed: {allowed}")
    if within_sql:
        return PLACEHOLDER.sub(lambda match: _sql(values[match[1]]), value)
    if names and PLACEHOLDER.fullmatch(value) is None:
        raise ValueError(f"a placeholder must stand alone here, not among other text: {value!r}")
    return values[names[0]] if names else value


def as_on_disk(value: object) -> object:
    """A parameter as the data has it: moments in UTC without a zone; sets and tuples as lists."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


def _sql(value: object) -> str:
    if isinstance(value, list):
        return "(" + ", ".join(literal(item) for item in value) + ")"
    return literal(value)
