"""Which events of incidents people know, and what is still to be delivered: an SQLite file that survives a kill."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sales_warehouse.watch.message import Message, from_json
from sales_warehouse.watch.notices import News

# A receiver that was down for this many refreshes is not tried again; the report says so.
MOST_ATTEMPTS = 10

SCHEMA = """
    CREATE TABLE IF NOT EXISTS incidents (
        incident_key TEXT PRIMARY KEY, message_key TEXT NOT NULL, payload TEXT NOT NULL, created_at TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS deliveries (
        message_key TEXT NOT NULL, carrier TEXT NOT NULL, payload TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
        attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT, created_at TEXT NOT NULL, sent_at TEXT,
        PRIMARY KEY (message_key, carrier)
    );
"""


@dataclass(frozen=True)
class Delivery:
    """A message that a carrier still has to deliver."""

    message: Message
    carrier: str
    attempts: int


class Outbox:
    """The file, opened for one refresh at a time. Moments are written as ISO text in UTC."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    def known(self) -> set[str]:
        """The keys of everything that was told, or need not be."""
        return {key for (key,) in self._db.execute("SELECT incident_key FROM incidents")}

    def enqueue(self, news: News, carriers: Sequence[str], message: Message | None, at: datetime) -> None:
        """Note what is settled, and the message about it, if there is one, for every carrier: all of it or nothing."""
        told = {notice.key: notice.to_json() for notice in news.notices}
        key, content = (message.key, message.to_json()) if message else ("", "")
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO incidents VALUES (?, ?, ?, ?)",
                [(name, key, told.get(name, ""), at.isoformat()) for name in news.settled],
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO deliveries (message_key, carrier, payload, state, created_at) "
                "VALUES (?, ?, ?, 'pending', ?)",
                [(key, carrier, content, at.isoformat()) for carrier in carriers if message],
            )

    def pending(self, carriers: Sequence[str]) -> list[Delivery]:
        """What these carriers have to deliver, oldest first."""
        found = self._db.execute(
            "SELECT payload, carrier, attempts FROM deliveries WHERE state = 'pending' ORDER BY rowid"
        )
        rows = [row for row in found.fetchall() if row[1] in carriers]
        return [Delivery(from_json(payload), carrier, attempts) for payload, carrier, attempts in rows]

    def mark_sent(self, delivery: Delivery, at: datetime) -> None:
        self._update(
            delivery, "state = 'sent', attempts = attempts + 1, last_error = NULL, sent_at = ?", at.isoformat()
        )

    def mark_failed(self, delivery: Delivery, reason: str) -> None:
        """Note an attempt in vain; after MOST_ATTEMPTS the delivery is given up."""
        state = f"CASE WHEN attempts + 1 >= {MOST_ATTEMPTS} THEN 'failed' ELSE 'pending' END"
        self._update(delivery, f"state = {state}, attempts = attempts + 1, last_error = ?", reason)

    def _update(self, delivery: Delivery, assignments: str, value: str) -> None:
        with self._transaction():
            self._db.execute(
                f"UPDATE deliveries SET {assignments} WHERE message_key = ? AND carrier = ?",
                [value, delivery.message.key, delivery.carrier],
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
