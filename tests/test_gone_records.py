"""A record that vanishes from a database is deleted in the channel without a word in the mapping, and may come back."""

from __future__ import annotations

import datetime
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from written_company import write_company

from sales_warehouse import conformed, corrections, gate, quarantine
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.identity.records import latest
from sales_warehouse.landing import Load, land, loads

CRM = """\
source: crm
label: {en: CRM, zh: 客户关系管理}
owner: data
expected_within_hours: 24
connection: {type: database, url: "sqlite:///${FOLDER}/crm.db"}
tables:
  orders:
    table: orders
    columns: [no, buyer, kind, at, changed]
    cursor: changed
    key: [no]
    deletes: full_key_comparison
    most_deletes_share: 0.5
mappings:
  - entity: orders
    from: orders
    where: kind = 'order'
    columns:
      order_id: no
      customer_id: buyer
      status: "'paid'"
      channel: "'phone'"
      currency: "'CNY'"
      ordered_at: at
      updated_at: changed
"""


@dataclass
class Nights:
    """A database of orders, and what the gate lets in night after night."""

    folder: Path
    night: datetime.datetime = datetime.datetime(2026, 6, 28, 18)

    def sql(self, *statements: str) -> None:
        with sqlite3.connect(self.folder / "crm.db") as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    def land(self) -> list[tuple]:
        """Land what is new; return what was accepted of it: id, whether deleted, customer, when changed."""
        self.night += datetime.timedelta(days=1)
        company = load_company(self.folder)
        home, source = Home(self.folder / "var", "small"), company.sources["crm"]
        report = land(
            home, source, company_folder=self.folder, extracted_at=self.night, latest_moment=self.night,
            environment={"FOLDER": str(self.folder)}, on_progress=lambda _: None,
        )  # fmt: skip
        assert report.load and report.refused == []
        conformed.conform_load(home, company, source, report.load, lambda _: None)
        (outcome,), _ = gate.gate_load(home, company, source, report.load, lambda _: None, at=self.night)
        assert outcome.quarantined == 0
        file = gate.accepted_file(home, outcome.batch)
        found = duckdb.sql(f"select order_id, _is_deleted, customer_id, updated_at from '{file}' order by all")
        return found.fetchall()

    def standing(self) -> list[str]:
        """Return the orders that are there, of all that was ever accepted."""
        rows = latest(Home(self.folder / "var", "small"), "orders", "order_id")
        found = duckdb.sql(f"select order_id from ({rows}) where not _is_deleted order by all").fetchall()
        return [order for (order,) in found]


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    made = Nights(write_company(tmp_path, crm=CRM))
    made.sql(
        "create table orders (no integer primary key, buyer text, kind text, at text, changed text)",
        "insert into orders values (1, 'C1', 'order', '2026-06-01 08:00:00', '2026-06-01 08:00:00'),"
        " (2, 'C2', 'order', '2026-06-02 08:00:00', '2026-06-02 08:00:00'),"
        " (3, 'C3', 'offer', '2026-06-03 08:00:00', '2026-06-03 08:00:00'),"
        " (4, 'C4', 'order', '2026-06-04 08:00:00', '2026-06-04 08:00:00')",
    )
    return made


def test_a_record_that_vanishes_is_deleted_and_one_that_comes_back_is_back(nights: Nights) -> None:
    assert [row[:2] for row in nights.land()] == [("1", False), ("2", False), ("4", False)]
    nights.sql("delete from orders where no in (1, 3)")
    deleted, again = nights.land()
    assert deleted == ("1", True, "crm:C1", datetime.datetime(2026, 6, 1)), "with what it was; an offer is no order"
    assert again[:2] == ("4", False)
    assert nights.standing() == ["2", "4"]
    nights.sql("insert into orders values (1, 'C1', 'order', '2026-06-01 08:00:00', '2026-06-01 08:00:00')")
    (back,) = nights.land()
    assert back == ("1", False, "crm:C1", datetime.datetime(2026, 6, 1))
    assert nights.standing() == ["1", "2", "4"]


