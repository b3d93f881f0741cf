"""A shop's API that lies, driven by a seed: what can go wrong between two systems goes wrong here, and is counted.

Records are added, changed and removed while its pages are read, so rows move from page to page. On top of that any
answer may be 429 with a pause, 5xx, late, cut off, another page than was asked for, or carry a wrong total; the cursor
of a following page may have expired. `honest` turns all of that off.
"""

from __future__ import annotations

import base64
import datetime
import email.utils
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from api_server import Answer, Request

BEGIN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
SIZE = 5
FAULT_RATE = 0.15
CHANGE_RATE = 0.1
TIME_OUT_SECONDS = 0.4


@dataclass
class Shop:
    """The truth of four resources, and the lies that were told about them."""

    seed: int
    url: str = ""
    is_honest: bool = False
    pages: int = 0
    too_early: int = 0
    told: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.clock = 0
        self.records: dict[int, dict[str, Any]] = {}
        self.not_before = 0.0
        self._last: dict[str, dict[str, Any]] = {}
        for _ in range(60):
            self._add()

    def answer(self, request: Request) -> Answer:
        """Answer as the API does."""
        self.too_early += request.at < self.not_before
        self.clock += 1
        self.pages += 1
        if self.is_honest:
            return Answer(self._page(request))
        if self.random.random() < CHANGE_RATE:
            self._change()
        if self.random.random() < FAULT_RATE:
            name = self.random.choice(list(FAULTS))
            if found := FAULTS[name](self, request):
                self.told[name] += 1
                return found
        page = self._page(request)
        self._last[request.path] = page
        return Answer(page)

    # --- the truth ---------------------------------------------------------------------------------------------

    def _now(self) -> str:
        late = self.random.randrange(30)  # seconds between the time stamp of a change and its commit
        return (BEGIN + datetime.timedelta(seconds=max(0, self.clock - late))).isoformat().replace("+00:00", "Z")

    def _add(self) -> None:
        number = max(self.records, default=0) + 1
        self.records[number] = {"id": number, "amount": f"{self.random.randrange(10**6)}.10", "updated": self._now()}

    def _change(self) -> None:
        kind = self.random.choice(["add", "change", "change", "remove"])
        if kind == "add" or len(self.records) < 40:
            self._add()
            return
        number = self.random.choice(list(self.records))
        if kind == "remove":
            del self.records[number]
            self.told["changes: removed"] += 1
            return
        # A time stamp never goes back, as in a database with a trigger
        moment = max(self._now(), self.records[number]["updated"])
        self.records[number] = {"id": number, "amount": f"{self.random.randrange(10**6)}.20", "updated": moment}
        self.told["changes: changed"] += 1

    # --- the pages ---------------------------------------------------------------------------------------------

    def _page(self, request: Request) -> dict[str, Any]:
        kind, query = request.path.rsplit("/", 1)[-1], request.query
        since = query.get("since", "")
        there = [record for record in self.records.values() if record["updated"] >= since]
        there.sort(key=lambda record: (record["updated"], record["id"]), reverse=kind == "pages")
        if kind == "offsets":
            there.sort(key=lambda record: record["id"])
        if kind == "cursors":
            return self._after(there, query.get("after"))
        start = {
            "pages": (int(query.get("page", 1)) - 1) * SIZE,
            "offsets": int(query.get("offset", 0)),
            "links": int(query.get("from", 0)),
        }[kind]
        page: dict[str, Any] = {"data": there[start : start + SIZE], "total": len(there)}
        if kind == "links" and start + SIZE < len(there):
            page["next"] = f"{self.url}/links?from={start + SIZE}" + (f"&since={since}" if since else "")
        return page

    def _after(self, there: list[dict], cursor: str | None) -> dict[str, Any]:
        total = len(there)
        if cursor:
            place = tuple(json.loads(base64.urlsafe_b64decode(cursor)))
            there = [record for record in there if (record["updated"], record["id"]) > place]
        page, rest = there[:SIZE], there[SIZE:]
        following = json.dumps([page[-1]["updated"], page[-1]["id"]]).encode() if page and rest else b""
        return {"data": page, "total": total, "next": base64.urlsafe_b64encode(following).decode() or None}

    # --- the lies ----------------------------------------------------------------------------------------------

    def pause(self, request: Request) -> Answer:
        """Ask for a pause, in seconds or as a date by the clock of this server."""
        if self.random.random() < 0.7:
            return Answer(status=429)
        seconds = 1
        if self.random.random() < 0.3:
            moment = int(time.time()) + 2
            self.not_before = time.monotonic() + moment - time.time()
            return Answer(status=503, headers={"Retry-After": email.utils.formatdate(moment, usegmt=True)})
        self.not_before = time.monotonic() + seconds
        return Answer(status=429, headers={"Retry-After": str(seconds)})

    def error(self, request: Request) -> Answer:
        return Answer({"error": "busy"}, status=self.random.choice([500, 502, 503, 504]))

    def late(self, request: Request) -> Answer | None:
        return Answer(self._page(request), seconds=TIME_OUT_SECONDS * 1.5) if self.random.random() < 0.3 else None

    def cut(self, request: Request) -> Answer:
        """Cut off: the connection, a chunk, or the text itself, which then has the length that was promised."""
        body = json.dumps(self._page(request))
        kind = self.random.randrange(3)
        if kind == 2:
            return Answer(body[: self.random.randrange(len(body) - 1)])
        return Answer(body, cut=self.random.randrange(1, len(body)), is_chunked=kind == 1)

    def other_page(self, request: Request) -> Answer | None:
        """Give the records of the page before once more."""
        last = self._last.get(request.path)
        follows = {"page", "offset", "after", "from"} & set(request.query)
        if last is None or not last["data"] or not follows or request.query.get("page") == "1":
            return None
        if request.query.get("offset") == "0":
            return None
        return Answer(self._page(request) | {"data": last["data"]})

    def expired(self, request: Request) -> Answer | None:
        if {"after", "from"} & set(request.query):
            return Answer({"error": "cursor expired"}, status=self.random.choice([400, 410]))
        return None

    def wrong_total(self, request: Request) -> Answer:
        wrong = self.random.choice([0, None, "many", -1, 1, 7])
        page = self._page(request)
        self._last[request.path] = page
        return Answer(page | {"total": page["total"] + wrong if isinstance(wrong, int) and wrong else wrong})

    def no_json(self, request: Request) -> Answer:
        return Answer(self.random.choice(["<html>Maintenance</html>", "", "{", "null,"]))


FAULTS: dict[str, Callable[[Shop, Request], Answer | None]] = {
    "429 or 503": Shop.pause,
    "5xx": Shop.error,
    "time-out": Shop.late,
    "cut off": Shop.cut,
    "another page again": Shop.other_page,
    "expired cursor": Shop.expired,
    "wrong total": Shop.wrong_total,
    "no JSON": Shop.no_json,
}
