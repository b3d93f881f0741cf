"""One refresh of a company at a time on this machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sales_warehouse.home import Home


class RefreshBusy(Exception):
    """Another refresh of the same company is running."""


@contextmanager
def refresh_lock(home: Home) -> Iterator[None]:
    """Hold the company's lock; it goes with the process that holds it. Raises RefreshBusy when somebody else does."""
    with _file(home).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            raise RefreshBusy(
                f"a refresh of {home.company_id} is already running ({holder}); wait until it has ended"
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def _file(home: Home) -> Path:
    return home.airflow / "refresh.lock"
