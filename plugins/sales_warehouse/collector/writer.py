"""The writer: one thread that commits what waits, many events at once, and turns the journal into finished files.

While one commit is on its way to the disk, the events of other requests gather; the next commit takes them all.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sales_warehouse.collector import segments
from sales_warehouse.collector.event import Event
from sales_warehouse.collector.journal import Journal, Outcome, StorageFailed
from sales_warehouse.company.webhooks import WebhooksFile

BATCH_EVENTS, BATCH_BYTES = 1_000, 16_000_000
FORGET_SECONDS = 3_600
log = logging.getLogger(__name__)


@dataclass
class _Job:
    """An event that waits, or None to try the disk, and the request that waits for it."""

    event: Event | None
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Outcome | None]


@dataclass
class _Waiting:
    """What an endpoint has in the journal; `since` is the monotonic moment of the oldest event."""

    since: float
    bytes: int = 0


@dataclass
class Writer:
    """Owns the spool. Ask it from the event loop; it works in a thread of its own."""

    folder: Path
    settings: WebhooksFile
    clock: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
    _jobs: deque[_Job] = field(default_factory=deque)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _stopping: bool = False

    def __post_init__(self) -> None:
        self._journal = Journal(self.folder)
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)  # stop() waits
        self._forgot = -float(FORGET_SECONDS)

    def start(self) -> None:
        """Finish what an interrupted collector left, then begin; raise StorageFailed when the disk does not take it."""
        for described in self.settings.endpoints:  # an empty source is better than a missing one
            segments.make_folder(self.folder / described.name)
        self._journal.probe(self.clock())
        for file in segments.recover(self._journal, self.folder):
            log.info("%s: finished %s, which was begun before", file.parent.name, file.name)
        now = time.monotonic()
        for endpoint, (count, size) in self._journal.waiting().items():
            log.info("%s: %d events of before wait in the journal", endpoint, count)
            self._waiting[endpoint] = _Waiting(now - self.settings.rotate_seconds, size)
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, finish all files and end."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join()

    def store(self, event: Event) -> asyncio.Future[Outcome | None]:
        """Return the future of an event; it raises StorageFailed when the event is not stored."""
        return self._ask(event)

    def probe(self) -> asyncio.Future[Outcome | None]:
        """Return a future that raises StorageFailed when the disk takes nothing."""
        return self._ask(None)

    def _ask(self, event: Event | None) -> asyncio.Future[Outcome | None]:
        loop = asyncio.get_running_loop()
        job = _Job(event, loop, loop.create_future())
        with self._condition:
            if self._stopping:
                raise StorageFailed("the collector stops")
            self._jobs.append(job)
            self._condition.notify()
        return job.future

    # --- in the thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            batch = self._take()
            if batch:
                self._settle(batch)
            last = self._stopping and not self._jobs  # asked once: stop() may come at any moment, even during _tidy
            self._tidy(everything=last)
            if last:
                self._journal.close()
                return

    def _take(self) -> list[_Job]:
        """Wait for jobs, no longer than until a file is due, and return as many as fit one commit."""
        with self._condition:
            if not self._jobs and not self._stopping:
                self._condition.wait(self._seconds_until_due())
            batch: list[_Job] = []
            size = 0
            while self._jobs and len(batch) < BATCH_EVENTS and size < BATCH_BYTES:
                batch.append(self._jobs.popleft())
                size += len(batch[-1].event.line) if batch[-1].event else 0
            return batch

    def _settle(self, batch: list[_Job]) -> None:
        events = [job.event for job in batch if job.event]
        try:
            self._need_space()
            outcomes = iter(self._journal.store(events)) if events else iter(())
            if not events:
                self._journal.probe(self.clock())
        except Exception as error:  # whatever it was, nobody may wait for ever, and nobody may get a 2xx
            failure = error if isinstance(error, StorageFailed) else StorageFailed(f"{type(error).__name__}")
            log.error("%d events refused: %s", len(events), failure)
            _answer(batch, [failure] * len(batch))
            return
        answers = [next(outcomes) if job.event else None for job in batch]
        _answer(batch, answers)
        self._count(batch, answers)

    def _count(self, batch: list[_Job], answers: list[Outcome | None]) -> None:
        for job, answer in zip(batch, answers, strict=True):
            if job.event and answer is Outcome.STORED:
                waiting = self._waiting.setdefault(job.event.endpoint, _Waiting(time.monotonic()))
                waiting.bytes += len(job.event.line)

    def _need_space(self) -> None:
        state = os.statvfs(self.folder)
        if state.f_bavail * state.f_frsize < self.settings.minimum_free_bytes:
            raise StorageFailed("the disk of the spool is nearly full (minimum_free_bytes)")

    def _seconds_until_due(self) -> float:
        oldest = min((item.since for item in self._waiting.values()), default=None)
        age = 0.0 if oldest is None else time.monotonic() - oldest
        return max(0.0, self.settings.rotate_seconds - age)

    def _tidy(self, *, everything: bool) -> None:
        now = time.monotonic()
        for endpoint, waiting in list(self._waiting.items()):
            old = now - waiting.since >= self.settings.rotate_seconds
            if everything or old or waiting.bytes >= self.settings.rotate_bytes:
                self._rotate(endpoint, waiting)
        if now - self._forgot >= FORGET_SECONDS:
            self._forgot = now
            self._attempt("old ids", lambda: self._journal.forget(self._forgetting_before()))

    def _rotate(self, endpoint: str, waiting: _Waiting) -> None:
        if self._attempt(endpoint, lambda: segments.rotate(self._journal, self.folder, endpoint, self.clock())):
            del self._waiting[endpoint]
        else:  # it stays in the journal and is tried again
            waiting.since, waiting.bytes = time.monotonic(), 0

    def _forgetting_before(self) -> datetime.datetime:
        """An id is forgotten when its signed timestamp is out of tolerance for long and no sender tries again."""
        return self.clock() - datetime.timedelta(days=self.settings.remember_days)

    def _attempt(self, what: str, action: Callable[[], Any]) -> bool:
        try:
            action()
        except Exception as error:
            log.error("%s: %s", what, error if isinstance(error, StorageFailed) else type(error).__name__)
            return False
        return True


def _answer(batch: list[_Job], answers: list[Any]) -> None:
    """Give every request its answer, in its own event loop, all at once."""

    def settle() -> None:
        for job, answer in zip(batch, answers, strict=True):
            if job.future.done():
                continue
            if isinstance(answer, Exception):
                job.future.set_exception(answer)
            else:
                job.future.set_result(answer)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        batch[0].loop.call_soon_threadsafe(settle)
