"""A bucket behind a real S3 API on loopback: new objects are downloaded once, and nothing secret is told."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from extract_sources import Desk, rows, source
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from sales_warehouse.extract import Extraction, SourceMisconfigured, SourceUnavailable, bucket, files
from sales_warehouse.extract.files import matches

KEYS = {"KEY": "AKIAEXAMPLE", "SECRET": "hunter2hunter2"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def store(endpoint: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    made = boto3.resource(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=KEYS["KEY"],
        aws_secret_access_key=KEYS["SECRET"],
    ).create_bucket(Bucket="sales")  # fmt: skip
    yield made
    made.objects.all().delete()


def read(desk: Desk, at: str, pattern: str = "*.csv", options: dict | None = None, **connection: Any) -> Extraction:
    given = {"type": "bucket", "bucket": "sales", "prefix": "orders", "endpoint": at, "region": "us-east-1"}
    keys = {"access_key": "${KEY}", "secret_key": "${SECRET}"}
    described = {"files": pattern, "format": "csv", "columns": ["a", "b"]}
    return desk.extract(source(given | keys | connection, orders=described), environment=KEYS, **(options or {}))


def known(found: Extraction) -> dict:
    return {
        "seen": {"orders": {item.fingerprint for item in found.landed}},
        "latest": {"orders": {item.origin: item.fingerprint for item in found.landed}},
        "states": {"orders": {item.origin: item.state for item in found.landed}},
    }


def test_new_objects_are_read_in_order_and_only_once(
    desk: Desk, endpoint: str, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "RACY_SECONDS", -1)
    store.put_object(Key="orders/2.csv", Body=b"a,b\n2,y\n")
    store.put_object(Key="orders/1.csv", Body=b"a,b\n1,x\n")
    store.put_object(Key="orders/old/0.csv", Body=b"a,b\n0,z\n")
    store.put_object(Key="orders/.part.csv", Body=b"a,b\n")
    first = read(desk, endpoint)
    assert rows(first) == [("1", "x"), ("2", "y")]
    store.put_object(Key="orders/3.csv", Body=b"a,b\n3,z\n")
    store.put_object(Key="orders/2.csv", Body=b"a,b\n2,yy\n")
    fetched: list[str] = []
    fetch = bucket.BucketObject.fetch
    monkeypatch.setattr(bucket.BucketObject, "fetch", lambda self: (fetched.append(self.origin), fetch(self))[1])
    second = read(desk, endpoint, options=known(first))
    assert rows(second) == [("2", "yy"), ("3", "z")]
    assert fetched == ["2.csv", "3.csv"]


def test_a_pattern_may_go_down_and_archives_are_unpacked(desk: Desk, endpoint: str, store: Any) -> None:
    store.put_object(Key="orders/2026/01/1.csv.gz", Body=gzip.compress(b"a,b\n1,x\n"))
    found = read(desk, endpoint, "**/*.csv.gz")
    assert rows(found) == [("1", "x")]
    uploaded_at = store.Object("orders/2026/01/1.csv.gz").last_modified
    assert found.landed[0].arrived_at == uploaded_at.replace(tzinfo=None)


def test_an_object_that_changes_while_it_is_read_waits(
    desk: Desk, endpoint: str, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_object(Key="orders/1.csv", Body=b"a,b\n1,x\n")
    find = bucket.Bucket.find

    def meanwhile(*given: Any) -> Any:
        found = list(find(*given))
        store.put_object(Key="orders/1.csv", Body=b"a,b\n1,x\n2,y\n")
        return found

    monkeypatch.setattr(bucket.Bucket, "find", meanwhile)
    found = read(desk, endpoint)
    assert found.landed == []
    assert [item.reason for item in found.refused] == [
        "1.csv: changed while it was being downloaded; it is picked up next time"
    ]


@pytest.mark.parametrize(
    "connection", [{"bucket": "elsewhere"}, {"endpoint": "http://127.0.0.1:9"}], ids=["no bucket", "no server"]
)
def test_a_store_that_cannot_be_listed_is_down_and_no_key_is_told(
    desk: Desk, endpoint: str, store: Any, connection: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "ATTEMPTS", 1)
    with pytest.raises(SourceUnavailable, match="are bucket, endpoint and keys right") as error:
        read(desk, endpoint, **connection)
    assert not any(secret in str(error.value) for secret in KEYS.values())


def test_a_prefix_without_objects_is_an_empty_folder(desk: Desk, endpoint: str, store: Any) -> None:
    store.put_object(Key="others/1.csv", Body=b"a,b\n1,x\n")
    found = read(desk, endpoint)
    assert (found.landed, found.refused) == ([], [])
    assert found.notes == ["orders: no file matches '*.csv' in s3://sales/orders"]


def test_a_key_that_leads_out_of_the_prefix_is_not_followed(desk: Desk, endpoint: str, store: Any) -> None:
    for key in ("1.csv", "orders/../1.csv", "orders//1.csv"):
        store.put_object(Key=key, Body=b"a,b\n1,x\n")
    found = read(desk, endpoint, pattern="**/*.csv")
    assert found.landed == []
    told = "a key with nothing, `.` or `..` between two slashes, which leads elsewhere; rename it"
    assert {item.reason for item in found.refused} == {f"../1.csv: {told}", f"/1.csv: {told}"}


def test_a_key_that_is_not_in_the_environment_is_named(desk: Desk, endpoint: str) -> None:
    with pytest.raises(SourceMisconfigured, match=r"connection\.secret_key: the environment variable NONE is not set"):
        read(desk, endpoint, secret_key="${NONE}")


@pytest.mark.parametrize(
    ("origin", "pattern", "expected"),
    [
        ("a.csv", "*.csv", True),
        ("x/a.csv", "*.csv", False),
        ("x/a.csv", "**/*.csv", True),
        ("a.csv", "**/*.csv", True),
        ("x/y/a.csv", "x/*/a.csv", True),
        ("x/y/z/a.csv", "x/*/a.csv", False),
        ("x/.a.csv", "**/*.csv", False),
        ("a.CSV", "*.csv", False),
    ],
)
def test_patterns_mean_in_a_bucket_what_they_mean_in_a_folder(
    desk: Desk, origin: str, pattern: str, expected: bool
) -> None:
    desk.put(origin, "a,b\n1,x\n")
    assert matches(origin, pattern) is expected
    assert bool(desk.extract_files("a,b", pattern).landed) is expected


def test_a_file_that_looks_as_it_did_is_not_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "RACY_SECONDS", -1)
    desk.put("1.csv", "a,b\n1,x\n")
    first = desk.extract_files("a,b")
    read_again: list[str] = []
    of = files.SourceFile.of
    monkeypatch.setattr(files.SourceFile, "of", lambda path, origin: (read_again.append(origin), of(path, origin))[1])
    assert desk.extract_files("a,b", options=known(first)).skipped == 1
    assert read_again == []
    desk.put("1.csv", "a,b\n2,x\n")
    assert rows(desk.extract_files("a,b", options=known(first))) == [("2", "x")]


def test_a_file_that_has_only_just_changed_is_not_known_by_its_looks(desk: Desk) -> None:
    desk.put("1.csv", "a,b\n1,x\n")
    assert [item.state for item in desk.extract_files("a,b").landed] == [None]
