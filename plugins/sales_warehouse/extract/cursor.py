"""Where to go on: the highest cursor that landed, moved back by an overlap, because commits arrive late."""

from __future__ import annotations

import contextlib
import datetime
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["text", "moment", "date", "integer", "decimal"]

EPOCH = {10: 1, 13: 1_000, 16: 1_000_000}  # digits of a number that counts from 1970 → ticks in a second


def lower_bound(cursor: str, overlap_minutes: int, kind: Kind, overlap_numbers: int = 0) -> Any:
    """Return the value from which rows are read again, ready to be bound to a column of this kind.

    A number goes back by `overlap_numbers`, because a transaction that took its number earlier may commit later; one
    that looks like a moment since 1970 goes back by at least the minutes.
    Raises ValueError when the cursor that landed is not of this kind.
    """
    overlap = datetime.timedelta(minutes=overlap_minutes)
    if kind == "integer":
        return int(cursor) - _steps(cursor, overlap, overlap_numbers)
    if kind == "decimal":
        return Decimal(cursor) - overlap_numbers
    if kind == "moment":
        return datetime.datetime.fromisoformat(cursor) - overlap
    if kind == "date":
        return (datetime.datetime.fromisoformat(cursor) - overlap).date()
    if _is_number(cursor) and not _is_day(cursor):
        earlier = max(0, int(cursor) - _steps(cursor, overlap, overlap_numbers))
        return str(earlier).rjust(len(cursor), "0")
    return earlier_text(cursor, overlap)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_day(text: str) -> bool:
    """20260102 is a day, not the number twenty million."""
    return len(text) == 8 and text[:2] in ("19", "20")


def _steps(cursor: str, overlap: datetime.timedelta, overlap_numbers: int) -> int:
    ticks = EPOCH.get(len(cursor), 0) if _is_number(cursor) else 0
    return max(overlap_numbers, int(overlap.total_seconds()) * ticks)


def earlier_text(cursor: str, overlap: datetime.timedelta) -> str:
    """Move an ISO moment in a text back, keeping the way it is written; any other text stays."""
    moment = None
    with contextlib.suppress(ValueError):
        moment = datetime.datetime.fromisoformat(cursor)
    if moment is None or cursor.isdigit():
        return cursor
    return _written(moment - overlap, cursor)


def written_like(cursor: str | None, moment: datetime.datetime) -> str:
    """Write a moment with a zone the way a cursor is written; as ISO in UTC where there is no model."""
    if cursor and _is_number(cursor) and len(cursor) in EPOCH:
        return str(int(moment.timestamp() * EPOCH[len(cursor)]))
    like = None
    with contextlib.suppress(ValueError):
        like = datetime.datetime.fromisoformat(cursor or "")
    if like is None or cursor is None or _is_number(cursor):
        return moment.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    there = moment.astimezone(like.tzinfo or datetime.UTC)
    return _written(there if like.tzinfo else there.replace(tzinfo=None), cursor)


def later(one: str | None, other: str) -> str:
    """Return the higher of two cursors: numbers by size, moments with a zone by their instant, the rest as text."""
    if one is None or _order(other, one) >= _order(one, other):
        return other
    return one


def _order(text: str, beside: str) -> Any:
    if _is_number(text) and _is_number(beside):
        return int(text)
    with contextlib.suppress(ValueError):
        moments = [datetime.datetime.fromisoformat(value) for value in (text, beside)]
        if all(moment.tzinfo for moment in moments):
            return moments[0].timestamp()
    return text


def _written(moment: datetime.datetime, cursor: str) -> str:
    if len(cursor) == 10:
        return moment.date().isoformat()
    text = moment.isoformat(sep=cursor[10], timespec=_precision(cursor))
    return text.replace("+00:00", "Z") if cursor.endswith("Z") else text


def _precision(cursor: str) -> str:
    if "." in cursor:
        digits = len(cursor.split(".")[1].split("+")[0].rstrip("Z"))
        return "milliseconds" if digits == 3 else "microseconds"
    return "seconds" if cursor.count(":", 0, 19) > 1 else "minutes"
