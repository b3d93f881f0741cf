"""Records that break the rules of their file and can be read in one way only.

Each way gives candidates; a record is mended when exactly one has the number of fields of the table and, where fields
were moved, the kinds of its columns. Everything else is rejected: nothing is guessed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice

from sales_warehouse.extract.rows import Dialect
from sales_warehouse.reading.detect import DELIMITERS, MOST_LINES, records_of
from sales_warehouse.reading.kinds import Profile

LONGEST = 1 << 16  # characters of a record that is looked at again
MOST_READINGS, MOST_STEPS = 64, 10_000
RECORDS_AHEAD = 3  # one of them is a row where a table goes on
ANOTHER_TABLE = "another table begins here"
BELOW_ANOTHER = "below the line where another table begins"
GLUED = "a quote inside of a word and one at the end of a later field: is a delimiter missing?"
NAMES_AGAIN = "the line of names again"
LITERAL_QUOTE = "a quote inside of a field is taken as a character"
NO_FIELD = "a delimiter too many, with nothing beside it, is left out"
OTHER_DELIMITER = "this line has another delimiter: {!r}"


class TableRules:
    """What is known of the records of a table; `strict` puts nothing right."""

    def __init__(self, dialect: Dialect, profile: Profile, names: Sequence[str] | None, *, strict: bool) -> None:
        self.dialect, self.profile, self.width = dialect, profile, len(profile.kinds)
        self.names, self.strict = list(names or ()), strict
        self.ended = False  # by the line where another table begins
        mark = re.escape(dialect.quote)
        self._glued = re.compile(rf"\S{mark}\S") if mark else None

    def is_suspect(self, fields: list[str]) -> bool:
        """Tell whether a record may be no row: names again, or a second table, or below one."""
        return self.ended or fields == self.names or self._is_glued(fields) or self._is_foreign(fields)

    def fault(self, fields: list[str], text: str, ahead: Callable[[int], list[str]]) -> str | None:
        """Return why a record is no row of the table."""
        if self.ended:
            return BELOW_ANOTHER
        if fields == self.names:
            return NAMES_AGAIN
        if self._is_glued(fields) and self.dialect.quote in quoted_field(self.dialect).sub("", text):
            return GLUED
        self.ended = self._is_foreign(fields) and self._begins_another(fields, ahead)
        return ANOTHER_TABLE if self.ended else None

    def _begins_another(self, fields: Sequence[str], ahead: Callable[[int], list[str]]) -> bool:
        """Tell whether a foreign row has names, each another one, and something below that is no row of this table."""
        names = {fields[place].casefold() for place in self.profile.typed}
        if len(names) < len(self.profile.typed):
            return False
        lines = ahead(RECORDS_AHEAD * MOST_LINES)
        below = [record.fields for record in islice(records_of(lines, self.dialect), RECORDS_AHEAD)]
        return bool(below) and not any(len(row) == self.width and self.profile.mostly_fits(row) for row in below)

    def _is_glued(self, fields: Sequence[str]) -> bool:
        """Tell whether a quote opens inside of a word, and one closes at the end of a later field."""
        if self._glued is None or not any(self.dialect.quote in cell for cell in fields):
            return False
        opened = False
        for cell in fields:
            if opened and cell.endswith(self.dialect.quote) and cell.count(self.dialect.quote) % 2:
                return True
            opened = opened or bool(self._glued.search(cell))
        return False

    def _is_foreign(self, fields: Sequence[str]) -> bool:
        return len(self.profile.typed) > 1 and self.profile.is_foreign(fields)

    def mended(self, text: str) -> tuple[list[str], str] | None:
        """Return the fields and what was done; None where there is no reading, or more than one."""
        if self.strict or self.ended or len(text) > LONGEST:
            return None
        found = _strictly(text, self.dialect)
        if found is None:
            fields = with_literal_quotes(text, self.dialect, self.width)
            fits = fields and self.profile.fits([cell.replace(self.dialect.quote, "") for cell in fields])
            return (fields, LITERAL_QUOTE) if fields and fits else None
        if not self.profile.typed:
            return None
        if len(found) > self.width and (fields := _only(self._without_nothing(found))) and set(found) >= set(fields):
            return fields, NO_FIELD
        if len(found) < self.width and (other := _only(self._with_other_delimiters(text))):
            return other[1:], OTHER_DELIMITER.format(other[0])
        return None

    def _without_nothing(self, found: Sequence[str]) -> Iterator[list[str]]:
        """Yield what is left without one empty field.

        What two fields make that a delimiter without quotes has parted is yielded too: it makes the other uncertain.
        """
        extra = len(found) - self.width
        if extra > 1:
            if not any(found[self.width :]) and self.profile.fits(found):
                yield list(found[: self.width])
            return
        for place, cell in enumerate(found):
            if not cell:
                yield from self._fitting([*found[:place], *found[place + 1 :]])
            elif place and found[place - 1]:
                parted = found[place - 1] + self.dialect.delimiter + cell
                yield from self._fitting([*found[: place - 1], parted, *found[place + 1 :]])

    def _with_other_delimiters(self, text: str) -> Iterator[list[str]]:
        for sign in DELIMITERS:
            if sign == self.dialect.delimiter or sign not in text:
                continue
            found = _strictly(text, replace(self.dialect, delimiter=sign, skip_space=False))
            if found and len(found) == self.width and self.profile.fits(found):
                yield [sign, *found]

    def _fitting(self, fields: list[str]) -> Iterator[list[str]]:
        if self.profile.fits(fields):
            yield fields


def header_of(text: str, dialect: Dialect, width: int) -> tuple[list[str], str | None] | None:
    """Return `width` names from a line that has another number of fields, and what was done to it; None if unclear."""
    found = _strictly(text, dialect)
    if found is None:
        names = with_literal_quotes(text, dialect, width)
        return (names, LITERAL_QUOTE) if names else None
    if len(found) == width:
        return found, None
    if len(found) == width + 1 and found.count("") == 1:
        return [name for name in found if name], NO_FIELD
    for sign in DELIMITERS:
        other = _strictly(text, replace(dialect, delimiter=sign, skip_space=False))
        if sign != dialect.delimiter and other and len(other) == width and all(other):
            return other, OTHER_DELIMITER.format(sign)
    return None


def _only(candidates: Iterable[list[str]]) -> list[str] | None:
    """Return the one candidate that there is; equal ones are one."""
    different: list[list[str]] = []
    for fields in candidates:
        if fields not in different:
            different.append(fields)
    return different[0] if len(different) == 1 else None


def _strictly(text: str, dialect: Dialect) -> list[str] | None:
    """Return the fields of one record by the rules, None where the quotes are broken."""
    if not dialect.record.fullmatch(text):
        return None
    try:
        return next(dialect.reader(iter([text])), [])
    except csv.Error:
        return None


@cache
def quoted_field(dialect: Dialect) -> re.Pattern[str]:
    """Return a pattern of a field in quotes with what stands before it."""
    sign, mark = re.escape(dialect.delimiter), re.escape(dialect.quote)
    inside = rf"{re.escape(dialect.escape)}.|[^{mark}]" if dialect.escape else rf"[^{mark}]|{mark}{mark}"
    space = " *" if dialect.skip_space else ""
    return re.compile(rf"(?:\A|{sign}){space}{mark}(?:{inside})*+{mark}(?=[{sign}\r\n]|\Z)", re.DOTALL)


def with_literal_quotes(text: str, dialect: Dialect, width: int) -> list[str] | None:
    """Return the fields of a line when a quote ends a field only before a delimiter, and at most one field without
    quotes around it has a quote in it.

    Of the readings with `width` fields the one without such a field is taken, if there is only one. Doubled quotes are
    one quote; only when that gives no reading are they two.
    """
    if not dialect.quote or dialect.quote not in text or "\n" in text:
        return None
    for doubled in (True, False):
        readings = list(islice(_readings(text, dialect, width, doubled), MOST_READINGS))
        if readings:
            fewest = min(literal for literal, _ in readings)
            return _only(fields for literal, fields in readings if literal == fewest)
    return None


def _readings(text: str, dialect: Dialect, width: int, doubled: bool) -> Iterator[tuple[int, list[str]]]:
    quoted, bare = _patterns(dialect, doubled)
    undone: list[tuple[int, int, list[str]]] = [(0, 0, [])]  # where to go on, quotes as characters, fields so far
    steps = 0
    while undone and steps < MOST_STEPS:
        place, literal, fields = undone.pop()
        steps += 1
        if place > len(text):
            if len(fields) == width and literal < 2:
                yield literal, fields
            continue
        if len(fields) == width or literal > 1:
            continue
        plain = bare.match(text, place)
        if plain:
            undone.append((plain.end() + 1, literal + (dialect.quote in plain[1]), [*fields, plain[1]]))
        if whole := quoted.match(text, place):
            undone.append((whole.end() + 1, literal, [*fields, _unescaped(whole[1], dialect, doubled)]))


@cache
def _patterns(dialect: Dialect, doubled: bool) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return patterns of a field in quotes, as far as the next quote before a delimiter, and of one without."""
    sign, mark = re.escape(dialect.delimiter), re.escape(dialect.quote)
    end, space = rf"(?={sign}|$)", " *" if dialect.skip_space else ""
    escaped = rf"{re.escape(dialect.escape)}.|" if dialect.escape else ""
    pair = rf"{mark}{mark}|" if doubled else ""
    inside = rf"{escaped}[^{mark}]|{pair}{mark}(?!{sign}|$)"
    return re.compile(rf"{space}{mark}((?:{inside})*+){mark}{end}"), re.compile(rf"{space}([^{sign}]*){end}")


def _unescaped(quoted: str, dialect: Dialect, doubled: bool) -> str:
    if dialect.escape:
        return re.sub(re.escape(dialect.escape) + "(.)", r"\1", quoted)
    return quoted.replace(dialect.quote * 2, dialect.quote) if doubled else quoted
