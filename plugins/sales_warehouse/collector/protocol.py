"""uvicorn's HTTP protocol with limits on the head of a request: its size, and the time that it may take.

uvicorn bounds neither with httptools: a line that never ends would be gathered for ever, and a client that sends one
byte a minute would keep its connection.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 16_384
HEAD_SECONDS = 10.0
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class LimitedHttp(HttpToolsProtocol):
    """Ends connections whose request head is too large or too slow."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._slow: asyncio.TimerHandle | None = None
        self._gathered = 0  # bytes that came since the last complete head, none of a body among them
        self._head = 0  # bytes of the head that is being parsed
        self._closed = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._closed:
            return
        if self._slow is None and (self.cycle is None or self.cycle.response_complete):
            self._begin()
        super().data_received(data)
        if self._slow is not None:
            self._gathered += len(data)
            if self._gathered > MOST_HEAD_BYTES:
                self._refuse()

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._head += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value) + 4
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end()
        if self._head > MOST_HEAD_BYTES:
            self._refuse()
        if not self._closed:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._closed:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._closed:
            super().on_message_complete()

    def _begin(self) -> None:
        self._gathered = 0
        self._slow = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _end(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _too_slow(self) -> None:
        self._slow, self._closed = None, True
        self.transport.close()

    def _refuse(self) -> None:
        self._end()
        if not self._closed:
            self._closed = True
            self.transport.write(_TOO_LARGE)
            self.transport.close()
