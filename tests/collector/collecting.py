"""A real collector in a process of its own, a company for it, and senders that sign with code of their own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from written_company import write_company

KEY = b"a key of the forms, 32 bytes....."
OLD_KEY = b"the key before it, 32 bytes......"
TOKEN = "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
RECEIVER = "wx5823bf96d3bd56c7"


def whsec(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


SECRETS = {"FORMS_SECRET": whsec(KEY), "FORMS_SECRET_OLD": whsec(OLD_KEY), "WX_TOKEN": TOKEN, "WX_AES": AES_KEY}
WEBHOOKS = """\
rotate_seconds: {rotate}
minimum_free_bytes: {free}
endpoints:
  - name: forms
    label: {{en: Forms, zh: 表单}}
    secrets: ["${{FORMS_SECRET}}", "${{FORMS_SECRET_OLD}}"]
    max_bytes: {most}
    content_types: [application/json, application/x-www-form-urlencoded, multipart/form-data]
  - name: accounts
    label: {{en: Official account, zh: 公众号}}
    scheme: wechat
    secrets: ["${{WX_TOKEN}}"]
    wechat: {{encoding_aes_keys: ["${{WX_AES}}"], receiver_id: wx5823bf96d3bd56c7}}
  - name: plain
    label: {{en: Plain account, zh: 明文公众号}}
    scheme: wechat
    secrets: ["${{WX_TOKEN}}"]
    wechat: {{mode: plain}}
  - name: rare
    label: {{en: Rare, zh: 少}}
    secrets: ["${{FORMS_SECRET}}"]
    requests_per_minute: 2
  - name: elsewhere
    label: {{en: Elsewhere, zh: 别处}}
    secrets: ["${{FORMS_SECRET}}"]
    addresses: [203.0.113.0/24]
"""
SOURCE = """\
source: site
label: {en: Site, zh: 官网}
owner: marketing
expected_within_hours: 24
connection: {type: files, path: "${WEBHOOK_SPOOL}/forms"}
tables:
  forms:
    files: "*.jsonl"
    format: jsonl
    columns: [event_id, received_at, endpoint, timestamp, content_type, signed, body, raw,
              body.name, body.phone, body.sent_at]
mappings:
  - entity: leads
    from: forms
    columns:
      lead_id: event_id
      name: '"body.name"'
      phone: {from: '"body.phone"', normalise: phone}
      channel: "'web'"
      created_at: '"body.sent_at"'
"""


def signed(body: bytes, event_id: str, at: float | None = None, key: bytes = KEY) -> dict[str, str]:
    """Headers of Standard Webhooks, as its specification words them."""
    timestamp = str(int(time.time() if at is None else at))
    mac = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(mac.digest()).decode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
        "content-type": "application/json",
    }


def form(number: int) -> bytes:
    return json.dumps(
        {"name": f"客户{number}", "phone": f"1380000{number:04d}", "sent_at": "2026-06-28T09:30:00+08:00"},
        ensure_ascii=False,
    ).encode()


@dataclass
class Collector:
    """A running collector and its spool."""

    company: Path
    state: Path
    environment: dict[str, str]
    process: subprocess.Popen[str]
    url: str
    log: list[str] = field(default_factory=list)
    root: Path = Path("/")

    @property
    def spool(self) -> Path:
        return self.state / "small" / "spool"

    def post(self, body: bytes, event_id: str, endpoint: str = "forms", **options: Any) -> httpx.Response:
        headers = signed(body, event_id, **options)
        return httpx.post(f"{self.url}/hooks/{endpoint}", content=body, headers=headers, timeout=30)

    def lines(self, endpoint: str = "forms") -> list[Any]:
        """Every line of the finished files, in order."""
        files = sorted((self.spool / endpoint).glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]

    def ids(self, endpoint: str = "forms") -> Counter[str]:
        return Counter(line["event_id"] for line in self.lines(endpoint) if isinstance(line, dict))

    def line(self, event_id: str, endpoint: str = "forms") -> bytes:
        """The line of an event, as soon as its file is finished."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for file in sorted((self.spool / endpoint).glob("*.jsonl")):
                for line in file.read_bytes().splitlines():
                    if f'"event_id":"{event_id}"'.encode() in line.replace(b'\\"', b'"'):
                        return line
            time.sleep(0.05)
        raise AssertionError(f"no event {event_id} in {self.spool / endpoint}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def make_company(folder: Path, *, rotate: float = 3600, free: int = 0, most: int = 20_000) -> Path:
    company = write_company(folder, site=SOURCE)
    (company / "webhooks.yml").write_text(WEBHOOKS.format(rotate=rotate, free=free, most=most), encoding="utf-8")
    return company


def start(company: Path, state: Path, *, before: tuple[str, ...] = (), **more: str) -> Collector:
    """Start a collector and wait until it listens."""
    environment = {**os.environ, **SECRETS, "SALES_WAREHOUSE_VAR": str(state), **more}
    command = [
        *before,
        sys.executable,
        "-m",
        "sales_warehouse.cli",
        "collect",
        "--company",
        str(company),
        "--port",
        "0",
    ]
    process = subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=1
    )
    assert process.stdout
    collector = Collector(company, state, environment, process, "")
    for line in process.stdout:
        collector.log.append(line)
        if found := re.search(r"(http://[0-9.]+:\d+)/hooks/", line):
            collector.url = found[1]
            break
    assert collector.url, "".join(collector.log)
    threading.Thread(target=collector.log.extend, args=(process.stdout,), daemon=True).start()
    return collector


@contextmanager
def collecting(company: Path, state: Path, **more: Any) -> Iterator[Collector]:
    """A collector for the length of a block."""
    collector = start(company, state, **more)
    try:
        yield collector
    finally:
        if collector.process.poll() is None:
            collector.stop()
