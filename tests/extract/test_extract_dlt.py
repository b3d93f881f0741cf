"""Any dlt source: hand-written ones and dlt's own against a real database and a real API."""

from __future__ import annotations

import decimal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from api_server import Answer, Request, serving
from extract_sources import Desk, rows, source, types

from sales_warehouse import conservation
from sales_warehouse.extract import Extraction, SourceMisconfigured, SourceUnavailable, dlt_source


def _read(desk: Desk, name: str, columns: str, extract: dict | None = None, **more: Any) -> Extraction:
    function, _, resource = name.partition("/")
    resource = resource or function.partition(":")[2]
    connection = {"type": "dlt", "source": function, "arguments": more.pop("arguments", {})}
    return desk.extract(source(connection, **{resource: {"columns": columns.split(",")} | more}), **(extract or {}))


def test_records_land_as_text_that_loses_nothing(desk: Desk) -> None:
    columns = "id,amount,tiny,rate,flag,day,moment,photo,lines,buyer,buyer.id,nothing,missing,token"
    arguments = {"token": "${TOKEN}", "count": 1}
    options = {"environment": {"TOKEN": "from outside"}}
    done = _read(desk, "handmade_dlt:shop/kinds", columns, options, arguments=arguments)
    (row,) = rows(done, "kinds")
    assert dict(zip(columns.split(","), row, strict=True)) == {
        "id": "9223372036854775808",
        "amount": "1.10",
        "tiny": "0.000000001",
        "rate": "0.1",
        "flag": "true",
        "day": "2026-01-02",
        "moment": "2026-01-02 03:04:05.000600+08:00",
        "photo": "00ff",
        "lines": '[{"n":1.10,"name":"张三"}]',
        "buyer": '{"id":7,"tags":[]}',
        "buyer.id": "7",
        "nothing": None,
        "missing": None,
        "token": "from outside",
    }
    assert set(types(done).values()) == {"VARCHAR", "BIGINT"}


def test_tables_and_frames_land_as_the_same_text(desk: Desk) -> None:
    columns = "id,amount,big,rate,flag,day,moment,local,photo,lines"
    done = _read(desk, "handmade_dlt:arrow", columns)
    full = (
        "18446744073709551615", "0.0000000010", "1.10", "0.1", "true", "2026-01-02",
        "2026-01-01 19:04:05.0006+00:00", "2026-01-02 03:04:05", "00ff", '[{"n":1}]',
    )  # fmt: skip
    nothing = (None,) * 10
    frame = [("1", "1.10", *(None,) * 8), ("2", "x", *(None,) * 8)]
    assert rows(done, "arrow") == [full, nothing, full, nothing, *frame]
    assert [(item.rows, item.reported) for item in done.landed] == [(6, 6)]


@pytest.mark.parametrize("as_table", [False, True], ids=["records", "a table"])
def test_a_whole_number_in_a_float_is_its_digits_as_far_as_they_are_certain(desk: Desk, as_table: bool) -> None:
    numbers = {123.0: "123", 2.0**53 - 1: "9007199254740991", 1e16: "1.0000000000000000e+16", 0.1: "0.1", 1e-7: "1e-07"}
    arguments = {"records": [{"id": number} for number in numbers], "as_table": as_table}
    done = _read(desk, "handmade_dlt:given", "id", arguments=arguments)
    assert rows(done, "given") == [(text,) for text in numbers.values()]


def test_what_is_no_record_is_malformed(desk: Desk) -> None:
    done = _read(desk, "handmade_dlt:shop/odd", "id")
    assert rows(done, "odd", "id, _malformed") == [
        ("1", None),
        (None, "record 2: a NUL character in a text"),
        (None, "record 3: a text with half a character"),
        (None, "record 4: not a record but int"),
    ]
    assert [(item.rows, item.reported, item.malformed) for item in done.landed] == [(4, 4, 3)]


@pytest.mark.parametrize(
    ("resource", "column", "place"),
    [("shop/many", "id", "row_text"), ("arrow", "id", "table_text")],
    ids=["a record", "a row of a table"],
)
def test_a_row_that_the_reader_loses_is_caught(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, resource: str, column: str, place: str
) -> None:
    kept = dlt_source._Resource._items if place == "row_text" else dlt_source.table_of

    def losing(given: Any) -> Any:
        if place == "table_text":
            table = kept(given)
            return table.slice(1) if table is not None and table.num_rows else table
        return (item for item in kept(given) if item != {"id": 5_000})

    if place == "row_text":
        monkeypatch.setattr(dlt_source._Resource, "_items", losing)
    else:
        monkeypatch.setattr(dlt_source, "table_of", losing)
    done = _read(desk, f"handmade_dlt:{resource}", column)
    conservation.hold_back_what_does_not_add_up(done, desk.folder / "temp")
    assert done.landed == []
    assert "rows would be lost" in done.refused[0].reason


