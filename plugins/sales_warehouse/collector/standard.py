"""Standard Webhooks 1.0, symmetric: HMAC-SHA256 over `{id}.{timestamp}.{body}`.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The header
webhook-signature has signatures `v1,<base64>` with spaces between them, so that a sender can sign with the old and the
new secret while it changes; a receiver takes the request when one of them fits one of its secrets.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence

from starlette.datastructures import Headers, QueryParams

from sales_warehouse.collector.message import Message, moment, only
from sales_warehouse.collector.refusal import Refused, unsigned

# A dot would make it ambiguous where the id ends and the timestamp begins in what is signed.
EVENT_ID = re.compile(r"[A-Za-z0-9_:-]{1,128}")
MOST_SIGNATURES = 10


class StandardWebhooks:
    """Requests signed with one of a few keys."""

    answer = None

    def __init__(self, keys: Sequence[bytes], tolerance_seconds: int) -> None:
        self.keys, self.tolerance = tuple(keys), tolerance_seconds

    def check(self, headers: Headers, query: QueryParams, now: float) -> None:
        """Raise Refused for a missing or strange header and for a moment that is not now."""
        if not EVENT_ID.fullmatch(only(headers, "webhook-id")):
            raise Refused(400, "id", "webhook-id must be 1 to 128 of the characters A-Z a-z 0-9 _ : -")
        only(headers, "webhook-signature")
        moment(only(headers, "webhook-timestamp"), now, self.tolerance)

    def message(self, headers: Headers, query: QueryParams, body: bytes) -> Message:
        """Return what was sent; raise Refused when no signature fits."""
        event_id, timestamp = only(headers, "webhook-id"), only(headers, "webhook-timestamp")
        signed = b".".join([event_id.encode(), timestamp.encode(), body])
        given = _signatures(only(headers, "webhook-signature"))
        fits = [hmac.compare_digest(self._signature(key, signed), one) for key in self.keys for one in given]
        if not any(fits):
            raise unsigned("no signature in webhook-signature fits; sign `{id}.{timestamp}.{body}`, the body unchanged")
        sent_at = moment(timestamp, float(timestamp), self.tolerance)
        return Message(event_id, sent_at, body, headers.get("content-type", ""))

    def handshake(self, query: QueryParams, now: float) -> None:
        return None

    @staticmethod
    def _signature(key: bytes, signed: bytes) -> bytes:
        return hmac.digest(key, signed, hashlib.sha256)


def _signatures(header: str) -> list[bytes]:
    """Return the bytes of every v1 signature; others (v1a is asymmetric) may stand beside them."""
    listed = header.split()
    if len(listed) > MOST_SIGNATURES:
        raise unsigned(f"webhook-signature has more than {MOST_SIGNATURES} signatures")
    found = []
    for text in (item.removeprefix("v1,") for item in listed if item.startswith("v1,")):
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found
