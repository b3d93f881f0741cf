"""Drift has a name, and what is done about it is the policy of the table, never a guess."""

from __future__ import annotations

import io
import json
import sqlite3
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from api_server import Answer, serving
from extract_sources import Desk, reason, rows, source

from sales_warehouse.company.models import Table
from sales_warehouse.extract import Extraction, SourceMisconfigured
from sales_warehouse.extract.record import KeyCheck

PROMISED = "id,amount,day"
KINDS = {
    "added": (["id", "amount", "day", "coupon"], [("added", "coupon", None)]),
    "missing": (["id", "day"], [("missing", "amount", None)]),
    "renamed": (["id", "Amount", "day"], [("renamed", "amount", "Amount")]),
    "renamed beside a new one": (
        ["id", "amount_net", "day", "coupon"],
        [("renamed", "amount", "amount_net"), ("added", "coupon", None)],
    ),
    "reordered": (["day", "id", "amount"], [("reordered", "day, id, amount", None)]),
    "duplicated": (["id", "amount", "day", "ID"], [("duplicated", "'id' at 1 and 'ID' at 4", None)]),
}
# which of them each policy takes
TAKEN = {
    "adopt": {"added", "reordered"},
    "known": {"added", "reordered", "missing", "renamed", "renamed beside a new one"},
    "refuse": set(),
}


def as_csv(names: list[str]) -> bytes:
    return (",".join(names) + "\n" + ",".join("1" for _ in names) + "\n").encode()


def as_excel(names: list[str]) -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    book.active.append(names)
    book.active.append([1 for _ in names])
    book.save(buffer)
    return buffer.getvalue()


def as_parquet(names: list[str]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["1"]) for _ in names], names), buffer)
    return buffer.getvalue()


FORMATS = {"csv": as_csv, "excel": as_excel, "parquet": as_parquet}


def told(found: Extraction) -> list[tuple]:
    items = [*found.landed, *found.refused]
    return [(drift.kind, drift.column, drift.found) for item in items for drift in item.drift]


@pytest.mark.parametrize("policy", TAKEN)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kind_of_file", FORMATS)
def test_a_header_that_differs_is_named_and_taken_as_the_policy_says(
    desk: Desk, kind_of_file: str, kind: str, policy: str
) -> None:
    names, expected = KINDS[kind]
    desk.put("a", FORMATS[kind_of_file](names))
    found = desk.extract_files(PROMISED, format=kind_of_file, drift=policy)
    assert told(found) == expected
    assert bool(found.landed) is (kind in TAKEN[policy])
    assert bool(found.refused) is (kind not in TAKEN[policy])


@pytest.mark.parametrize("policy", TAKEN)
def test_a_header_as_promised_is_no_drift(desk: Desk, policy: str) -> None:
    desk.put("a.csv", as_csv(PROMISED.split(",")))
    found = desk.extract_files(PROMISED, drift=policy)
    assert (told(found), found.notes, found.refused) == ([], [], [])


def test_what_is_known_is_taken_and_the_rest_is_left_out(desk: Desk) -> None:
    desk.put("a.csv", "id,Amount,coupon\n1,2,X\n")
    found = desk.extract_files(PROMISED, drift="known")
    assert rows(found) == [("1",)]
    assert found.notes == [
        "orders: a.csv: columns that are not promised were left out: coupon",
        "orders: a.csv: promised columns that are missing are empty: amount, day",
    ]


def test_no_promised_column_at_all_is_no_header_whatever_the_policy(desk: Desk) -> None:
    desk.put("a.csv", "5607,2072,99\n1,2,3\n")
    found = desk.extract_files(PROMISED, drift="known")
    assert "is the header line there?" in found.refused[0].reason


JSON = {
    "added": ('{"id": 1, "amount": 2, "day": 3, "coupon": "X"}\n', [("added", "coupon", None)]),
    "missing": ('{"id": 1, "day": 3}\n', [("missing", "amount", None)]),
    "renamed": ('{"id": 1, "Amount": 2, "day": 3}\n', [("renamed", "amount", "Amount")]),
}


