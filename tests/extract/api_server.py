"""A small HTTP server on the loopback that answers what a test tells it, faults included."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Answer:
    """What the server sends: `body` as it is, after `seconds`, with `cut` bytes less than promised.

    `is_chunked` sends it without a length, and cut in the middle of a chunk; `drip` is the pause after every byte.
    """

    body: bytes | str | Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    cut: int = 0
    is_chunked: bool = False
    drip: float = 0

    def bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass
class Request:
    """What the server was asked."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    at: float
    method: str = "GET"
    body: str = ""


@dataclass
class Api:
    """A running server; `answer` decides, `requests` remembers."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], Answer] = lambda request: Answer([])

    def script(self, *answers: Answer) -> None:
        """Give these answers one after the other, the last one for ever."""
        self.answer = lambda request: answers[min(len(self.requests), len(answers)) - 1]


def _framed(handler: BaseHTTPRequestHandler, body: bytes, answer: Answer) -> bytes:
    """Send the header that says how long the body is; return what of it goes out."""
    if answer.is_chunked:
        handler.send_header("Transfer-Encoding", "chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    else:
        handler.send_header("Content-Length", str(len(body)))
    return body[: len(body) - answer.cut]


@contextmanager
def serving() -> Iterator[Api]:
    """Serve until the block ends."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            parts, now = urlsplit(self.path), time.monotonic()
            posted = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            query = dict(parse_qsl(parts.query))
            request = Request(parts.path, query, dict(self.headers), now, self.command, posted)
            api.requests.append(request)
            answer = api.answer(request)
            time.sleep(answer.seconds)
            body = answer.bytes()
            self.send_response(answer.status)
            for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
                self.send_header(name, value)
            sent = _framed(self, body, answer)
            self.end_headers()
            try:
                for piece in [sent] if not answer.drip else [bytes([byte]) for byte in sent]:
                    self.wfile.write(piece)
                    time.sleep(answer.drip)
            except OSError:
                pass  # the client has gone
            self.close_connection = self.close_connection or bool(answer.cut)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda request, address: None  # type: ignore[method-assign]  # clients that hang up
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
