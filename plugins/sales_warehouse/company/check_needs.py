"""Rules of needs that are no regular expression, or find something everywhere, are refused before a run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb

from sales_warehouse.company.load import Document, Problem
from sales_warehouse.company.needs import NeedRule, NeedsFile


def check_needs(file: NeedsFile, document: Document) -> Iterator[Problem]:
    """Yield the mistakes of needs.yml."""
    seen: set[str] = set()
    with duckdb.connect() as connection:
        for f, field in enumerate(file.fields):
            places: list[tuple[str, tuple[str | int, ...]]] = [(field.id, ("fields", f, "id"))]
            for r, rule in enumerate(field.rules):
                places.append((f"rule {rule.id}", ("fields", f, "rules", r, "id")))
                if rule.find is not None and (text := _wrong(rule, connection)):
                    yield document.problem(text, "fields", f, "rules", r, "find")
            for name, place in places:
                if name in seen:
                    yield document.problem(f"{name!r} is there twice; rename one", *place)
                seen.add(name)


def _wrong(rule: NeedRule, connection: duckdb.DuckDBPyConnection) -> str | None:
    try:
        [(is_empty,)] = connection.execute("select regexp_matches('', ?)", [rule.find]).fetchall()
    except duckdb.Error as error:
        return f"is no regular expression: {str(error).removeprefix('Invalid Input Error: ')}"
    if is_empty:
        return "finds something in an empty text, so it would in every one; let it ask for at least one character"
    if groups(rule) > 1:
        return f"has {groups(rule)} groups; mark the value with one, and write the others as (?:…)"
    return None


def groups(rule: NeedRule) -> int:
    """Return how many groups the pattern of a rule has."""
    return len(re.findall(r"(?<!\\)\((?!\?(?!P<))", re.sub(r"\[[^]]*\]", "", rule.pattern or "")))
