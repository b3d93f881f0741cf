from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from published_nights import Published, write_settings

from sales_warehouse.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A company with settings and nothing published."""
    home = Home(tmp_path, "acme")
    write_settings(home)
    return home


@pytest.fixture
def world(home: Home) -> Published:
    """The same company, whose nights can be published."""
    return Published(home)


class Receiver:
    """A real HTTP server that keeps what it is sent; `status` is what it answers."""

    def __init__(self) -> None:
        self.status, self.received = 200, []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if receiver.status == 200:
                    receiver.received.append((self.headers.get("Idempotency-Key"), body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://me:canary-password@127.0.0.1:{self._server.server_port}/canary-path?+X-Token=canary-token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()
