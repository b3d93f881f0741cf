"""dlt sources as a data engineer writes them, for the tests of the dlt reader."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from typing import Any

import dlt
import pandas as pd
import pyarrow as pa

ZONE = datetime.timezone(datetime.timedelta(hours=8))
MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=ZONE)


@dlt.source
def shop(token: str = "", count: int = 10_000) -> Any:
    """Records, with what they hold."""

    @dlt.resource
    def kinds() -> Iterator[dict]:
        yield {
            "id": 2**63,
            "amount": decimal.Decimal("1.10"),
            "tiny": decimal.Decimal("1E-9"),
            "rate": 0.1,
            "flag": True,
            "day": datetime.date(2026, 1, 2),
            "moment": MOMENT,
            "photo": b"\x00\xff",
            "lines": [{"n": decimal.Decimal("1.10"), "name": "张三"}],
            "buyer": {"id": 7, "tags": []},
            "nothing": None,
            "token": token,
        }

    @dlt.resource
    def many() -> Iterator[list[dict]]:
        yield [{"id": n} for n in range(count)]
        yield []
        yield {"id": count}

    @dlt.resource
    def odd() -> Iterator[Any]:
        yield {"id": 1}
        yield {"id": "a\x00b"}
        yield {"id": "\ud800"}
        yield 5

    return kinds, many, odd


@dlt.resource
def arrow() -> Iterator[Any]:
    """The same values as tables and as a frame."""
    columns = {
        "id": pa.array([2**64 - 1, None], pa.uint64()),
        "amount": pa.array([decimal.Decimal("0.0000000010"), None], pa.decimal128(30, 10)),
        "big": pa.array([decimal.Decimal("1.10"), None], pa.decimal256(60, 2)),
        "rate": pa.array([0.1, None]),
        "flag": pa.array([True, None]),
        "day": pa.array([datetime.date(2026, 1, 2), None]),
        "moment": pa.array([MOMENT, None], pa.timestamp("us", "Asia/Shanghai")),
        "local": pa.array([datetime.datetime(2026, 1, 2, 3, 4, 5), None], pa.timestamp("ns")),
        "photo": pa.array([b"\x00\xff", None]),
        "lines": pa.array([[{"n": 1}], None]),
    }
    table = pa.table(columns)
    yield table
    yield table.to_batches()[0]
    yield table.slice(0, 0)
    yield pd.DataFrame({name: [None, None] for name in columns} | {"id": [1, 2], "amount": ["1.10", "x"]})


SINCE_NEW_YEAR = dlt.sources.incremental("updated", initial_value="2026-01-01T00:00:00Z")
FROM_ZERO = dlt.sources.incremental("id", initial_value=0)


@dlt.resource
def changes(until: int, updated: Any = SINCE_NEW_YEAR) -> Iterator[dict]:
    """What changed since the last visit, as dlt asks for it."""
    asked_from = updated.last_value
    for hour in range(until):
        yield {"id": hour, "updated": f"2026-01-01T{hour:02}:00:00Z", "asked_from": asked_from}


@dlt.resource
def numbered(number: Any = FROM_ZERO) -> Iterator[dict]:
    yield from ({"id": n} for n in range(2000))


@dlt.resource
def whole() -> Iterator[dict]:
    yield from ({"id": n, "updated": f"2026-01-0{n}"} for n in (1, 2, 3))
    yield {"id": 4, "updated": None}


@dlt.resource
def given(records: list[dict], as_table: bool = False) -> Iterator[Any]:
    yield pa.Table.from_pylist(records) if as_table else records


@dlt.resource
def broken() -> Iterator[dict]:
    yield {"id": 1}
    raise ConnectionError("canary")


@dlt.resource
def needs_secret(token: str = dlt.secrets.value) -> Iterator[dict]:
    yield {"id": token}


def no_source(command: str) -> None:
    raise AssertionError("a function that is no dlt source must not be called")
