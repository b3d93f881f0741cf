"""A record that vanishes from a database is deleted in the channel without a word in the mapping, and may come back."""

from __future__ import annotations

import datetime
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from written_company import write_company

from sales_warehouse import conformed, gate
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.identity.records import latest
from sales_warehouse.landing import land

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
