"""Ctrl-C and SIGTERM as one exception, so that what was started is ended in the same way for both."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Somebody asked the process to stop; as text, the name of the signal."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted for the first SIGINT or SIGTERM; further ones are ignored while things are being ended."""
    previous = {number: signal.signal(number, _interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(signal.Signals(number).name)
