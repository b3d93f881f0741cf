"""The client of a REST API: login, patience, and what its answers mean.

429, 5xx, time-outs, broken connections and half a JSON are tried again with growing pauses, never before the moment
that Retry-After names. Errors name the host and the resource, never the login.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from email.utils import mktime_tz, parsedate_tz
from urllib.parse import urlsplit

import msgspec
import requests
from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
from dlt.sources.helpers.requests.retry import Client
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth
from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    HeaderLinkPaginator,
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    SinglePagePaginator,
)

from sales_warehouse.company.models import Pagination, RestConnection, Table
from sales_warehouse.extract.environment import expand
from sales_warehouse.extract.outcome import SourceMisconfigured, SourceUnavailable

LONGEST_PAUSE_SECONDS = 300  # an API that wants a longer pause is down for tonight
AGAIN = (408, 425, 429)


class _TryAgain(requests.HTTPError):
    """An answer that may be better next time."""


class Api:
    """The client of one API: login, patience, and what its answers mean."""

    def __init__(
        self, source: str, settings: RestConnection, environment: Mapping[str, str], pause_seconds: float
    ) -> None:
        self.source, self.settings, self._environment = source, settings, environment
        self.base_url = self._expand(settings.base_url)
        self.host = urlsplit(self.base_url).netloc
        session = Client(
            request_timeout=settings.timeout_seconds,
            raise_for_status=False,
            status_codes=(),
            exceptions=(
                _TryAgain,
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ),
            request_max_attempts=settings.attempts,
            request_backoff_factor=pause_seconds,
            request_max_retry_delay=LONGEST_PAUSE_SECONDS,
        ).session
        headers = {name: self._expand(value) for name, value in settings.headers.items()}
        self._client = RESTClient(
            self.base_url, headers=headers, auth=self._auth(), session=session, config=RuntimeConfiguration()
        )

    def _expand(self, text: str) -> str:
        return expand(text, self._environment, where=f"{self.source}: connection")

    def _auth(self) -> BearerTokenAuth | APIKeyAuth | None:
        auth = self.settings.auth
        if auth is None:
            return None
        if auth.type == "bearer":
            return BearerTokenAuth(token=self._expand(auth.token))
        return APIKeyAuth(name=auth.name, api_key=self._expand(auth.value), location=auth.location)

    def pages(self, where: str, table: Table, params: Mapping[str, str]) -> Iterator[tuple[bytes, str]]:
        """Yield the body of every page and the address that follows; errors name the resource, never the login."""
        try:
            for page in self._client.paginate(
                table.path or "",
                params={name: self._expand(value) for name, value in params.items()},
                paginator=paginator(table.pagination),
                data_selector=table.records or "$",
                hooks={"response": [lambda response, *_, **__: self._judge(response, where)]},
                allow_redirects=False,
            ):
                yield page.response.content, str(page.request.url or "")
        except _TryAgain as error:
            raise SourceUnavailable(f"{where}: {error} after {self.settings.attempts} tries; try again later") from None
        except requests.Timeout:
            raise SourceUnavailable(
                f"{where}: no answer from {self.host} within {self.settings.timeout_seconds:g} s, "
                f"{self.settings.attempts} times; try again later or raise timeout_seconds"
            ) from None
        except requests.RequestException as error:
            raise SourceUnavailable(
                f"{where}: {self.host} cannot be reached ({type(error).__name__}), {self.settings.attempts} times; "
                "is it running, is base_url right?"
            ) from None

    def _judge(self, response: requests.Response, where: str) -> None:
        """Raise for every answer but a whole JSON text."""
        status = response.status_code
        if status in AGAIN or status >= 500:
            self._refuse_long_pause(response, where)
            raise _TryAgain(f"{self.host} answers {status}", response=response)
        if status >= 400 or 300 <= status < 400:
            raise SourceMisconfigured(f"{where}: {self.host} answers {status}; {_advice(response)}")
        try:
            msgspec.json.decode(response.content, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError):
            size = len(response.content)
            raise _TryAgain(
                f"{self.host} answers {size} bytes that are not a whole JSON text", response=response
            ) from None

    def _refuse_long_pause(self, response: requests.Response, where: str) -> None:
        wait = pause_of(response.headers.get("Retry-After"), time.time())
        if wait > LONGEST_PAUSE_SECONDS:
            raise SourceUnavailable(
                f"{where}: {self.host} answers {response.status_code} and wants a pause of {math.ceil(wait)} s; "
                "try again after that"
            )


def pause_of(header: str | None, now: float) -> float:
    """Return the seconds that a Retry-After header asks for (RFC 9110 10.2.3), 0 without a usable one."""
    if not header:
        return 0
    if header.strip().isdigit():
        return float(header)
    moment = parsedate_tz(header)
    return max(0.0, mktime_tz(moment) - now) if moment else 0


def _advice(response: requests.Response) -> str:
    status = response.status_code
    if status < 400:
        return f"the resource moved to {urlsplit(response.headers.get('Location', '')).netloc}; mend base_url and path"
    if status in (401, 403):
        return "the login was refused; check auth and the rights of its account"
    return "check path and params" if status != 404 else "there is no such resource; check base_url and path"


def paginator(settings: Pagination) -> BasePaginator:
    """Return dlt's paginator for a configuration."""
    kind, parameter, path = settings.type, settings.parameter, settings.cursor_path
    if kind == "page":
        return PageNumberPaginator(base_page=settings.first, page_param=parameter or "page", total_path=None)
    if kind == "offset":
        size = settings.size_parameter or "limit"
        return OffsetPaginator(settings.size, offset_param=parameter or "offset", limit_param=size, total_path=None)
    if kind == "cursor":
        return JSONResponseCursorPaginator(cursor_path=path or "next_cursor", cursor_param=parameter or "cursor")
    if kind == "link":
        return JSONLinkPaginator(next_url_path=path) if path else HeaderLinkPaginator()
    return SinglePagePaginator()
