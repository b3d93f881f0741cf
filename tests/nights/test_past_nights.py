"""A past night gives again what it gave, whatever has arrived since, and the comparison sees when it does not."""

from __future__ import annotations

import datetime
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from nights_world import NIGHTS, World, day
from typer.testing import CliRunner

from sales_warehouse import ledger, nights, purge, steps, transform
from sales_warehouse.cli import app
from sales_warehouse.home import Home
from sales_warehouse.nights import asking, incidents, judgements, listing, recipe, said
from sales_warehouse.nights.compare import Difference
from sales_warehouse.nights.inputs import listed_files
from sales_warehouse.nights.rerun import Rerun, rerun, scratch_home
from sales_warehouse.nights.store import Damaged, file_place
from sales_warehouse.publish import pointer
from sales_warehouse.sql import connect

pytestmark = pytest.mark.slow


def ask(world: World, *dates: datetime.date, **options: object) -> list[Rerun]:
    run = world.run()
    return list(asking.ask(run.home, run.company, list(dates), say=lambda *_: None, **options))  # type: ignore[arg-type]


def again(home: Home, night: nights.Night, **options: object) -> Rerun:
    with scratch_home(home) as scratch:
        return rerun(home, scratch, night, say=lambda _: None, **options)  # type: ignore[arg-type]


