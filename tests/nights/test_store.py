"""What nights keep costs what changed, and comes back as it was."""

from __future__ import annotations

import datetime
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from sales_warehouse import durable, nights
from sales_warehouse.home import Home
from sales_warehouse.nights import compare, incidents, recipe, retention, said, store, unrecorded
from sales_warehouse.nights.inputs import DRAFT, Inputs, listed_files, project_place
from sales_warehouse.nights.recipe import Mart, Night
from sales_warehouse.nights.rerun import only_one
from sales_warehouse.nights.store import Damaged, Kept
from sales_warehouse.publish import manifest, pointer
from sales_warehouse.publish.manifest import Manifest, Table
from sales_warehouse.sql import connect, literal

ROWS = 5_000
LATER = datetime.date(2026, 6, 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, "small")


def write(file: Path, query: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"copy ({query}) to {literal(str(file))} (format parquet)")
    return file


def night(file: Path, n: int) -> Path:
    """A table of identities: each night 20 rows come, 5 go and 10 change; some rows are there twice."""
    return write(
        file,
        f"""
        select 'crm' as source, 'A' || i as id, sha256('k' || i || case when i % 500 < 2 and i < {n} * 500 then
            '{n}' else '' end) as code, case when i % 7 > 0 then i / 3.0 end as probability
        from range({5 * n}, {ROWS + 20 * n}) t(i)
        union all select 'crm', 'twice', 'x', null from range(2 + {n} % 3)""",
    )


def rows(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple]:
    return connection.execute(f"select * from {relation} order by all").fetchall()


def read(file: Path) -> str:
    return f"read_parquet({literal(str(file))})"


def kept_nights(home: Home, tmp_path: Path, count: int) -> list[Kept]:
    found: list[Kept] = []
    with connect(temp=home.tmp) as connection:
        for n in range(count):
            file = night(tmp_path / "xref.parquet", n)
            found.append(store.keep_table(connection, home, file, found[-1] if found else None))
    return found


def test_every_night_of_a_large_table_comes_back_with_its_own_rows(home: Home, tmp_path: Path) -> None:
    found = kept_nights(home, tmp_path, 6)
    assert len(found[5].chain) > 1
    with connect(temp=home.tmp) as connection:
        for n, kept in enumerate(found):
            again, then = tmp_path / f"again_{n}.parquet", night(tmp_path / f"then_{n}.parquet", n)
            store.restore_table(connection, home, kept, again, "xref", is_comparable=True)
            assert rows(connection, read(again)) == rows(connection, read(then))


def test_thirty_nights_of_a_large_table_do_not_cost_thirty_copies(home: Home, tmp_path: Path) -> None:
    kept_nights(home, tmp_path, 30)
    whole = (tmp_path / "xref.parquet").stat().st_size
    cost = sum(file.stat().st_size for file in home.nights.rglob("*.parquet"))
    assert cost < 3 * whole


def test_a_table_that_did_not_change_costs_nothing(home: Home, tmp_path: Path) -> None:
    with connect(temp=home.tmp) as connection:
        first = store.keep_table(connection, home, night(tmp_path / "a.parquet", 1), None)
        before = sorted(home.nights.rglob("*.parquet"))
        shuffled = write(tmp_path / "b.parquet", f"select * from {read(tmp_path / 'a.parquet')} order by id desc")
        assert store.keep_table(connection, home, shuffled, first) == first
    assert sorted(home.nights.rglob("*.parquet")) == before


def test_a_table_with_another_column_is_kept_whole(home: Home, tmp_path: Path) -> None:
    with connect(temp=home.tmp) as connection:
        first = store.keep_table(connection, home, night(tmp_path / "a.parquet", 1), None)
        wider = write(tmp_path / "b.parquet", f"select *, 1 as more from {read(tmp_path / 'a.parquet')}")
        assert len(store.keep_table(connection, home, wider, first).chain) == 1


def test_a_table_that_does_not_come_back_whole_is_damaged(home: Home, tmp_path: Path) -> None:
    kept = kept_nights(home, tmp_path, 3)[-1]
    change = store.table_place(home, kept.chain[-1])
    write(change, f"select * replace ('other' as code) from {read(change)}")
    with connect(temp=home.tmp) as connection:
        with pytest.raises(Damaged, match="xref of a past night"):
            store.restore_table(connection, home, kept, tmp_path / "again.parquet", "xref", is_comparable=True)
        change.unlink()
        with pytest.raises(Damaged, match="is gone"):
            store.restore_table(connection, home, kept, tmp_path / "again.parquet", "xref", is_comparable=True)


