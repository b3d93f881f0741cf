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

from sales_warehouse import durable, landing
from sales_warehouse.company.models import ColumnMapping
from sales_warehouse.extract import SourceMisconfigured
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
    zones: tuple[str, str | None] = ("UTC", None)  # of the company, and as a mapping says it of `changed`

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

    def visit(self, after: datetime.timedelta = datetime.timedelta(days=1)) -> list[str]:
        """Read the table some time after the last visit; return the notes."""
        self.night += after
        described = {"table": "deals", "columns": ["id", "amount", "changed"]} | self.table
        given = source({"type": "database", "url": f"sqlite:///{self.file}"}, deals=described)
        company_zone, said = self.zones
        if said:
            told = {
                **given.mappings[0].columns,
                "updated_at": ColumnMapping.model_validate({"from": "changed", "zone": said}),
            }
            given = given.model_copy(update={"mappings": (given.mappings[0].model_copy(update={"columns": told}),)})
        report = landing.land(
            self.home, given, company_folder=self.folder, extracted_at=self.night, latest_moment=self.night,
            environment={}, on_progress=lambda _: None, time_zone=company_zone,
        )  # fmt: skip
        assert report.refused == []
        return report.notes

    def lost(self) -> set[tuple]:
        """Return the rows of the table whose present content has not landed as the last one of their key."""
        paths = literals(str(path) for load in landing.loads(self.home, "shop") for path in load.paths("deals"))
        last = duckdb.sql(
            f"select cast(id as bigint), amount, changed from read_parquet({paths}, filename = 'path', "
            "file_row_number = true) qualify row_number() over (partition by id order by path desc, "
            "file_row_number desc) = 1"
        ).fetchall()
        return set(self.sql("select id, amount, changed from deals")) - set(last)

    def ids(self) -> set[int]:
        paths = literals(str(path) for load in landing.loads(self.home, "shop") for path in load.paths("deals"))
        return {row[0] for row in duckdb.sql(f"select cast(id as bigint) from read_parquet({paths})").fetchall()}

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


def test_another_cursor_or_table_begins_afresh(tmp_path: Path) -> None:
    nights = Nights(tmp_path, {"cursor": "id", "overlap_numbers": 0})
    nights.put(1, BEGIN)
    nights.put(2, BEGIN + datetime.timedelta(days=5))
    nights.visit()
    nights.put(1, BEGIN + datetime.timedelta(days=1))  # the cursor does not see it
    nights.visit()
    assert {row[0] for row in nights.lost()} == {1}
    nights.table = {"cursor": "changed", "overlap_minutes": 60}
    nights.visit(after=datetime.timedelta(days=10))
    assert nights.lost() == set()
    nights.put(1, BEGIN + datetime.timedelta(days=2))  # late: the cursor has passed it
    nights.visit()
    assert {row[0] for row in nights.lost()} == {1}
    nights.sql("create view all_deals as select * from deals")
    nights.table |= {"table": "all_deals"}
    nights.visit()
    assert nights.lost() == set()


def test_a_cursor_of_a_load_that_does_not_say_what_it_asked_for_is_of_what_was_asked_for_then(tmp_path: Path) -> None:
    nights = Nights(tmp_path, {"cursor": "changed", "overlap_minutes": 0})
    nights.put(1, BEGIN)
    nights.put(2, BEGIN + datetime.timedelta(days=5))
    nights.visit(after=datetime.timedelta(days=10))
    (load,) = landing.loads(nights.home, "shop")
    manifest = durable.read_json(load.folder / landing.MANIFEST)
    for item in manifest["files"]:  # as the version before this one wrote them
        del item["question"]
    durable.write_json(load.folder / landing.MANIFEST, manifest)
    nights.put(3, BEGIN + datetime.timedelta(days=6))
    nights.put(1, BEGIN + datetime.timedelta(days=1))  # late: the cursor has passed it
    nights.visit()
    assert {row[0] for row in nights.lost()} == {1}, "it goes on from where the version before was"
    nights.sql("create view all_deals as select * from deals")
    nights.table |= {"table": "all_deals"}
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


@dataclass
class Typed(Nights):
    """A table whose `changed` is what `declared` says."""

    declared: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sql(f"create table calls (id integer primary key, amount text, changed {self.declared})")
        self.sql("create view seen as select id, amount, coalesce(changed, 0) as changed from calls")
        self.sql("drop table deals")
        self.sql("create view deals as select * from calls")

    def note(self, number: int, changed: object) -> None:
        self.sql("insert into calls values (?, 'x', ?)", number, changed)