@pytest.mark.parametrize(
    ("kind", "policy", "is_taken"),
    [
        ("added", "adopt", True),
        ("added", "known", True),
        ("added", "refuse", False),
        ("missing", "adopt", True),
        ("missing", "refuse", False),
        ("renamed", "adopt", False),
        ("renamed", "known", True),
        ("renamed", "refuse", False),
    ],
)
@pytest.mark.parametrize("kind_of_file", ["jsonl", "json"])
def test_keys_that_differ_are_named_too(desk: Desk, kind_of_file: str, kind: str, policy: str, is_taken: bool) -> None:
    text, expected = JSON[kind]
    desk.put("a", text if kind_of_file == "jsonl" else f"[{text}]")
    found = desk.extract_files(PROMISED, format=kind_of_file, drift=policy)
    assert told(found) == expected
    assert bool(found.landed) is is_taken


def test_new_keys_are_kept_until_somebody_maps_them(desk: Desk) -> None:
    desk.put("a.jsonl", '{"id": 1, "amount": 1.10, "day": "x", "coupon": {"no": 7.0}, "深": [1.0]}\n')
    adopted = desk.extract_files(PROMISED, format="jsonl")
    assert rows(adopted, columns="_more") == [('{"coupon": {"no": 7.0}, "深": [1.0]}',)]
    known = desk.extract_files(PROMISED, format="jsonl", drift="known")
    assert known.notes == ["orders: a.jsonl: keys that are not declared, left out: coupon, 深"]


def typed(desk: Desk, kind: str, name: str, values: list[Any]) -> None:
    """Write a file of records `id`, `amount`; amounts as they are given."""
    buffer = io.BytesIO()
    records = [{"id": "1", "amount": value} for value in values]
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(records), buffer)
    text = "\n".join(map(json.dumps, records)) if kind == "jsonl" else json.dumps(records)
    desk.put(name, buffer.getvalue() if kind == "parquet" else text + "\n")


TYPED = {"parquet": "BIGINT → VARCHAR", "jsonl": "number → text", "json": "number → text"}


@pytest.mark.parametrize("is_one_visit", [False, True], ids=["two visits", "one visit"])
@pytest.mark.parametrize("policy", TAKEN)
@pytest.mark.parametrize("kind", TYPED)
def test_a_column_of_a_file_that_has_another_type_is_drift(
    desk: Desk, kind: str, policy: str, is_one_visit: bool
) -> None:
    expected, options = [("retyped", "amount", TYPED[kind])], {}
    typed(desk, kind, "1", [1, 2, None])
    if not is_one_visit:
        first = desk.extract_files("id,amount", format=kind, drift=policy)
        assert (told(first), first.refused) == ([], [])
        options = {"schema": {"orders": first.landed[0].schema}}
    typed(desk, kind, "2", [None])
    typed(desk, kind, "3", ["3 yuan"])
    found = desk.extract_files("id,amount", options=options, format=kind, drift=policy)
    assert told(found) == expected
    assert [item.origin for item in found.landed] == (["1", "2"] if policy == "refuse" else ["1", "2", "3"])
    if policy == "refuse":
        assert found.refused[0].reason.startswith("3: retyped: amount")
        assert len(list((desk.folder / f"landed{desk.visits}").rglob("*.parquet"))) == 2


def test_kinds_of_files_are_told_where_they_change(desk: Desk) -> None:
    """Thousands of small files of a spool do not each repeat what is known of their keys."""
    for number in range(3):
        typed(desk, "jsonl", f"{number}", [number])
    typed(desk, "jsonl", "3", ["a text"])
    found = desk.extract_files("id,amount", format="jsonl")
    assert [item.schema for item in found.landed] == [
        {"amount": "number", "id": "text"}, None, None, {"amount": "number or text", "id": "text"},
    ]  # fmt: skip
    typed(desk, "jsonl", "4", [4])
    later = desk.extract_files("id,amount", "4", {"schema": {"orders": found.landed[-1].schema}}, format="jsonl")
    assert (told(later), later.landed[0].schema) == ([], None)


