"""Records of a REST API, page by page through dlt's client; nothing lands unless every page came.

429, 5xx, time-outs, broken connections and half a JSON are tried again with growing pauses, never before the moment
that Retry-After names. An API that repeats a page, skips rows or miscounts is not believed.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz
from typing import Any
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

from sales_warehouse.company.models import Pagination, RestConnection, Source, Table
from sales_warehouse.extract.cursor import lower_bound
from sales_warehouse.extract.environment import expand
from sales_warehouse.extract.files import Room
from sales_warehouse.extract.gathered import Gathered
from sales_warehouse.extract.outcome import Extraction, Landed, SourceMisconfigured, SourceUnavailable
from sales_warehouse.extract.parquet import BATCH_ROWS, TextParquet
from sales_warehouse.extract.record import Columns, NotARecord, fields_of

LONGEST_PAUSE_SECONDS = 300  # an API that wants a longer pause is down for tonight
AGAIN = (408, 425, 429)


class _TryAgain(requests.HTTPError):
    """An answer that may be better next time."""


def read(
    source: Source,
    settings: RestConnection,
    environment: Mapping[str, str],
    cursors: Mapping[str, str | None],
    room: Callable[[str], Room],
    extraction: Extraction,
    on_progress: Callable[[str], None],
    pause_seconds: float = 1,
) -> None:
    """Read every resource of the source; raise SourceUnavailable or SourceMisconfigured, naming the place."""
    api = _Api(source.source, settings, environment, pause_seconds)
    for name, table in source.tables.items():
        landed = _Resource(api, name, table, cursors.get(name)).land(room(name))
        on_progress(f"{name}: {landed.rows} records")
        if table.cursor and not landed.rows:
            landed.path.unlink()
            extraction.skipped += 1
        else:
            extraction.landed.append(landed)


class _Api:
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
                yield page.response.content, page.request.url
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


@dataclass
class _Resource:
    """One resource on its way: counts what comes and distrusts what cannot be."""

    api: _Api
    name: str
    table: Table
    cursor: str | None
    total: int | None = None
    pages: set[bytes] = field(default_factory=set)
    short_page: int | None = None

    @property
    def where(self) -> str:
        return f"{self.api.source}: {self.name}"

    def land(self, room: Room) -> Landed:
        """Write every record; raise SourceUnavailable when the pages do not add up."""
        columns, reached = Columns(self._wanted()), self.cursor
        origin, path = self.table.path or "/", room.next_parquet()
        gathered = Gathered(columns)
        with TextParquet(path, columns.names, origin, faults=True) as parquet:
            for record in self._records():
                try:
                    row = columns.pick(fields_of(record))
                except NotARecord as error:
                    gathered.refuse(f"record {parquet.rows + len(gathered.rows) + 1}: {error}", record)
                    continue
                gathered.keep(row)
                if self.table.cursor and (value := row[columns.names.index(self.table.cursor)]) is not None:
                    reached = value if reached is None else max(reached, value)
                if len(gathered.rows) >= BATCH_ROWS:
                    gathered.flush(parquet)
            gathered.flush(parquet)
        return Landed(self.name, path, origin, parquet.rows, None, reached, parquet.malformed)

    def _wanted(self) -> list[str]:
        cursor = self.table.cursor
        return [*self.table.columns, *([cursor] if cursor and cursor not in self.table.columns else [])]

    def _records(self) -> Iterator[bytes]:
        count = 0
        for body, following in self.api.pages(self.where, self.table, self._params()):
            records = self._of_page(body)
            self._distrust(records, following)
            count += len(records)
            yield from records
            if self.total is not None and count == self.total:
                break
        if self.total is not None and count != self.total:
            raise SourceUnavailable(
                f"{self.where}: the API says {self.total} records and gave {count}; nothing was taken, try again later"
            )

    def _params(self) -> dict[str, str]:
        params = dict(self.table.params)
        paging = self.table.pagination
        if paging.size_parameter:
            params[paging.size_parameter] = str(paging.size)
        if self.table.cursor_parameter and self.cursor is not None:
            params[self.table.cursor_parameter] = lower_bound(self.cursor, self.table.overlap_minutes, "text")
        return params

    def _of_page(self, body: bytes) -> list[bytes]:
        if self.table.pagination.total_path:
            self.total = self._total(body)
        found = _at(body, self.table.records)
        if found is None:
            raise SourceMisconfigured(
                f"{self.where}: the answer has nothing at {self.table.records!r}; check `records`"
            )
        if found == b"null":
            return []
        if found.startswith(b"{"):
            return [found]
        return [bytes(item) for item in msgspec.json.decode(found, type=list[msgspec.Raw])]

    def _total(self, body: bytes) -> int | None:
        found = _at(body, self.table.pagination.total_path)
        return int(found) if found and found.isdigit() else None

    def _distrust(self, records: list[bytes], following: str) -> None:
        """Raise when a page came before, when offsets would skip rows, or when the next page is somebody else's."""
        if not records:
            return
        digest = hashlib.sha256(b"\n".join(records)).digest()
        if digest in self.pages:
            raise SourceUnavailable(
                f"{self.where}: page {len(self.pages) + 1} repeats an earlier one; nothing was taken. "
                "Check `pagination`; if it is right, try again later"
            )
        self.pages.add(digest)
        if self.short_page is not None and self.table.pagination.type == "offset":
            raise SourceMisconfigured(
                f"{self.where}: the API gives {self.short_page} records for a page of {self.table.pagination.size}, "
                "so offsets would skip rows; set pagination.size to what it gives"
            )
        self.short_page = len(records) if len(records) < self.table.pagination.size else None
        if urlsplit(following).netloc not in ("", self.api.host):
            raise SourceMisconfigured(
                f"{self.where}: the next page is on another host, {urlsplit(following).netloc}; "
                "the login is not sent there"
            )


def _at(body: bytes, path: str | None) -> bytes | None:
    """Return the raw JSON at a path of names (`$.data.items`), None when there is none."""
    found: Any = bytes(msgspec.json.decode(body, type=msgspec.Raw))
    for part in (path or "").removeprefix("$").split("."):
        if not part:
            continue
        if not found.startswith(b"{"):
            return None
        inner = msgspec.json.decode(found, type=dict[str, msgspec.Raw]).get(part)
        if inner is None:
            return None
        found = bytes(inner)
    return found
