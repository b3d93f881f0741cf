"""A receiver of messages as a process of its own: `receiver.py FILE PORT [KILL]`.

It keeps each message once in FILE, a line of key and title, and drops what has a key that is there already. KILL says
where it dies at the first message, without a word: `before` it keeps it, or `after` it kept it and before it answers.
It prints its port when it listens.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

FILE, PORT, KILL = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""


def kept() -> list[list[str]]:
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()] if FILE.exists() else []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body, key = json.loads(self.rfile.read(int(self.headers["Content-Length"]))), self.headers["Idempotency-Key"]
        if KILL == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        is_new = key not in {known for known, *_ in kept()}
        if is_new:
            with FILE.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, body["title"], body["message"]]) + "\n")
                file.flush()
                os.fsync(file.fileno())
        if KILL == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        with FILE.with_suffix(".answers").open("a") as file:
            file.write(f"{'new' if is_new else 'known'}\n")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", PORT), Handler)
print(server.server_port, flush=True)
server.serve_forever()