@pytest.mark.parametrize("is_one_visit", [False, True], ids=["two visits", "one visit"])
@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_an_optional_key_beside_a_similar_one_that_was_there_is_not_renamed(
    desk: Desk, kind: str, is_one_visit: bool
) -> None:
    options = {}
    first = {"id": 1, "tel": 7, "tel2": 8, "body": {"form": {"phone": "138", "phone2": "139"}}}
    desk.put("1", json.dumps(first if kind == "jsonl" else [first]))
    columns = "id,tel,body,body.form.phone"
    if not is_one_visit:
        done = desk.extract_files(columns, format=kind)
        options = {"schema": {"orders": done.landed[0].schema}}
    second = {"id": 2, "tel2": 8, "body": {"form": {"phone2": "139"}}}
    desk.put("2", json.dumps(second if kind == "jsonl" else [second]))
    found = desk.extract_files(columns, options=options, format=kind)
    assert found.refused == []
    assert [item.kind for item in found.landed[-1].drift] == ["missing", "missing", "added"]


def visit(desk: Desk, schema: dict | None, first: dict | None = None, **table: Any) -> Extraction:
    described = {"table": "deals", "columns": ["id", "name"]} | table
    given = source({"type": "database", "url": f"sqlite:///{desk.folder / 'crm.db'}"}, deals=described)
    known = {"schema": {"deals": schema}, "first_schema": {"deals": first or schema}} if schema else {}
    return desk.extract(given, **known)


def alter(desk: Desk, statement: str) -> None:
    with sqlite3.connect(desk.folder / "crm.db") as connection:
        connection.executescript(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("alter table deals add column region text", [("added", "region", None)]),
        ("alter table deals drop column owner", [("missing", "owner", None)]),
        ("alter table deals rename column owner to owner_id", [("renamed", "owner", "owner_id")]),
        (
            "drop table deals; create table deals (id text, name text, owner text)",
            [("retyped", "id", "INTEGER → TEXT")],
        ),
    ],
    ids=["a column more", "a column less", "another name", "another type"],
)
def test_a_table_of_a_database_that_changes_is_named(desk: Desk, statement: str, expected: list[tuple]) -> None:
    alter(desk, "create table deals (id integer, name text, owner text); insert into deals values (1, 'a', 'b')")
    first = visit(desk, None)
    assert told(first) == []
    alter(desk, statement)
    schema = dict(first.landed[0].schema or {})
    assert told(visit(desk, schema)) == expected
    refused = visit(desk, schema, drift="refuse")
    assert (refused.landed, told(refused)) == ([], expected)
    assert "the table changed" in refused.refused[0].reason


DEALS = {"id": "INTEGER", "name": "TEXT", "owner": "TEXT"}


@pytest.mark.parametrize(
    ("policy", "options", "taken"),
    [
        ("adopt", {}, None),
        ("refuse", {}, None),
        ("known", {}, [("1",)]),
        ("known", {"cursor": "name"}, None),
        ("known", {"key": ["name"], "deletes": "full_key_comparison"}, None),
        ("known", {"columns": ["name"]}, None),
    ],
)
@pytest.mark.parametrize("is_renamed", [True, False])
def test_a_promised_column_of_a_database_that_is_gone(
    desk: Desk, policy: str, options: dict, taken: list | None, is_renamed: bool
) -> None:
    alter(desk, "create table deals (id integer, owner text); insert into deals values (1, 'b')")
    if is_renamed:
        alter(desk, "alter table deals add column names text")
    found = visit(desk, DEALS, drift=policy, **options)
    expected = ("renamed", "name", "names") if is_renamed else ("missing", "name", None)
    assert told(found) == [expected]
    if taken is None:
        assert reason(found).startswith(
            "deals: the table changed: " if policy == "refuse" else "deals: missing: 'name'"
        )
    else:
        assert rows(found, "deals") == taken
        again = visit(desk, dict(found.landed[0].schema or {}), DEALS, drift=policy, **options)
        assert told(again) == [expected], "it is missing for as long as it is"


