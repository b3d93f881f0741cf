"""Which events each carrier was given to tell, and what it has yet to deliver: an SQLite file that survives a kill."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sales_warehouse.watch.left_out import KEY
from sales_warehouse.watch.message import Message, from_json
from sales_warehouse.watch.notices import News

# A message that a carrier could not deliver for so long is given up. Refreshes do not count: a company may have a
# hundred of them in a day, and a receiver be down over a weekend.
MOST_DAYS = 7
ALL = "*"  # every carrier, in `told`

SCHEMA = """
    CREATE TABLE IF NOT EXISTS told (
        event_key TEXT NOT NULL, carrier TEXT NOT NULL, message_key TEXT NOT NULL, created_at TEXT NOT NULL,
        PRIMARY KEY (event_key, carrier)
    );
    CREATE TABLE IF NOT EXISTS deliveries (
        message_key TEXT NOT NULL, carrier TEXT NOT NULL, payload TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
        attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT, created_at TEXT NOT NULL, sent_at TEXT,
        first_tried_at TEXT,
        PRIMARY KEY (message_key, carrier)
    );
"""
# A file of the time when what one carrier was given counted as told to all, and carriers were named by their addresses.
# What some of them had yet to deliver is told again, for nobody answers to their names any more.
UPGRADE = """
    BEGIN IMMEDIATE;
    ALTER TABLE deliveries ADD COLUMN first_tried_at TEXT;
    INSERT OR IGNORE INTO told SELECT incident_key, '*', message_key, created_at FROM incidents WHERE message_key NOT IN
        (SELECT message_key FROM deliveries WHERE state = 'pending' AND carrier <> 'file');
    DELETE FROM deliveries WHERE state = 'pending' AND carrier <> 'file';
    DROP TABLE incidents;
    COMMIT;
"""


@dataclass(frozen=True)
class Delivery:
    """A message that a carrier still has to deliver."""

    message: Message
    carrier: str
    attempts: int
    first_tried_at: datetime | None = None


class Outbox:
    """The file, opened for one refresh at a time. Moments are written as ISO text in UTC."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(SCHEMA)
        if self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'incidents'").fetchone():
            self._db.executescript(UPGRADE)

    def close(self) -> None:
        self._db.close()

    def known(self, carrier: str) -> frozenset[str]:
        """The keys of the events that this carrier was given to tell, or need not tell."""
        found = self._db.execute("SELECT event_key FROM told WHERE carrier IN (?, ?)", [carrier, ALL])
        return frozenset(key for (key,) in found)

    def enqueue(self, news: News, carriers: Sequence[str], message: Message | None, at: datetime) -> None:
        """Note what is settled, and the message about it, if there is one, for these carriers: all of it or nothing."""
        key, content = (message.key, message.to_json()) if message else ("", "")
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO told VALUES (?, ?, ?, ?)",
                [(name, carrier, key, at.isoformat()) for carrier in carriers for name in news.settled],
            )
            self._db.executemany(
                "INSERT INTO deliveries (message_key, carrier, payload, state, created_at) "
                "VALUES (?, ?, ?, 'pending', ?) ON CONFLICT (message_key, carrier) DO UPDATE SET "
                "payload = excluded.payload, state = 'pending', attempts = 0, created_at = excluded.created_at, "
                "first_tried_at = NULL WHERE state = 'failed'",
                [(key, carrier, content, at.isoformat()) for carrier in carriers if message],
            )

    def forget_mended(self, left_out: Sequence[str]) -> None:
        """Forget that rules were told of that are not left out any more: one that is broken again is news."""
        told = self._db.execute("SELECT DISTINCT event_key FROM told WHERE event_key GLOB ?", [f"{KEY}*"])
        mended = [(key,) for (key,) in told.fetchall() if key not in left_out]
        self._db.executemany("DELETE FROM told WHERE event_key = ?", mended)

    def pending(self, carriers: Sequence[str]) -> list[Delivery]:
        """What these carriers have to deliver, oldest first."""
        found = self._db.execute(
            "SELECT payload, carrier, attempts, first_tried_at FROM deliveries WHERE state = 'pending' ORDER BY rowid"
        )
        return [delivery for delivery in map(_delivery, found.fetchall()) if delivery.carrier in carriers]

    def outdated(self, carriers: Sequence[str], at: datetime) -> list[Delivery]:
        """What these carriers were first tried with, or given, more than MOST_DAYS ago, and have yet to deliver.

        One that was away for so long is not sent what was news then.
        """
        found = self._db.execute(
            "SELECT payload, carrier, attempts, first_tried_at FROM deliveries WHERE state = 'pending' "
            "AND coalesce(first_tried_at, created_at) < ? ORDER BY rowid",
            [(at - timedelta(days=MOST_DAYS)).isoformat()],
        )
        return [delivery for delivery in map(_delivery, found.fetchall()) if delivery.carrier in carriers]

    def give_up(self, delivery: Delivery) -> None:
        """The carrier counts as not told of it: it is given one message about what is still news."""
        with self._transaction():
            self._given_up(delivery)

    def drop(self, delivery: Delivery, reason: str) -> None:
        """The carrier counts as told of it, and never delivers it."""
        with self._transaction():
            self._update(delivery, "state = 'failed', last_error = ?", reason)

    def mark_held(self, delivery: Delivery, reason: str, at: datetime) -> None:
        """Note that it waits behind another message. Its days count as if it had been tried."""
        with self._transaction():
            self._update(
                delivery, "last_error = ?, first_tried_at = coalesce(first_tried_at, ?)", reason, at.isoformat()
            )

    def mark_sent(self, delivery: Delivery, at: datetime) -> None:
        with self._transaction():
            self._update(
                delivery, "attempts = attempts + 1, state = 'sent', last_error = NULL, sent_at = ?", at.isoformat()
            )

    def mark_failed(self, delivery: Delivery, reason: str, at: datetime) -> bool:
        """Note an attempt in vain. Return whether the message is given up, MOST_DAYS after it was first tried.

        The carrier counts as not told of it then: the next refresh gives it one message about what is still news.
        """
        first = delivery.first_tried_at or at
        is_given_up = at - first >= timedelta(days=MOST_DAYS)
        with self._transaction():
            self._update(
                delivery, "attempts = attempts + 1, last_error = ?, first_tried_at = ?", reason, first.isoformat()
            )
            if is_given_up:
                self._given_up(delivery)
        return is_given_up

    def _given_up(self, delivery: Delivery) -> None:
        self._update(delivery, "state = 'failed'")
        self._db.execute(
            "DELETE FROM told WHERE message_key = ? AND carrier = ?", [delivery.message.key, delivery.carrier]
        )

    def _update(self, delivery: Delivery, assignments: str, *values: str) -> None:
        self._db.execute(
            f"UPDATE deliveries SET {assignments} WHERE message_key = ? AND carrier = ?",
            [*values, delivery.message.key, delivery.carrier],
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


def _delivery(row: tuple[str, str, int, str | None]) -> Delivery:
    payload, carrier, attempts, tried = row
    return Delivery(from_json(payload), carrier, attempts, datetime.fromisoformat(tried) if tried else None)
