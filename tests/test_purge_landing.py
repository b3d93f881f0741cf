"""A purged text is in no landed row, no kept file and no row that was held back; everything else stays as it came."""

from __future__ import annotations

import datetime
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from written_company import files_source, write_company

from sales_warehouse import conformed, corrections, failpoint, gate, purge, purge_landing, steps
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.extract import originals
from sales_warehouse.home import Home
from sales_warehouse.landing import Load, land, loads
from sales_warehouse.run import Run

AT = datetime.datetime(2026, 7, 1, 18)
CHATS = files_source("chats", """\
tables:
  sessions: {files: "*.jsonl", format: jsonl, columns: [no, account, platform, at, messages]}
mappings:
  - entity: chats
    from: sessions
    columns: {chat_id: no, customer_id: account, platform: platform, started_at: at}
  - entity: chat_messages
    from: sessions
    each: messages
    where: "item ->> 'who' <> 'system'"
    columns:
      chat_id: no
      message_number: item_number
      sender_type: "item ->> 'who'"
      sent_at: "item ->> 'at'"
      text: "item ->> '$.body.text'"
""")  # fmt: skip
VISITS = files_source("field", """\
tables:
  visits: {files: "*.csv", format: csv, columns: [no, account, began, ended, notes]}
mappings:
  - entity: visits
    from: visits
    columns: {visit_id: no, customer_id: account, started_at: began, ended_at: ended, notes: notes}
""")  # fmt: skip
DAY = "2026-05-01T09:00:00+08:00"


def said(text: str, who: str = "customer") -> dict[str, Any]:
    return {"who": who, "at": DAY, "body": {"text": text, "size": 12.50}}


SESSIONS = [
    {"no": "S1", "account": "K1", "platform": "web", "at": DAY,
     "messages": [said("SECRET one"), said("stays"), said("SECRET hidden", "system"), said("SECRET three", "rep")]},
    {"no": "S2", "account": "K2", "platform": "web", "at": "never",  # held back, with its messages in the row
     "messages": [said("SECRET two"), said("SECRET four", "nobody")]},
    {"no": "S3", "account": "K3", "platform": "web", "at": DAY, "messages": [said("of somebody else")]},
]  # fmt: skip
SEEN = "no,account,began,ended,notes\n"
ROWS = [
    "V1,K1,2026-05-01 09:00:00,2026-05-01 10:00:00, SECRET note",  # mended: a space before it
    "V2,K2,2026-05-01 09:00:00,2026-05-01 08:00:00,SECRET held back",
    "V3,K3,2026-05-01 09:00:00,2026-05-01 10:00:00,of somebody else",
]


