"""Where to go on: the highest cursor that landed, moved back by an overlap, because commits arrive late."""

from __future__ import annotations

import contextlib
import datetime
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["text", "moment", "date", "integer", "decimal"]


def lower_bound(cursor: str, overlap_minutes: int, kind: Kind) -> Any:
    """Return the value from which rows are read again, ready to be bound to a column of this kind.

    Numbers have no overlap: the row with the highest number is read again, later ones after it.
    Raises ValueError when the cursor that landed is not of this kind.
    """
    overlap = datetime.timedelta(minutes=overlap_minutes)
    if kind == "integer":
        return int(cursor)
    if kind == "decimal":
        return Decimal(cursor)
    if kind == "moment":
        return datetime.datetime.fromisoformat(cursor) - overlap
    if kind == "date":
        return (datetime.datetime.fromisoformat(cursor) - overlap).date()
    return earlier_text(cursor, overlap)


def earlier_text(cursor: str, overlap: datetime.timedelta) -> str:
    """Move an ISO moment in a text back, keeping the way it is written; any other text stays."""
    moment = None
    with contextlib.suppress(ValueError):
        moment = datetime.datetime.fromisoformat(cursor)
    if moment is None or cursor.isdigit():
        return cursor
    if len(cursor) == 10:
        return (moment - overlap).date().isoformat()
    text = (moment - overlap).isoformat(sep=cursor[10], timespec=_precision(cursor))
    return text.replace("+00:00", "Z") if cursor.endswith("Z") else text


def _precision(cursor: str) -> str:
    if "." in cursor:
        digits = len(cursor.split(".")[1].split("+")[0].rstrip("Z"))
        return "milliseconds" if digits == 3 else "microseconds"
    return "seconds" if cursor.count(":", 0, 19) > 1 else "minutes"
