"""Nobody but the sender gets a 2xx, nothing grows without bound, and no log tells what was sent."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from collecting import KEY, OLD_KEY, SECRETS, Collector, collecting, form, make_company, signed

from sales_warehouse.collector import protocol
from sales_warehouse.collector.secrets import signing_key
from sales_warehouse.collector.standard import StandardWebhooks


def send(collector: Collector, head: bytes, body: bytes = b"", *, seconds: float = 5) -> bytes:
    """Send bytes as they are and return what comes back until the connection ends or nothing more comes."""
    place = urlsplit(collector.url)
    with socket.create_connection((place.hostname, place.port), timeout=seconds) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(head + body)
        answer = b""
        with contextlib.suppress(OSError):
            while part := connection.recv(65536):
                answer += part
                if b"\r\n\r\n" in answer and b"connection: close" not in answer:
                    break
        return answer


def headers_of(body: bytes, event_id: str, **changes: str | None) -> list[tuple[str, str]]:
    changed = {**signed(body, event_id), **{name.replace("_", "-"): value for name, value in changes.items()}}
    return [(name, value) for name, value in changed.items() if value is not None]


def test_the_signature_is_that_of_the_specification() -> None:
    """The example that the reference implementations of Standard Webhooks test themselves with."""
    from starlette.datastructures import Headers, QueryParams

    key = signing_key("${S}", {"S": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    given = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    message = StandardWebhooks([key], 300).message(Headers(given), QueryParams(), b'{"test": 2432232314}')
    assert (message.event_id, message.sent_at.isoformat()) == (given["webhook-id"], "2021-02-25T15:02:10+00:00")


def signature(body: bytes, event_id: str = "no", key: bytes = KEY) -> str:
    return signed(body, event_id, key=key)["webhook-signature"]


BODY = form(1)
NOW = int(time.time())


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"webhook_signature": None}, 401),
        ({"webhook_id": None}, 401),
        ({"webhook_timestamp": None}, 401),
        ({"webhook_signature": ""}, 401),
        ({"webhook_signature": "v1,"}, 401),
        ({"webhook_signature": signature(BODY, key=b"x" * 32)}, 401),
        ({"webhook_signature": signature(BODY)[:-4] + "AAA="}, 401),
        ({"webhook_signature": signature(BODY).replace("v1,", "v1a,")}, 401),
        ({"webhook_signature": signature(BODY).removeprefix("v1,")}, 401),
        ({"webhook_signature": "v1," + hmac.new(KEY, BODY, hashlib.sha256).hexdigest()}, 401),
        ({"webhook_signature": " ".join(["v1,AAAA"] * 11)}, 401),
        ({"webhook_timestamp": str(NOW - 90)}, 401),
        ({"webhook_timestamp": f"{NOW}.0"}, 401),
        ({"webhook_timestamp": "９" * 10}, 401),
        ({"webhook_timestamp": "1" * 13}, 401),
        ({"webhook_timestamp": "-1"}, 401),
        ({"webhook_id": "other"}, 401),
        ({"webhook_id": "a" * 129}, 400),
        ({"webhook_id": "a.b"}, 400),
        ({"webhook_id": "../../etc/passwd"}, 400),
        ({"webhook_id": "a b"}, 400),
        ({"webhook_id": "编号"}, 400),
        ({"webhook_id": ""}, 400),
    ],
    ids=[
        "no signature", "no id", "no timestamp", "an empty signature", "a version alone", "another key",
        "one byte wrong", "another version", "no version", "the body alone signed, in hex", "too many signatures",
        "another moment than signed", "a moment that is no number", "full-width digits", "a long number",
        "a negative moment", "another id than signed", "a long id", "a dot in the id", "a path as the id",
        "a space in the id", "an id in Chinese", "an empty id",
    ],
)  # fmt: skip
def test_what_is_not_signed_by_the_sender_is_refused(
    collector: Collector, changes: dict[str, str | None], status: int
) -> None:
    headers = headers_of(BODY, "no", **changes)
    encoded = [(name, value.encode()) for name, value in headers]
    answer = httpx.post(f"{collector.url}/hooks/forms", content=BODY, headers=encoded)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize("seconds", [-310, 310], ids=["too old", "of the future"])
def test_a_request_of_another_time_is_refused_though_it_is_signed(collector: Collector, seconds: int) -> None:
    answer = collector.post(BODY, "late", at=time.time() + seconds)
    assert answer.status_code == 401
    assert answer.json()["error"].startswith("the timestamp is more than 300 seconds away from now")
    assert collector.post(BODY, "late", at=time.time() + seconds * 0.9).status_code == 200


def test_a_captured_request_cannot_be_sent_with_another_body_or_twice(collector: Collector) -> None:
    headers = signed(BODY, "captured")
    url = f"{collector.url}/hooks/forms"
    assert httpx.post(url, content=BODY, headers=headers).status_code == 200
    assert httpx.post(url, content=form(2), headers=headers).status_code == 401
    assert httpx.post(url, content=BODY, headers=headers).json() == {"status": "known"}
    assert httpx.post(f"{collector.url}/hooks/accounts", content=BODY, headers=headers).status_code in (401, 415)
    collector.line("captured")
    assert collector.ids()["captured"] == 1


def test_an_old_secret_is_taken_while_it_changes_and_one_of_two_signatures_is_enough(collector: Collector) -> None:
    assert collector.post(BODY, "old", key=OLD_KEY).status_code == 200
    headers = signed(BODY, "both")
    headers["webhook-signature"] = f"v1a,AAAA {signature(BODY, 'both', b'x' * 32)} {headers['webhook-signature']}"
    assert httpx.post(f"{collector.url}/hooks/forms", content=BODY, headers=headers).status_code == 200


def test_two_headers_of_one_name_are_refused(collector: Collector) -> None:
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        headers = signed(BODY, "twice")
        answer = httpx.post(
            f"{collector.url}/hooks/forms", content=BODY, headers=[*headers.items(), (name, headers[name])]
        )
        assert answer.status_code == 401, name


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/nobody", "/hooks/", "/hooks", "/", "/hooks/../forms", "/hooks/%2e%2e%2fforms", "/hooks/forms/",
        "/hooks/forms/x", "/hooks/FORMS", "/hooks/forms%00", "/hooks/..%5c..", "/docs", "/openapi.json",
        "/hooks/" + "a" * 5000, "//hooks/forms",
    ],
)  # fmt: skip
def test_an_address_that_is_no_endpoint_tells_nothing(collector: Collector, path: str) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(BODY, "path").items())
    request = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(BODY)}\r\n{head}\r\n"
    answer = send(collector, request.encode(), BODY)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith(b'{"error":"not found"}')
    assert list(collector.state.parent.glob("forms*")) == []


def test_other_methods_are_refused(collector: Collector) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"):
        assert httpx.request(method, f"{collector.url}/hooks/forms").status_code == 405, method


@pytest.mark.parametrize(
    "lines",
    ["content-length: 30000\r\n", "transfer-encoding: chunked\r\n", "content-length: 99999999999999999\r\n"],
    ids=["announced", "in chunks", "announced as endless"],
)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(collector: Collector, lines: str) -> None:
    body = b"x" * 30_000
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(body, "large").items())
    request = f"POST /hooks/forms HTTP/1.1\r\nhost: x\r\n{lines}{head}\r\n".encode()
    began = time.monotonic()
    chunked = "chunked" in lines
    answer = send(collector, request, b"7530\r\n" + body + b"\r\n" if chunked else body[:100], seconds=10)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert time.monotonic() - began < 5, "it waited for the rest"


def test_a_body_at_the_limit_is_taken(collector: Collector) -> None:
    body = b'{"a":"' + b"x" * (20_000 - 8) + b'"}'
    assert collector.post(body, "limit").status_code == 200
    assert collector.post(body + b" ", "over").status_code == 413


@pytest.mark.parametrize(
    ("head", "answered"),
    [
        (b"x: " + b"y" * 17_000 + b"\r\n\r\n", True),
        (b"".join(b"h%d: y\r\n" % n for n in range(2_000)) + b"\r\n", True),
        (b"x: " + b"y" * 17_000, True),
        (b"z" * 300_000, False),
    ],
    ids=["one long header", "many headers", "a header that goes on", "a line without an end"],
)
def test_a_head_that_is_too_large_is_refused_at_once(collector: Collector, head: bytes, answered: bool) -> None:
    began = time.monotonic()
    answer = send(collector, b"POST /hooks/forms HTTP/1.1\r\nhost: x\r\n" + head)
    assert time.monotonic() - began < 3, "it waited for more"
    # a client that goes on sending may see its connection break before it reads the answer
    assert answer.startswith(b"HTTP/1.1 431 ") or (not answered and answer == b"")
    assert collector.post(BODY, f"after{len(head)}").status_code == 200


@pytest.mark.parametrize(
    "drip",
    [b"POST /hooks/forms HTTP/1.1\r\nhost: x\r\nx: ", b"\r\n", b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nPOST "],
    ids=["in the middle of a header", "empty lines", "after a whole request"],
)
def test_a_slow_head_loses_its_connection(tmp_path: Path, drip: bytes) -> None:
    assert protocol.HEAD_SECONDS <= 15
    with collecting(make_company(tmp_path), tmp_path / "var", before=quick()) as collector:
        place = urlsplit(collector.url)
        with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
            began, ended = time.monotonic(), False
            connection.sendall(drip)
            connection.settimeout(0.1)
            while not ended and time.monotonic() - began < 8:
                try:
                    ended = connection.recv(65536) == b""
                except TimeoutError:
                    with contextlib.suppress(OSError):
                        connection.sendall(b"\r\n" if drip == b"\r\n" else b"y")
                except OSError:
                    ended = True
            assert ended and time.monotonic() - began < 6


def quick() -> tuple[str, ...]:
    """A collector whose patience is a second: the same code, another constant."""
    import sys

    code = (
        "import sys, runpy\n"
        "import sales_warehouse.collector.protocol as p, sales_warehouse.collector.app as a\n"
        "p.HEAD_SECONDS = a.BODY_SECONDS = 1.0\n"
        "sys.argv = sys.argv[3:]\n"
        "runpy.run_module('sales_warehouse.cli', run_name='__main__')\n"
    )
    return (sys.executable, "-c", code)


def test_a_slow_body_is_given_up(tmp_path: Path) -> None:
    with collecting(make_company(tmp_path), tmp_path / "var", before=quick()) as collector:
        head = "".join(f"{name}: {value}\r\n" for name, value in signed(BODY, "slow").items())
        request = f"POST /hooks/forms HTTP/1.1\r\nhost: x\r\ncontent-length: {len(BODY)}\r\n{head}\r\n"
        began = time.monotonic()
        answer = send(collector, request.encode(), BODY[:5], seconds=10)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 4


def test_a_client_that_asks_too_often_has_to_wait(collector: Collector) -> None:
    answers = [collector.post(BODY, f"rate{number}", "rare") for number in range(4)]
    assert 429 in [answer.status_code for answer in answers]
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 429)


def test_a_client_of_another_network_may_not_post_whatever_it_says(collector: Collector) -> None:
    headers = {**signed(BODY, "else"), "x-forwarded-for": "203.0.113.7", "forwarded": "for=203.0.113.7"}
    answer = httpx.post(f"{collector.url}/hooks/elsewhere", content=BODY, headers=headers)
    assert answer.status_code == 403


def test_no_secret_no_body_and_no_id_is_in_the_log_and_no_secret_in_the_spool(tmp_path: Path) -> None:
    with collecting(make_company(tmp_path, rotate=0.2), tmp_path / "var") as collector:
        canary = b'{"name": "canary-in-a-body"}'
        collector.post(canary, "canary-in-an-id")
        collector.post(canary, "canary-in-an-id", key=b"x" * 32)
        collector.post(b'{"name": "canary-in-a-body', "canary-cut")
        httpx.post(f"{collector.url}/hooks/canary-in-a-path", content=canary)
        query = {"signature": "canary-in-a-query", "timestamp": str(NOW), "nonce": "1", "echostr": "canary"}
        httpx.get(f"{collector.url}/hooks/plain", params=query)
        send(collector, b"POST /hooks/forms HTTP/1.1\r\nwebhook-id: canary\r\n canary-folded\r\n\r\n")
        send(collector, b"canary-in-no-request\r\n\r\n")
        time.sleep(0.5)
    log = "".join(collector.log)
    assert "forms: " in log, "the log counts"
    secrets = [*SECRETS.values(), KEY.decode(), OLD_KEY.decode(), *(s.removeprefix("whsec_") for s in SECRETS.values())]
    for text in ["canary", *secrets]:
        assert text not in log
    written = b"".join(path.read_bytes() for path in collector.spool.rglob("*") if path.is_file())
    assert b"canary-in-an-id" in written, "the search finds what is there"
    assert [secret for secret in secrets if secret.encode() in written] == []
