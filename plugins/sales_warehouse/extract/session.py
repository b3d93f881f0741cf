"""An HTTP session that is patient and bounded, and sends a login only where it belongs.

429, 5xx, time-outs, broken connections and half an answer are tried again with growing pauses, never before the moment
that Retry-After names (RFC 9110 10.2.3). Redirects are not followed, other hosts are not asked, and an answer that has
no end, or is larger than any honest page, is not read to its end.
"""

from __future__ import annotations

import time
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import urllib3
from requests.exceptions import ChunkedEncodingError

LONGEST_PAUSE_SECONDS = 300  # an API that wants a longer pause is down for tonight
LONGEST_ANSWER = 10  # times the time-out: what drips for longer counts as no answer
CHUNK = 1 << 20
AGAIN = (408, 425, 429)


class TryAgain(requests.HTTPError):
    """An answer that may be better next time."""


class LongPause(requests.RequestException):
    """The server wants to be left alone for longer than a visit may take."""


class AnotherHost(requests.RequestException):
    """A request that would carry the login to somebody else."""


class TooLarge(requests.RequestException):
    """An answer that is larger than the limit."""


class Login(Protocol):
    """Adds what a server asks for to every request."""

    def apply(self, request: requests.PreparedRequest) -> None:
        """Add the login to a request that is about to be sent."""

    def renew(self) -> bool:
        """Forget what a server refused; tell whether there may be something better."""


class NoLogin:
    """For servers that ask for none."""

    def apply(self, request: requests.PreparedRequest) -> None:
        pass

    def renew(self) -> bool:
        return False


@dataclass
class Pace:
    """When the next request may go out: at most so many a second, and not before a pause is over."""

    requests_per_second: float | None = None
    _not_before: float = field(default=0, init=False)

    def hold(self, seconds: float) -> None:
        self._not_before = max(self._not_before, time.monotonic() + seconds)

    def wait(self) -> None:
        while (rest := self._not_before - time.monotonic()) > 0:
            time.sleep(rest)
        if self.requests_per_second:
            self.hold(1 / self.requests_per_second)


@dataclass(frozen=True)
class Limits:
    """What one request may take: `seconds` without a byte, `attempts`, `pause_seconds` after the first, `bytes`."""

    seconds: float
    attempts: int
    pause_seconds: float
    bytes: int


class PatientSession(requests.Session):
    """Sends requests to one host; `judge` raises TryAgain for an answer that is not to be believed."""

    def __init__(
        self, address: str, login: Login, pace: Pace, limits: Limits, judge: Callable[[requests.Response], None]
    ) -> None:
        super().__init__()
        self.address, self.login, self.pace, self.limits, self.judge = address, login, pace, limits, judge

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Return a whole answer that the judge believes; raise what the last attempt raised."""
        if _origin(request.url or "") != _origin(self.address):
            raise AnotherHost(urlsplit(request.url or "").netloc)
        options |= {"timeout": self.limits.seconds, "stream": True, "allow_redirects": False}
        may_renew = True
        for attempt in range(1, self.limits.attempts + 1):
            try:
                response = self._once(request, options)
                if response.status_code == 401 and may_renew and self.login.renew():
                    may_renew = False
                    response = self._once(request, options)
                self.judge(response)
                return response
            except (TryAgain, ChunkedEncodingError, requests.ConnectionError, requests.Timeout) as error:
                self._pause(error, attempt)
                if attempt == self.limits.attempts:
                    raise
        raise AssertionError("at least one attempt is made")

    def _once(self, request: requests.PreparedRequest, options: Mapping[str, Any]) -> requests.Response:
        ready = request.copy()
        self.login.apply(ready)
        self.pace.wait()
        response = super().send(ready, **options)
        try:
            _read(response, self.limits)
        finally:
            response.close()
        if response.status_code in AGAIN or response.status_code >= 500:
            raise TryAgain(f"answers {response.status_code}", response=response)
        return response

    def _pause(self, error: requests.RequestException, attempt: int) -> None:
        """Wait before the next attempt. A pause that the server named is kept after the last one, too: whoever comes
        next must not come too early."""
        named = asked_pause(error.response.headers, time.time()) if error.response is not None else 0
        if named > LONGEST_PAUSE_SECONDS:
            raise LongPause(f"{named:.0f}", response=error.response) from None
        if attempt < self.limits.attempts:
            named = max(named, min(self.limits.pause_seconds * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS))
        self.pace.hold(named)
        if named and attempt == self.limits.attempts:
            self.pace.wait()


def asked_pause(headers: Mapping[str, str], now: float) -> float:
    """Return the seconds that Retry-After asks for, 0 without a usable one.

    A date is compared with the server's own clock, where it tells it: ours may go wrong.
    """
    header = (headers.get("Retry-After") or "").strip()
    if header.isascii() and header.isdigit():
        return float(header)
    moment, theirs = _moment(header), _moment(headers.get("Date") or "")
    return 0 if moment is None else max(0.0, moment - (now if theirs is None else theirs))


def _moment(header: str) -> float | None:
    """Return the seconds since 1970 of a date of HTTP, None where there is none."""
    parts = parsedate_tz(header)
    try:
        return None if parts is None else mktime_tz(parts)
    except (ValueError, OverflowError):  # a year that no calendar has
        return None


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()


def _read(response: requests.Response, limits: Limits) -> None:
    """Read the body, unpacked, into the response."""
    pieces, size = [], 0
    until = time.monotonic() + limits.seconds * LONGEST_ANSWER
    try:
        while piece := response.raw.read1(CHUNK, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > limits.bytes:
                raise TooLarge(f"{limits.bytes}")
            if time.monotonic() > until:
                raise requests.ReadTimeout("the answer does not end")
    except requests.RequestException:
        raise  # ours; to Python they are errors of the system, too
    except urllib3.exceptions.DecodeError:
        raise TryAgain("answers what cannot be unpacked", response=response) from None
    except urllib3.exceptions.ReadTimeoutError:
        raise requests.ReadTimeout("no more bytes") from None
    except (urllib3.exceptions.ProtocolError, urllib3.exceptions.SSLError, OSError):
        raise ChunkedEncodingError("the answer was cut off") from None
    response._content = b"".join(pieces).removeprefix(BOM_UTF8)  # RFC 8259 8.1
    response._content_consumed = True
