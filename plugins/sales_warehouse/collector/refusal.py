"""Why a request is not taken: the status for the sender, a word for the counts, and a sentence that helps."""

from __future__ import annotations


class Refused(Exception):
    """A request that is answered with an error; `word` is what the log counts, the message never quotes the request."""

    def __init__(self, status: int, word: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.word, self.message, self.retry_after = status, word, message, retry_after


def unsigned(message: str) -> Refused:
    """Return the refusal of a request that does not prove who sent it."""
    return Refused(401, "signature", message)


def busy(message: str, seconds: int) -> Refused:
    """Return the refusal of a request that may well be taken later."""
    return Refused(503, "busy", message, retry_after=seconds)
