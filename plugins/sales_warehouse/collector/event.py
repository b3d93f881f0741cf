"""An event on its way into the spool: its id, what tells it from another of the same id, and its line."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from dataclasses import dataclass

from sales_warehouse.collector.content import Unreadable, as_json, media_type
from sales_warehouse.collector.message import Message

LONGEST_LINE = 64 << 20  # what the reader of JSON Lines takes


@dataclass(frozen=True, slots=True)
class Event:
    """`line` ends with a line end; `fault` says why the body could not be read, when it could not."""

    endpoint: str
    event_id: str
    digest: bytes
    received_at: datetime.datetime
    line: bytes
    fault: str | None = None


async def make_event(endpoint: str, message: Message, received_at: datetime.datetime) -> Event:
    """Return the event of a message.

    The line is an object: event_id, received_at, endpoint, timestamp, content_type, signed, body, raw. A body that
    cannot be read makes the line a JSON *text* instead: the reader of JSON Lines then lands it as a malformed row with
    everything in it, and it goes to quarantine. As an object without its fields it could pass for an empty event.
    """
    digest = hashlib.sha256(message.body).digest()
    head = {
        "event_id": message.event_id,
        "received_at": received_at.isoformat(),
        "endpoint": endpoint,
        "timestamp": message.sent_at.isoformat(),
        "content_type": media_type(message.content_type),
        "signed": message.signed,
    }
    raw = base64.b64encode(message.body)
    envelope = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()[:-1]
    try:
        line = b'%s,"body":%s,"raw":"%s"}\n' % (envelope, await as_json(message.content_type, message.body), raw)
        return Event(endpoint, message.event_id, digest, received_at, line)
    except Unreadable as error:
        text = f'the body could not be read ({error}): {envelope.decode()},"raw":"{raw.decode()}"}}'
        return Event(
            endpoint, message.event_id, digest, received_at, json.dumps(text, ensure_ascii=False).encode() + b"\n",
            f"{error}",
        )  # fmt: skip