def test_a_folder_that_somebody_removed_stops_no_night(home: Home, tmp_path: Path) -> None:
    kept = kept_nights(home, tmp_path, 3)[-1]
    shutil.rmtree(home.nights)
    with connect(temp=home.tmp) as connection:
        again = store.keep_table(connection, home, tmp_path / "xref.parquet", kept)
        assert len(again.chain) == 1 and store.is_there(home, again)
        assert rows(connection, f"({store.kept_rows(connection, home, again)})")


def make_night(home: Home, connection: duckdb.DuckDBPyConnection, number: int) -> Night:
    """A night that read one file of every night so far but the first, and one table."""
    listed = []
    for n in range(2 if number > 1 else 1, number + 1):
        file = write(home.accepted / "orders" / f"_load_id={n}" / "a.parquet", f"select {n} as order_id")
        digest = store.digest_of(file)
        path = str(file.relative_to(home.dir))
        store.keep_file(home, path, digest)
        listed.append(f"('{path}', 1, 1, '{digest}')")
    rows = f"select * from (values {', '.join(listed)}) t(path, bytes, modified, digest)"
    files = store.keep_table(connection, home, write(home.tmp / "listed.parquet", rows), None)
    table = store.keep_table(connection, home, write(home.tmp / "table.parquet", f"select {number} as n"), None)
    inputs = Inputs("run", "duckdb", f"models {number}", "rules", number, {}, files, {"settings/x": table})
    project = project_place(home, inputs.models)
    project.parent.mkdir(parents=True, exist_ok=True)
    project.touch()
    day = datetime.date(2026, 3, number)
    night = Night(f"{number:06d}_{day:%Y%m%d}", day, datetime.datetime(2026, 3, number + 1), "run", inputs, {})
    recipe.write(home, night)
    return night


def test_a_night_that_is_worked_out_knows_what_nights_said_whose_recipes_are_gone(home: Home, tmp_path: Path) -> None:
    """Of the second and of a micro-batch of the fourth day there is no recipe any more; the fifth is later."""
    scratch = Home(tmp_path / "scratch", "small")
    with connect(temp=home.tmp) as connection:
        made = [make_night(home, connection, number) for number in (1, 2, 4, 5)]
    recipe.place(home, made[1].version).unlink()
    names = [*(night.version for night in made), "000003_20260304"]
    for name in names:
        write(incidents.folder(home) / f"{name}.parquet", "select 1 as event_key")
    unrecorded._history(home, scratch, made[2].as_of)
    linked = {file.stem for file in incidents.folder(scratch).glob("[0-9]*.parquet")}
    assert linked == {*names} - {made[3].version}


def test_what_only_old_nights_read_goes_and_what_they_gave_stays_told(home: Home) -> None:
    with connect(temp=home.tmp) as connection:
        made = [make_night(home, connection, number) for number in (1, 2, 3, 4)]
        assert retention.expire(home, None, LATER) == retention.expire(home, 3, LATER) == 0
        assert retention.expire(home, 1, LATER) == 2
        assert recipe.nights(home) == made[2:]
        assert sorted(file.name for file in (home.nights / "expired").iterdir()) == [
            f"{night.version}.json" for night in made[:2]
        ]
        kept = {path for night in made[2:] for path, _ in listed_files(connection, home, night.inputs)}
        assert len(kept) == len(list((home.nights / "files").rglob("*.parquet"))) == 3  # not that of the first night
        for night in made[2:]:
            target = home.tmp / f"{night.version}.parquet"
            store.restore_table(connection, home, night.inputs.tables["settings/x"], target, "x", is_comparable=True)
        assert len(list((home.nights / "tables").glob("*.parquet"))) == 4  # a list and a table for each of two
        assert len(list((home.nights / "projects").glob("*.zip"))) == 2


def test_a_night_of_a_day_to_come_makes_no_other_one_old(home: Home) -> None:
    with connect(temp=home.tmp) as connection:
        made = [make_night(home, connection, number) for number in (1, 2, 3)]
    mistyped = replace(made[2], business_date=datetime.date(2062, 3, 3), version="000004_20620303")
    recipe.write(home, mistyped)
    assert retention.expire(home, 1, datetime.date(2026, 3, 3)) == 1
    assert recipe.nights(home) == [*made[1:], mistyped]


def test_nothing_goes_while_a_night_is_run_again(home: Home) -> None:
    with connect(temp=home.tmp) as connection:
        made = [make_night(home, connection, number) for number in (1, 2, 3)]
    with only_one(home):
        assert retention.expire(home, 1, LATER) == 0
    assert recipe.nights(home) == made


