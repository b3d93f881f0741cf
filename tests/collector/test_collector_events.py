"""What the collector answers, and what is then in the spool."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from collecting import SECRETS, Collector, collecting, form, make_company, signed

from sales_warehouse.extract.record import Columns, NotARecord, fields_of


def posted(collector: Collector, body: bytes, content_type: str, event_id: str) -> httpx.Response:
    headers = {**signed(body, event_id), "content-type": content_type}
    return httpx.post(f"{collector.url}/hooks/forms", content=body, headers=headers)


FIELD = b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n'


def test_an_event_is_stored_with_everything_that_is_known_of_it(collector: Collector) -> None:
    body = b'{\n "name": "\xe5\xbc\xa0",\r\n "amount": 1.10, "n": 1E5, "no": 12345678901234567890123}\n'
    answer = collector.post(body, "evt_1")
    assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    line = collector.line("evt_1")
    fields = fields_of(line)
    assert list(fields) == [
        "event_id", "received_at", "endpoint", "timestamp", "content_type", "signed", "body", "raw",
    ]  # fmt: skip
    names = ["event_id", "endpoint", "content_type", "signed", "body.name", "body.amount", "body.n", "body.no"]
    assert Columns(names).pick(fields) == [
        "evt_1", "forms", "application/json", "body", "张", "1.10", "1E5", "12345678901234567890123",
    ]  # fmt: skip
    assert base64.b64decode(json.loads(line)["raw"]) == body


def test_the_spool_is_for_its_owner_alone(collector: Collector) -> None:
    collector.post(form(1), "private")
    collector.line("private")
    assert [path for path in [collector.spool, *collector.spool.rglob("*")] if path.stat().st_mode & 0o077] == [
        collector.spool / ".lock"  # who holds it
    ]


def test_the_same_event_is_stored_once_and_another_with_its_id_is_refused(collector: Collector) -> None:
    assert [collector.post(form(1), "a").json() for _ in range(2)] == [{"status": "stored"}, {"status": "known"}]
    answer = collector.post(form(2), "a")
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("another event with this id was stored before")
    assert collector.post(form(1), "a", "rare").json() == {"status": "stored"}, "ids belong to an endpoint"
    collector.line("a")
    assert collector.post(form(1), "a").json() == {"status": "known"}, "also when its file is finished"
    assert collector.ids()["a"] == 1


def test_ids_are_known_after_a_restart_and_after_their_file_is_gone(tmp_path: Path) -> None:
    company, state = make_company(tmp_path), tmp_path / "var"
    with collecting(company, state) as first:
        first.post(form(1), "a")
    assert first.ids() == {"a": 1}, "a collector that is told to stop finishes its files"
    for file in (first.spool / "forms").glob("*.jsonl"):
        file.unlink()
    with collecting(company, state) as second:
        assert second.post(form(1), "a").json() == {"status": "known"}
        assert second.post(form(2), "a").status_code == 409
    assert second.lines() == []


def test_a_retry_with_a_new_timestamp_is_the_same_event(collector: Collector) -> None:
    assert collector.post(form(1), "again", at=time.time() - 200).json() == {"status": "stored"}
    assert collector.post(form(1), "again").json() == {"status": "known"}


def test_a_file_is_finished_in_time_and_no_half_one_is_seen(collector: Collector) -> None:
    for number in range(3):
        assert collector.post(form(number), f"timely{number}").status_code == 200
        began = time.monotonic()
        collector.line(f"timely{number}")
        assert time.monotonic() - began < 2
    assert [path for path in (collector.spool / "forms").iterdir() if not path.name.endswith(".jsonl")] == []


@pytest.mark.parametrize(
    ("content_type", "body", "read"),
    [
        ("application/json; charset=utf-8", b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ("application/x-www-form-urlencoded", b"name=%E5%BC%A0+x&tag=a&tag=b&empty=",
         {"name": "张 x", "tag": ["a", "b"], "empty": ""}),
        ("multipart/form-data; boundary=XX",
         b'--XX\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xe5\xbc\xa0\r\n'
         b'--XX\r\nContent-Disposition: form-data; name="plan"; filename="../../a.pdf"\r\n'
         b"Content-Type: application/pdf\r\n\r\n%PDF\r\n--XX--\r\n",
         {"name": "张", "plan": {"filename": "../../a.pdf", "content_type": "application/pdf", "bytes": 4,
                                "sha256": hashlib.sha256(b"%PDF").hexdigest()}}),
        ("multipart/form-data; boundary=XX",
         b'--XX\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\ngb18030\r\n'
         b'--XX\r\nContent-Disposition: form-data; name="\xd0\xd5"\r\n\r\n\xd5\xc5\r\n--XX--',
         {"_charset_": "gb18030", "姓": "张"}),
        ("multipart/form-data; charset=gb18030; boundary=XX",
         b'--XX\r\nContent-Disposition: form-data; name="f"; filename="\xd5\xc5.txt"\r\n\r\n\xff\r\n--XX--\r\n',
         {"f": {"filename": "张.txt", "content_type": None, "bytes": 1,
                "sha256": hashlib.sha256(b"\xff").hexdigest()}}),
    ],
    ids=["a list in JSON", "an encoded form", "a form with a file", "a form with its charset", "a charset of the head"],
)  # fmt: skip
def test_a_body_is_readable_whatever_its_type(
    collector: Collector, content_type: str, body: bytes, read: object
) -> None:
    event_id = hashlib.sha256(body).hexdigest()
    answer = posted(collector, body, content_type, event_id)
    assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    line = json.loads(collector.line(event_id))
    assert line["body"] == read
    assert base64.b64decode(line["raw"]) == body


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("application/json", b'{"a":', "not JSON: the text ends in the middle"),
        ("application/json", b"", "the body is empty"),
        ("application/json", b"5", "JSON that is no object and no list"),
        ("application/json", b'{"a":1,"a":2}', "the key 'a' is there twice"),
        ("application/json", b'{"a":NaN}', "NaN is not JSON"),
        ("application/json", b'{"a":01}', "not JSON: invalid number (byte 6)"),
        ("application/json", b'{"a":' + b"[" * 9000 + b"]" * 9000 + b"}", "nested too deep to be a record"),
        ("application/json", b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        ("application/json", b'{"a":{"b":"\xed\xa0\x80"}}', "not UTF-8 at byte 11"),
        ("application/json", '{"a":"上"}'.encode("utf-16"), "not UTF-8 at byte 0"),
        ("application/x-www-form-urlencoded", b"a=%ff", "a field of the form is not UTF-8"),
        ("application/x-www-form-urlencoded", b"a=1&" * 2000, "not an encoded form of at most 1000 fields"),
        ("multipart/form-data; boundary=XX", b"--YY\r\n", "not a form of several parts"),
        ("multipart/form-data", b"--XX--\r\n", "not a form of several parts"),
        ("multipart/form-data; boundary=XX", b"", "the last boundary is missing"),
        ("multipart/form-data; boundary=XX", FIELD + b"1\r\n--XX\r\nContent-Disp", "the last boundary is missing"),
        ("multipart/form-data; boundary=XX", FIELD + b"1\r\n--XX\r\n", "the last boundary is missing"),
        ("multipart/form-data; boundary=XX", FIELD + b"1\r\n--XX-", "the last boundary is missing"),
        ("multipart/form-data; boundary=XX", FIELD + b"\xd5\xc5\r\n--XX--\r\n", "not in its charset"),
        ("multipart/form-data; boundary=XX; charset=ascii", FIELD + b"\xc3\xa9\r\n--XX--\r\n", "not in its charset"),
        ("multipart/form-data; boundary=XX; charset=nonsense", FIELD + b"1\r\n--XX--\r\n", "not in its charset"),
    ],
    ids=lambda value: repr(value[:40]) + str(len(value)),
)
def test_what_cannot_be_read_is_kept_and_said_and_no_empty_event(
    collector: Collector, content_type: str, body: bytes, reason: str
) -> None:
    event_id = hashlib.sha256(content_type.encode() + body).hexdigest()
    answer = posted(collector, body, content_type, event_id)
    assert answer.status_code == 200
    assert answer.json()["status"] == "stored"
    assert reason in answer.json()["warning"]
    line = collector.line(event_id)
    with pytest.raises(NotARecord):  # so the reader of JSON Lines lands it as a malformed row
        fields_of(line)
    text = json.loads(line)
    assert reason in text
    assert base64.b64decode(json.loads(text[text.index(": {") + 2 :])["raw"]) == body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/html"}, 415),
        ({"content-type": ""}, 415),
        ({"content-encoding": "gzip"}, 415),
        ({"transfer-encoding": "chunked", "content-length": "5"}, 400),
    ],
    ids=["a type that is not allowed", "no type", "compressed", "two lengths"],
)
def test_what_is_not_taken_has_a_status_that_says_why(
    collector: Collector, headers: dict[str, str], status: int
) -> None:
    body = form(1)
    answer = httpx.post(f"{collector.url}/hooks/forms", content=body, headers={**signed(body, "not"), **headers})
    assert answer.status_code == status
    assert collector.ids()["not"] == 0


def test_one_spool_has_one_collector(collector: Collector) -> None:
    code = (
        "import sales_warehouse.collector.server as s, sales_warehouse.cli as c; s.LOCK_SECONDS = 0.1; "
        f"c.app(['collect', '--company', {str(collector.company)!r}, '--port', '0'])"
    )
    second = subprocess.run([sys.executable, "-c", code], env=collector.environment, capture_output=True, text=True)
    assert second.returncode == 75
    assert "another one is at work" in second.stderr


def test_a_port_that_is_taken_is_named(collector: Collector, tmp_path: Path) -> None:
    port = collector.url.rpartition(":")[2]
    command = [sys.executable, "-m", "sales_warehouse.cli", "collect", "--company", str(make_company(tmp_path))]
    environment = {**collector.environment, "SALES_WAREHOUSE_VAR": str(tmp_path / "var")}
    done = subprocess.run([*command, "--port", port], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"cannot listen on 127.0.0.1 port {port}: Address already in use")


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"FORMS_SECRET": ""}, "${FORMS_SECRET}: the environment has neither FORMS_SECRET nor FORMS_SECRET_FILE"),
        ({"FORMS_SECRET": "whsec_c2hvcnQ="}, "${FORMS_SECRET}: must be whsec_ and base64 of 24 to 64 bytes"),
        ({"WX_AES": "canary-aes"}, "${WX_AES}: an EncodingAESKey has 43 letters and digits"),
        ({"WX_TOKEN": "canary token"}, "${WX_TOKEN}: a token of WeChat has 3 to 32 letters and digits"),
    ],
    ids=["not set", "too short", "an AES key of another form", "a token of another form"],
)
def test_a_secret_that_cannot_be_used_is_named_and_not_shown(
    tmp_path: Path, secrets: dict[str, str], said: str
) -> None:
    environment = {**os.environ, **SECRETS, "SALES_WAREHOUSE_VAR": str(tmp_path / "var"), **secrets}
    command = [sys.executable, "-m", "sales_warehouse.cli", "collect", "--company", str(make_company(tmp_path))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr
    assert not any(value and value in done.stderr + done.stdout for value in secrets.values())


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRETS["FORMS_SECRET"] + "\n")
    with collecting(make_company(tmp_path), tmp_path / "var", FORMS_SECRET="", FORMS_SECRET_FILE=str(file)) as running:
        assert running.post(form(1), "a").status_code == 200
