"""Measure the collector: acknowledged events a second and latency with 1, 8 and 64 clients, beside one fsync.

`python benchmarks/collector.py`. The collector is a process of its own, started by its command; the clients are one
asyncio process beside it, on the same machine, so they share its cores. Every event is signed and has an id of its
own; at the end the spool is counted. Prints Markdown.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

KEY = os.urandom(32)
COMPANY = """\
company_id: bench
name: {en: Bench, zh: 测量}
currency: CNY
time_zone: Asia/Shanghai
country: CN
"""
LIFECYCLE = "tiers: [{tier: A, name: {en: Everybody, zh: 全部}}]\n"
WEBHOOKS = """\
endpoints:
  - {name: forms, label: {en: Forms, zh: 表单}, secrets: ["${FORMS_SECRET}"]}
"""
SOURCE = """\
source: forms
label: {en: Forms, zh: 表单}
owner: marketing
expected_within_hours: 24
connection: {type: files, path: "${WEBHOOK_SPOOL}/forms"}
tables:
  forms: {files: "*.jsonl", format: jsonl, columns: [event_id]}
mappings:
  - {entity: leads, from: forms, columns: {lead_id: event_id}}
"""


def main(
    seconds: Annotated[float, typer.Option(help="Length of each measurement.")] = 10,
    size: Annotated[int, typer.Option(help="Bytes of a body.")] = 500,
    folder: Annotated[Path | None, typer.Option(help="Where the spool lies; default: a temporary folder.")] = None,
) -> None:
    """Measure with 1, 8 and 64 clients and print a table."""
    place = Path(tempfile.mkdtemp(prefix="collector-", dir=folder))
    try:
        print(f"Bodies of {size} bytes, {seconds:.0f} s each; one write of 4 KiB with fsync: {_fsync(place)}.\n")
        print("| clients | events/s | p50 ms | p99 ms | longest ms |\n| ---: | ---: | ---: | ---: | ---: |")
        for clients in (1, 8, 64):
            print(_measure(place / f"{clients}", clients, seconds, size))
    finally:
        shutil.rmtree(place)


def _measure(place: Path, clients: int, seconds: float, size: int) -> str:
    process, port = _start(place)
    try:
        taken = asyncio.run(_load(port, clients, seconds, size))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    spooled = sum(len(file.read_bytes().splitlines()) for file in place.glob("var/bench/spool/forms/*.jsonl"))
    if spooled != len(taken):
        raise SystemExit(f"{len(taken)} events were acknowledged, {spooled} are in the spool")
    cut = statistics.quantiles(taken, n=100)
    times = f"{cut[49] * 1000:.1f} | {cut[98] * 1000:.1f} | {max(taken) * 1000:.0f}"
    return f"| {clients} | {len(taken) / seconds:,.0f} | {times} |"


def _start(place: Path) -> tuple[subprocess.Popen[str], int]:
    company = place / "company"
    (company / "sources").mkdir(parents=True)
    texts = {"company": COMPANY, "lifecycle": LIFECYCLE, "webhooks": WEBHOOKS, "sources/forms": SOURCE}
    for name, text in texts.items():
        (company / f"{name}.yml").write_text(text, encoding="utf-8")
    secret = "whsec_" + base64.b64encode(KEY).decode()
    environment = {**os.environ, "SALES_WAREHOUSE_VAR": str(place / "var"), "FORMS_SECRET": secret}
    command = [sys.executable, "-m", "sales_warehouse.cli", "collect", "--company", str(company), "--port", "0"]
    log = (place / "log").open("w")
    process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout
    found = re.search(r":(\d+)/hooks/", process.stdout.readline())
    assert found, "the collector did not start"
    return process, int(found[1])


async def _load(port: int, clients: int, seconds: float, size: int) -> list[float]:
    taken: list[float] = []
    deadline = time.perf_counter() + seconds
    await asyncio.gather(*(_client(port, number, deadline, size, taken) for number in range(clients)))
    return taken


async def _client(port: int, number: int, deadline: float, size: int, taken: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.perf_counter() < deadline:
        count += 1
        request = _request(f"c{number}-{count}", size)
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        taken.append(time.perf_counter() - began)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"an event was refused: {head[:40]!r}")
    writer.close()


def _request(event_id: str, size: int) -> bytes:
    known = {"id": event_id, "name": "张伟", "phone": "13800000000", "sent_at": "2026-06-28T09:30:00+08:00"}
    body = json.dumps({**known, "text": "x" * max(0, size - 110)}, ensure_ascii=False).encode()
    timestamp = str(int(time.time()))
    mac = hmac.digest(KEY, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256)
    head = (
        f"POST /hooks/forms HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nwebhook-id: {event_id}\r\n"
        f"webhook-timestamp: {timestamp}\r\nwebhook-signature: v1,{base64.b64encode(mac).decode()}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _fsync(place: Path) -> str:
    times = []
    with (place / "probe").open("wb", buffering=0) as file:
        for _ in range(200):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    cut = statistics.quantiles(times, n=100)
    return f"p50 {cut[49] * 1000:.2f} ms, p99 {cut[98] * 1000:.2f} ms"


if __name__ == "__main__":
    typer.run(main)