@pytest.mark.parametrize(
    "changed", ["null", "'2026-05-01 08:00:00'"], ids=["without a time", "older than what was deleted, from a backup"]
)
def test_a_record_is_back_whatever_its_time(nights: Nights, changed: str) -> None:
    nights.land()
    nights.sql("delete from orders where no = 1")
    nights.land()
    assert nights.standing() == ["2", "4"]
    nights.sql(f"insert into orders values (1, 'C1', 'order', '2026-06-01 08:00:00', {changed})")
    nights.land()
    assert nights.standing() == ["1", "2", "4"]
    nights.sql("delete from orders where no = 1")
    nights.land()
    assert nights.standing() == ["2", "4"]


def test_a_record_that_was_set_back_and_then_removed_is_gone(nights: Nights) -> None:
    """Its last cells say an older time than some that landed before."""
    nights.land()
    nights.sql("update orders set changed = null where no = 4")
    nights.land()
    nights.sql("delete from orders where no = 4")
    nights.land()
    assert nights.standing() == ["1", "2"]


def as_before(load: Load) -> None:
    """Write a load as it was written up to the end of November 2026: every row under the name of its table."""
    manifest = json.loads((load.folder / "manifest.json").read_text(encoding="utf-8"))
    for item in manifest["files"]:
        file = load.folder / item["file"]
        duckdb.sql(f"copy (select * replace ('orders' as _file) from '{file}') to '{file}.new' (format parquet)")
        Path(f"{file}.new").replace(file)
        item["origin"] = "orders"
    (load.folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize("is_old", [False, True], ids=["as it lands", "as it landed before"])
def test_what_is_said_of_one_row_changes_no_other(nights: Nights, is_old: bool) -> None:
    """A new row, one that is gone and one that was passed over are each the first of their own statement."""
    nights.land()
    nights.sql(
        "delete from orders where no in (2, 4)",
        "insert into orders values (0, 'C9', 'order', 'yesterday', '2026-06-05 08:00:00'),"
        " (5, 'C5', 'order', '2026-06-01 09:00:00', '2026-06-01 08:00:00')",
    )
    nights.night += datetime.timedelta(days=1)
    company = load_company(nights.folder)
    home, source = Home(nights.folder / "var", "small"), company.sources["crm"]
    land(
        home, source, company_folder=nights.folder, extracted_at=nights.night, latest_moment=nights.night,
        environment={"FOLDER": str(nights.folder)}, on_progress=lambda _: None,
    )  # fmt: skip
    load = loads(home, "crm")[-1]
    if is_old:
        as_before(load)
        load = loads(home, "crm")[-1]
    origins = {item.origin for item in load.files}
    assert origins == (
        {"orders", "orders, part 1", "orders, part 2"} if is_old else {"orders", "orders, gone", "orders, passed over"}
    )

    def gated() -> list[tuple]:
        conformed.conform_load(home, company, source, load, lambda _: None)
        (outcome,), _ = gate.gate_load(home, company, source, load, lambda _: None, at=nights.night)
        file = gate.accepted_file(home, outcome.batch)
        return duckdb.sql(f"select order_id, _is_deleted, ordered_at::varchar from '{file}' order by all").fetchall()

    day = "2026-06-0{} {}:00:00".format
    others = [("2", True, day(2, "00")), ("4", True, day(4, "00")), ("5", False, day(1, "01"))]
    assert gated() == others
    (held,) = quarantine.failures(home, company.sources, quarantine.Filter())
    assert (held.file, json.loads(held.raw or "")["no"]) == ("orders", "0")
    cell = corrections.Cell("crm", load.load_id, "orders", held.file, held.row_number, "at")
    at = nights.night.isoformat()
    corrections.take(home, [corrections.Correction(cell, "yesterday", "2026-06-05 16:00:00", "Li Na", "asked", at)])
    assert gated() == [("0", False, day(5, "08")), *others]
