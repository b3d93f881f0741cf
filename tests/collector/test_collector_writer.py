"""The journal and the writer by themselves: what is committed when, together with what, and for how long."""

from __future__ import annotations

import asyncio
import datetime
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from sales_warehouse.collector.event import Event
from sales_warehouse.collector.journal import FILE, Journal, Outcome, StorageFailed
from sales_warehouse.collector.limits import Addresses, Memory, Rate
from sales_warehouse.collector.refusal import Refused
from sales_warehouse.collector.writer import Writer
from sales_warehouse.company.webhooks import Endpoint, WebhooksFile

MOMENT = datetime.datetime(2026, 6, 28, 12, tzinfo=datetime.UTC)


def event(event_id: str, digest: bytes = b"d", at: datetime.datetime = MOMENT) -> Event:
    return Event("forms", event_id, digest, at, f'{{"event_id":"{event_id}"}}\n'.encode())


def settings(**changes: object) -> WebhooksFile:
    return WebhooksFile.model_validate({"rotate_seconds": 3600, "minimum_free_bytes": 0, **changes})


def test_a_commit_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.store([event("a")])
    connection = journal._connection()
    assert connection.execute("pragma synchronous").fetchone() == (2,), "FULL: every commit is synchronised"
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    with sqlite3.connect(tmp_path / FILE) as other:
        assert other.execute("select count(*) from pending").fetchone() == (1,)


def test_events_that_wait_share_a_commit_and_equal_ids_in_it_are_told_apart(tmp_path: Path) -> None:
    commits: list[int] = []

    async def post_at_once(writer: Writer) -> list[Outcome]:
        store = writer._journal.store
        writer._journal.store = lambda events: commits.append(len(events)) or store(events)  # type: ignore
        events = [event(f"e{number}") for number in range(300)]
        return await asyncio.gather(*map(writer.store, [*events, event("e0"), event("e1", b"other")]))

    writer = Writer(tmp_path, settings(), clock=lambda: MOMENT)
    writer.start()
    outcomes = asyncio.run(post_at_once(writer))
    writer.stop()
    assert outcomes == [Outcome.STORED] * 300 + [Outcome.KNOWN, Outcome.DIFFERENT]
    assert sum(commits) == 302
    assert len(commits) < 30, "the events had commits of their own"
    (file,) = (tmp_path / "forms").glob("*.jsonl")
    assert file.read_text().splitlines() == [f'{{"event_id":"e{number}"}}' for number in range(300)]


def test_a_commit_that_fails_stores_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(StorageFailed):
        journal.store([event("a"), Event("forms", "b", b"d", MOMENT, None)])  # type: ignore[arg-type]  # not null
    assert journal.store([event("a")]) == [Outcome.STORED]


def test_a_waiting_request_hears_of_a_disk_that_fails(tmp_path: Path) -> None:
    writer = Writer(tmp_path, settings(minimum_free_bytes=1 << 60), clock=lambda: MOMENT)
    writer.start()

    async def post() -> object:
        return await writer.store(event("a"))

    with pytest.raises(StorageFailed, match="nearly full"):
        asyncio.run(post())
    writer.stop()
    assert not list(tmp_path.glob("*/*.jsonl"))


def test_a_stop_that_comes_while_the_writer_tidies_finishes_the_files_too(tmp_path: Path) -> None:
    writer = Writer(tmp_path, settings(), clock=lambda: MOMENT)
    tidying, stopped = threading.Event(), threading.Event()

    def forget(before: datetime.datetime) -> int:
        tidying.set()
        return int(stopped.wait(10))

    writer._journal.forget = forget  # type: ignore[method-assign]
    writer.start()

    async def post() -> object:
        return await writer.store(event("a"))

    assert asyncio.run(post()) is Outcome.STORED
    assert tidying.wait(10)
    threading.Thread(target=writer.stop).start()
    while not writer._stopping:
        time.sleep(0.001)
    stopped.set()
    writer._thread.join(10)
    (file,) = (tmp_path / "forms").glob("*.jsonl")
    assert file.read_text() == '{"event_id":"a"}\n'


