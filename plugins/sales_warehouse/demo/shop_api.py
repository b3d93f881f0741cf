"""The web shop of the demo company: a paged HTTP API with a token and a limit, as shops have them.

GET /api/v2/<resource>?limit=500&after=<next>&modified_since=<moment>, with `Authorization: Bearer <token>`, answers
{"data": {"items": [...], "next": "…" or null, "total": n}}: the newest state of every record that changed since, oldest
change first. Without the token it answers 401, faster than `REQUESTS_A_SECOND` 429 with Retry-After.

`python -m sales_warehouse.demo.shop_api <database> <port>` serves one database on the loopback address; the token is in
the environment, as SHOP_TOKEN.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sales_warehouse.airflow.leash import Leash
from sales_warehouse.airflow.ports import LOOPBACK, free_port
from sales_warehouse.demo.tables import SHOP
from sales_warehouse.sql import ident

REQUESTS_A_SECOND = 25
BURST = 50
LARGEST_PAGE = 1000
START_SECONDS = 30
RESOURCES = frozenset(table.name for table in SHOP)


class Limit:
    """A bucket of requests that fills again with time."""

    def __init__(self) -> None:
        self._left, self._at, self._lock = float(BURST), time.monotonic(), threading.Lock()

    def is_passed(self) -> bool:
        """Take one request, or say that there is none left."""
        with self._lock:
            now = time.monotonic()
            self._left = min(BURST, self._left + (now - self._at) * REQUESTS_A_SECOND)
            self._at = now
            if self._left < 1:
                return True
            self._left -= 1
            return False


def application(database: Path, token: str) -> Starlette:
    """Return the API over the tables of a SQLite database that a `SystemDatabase` keeps."""
    limit = Limit()

    async def answer(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
            return JSONResponse({"error": "a valid token is needed"}, 401, {"WWW-Authenticate": "Bearer"})
        if limit.is_passed():
            return JSONResponse({"error": "too many requests"}, 429, {"Retry-After": "1"})
        resource = request.path_params["resource"]
        if resource not in RESOURCES:
            raise HTTPException(404, f"there is no resource {resource!r}")
        query = request.query_params
        size = min(_whole(query.get("limit", "100")), LARGEST_PAGE)
        page = await run_in_threadpool(
            read_page, database, resource, query.get("modified_since", ""), query.get("after"), size
        )
        return JSONResponse({"data": page})

    return Starlette(routes=[Route("/api/v2/{resource}", answer)])


def read_page(database: Path, resource: str, since: str, after: str | None, size: int) -> dict[str, object]:
    """Return one page: `items`, where the `next` begins (None behind the last), and the `total` of all pages."""
    table, place = ident(resource), _place(after)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        (total,) = connection.execute(f"select count(*) from {table} where updated_at >= ?", (since,)).fetchone()
        rows = connection.execute(
            f"select * from {table} where updated_at >= ? and (updated_at, id) > (?, ?) "
            "order by updated_at, id limit ?",
            (since, *place, size),
        ).fetchall()
    items = [{name: row[name] for name in row.keys() if name != "id"} for row in rows]  # noqa: SIM118
    last = f"{rows[-1]['updated_at']}|{rows[-1]['id']}" if len(rows) == size else None
    return {"items": items, "next": base64.urlsafe_b64encode(last.encode()).decode() if last else None, "total": total}


def _place(after: str | None) -> tuple[str, int]:
    if not after:
        return "", -1
    try:
        moment, _, number = base64.urlsafe_b64decode(after).decode().rpartition("|")
        return moment, int(number)
    except (binascii.Error, ValueError) as error:
        raise HTTPException(400, "`after` is not what an answer gave as `next`") from error


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise HTTPException(400, "`limit` is a whole number from 1")
    return int(text)


@contextmanager
def serving(database: Path, log: Path) -> Iterator[dict[str, str]]:
    """Serve a database until the block ends; yield SHOP_URL and SHOP_TOKEN, as the configuration of the source asks."""
    port, token = free_port(), secrets.token_urlsafe(24)
    command = [sys.executable, "-m", "sales_warehouse.demo.shop_api", str(database), str(port)]
    url = f"http://{LOOPBACK}:{port}"
    with Leash(command, environment={**os.environ, "SHOP_TOKEN": token}, log=log) as process:
        _wait(process, url, token, log)
        yield {"SHOP_URL": url, "SHOP_TOKEN": token}


def _wait(process: Leash, url: str, token: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            answer = httpx.get(f"{url}/api/v2/catalogue?limit=1", headers={"Authorization": f"Bearer {token}"})
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.is_success:
            return
        break
    raise RuntimeError(f"the demo's web shop did not start; see {log}")


if __name__ == "__main__":
    uvicorn.run(
        application(Path(sys.argv[1]), os.environ["SHOP_TOKEN"]),
        host=LOOPBACK,
        port=int(sys.argv[2]),
        log_level="warning",
        access_log=False,
    )
