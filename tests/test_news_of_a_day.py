"""What a reading after the deadline tells again, by an overlap or in a file that grows, makes nobody late."""

from __future__ import annotations

import datetime
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest
from written_company import files_source, write_company

from sales_warehouse import conformed, gate, ledger
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.landing import land, loads

MAPPINGS = """\
mappings:
  - entity: calls
    from: calls
    columns: {call_id: id, started_at: at, direction: "'inbound'"}
"""
DATABASE = f"""\
source: pbx
label: {{en: pbx, zh: 电话}}
owner: data
expected_within_hours: 24
connection: {{type: database, url: "sqlite:///FOLDER/pbx.db"}}
tables:
  calls: {{table: calls, columns: [id, at], cursor: at, overlap_minutes: 60}}
{MAPPINGS}"""
FILES = files_source("pbx", 'tables: {calls: {files: "*.csv", format: csv, columns: [id, at]}}\n' + MAPPINGS)
DAY = datetime.datetime(2026, 11, 27)
ZONE = datetime.timedelta(hours=8)  # Asia/Shanghai


@dataclass
class Exchange:
    folder: Path
    is_file: bool

    def __post_init__(self) -> None:
        described = FILES if self.is_file else DATABASE.replace("FOLDER", str(self.folder))
        often = described.replace(
            "expected_within_hours: 24", "expected_within_hours: 24\ndeadline: '18:00'\nmicro_batch: true"
        )
        write_company(self.folder, pbx=often)
        (self.folder / "pbx").mkdir()
        self.home, self.calls = Home(self.folder / "var", "small"), 0
        with sqlite3.connect(self.folder / "pbx.db") as connection:
            connection.execute("create table calls (id integer primary key, at text)")
        connection.close()

    def call(self, at: str) -> None:
        self.calls += 1
        file = self.folder / "pbx" / "calls.csv"
        if self.is_file:
            before = file.read_text() if file.exists() else "id,at\n"
            file.write_text(f"{before}{self.calls},{DAY:%Y-%m-%d} {at}:00\n")
            return
        with sqlite3.connect(self.folder / "pbx.db") as connection:
            connection.execute("insert into calls values (?, ?)", (self.calls, f"{DAY:%Y-%m-%d} {at}:00"))
        connection.close()

    def read(self, at: str) -> list[tuple[str, str]]:
        """Read and judge; return the first and the last event of the day that are news."""
        hour, minute = map(int, at.split(":"))
        moment = DAY + datetime.timedelta(hours=hour, minutes=minute) - ZONE
        file = self.folder / "pbx" / "calls.csv"
        if self.is_file:
            stamp = moment.replace(tzinfo=datetime.UTC).timestamp()
            os.utime(file, (stamp, stamp))
        company = load_company(self.folder)
        source = company.sources["pbx"]
        report = land(
            self.home, source, company_folder=self.folder, extracted_at=moment, latest_moment=moment, environment={},
            on_progress=lambda _: None, time_zone="Asia/Shanghai",
        )  # fmt: skip
        if report.load is None:
            return []
        conformed.conform_load(self.home, company, source, report.load, lambda _: None)
        gate.gate_load(self.home, company, source, report.load, lambda _: None, at=moment)
        came = ledger._arrivals(company, list(ledger.gated(self.home, ["pbx"])), {"pbx": loads(self.home, "pbx")})
        now = [item for item in came if item[1] == report.load.load_id]
        return [(f"{first + ZONE:%H:%M}", f"{last + ZONE:%H:%M}") for *_, first, last in now]


@pytest.mark.parametrize("is_file", [True, False], ids=["a file that grows", "an overlap"])
def test_only_what_was_not_told_before_is_news(tmp_path: Path, is_file: bool) -> None:
    exchange = Exchange(tmp_path, is_file)
    exchange.call("17:31")
    assert exchange.read("17:40") == [("17:31", "17:31")]
    exchange.call("18:05")
    assert exchange.read("18:10") == [("18:05", "18:05")], "nothing of it had happened before the deadline"
    exchange.call("17:25")  # entered late, and older than what was known
    assert exchange.read("18:20") == [("17:25", "17:25")]
    company, load = load_company(tmp_path), loads(exchange.home, "pbx")[-1]
    source = company.sources["pbx"]
    conformed.conform_load(exchange.home, company, source, load, lambda _: None)
    (again,), _ = gate.gate_load(exchange.home, company, source, load, lambda _: None, at=DAY)
    assert [list(days) for days in again.origins.values()] == [[f"{DAY:%Y-%m-%d}"]], "judged anew it says the same"


def test_a_source_that_is_given_a_deadline_is_judged_again_for_its_news(tmp_path: Path) -> None:
    """Else what an overlap told again before would make its last weeks late."""
    exchange = Exchange(tmp_path, is_file=False)
    told = tmp_path / "sources" / "pbx.yml"
    text = told.read_text(encoding="utf-8")
    told.write_text(text.replace("deadline: '18:00'\n", ""), encoding="utf-8")
    exchange.call("09:00")
    exchange.read("09:05")

    def stands() -> bool:
        company, (load,) = load_company(tmp_path), loads(exchange.home, "pbx")
        return gate.stands(exchange.home, company, company.sources["pbx"], load)

    assert stands()
    told.write_text(text, encoding="utf-8")
    assert not stands()