@dataclass
class World:
    folder: Path

    @property
    def home(self) -> Home:
        return Home(self.folder / "var", "small")

    @property
    def company(self) -> Company:
        return load_company(self.folder)

    def load(self, source: str) -> Load:
        return loads(self.home, source)[-1]

    def deliver(self, source: str, name: str, text: str) -> None:
        (self.folder / source).mkdir(exist_ok=True)
        (self.folder / source / name).write_text(text, encoding="utf-8")

    def land(self, source: str) -> None:
        report = land(
            self.home, self.company.sources[source], company_folder=self.folder, extracted_at=AT, latest_moment=AT,
            environment={}, on_progress=lambda _: None,
        )  # fmt: skip
        assert report.load and not report.refused

    def map(self, source: str) -> dict[str, tuple[int, int]]:
        """Map a load as it is in landing; return the rows that the filter left out and those made of each entity."""
        company = self.company
        made = conformed.conform_load(self.home, company, company.sources[source], self.load(source), lambda _: None)
        return {batch.entity: (batch.excluded, batch.conformed) for batch in made}

    def judge(self, source: str) -> None:
        company = self.company
        gate.gate_load(self.home, company, company.sources[source], self.load(source), lambda _: None, at=AT)

    def texts(self, folder: Path) -> str:
        """Everything that can be read below a folder: cells of tables, bytes of originals and other files."""
        found = []
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            if file.suffix == ".parquet":
                found += map(str, duckdb.sql(f"from read_parquet('{file}', hive_partitioning = false)").fetchall())
            else:
                found.append(file.read_bytes().decode("utf-8", "replace"))
        return "\n".join(found)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources that landed and were judged once, and a list of what was purged."""
    folder = tmp_path_factory.mktemp("judged")
    world = World(write_company(folder, chats=CHATS, field=VISITS))
    lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in SESSIONS)
    world.deliver("chats", "1.jsonl", lines)
    world.deliver("field", "1.csv", SEEN + "\n".join(ROWS) + "\n")
    gate.ensure_schemas(world.home)
    for name in ("chats", "field"):
        world.land(name)
        world.map(name)
        world.judge(name)
    texts = [("chats", "S1", 1), ("chats", "S1", 3), ("chats", "S1", 4), ("chats", "S2", 1), ("chats", "S2", 2)]
    listed = [("chat_messages", *row) for row in texts] + [("visits", "field", f"V{n}", 0) for n in (1, 2)]
    values = ", ".join(f"('{entity}', '{source}', '{record}', {number})" for entity, source, record, number in listed)
    world.home.purged.mkdir(parents=True)
    duckdb.execute(
        f"copy (from (values {values}) t(entity, source, record_id, message_number)) "
        f"to '{world.home.purged}/20260701T180000_000000.parquet' (format parquet)"
    )
    return folder


@pytest.fixture
def world(judged: Path, tmp_path: Path) -> World:
    return World(shutil.copytree(judged, tmp_path / "world"))


def rows(world: World) -> dict[str, list[tuple]]:
    found = {}
    for source, table in (("chats", "sessions"), ("field", "visits")):
        [path] = world.load(source).paths(table)
        found[source] = duckdb.sql(f"from read_parquet('{path}')").fetchall()
    return found


def forget(world: World) -> int:
    purge.apply(world.home)
    done = purge_landing.apply(world.home, world.company)
    assert done.left == ()
    return done.rows


def test_a_purged_text_is_nowhere_and_its_row_is_as_it_was(world: World) -> None:
    before = rows(world)
    assert "SECRET" in world.texts(world.home.quarantine) and list(world.home.landing.rglob(originals.NAME))
    assert forget(world) == 4  # two sessions, two visits
    assert "SECRET" not in world.texts(world.home.dir)
    after = rows(world)
    for then, now in zip(before["chats"] + before["field"], after["chats"] + after["field"], strict=True):
        assert now[:4] + now[5:] == then[:4] + then[5:]
    told = [json.loads(row[4]) for row in after["chats"]]
    assert [[item["body"].get("text") for item in items] for items in told] == [
        [None, "stays", None, None], [None, None], ["of somebody else"]
    ]  # fmt: skip
    assert all(item["who"] and item["at"] == DAY and item["body"]["size"] == 12.5 for items in told for item in items)
    assert [row[4] for row in after["field"]] == [None, None, "of somebody else"]
    assert forget(world) == 0


def test_what_is_mapped_anew_has_the_same_rows_without_the_texts(world: World) -> None:
    """Also by a mapping that takes what the one before left out."""
    counts = {source: world.map(source) for source in ("chats", "field")}
    assert counts == {"chats": {"chats": (0, 3), "chat_messages": (1, 6)}, "field": {"visits": (0, 3)}}
    assert "SECRET" in world.texts(world.home.conformed)
    forget(world)
    assert {source: world.map(source) for source in ("chats", "field")} == counts
    assert "SECRET" not in world.texts(world.home.dir)
    file = world.folder / "sources" / "chats.yml"
    file.write_text(CHATS.replace("    where: \"item ->> 'who' <> 'system'\"\n", ""), encoding="utf-8")
    assert world.map("chats")["chat_messages"] == (0, 7)
    assert "SECRET" not in world.texts(world.home.dir)


def test_a_file_that_lost_nothing_keeps_its_bytes_and_its_originals(world: World) -> None:
    world.deliver("field", "2.csv", SEEN + ROWS[2].replace("V3", "V4") + "\n")
    world.land("field")
    first, second = loads(world.home, "field")
    untouched = {path: path.read_bytes() for path in second.folder.rglob("*") if path.is_file()}
    forget(world)
    assert {path: path.read_bytes() for path in second.folder.rglob("*") if path.is_file()} == untouched
    first, second = loads(world.home, "field")
    assert first.original_of(first.files[0]) is None
    assert second.original_of(second.files[0]).path.exists()


def corrected(world: World, row: int, was: str, value: str) -> None:
    [load] = loads(world.home, "field")
    cell = corrections.Cell("field", load.load_id, "visits", "1.csv", row, "notes")
    corrections.take(world.home, [corrections.Correction(cell, was, value, "Li Na", "a slip", f"{AT}")])


def test_what_people_said_of_a_purged_text_goes_with_it(world: World) -> None:
    """Row 2 loses both words and stays corrected; row 3 is of somebody else. Said again, it goes again."""
    corrected(world, 2, "SECRET held back", "SECRET mended")
    corrected(world, 3, "of somebody else", "of somebody quite else")
    counts = world.map("field")
    forget(world)
    assert "SECRET" not in world.texts(world.home.corrections) + world.texts(world.home.landing)
    told = [(item.cell.row_number, item.was, item.value, item.by, item.why) for item in corrections.history(world.home)]
    assert sorted(told) == [
        (2, "", "", "Li Na", "a slip"), (3, "of somebody else", "of somebody quite else", "Li Na", "a slip"),
    ]  # fmt: skip
    assert world.map("field") == counts
    assert "SECRET" not in world.texts(world.home.dir)
    corrected(world, 2, "SECRET held back", "SECRET mended")
    forget(world)
    assert "SECRET" not in world.texts(world.home.dir)


def handed_over_again(world: World) -> None:
    world.deliver("field", "2.csv", SEEN + "\n".join(ROWS) + "\nV4,K4,2026-05-01 09:00:00,2026-05-01 10:00:00,\n")
    world.land("field")
    world.map("field")


def test_what_was_mapped_before_its_texts_went_is_mapped_anew(world: World) -> None:
    handed_over_again(world)
    forget(world)
    assert "SECRET" in world.texts(world.home.conformed)
    steps.conform(Run(world.home, world.company, "r1", AT, AT.date()), "field")
    assert "SECRET" not in world.texts(world.home.dir)


def test_what_the_gate_was_judging_while_its_texts_went_loses_them_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(name: str) -> None:
        if name == "gate.before_commit":
            forget(world)

    handed_over_again(world)
    with monkeypatch.context() as patched:
        patched.setattr(failpoint, "reach", meanwhile)
        world.judge("field")
    assert "SECRET" in world.texts(world.home.quarantine)
    forget(world)
    assert "SECRET" not in world.texts(world.home.dir)
    assert forget(world) == 0


@pytest.mark.parametrize("place", ["purge.landing", "purge.originals"])
def test_a_killed_one_is_done_again(world: World, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    class Killed(Exception):
        pass

    def end(name: str) -> None:
        if name == place:
            raise Killed

    purge.apply(world.home)
    with monkeypatch.context() as patched:
        patched.setattr(failpoint, "reach", end)
        with pytest.raises(Killed):
            purge_landing.apply(world.home, world.company)
    assert "SECRET" in world.texts(world.home.dir)
    forget(world)
    assert "SECRET" not in world.texts(world.home.dir)


def test_a_load_that_cannot_be_mapped_is_left_until_it_can(world: World) -> None:
    """It must not hold up the refresh of everything else."""
    file = world.folder / "sources" / "chats.yml"
    file.write_text(CHATS.replace("      chat_id: no\n", "      chat_id: \"(select error('odd'))\"\n"))
    done = purge_landing.apply(world.home, world.company)
    [left] = done.left
    assert done.rows == 2 and left.startswith("landing/chats/") and "chat_messages: Invalid Input" in left
    file.write_text(CHATS, encoding="utf-8")
    assert forget(world) == 2
    assert "SECRET" not in world.texts(world.home.landing)


def test_a_load_that_is_restored_from_a_backup_loses_its_texts_again(world: World) -> None:
    backup = shutil.copytree(world.home.landing / "field", world.folder / "backup")
    forget(world)
    shutil.rmtree(world.home.landing / "field")
    shutil.copytree(backup, world.home.landing / "field")
    assert forget(world) == 2
    assert "SECRET" not in world.texts(world.home.dir)


def test_a_list_of_before_december_2026_names_ids_of_floats_as_they_were(world: World) -> None:
    """It says 1234.0 of the record that is 1234 now; what its own version had seen is looked through once more."""

    def listed(file: str, record: str, form: str) -> None:
        told = f"'visits' as entity, 'field' as source, '{record}' as record_id, 0::bigint as message_number {form}"
        duckdb.execute(f"copy (select {told}) to '{world.home.purged}/{file}.parquet' (format parquet)")

    forget(world)
    times = "2026-05-01 09:00:00,2026-05-01 10:00:00"
    world.deliver("field", "2.csv", f"{SEEN}1234,K1,{times},SECRET words\n77,K1,{times},of another record\n")
    world.land("field")
    world.map("field")
    world.judge("field")
    listed("20261129T180000_000000", "1234.0", "")
    listed("20261201T180000_000000", "77.0", f", {purge.FORM} as list_form")
    files = [*purge._accepted(world.home, "visits"), *world.home.landing.glob("field/*/visits/*.parquet")]
    for name in (purge.SEEN, purge_landing.SEEN):  # as the version before wrote it
        state = json.loads((world.home.purged / name).read_text())
        known = {str(file.relative_to(world.home.dir)): file.stat().st_mtime_ns for file in files}
        if name == purge_landing.SEEN:
            mark = next(key for key in state["files"] if key.startswith("landing/field/")).split(" ")[1]
            known = {f"{file} {mark}": changed for file, changed in known.items()}
        (world.home.purged / name).write_text(json.dumps({"lists": 3, "files": state["files"] | known}))
    assert forget(world) == 5  # the four of before are looked for again, too
    assert "SECRET" not in world.texts(world.home.accepted) + world.texts(world.home.landing)
    assert "of another record" in world.texts(world.home.accepted)
    assert "of another record" in world.texts(world.home.landing)
    assert forget(world) == 0


@pytest.mark.parametrize(
    ("source", "change", "why"),
    [
        ("field", ("notes: notes", "notes: \"upper(notes)\""), "`upper(notes)` is no column and no value of a list"),
        ("field", ("notes: notes", "notes: notes, purpose: \"left(notes, 9)\""), "`left(notes, 9)` reads it, too"),
        ("chats", ("platform: platform", "platform: \"messages ->> 0\""), "`messages ->> 0` reads it, too"),
        ("chats", ("\"item ->> 'who'\"\n", "\"item ->> '$.body.text'\"\n"), "`item ->> '$.body.text'` reads it, too"),
        ("chats", ("item ->> '$.body.text'", "trim(item ->> 'said')"),
         "`trim(item ->> 'said')` is no column and no value of a list"),
    ],
    ids=["an expression", "another column reads it", "the list is read as a whole", "read twice", "of an element"],
)  # fmt: skip
def test_a_cell_that_something_else_is_read_from_stays_and_is_told(
    world: World, source: str, change: tuple[str, str], why: str
) -> None:
    assert purge_landing.unreached(world.company) == []
    file = world.folder / "sources" / f"{source}.yml"
    text = file.read_text(encoding="utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change), encoding="utf-8")
    before = rows(world)[source]
    [told] = purge_landing.unreached(world.company)
    assert (told.source, told.why) == (source, why)
    forget(world)
    assert rows(world)[source] == before
