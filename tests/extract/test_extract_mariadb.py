"""MariaDB, a real server: every type has one text, pages are streamed, and one visit sees one state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from extract_sources import Desk, rows, source
from mariadb_server import serving
from sqlalchemy import make_url

from sales_warehouse import conservation
from sales_warehouse.extract import Extraction, SourceUnavailable, database_batches
from sales_warehouse.extract.relation import Relation


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("mariadb")) as url:
        yield url


def run(url: str, *statements: str) -> None:
    parts = make_url(url)
    with pymysql.connect(
        host=parts.host, port=parts.port, user=parts.username, password=parts.password or "", database=parts.database
    ) as connection:
        for statement in statements:
            connection.cursor().execute(statement)
        connection.commit()


def read(desk: Desk, url: str, table: str, columns: list[str], options: dict | None = None, **more: Any) -> Extraction:
    given = source({"type": "database", "url": url}, t={"table": table, "columns": columns} | more)
    return desk.extract(given, **(options or {}))


def test_every_type_has_one_text(desk: Desk, mariadb: str) -> None:
    run(
        mariadb,
        """create table kinds (id bigint unsigned primary key, amount decimal(30,10), small float, big double,
           flag bool,           day date, moment datetime(6), stamp timestamp(3) null,
           clock time, y year, bits bit(5), doc json, raw blob,
           name varchar(50) character set utf8mb4)""",
        """insert into kinds values (18446744073709551615, 12345678901234567890.0123456789, 0.5, 0.1, true,
           '2026-01-02', '2026-01-02 03:04:05.000006', '2026-01-02 03:04:05.007',
           '13:04:05', 2026, b'10101', '{"n": 1.10}', x'00ff',
           '张三 🙂')""",
    )
    names = [
        "id",
        "amount",
        "small",
        "big",
        "flag",
        "day",
        "moment",
        "stamp",
        "clock",
        "y",
        "bits",
        "doc",
        "raw",
        "name",
    ]
    (row,) = rows(read(desk, mariadb, "kinds", names), "t")
    assert dict(zip(names, row, strict=True)) == {
        "id": "18446744073709551615",
        "amount": "12345678901234567890.0123456789",
        "small": "0.5",
        "big": "0.1",
        "flag": "1",
        "day": "2026-01-02",
        "moment": "2026-01-02 03:04:05.000006",
        "stamp": "2026-01-02 03:04:05.007+00:00",
        "clock": "13:04:05",
        "y": "2026",
        "bits": "21",
        "doc": '{"n": 1.10}',
        "raw": "00ff",
        "name": "张三 🙂",
    }


def test_a_date_that_is_none_stays_what_it_is(desk: Desk, mariadb: str) -> None:
    run(mariadb, "set sql_mode = ''", "create table zero (id int, day date)")
    run(mariadb, "set sql_mode = ''", "insert into zero values (1, '0000-00-00'), (2, null)")
    assert rows(read(desk, mariadb, "zero", ["id", "day"]), "t") == [("1", "0000-00-00"), ("2", None)]


def test_a_visit_streams_with_a_cursor_and_sees_one_state(
    desk: Desk, mariadb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_batches, "BATCH_ROWS", 100)
    run(
        mariadb,
        "create table moves (id int primary key, changed datetime)",
        "insert into moves select seq, '2026-01-01' + interval seq minute from seq_1_to_1000",
    )
    count, asked = Relation.counted, []

    def meanwhile(*given: Any) -> Any:  # somebody adds a row between the counting and the reading
        counted = count(*given)
        asked.append(run(mariadb, "insert ignore into moves values (5000, '2026-01-02')"))
        return counted

    monkeypatch.setattr(Relation, "counted", meanwhile)
    first = read(desk, mariadb, "moves", ["id", "changed"], cursor="changed", overlap_minutes=0)
    assert asked
    assert [(item.rows, item.reported, item.cursor) for item in first.landed] == [(1000, 1000, "2026-01-01 16:40:00")]
    second = read(
        desk, mariadb, "moves", ["id", "changed"], {"cursors": {"t": first.landed[0].cursor}},
        cursor="changed", overlap_minutes=10,
    )  # fmt: skip
    assert [row[0] for row in rows(second, "t")] == [*(str(n) for n in range(990, 1001)), "5000"]


def test_what_vanishes_is_noticed(desk: Desk, mariadb: str) -> None:
    run(mariadb, "create table people (id int primary key, name text)", "insert into people values (1,'a'),(2,'b')")
    options = {"key": ["id"], "deletes": "full_key_comparison", "most_deletes_share": 0.5}
    first = read(desk, mariadb, "people", ["id", "name"], **options)
    run(mariadb, "delete from people where id = 1")
    history = {"history": {"t": [item.path for item in first.landed]}}
    second = read(desk, mariadb, "people", ["id", "name"], history, **options)
    assert ("1", "a", "true") in rows(second, "t")


def test_a_wrong_password_is_not_told(desk: Desk, mariadb: str) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be read") as error:
        read(desk, mariadb.replace("secret", "hunter2"), "kinds", ["id"])
    assert "hunter2" not in str(error.value)


def test_values_that_python_has_no_type_for(desk: Desk, mariadb: str) -> None:
    run(
        mariadb,
        """create table odd (id int primary key, f float, d double, t time(3), dt datetime, ts timestamp null, y year,
           b1 bit(1), b64 bit(64), e enum('a','b'), s set('x','y'), vb varbinary(9), tiny tinyint(1), u uuid, c char(5),
           latin varchar(9) character set latin1, n decimal(65,30))""",
        """insert into odd values (1, 16777217.1, 1e300, '-838:59:59.500', '9999-12-31 23:59:59', '2026-01-02 03:04:05',
           1901, b'1', b'1111111111111111111111111111111111111111111111111111111111111111', 'b', 'x,y', x'00', 127,
           '123e4567-e89b-12d3-a456-426655440000', ' a ', 'café', -0.000000000000000000000000000001)""",
        "insert into odd (id) values (2)",
    )
    names = ["id", "f", "d", "t", "dt", "y", "b1", "b64", "e", "s", "vb", "tiny", "u", "c", "latin", "n"]
    first, second = rows(read(desk, mariadb, "odd", names), "t")
    assert dict(zip(names, first, strict=True)) == {
        "id": "1", "f": "16777218", "d": "1e+300", "t": "-838:59:59.500", "dt": "9999-12-31 23:59:59", "y": "1901",
        "b1": "1", "b64": "18446744073709551615", "e": "b", "s": "x,y", "vb": "00", "tiny": "127",
        "u": "123e4567-e89b-12d3-a456-426655440000", "c": " a", "latin": "café",
        "n": "-0.000000000000000000000000000001",
    }  # fmt: skip
    assert second == ("2", *[None] * (len(names) - 1))


def test_ids_in_a_column_of_floats_are_their_digits(desk: Desk, mariadb: str) -> None:
    run(
        mariadb,
        "create table ids (d double, f float)",
        "insert into ids values (1234, 1234), (-1e15, 0.5), (9007199254740991, null), (9007199254740992, 1e15), "
        "(12345678901234567890, 1e-20)",
    )
    assert rows(read(desk, mariadb, "ids", ["d", "f"]), "t") == [
        ("1234", "1234"),
        ("-1000000000000000", "0.5"),
        ("9007199254740991", None),
        ("9.007199254740992e+15", "999999986991104"),
        ("1.2345678901234567e+19", "9.999999682655225e-21"),
    ]


def test_a_time_stamp_says_its_zone_whatever_the_zone_of_the_server(desk: Desk, mariadb: str) -> None:
    run(
        mariadb,
        "create table stamps (id int primary key, at timestamp(6) null)",
        "set time_zone = '+08:00'",
        "insert into stamps values (1, '2026-01-02 03:04:05.5'), (2, null)",
    )
    table = {"cursor": "at", "overlap_minutes": 0}
    first = read(desk, mariadb, "stamps", ["id", "at"], **table)
    assert rows(first, "t") == [("1", "2026-01-01 19:04:05.500000+00:00"), ("2", None)]
    run(mariadb, "set time_zone = '+08:00'", "insert into stamps values (3, '2026-01-02 03:04:05.4'), (4, now())")
    again = read(desk, mariadb, "stamps", ["id"], {"cursors": {"t": first.landed[0].cursor}}, **table)
    assert [row[0] for row in rows(again, "t", "id")] == ["1", "2", "4"]


def test_a_row_that_the_reader_loses_is_caught(desk: Desk, mariadb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run(mariadb, "create table many (id int primary key)", "insert into many select seq from seq_1_to_10000")
    whole = database_batches.DriverBatches.of

    def careless(self: Any, statement: Any) -> Any:
        for (column,) in whole(self, statement):
            yield [[value for value in column if value != "7777"]]

    monkeypatch.setattr(database_batches.DriverBatches, "of", careless)
    found = read(desk, mariadb, "many", ["id"])
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert found.landed == []
    assert found.refused[0].reason.startswith("many: the source has 10,000 rows, the reader counted 9,999")


def test_a_key_that_got_lost_on_the_way_deletes_nobody(
    desk: Desk, mariadb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(
        mariadb,
        "create table members (id int primary key, changed datetime)",
        "insert into members select seq, '2026-01-01' + interval seq minute from seq_1_to_100",
    )
    options = {"cursor": "changed", "key": ["id"], "deletes": "full_key_comparison"}
    first = read(desk, mariadb, "members", ["id"], **options)
    keys = Relation.keys
    monkeypatch.setattr(Relation, "keys", lambda self, table: keys(self, table).where(self.table.c.id != 50))
    history = {"history": {"t": [item.path for item in first.landed]}, "cursors": {"t": first.landed[0].cursor}}
    with pytest.raises(SourceUnavailable, match=r"99 keys came of 100 rows; nothing was taken"):
        read(desk, mariadb, "members", ["id"], history, **options)
