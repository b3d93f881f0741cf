"""Rows that vanish from a database table are noticed, those that come back too, and an emptied table deletes nobody."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from extract_sources import Desk, source

from sales_warehouse import conservation
from sales_warehouse.extract import Extraction

DAY = "2026-01-0{} 10:00:00"


@dataclass
class Crm:
    """A table of deals in SQLite, and what every visit landed of it."""

    desk: Desk
    table: dict[str, Any]
    landed: list[Extraction] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.desk.folder / "crm.db"

    def sql(self, statement: str) -> None:
        with sqlite3.connect(self.file) as connection:
            connection.executescript(statement)
        connection.close()

    def visit(self) -> list[tuple]:
        """Read the table; return what landed now as (id, name, deleted), and book it as landing does."""
        history = [item.path for extraction in self.landed for item in extraction.landed]
        cursors = [item.cursor for extraction in self.landed for item in extraction.landed if item.cursor]
        found = self.desk.extract(
            source({"type": "database", "url": f"sqlite:///{self.file}"}, deals=self.table),
            history={"deals": list(dict.fromkeys(history))},
            cursors={"deals": cursors[-1] if cursors else None},
            latest={
                "deals": {
                    item.origin: item.fingerprint
                    for extraction in self.landed
                    for item in extraction.landed
                    if item.fingerprint
                }
            },
        )
        conservation.hold_back_what_does_not_add_up(found, self.desk.folder / "temp")
        self.landed.append(found)
        rows = []
        for path in dict.fromkeys(item.path for item in found.landed):
            there = [name for name, *_ in duckdb.sql(f"describe from '{path}'").fetchall()]
            gone = "_deleted" if "_deleted" in there else "null"
            rows += duckdb.sql(f"select id, name, {gone} from '{path}' order by _row_number").fetchall()
        return rows

    def refusals(self) -> list[str]:
        return [item.reason for item in self.landed[-1].refused]


@pytest.fixture(params=["with a cursor", "as a whole"])
def crm(desk: Desk, request: pytest.FixtureRequest) -> Crm:
    cursor = {"cursor": "changed", "overlap_minutes": 0} if request.param == "with a cursor" else {}
    columns = {"columns": ["id", "name", "changed"], "key": ["id"], "deletes": "full_key_comparison"}
    made = Crm(desk, {"table": "deals", "most_deletes_share": 0.5} | columns | cursor)
    made.sql("create table deals (id integer primary key, name text, changed text)")
    for number, name in enumerate("abc", 1):
        made.sql(f"insert into deals values ({number}, '{name}', '{DAY.format(number)}')")
    made.visit()
    return made


def new(rows: list[tuple]) -> list[tuple]:
    """Without what a whole table, or a cursor that is met again, hands over anew."""
    return [row for row in rows if row[2] or row[1] not in ("a", "b", "c")]


def test_a_row_that_vanished_lands_with_the_cells_it_had_last(crm: Crm) -> None:
    crm.sql(f"update deals set name = 'bb', changed = '{DAY.format(4)}' where id = 2")
    crm.visit()
    crm.sql("delete from deals where id = 2")
    assert new(crm.visit()) == [("2", "bb", "true")]
    assert "deals: 1 records are gone from the table" in crm.landed[-1].notes


def test_what_is_gone_is_said_once(crm: Crm) -> None:
    crm.sql("delete from deals where id = 1")
    assert new(crm.visit()) == [("1", "a", "true")]
    assert new(crm.visit()) == []


def test_a_row_that_comes_back_with_its_old_time_stamp_is_read_again(crm: Crm) -> None:
    crm.sql("delete from deals where id = 1")
    crm.visit()
    crm.sql(f"insert into deals values (1, 'back', '{DAY.format(1)}')")
    assert ("1", "back", None) in crm.visit()
    crm.sql("delete from deals where id = 1")
    assert new(crm.visit()) == [("1", "back", "true")]


def test_a_row_that_comes_back_as_it_was_is_read_again(crm: Crm) -> None:
    """It is all that the overlap has, so that the table looks as it did before the deletion."""
    crm.visit()
    for _ in range(2):
        crm.sql("delete from deals where id = 3")
        assert ("3", "c", "true") in crm.visit()
        crm.visit()
        crm.sql(f"insert into deals values (3, 'c', '{DAY.format(3)}')")
        assert ("3", "c", None) in crm.visit()
        assert crm.visit() == []


def test_a_row_that_was_committed_long_after_its_time_stamp_is_read(crm: Crm) -> None:
    crm.sql(f"insert into deals values (9, 'late', '{DAY.format(1)}')")
    assert ("9", "late", None) in crm.visit()


def test_an_emptied_table_deletes_nobody(crm: Crm) -> None:
    crm.sql("delete from deals")
    assert new(crm.visit()) == []
    assert crm.refusals() == [
        "deals: 3 of 3 known records are gone at once, more than 50%; none was deleted. Was the table emptied or is it "
        "the wrong one? If it is right, raise `most_deletes_share` for one refresh"
    ]
    crm.table["most_deletes_share"] = 1
    assert [row[0] for row in new(crm.visit())] == ["1", "2", "3"]


def test_keys_of_several_columns_are_compared_together(desk: Desk) -> None:
    columns = {"columns": ["id", "name", "changed"], "key": ["id", "name"], "deletes": "full_key_comparison"}
    cursor = {"cursor": "changed", "overlap_numbers": 0, "most_deletes_share": 0.5}
    crm = Crm(desk, {"table": "deals"} | cursor | columns)
    crm.sql("create table deals (id integer, name text, changed text, primary key (id, name))")
    crm.sql("insert into deals values (1, 'x', '1'), (1, 'y', '2'), (2, 'x', '3')")
    crm.visit()
    crm.sql("delete from deals where id = 1 and name = 'x'; insert into deals values (1, 'z', '0')")
    assert set(crm.visit()) == {("2", "x", None), ("1", "z", None), ("1", "x", "true")}


def test_keys_in_a_column_of_floats_are_known_again_however_they_landed(desk: Desk) -> None:
    columns = {"columns": ["id", "name", "changed"], "key": ["id"], "deletes": "full_key_comparison"}
    crm = Crm(desk, {"table": "deals", "cursor": "changed", "overlap_numbers": 0, "most_deletes_share": 0.5} | columns)
    crm.sql("create table deals (id real, name text, changed integer)")
    crm.sql("insert into deals values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)")
    crm.visit()
    (path,) = [item.path for item in crm.landed[0].landed]
    earlier = path.with_suffix(".earlier")
    duckdb.sql(f"copy (select * replace (id || '.0' as id) from '{path}') to '{earlier}' (format parquet)")
    earlier.replace(path)
    crm.sql("delete from deals where id = 1; insert into deals values (4, 'd', 0)")
    assert set(crm.visit()) == {("3", "c", None), ("4", "d", None), ("1", "a", "true")}


def test_a_comparison_without_a_key_is_a_mistake(desk: Desk) -> None:
    with pytest.raises(ValueError, match="needs `key`, the columns that identify a row"):
        source(
            {"type": "database", "url": "sqlite:///crm.db"},
            deals={"table": "deals", "columns": ["id"], "deletes": "full_key_comparison"},
        )