def test_what_one_table_lacks_stops_no_other(desk: Desk) -> None:
    alter(desk, "create table deals (id integer); create table lines (id integer); insert into lines values (7)")
    given = source(
        {"type": "database", "url": f"sqlite:///{desk.folder / 'crm.db'}"},
        deals={"table": "deals", "columns": ["id", "name"]},
        lines={"table": "lines", "columns": ["id"]},
    )
    found = desk.extract(given)
    assert [item.reason for item in found.refused] == [
        "deals: missing: 'name'; the table has: id; change `columns`, `cursor` or `key` (and the mapping) if it "
        "changed, or take what is there with `drift: known`"
    ]
    assert (rows(found, "lines"), told(found)) == ([("7",)], [("missing", "name", None)])


@pytest.mark.parametrize(("policy", "landed"), [("adopt", [("1", "a", "EU")]), ("known", [("1", "a")])])
def test_a_column_that_a_database_table_gets_lands_beside_the_promised_ones(
    desk: Desk, policy: str, landed: list[tuple]
) -> None:
    """What was there from the beginning and is not promised stays out: it was not asked for."""
    alter(desk, "create table deals (id integer, name text, owner text); insert into deals values (1, 'a', 'b')")
    first = dict(visit(desk, None, drift=policy).landed[0].schema or {})
    alter(desk, "alter table deals add column region text; alter table deals add column _file text")
    alter(desk, "update deals set region = 'EU'")
    later = visit(desk, first, drift=policy)
    assert (rows(later, "deals"), told(later)) == (landed, [("added", "region", None), ("added", "_file", None)])
    again = visit(desk, dict(later.landed[0].schema or {}), first, drift=policy)
    assert (rows(again, "deals"), told(again)) == (landed, [])


def test_a_database_table_that_is_refused_lands_nothing_at_all(desk: Desk) -> None:
    options = {"cursor": "at", "overlap_numbers": 0, "key": ["id"], "deletes": "full_key_comparison"}
    options |= {"columns": ["id", "name", "at"], "drift": "refuse", "most_deletes_share": 0.9}
    alter(desk, "create table deals (id integer, name text, at integer)")
    alter(desk, "insert into deals values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)")
    first = visit(desk, None, **options)
    alter(desk, "drop table deals; create table deals (id integer, name integer, at integer)")
    alter(desk, "insert into deals values (1, 7, 1), (3, 8, 3), (9, 9, 0)")
    given = source(
        {"type": "database", "url": f"sqlite:///{desk.folder / 'crm.db'}"}, deals={"table": "deals"} | options
    )
    (landed,) = first.landed
    found = desk.extract(
        given,
        schema={"deals": landed.schema}, first_schema={"deals": landed.schema},
        history={"deals": [landed.path]}, cursors={"deals": "3"},
    )  # fmt: skip
    assert reason(found).startswith("deals: the table changed: retyped: name (TEXT → INTEGER)")


def from_api(desk: Desk, records: list[dict], schema: dict | None = None, **table: Any) -> Extraction:
    with serving() as api:
        api.script(Answer({"data": records}))
        described = {"path": "orders", "records": "data", "columns": ["id", "amount", "buyer.id"]} | table
        given = source({"type": "rest", "base_url": api.url, "attempts": 1}, orders=described)
        return desk.extract(given, schema={"orders": schema} if schema else {})


def from_dlt(
    desk: Desk, records: list[dict], schema: dict | None = None, *, as_table: bool = False, **table: Any
) -> Extraction:
    connection = {
        "type": "dlt",
        "source": "handmade_dlt:given",
        "arguments": {"records": records, "as_table": as_table},
    }
    given = source(connection, given={"columns": ["id", "amount", "buyer.id"]} | table)
    return desk.extract(given, schema={"given": schema} if schema else {})


