"""What a verified request says, whatever scheme signed it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal, Protocol

from starlette.datastructures import Headers, QueryParams

from sales_warehouse.collector.refusal import unsigned

Signed = Literal["body", "address"]


@dataclass(frozen=True)
class Message:
    """A request whose sender is known. `signed` says whether the signature covers the body or the address alone."""

    event_id: str
    sent_at: datetime.datetime
    body: bytes
    content_type: str
    signed: Signed = "body"


class Scheme(Protocol):
    """A way to sign requests."""

    def check(self, headers: Headers, query: QueryParams, now: float) -> None:
        """Raise Refused for what can be seen before the body is read."""

    def message(self, headers: Headers, query: QueryParams, body: bytes) -> Message:
        """Return what was sent; raise Refused when the signature does not fit."""

    def handshake(self, query: QueryParams, now: float) -> str | None:
        """Return the answer to a GET that asks whether this is the right receiver; None when there is no such thing."""

    @property
    def answer(self) -> str | None:
        """The text that the sender wants to read when all is well; None for our own JSON."""


def only(values: Headers | QueryParams, name: str) -> str:
    """Return a header or parameter that must be there exactly once; two would leave it open which one was checked."""
    found = values.getlist(name)
    if len(found) != 1:
        raise unsigned(f"{name} is {'there twice' if found else 'missing'}")
    return found[0]


def moment(text: str, now: float, tolerance: int) -> datetime.datetime:
    """Return the moment of a Unix timestamp; raise Refused when it is none or too far from now."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise unsigned("the timestamp is not a number of Unix seconds")
    if abs(now - int(text)) > tolerance:
        raise unsigned(f"the timestamp is more than {tolerance} seconds away from now; is the clock right?")
    return datetime.datetime.fromtimestamp(int(text), datetime.UTC)
