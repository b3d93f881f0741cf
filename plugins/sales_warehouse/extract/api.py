"""The client of a REST API: its pages, and what its answers mean.

Errors name the host and the resource, never the login.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
import requests
from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    HeaderLinkPaginator,
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    SinglePagePaginator,
)
from jsonpath_ng.exceptions import JSONPathError

from sales_warehouse.company.models import Pagination, RestConnection, Table
from sales_warehouse.extract.environment import expand
from sales_warehouse.extract.login import address, in_header, login_of
from sales_warehouse.extract.outcome import SourceMisconfigured, SourceUnavailable
from sales_warehouse.extract.session import AnotherHost, Limits, LongPause, Pace, PatientSession, TooLarge, TryAgain

WRONG_PAGE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)  # what dlt makes of odd answers
GONE = (400, 404, 410, 422)  # what APIs answer for a page that is not there, or for a cursor that has expired

logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # its debug lines quote addresses, with their keys


@dataclass(frozen=True)
class Page:
    """The body of an answer, and the address that it came from, which may hold a login."""

    body: bytes
    address: str


class PageGone(Exception):
    """A page after the first one is refused: the pages have ended, or what names the page has expired."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answers {status} to a following page")
        self.status = status


class _Refused(Exception):
    """An answer that asking again does not better."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response


class Api:
    """The client of one API."""

    def __init__(
        self, source: str, settings: RestConnection, environment: Mapping[str, str], pause_seconds: float
    ) -> None:
        self.source, self.settings, self._environment = source, settings, environment
        self.pause_seconds = pause_seconds
        where = f"{source}: connection"
        self.base_url = address(self._expand(settings.base_url), f"{where}.base_url")
        self.host = urlsplit(self.base_url).netloc.rpartition("@")[2]
        self.pace = Pace(settings.requests_per_second)
        login = login_of(source, settings.auth, self._expand, pause_seconds)
        size = int(settings.largest_page_megabytes * 1e6)
        limits = Limits(settings.timeout_seconds, settings.attempts, pause_seconds, size)
        session = PatientSession(self.base_url, login, self.pace, limits, self._judge)
        session.headers.update(
            {name: in_header(self._expand(text), f"{where}.headers.{name}") for name, text in settings.headers.items()}
        )
        self._client = RESTClient(self.base_url, session=session, config=RuntimeConfiguration())

    def _expand(self, text: str) -> str:
        return expand(text, self._environment, where=f"{self.source}: connection")

    def pages(self, where: str, table: Table, params: Mapping[str, str]) -> Iterator[Page]:
        """Yield every page.

        Raises PageGone when a page after the first is refused, SourceUnavailable and SourceMisconfigured otherwise.
        """
        number = 0
        try:
            for page in self._client.paginate(
                table.path or "",
                params={name: self._expand(value) for name, value in params.items()},
                paginator=_paginator(where, table.pagination),
                data_selector=_selector(table.records),
                hooks={"response": []},
            ):
                number += 1
                yield Page(page.response.content, page.response.request.url or "")
        except _Refused as refused:
            if number and refused.response.status_code in GONE:
                raise PageGone(refused.response.status_code) from None
            status = refused.response.status_code
            raise SourceMisconfigured(f"{where}: {self.host} answers {status}; {_advice(refused.response)}") from None
        except requests.RequestException as error:
            raise self._explain(where, error) from None
        except WRONG_PAGE as error:
            raise SourceUnavailable(
                f"{where}: page {number + 1} of {self.host} cannot be followed ({type(error).__name__}): what names "
                "the next page there is no cursor and no address; check `pagination`"
            ) from None

    def _explain(self, where: str, error: requests.RequestException) -> SourceUnavailable | SourceMisconfigured:
        tries = self.settings.attempts
        if isinstance(error, AnotherHost):
            return SourceMisconfigured(
                f"{where}: the next page is on another host, {error}; the login is not sent there"
            )
        if isinstance(error, TooLarge):
            limit = f"{self.settings.largest_page_megabytes:g} MB"
            return SourceMisconfigured(
                f"{where}: {self.host} answers more than {limit} at once; ask for smaller pages with "
                "pagination.size_parameter, or raise largest_page_megabytes"
            )
        if isinstance(error, LongPause) and error.response is not None:
            return SourceUnavailable(
                f"{where}: {self.host} answers {error.response.status_code} and wants a pause of {error} s; "
                "try again after that"
            )
        if isinstance(error, TryAgain):
            return SourceUnavailable(f"{where}: {self.host} {error} after {tries} tries; try again later")
        if isinstance(error, requests.Timeout):
            return SourceUnavailable(
                f"{where}: no answer from {self.host} within {self.settings.timeout_seconds:g} s, "
                f"{tries} times; try again later or raise timeout_seconds"
            )
        return SourceUnavailable(
            f"{where}: {self.host} cannot be reached ({type(error).__name__}), {tries} times; "
            "is it running, is base_url right?"
        )

    def _judge(self, response: requests.Response) -> None:
        """Raise for every answer but a whole JSON text."""
        if not 200 <= response.status_code < 300:
            raise _Refused(response)
        try:
            msgspec.json.decode(response.content, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError):
            size = len(response.content)
            raise TryAgain(f"answers {size} bytes that are not a whole JSON text", response=response) from None


def _advice(response: requests.Response) -> str:
    status = response.status_code
    if status < 400:
        return f"the resource moved to {urlsplit(response.headers.get('Location', '')).netloc}; mend base_url and path"
    if status in (401, 403):
        return "the login was refused; check auth and the rights of its account"
    return "check path and params" if status != 404 else "there is no such resource; check base_url and path"


def _selector(path: str | None) -> str:
    """Return a path of names as dlt writes it: in quotes a name may have any signs."""
    names = [name for name in (path or "").removeprefix("$").split(".") if name]
    return ".".join("'" + re.sub(r"(['\\])", r"\\\1", name) + "'" for name in names) or "$"


def _paginator(where: str, settings: Pagination) -> BasePaginator:
    try:
        return paginator(settings)
    except JSONPathError:
        raise SourceMisconfigured(
            f"{where}: pagination.cursor_path {settings.cursor_path!r} is no path in JSON; a name with other signs "
            "than letters of ASCII, digits and _ stands in quotes, such as 'next page'.url"
        ) from None


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
