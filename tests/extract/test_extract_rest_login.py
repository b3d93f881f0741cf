"""OAuth2 client credentials against real servers: the token is fetched, kept, renewed, and never told."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import pytest
from api_server import Answer, Api, Request, serving
from extract_sources import Desk, rows, source

from sales_warehouse.extract import Extraction, SourceMisconfigured, SourceUnavailable, login, rest


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as running:
        yield running


@pytest.fixture
def tokens() -> Iterator[Api]:
    with serving() as running:
        running.answer = lambda request: Answer(
            {"access_token": f"token-canary-{len(running.requests)}", "token_type": "bearer", "expires_in": 3600}
        )
        yield running


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "read", partial(rest.read, pause_seconds=0.01))


def _read(desk: Desk, api: Api, tokens: Api, **auth: Any) -> Extraction:
    given = {
        "type": "oauth2_client_credentials",
        "token_url": f"{tokens.url}/token",
        "client_id": "warehouse",
        "client_secret": "${SECRET}",
    } | auth
    connection = {"type": "rest", "base_url": api.url, "attempts": 2, "timeout_seconds": 5, "auth": given}
    table = {"path": "orders", "records": "data", "columns": ["id"], "pagination": {"type": "page", "reread": False}}
    return desk.extract(source(connection, orders=table), environment={"SECRET": "secret-canary&="})


def _pages(request: Request) -> Answer:
    page = int(request.query["page"])
    return Answer({"data": [{"id": page}] if page <= 3 else []})


def _sent(api: Api) -> list[str]:
    return [request.headers["Authorization"] for request in api.requests]


def test_one_token_serves_all_pages(desk: Desk, api: Api, tokens: Api) -> None:
    api.answer = _pages
    assert rows(_read(desk, api, tokens, scope="read", params={"audience": "orders"})) == [("1",), ("2",), ("3",)]
    assert _sent(api) == ["Bearer token-canary-1"] * 4
    (asked,) = tokens.requests
    assert (asked.method, asked.path) == ("POST", "/token")
    assert parse_qs(asked.body) == {
        "grant_type": ["client_credentials"],
        "scope": ["read"],
        "audience": ["orders"],
        "client_id": ["warehouse"],
        "client_secret": ["secret-canary&="],
    }


def test_the_secret_may_go_in_the_header(desk: Desk, api: Api, tokens: Api) -> None:
    api.answer = _pages
    _read(desk, api, tokens, send_secret_in="header")
    given = tokens.requests[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(given) == b"warehouse:secret-canary%26%3D"
    assert "secret" not in tokens.requests[0].body


def test_a_token_is_renewed_before_it_ends(desk: Desk, api: Api, tokens: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.answer = _pages
    tokens.answer = lambda request: Answer({"access_token": f"{len(tokens.requests)}", "expires_in": 60})
    clock = [1000.0]

    class Time:
        @staticmethod
        def monotonic() -> float:
            clock[0] += 20  # every look at the clock
            return clock[0]

    monkeypatch.setattr(login, "time", Time)
    _read(desk, api, tokens)
    assert len(tokens.requests) >= 2
    assert _sent(api) == sorted(_sent(api))


def test_a_token_that_is_refused_is_renewed_once(desk: Desk, api: Api, tokens: Api) -> None:
    def answer(request: Request) -> Answer:
        return Answer(status=401) if request.headers["Authorization"].endswith("-1") else _pages(request)

    api.answer = answer
    assert rows(_read(desk, api, tokens)) == [("1",), ("2",), ("3",)]
    assert _sent(api)[:2] == ["Bearer token-canary-1", "Bearer token-canary-2"]
    assert len(tokens.requests) == 2


def test_a_login_that_stays_refused_is_a_mistake(desk: Desk, api: Api, tokens: Api) -> None:
    api.answer = lambda request: Answer(status=401)
    with pytest.raises(SourceMisconfigured, match="answers 401; the login was refused"):
        _read(desk, api, tokens)
    assert (len(api.requests), len(tokens.requests)) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        pytest.param(
            Answer({"error": "invalid_client", "error_description": "secret-canary is wrong"}, status=401),
            SourceMisconfigured,
            "the token server answers 401 (invalid_client); check token_url, client_id, client_secret and scope",
            id="a wrong secret",
        ),
        pytest.param(
            Answer(status=307, headers={"Location": "http://elsewhere.example/token"}),
            SourceMisconfigured,
            "the token server answers 307; check token_url, client_id, client_secret and scope",
            id="a redirect, which would carry the secret away",
        ),
        pytest.param(
            Answer(status=503), SourceUnavailable, "the token server (answers 503); try again later", id="503"
        ),
        pytest.param(
            Answer({"token": "canary"}),
            SourceMisconfigured,
            "the token server answers without an access_token; check token_url",
            id="an answer without a token",
        ),
    ],
)
def test_a_token_that_is_not_given(
    desk: Desk, api: Api, tokens: Api, answer: Answer, kind: type[Exception], message: str
) -> None:
    tokens.answer = lambda request: answer
    with pytest.raises(kind) as error:
        _read(desk, api, tokens)
    assert str(error.value).startswith("shop: connection.auth: ")
    assert str(error.value).endswith(message)
    assert "canary" not in str(error.value)
    assert api.requests == []


def test_nothing_of_the_login_is_logged(
    desk: Desk, api: Api, tokens: Api, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    api.answer = _pages
    _read(desk, api, tokens)
    assert "canary" not in caplog.text + "".join(capfd.readouterr())
