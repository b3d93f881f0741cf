"""The journal: what was acknowledged and is in no finished file yet, and the ids that were acknowledged before.

One SQLite file beside the spool, in WAL mode with synchronous=FULL: a commit returns when its bytes are on the disk. An
event and its id are committed together, so no crash can leave one without the other, and many events share a commit.
It has to lie on a local disk, as every database in WAL mode.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sales_warehouse import durable, failpoint
from sales_warehouse.collector.event import Event

FILE = ".journal.sqlite"
SCHEMA = """
create table if not exists known (
    endpoint text not null, event_id text not null, digest blob not null, at integer not null,
    primary key (endpoint, event_id)
) without rowid;
create index if not exists known_by_age on known (at);
create table if not exists pending (
    number integer primary key autoincrement, endpoint text not null, line blob not null
);
create index if not exists pending_by_endpoint on pending (endpoint, number);
create table if not exists segment (endpoint text primary key, name text not null, last integer not null) without rowid;
create table if not exists probe (one integer primary key check (one = 1), at integer not null);
"""


class StorageFailed(Exception):
    """The disk did not take it; nothing of what was asked is stored, and it may be tried again."""


class Outcome(enum.Enum):
    """What became of an event."""

    STORED = "stored"
    KNOWN = "known"  # the same event was acknowledged before
    DIFFERENT = "different"  # another event with this id was acknowledged before


@dataclass(frozen=True)
class Segment:
    """The events of an endpoint up to a number, on their way into a finished file."""

    endpoint: str
    name: str
    last: int


class Journal:
    """The only writer of a journal; use it from one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE
        self._open: sqlite3.Connection | None = None

    def store(self, events: Sequence[Event]) -> list[Outcome]:
        """Commit events, all or none, and say what became of each; raise StorageFailed."""
        with self._transaction() as connection:
            outcomes = [_store(connection, event) for event in events]
            failpoint.reach("collect.before_commit")
        failpoint.reach("collect.after_commit")
        return outcomes

    def probe(self, at: datetime.datetime) -> None:
        """Commit a mark, to see whether the disk takes anything; raise StorageFailed."""
        with self._transaction() as connection:
            connection.execute("insert or replace into probe values (1, ?)", [int(at.timestamp())])

    def waiting(self) -> dict[str, tuple[int, int]]:
        """Return number and bytes of the pending events by endpoint."""
        query = "select endpoint, count(*), sum(length(line)) from pending group by endpoint"
        with self._transaction() as connection:
            return {endpoint: (count, size) for endpoint, count, size in connection.execute(query)}

    def segments(self) -> list[Segment]:
        """Return the segments that were begun and not finished."""
        with self._transaction() as connection:
            return [Segment(*row) for row in connection.execute("select endpoint, name, last from segment")]

    def begin(self, endpoint: str, at: datetime.datetime) -> Segment | None:
        """Give all pending events of an endpoint the file that they go to; None when there are none.

        The name is committed before the file is written: after a crash the same events go to the same name again.
        """
        with self._transaction() as connection:
            (last,) = connection.execute("select max(number) from pending where endpoint = ?", [endpoint]).fetchone()
            if last is None:
                return None
            segment = Segment(endpoint, f"{at:%Y%m%dT%H%M%S}_{last:012d}.jsonl", last)
            connection.execute("insert into segment values (?, ?, ?)", [endpoint, segment.name, last])
        return segment

    def lines(self, segment: Segment) -> Iterator[bytes]:
        """Yield the lines of a segment in the order of their acknowledgement."""
        query = "select line from pending where endpoint = ? and number <= ? order by number"
        with self._transaction() as connection:
            for (line,) in connection.execute(query, [segment.endpoint, segment.last]):
                yield line

    def finish(self, segment: Segment) -> None:
        """Forget the lines of a segment whose file is in its place; their ids stay known."""
        with self._transaction() as connection:
            where = "endpoint = ? and number <= ?"
            connection.execute(f"delete from pending where {where}", [segment.endpoint, segment.last])
            connection.execute("delete from segment where endpoint = ?", [segment.endpoint])

    def forget(self, before: datetime.datetime) -> int:
        """Forget the ids of events that came before a moment; return how many."""
        with self._transaction() as connection:
            return connection.execute("delete from known where at < ?", [int(before.timestamp())]).rowcount

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        if self._open is not None:
            with contextlib.suppress(sqlite3.Error):
                self._open.close()
            self._open = None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit at the end of the block. After any error the file is opened anew: SQLite then recovers by itself."""
        try:
            connection = self._connection()
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")
        except sqlite3.Error as error:
            self.close()
            raise StorageFailed(f"the journal was not written: {error}") from error
        except OSError as error:
            self.close()
            raise StorageFailed(f"the journal cannot be opened: {error.strerror}") from error
        except BaseException:
            self.close()
            raise

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = not self.file.exists()
            os.close(os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its other files the same mode
            connection = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
            connection.executescript(
                "pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on;"
                "pragma journal_size_limit = 16000000; pragma cache_size = -16000;" + SCHEMA
            )
            if new:
                durable.sync_folder(self.file.parent)
            self._open = connection
        return self._open


def _store(connection: sqlite3.Connection, event: Event) -> Outcome:
    key, at = (event.endpoint, event.event_id), int(event.received_at.timestamp())
    added = connection.execute(
        "insert into known values (?, ?, ?, ?) on conflict do nothing", [*key, event.digest, at]
    ).rowcount
    if added:
        connection.execute("insert into pending (endpoint, line) values (?, ?)", [event.endpoint, event.line])
        return Outcome.STORED
    query = "select digest from known where endpoint = ? and event_id = ?"
    (digest,) = connection.execute(query, key).fetchone()
    return Outcome.KNOWN if digest == event.digest else Outcome.DIFFERENT