def test_a_copy_is_as_secret_as_what_it_copies(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contact key, on a file system without second names."""

    def refuse(*_: object) -> None:
        raise OSError("no links here")

    key = home.secrets / "contact.key"
    key.parent.mkdir(parents=True)
    key.write_text("secret")
    key.chmod(0o600)
    monkeypatch.setattr(store.os, "link", refuse)
    store.link(key, home.tmp / "rerun" / "contact.key")
    assert (home.tmp / "rerun" / "contact.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "known",
    [
        "published/versions/000041_20260701",
        "nights/recipes/000041_20260701.json",
        "nights/expired/000041_20260701.json",
        "history/kpi_values/000041_20260701.parquet",
    ],
)
def test_a_new_version_comes_after_every_one_that_something_tells_of(home: Home, known: str) -> None:
    """Also where `published/` was not restored: the last word about a period is that of the highest number."""
    for name in ("published/versions/000002_20260302", "history/kpi_values/_schema.parquet", known):
        (home.dir / name).parent.mkdir(parents=True, exist_ok=True)
        (home.dir / name).touch()
    (home.nights / "recipes").mkdir(parents=True, exist_ok=True)
    (home.nights / "recipes" / "computed_20260301.json").touch()
    assert pointer.next_name(home, datetime.date(2026, 7, 2)) == "000042_20260702"


@pytest.mark.parametrize(
    ("closed", "running", "changed", "told"),
    [
        (10, 7, [], []),
        (10, 8, [None], ["rows of running periods differ"]),
        (11, 7, [2], ["its rows are others"]),
    ],
    ids=["equal", "a running period", "a closed period"],
)
@pytest.mark.parametrize("is_matured", [True, False], ids=["mature", "mature when it was first told"])
def test_of_a_pruned_version_what_was_said_of_closed_periods_takes_no_difference_back(
    home: Home, tmp_path: Path, is_matured: bool, closed: int, running: int, changed: list, told: list
) -> None:
    """The checksum of the whole mart is known, and of its rows only those of closed periods."""
    scratch = Home(tmp_path, "scratch")

    def figures(closed: int, running: int) -> str:
        values = f"(date '2026-03-01', {closed}, {is_matured}), (date '2026-03-02', {running}, false)"
        return (
            "select 'net_sales' as metric_id, 'day' as period_grain, day as period_start_date, 'total' as "
            "dimension_name, 'total' as dimension_value, n::decimal(28, 8) as numerator, null::decimal(28, 8) as "
            f"denominator, n::decimal(28, 8) as value, is_matured from (values {values}) t(day, n, is_matured)"
        )

    def build(query: str) -> tuple[Table, ...]:
        scratch.warehouse.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(scratch.warehouse_file)) as connection:
            connection.execute("create schema if not exists marts")
            connection.execute(f"create or replace table marts.{said.MART} as {query}")
        return compare.tables_of(scratch)

    with connect(temp=home.tmp) as connection:
        night = make_night(home, connection, 2)
    night = replace(
        night,
        inputs=replace(night.inputs, engine=f"duckdb {duckdb.__version__}"),
        marts={table.name: Mart.of(table) for table in build(figures(10, 7))},
    )
    words = f"{said.KEY}, {said.VALUES}, false as is_gone, '{night.version}' as version"
    query = f"select {words} from ({figures(10, 7)}) where period_start_date = '2026-03-01'"
    write(said.folder(home) / f"{night.version}.parquet", query)
    found = compare.differences(home, scratch, night, build(figures(closed, running)))
    assert [item.changed for item in found] == changed
    assert all(item.what.endswith(text) for item, text in zip(found, told, strict=True))


FIGURE = (
    "select 'first_order_cycle_days' as metric_id, 'month' as period_grain, date '2026-07-01' as period_start_date, "
    "'total' as dimension_name, 'total' as dimension_value, 60::decimal(28, 8) as numerator, 100::decimal(28, 8) as "
    "denominator, {value}::decimal(28, 8) as value, {is_matured} as is_matured"
)


def test_a_cohort_of_which_something_was_said_is_told_on(home: Home) -> None:
    """July's median was 36 days from 5 September on; late facts of the 6th make it 48, which all have had on the
    17th. Each change is told once, by the night in which it came. Of August nothing is told before its time."""
    nights_ = [("05", 36, True), ("06", 48, False), ("10", 48, False), ("16", None, False), ("17", 48, True)]
    for day, value, is_matured in nights_:
        version = f"0000{day}_202609{day}"
        july = FIGURE.format(value=value or "null", is_matured=is_matured)
        august = FIGURE.format(value=30, is_matured=False).replace("2026-07-01", "2026-08-01")
        file = write(pointer.folder(home, version) / "kpi_values.parquet", f"{july} union all {august}")
        pieces = (manifest.Piece("", file.name, 2, ""),)
        published = Manifest(
            version, None, "run", f"2026-09-{day}", f"2026-09-{day}T18:00:00", "duckdb",
            (Table(said.MART, None, (), (), pieces),),
        )  # fmt: skip
        said.append(home, pointer.folder(home, version), published, "r")
    with duckdb.connect() as connection:
        words = connection.execute(f"""select month(period_start_date), day(business_date), value
            from read_parquet('{said.folder(home)}/0*.parquet') order by all""").fetchall()  # fmt: skip
    assert words == [(7, 5, 36), (7, 6, 48), (7, 16, None), (7, 17, 48)]


def test_a_date_that_is_published_again_adds_no_word_about_what_later_ones_spoke_of(home: Home) -> None:
    """The 5th and the 6th, the 5th again with late orders, the 7th. Of the month that the 6th was the last to speak of,
    and of the one that only the 6th knew, the 5th says nothing; the 7th does."""
    months = ("2026-06-01", "2026-07-01", "2026-08-01")
    told = [
        ("5", "5", (10, 20, None)),
        ("6", "6", (10, 21, 30)),
        ("7", "5", (11, 22, None)),
        ("8", "7", (11, 22, None)),
    ]
    for number, day, values in told:
        version = f"00000{number}_2026090{day}"
        figures = [
            FIGURE.format(value=value, is_matured=True).replace("2026-07-01", month)
            for month, value in zip(months, values, strict=True)
            if value
        ]
        file = write(pointer.folder(home, version) / "kpi_values.parquet", " union all ".join(figures))
        pieces = (manifest.Piece("", file.name, len(figures), ""),)
        published = Manifest(
            version, None, "run", f"2026-09-0{day}", f"2026-09-0{day}T18:00:00", "duckdb",
            (Table(said.MART, None, (), (), pieces),),
        )  # fmt: skip
        said.append(home, pointer.folder(home, version), published, "r")
    with duckdb.connect() as connection:
        words = connection.execute(f"""select version[6:6]::int, day(business_date), month(period_start_date), value
            from read_parquet('{said.folder(home)}/0*.parquet') order by all""").fetchall()  # fmt: skip
    assert words == [
        (5, 5, 6, 10), (5, 5, 7, 20), (6, 6, 7, 21), (6, 6, 8, 30), (7, 5, 6, 11), (8, 7, 7, 22), (8, 7, 8, None),
    ]  # fmt: skip


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-01"], ids=["of the day", "of another day"])
def test_a_recipe_is_of_the_business_date_that_was_published(home: Home, day: str) -> None:
    with connect(temp=home.tmp) as connection:
        inputs = make_night(home, connection, 2).inputs
    shutil.rmtree(home.nights / "recipes")
    durable.write_json(home.warehouse / DRAFT, replace(inputs, variables={"business_date": "2026-03-02"}).as_json())
    version = f"000001_{day.replace('-', '')}"
    manifest.write(
        pointer.folder(home, version), Manifest(version, None, "run", day, "2026-03-02T18:00:00", "duckdb", ())
    )
    pointer.swap(home, version)
    found = nights.settle(home, has_just_published=True)
    assert (found is not None) == recipe.place(home, version).exists() == (day == "2026-03-02")


def test_what_only_a_publish_between_two_nights_read_goes_with_its_recipe(home: Home) -> None:
    """Three publishes of one day; of the first, which is not published any more, a table and a file are left alone."""
    with connect(temp=home.tmp) as connection:
        first, second, third = (make_night(home, connection, number) for number in (1, 2, 3))
        shutil.rmtree(home.nights / "recipes")
        names = ("000001_20260303", "000002_20260303", "000003_20260303")
        recipe.write(home, replace(first, version=names[0]))
        recipe.write(home, replace(second, version=names[1]))
        draft = replace(third.inputs, variables={"business_date": "2026-03-03"})
        durable.write_json(home.warehouse / DRAFT, draft.as_json())
        for name in names[1:]:
            manifest.write(
                pointer.folder(home, name), Manifest(name, None, "run", "2026-03-03", "2026-03-03T18:00:00", "d", ())
            )
        pointer.swap(home, names[2])
        with only_one(home):
            assert nights.settle(home) is not None  # the recipe goes; what it read stays while a night is run again
        assert [night.version for night in recipe.nights(home)] == list(names[1:])
        assert len(list((home.nights / "projects").glob("*.zip"))) == 3
        recipe.write(home, replace(first, version=names[0]))
        recipe.place(home, names[2]).unlink()
        assert nights.settle(home) is not None
        assert [night.version for night in recipe.nights(home)] == list(names[1:])
        kept = {path for night in (second, third) for path, _ in listed_files(connection, home, night.inputs)}
        assert len(kept) == len(list((home.nights / "files").rglob("*.parquet"))) == 2
        assert len(list((home.nights / "tables").glob("*.parquet"))) == 4
        assert len(list((home.nights / "projects").glob("*.zip"))) == 2
