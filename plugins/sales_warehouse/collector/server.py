"""Run the collector until it is told to stop."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import uvicorn

from sales_warehouse import durable
from sales_warehouse.collector.app import make_app
from sales_warehouse.collector.endpoints import make_endpoints
from sales_warehouse.collector.protocol import LimitedHttp
from sales_warehouse.collector.segments import make_folder
from sales_warehouse.collector.writer import Writer
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home

MOST_CONNECTIONS = 512
IDLE_SECONDS = 30
GRACE_SECONDS = 30  # for requests that are under way when it is told to stop
LOCK_SECONDS = 15.0  # for the one before to finish


class NothingToCollect(Exception):
    """The company has no endpoints."""


class CannotListen(Exception):
    """The address or the port is not to be had."""


def serve(
    company: Company, home: Home, *, host: str, port: int, environment: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Collect until SIGTERM or SIGINT; then finish the requests under way and the files.

    Raises NothingToCollect, SecretMissing, StorageFailed, CannotListen, and durable.Busy when another collector has
    this spool.
    """
    settings = company.webhooks
    if not settings.endpoints:
        raise NothingToCollect("webhooks.yml names no endpoint; see docs/sources/webhooks.md")
    endpoints = make_endpoints(settings, environment)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    make_folder(home.spool)
    with durable.lock(home.spool / ".lock", wait_seconds=LOCK_SECONDS, purpose=f"collector of {company.company_id}"):
        writer = Writer(home.spool, settings)
        with _listening(host, port) as listener:
            writer.start()
            try:
                app = make_app(endpoints, writer, report_seconds=settings.rotate_seconds)
                server = uvicorn.Server(_config(app, settings.trusted_proxies))
                with _told_to_stop(server):
                    say(f"collecting at http://{host}:{listener.getsockname()[1]}/hooks/ for {', '.join(endpoints)}")
                    server.run(sockets=[listener])
            finally:
                writer.stop()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=MOST_CONNECTIONS)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror}; give another --port") from error


def _config(app: object, trusted_proxies: tuple[str, ...]) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=LimitedHttp,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,  # addresses hold WeChat's signatures
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


@contextmanager
def _told_to_stop(server: uvicorn.Server) -> Iterator[None]:
    """Let a signal end the server also before uvicorn listens to it, and after, when uvicorn raises it once more."""

    def stop(*_: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