RECORDS = {
    "added": ({"id": 1, "amount": 2, "buyer": {"id": 3}, "coupon": "X"}, [("added", "coupon", None)]),
    "missing": ({"id": 1, "buyer": {"id": 3}}, [("missing", "amount", None)]),
    "renamed": ({"id": 1, "amount_net": 2, "buyer": {"id": 3}}, [("renamed", "amount", "amount_net")]),
    "renamed inside": ({"id": 1, "amount": 2, "buyer": {"uid": 3}}, [("renamed", "buyer.id", "buyer.uid")]),
    "retyped": ({"id": "1", "amount": 2, "buyer": {"id": 3}}, [("retyped", "id", "{number} → text")]),
}
READERS = {"rest": (from_api, "number"), "dlt": (from_dlt, "integer")}


@pytest.mark.parametrize(("policy", "refuses"), [("adopt", "renamed"), ("known", ""), ("refuse", "")])
@pytest.mark.parametrize("kind", RECORDS)
@pytest.mark.parametrize("reader", READERS)
def test_records_of_an_api_that_differ_are_named_too(
    desk: Desk, reader: str, kind: str, policy: str, refuses: str
) -> None:
    read, number = READERS[reader]
    first = read(desk, [{"id": 1, "amount": 2, "buyer": {"id": 3}}, {"id": 2, "buyer": {}}], drift=policy)
    assert (told(first), first.notes) == ([], [])
    record, expected = RECORDS[kind]
    found = read(desk, [record, {"id": record["id"], "buyer": None}], first.landed[0].schema, drift=policy)
    assert told(found) == [(what, name, other and other.format(number=number)) for what, name, other in expected]
    is_refused = policy == "refuse" or (refuses and kind.startswith(refuses))
    assert [bool(found.landed), bool(found.refused)] == [not is_refused, bool(is_refused)]
    assert bool(found.notes) is not is_refused


@pytest.mark.parametrize("read", [from_api, from_dlt])
def test_a_key_that_was_always_beside_an_empty_one_is_not_its_new_name(desk: Desk, read: Any) -> None:
    first = read(desk, [{"id": 1, "amount": 2, "amount_net": 1, "buyer": {"id": 3}}])
    second = read(desk, [{"id": 2, "amount_net": 1, "buyer": {"id": 3}}], first.landed[0].schema)
    assert told(second) == [("missing", "amount", None), ("added", "amount_net", None)]
    assert second.refused == []


def test_what_is_missing_in_a_table_of_dlt_is_a_mistake_or_empty_as_the_policy_says(desk: Desk) -> None:
    record = {"id": 1, "amount_net": 2}
    with pytest.raises(SourceMisconfigured, match="the resource has no column 'amount'; did you mean 'amount_net'"):
        from_dlt(desk, [record], as_table=True, columns=["id", "amount"])
    found = from_dlt(desk, [record], as_table=True, columns=["id", "amount"], drift="known")
    assert told(found) == [("renamed", "amount", "amount_net")]
    assert rows(found, "given") == [("1", None)]
    assert found.notes == ["given: no record has the key 'amount'"]


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"body": {"form": "demo", "started_at": "x"}}, [("missing", "body.company"), ("missing", "body.ended_at")]),
        (
            {"body": {"company_name": "A", "ended_at": "x"}},
            [("renamed", "body.company"), ("missing", "body.started_at")],
        ),
    ],
    ids=["another key, and one that is promised itself", "nearly the same key"],
)
def test_keys_of_one_object_are_alike_by_their_own_names(record: dict, named: list[tuple[str, str]]) -> None:
    table = Table.model_validate(
        {
            "files": "x",
            "format": "jsonl",
            "drift": "known",
            "columns": ["body.company", "body.started_at", "body.ended_at"],
        }
    )
    check = KeyCheck(table)
    check.add(record)
    assert [(item.kind, item.column) for item in check.drift(1) if item.kind != "added"] == named