def test_after_it_was_told_to_stop_nothing_is_taken(tmp_path: Path) -> None:
    writer = Writer(tmp_path, settings(), clock=lambda: MOMENT)
    writer.start()
    writer.stop()

    async def post() -> object:
        return await writer.store(event("a"))

    with pytest.raises(StorageFailed):
        asyncio.run(post())


def test_an_id_is_known_until_its_time_and_then_the_timestamp_has_long_been_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.store([event("old", at=MOMENT - datetime.timedelta(days=30, seconds=1)), event("new")])
    assert journal.forget(MOMENT - datetime.timedelta(days=30)) == 1
    assert journal.store([event("old"), event("new")]) == [Outcome.STORED, Outcome.KNOWN]
    shortest = WebhooksFile.model_json_schema()["properties"]["remember_days"]["minimum"] * 86_400
    longest = Endpoint.model_json_schema()["properties"]["tolerance_seconds"]["maximum"]
    assert shortest > 2 * longest, "a timestamp may lie in the future by the tolerance, and pass until it is too old"


def test_the_folder_of_every_endpoint_is_there_before_its_first_event(tmp_path: Path) -> None:
    endpoint = {"name": "forms", "label": {"en": "Forms", "zh": "表单"}, "secrets": ["${S}"]}
    writer = Writer(tmp_path / "company" / "spool", settings(endpoints=[endpoint]))
    writer.start()
    writer.stop()
    assert (tmp_path / "company" / "spool" / "forms").is_dir()


def test_a_file_is_finished_when_enough_has_come(tmp_path: Path) -> None:
    writer = Writer(tmp_path, settings(rotate_bytes=1_000), clock=lambda: MOMENT)
    writer.start()

    async def post() -> None:
        for number in range(100):
            await writer.store(event(f"event-number-{number:04d}"))

    asyncio.run(post())
    assert len(list((tmp_path / "forms").glob("*.jsonl"))) >= 2
    writer.stop()


def test_a_file_that_cannot_be_written_is_tried_again_and_later_events_come_after_it(tmp_path: Path) -> None:
    (tmp_path / "forms").touch()  # a file where the folder should be
    writer = Writer(tmp_path, settings(rotate_seconds=0.1), clock=lambda: MOMENT)
    writer.start()

    async def post(event_id: str) -> object:
        return await writer.store(event(event_id))

    asyncio.run(post("first"))
    time.sleep(0.3)
    assert asyncio.run(post("second")) is Outcome.STORED, "what is acknowledged is in the journal"
    assert Journal(tmp_path).segments(), "the first file was begun"
    (tmp_path / "forms").unlink()
    time.sleep(0.5)
    files = sorted((tmp_path / "forms").glob("*.jsonl"))
    assert [file.read_text() for file in files] == ['{"event_id":"first"}\n', '{"event_id":"second"}\n']
    writer.stop()


@pytest.mark.parametrize("client", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_a_network_lets_its_clients_in_and_no_others(client: str) -> None:
    Addresses(["10.0.0.0/8"]).check(client)
    for other in ("11.0.0.1", "::1", "unknown", ""):
        with pytest.raises(Refused):
            Addresses(["10.0.0.0/8"]).check(other)


def test_a_bucket_refills_and_clients_do_not_share_it() -> None:
    rate = Rate(2)
    rate.check("a"), rate.check("a"), rate.check("b")
    with pytest.raises(Refused) as refused:
        rate.check("a")
    assert 1 <= (refused.value.retry_after or 0) <= 60


def test_bodies_in_memory_are_bounded_and_one_alone_is_always_taken() -> None:
    memory = Memory(100)
    with memory.taking(1_000), pytest.raises(Refused), memory.taking(1):
        pass
    with memory.taking(60), memory.taking(40):
        pass
    assert memory.taken == 0
