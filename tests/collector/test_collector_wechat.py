"""WeChat: the handshake, messages in plain and encrypted mode, and XML that means harm."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from typing import Any

import httpx
import pytest
from collecting import AES_KEY, RECEIVER, TOKEN, Collector
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.datastructures import Headers, QueryParams

from sales_warehouse.collector.refusal import Refused
from sales_warehouse.collector.secrets import aes_key
from sales_warehouse.collector.wechat import WeChatMessages
from sales_warehouse.collector.xml_message import BadXml, read_message

TEXT = (
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUser]]></FromUserName>"
    "<CreateTime>1348831860</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[你好, 1 < 2 & 3]]></Content><MsgId>{number}</MsgId></xml>"
)
EVENT = (
    "<xml><FromUserName>oUser</FromUserName><CreateTime>1348831860</CreateTime><MsgType>event</MsgType>"
    "<Event>{event}</Event></xml>"
)


def sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def address(**changes: str) -> dict[str, str]:
    parts = {"timestamp": str(int(time.time())), "nonce": "1372623149", **changes}
    return {"signature": sha1(TOKEN, parts["timestamp"], parts["nonce"]), **parts}


def encrypted(message: bytes, receiver: str = RECEIVER, key: str = AES_KEY) -> str:
    """The encryption that WeChat describes, written for the test."""
    secret = base64.b64decode(key + "=")
    content = os.urandom(16) + len(message).to_bytes(4, "big") + message + receiver.encode()
    pad = 32 - len(content) % 32
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(encryptor.update(content + bytes([pad]) * pad) + encryptor.finalize()).decode()


def post(collector: Collector, body: str, query: dict[str, str], endpoint: str) -> httpx.Response:
    url = f"{collector.url}/hooks/{endpoint}"
    return httpx.post(url, params=query, content=body.encode(), headers={"content-type": "text/xml"})


def post_encrypted(collector: Collector, message: str, endpoint: str = "accounts", **options: Any) -> httpx.Response:
    secret, query = encrypted(message.encode(), **options), address()
    query |= {"encrypt_type": "aes", "msg_signature": sha1(TOKEN, query["timestamp"], query["nonce"], secret)}
    return post(collector, f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{secret}</Encrypt></xml>", query, endpoint)


@pytest.mark.parametrize("endpoint", ["plain", "accounts"])
def test_the_handshake_gives_back_echostr_when_the_address_is_signed(collector: Collector, endpoint: str) -> None:
    url = f"{collector.url}/hooks/{endpoint}"
    answer = httpx.get(url, params={**address(), "echostr": "5927782489442352469"})
    assert (answer.status_code, answer.text) == (200, "5927782489442352469")
    assert answer.headers["content-type"].startswith("text/plain")
    for change in ({"signature": "0" * 40}, {"timestamp": "1409659813"}, {"nonce": "<x>"}, {"signature": ""}):
        assert httpx.get(url, params={**address(), "echostr": "5", **change}).status_code == 401


def test_the_handshake_of_wecom_decrypts_echostr(collector: Collector) -> None:
    secret, query = encrypted(b"1616140317555161061"), address()
    query["msg_signature"] = sha1(TOKEN, query["timestamp"], query["nonce"], secret)
    del query["signature"]
    answer = httpx.get(f"{collector.url}/hooks/accounts", params={**query, "echostr": secret})
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")


def test_a_message_that_tencent_published_is_verified_and_decrypted() -> None:
    """The sample of WeCom's and the official account's documentation: token, key, receiver and message are theirs."""
    sample = (
        "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvu"
        "JTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwG"
        "c2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9"
        "EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0"
        "lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
    )
    query = QueryParams(
        {
            "msg_signature": "477715d11cdb4164915debcba66cb864d751f3e6",
            "timestamp": "1409659813",
            "nonce": "1372623149",
        }
    )
    scheme = WeChatMessages([TOKEN], 300, [aes_key("${K}", {"K": AES_KEY})], RECEIVER)
    body = f"<xml><ToUserName>{RECEIVER}</ToUserName><Encrypt>{sample}</Encrypt></xml>".encode()
    message = scheme.message(Headers(), query, body)
    found = read_message(message.body)
    assert (found["FromUserName"], found["Content"], found["MsgId"]) == ("mycreate", "hello", "4561255354251345929")
    assert message.event_id == "4561255354251345929"
    other = WeChatMessages([TOKEN], 300, [aes_key("${K}", {"K": AES_KEY})], "wx0000000000000000")
    with pytest.raises(Refused):
        other.message(Headers(), query, body)


def test_an_encrypted_message_is_stored_readable_and_once_though_it_is_encrypted_anew(collector: Collector) -> None:
    answers = [post_encrypted(collector, TEXT.format(number="1001")) for _ in range(2)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "success")] * 2
    line = json.loads(collector.line("1001", "accounts"))
    assert (line["signed"], line["content_type"]) == ("body", "text/xml")
    assert line["body"]["Content"] == "你好, 1 < 2 & 3"
    assert base64.b64decode(line["raw"]).decode() == TEXT.format(number="1001")
    assert collector.ids("accounts")["1001"] == 1
    assert post_encrypted(collector, TEXT.format(number="1001").replace("你好", "再见")).status_code == 409


def test_events_have_no_number_and_are_told_apart_by_what_they_say(collector: Collector) -> None:
    for event in ("subscribe", "SCAN", "subscribe"):
        assert post_encrypted(collector, EVENT.format(event=event)).text == "success"
    ids = [f"sha256-{hashlib.sha256(EVENT.format(event=e).encode()).hexdigest()}" for e in ("subscribe", "SCAN")]
    for event_id in ids:
        collector.line(event_id, "accounts")
    assert [collector.ids("accounts")[event_id] for event_id in ids] == [1, 1]


def test_what_is_not_from_the_account_is_refused(collector: Collector) -> None:
    text = TEXT.format(number="2002")
    assert post_encrypted(collector, text, receiver="wx0000000000000000").status_code == 401
    assert post_encrypted(collector, text, key="A" * 43).status_code == 401
    assert post(collector, text, address(), "accounts").status_code == 401, "plain, where encrypted is asked for"
    secret, query = encrypted(text.encode()), address()
    query["msg_signature"] = sha1(TOKEN, query["timestamp"], query["nonce"], secret)
    body = f"<xml><Encrypt>{secret}</Encrypt></xml>"
    assert post(collector, body.replace(secret[:8], "AAAAAAAA"), query, "accounts").status_code == 401
    assert post(collector, body, {**query, "nonce": "7"}, "accounts").status_code == 401
    assert post(collector, body, {**query, "timestamp": "1409659813"}, "accounts").status_code == 401
    assert post(collector, body.replace(secret, "%%%"), query, "accounts").status_code == 401
    assert post(collector, "<xml>", query, "accounts").status_code == 400
    assert collector.ids("accounts")["2002"] == 0


def test_plain_mode_says_that_only_the_address_was_signed(collector: Collector) -> None:
    query = address()
    assert post(collector, TEXT.format(number="3003"), query, "plain").text == "success"
    line = json.loads(collector.line("3003", "plain"))
    assert line["signed"] == "address"
    assert post(collector, TEXT.format(number="3004"), query, "plain").status_code == 200, "the mode's own weakness"
    for change in ({"signature": "0" * 40}, {"timestamp": str(int(time.time()) - 400)}, {"nonce": "2"}):
        assert (
            post(
                collector,
                TEXT.format(number="3005"),
                {
                    **address(),
                    **change,
                },
                "plain",
            ).status_code
            == 401
        )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><xml><A>&a;</A></xml>', "a document type is not allowed"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><A>1</A></xml>', "a document type is not allowed"),
        ("<xml><A>&a;</A></xml>", "not XML: undefined entity"),
        ("<a>" * 5000, "more than 8 levels or 1000 elements"),
        ("<xml>" + "<a/>" * 5000 + "</xml>", "more than 8 levels or 1000 elements"),
        ("<xml><A>1</A>", "not XML: no element found"),
        ("<xml>text</xml>", "no elements in the message"),
        ("", "not XML: no element found"),
        ("<xml><A>\x00</A></xml>", "not XML: not well-formed"),
    ],
    ids=["billion laughs", "an outer file", "an entity", "too deep", "too many", "cut", "text alone", "empty", "NUL"],
)
def test_xml_that_means_harm_is_named(text: str, reason: str) -> None:
    with pytest.raises(BadXml, match=reason):
        read_message(text.encode())


def test_a_signed_message_that_is_no_xml_is_kept_for_quarantine(collector: Collector) -> None:
    bad = '<!DOCTYPE x [<!ENTITY a "b">]><xml><A>&a;</A></xml>'
    assert post_encrypted(collector, bad).text == "success"
    event_id = f"sha256-{hashlib.sha256(bad.encode()).hexdigest()}"
    text = json.loads(collector.line(event_id, "accounts"))
    assert text.startswith("the body could not be read (a document type is not allowed)")


def test_nested_and_repeated_elements_become_objects_and_lists() -> None:
    text = "<xml><List><item><K>1</K></item><item><K>2</K></item></List><A/></xml>"
    assert read_message(text.encode()) == {"List": {"item": [{"K": "1"}, {"K": "2"}]}, "A": ""}
