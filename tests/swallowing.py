"""Python's csv as it must never be: it loses a record together with its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count


def swallowing(honest: Callable[..., Iterator[list[str]]], keeps_first: bool, every: int = 10_000) -> Callable:
    """Return a `Dialect.reader` that takes the lines of two records for one, once in `every` records."""
    places = count(1)

    class Swallowing:
        def __init__(self, dialect: object, lines: Iterator[str]) -> None:
            self.records = honest(dialect, lines)

        def __iter__(self) -> Iterator[list[str]]:
            return self

        def __next__(self) -> list[str]:
            fields = next(self.records)
            following = next(self.records, fields) if next(places) % every == 0 else fields
            return fields if keeps_first else following

        @property
        def line_num(self) -> int:
            return self.records.line_num  # type: ignore[attr-defined]

    return lambda dialect, lines: Swallowing(dialect, lines)
