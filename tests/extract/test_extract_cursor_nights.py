"""Night after night by a cursor: late commits, ties, rows without a time stamp, clocks that go wrong, killed visits."""

from __future__ import annotations

import datetime
import random
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from extract_sources import source

from sales_warehouse import landing
from sales_warehouse.home import Home
from sales_warehouse.sql import literals

BEGIN = datetime.datetime(2026, 1, 1, 2)


@dataclass
class Nights:
    """A table that people write to, and visits to it that land what is new."""

    folder: Path
    table: dict[str, Any]
    night: datetime.datetime = BEGIN
    random: random.Random = field(default_factory=lambda: random.Random(20260101))

    def __post_init__(self) -> None:
        self.file = self.folder / "crm.db"
        self.home = Home(self.folder / "var", "small")
        self.sql("create table deals (id integer primary key, amount text, changed text)")

    def sql(self, statement: str, *values: Any) -> list[tuple]:
        with sqlite3.connect(self.file) as connection:
            found = connection.execute(statement, values).fetchall()
        connection.close()
        return found

    def put(self, number: int, changed: datetime.datetime | None) -> None:
        text = None if changed is None else changed.isoformat(sep=" ")
        amount = f"{self.random.randrange(10**9)}"
        self.sql("insert or replace into deals values (?, ?, ?)", number, amount, text)

    def visit(self) -> None:
        self.night += datetime.timedelta(days=1)
        described = {"table": "deals", "columns": ["id", "amount", "changed"]} | self.table
        given = source({"type": "database", "url": f"sqlite:///{self.file}"}, deals=described)
        report = landing.land(
            self.home, given, company_folder=self.folder, extracted_at=self.night, latest_moment=self.night,
            environment={}, on_progress=lambda _: None,
        )  # fmt: skip
        assert report.refused == []

    def lost(self) -> set[tuple]:
        """Return the rows of the table whose present content has not landed as the last one of their key."""
        paths = literals(str(path) for load in landing.loads(self.home, "shop") for path in load.paths("deals"))
        last = duckdb.sql(
            f"select cast(id as bigint), amount, changed from read_parquet({paths}, filename = 'path', "
            "file_row_number = true) qualify row_number() over (partition by id order by path desc, "
            "file_row_number desc) = 1"
        ).fetchall()
        return set(self.sql("select id, amount, changed from deals")) - set(last)

    def work(self, changes: int, late_minutes: int) -> None:
        """Change rows during the day; what is committed last may carry a time stamp that is a little older."""
        for _ in range(changes):
            late = datetime.timedelta(minutes=self.random.randint(0, late_minutes))
            minute = datetime.timedelta(minutes=self.random.randrange(20))
            moment = self.night - minute - late if self.random.random() < 0.9 else None
            self.put(self.random.randrange(200), moment)


def test_late_commits_ties_and_rows_without_a_time_stamp_are_not_lost(tmp_path: Path) -> None:
    nights = Nights(tmp_path, {"cursor": "changed", "overlap_minutes": 60})
    for _ in range(12):
        nights.work(changes=60, late_minutes=30)
        nights.visit()
        assert nights.lost() == set()


def test_without_an_overlap_they_would_be(tmp_path: Path) -> None:
    nights = Nights(tmp_path, {"cursor": "changed", "overlap_minutes": 0})
    nights.put(1, BEGIN)
    nights.visit()
    nights.put(2, BEGIN - datetime.timedelta(minutes=10))
    nights.visit()
    assert {row[0] for row in nights.lost()} == {2}


def test_a_tie_with_the_highest_time_stamp_is_read_again_even_without_an_overlap(tmp_path: Path) -> None:
    nights = Nights(tmp_path, {"cursor": "changed", "overlap_minutes": 0})
    nights.put(1, BEGIN)
    nights.visit()
    nights.put(2, BEGIN)
    nights.visit()
    assert nights.lost() == set()


def test_a_number_that_was_taken_early_and_committed_late_is_read(tmp_path: Path) -> None:
    nights = Nights(tmp_path, {"cursor": "id", "overlap_numbers": 100})
    for number in (1, 2, 400):
        nights.put(number, BEGIN)
    nights.visit()
    nights.put(399, BEGIN)
    nights.visit()
    assert nights.lost() == set()
    nights.table["overlap_numbers"] = 0
    nights.put(398, BEGIN)
    nights.visit()
    assert {row[0] for row in nights.lost()} == {398}, "the twin: without an overlap it is not seen"


def test_a_clock_that_runs_ahead_does_not_hide_what_comes_after(tmp_path: Path) -> None:
    nights = Nights(tmp_path, {"cursor": "changed", "overlap_minutes": 60})
    nights.put(1, BEGIN)
    nights.put(2, BEGIN + datetime.timedelta(days=4000))
    nights.visit()
    nights.put(3, nights.night)
    nights.visit()
    assert nights.lost() == set()


def test_a_visit_that_is_killed_moves_no_cursor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nights = Nights(tmp_path, {"cursor": "changed", "overlap_minutes": 0})
    nights.put(1, BEGIN)
    nights.visit()
    nights.put(2, BEGIN + datetime.timedelta(hours=1))

    def killed(point: str) -> None:
        if point == "land.before_commit":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(landing.failpoint, "reach", killed)
        with pytest.raises(KeyboardInterrupt):
            nights.visit()
    assert {row[0] for row in nights.lost()} == {2}
    nights.visit()
    assert nights.lost() == set()
