"""The collector's HTTP application: POST /hooks/<endpoint>, WeChat's GET of the same, and GET /healthz."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sales_warehouse.collector.content import media_type
from sales_warehouse.collector.endpoints import Ready
from sales_warehouse.collector.event import make_event
from sales_warehouse.collector.journal import Outcome, StorageFailed
from sales_warehouse.collector.limits import Memory
from sales_warehouse.collector.refusal import Refused, busy
from sales_warehouse.collector.tally import NO_ENDPOINT, Tally
from sales_warehouse.collector.writer import Writer

BODY_SECONDS = 20.0
BODIES_IN_MEMORY = 128_000_000  # bytes
DRAIN_BYTES, DRAIN_SECONDS = 1_000_000, 1.0
PROBE_SECONDS = 1.0  # a health check costs a commit at most this often
RETRY_SECONDS = 30
SAFE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
log = logging.getLogger(__name__)


def make_app(
    endpoints: Mapping[str, Ready],
    writer: Writer,
    *,
    report_seconds: float = 30,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """Return the application. The writer must have been started; whoever started it stops it afterwards."""
    collector = _Collector(endpoints, writer, clock)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        reporting = asyncio.create_task(collector.report(report_seconds))
        yield
        reporting.cancel()
        collector.tally.report()

    # No pages that describe the service to whoever asks.
    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_route("/hooks/{endpoint}", collector.hook, methods=["GET", "POST"])
    app.add_route("/healthz", collector.health, methods=["GET"])
    app.add_exception_handler(404, _not_found)
    return app


async def _not_found(*_: object) -> Response:
    return JSONResponse({"error": "not found"}, 404, headers={**SAFE, "connection": "close"})


@dataclass
class _Collector:
    """Takes requests. What it answers and logs never holds what a request said."""

    endpoints: Mapping[str, Ready]
    writer: Writer
    clock: Callable[[], float]
    tally: Tally = field(default_factory=Tally)
    memory: Memory = field(default_factory=lambda: Memory(BODIES_IN_MEMORY))
    _probed: float = 0.0
    _probing: asyncio.Future | None = None

    async def report(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self.tally.report()

    async def hook(self, request: Request) -> Response:
        """Answer a request to an endpoint."""
        endpoint = self.endpoints.get(request.path_params["endpoint"])
        name = endpoint.name if endpoint else NO_ENDPOINT
        try:
            if endpoint is None:
                raise Refused(404, "unknown", "not found")
            if request.method != "POST":
                return self._shake_hands(endpoint, request)
            return await self._collect(endpoint, request)
        except Refused as refusal:
            self.tally.add(name, refusal.word)
            await _drain(request)
            return _refusal(refusal)
        except ClientDisconnect:
            self.tally.add(name, "disconnected")
            return Response(status_code=400)
        except Exception as error:
            self.tally.add(name, "error")
            log.error("%s: %s, answered 500", name, type(error).__name__)  # the message could quote the request
            return _refusal(Refused(500, "error", "an error of the collector; nothing was stored, send it again"))

    def _shake_hands(self, endpoint: Ready, request: Request) -> Response:
        endpoint.addresses.check(_client(request))
        endpoint.rate.check(_client(request))
        answer = endpoint.scheme.handshake(request.query_params, self.clock())
        if answer is None:
            raise Refused(405, "method", "events are posted here: use POST")
        self.tally.add(endpoint.name, "handshake")
        return PlainTextResponse(answer, headers=SAFE)

    async def _collect(self, endpoint: Ready, request: Request) -> Response:
        self._check_before_reading(endpoint, request)
        with self.memory.taking(_announced(request) or endpoint.max_bytes):
            body = await _read(request, endpoint.max_bytes)
            message = endpoint.scheme.message(request.headers, request.query_params, body)
            event = await make_event(
                endpoint.name, message, datetime.datetime.fromtimestamp(self.clock(), datetime.UTC)
            )
            try:
                outcome = await self.writer.store(event)
            except StorageFailed as error:
                raise busy("the event could not be stored; send it again", RETRY_SECONDS) from error
        if outcome is Outcome.DIFFERENT:
            raise Refused(409, "different", "another event with this id was stored before; give each event its own id")
        self.tally.add(endpoint.name, "unreadable" if event.fault else outcome.value if outcome else "")
        if endpoint.scheme.answer is not None:
            return PlainTextResponse(endpoint.scheme.answer, headers=SAFE)
        said = {"status": outcome.value if outcome else "stored"}
        if event.fault:
            said["warning"] = f"stored as it came, but it cannot be used: {event.fault}"
        return JSONResponse(said, headers=SAFE)

    def _check_before_reading(self, endpoint: Ready, request: Request) -> None:
        endpoint.addresses.check(_client(request))
        endpoint.rate.check(_client(request))
        if (_announced(request) or 0) > endpoint.max_bytes:
            raise _too_large(endpoint.max_bytes)
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Refused(415, "type", "a compressed body is not taken; send it as it is")
        if media_type(request.headers.get("content-type", "")) not in endpoint.content_types:
            allowed = ", ".join(kind for kind in endpoint.content_types if kind)
            raise Refused(415, "type", f"this content type is not taken here; allowed: {allowed}")
        endpoint.scheme.check(request.headers, request.query_params, self.clock())

    async def health(self, _: Request) -> Response:
        """Answer 200 when an event could be stored now, else 503."""
        now = time.monotonic()
        try:
            if self._probing is None or (self._probing.done() and now - self._probed >= PROBE_SECONDS):
                self._probed, self._probing = now, self.writer.probe()
            await asyncio.shield(self._probing)
        except StorageFailed:
            headers = {**SAFE, "retry-after": f"{RETRY_SECONDS}"}
            return JSONResponse({"status": "the spool takes no events; see the log"}, 503, headers=headers)
        return JSONResponse({"status": "ok"}, headers=SAFE)


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _announced(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _too_large(most: int) -> Refused:
    return Refused(413, "too_large", f"larger than {most} bytes")


async def _read(request: Request, most: int) -> bytes:
    """Return the body; raise Refused when more comes than is allowed, however it was announced, or when it is slow."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise _too_large(most)
                parts.append(part)
    except TimeoutError as error:
        raise Refused(408, "slow", f"the body did not arrive within {BODY_SECONDS:.0f} seconds") from error
    return b"".join(parts)


async def _drain(request: Request) -> None:
    """Take a little more of what the client sends, so that it reads the answer instead of a broken connection."""
    if _announced(request) == 0 or request.method != "POST":
        return
    size = 0
    with contextlib.suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > DRAIN_BYTES:
                    return


def _refusal(refused: Refused) -> Response:
    headers = {**SAFE, "connection": "close"}
    if refused.retry_after is not None:
        headers["retry-after"] = f"{refused.retry_after}"
    return JSONResponse({"error": refused.message}, refused.status, headers=headers)