def test_every_record_is_counted(desk: Desk) -> None:
    done = _read(desk, "handmade_dlt:shop/many", "id")
    conservation.hold_back_what_does_not_add_up(done, desk.folder / "temp")
    assert [(item.rows, item.reported) for item in done.landed] == [(10_001, 10_001)]


def test_a_resource_begins_at_the_cursor_with_an_overlap(desk: Desk) -> None:
    table = {"cursor": "updated", "overlap_minutes": 120, "arguments": {"until": 10}}
    first = _read(desk, "handmade_dlt:changes", "id,asked_from", **table)
    assert first.landed[0].cursor == "2026-01-01T09:00:00Z"
    second = _read(
        desk, "handmade_dlt:changes", "id,asked_from", {"cursors": {"changes": first.landed[0].cursor}}, **table
    )
    assert rows(second, "changes", "id, asked_from") == [(f"{n}", "2026-01-01T07:00:00Z") for n in (7, 8, 9)]


def test_what_is_read_again_and_is_the_same_lands_once(desk: Desk) -> None:
    table = {"cursor": "updated"}
    first = _read(desk, "handmade_dlt:whole", "id,updated", **table)
    (item,) = first.landed
    options = {"latest": {"whole": {item.origin: item.fingerprint}}}
    again = _read(desk, "handmade_dlt:whole", "id,updated", options, **table)
    assert (again.landed, again.skipped) == ([], 1)
    assert _read(desk, "handmade_dlt:whole", "id,updated,note", options, **table).landed, (
        "another column is something new"
    )


def test_a_number_as_the_cursor(desk: Desk) -> None:
    done = _read(desk, "handmade_dlt:numbered", "id", {"cursors": {"numbered": "1999"}}, cursor="id")
    assert (done.landed[0].rows, done.landed[0].cursor) == (1001, "1999")


