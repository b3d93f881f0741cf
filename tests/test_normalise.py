"""Normalisers: text becomes a value or a fault, never a guess."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import random
import sys
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from stdnum.cn import uscc as stdnum_uscc

from sales_warehouse.company.models import ColumnMapping
from sales_warehouse.contracts import Column, load_contracts
from sales_warehouse.local_time import fixed_offset_seconds
from sales_warehouse.normalise import ODD, WHITE_SPACE, Normalisers, email, lowered, provinces, uscc
from sales_warehouse.sql import literal
from sales_warehouse.telephone import phone

PHONE = {"from": "c", "normalise": "phone"}
ADDRESSES = [
    "li.na@firma.cn", "LI_NA+1@Firma.com.cn", "a..b@firma.cn", ".a@firma.cn", "a.@firma.cn", "a@firma", "a@-firma.cn",
    "a@firma-.cn", "a@fir--ma.cn", "a@xn--fiqs8s.cn", "张三@公司.中国", "a@localhost", "a@mail.test", "a@b.local",
    "a@1.2.3.4", "a@firma.c", "a@firma.c0m", "a b@firma.cn", "a@firma.cn ", "@firma.cn", "a@", "a@b@firma.cn",
    "a" * 64 + "@firma.cn", "a" * 65 + "@firma.cn", "a@" + "b" * 63 + ".cn", "a@" + "b" * 64 + ".cn",
    "a@" + "b.c" * 90 + ".cn", '"a b"@firma.cn', "a@[127.0.0.1]", "Li Na <a@firma.cn>", "a@firma.cn;b@firma.cn",
]  # fmt: skip
HALF_A_SECOND = datetime.datetime(2026, 7, 1, 0, 0, 0, 500000)
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


@pytest.mark.parametrize("mapping", [{}, {"normalise": "text"}, {"normalise": "phone"}, {"normalise": "uscc"}], ids=str)
def test_a_credit_code_of_a_customer_is_checked_whatever_the_mapping_says(
    connection: duckdb.DuckDBPyConnection, mapping: dict[str, str]
) -> None:
    column = load_contracts()["customers"].columns["uscc"]
    told = ColumnMapping.model_validate({"from": "c", **mapping})
    builder = _normalisers("Asia/Shanghai").value("t", column, told)
    wrong, right = "91110000802100433C", "91110000802100433b"
    found = connection.execute(f"select {builder} from (select unnest([?, ?]) as t)", [wrong, right]).fetchall()
    assert found == [(None,), (right.upper(),)]


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
        ("9999999999999.99", "decimal", {}, Decimal("9999999999999.99")),
        ("10000000000000", "decimal", {}, None),
        ("-6222021234567890.1", "price", {}, None),
        ("¥10,000,000,000,000", "price", {"normalise": "money"}, None),
        ("¥1,234.50", "decimal", {"normalise": "money"}, Decimal("1234.50")),
        ("¥1,234.50", "decimal", {}, None),
        ("1e-3", "decimal", {}, None),
        ("1E5", "price", {}, None),
        ("1_000", "decimal", {}, None),
        ("￥ 1,234,567", "decimal", {"normalise": "money"}, Decimal("1234567")),
        ("-12.5元", "decimal", {"normalise": "money"}, Decimal("-12.5")),
        ("12,50", "decimal", {"normalise": "money"}, None),
        ("1.234,50", "decimal", {"normalise": "money"}, None),
        ("5元3", "decimal", {"normalise": "money"}, None),
        ("1 2", "decimal", {"normalise": "money"}, None),
        ("¥1,2,3", "decimal", {"normalise": "money"}, None),
        ("1e3", "decimal", {"normalise": "money"}, None),
        ("abc", "decimal", {}, None),
        ("是", "boolean", {}, True),
        ("0", "boolean", {}, False),
        ("maybe", "boolean", {}, None),
        ("2026-02-28", "date", {}, datetime.date(2026, 2, 28)),
        ("2026-02-30", "date", {}, None),
        ("03/04/2026", "date", {}, None),
        ("03/04/2026", "date", {"format": "%d/%m/%Y"}, datetime.date(2026, 4, 3)),
        ("20260111", "date", {"format": "%Y%m%d"}, datetime.date(2026, 1, 11)),
        ("2026111", "date", {"format": "%Y%m%d"}, None),
        ("2026 111", "date", {"format": "%Y%m%d"}, None),
        ("11126", "date", {"format": "%d%m%y"}, None),
        ("2026031", "date", {"format": "%Y%j"}, datetime.date(2026, 1, 31)),
        ("202631", "date", {"format": "%Y%j"}, None),
        ("1Feb2026", "date", {"format": "%d%b%Y"}, datetime.date(2026, 2, 1)),
        ("1.12026", "date", {"format": "%d.%m%Y"}, None),
        ("01.012026", "date", {"format": "%d.%m%Y"}, datetime.date(2026, 1, 1)),
        ("20260701080000", "timestamp", {"format": "%Y%m%d%H%M%S"}, datetime.datetime(2026, 7, 1)),
        ("2026010510507", "timestamp", {"format": "%Y%m%d%H%M%S"}, None),
        ("20260701 8:00", "timestamp", {"format": "%Y%m%d %H:%M"}, datetime.datetime(2026, 7, 1)),
        ("2026711 8:00", "timestamp", {"format": "%Y%m%d %H:%M"}, None),
        ("20260701T080000.5", "timestamp", {"format": "%Y%m%dT%H%M%S.%f"}, HALF_A_SECOND),
        ("202607010800005", "timestamp", {"format": "%Y%m%d%H%M%S%f"}, HALF_A_SECOND),
        ("20260701000000+0000", "timestamp", {"format": "%Y%m%d%H%M%S%z"}, datetime.datetime(2026, 7, 1)),
        ("2026070100000+0000", "timestamp", {"format": "%Y%m%d%H%M%S%z"}, None),
        ("20260711 %", "date", {"format": "%Y%m%d %%"}, datetime.date(2026, 7, 11)),
        ("2026年7月1日", "date", {"format": "%Y年%m月%d日"}, datetime.date(2026, 7, 1)),
        ("2026-07-01 08:00:00", "timestamp", {}, datetime.datetime(2026, 7, 1)),
        ("2026-07-01T00:00:00Z", "timestamp", {}, datetime.datetime(2026, 7, 1)),
        ("2026-07-01T02:00:00+02:00", "timestamp", {}, datetime.datetime(2026, 7, 1)),
        ("2026/7/1 8:00", "timestamp", {"format": "%Y/%m/%d %H:%M"}, datetime.datetime(2026, 7, 1)),
        ("2026-07-01 08:00:00", "timestamp", {"zone": "UTC"}, datetime.datetime(2026, 7, 1, 8)),
        ("2026-13-01 08:00:00", "timestamp", {}, None),
        ("2026-07-01 08:00:00 UTC", "timestamp", {"format": "%Y-%m-%d %H:%M:%S %Z"}, datetime.datetime(2026, 7, 1, 8)),
        ("2026-07-01 08:00 %z", "timestamp", {"format": "%Y-%m-%d %H:%M %%z"}, datetime.datetime(2026, 7, 1)),
        ("2026-02-02T02:00:00+0800", "date", {"format": "%Y-%m-%dT%H:%M:%S%z"}, datetime.date(2026, 2, 2)),
        ("2026-02-02T23:00:00-0500", "date", {"format": "%Y-%m-%dT%H:%M:%S%z"}, datetime.date(2026, 2, 3)),
        ("2026-07-01", "timestamp", {"zone": "UTC"}, datetime.datetime(2026, 7, 1)),
        ("2026-07-01 08:00 UTC", "timestamp", {}, None),
        ("2026-07-01 08:00:00 Asia/Tokyo", "timestamp", {}, None),
        ("2026-07-01 08:00:00+25:00", "timestamp", {}, None),
        ("2026-07-01 24:00:00", "timestamp", {}, None),
        ("2026/07/01 08:00:00", "timestamp", {}, None),
        ("infinity", "date", {"format": "%Y-%m-%d"}, None),
        ("-Infinity", "date", {"format": "%d.%m.%y"}, None),
        ("infinity", "date", {"format": "%Y%m%d"}, None),
        ("epoch", "date", {"format": "%y%j"}, None),
        ("epoch", "timestamp", {"format": "%Y-%m-%d %H:%M:%S.%f"}, None),
        ("infinity", "timestamp", {"format": "%Y-%m-%d %H:%M:%S%z"}, None),
        ("26-12-31", "date", {"format": "%Y-%m-%d"}, None),
        ("126/12/31", "date", {"format": "%Y/%m/%d"}, None),
        ("31.12.26", "date", {"format": "%d.%m.%Y"}, None),
        ("31.12.26", "date", {"format": "%d.%m.%y"}, datetime.date(2026, 12, 31)),
        ("31.12.2026", "date", {"format": "%d.%m.%Y"}, datetime.date(2026, 12, 31)),
        ("26-12-31 0800", "timestamp", {"format": "%Y-%m-%d %H%M"}, None),
        ("26-12-31 10:00:00+0800", "timestamp", {"format": "%Y-%m-%d %H:%M:%S%z"}, None),
        ("26-07-01 08:00:00.5000", "timestamp", {"format": "%Y-%m-%d %H:%M:%S.%f"}, None),
        ("2026-7-1 8:00:00.5", "timestamp", {"format": "%Y-%m-%d %H:%M:%S.%f"}, HALF_A_SECOND),
        ("2026-7-1T8:00", "timestamp", {"format": "%Y-%m-%dT%H:%M"}, datetime.datetime(2026, 7, 1)),
        ("epoch", "timestamp", {}, None),
        ("infinity", "timestamp", {}, None),
        ("138 0013 8000", "text", {"normalise": "phone"}, "+8613800138000"),
        ("＋86 13800138000", "text", {"normalise": "phone"}, "+8613800138000"),
        ("010-62770000", "text", {"normalise": "phone"}, "+861062770000"),
        ("123", "text", {"normalise": "phone"}, None),
        ("010-62770000 转 8001", "text", {"normalise": "phone"}, "+861062770000"),
        ("手机：13800138000", "text", {"normalise": "phone"}, "+8613800138000"),
        ("13800138000/13900139000", "text", {"normalise": "phone"}, None),
        ("13800138000;13900139000", "text", {"normalise": "phone"}, None),
        ("13800138000 或 13900139000", "text", {"normalise": "phone"}, None),
        ("1-800-FLOWERS", "text", {"normalise": "phone"}, None),
        ("138OO138000", "text", {"normalise": "phone"}, None),
        ("A.B@Example.COM", "text", {"normalise": "email"}, "a.b@example.com"),
        ("a@b", "text", {"normalise": "email"}, None),
        ("91110000600037341L", "text", {"normalise": "uscc"}, "91110000600037341L"),  # the vectors of python-stdnum
        ("9 1 110000 600037341L", "text", {"normalise": "uscc"}, "91110000600037341L"),
        ("A1110000600037341L", "text", {"normalise": "uscc"}, None),
        ("12345", "text", {"normalise": "uscc"}, None),
        ("91110000802100433B", "text", {"normalise": "uscc"}, "91110000802100433B"),
        ("91110000802100433C", "text", {"normalise": "uscc"}, None),
        (" 9111 0000-80210０433b", "text", {"normalise": "uscc"}, "91110000802100433B"),
        ("N2440703MF7508893D", "text", {"normalise": "uscc"}, "N2440703MF7508893D"),
        ("000000000000000000", "text", {"normalise": "uscc"}, None),
        ("91110000000000000E", "text", {"normalise": "uscc"}, None),
        ("91110108XXXXXXXXX9", "text", {"normalise": "uscc"}, None),
        ("91110000123456789Q", "text", {"normalise": "uscc"}, None),
        ("91000000802100433G", "text", {"normalise": "uscc"}, None),
        ("01110000802100433L", "text", {"normalise": "uscc"}, None),
        ("90110000802100433E", "text", {"normalise": "uscc"}, None),
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


@pytest.mark.parametrize(
    "told", ["%s", "%H:%M", "%Y-%m", "%Y-%m-%d %I:%M", "2026", "%Y%-m%d", "%Y%m%-d", "%-d%m%Y", "%e%m%Y"]
)
def test_a_format_that_makes_no_day_is_refused(told: str) -> None:
    with pytest.raises(ValidationError):
        ColumnMapping.model_validate({"from": "c", "format": told})


@pytest.mark.parametrize(("text", "value"), [("-2147483647", -2147483647), ("６", 6), ("6901234567892", None)])
def test_a_bar_code_is_no_quantity(connection: duckdb.DuckDBPyConnection, text: str, value: int | None) -> None:
    """With its price it would be more than a mart holds, and none could be built."""
    contracts = load_contracts().values()
    counted = [contract.columns["quantity"] for contract in contracts if "quantity" in contract.columns]
    assert len(counted) == 5
    for column in counted:
        builder = _normalisers("Asia/Shanghai").value("t", column, ColumnMapping.model_validate({"from": "c"}))
        assert connection.execute(f"select {builder} from (select ?::varchar as t)", [text]).fetchone() == (value,)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Shanghai"])
def test_local_time_becomes_utc_as_the_zone_database_says(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    from zoneinfo import ZoneInfo

    for month in range(1, 13):
        local = datetime.datetime(2026, month, 15, 12, 30, tzinfo=ZoneInfo(zone))
        utc = local.astimezone(datetime.UTC).replace(tzinfo=None)
        assert _value(connection, f"{local:%Y-%m-%d %H:%M:%S}", "timestamp", zone) == utc


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Almaty", "Asia/Shanghai"]
)
def test_a_local_time_that_is_skipped_or_repeated_is_no_moment(
    connection: duckdb.DuckDBPyConnection, zone: str
) -> None:
    """Every quarter of an hour of two years, held against the zone database of Python."""
    from zoneinfo import ZoneInfo

    start = datetime.datetime(2024, 1, 1)
    locals_ = [start + datetime.timedelta(minutes=15 * step) for step in range(2 * 366 * 96)]
    builder = _normalisers(zone).value(
        "t", Column("c", "timestamp", "", ""), ColumnMapping.model_validate({"from": "c"})
    )
    texts = [f"{local:%Y-%m-%d %H:%M:%S}" for local in locals_]
    found = connection.execute(f"select {builder} from (select unnest(?) as t)", [texts]).fetchall()
    expected = [_moment(local, ZoneInfo(zone)) for local in locals_]
    assert [row[0] for row in found] == expected
    assert expected.count(None) == {"Asia/Shanghai": 0, "Asia/Almaty": 4, "Australia/Lord_Howe": 8}.get(zone, 16)


def _moment(local: datetime.datetime, zone: datetime.tzinfo) -> datetime.datetime | None:
    """The moment in UTC that both readings of a local time agree on (PEP 495), if there is such a time."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(datetime.UTC) for fold in (0, 1))
    return first.replace(tzinfo=None) if first == second else None


