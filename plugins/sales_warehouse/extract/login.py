"""The login of a REST API: a bearer token, a key, or OAuth2 client credentials (RFC 6749 4.4).

Secrets are added to a request right before it is sent, below everything that writes logs.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import requests

from sales_warehouse.company.models import ApiKeyAuth, BearerAuth, ClientCredentialsAuth
from sales_warehouse.extract.outcome import SourceMisconfigured, SourceUnavailable
from sales_warehouse.extract.session import Limits, Login, NoLogin, Pace, PatientSession

SPARE_SECONDS = 60  # a token is renewed so long before it ends, at most half of its life
UNSAID_LIFE_SECONDS = 300  # of a token that does not say how long it lives
TOKEN_BYTES = 1 << 20


def address(text: str, where: str) -> str:
    """Return an address of HTTP; raise SourceMisconfigured, without a word of it, when it is none."""
    try:
        parts = urlsplit(text)
        is_one = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_one = False
    if not is_one:
        raise SourceMisconfigured(f"{where} is no address such as https://api.example.com/v2")
    return text


def in_header(text: str, where: str) -> str:
    """Return a text that a header can carry; raise SourceMisconfigured, without a word of it, when none can.

    Blanks around it are no part of it: a secret that comes from a file has its line end.
    """
    value = text.strip()
    if not value.isprintable() or any(sign > "\xff" for sign in value):
        raise SourceMisconfigured(
            f"{where}: it has a line end or a sign beyond Latin-1 inside, which no header carries; was it copied whole?"
        )
    return value


class Header:
    """A secret in a header."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def apply(self, request: requests.PreparedRequest) -> None:
        request.headers[self._name] = self._value

    def renew(self) -> bool:
        return False


class Query:
    """A secret in the query."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def apply(self, request: requests.PreparedRequest) -> None:
        request.prepare_url(request.url or "", {self._name: self._value})

    def renew(self) -> bool:
        return False


class ClientCredentials:
    """A token that is fetched when it is needed, kept, and renewed before it ends or when a server refuses it."""

    def __init__(
        self, source: str, settings: ClientCredentialsAuth, expand: Callable[[str], str], pause_seconds: float
    ) -> None:
        self._where, self._settings, self._expand = f"{source}: connection.auth", settings, expand
        self._url = address(expand(settings.token_url), f"{self._where}.token_url")
        limits = Limits(settings.timeout_seconds, settings.attempts, pause_seconds, TOKEN_BYTES)
        self._session = PatientSession(self._url, NoLogin(), Pace(), limits, lambda response: None)
        self._token, self._good_until = "", 0.0

    def apply(self, request: requests.PreparedRequest) -> None:
        if time.monotonic() >= self._good_until:
            self._fetch()
        request.headers["Authorization"] = f"Bearer {self._token}"

    def renew(self) -> bool:
        self._good_until = 0.0
        return True

    def _fetch(self) -> None:
        """Ask for a token; raise SourceUnavailable or SourceMisconfigured without a word of the secret."""
        asked = time.monotonic()
        try:
            response = self._session.post(self._url, data=self._form(), headers=self._headers())
        except requests.RequestException as error:
            kind = f"answers {error.response.status_code}" if error.response is not None else type(error).__name__
            raise SourceUnavailable(f"{self._where}: no token: the token server ({kind}); try again later") from None
        if response.status_code != 200:
            raise SourceMisconfigured(
                f"{self._where}: no token: the token server answers {response.status_code}{_error_code(response)}; "
                "check token_url, client_id, client_secret and scope"
            )
        self._take(response.content, asked)

    def _take(self, answer: bytes, asked: float) -> None:
        try:
            token = msgspec.json.decode(answer, type=_Token, strict=False)
        except msgspec.MsgspecError:
            raise SourceMisconfigured(
                f"{self._where}: the token server answers without an access_token; check token_url"
            ) from None
        life = token.expires_in if token.expires_in is not None else UNSAID_LIFE_SECONDS
        self._token, self._good_until = token.access_token, asked + life - min(SPARE_SECONDS, life / 2)

    def _form(self) -> str:
        fields = {"grant_type": "client_credentials"}
        if self._settings.scope:
            fields["scope"] = self._expand(self._settings.scope)
        fields |= {name: self._expand(value) for name, value in self._settings.params.items()}
        if self._settings.send_secret_in == "body":  # noqa: S105 (a place, not a secret)
            fields |= dict(zip(("client_id", "client_secret"), self._secret(), strict=True))
        return urlencode(fields)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._settings.send_secret_in == "header":  # noqa: S105
            pair = ":".join(quote(part, safe="") for part in self._secret())
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return headers

    def _secret(self) -> tuple[str, str]:
        return self._expand(self._settings.client_id).strip(), self._expand(self._settings.client_secret).strip()


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float | None = None


def _error_code(response: requests.Response) -> str:
    """Return the error code of RFC 6749 5.2, and nothing else that the server says."""
    found = re.search(rb'"error"\s*:\s*"([a-z_]{1,40})"', response.content)
    return f" ({found.group(1).decode()})" if found else ""


def login_of(
    source: str,
    auth: BearerAuth | ApiKeyAuth | ClientCredentialsAuth | None,
    expand: Callable[[str], str],
    pause_seconds: float,
) -> Login:
    """Return the login that a connection describes."""
    if auth is None:
        return NoLogin()
    where = f"{source}: connection.auth"
    if isinstance(auth, BearerAuth):
        return Header("Authorization", f"Bearer {in_header(expand(auth.token), f'{where}.token')}")
    if isinstance(auth, ApiKeyAuth) and auth.location == "header":
        return Header(auth.name, in_header(expand(auth.value), f"{where}.value"))
    if isinstance(auth, ApiKeyAuth):
        return Query(auth.name, expand(auth.value).strip())
    return ClientCredentials(source, auth, expand, pause_seconds)