@pytest.mark.parametrize(
    ("name", "more", "kind", "message"),
    [
        pytest.param(
            "no_such_module:shop", {}, SourceMisconfigured,
            "shop: connection.source: no_such_module cannot be imported (No module named 'no_such_module'); install "
            "it, or put its folder on PYTHONPATH",
            id="a module that is not there",
        ),
        pytest.param(
            "handmade_dlt:shopp", {}, SourceMisconfigured,
            "shop: connection.source: handmade_dlt has no 'shopp'",
            id="a function that is not there",
        ),
        pytest.param(
            "os:system", {"arguments": {"command": "true"}}, SourceMisconfigured,
            "shop: connection.source: os:system is no dlt source; name a function with @dlt.source or @dlt.resource",
            id="a function that could do anything",
        ),
        pytest.param(
            "handmade_dlt:no_source", {"arguments": {"command": "true"}}, SourceMisconfigured,
            "shop: connection.source: handmade_dlt:no_source is no dlt source; name a function with @dlt.source or "
            "@dlt.resource",
            id="a function of the same module",
        ),
        pytest.param(
            "handmade_dlt:shop/mny", {}, SourceMisconfigured,
            "shop: mny: the dlt source has no such resource 'mny'; did you mean 'many'? Allowed: kinds, many, odd",
            id="a resource that is not there",
        ),
        pytest.param(
            "handmade_dlt:shop/kinds", {"arguments": {"tokn": "x"}}, SourceMisconfigured,
            "shop: handmade_dlt:shop cannot be called with these arguments (TypeError); check `arguments`",
            id="an argument that is not there",
        ),
        pytest.param(
            "handmade_dlt:shop/kinds", {"arguments": {"token": ["${NOT_SET}"]}}, SourceMisconfigured,
            "shop: connection.arguments: the environment variable NOT_SET is not set; set it and run again",
            id="a variable that is not set",
        ),
        pytest.param(
            "handmade_dlt:arrow", {"columns": ["idd"]}, SourceMisconfigured,
            "shop: arrow: the resource has no column 'idd'; did you mean 'id'? Allowed: amount, big, day, flag, id, "
            "lines, local, moment, photo, rate",
            id="a column that a table does not have",
        ),
        pytest.param(
            "handmade_dlt:broken", {}, SourceUnavailable,
            "shop: broken: the dlt source failed (ResourceExtractionError from ConnectionError); nothing was taken. "
            "Run it by hand to see more, or try again later",
            id="a source that fails",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(desk: Desk, name: str, more: dict, kind: type[Exception], message: str) -> None:
    columns = ",".join(more.pop("columns", ["id"])) if "columns" in more else "id"
    with pytest.raises(kind) as error:
        _read(desk, name, columns, **more)
    assert str(error.value) == message


def test_a_secret_that_is_missing_is_a_mistake(desk: Desk) -> None:
    with pytest.raises(SourceMisconfigured, match="ConfigFieldMissingException"):
        _read(desk, "handmade_dlt:needs_secret", "id")


def test_a_resource_without_an_incremental_is_read_whole_and_cut_at_the_cursor(desk: Desk) -> None:
    options = {"cursors": {"whole": "2026-01-03"}}
    done = _read(desk, "handmade_dlt:whole", "id", options, cursor="updated", overlap_minutes=1440)
    assert rows(done, "whole", "id") == [("2",), ("3",), ("4",)]
    assert done.landed[0].cursor == "2026-01-03"


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        pytest.param(
            "changes", {"cursor": "id", "arguments": {"until": 3}},
            "shop: changes: cursor 'id': the resource's own dlt.sources.incremental is over 'updated'",
            id="another column",
        ),
        pytest.param(
            "numbered", {"cursor": "id", "cursor_type": "moment"},
            "shop: numbered: the last cursor 'A-7' is not of the type moment; set `cursor_type`, or load the "
            "source afresh",
            id="a cursor that is none",
        ),
        pytest.param(
            "numbered", {"cursor": "id", "cursor_type": "text"},
            "shop: numbered: the cursor is of another type; set `cursor_type` as the source gives it",
            id="another type",
        ),
    ],
)  # fmt: skip
def test_a_cursor_that_does_not_fit_is_a_mistake(desk: Desk, name: str, more: dict, message: str) -> None:
    with pytest.raises(SourceMisconfigured) as error:
        _read(desk, f"handmade_dlt:{name}", "id", {"cursors": {name: "A-7"}}, **more)
    assert str(error.value) == message


@pytest.mark.parametrize("name", ["os.system", "os:system()", "a b:c", "handmade_dlt:shop.x", ":shop", "x:"])
def test_only_a_name_is_a_name(desk: Desk, name: str) -> None:
    with pytest.raises(ValueError, match="String should match pattern"):
        source({"type": "dlt", "source": name}, kinds={"columns": ["id"]})


@pytest.mark.parametrize("backend", ["sqlalchemy", "pyarrow"])
def test_the_sql_source_of_dlt_on_a_real_database(desk: Desk, backend: str) -> None:
    file = desk.folder / "crm.db"
    with sqlite3.connect(file) as connection:
        connection.execute("create table deals (id integer primary key, amount numeric(20, 2), name text, at datetime)")
        connection.executemany(
            "insert into deals values (?, ?, ?, ?)",
            [(n, f"{n}.10", f"名{n}", "2026-01-02 03:04:05") for n in range(1, 30_001)],
        )
    connection.close()
    arguments = {"credentials": "sqlite:///${FOLDER}/crm.db", "table_names": ["deals"], "backend": backend}
    options = {"environment": {"FOLDER": str(desk.folder)}}
    done = _read(desk, "dlt.sources.sql_database:sql_database/deals", "id,amount,name,at", options, arguments=arguments)
    found = rows(done, "deals")
    assert [(item.rows, item.reported) for item in done.landed] == [(30_000, 30_000)]
    assert found[0] == ("1", "1.10", "名1", "2026-01-02 03:04:05")
    assert [decimal.Decimal(row[1] or "") for row in found] == [decimal.Decimal(f"{n}.1") for n in range(1, 30_001)]


def test_the_rest_source_of_dlt_on_a_real_api(desk: Desk) -> None:
    def answer(request: Request) -> Answer:
        page = int(request.query["page"])
        return Answer({"data": [{"id": 10 * page + n, "buyer": {"name": "张"}} for n in range(3)] if page < 3 else []})

    with serving() as api:
        api.answer = answer
        config = {
            "client": {"base_url": api.url, "auth": {"type": "bearer", "token": "${TOKEN}"}},
            "resources": [
                {
                    "name": "orders",
                    "endpoint": {
                        "path": "orders",
                        "data_selector": "data",
                        "paginator": {"type": "page_number", "base_page": 1, "total_path": None},
                    },
                }
            ],
        }
        options = {"environment": {"TOKEN": "canary"}}
        done = _read(desk, "dlt.sources.rest_api:rest_api/orders", "id,buyer.name", options, arguments=config)
    assert rows(done, "orders") == [(f"{n}", "张") for n in (10, 11, 12, 20, 21, 22)]
    assert {request.headers["Authorization"] for request in api.requests} == {"Bearer canary"}


def test_nothing_is_left_in_the_home_folder_and_nobody_is_told(tmp_path: Path) -> None:
    """In a process of its own, because dlt remembers what it found."""
    home = tmp_path / "home"
    home.mkdir()
    script = """
import sys
from pathlib import Path
from extract_sources import Desk, source
desk = Desk(Path(sys.argv[1]))
connection = {"type": "dlt", "source": "handmade_dlt:shop"}
assert desk.extract(source(connection, kinds={"columns": ["id"]})).landed[0].rows == 1
from dlt.common.runtime import run_context
assert "airflow" not in sys.modules
assert run_context.active().runtime_config.dlthub_telemetry is False
"""
    environment = {"HOME": str(home), "PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, env=environment, cwd=tmp_path)
    assert list(home.rglob("*")) == []
