"""A collector that is forked in milliseconds, to be killed often, and clients that try again until they have a 2xx."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import random
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from collecting import SECRETS, signed

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["sales_warehouse.collector.server", "sales_warehouse.company.load"])


def serve_company(company: Path, state: Path, port: int, failpoint: str) -> None:
    """Be the collector of a company."""
    from sales_warehouse.collector.server import serve
    from sales_warehouse.company.load import load_company
    from sales_warehouse.home import Home

    sys.stderr = sys.stdout = (state / "log").open("a", buffering=1)
    os.environ["SALES_WAREHOUSE_FAILPOINT"] = failpoint
    home = Home(state, "small")
    serve(load_company(company), home, host="127.0.0.1", port=port, environment={**os.environ, **SECRETS}, say=print)


def fork(company: Path, state: Path, port: int, failpoint: str = "") -> BaseProcess:
    state.mkdir(exist_ok=True)
    process = processes.Process(target=serve_company, args=(company, state, port, failpoint), daemon=True)
    process.start()
    return process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Clients:
    """Senders that post one event after the other; each tries an event until it is acknowledged."""

    port: int
    number: int
    seed: int
    acknowledged: dict[str, str] = field(default_factory=dict)  # id → what the answer said
    failures: int = 0
    others: set[int] = field(default_factory=set)  # statuses that nobody expects
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(self.number)]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Let everybody finish the event that is under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a client waits for ever"

    def _send(self, client: int) -> None:
        chance, count = random.Random(self.seed * 1000 + client), 0
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self._stop.is_set():
            count += 1
            event_id = f"c{client}-{count}"
            body = b'{"no": "%s", "text": "%s"}' % (event_id.encode(), b"x" * chance.choice((10, 500, 15_000)))
            while not self._post(connection, event_id, body):
                self.failures += 1
                connection.close()
                time.sleep(0.02)

    def _post(self, connection: http.client.HTTPConnection, event_id: str, body: bytes) -> bool:
        try:
            connection.request("POST", "/hooks/forms", body, signed(body, event_id))
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            return False
        if answer.status == 200:
            self.acknowledged[event_id] = "known" if "known" in text else "stored"
        elif answer.status != 503:
            self.others.add(answer.status)
        return answer.status == 200