NEW_YEAR = 1767225600  # 2026-01-01 in UTC, seconds since 1970


@pytest.mark.parametrize("declared", ["integer", "text"])
@pytest.mark.parametrize(
    ("first", "mistyped", "then"),
    [
        pytest.param(NEW_YEAR, 4102444800, NEW_YEAR + 100_000, id="seconds"),
        pytest.param(NEW_YEAR * 1000, 4102444800000, NEW_YEAR * 1000 + 100_000_000, id="milliseconds"),
        pytest.param(20260101, 20990101, 20260102, id="days"),
        pytest.param(20260101020000, 20990101020000, 20260102020000, id="moments"),
    ],
)
def test_a_mistyped_number_does_not_hide_what_comes_after(
    tmp_path: Path, declared: str, first: int, mistyped: int, then: int
) -> None:
    nights = Typed(tmp_path, {"cursor": "changed"}, declared=declared)
    nights.note(1, first)
    nights.note(2, mistyped)
    nights.visit()
    nights.note(3, then)
    nights.visit()
    assert nights.ids() == {1, 2, 3}
    assert [load.files[0].cursor for load in landing.loads(nights.home, "shop")] == [str(first), str(then)]


SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))


@pytest.mark.parametrize(
    ("declared", "zones", "form"),
    [
        pytest.param("text", ("Asia/Shanghai", None), "%Y-%m-%dT%H:%M:%SZ", id="of UTC"),
        pytest.param("text", ("UTC", None), "%Y-%m-%d %H:%M:%S+08:00", id="with a zone"),
        pytest.param("integer", ("Asia/Shanghai", None), None, id="since 1970"),
        pytest.param("text", ("Asia/Shanghai", None), "%Y-%m-%d %H:%M:%S+", id="in the zone of the company"),
        pytest.param("text", ("Europe/London", "Asia/Shanghai"), "%Y%m%d%H%M%S+", id="in the zone of the mapping"),
        pytest.param("text", ("Asia/Shanghai", "UTC"), "%Y-%m-%d %H:%M:%S", id="in UTC, as the mapping says"),
    ],
)
def test_a_clock_some_hours_ahead_hides_nothing(
    tmp_path: Path, declared: str, zones: tuple[str, str | None], form: str | None
) -> None:
    nights = Typed(tmp_path, {"cursor": "changed"}, declared=declared, zones=zones)

    def note(number: int, hours: float) -> None:
        moment = (BEGIN + datetime.timedelta(hours=hours)).replace(tzinfo=datetime.UTC)
        local = moment.astimezone(SHANGHAI) if form and "+" in form else moment
        nights.note(number, local.strftime(form).removesuffix("+") if form else int(moment.timestamp()))

    note(1, -2)
    assert nights.visit(datetime.timedelta()) == []
    note(2, 12)
    (said,) = nights.visit(datetime.timedelta(hours=0.2))
    assert "which is in the future" in said
    note(3, 0.3)
    nights.visit(datetime.timedelta(hours=0.3))
    note(4, 5)
    nights.visit(datetime.timedelta(hours=5.5))
    assert nights.ids() == {1, 2, 3, 4}


def test_a_cursor_that_does_not_land_goes_on_from_the_visit(tmp_path: Path) -> None:
    nights = Typed(tmp_path, {"cursor": "changed", "columns": ["id", "amount"]}, declared="text")
    nights.note(1, "2026-01-01T12:00:00Z")
    nights.note(2, "2026-01-02T12:00:00Z")
    nights.visit()
    nights.note(3, "2026-01-02T02:01:00Z")
    nights.visit()
    assert nights.ids() == {1, 2, 3}
    cursors = [load.files[0].cursor for load in landing.loads(nights.home, "shop")]
    assert cursors == ["2026-01-02T02:05:00", "2026-01-02T12:00:00Z"]
    assert landing.loads(nights.home, "shop")[1].rows == 2, "the first one does not come again"


def test_a_cursor_that_does_not_land_hides_nothing_where_nobody_says_its_zone(tmp_path: Path) -> None:
    """A program writes UTC and says no zone, as many do; the company is east of it."""
    table = {"cursor": "changed", "columns": ["id", "amount"]}
    nights = Typed(tmp_path, table, declared="text", zones=("Asia/Shanghai", None))
    nights.note(1, f"{BEGIN - datetime.timedelta(hours=2)}")
    nights.visit(datetime.timedelta())
    nights.note(2, "2099-01-01 00:00:00")
    hours = (1, 2, 4, 6, 12, 24, 39)
    for number, hour in enumerate(hours, 3):
        nights.note(number, f"{BEGIN + datetime.timedelta(hours=hour)}")
        nights.visit(BEGIN + datetime.timedelta(hours=hour + 0.5) - nights.night)
    assert nights.ids() == {1, 2, *range(3, 3 + len(hours))}


