"""What was refused is remembered until it is known what became of it, also when it is taken away unread."""

from __future__ import annotations

import datetime
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest
from written_company import files_source, write_company

from sales_warehouse import landing, ledger, refusals
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home

CRM = files_source(
    "crm",
    """\
tables: {people: {files: "*.csv", format: csv, columns: [no, name]}}
mappings:
  - {entity: sales_reps, from: people, columns: {rep_id: no, name: name}}
""",
)
GOOD, BAD, WORSE = "no,name\n1,a\n", "no,nome\n2,b\n", ""


@dataclass
class Nights:
    folder: Path
    home: Home
    night: int = 0

    def land(self, **files: str | None) -> None:
        """One night: files with a text are put into the folder, the others are taken away."""
        for name, text in files.items():
            place = self.folder / "crm" / f"{name}.csv"
            place.unlink() if text is None else place.write_text(text, encoding="utf-8")
        self.night += 1
        at = datetime.datetime(2026, 3, self.night, 1)
        source = load_company(self.folder).sources["crm"]
        landing.land(
            self.home, source, company_folder=self.folder, extracted_at=at, latest_moment=at, environment={},
            on_progress=lambda _: None,
        )  # fmt: skip

    def told(self) -> list[tuple[str, int, int, str]]:
        """Return of each refusal its file, its first and last night, and what became of it."""
        rows = ledger._refusals(self.home, {"crm": landing.loads(self.home, "crm")})
        return [(origin, first.day, last.day, status) for _, _, origin, _, first, last, status in rows]


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    folder = tmp_path / "company"
    (folder / "crm").mkdir(parents=True)
    write_company(folder, crm=CRM)
    return Nights(folder, Home(tmp_path / "var", "small"))


def test_a_refused_file_waits_until_it_lands_or_is_gone(nights: Nights) -> None:
    nights.land(good=GOOD, mended=BAD, lost=BAD + "3,c\n")
    assert nights.told() == [("lost.csv", 1, 1, "waiting"), ("mended.csv", 1, 1, "waiting")]
    nights.land()
    nights.land(mended=BAD.replace("nome", "name"), lost=None)
    assert nights.told() == [("lost.csv", 1, 2, "gone"), ("mended.csv", 1, 2, "landed")]
    nights.land()
    assert nights.told() == [("lost.csv", 1, 2, "gone"), ("mended.csv", 1, 2, "landed")]


PEOPLE = """\
source: crm
label: {en: CRM, zh: 客户关系管理}
owner: data
expected_within_hours: 24
connection: {type: database, url: "sqlite:///FOLDER/people.db"}
tables: {people: {table: people, columns: [no, name], key: [no], deletes: full_key_comparison}}
mappings:
  - {entity: sales_reps, from: people, columns: {rep_id: no, name: name}}
"""


def test_deletions_wait_though_their_table_lands(nights: Nights) -> None:
    described = PEOPLE.replace("FOLDER", str(nights.folder))
    (nights.folder / "sources" / "crm.yml").write_text(described, encoding="utf-8")

    def people(*statements: str) -> list[tuple[str, int, int, str]]:
        with sqlite3.connect(nights.folder / "people.db") as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
        nights.land()
        return nights.told()

    people("create table people (no integer, name text)", "insert into people values (1, 'a'), (2, 'b'), (3, 'c')")
    assert people("delete from people where no > 1") == [("people, gone", 2, 2, "waiting")]
    assert [item.origin for item in landing.loads(nights.home, "crm")[-1].files] == ["people"]
    assert people() == [("people, gone", 2, 3, "waiting")]
    more = described.replace("key: [no]", "key: [no], most_deletes_share: 1")
    (nights.folder / "sources" / "crm.yml").write_text(more, encoding="utf-8")
    assert people() == [("people, gone", 2, 3, "landed")]


def test_other_contents_of_one_file_are_told_apart(nights: Nights) -> None:
    nights.land(people=BAD)
    nights.land(people=WORSE)
    assert nights.told() == [("people.csv", 1, 1, "gone"), ("people.csv", 2, 2, "waiting")]


def test_nobody_knows_of_a_source_that_is_down(nights: Nights) -> None:
    nights.land(people=BAD)
    (nights.folder / "crm").rename(nights.folder / "away")
    with pytest.raises(landing.SourceUnavailable):
        nights.land()
    assert nights.told() == [("people.csv", 1, 1, "waiting")]


def test_a_source_without_refusals_has_none(tmp_path: Path) -> None:
    assert refusals.read(tmp_path) == []
