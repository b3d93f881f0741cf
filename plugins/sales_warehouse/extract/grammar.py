"""What one record of delimited text is, as a regular expression: a judge of the parser that is no parser.

It is the grammar of RFC 4180 with a quote inside of a field without quotes as a character, or with an escape in place
of doubled quotes. No part of it is tried twice, so its time is linear in the text.
"""

from __future__ import annotations

import re
from functools import cache

LINE_ENDS = r"\r\n"


@cache
def record_pattern(delimiter: str, quote: str, escape: str = "", skip_space: bool = False) -> re.Pattern[str]:
    """Return a pattern of one record that is no blank line, with its line ends; `skip_space` after a delimiter."""
    sign, mark, back = map(re.escape, (delimiter, quote, escape))
    end = rf"(?:[{LINE_ENDS}]++|\Z)"
    plain_line = rf"[^{mark}{back}{LINE_ENDS}]++{end}"  # most lines, told at a glance
    field = _field(sign, mark, back)
    if skip_space:
        field = rf" *+{field}"
    return re.compile(rf"{plain_line}|(?=[^{LINE_ENDS}]){field}(?:{sign}{field})*+{end}")


def _field(sign: str, mark: str, back: str) -> str:
    escaped = rf"|{back}(?s:.)?+" if back else ""
    bare = rf"(?:[^{sign}{back}{LINE_ENDS}]++{escaped})*+"
    if not mark:
        return bare
    inside = rf"[^{mark}{back}]++{escaped or f'|{mark}{mark}'}"
    return rf"(?:{mark}(?:{inside})*+{mark}(?=[{sign}{LINE_ENDS}]|\Z)|(?!{mark}){bare})"


def records_in(text: str, record: re.Pattern[str]) -> int | None:
    """Return how many records whole lines are; None when they are not one record after the other."""
    count, place = 0, len(text) - len(text.lstrip("\r\n"))
    while place < len(text):
        found = record.match(text, place)
        if found is None:
            return None
        count, place = count + 1, found.end()
    return count