def in_use(home: Home) -> dict[str, tuple[int, int]]:
    """Size and time of everything that a refresh works with, without the room for scratch and the lock of reruns."""
    every = (file for file in home.dir.rglob("*") if file.is_file() and home.tmp not in file.parents)
    files = (file for file in every if file != home.nights / ".lock")
    return {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def test_every_night_gives_again_what_it_gave_in_any_order(lived: World) -> None:
    home = lived.run().home
    before, current = in_use(home), pointer.current(home)
    dates = [day(n) for n in range(1, NIGHTS + 1) if n != 3]  # which the command line asks for below
    random.Random(7).shuffle(dates)
    found = ask(lived, *dates)
    assert [line for item in found for line in listing.lines(item)] == [listing.verdict(item) for item in found]
    assert [item.night.business_date for item in found if item.is_equal and item.is_promised] == dates
    assert {item.marts for item in found} == {len(found[0].night.marts)} and found[0].marts == 14
    assert (in_use(home), pointer.current(home)) == (before, current)
    assert listing.summary(found).startswith(f"{NIGHTS - 1} nights run again: {NIGHTS - 1} equal, 0 not")


def test_the_nights_differ_from_each_other(lived: World) -> None:
    """Else the test above would be blind."""
    marts = [night.marts for night in nights.nights(lived.run().home)]
    for name in (
        "kpi_values", "fct_order_lines", "dim_customers", "trust_identity_changes", "kpi_restatements", "fct_incidents",
    ):  # fmt: skip
        assert len({mart[name].checksum for mart in marts}) > NIGHTS - 2, name


def test_a_late_row_that_leaks_in_is_seen(lived: World) -> None:
    """The first night with the files of the second: new orders, one that is cancelled, a corrected price.

    Its version is pruned, so rows are counted; of the figures, what it said is kept, and so is the example.
    """
    home = lived.run().home
    first, second = nights.nights(home)[:2]
    assert first.version not in pointer.names(home)
    found = again(home, replace(first, inputs=replace(first.inputs, files=second.inputs.files)))
    assert found.is_promised and not found.is_equal
    by_mart = {item.mart: item for item in found.differences}
    assert {"fct_order_lines", "kpi_values", "dim_customers"} <= by_mart.keys()
    assert "dim_regions" not in by_mart
    lines = by_mart["fct_order_lines"]
    assert (lines.rows_then, lines.rows_again) == (3, 3 + 3 - 1)
    assert str(by_mart["kpi_values"].example) == (
        f"metric_id net_sales, period_grain day, period_start_date {day(1)}, dimension_name region, "
        "dimension_value South: numerator 69.00000000 → 56.50000000, value 69.00000000 → 56.50000000"
    )
    assert any(line.startswith("  kpi_values: its rows are others: 3 rows then") for line in listing.lines(found))


def test_the_models_of_a_night_are_kept_and_todays_restate(
    lived: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "dbt_project"
    shutil.copytree(transform.PROJECT, changed)
    model = changed / "models" / "marts" / "fct_order_lines.sql"
    sql = model.read_text(encoding="utf-8").replace("orders.order_status <> 'cancelled'", "lines.line_number > 0")
    model.write_text(sql, encoding="utf-8")
    monkeypatch.setattr(transform, "PROJECT", changed)
    [then] = ask(lived, day(2))
    assert then.is_equal and then.is_promised
    assert list(then.notes) == ["built by the models of that night; today's are others"]
    [today] = ask(lived, day(2), models="today")
    assert not today.is_equal and not today.is_promised
    assert "fct_order_lines" in {item.mart for item in today.differences}
    assert "restated in" in listing.verdict(today)
    assert any("equal cannot be promised" in note for note in today.notes)


def test_an_input_that_was_changed_is_refused(lived: World) -> None:
    home = lived.run().home
    night = nights.nights(home)[0]
    with connect(temp=home.tmp) as connection:
        path, digest = next(
            (path, digest) for path, digest in listed_files(connection, home, night.inputs) if "/order_lines/" in path
        )
    kept = file_place(home, path, digest)
    bytes_before = kept.read_bytes()
    others = [file for file in home.accepted.rglob("*.parquet") if file.samefile(kept)]
    kept.unlink()  # not written into: the accepted file has the same bytes
    kept.write_bytes(bytes_before + b" ")
    try:
        with pytest.raises(Damaged, match="has changed since the night"):
            again(home, night)
    finally:
        kept.write_bytes(bytes_before)
    assert all(file.read_bytes() == bytes_before for file in others)


def test_a_publish_that_was_killed_before_its_recipe_is_made_good(lived: World) -> None:
    home = lived.run().home
    last = nights.nights(home)[-1]
    file, name = recipe.place(home, last.version), f"{last.version}.parquet"
    folders = (said.folder(home), incidents.folder(home), judgements.folder(home))
    words = [folder / name for folder in folders]
    kept = file.read_text(encoding="utf-8"), [word.read_bytes() for word in words]
    for made in (file, *words):
        made.unlink()
    assert nights.settle(home) == last
    assert (file.read_text(encoding="utf-8"), [word.read_bytes() for word in words]) == kept
    assert nights.settle(home) is None


def test_nights_keep_once_what_rules_said_of_the_newest_period(lived: World) -> None:
    files = judgements.folder(lived.run().home) / "*.parquet"
    with duckdb.connect() as db:
        kept = db.execute(f"select {', '.join(judgements.SCHEMA)} from read_parquet('{files}') order by all").fetchall()
    assert len(kept) >= NIGHTS  # a region or two each night
    assert len({row[:4] for row in kept}) == len(kept)
    assert {verdict for _, _, _, verdict, *_ in kept} == {"breach", "quiet"}
    for _, member, period, verdict, value, _, terms, goal, rules, business_date, version in kept:
        assert (verdict == "breach") == (value >= 75), (member, period)
        assert period == business_date and version.endswith(f"{period:%Y%m%d}")
        assert (terms, goal) == ("75", "") and rules


def test_incidents_go_on_from_night_to_night(marts: Callable[[str], list[tuple]]) -> None:
    """A region has its orders every other night: 69, 75, 81 + 7.25 and so on, at 50 and more an alert of the day."""
    events = marts(
        "select incident_key, event_type, decided_by from fct_incident_events order by incident_key, event_number"
    )
    first, second, third, fourth = (f"high|{('East', 'South')[n % 2]}|{day(n)}" for n in range(1, 5))
    assert events == sorted([
        (first, "opened", None), (first, "resolved", None),
        (second, "opened", None), (second, "acknowledged", "ann"), (second, "resolved", None),
        (third, "opened", None), (third, "resolved", None),
        (fourth, "opened", None),
    ], key=lambda event: event[0])  # fmt: skip


def test_restated_figures_stand_beside_the_original_ones(lived: World, marts: Callable[[str], list[tuple]]) -> None:
    """Net sales of the first day.

    First: 1 × 11.50 + 2 × 11.50 + 3 × 11.50 = 69. Second night: the first order is cancelled (−11.50), a price
    becomes 11 (−1): 56.50. Third: a late order of 7.25: 63.75. Fourth: the third order is gone (−34.50): 29.25.
    """
    found = marts(
        "select original_value, current_value, difference_value, original_as_of, restated_at, restatement_count "
        "from kpi_restatements where metric_id = 'net_sales' and period_grain = 'day' "
        f"and dimension_name = 'total' and period_start_date = date '{day(1)}'"
    )
    first, fourth = (nights.nights(lived.run().home)[n].as_of for n in (0, 3))
    assert [tuple(map(str, row[:3])) for row in found] == [("69.00000000", "29.25000000", "-39.75000000")]
    assert found[0][3:] == (first, fourth, 3)


def test_every_restatement_is_what_two_nights_said(lived: World, marts: Callable[[str], list[tuple]]) -> None:
    """Of every figure that a night published as closed, the first word and today's: told apart in plain Python.

    Of a level no night but its own says anything.
    """
    home = lived.run().home
    words: dict[tuple, list[tuple]] = {}
    for row in marts(
        "select metric_id, period_grain, period_start_date, dimension_name, dimension_value, numerator, denominator, "
        f"value from read_parquet('{home.history}/kpi_values/0*.parquet') order by version"
    ):
        words.setdefault(row[:5], []).append(row[5:])
    today = {
        row[:5]: row[5:]
        for row in marts(
            "select metric_id, period_grain, period_start_date, dimension_name, dimension_value, numerator, "
            "denominator, value from kpi_values"
        )
    }
    levels = {key for key in words if key[0] == "weighted_pipeline_amount"}
    assert len(levels) > 2 and not levels <= today.keys()
    today |= {key: words[key][0] for key in levels}
    last = {key for key, said_ in words.items() if len(said_) > 1 or said_[0] != today.get(key, (None,) * 3)}
    expected = {key for key in last if words[key][0] != today.get(key, (None,) * 3)}
    told = marts(
        "select metric_id, period_grain, period_start_date, dimension_name, dimension_value from kpi_restatements"
    )
    assert set(told) == expected and len(told) == len(expected) > 5


def test_a_day_without_a_night_is_worked_out_and_then_stays_so(lived: World, tmp_path: Path) -> None:
    home = lived.run().home
    fourth = nights.nights(home)[3]
    file = recipe.place(home, fourth.version)
    hidden = tmp_path / file.name
    shutil.move(file, hidden)
    try:
        before = in_use(home)
        [found] = ask(lived, day(4))
        assert found.night.is_computed and not found.is_promised
        assert "nothing was published for that day" in found.notes[0]
        # nothing but the settings of the day was others, and they have not changed since the third night
        assert {n for n, mart in found.night.marts.items() if mart != fourth.marts[n]} <= {"trust_source_freshness"}
        new = {file for file in in_use(home).keys() - before.keys()}
        assert all(Path(name).is_relative_to(home.nights) for name in new)
        [once_more] = ask(lived, day(4))
        assert once_more.is_equal and once_more.night == found.night
    finally:
        shutil.move(hidden, file)
        recipe.place(home, f"computed_{day(4):%Y%m%d}").unlink(missing_ok=True)


def test_a_day_before_everything_is_refused(lived: World) -> None:
    with pytest.raises(nights.NoSuchNight, match="nothing had landed by 2026-02-"):
        ask(lived, day(-10))


def test_a_correction_published_later_is_another_night_of_the_date(lived: World) -> None:
    found = nights.nights(lived.run().home)
    late = replace(found[0], version="999999_20260302")
    assert nights.night_of([*found, late], day(1)) == found[0]
    twice = [replace(found[-1], version="900000_x"), replace(found[-1], version="900001_x")]
    assert nights.night_of([*found, *twice], found[-1].business_date) == twice[1]


def test_of_publishes_between_two_nights_the_last_recipe_is_kept(lived: World, tmp_path: Path) -> None:
    home, night = Home(tmp_path, "small"), nights.nights(lived.run().home)[0]
    names = ("000001_20260301", "000002_20260302", "000003_20260301", "000004_20260302", "000005_20260302")
    made = [replace(night, version=name) for name in names]
    for item in made:
        recipe.write(home, item)
    assert recipe.thin(home, replace(made[-1], version="000006_20260302"), {"000005_20260302"}) == 1
    assert [item.version for item in nights.nights(home)] == [name for name in names if name[:6] != "000004"]


def test_a_night_that_was_promised_and_is_not_equal_fails(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = nights.nights(lived.run().home)[0]
    told = Difference("kpi_values", "its rows are others", 2, 2, 2, "net_sales")
    found = Rerun(night, "then", 9, 100, (told,), (), is_promised=True, seconds=1)
    monkeypatch.setattr(asking, "ask", lambda *_, **__: iter([found]))
    with pytest.raises(steps.NotEqual, match="different in 1 of 9 marts"):
        steps.rerun(lived.run())
    monkeypatch.setattr(asking, "ask", lambda *_, **__: iter([replace(found, is_promised=False)]))
    assert "restated in 1 of 9 marts" in steps.rerun(lived.run()).notes[0]


def test_the_command_line_lists_nights_and_answers_for_one(lived: World) -> None:
    say = CliRunner()
    listed = say.invoke(app, ["nights", "--company", str(lived.folder)])
    assert listed.exit_code == 0 and len(listed.output.splitlines()) == NIGHTS
    assert "2026-03-02  000001_20260302  as of 2026-03-02 18:00:00 UTC  14 marts" in listed.output
    asked = ["rerun", "--company", str(lived.folder), "--date", f"{day(3)}"]
    equal = say.invoke(app, asked)
    assert equal.exit_code == 0 and "2026-03-04  000003_20260304: equal (14 marts" in equal.output
    assert say.invoke(app, [*asked, "--version", "000099_20260304"]).exit_code == 2
    assert say.invoke(app, [*asked, "--models", "tomorrow"]).exit_code == 2


def test_ledger_and_batches_are_of_the_last_night(lived: World) -> None:
    home = lived.run().home
    assert nights.read_draft(home).batch == ledger.read_applied(home).batch  # type: ignore[union-attr]


def test_a_purge_reaches_what_nights_keep_and_they_say_so(lived: World) -> None:
    """Last of all: afterwards no kept file holds the text, and the nights that read it cannot be promised."""
    home = lived.run().home
    kept = home.nights / "files" / "accepted" / "chat_messages"
    assert holds(kept, "secret word 1")
    listed = {name: f"cast(null as {kind}) as {name}" for name, kind in purge.COLUMNS.items()}
    listed |= {"entity": "'chat_messages' as entity", "source": "'crm' as source", "record_id": "'T1' as record_id",
               "message_number": "1::bigint as message_number"}  # fmt: skip
    home.purged.mkdir(parents=True)
    with connect(temp=home.tmp) as connection:
        file = home.purged / "20260401T000000_000000.parquet"
        connection.execute(f"copy (select {', '.join(listed.values())}) to '{file}'")
    assert purge.apply(home) == 2  # the accepted file, and the one that nights keep
    assert not holds(kept, "secret word 1") and holds(kept, "secret word 2")
    [found] = ask(lived, day(2))
    [said_] = found.differences
    assert (said_.mart, said_.changed, said_.example) == (
        "fct_said", 2, "chat_key crm:T1, message_number 1: text_length"
    )  # fmt: skip
    assert not found.is_promised and "restated in 1 of" in listing.verdict(found)
    assert any("lost texts of conversations to 1 purges since" in note for note in found.notes)


def holds(folder: Path, text: str) -> bool:
    with duckdb.connect() as connection:
        query = f"select count(*) from read_parquet('{folder}/*.parquet') where text = '{text}'"
        return connection.execute(query).fetchall() != [(0,)]