def test_moments_of_several_zones_are_compared_by_their_instants(tmp_path: Path) -> None:
    nights = Typed(tmp_path, {"cursor": "changed"}, declared="text")
    for number, moment in enumerate(("09:00:00+08:00", "08:30:00Z", "23:00:00Z")):
        nights.note(number, f"2026-01-01T{moment}")
    nights.visit(datetime.timedelta())
    assert [load.files[0].cursor for load in landing.loads(nights.home, "shop")] == ["2026-01-01T09:00:00+08:00"]


def test_a_clock_a_little_ahead_is_no_matter_where_the_overlap_is_longer(tmp_path: Path) -> None:
    ahead = (BEGIN + datetime.timedelta(days=1, minutes=2)).isoformat(sep=" ")
    for overlap, notes in ((60, 0), (1, 1)):
        (tmp_path / f"{overlap}").mkdir()
        nights = Typed(tmp_path / f"{overlap}", {"cursor": "changed", "overlap_minutes": overlap}, declared="text")
        nights.note(1, ahead)
        assert len(nights.visit()) == notes


def test_a_cursor_that_moved_to_a_mistyped_number_before_is_found_again(tmp_path: Path) -> None:
    nights = Typed(tmp_path, {"cursor": "changed"}, declared="integer")
    nights.note(1, NEW_YEAR)
    nights.note(2, 4102444800)
    nights.visit()
    manifest = landing.loads(nights.home, "shop")[0].folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"{NEW_YEAR}"', '"4102444800"'))
    nights.note(3, NEW_YEAR + 100_000)
    nights.visit()
    assert nights.ids() == {1, 2, 3}


def test_numbers_of_ten_digits_that_are_no_moments_move_the_cursor(tmp_path: Path) -> None:
    nights = Typed(tmp_path, {"cursor": "changed"}, declared="integer")
    for number in (1, 2):
        nights.note(number, 2026010000 + number)
    nights.visit()
    nights.note(3, 2026010003)
    nights.visit()
    cursors = [load.files[0].cursor for load in landing.loads(nights.home, "shop")]
    assert cursors == ["2026010002", "2026010003"]


@pytest.mark.parametrize("declared", ["", "datetime", "real"])
def test_numbers_are_compared_as_numbers_whatever_sqlite_was_told(tmp_path: Path, declared: str) -> None:
    nights = Typed(tmp_path, {"cursor": "changed", "table": "seen", "overlap_numbers": 0}, declared=declared)
    nights.note(1, 99_990)
    nights.note(2, 99_991)
    nights.visit()
    nights.note(3, 100_090)
    nights.visit()
    assert nights.ids() == {1, 2, 3}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("text", "the column 'changed' is text and has numbers, and its values have 5 to 6 characters"),
        ("", "the column 'changed' holds numbers and texts, which SQLite compares by their kind first"),
    ],
)
def test_what_would_be_compared_wrong_is_refused(tmp_path: Path, declared: str, said: str) -> None:
    nights = Typed(tmp_path, {"cursor": "changed"}, declared=declared)
    nights.note(1, "99991")
    nights.visit()
    nights.note(2, 100_090)
    with pytest.raises(SourceMisconfigured, match=said):
        nights.visit()


@pytest.mark.parametrize("declared", ["numeric", "integer"])
def test_moments_are_texts_in_a_column_of_sqlite_for_numbers(tmp_path: Path, declared: str) -> None:
    nights = Typed(tmp_path, {"cursor": "changed", "overlap_minutes": 60}, declared=declared)
    nights.note(1, "2026-01-01 01:00:00")
    nights.visit()
    nights.note(2, "2026-01-01 00:30:00")
    nights.visit()
    assert nights.ids() == {1, 2}


@pytest.mark.parametrize("form", ["%Y%m%d%H%M%S", "%Y%m%dT%H%M%SZ", "%Y/%m/%d %H:%M:%S"])
def test_the_overlap_holds_for_every_way_to_write_a_moment(tmp_path: Path, form: str) -> None:
    nights = Typed(tmp_path, {"cursor": "changed", "overlap_minutes": 60}, declared="text")
    nights.note(1, BEGIN.strftime(form))
    nights.visit()
    nights.note(2, (BEGIN - datetime.timedelta(seconds=30)).strftime(form))
    nights.visit()
    assert nights.ids() == {1, 2}


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
