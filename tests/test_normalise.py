"""Normalisers: text becomes a value or a fault, never a guess."""

from __future__ import annotations

import datetime
from decimal import Decimal

import duckdb
import pytest

from sales_warehouse.company.models import ColumnMapping
from sales_warehouse.contracts import Column
from sales_warehouse.normalise import Normalisers, fixed_offset_seconds, provinces

SINCE = datetime.date(2000, 1, 1)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    _normalisers("Asia/Shanghai").register(connection)
    return connection


def _normalisers(zone: str) -> Normalisers:
    regions = {"华东": "华东", "east china": "华东", "华东区": "华东"}
    return Normalisers(zone, "CN", SINCE, regions)


def _value(connection: duckdb.DuckDBPyConnection, text: str, kind: str, zone: str = "Asia/Shanghai", **mapping: object):
    column = Column("c", kind, "", "")
    described = ColumnMapping.model_validate({"from": "c", **mapping})
    builder = _normalisers(zone).value("t", column, described)
    return connection.execute(
        f"select cast({builder} as {column.sql_type}) from (select ?::varchar as t)", [text]
    ).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "kind", "mapping", "expected"),
    [
        ("12", "integer", {}, 12),
        ("１２", "integer", {}, 12),
        ("12.0", "integer", {}, 12),
        ("12.5", "integer", {}, None),
        ("1E5", "integer", {}, None),
        ("9223372036854775808", "integer", {}, None),
        ("1.50", "decimal", {}, Decimal("1.50")),
        ("1.500", "decimal", {}, Decimal("1.50")),
        ("1.005", "decimal", {}, None),
        ("1.0055", "price", {}, Decimal("1.0055")),
        ("¥1,234.50", "decimal", {"normalise": "money"}, Decimal("1234.50")),
        ("¥1,234.50", "decimal", {}, None),
        ("abc", "decimal", {}, None),
        ("是", "boolean", {}, True),
        ("0", "boolean", {}, False),
        ("maybe", "boolean", {}, None),
        ("2026-02-28", "date", {}, datetime.date(2026, 2, 28)),
        ("2026-02-30", "date", {}, None),
        ("03/04/2026", "date", {}, None),
        ("03/04/2026", "date", {"format": "%d/%m/%Y"}, datetime.date(2026, 4, 3)),
        ("2026-07-01 08:00:00", "timestamp", {}, datetime.datetime(2026, 7, 1)),
        ("2026-07-01T00:00:00Z", "timestamp", {}, datetime.datetime(2026, 7, 1)),
        ("2026-07-01T02:00:00+02:00", "timestamp", {}, datetime.datetime(2026, 7, 1)),
        ("2026/7/1 8:00", "timestamp", {"format": "%Y/%m/%d %H:%M"}, datetime.datetime(2026, 7, 1)),
        ("2026-07-01 08:00:00", "timestamp", {"zone": "UTC"}, datetime.datetime(2026, 7, 1, 8)),
        ("2026-13-01 08:00:00", "timestamp", {}, None),
        ("138 0013 8000", "text", {"normalise": "phone"}, "+8613800138000"),
        ("＋86 13800138000", "text", {"normalise": "phone"}, "+8613800138000"),
        ("010-62770000", "text", {"normalise": "phone"}, "+861062770000"),
        ("123", "text", {"normalise": "phone"}, None),
        ("A.B@Example.COM", "text", {"normalise": "email"}, "a.b@example.com"),
        ("a@b", "text", {"normalise": "email"}, None),
        ("91110000802100433B", "text", {"normalise": "uscc"}, "91110000802100433B"),
        ("91110000802100433C", "text", {"normalise": "uscc"}, None),
        ("East China", "text", {"normalise": "region"}, "华东"),
        ("火星", "text", {"normalise": "region"}, None),
        ("广东省", "text", {"normalise": "province"}, "CN-GD"),
        ("已付款", "text", {"values": {"已付款": "paid"}}, "paid"),
        ("未知", "text", {"values": {"已付款": "paid"}}, None),
        ("未知", "text", {"values": {"已付款": "paid"}, "otherwise": "placed"}, "placed"),
    ],
)  # fmt: skip
def test_a_text_becomes_this_value(connection, text, kind, mapping, expected) -> None:
    assert _value(connection, text, kind, **mapping) == expected


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Shanghai"])
def test_local_time_becomes_utc_as_the_zone_database_says(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    from zoneinfo import ZoneInfo

    for month in range(1, 13):
        local = datetime.datetime(2026, month, 15, 12, 30, tzinfo=ZoneInfo(zone))
        utc = local.astimezone(datetime.UTC).replace(tzinfo=None)
        assert _value(connection, f"{local:%Y-%m-%d %H:%M:%S}", "timestamp", zone) == utc


def test_only_a_zone_without_summer_time_is_a_plain_subtraction() -> None:
    assert fixed_offset_seconds("Asia/Shanghai", SINCE) == 8 * 3600
    assert fixed_offset_seconds("Europe/London", SINCE) is None
    assert fixed_offset_seconds("Asia/Shanghai", datetime.date(1986, 1, 1)) is None  # China had summer time until 1991


def test_china_has_34_provinces_with_distinct_codes() -> None:
    assert len({province.iso_code for province in provinces()}) == len(provinces()) == 34