def test_only_a_zone_without_summer_time_is_a_plain_subtraction() -> None:
    assert fixed_offset_seconds("Asia/Shanghai", SINCE) == 8 * 3600
    assert fixed_offset_seconds("Europe/London", SINCE) is None
    assert fixed_offset_seconds("Asia/Shanghai", datetime.date(1986, 1, 1)) is None  # China had summer time until 1991


def test_china_has_34_provinces_with_distinct_codes() -> None:
    assert len({province.iso_code for province in provinces()}) == len(provinces()) == 34


@pytest.mark.parametrize("country", ["CN", "US", "DE", "IT", "GB", "SG", "BR"])
def test_phones_that_sql_takes_are_those_that_the_library_takes(country: str) -> None:
    """The library is the oracle: digits of every beginning, as they stand and a digit short or long."""
    draw = random.Random(country)
    beginnings = [f"{number}" for number in range(1000)] + ["0086138", "86138", "17911138", "179", "0138"]
    texts = [
        begin + "".join(draw.choices("0123456789", k=max(0, length - len(begin))))
        for begin in beginnings
        for length in (8, 9, 10, 11, 11, 12)
    ]
    normalisers = Normalisers("Asia/Shanghai", country, SINCE, {})
    with duckdb.connect() as connection:
        normalisers.register(connection)
        builder = normalisers.value("t", Column("c", "text", "", ""), ColumnMapping.model_validate(PHONE))
        found = connection.execute(f"select t, {builder} from (select unnest(?) as t)", [texts]).fetchall()
    assert found == [(text, phone(text, country)) for text in texts]
    assert any(value for _, value in found)


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses_that_sql_takes_are_those_that_the_library_takes(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    assert _value(connection, text, "text", normalise="email") == email(text)


def test_a_credit_code_is_one_where_the_library_takes_it_for_one() -> None:
    """10,000 codes by a seed, every other one with its own check character."""
    chance, letters = random.Random(7), "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for number in range(10_000):
        code = f"9{chance.choice('1239')}{chance.randint(110000, 999999)}{''.join(chance.choices(letters, k=9))}"
        code += stdnum_uscc.calc_check_digit(code) if number % 2 else chance.choice(letters)
        assert (uscc(code) == code) == stdnum_uscc.is_valid(code), code


@given(st.from_regex(r"[A-Za-z0-9._%+-]{1,70}@[a-z0-9-]{1,65}(\.[a-z0-9-]{1,26}){0,3}", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_any_address_is_what_the_library_takes_it_for(text: str) -> None:
    with duckdb.connect() as connection:
        _normalisers("Asia/Shanghai").register(connection)
        assert _value(connection, text, "text", normalise="email") == email(text)


@pytest.mark.parametrize("kind", ["integer", "decimal", "price", "date", "timestamp"])
def test_rows_without_anything_odd_give_by_the_short_way_what_the_careful_way_gives(kind: str) -> None:
    """All texts of up to four characters of numbers, and 40,000 longer ones by a seed."""
    signs = "0179.-+eE_xXbBoO,:/T \t\u3000１．a"
    short = ["".join(text) for size in range(1, 5) for text in itertools.product("01.-+e_xbo ", repeat=size)]
    chance = random.Random(7)
    long = ["".join(chance.choices(signs, k=chance.randint(5, 12))) for _ in range(20_000)]
    numbers = [f"{chance.randint(0, 10**9)}.{chance.randint(0, 999)}{chance.choice(['', '0', '000'])}" for _ in long]
    column, plain = Column("c", kind, "", ""), ColumnMapping.model_validate({"from": "c"})
    careful = _normalisers("Asia/Shanghai")
    quick = dataclasses.replace(careful, is_odd="_is_odd")
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"came": [*short, *long, *numbers]}))
        connection.execute(
            f"create table texts as select *, nullif(trim(came, {literal(WHITE_SPACE)}), '') as whole, "
            f"nullif(case when _is_odd then trim(came, {literal(WHITE_SPACE)}) else came end, '') as t "
            f"from (select *, regexp_matches(came, {literal(ODD)}) as _is_odd from given)"
        )
        one, other = careful.value("whole", column, plain), quick.value("t", column, plain)
        differing = connection.execute(
            f"select came, {one}, {other} from texts where ({one}) is distinct from ({other}) limit 5"
        ).fetchall()
        values = connection.execute(f"select count({one}) from texts").fetchone()
    assert differing == []
    assert values is not None and (values[0] > 100 or kind in ("date", "timestamp"))


def test_names_of_regions_are_in_small_letters_as_sql_makes_them() -> None:
    signs = "".join(chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    texts = [signs, "ΑΤΤΙΚΗΣ", "Αττικής", "İZMİR", "Großraum", "华东"]
    found = duckdb.execute("select list_transform(?::varchar[], text -> lower(text))", [texts]).fetchall()[0][0]
    assert found == [lowered(text) for text in texts]
