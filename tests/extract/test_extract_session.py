"""Patience and bounds of the HTTP session, against a real server."""

from __future__ import annotations

import gzip
import itertools
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from api_server import Answer, Api, Request, serving
from extract_sources import Desk, rows, source

from sales_warehouse.extract import Extraction, SourceMisconfigured, SourceUnavailable, rest, session


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "read", partial(rest.read, pause_seconds=0.01))


def _read(desk: Desk, api: Api, pagination: dict | None = None, extract: dict | None = None, **more: Any) -> Extraction:
    connection = {"type": "rest", "base_url": api.url, "attempts": 2, "timeout_seconds": 1} | more
    table = {"path": "orders", "records": "data", "columns": ["id"], "pagination": pagination or {"type": "none"}}
    return desk.extract(source(connection, orders=table), **(extract or {}))


GOOD = Answer({"data": [{"id": 1}]})


def test_requests_are_spaced(desk: Desk, api: Api) -> None:
    api.answer = lambda request: Answer({"data": [{"id": request.query["page"]}] if len(api.requests) < 6 else []})
    _read(desk, api, {"type": "page", "reread": False}, requests_per_second=20)
    times = [request.at for request in api.requests]
    assert len(times) == 6
    assert min(b - a for a, b in itertools.pairwise(times)) > 0.04


def test_a_pause_is_kept_even_when_the_visit_gives_up(desk: Desk, api: Api) -> None:
    api.script(Answer(status=429, headers={"Retry-After": "1"}))
    with pytest.raises(SourceUnavailable, match="answers 429 after 1 tries"):
        _read(desk, api, attempts=1)
    api.script(GOOD)
    _read(desk, api)
    assert api.requests[1].at - api.requests[0].at >= 1


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(Answer({"data": [{"id": 1}]}, is_chunked=True, cut=9), id="a chunk that is cut off"),
        pytest.param(Answer(b"not gzip at all", headers={"Content-Encoding": "gzip"}), id="gzip that is none"),
        pytest.param(
            Answer(gzip.compress(b'{"data": [{"id": 1}]}')[:-16], headers={"Content-Encoding": "gzip"}),
            id="gzip that is cut off",
        ),
        pytest.param(Answer({"data": [{"id": 1}]}, seconds=1.2), id="a time-out"),
    ],
)
def test_half_answers_are_asked_for_again(desk: Desk, api: Api, first: Answer) -> None:
    api.script(first, GOOD)
    assert rows(_read(desk, api)) == [("1",)]
    assert len(api.requests) == 2


def test_an_answer_may_be_packed(desk: Desk, api: Api) -> None:
    api.script(Answer(gzip.compress(b'{"data": [{"id": 1.10}]}'), headers={"Content-Encoding": "gzip"}))
    assert rows(_read(desk, api)) == [("1.10",)]


def test_an_answer_that_drips_for_ever_counts_as_none(desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LONGEST_ANSWER", 2)
    api.script(Answer({"data": [{"id": 1}] * 99}, drip=0.05))
    started = time.monotonic()
    with pytest.raises(SourceUnavailable, match="no answer from"):
        _read(desk, api, timeout_seconds=0.2)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "a small gzip that unpacks to much"])
def test_an_answer_larger_than_any_page_is_refused(desk: Desk, api: Api, packed: bool) -> None:
    body = b'{"data": [' + b'{"id": 1},' * 500_000 + b'{"id": 1}]}'
    headers = {"Content-Encoding": "gzip"} if packed else {}
    api.script(Answer(gzip.compress(body) if packed else body, headers=headers))
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, api, largest_page_megabytes=1)
    assert str(error.value).endswith(
        "answers more than 1 MB at once; ask for smaller pages with pagination.size_parameter, "
        "or raise largest_page_megabytes"
    )
    assert len(api.requests) == 1


def test_no_page_of_another_host_is_asked_for_even_after_an_empty_one(desk: Desk, api: Api) -> None:
    with serving() as other:
        api.script(Answer({"data": [], "next": f"{other.url}/steal"}))
        with pytest.raises(SourceMisconfigured, match="the next page is on another host"):
            _read(desk, api, {"type": "link", "cursor_path": "next"})
        assert other.requests == []


@pytest.mark.parametrize("evil", ["https://{host}/orders", "http://{host}:pw@other.example/", "//other.example/x"])
def test_no_other_way_leads_to_another_host(desk: Desk, api: Api, evil: str) -> None:
    address = evil.format(host=api.url.removeprefix("http://"))
    api.script(Answer({"data": [{"id": 1}], "next": address}))
    with pytest.raises(SourceMisconfigured, match="the next page is on another host"):
        _read(desk, api, {"type": "link", "cursor_path": "next"})
    assert len(api.requests) == 1


def test_a_relative_link_is_followed(desk: Desk, api: Api) -> None:
    def answer(request: Request) -> Answer:
        page = int(request.query.get("page", 1))
        return Answer({"data": [{"id": page}], "next": f"/orders?page={page + 1}" if page < 3 else None})

    api.answer = answer
    assert rows(_read(desk, api, {"type": "link", "cursor_path": "next"})) == [("1",), ("2",), ("3",)]


def test_secrets_in_headers_are_not_logged(desk: Desk, api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    api.script(GOOD)
    auth = {"type": "api_key", "name": "ak", "value": "${KEY}", "location": "query"}
    _read(desk, api, None, {"environment": {"KEY": "canary"}}, headers={"X-Key": "${KEY}"}, auth=auth)
    assert (api.requests[0].headers["X-Key"], api.requests[0].query["ak"]) == ("canary", "canary")
    assert "canary" not in caplog.text
