"""Which dialect a sample of a file is written in.

Every candidate is tried; the one under which rows are most alike and cells look most like something is taken: pattern
score times type score, after G. van den Burg, A. Nazábal, C. Sutton, "Wrangling messy CSV files by detecting row and
type patterns", Data Mining and Knowledge Discovery 33 (2019), with rows compared by their number of fields.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sales_warehouse.extract.rows import Dialect
from sales_warehouse.reading.kinds import TEXT, kind

DELIMITERS = (",", ";", "\t", "|", " ", ":", "^", "~", "\x1f", "，")
SHY = (" ", ":")  # signs of times and of texts: a table needs more than two columns of them
QUOTES = ('"', "'")
MOST_ROWS, MOST_CELLS = 400, 4_000
NEARLY_ALL = 0.9
MOST_LINES = 20  # of one record in a sample; more is taken for an unclosed quote
LONGEST_LINE = 1 << 16  # characters of a line that are looked at


def detect(lines: Sequence[str], delimiter: str | None, quote: str | None, escape: str | None) -> Dialect:
    """Return the likely dialect of whole lines; what is given is taken as it is."""
    lines = [line[:LONGEST_LINE] for line in lines]
    text = "".join(lines)
    candidates = [delimiter[0]] if delimiter else [sign for sign in DELIMITERS if sign in text or sign == ","]
    found = [_with_quotes(lines, text, sign, quote, escape) for sign in candidates]
    best = max(found, key=lambda dialect: _score(lines, dialect)) if len(found) > 1 else found[0]
    spaced = len(delimiter) > 1 if delimiter else _is_spaced(lines, best)
    return replace(best, skip_space=spaced)


@dataclass(frozen=True)
class Record:
    """A record of a sample, in the lines from `line` (from 0) up to `end`."""

    line: int
    fields: list[str]
    end: int
    is_broken: bool = False


def records_of(lines: Sequence[str], dialect: Dialect) -> Iterator[Record]:
    """Yield the records of a sample; one that cannot be read is its first line, cut at every delimiter."""
    place = done = 0
    reader = dialect.reader(iter(lines))
    while place < len(lines):
        try:
            fields = next(reader, [])
            taken = max(1, reader.line_num - done)
        except csv.Error:
            fields, taken = [], MOST_LINES + 1
        is_broken = taken > MOST_LINES or bool(fields and not _is_record(lines[place : place + taken], dialect))
        if is_broken:
            fields, taken = lines[place].rstrip("\r\n").split(dialect.delimiter), 1
            reader, done = dialect.reader(iter(lines[place + 1 :])), 0
        else:
            done = reader.line_num
        if fields:
            yield Record(place, fields, place + taken, is_broken)
        place += taken


def _is_record(lines: Sequence[str], dialect: Dialect) -> bool:
    """Tell whether csv is right about the lines of a record; only with an escape it lets broken quotes pass."""
    return not dialect.escape or bool(dialect.record.fullmatch("".join(lines)))


def _rows(lines: Sequence[str], dialect: Dialect) -> list[list[str]]:
    return [record.fields for record in records_of(lines, dialect)]


def common_width(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of fields that most rows have; where none is that common, that of the first."""
    if not rows:
        return 0
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return width if 2 * count > len(rows) else len(rows[0])


def _with_quotes(lines: Sequence[str], text: str, delimiter: str, quote: str | None, escape: str | None) -> Dialect:
    if quote is None:
        evidence = {sign: _quoted(text, delimiter, sign) for sign in QUOTES}
        quote = max(QUOTES, key=lambda sign: evidence[sign])  # the double quote where there is none
    plain = Dialect(delimiter, quote, "" if escape is None or escape == quote else escape)
    bare = len(re.findall(rf"(?<=\w){re.escape(quote)}(?=\w)", text)) if quote else 0
    if escape is not None or not quote or text.count("\\" + quote) <= bare:
        return plain
    return max(plain, replace(plain, escape="\\"), key=lambda dialect: _alike_and_whole(lines, dialect))


def _alike_and_whole(lines: Sequence[str], dialect: Dialect) -> tuple[float, int]:
    """Return the pattern score and how few records are broken: what tells where no delimiter is near a quote."""
    records = list(records_of(lines, dialect))
    return _alikeness([record.fields for record in records]), -sum(record.is_broken for record in records)


def _quoted(text: str, delimiter: str, quote: str) -> int:
    """Count fields that begin and fields that end with a quote; return the smaller of the two."""
    sign, mark = re.escape(delimiter), re.escape(quote)
    begins = re.findall(rf"(?:^|{sign} ?){mark}(?!{mark}*(?:{sign}|$))", text, re.MULTILINE)
    ends = re.findall(rf"(?<![{sign}{mark}]){mark}\s?(?={sign}|$)", text, re.MULTILINE)
    return min(len(begins), len(ends))


def _alikeness(rows: Sequence[Sequence[str]]) -> float:
    """Return the pattern score: many rows of few kinds, and many fields in each."""
    if not rows:
        return 0.0
    widths = Counter(map(len, rows))
    return sum(count * (width - 1) / width for width, count in widths.items()) / len(widths) / len(rows)


def _score(lines: Sequence[str], dialect: Dialect) -> float:
    rows = _rows(lines[:MOST_ROWS], replace(dialect, skip_space=bool(dialect.quote)))
    if dialect.delimiter in SHY and common_width(rows) <= 2:
        return 0.0
    cells = list(islice((cell for row in rows for cell in row), MOST_CELLS))
    known = sum(not cell or kind(cell) is not None or bool(TEXT.fullmatch(cell)) for cell in cells)
    return _alikeness(rows) * known / len(cells) if cells else 0.0


def _is_spaced(lines: Sequence[str], dialect: Dialect) -> bool:
    """Tell whether a space follows nearly every delimiter that begins a field: then it belongs to the delimiter."""
    if dialect.delimiter.isspace():
        return False
    rows = _rows(lines, replace(dialect, quote="", escape=""))
    later = [cell for row in rows for cell in row[1:] if cell]
    return bool(later) and sum(cell.startswith(" ") for cell in later) >= NEARLY_ALL * len(later)
