"""Where to go on: the highest cursor that landed, moved back by an overlap, because commits arrive late."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["text", "moment", "date", "integer", "decimal"]

EPOCH = {10: 1, 13: 1_000, 16: 1_000_000}  # digits of a number that counts from 1970 → ticks in a second
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
DAY, MOMENT = 8, 14  # digits of YYYYMMDD and YYYYMMDDhhmmss
# A day, with or without a time of day, fraction and zone, in the separators of ISO, of slashes or of none.
_MOMENT = re.compile(
    r"(?P<year>[0-9]{4})(?P<a>[-/]?)(?P<month>[0-9]{2})(?P=a)(?P<day>[0-9]{2})"
    r"(?:(?P<b>[T ]?)(?P<hour>[0-9]{2})(?:(?P<c>:?)(?P<minute>[0-9]{2})(?:(?P=c)(?P<second>[0-9]{2})"
    r"(?:(?P<d>[.,])(?P<fraction>[0-9]{1,9}))?)?)?(?P<zone> ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_LIKE_A_MOMENT = re.compile(
    r"^(?:[0-9]{4}([./-])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([./-])[0-9]{1,2}\2[0-9]{2,4})(?![0-9./-])|"
    r"^[0-9]{4}-?W[0-9]{2}|^[0-9]{4}年|\b[0-9]{1,2}:[0-9]{2}\b|"
    rf"\b[0-9]{{1,2}}[ -]{_MONTH}[ ,-]+[0-9]{{2,4}}\b|\b{_MONTH} [0-9]{{1,2}},? [0-9]{{4}}\b",
    re.IGNORECASE,
)


class NoCursor(ValueError):
    """A value that cannot tell what is new; the message says why and what to do."""


@dataclass(frozen=True)
class Written:
    """A moment and the parts of its text; it has a zone where the text has one."""

    moment: datetime.datetime
    part: Mapping[str, str | None]

    def day_and_time(self, other: datetime.datetime) -> str:
        """Write another moment with these separators, as far as this one goes: to the day, minute or second."""
        part = self.part
        text = f"{other.year:04d}{part['a']}{other:%m}{part['a']}{other:%d}"
        for before, name, letter in (("b", "hour", "%H"), ("c", "minute", "%M"), ("c", "second", "%S")):
            if part[name]:
                text += f"{part[before]}{other:{letter}}"
        return text

    def like(self, other: datetime.datetime) -> str:
        """Write another moment, which is in the zone of this one, in the same way."""
        text, fraction = self.day_and_time(other), self.part["fraction"] or ""
        if fraction:
            text += f"{self.part['d']}{f'{other.microsecond:06d}'.ljust(len(fraction), '0')[: len(fraction)]}"
        return text + (self.part["zone"] or "")


def lower_bound(cursor: str, overlap_minutes: int, kind: Kind, overlap_numbers: int = 0) -> Any:
    """Return the value from which rows are read again, ready to be bound to a column of this kind.

    A number goes back by `overlap_numbers`, because a transaction that took its number earlier may commit later; one
    that looks like a moment since 1970, or written with digits alone, goes back by at least the minutes.
    Raises NoCursor for a moment that cannot be moved, ValueError when the cursor that landed is not of this kind.
    """
    overlap = datetime.timedelta(minutes=overlap_minutes)
    if kind == "integer":
        return _earlier_number(cursor, int(cursor), overlap, overlap_numbers)
    if kind == "decimal":
        return _earlier_number(cursor, Decimal(cursor), overlap, overlap_numbers)
    if kind == "moment":
        return _back(datetime.datetime.fromisoformat(cursor), overlap)
    if kind == "date":
        return _back(datetime.datetime.fromisoformat(cursor), overlap).date()
    if written := written_moment(cursor):
        return written.like(_back(written.moment, overlap))
    if _is_digits(cursor):
        earlier = max(0, int(cursor) - _steps(cursor, overlap, overlap_numbers))
        return str(earlier).rjust(len(cursor), "0")
    if NUMBER.fullmatch(cursor):
        return format(Decimal(cursor) - _steps(cursor, overlap, overlap_numbers), "f")
    if _LIKE_A_MOMENT.search(cursor):
        raise NoCursor(
            f"the last cursor {cursor!r} is a moment, but written in a way that neither sorts nor can be moved back by "
            "the overlap; give one that is written from the year on, such as 2026-01-31 09:00:00, or leave `cursor` out"
        )
    return cursor


def _earlier_number(cursor: str, number: Any, overlap: datetime.timedelta, overlap_numbers: int) -> Any:
    earlier = number - _steps(cursor, overlap, overlap_numbers)
    written = written_moment(cursor)
    return min(earlier, type(number)(written.like(_back(written.moment, overlap)))) if written else earlier


def _back(moment: datetime.datetime, overlap: datetime.timedelta) -> datetime.datetime:
    """Return an earlier moment; before the first day of all there is none."""
    try:
        return moment - overlap
    except OverflowError:
        return moment


def _steps(cursor: str, overlap: datetime.timedelta, overlap_numbers: int) -> int:
    whole = cursor.split(".")[0]
    ticks = EPOCH.get(len(whole), 0) if _is_digits(whole) else 0
    return max(overlap_numbers, int(overlap.total_seconds()) * ticks)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def written_moment(text: str) -> Written | None:
    """Return the moment in a text, None where there is none; digits alone are one as YYYYMMDD or YYYYMMDDhhmmss.

    20260102 is a day, not the number twenty million.
    """
    if _is_digits(text) and (len(text) not in (DAY, MOMENT) or text[:2] not in ("19", "20", "99")):
        return None
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    part = found.groupdict()
    fraction = (part["fraction"] or "").ljust(6, "0")[:6]
    numbers = [int(part[name] or 0) for name in ("hour", "minute", "second")]
    try:
        day = datetime.datetime(int(part["year"]), int(part["month"]), int(part["day"]))
        moment = day.replace(hour=numbers[0], minute=numbers[1], second=numbers[2], microsecond=int(fraction))
        moment = moment.replace(tzinfo=_zone(part["zone"]))
    except ValueError:
        return None
    return Written(moment, part)


def _zone(text: str | None) -> datetime.timezone | None:
    if text is None:
        return None
    digits = re.sub(r"[^0-9]", "", text).ljust(4, "0")
    offset = datetime.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return datetime.timezone(-offset if "-" in text else offset)


def written_like(cursor: str | None, moment: datetime.datetime) -> str:
    """Write a moment with a zone the way a cursor is written; as ISO in UTC where there is no model."""
    if cursor and _is_digits(cursor) and len(cursor) in EPOCH:
        return str(int(moment.timestamp() * EPOCH[len(cursor)]))
    written = written_moment(cursor or "")
    if written is None:
        return moment.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return written.like(moment.astimezone(written.moment.tzinfo or datetime.UTC))


def limit_like(cursor: str, latest: datetime.datetime) -> str | None:
    """Write the latest moment that may be so that it compares with cursors that are written like this one.

    `latest` is in the zone that moments without one are in; those with a zone and those since 1970 need no such thing.
    None for a number that is no moment. A word gets an ISO moment: words sort after digits.
    """
    if NUMBER.fullmatch(cursor):
        whole = cursor.split(".")[0]
        if _is_digits(whole) and len(whole) in EPOCH:
            return str(int(latest.timestamp() * EPOCH[len(whole)]))
    written = written_moment(cursor)
    if written is None:
        return None if NUMBER.fullmatch(cursor) else f"{latest:%Y-%m-%d %H:%M:%S}"
    return written.day_and_time(latest.astimezone(written.moment.tzinfo) if written.moment.tzinfo else latest)


def is_beyond_years(cursor: str) -> bool:
    """Tell whether a text is a moment whose year has more than four digits, or none of all, as PostgreSQL writes them.

    It sorts where it likes: 12026 is before 2026 there.
    """
    return cursor == "infinity" or re.match(r"[0-9]{5,}-[0-9]{2}-[0-9]{2}\b", cursor) is not None


def has_moment(cursor: str) -> bool:
    """Tell whether a cursor is a moment, or a day, in a text that says so; digits alone may be something else."""
    return not NUMBER.fullmatch(cursor) and written_moment(cursor) is not None


def has_zone(cursor: str) -> bool:
    """Tell whether a cursor is a moment whose text says its zone."""
    written = written_moment(cursor)
    return written is not None and written.moment.tzinfo is not None


def later(one: str | None, other: str) -> str:
    """Return the higher of two cursors: numbers by size, moments with a zone by their instant, the rest as text."""
    if one is None or _order(other, one) >= _order(one, other):
        return other
    return one


def _order(text: str, beside: str) -> Any:
    if NUMBER.fullmatch(text) and NUMBER.fullmatch(beside):
        return Decimal(text)
    moments = [found.moment for found in map(written_moment, (text, beside)) if found]
    if len(moments) == 2 and all(moment.tzinfo for moment in moments):
        return moments[0].timestamp()
    return text
