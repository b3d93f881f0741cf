"""The words of the world: Chinese as the scripts have them, or English by lists/english.csv.

The scripts are written once. In an English world every Chinese word of a script, a list, a table or a parameter becomes
its English one, the longest first; names of people and brands become pinyin, with a space between their parts.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any, Literal

from sales_warehouse.demo.tables import Mistake, SourceTable

Language = Literal["zh", "en"]
ROMANISED = frozenset({"brands", "surnames", "given_names"})


class Words:
    """Translates what a script says; in Chinese everything stays."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._dictionary = _dictionary() if language == "en" else {}
        longest_first = sorted(self._dictionary, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    @property
    def gap(self) -> str:
        """What stands between the parts of a name."""
        return " " if self.language == "en" else ""

    def script(self, sql: str) -> str:
        """Translate the words of a SQL script."""
        return self._replaced(sql, quoted=True)

    def text(self, text: str) -> str:
        """Translate the words of a text."""
        return self._replaced(text, quoted=False)

    def cell(self, value: object) -> object:
        """Translate a value that is a word, or several with bars between them."""
        if not isinstance(value, str):
            return value
        return "|".join(self._dictionary.get(part, part) for part in value.split("|"))

    def row(self, name: str, row: dict[str, Any]) -> dict[str, Any]:
        """Translate a row of a list."""
        if self.language == "en" and name in ROMANISED:
            return row | {"written": row["pinyin"].capitalize()}
        return {column: self.cell(value) for column, value in row.items()}

    def table(self, table: SourceTable) -> SourceTable:
        """Translate the columns of a table and what its mistakes write."""
        return replace(
            table,
            key=tuple(map(self.text, table.key)),
            mistakes=tuple(
                Mistake(m.kind, m.severity, self.text(m.column), self.script(m.written)) for m in table.mistakes
            ),
        )

    def _replaced(self, text: str, *, quoted: bool) -> str:
        def word(match: re.Match[str]) -> str:
            english = self._dictionary[match.group()]
            return english.replace("'", "''") if quoted else english

        return self._pattern.sub(word, text) if self._pattern else text


CHINESE = Words("zh")


@cache
def _dictionary() -> dict[str, str]:
    text = (resources.files(__package__) / "lists" / "english.csv").read_text(encoding="utf-8")
    return {row["zh"]: row["en"] for row in csv.DictReader(text.splitlines())}
