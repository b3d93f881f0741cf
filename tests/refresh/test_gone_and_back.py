"""Records that are gone and come back, from the source to the marts: a database that says nothing, and files."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from chain import FEW_MARTS
from few_marts import only
from refreshes import DESK, environment
from written_company import write_company

from sales_warehouse import conformed, gate, landing, steps

CRM = """\
source: crm
label: {en: CRM, zh: 客户关系管理}
owner: data
expected_within_hours: 24
connection: {type: database, url: "sqlite:///FOLDER/crm.db"}
tables:
  orders:
    table: orders
    columns: [no, at, changed]
    cursor: changed
    key: [no]
    deletes: full_key_comparison
    most_deletes_share: 0.9
mappings:
  - entity: orders
    from: orders
    columns:
      order_id: no
      status: "'paid'"
      channel: "'phone'"
      currency: "'CNY'"
      ordered_at: at
      updated_at: changed
  - entity: order_lines
    from: orders
    columns: {order_id: no, line_number: "1", product_id: "'tea'", quantity: "1", unit_price_amount: "5"}
"""
AT = "2026-06-01 09:00:00"
NIGHTS = [datetime.date(2026, 6, day) for day in (25, 26, 27)]


@pytest.fixture(autouse=True)
def few_marts() -> Iterator[None]:
    """Build a quarter of the marts: what is told of records, not what becomes of it."""
    with only(*FEW_MARTS):
        yield


class Shop:
    """A company whose nights run in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = write_company(folder, crm=CRM.replace("FOLDER", str(folder)), desk=DESK)
        (folder / "desk").mkdir()
        self.sql("create table orders (no integer primary key, at text, changed text)")

    def sql(self, *statements: str) -> None:
        with sqlite3.connect(self.folder / "crm.db") as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    def order(self, number: int, changed: str | None) -> None:
        told = f"'{changed}'" if changed else "null"
        self.sql(f"insert into orders values ({number}, '{AT}', {told})")

    def talks(self, name: str, *rows: str) -> None:
        (self.folder / "desk" / name).write_text("\n".join(["no,at,changed,state", *rows, ""]), encoding="utf-8")

    def run(self, night: datetime.date, *, full: bool = False) -> steps.Run:
        return steps.make_run(self.folder, business_date=night, full_refresh=full)

    def refresh(self, night: datetime.date) -> list[str]:
        """Take what is new and bring the marts up to date; return what the transform notes."""
        run = self.run(night)
        for source in run.company.sources:
            for step in (steps.extract, steps.conform, steps.gate):
                step(run, source)
        return self.transform(run)

    def transform(self, run: steps.Run) -> list[str]:
        steps.identify(run)
        return steps.transform(run).notes

    def marts(self, run: steps.Run) -> tuple[list[str], list[tuple], list[tuple]]:
        """Return the orders that are sold, the talks with what they were about, and the accounts of both."""
        with duckdb.connect(str(run.home.warehouse_file), read_only=True) as connection:
            sold = connection.execute("select distinct order_key from marts.fct_order_lines order by 1").fetchall()
            talks = connection.execute(
                "select chat_key, intent from intermediate.int_chats_deduplicated as chats "
                "where exists (select 1 from marts.fct_chats as facts where facts.chat_key = chats.chat_key) order by 1"
            ).fetchall()
            counts = connection.execute(
                "select entity, current_count, deleted_count, unexplained_count from marts.trust_row_accounting "
                "where entity in ('orders', 'chats') order by 1"
            ).fetchall()
        return [order for (order,) in sold], talks, counts


@pytest.mark.slow
def test_what_is_gone_leaves_the_marts_and_what_comes_back_is_in_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(tmp_path / "var").items():
        monkeypatch.setenv(name, value)
    (tmp_path / "shop").mkdir()
    shop = Shop(tmp_path / "shop")
    for number in range(1, 5):
        shop.order(number, f"2026-06-0{number + 1} 09:00:00")
    shop.talks("1.csv", f"T1,{AT},2026-06-05 09:00:00,asks", f"T2,{AT},2026-06-05 09:00:00,asks", "T3,,,gone")
    shop.refresh(NIGHTS[0])
    orders = [f"crm:{number}" for number in range(1, 5)]
    talks = [("desk:T1", "asks"), ("desk:T2", "asks")]
    assert shop.marts(shop.run(NIGHTS[0])) == (orders, talks, [("chats", 2, 1, 0), ("orders", 4, 0, 0)])

    shop.sql("delete from orders where no < 4")
    # T1 is made again after its deletion, without a time; T2 stays deleted; T3 was deleted before it was known
    shop.talks("2.csv", "T1,,,gone", f"T1,{AT},,asks again", "T2,,,gone", f"T3,{AT},2026-06-02 09:00:00,asks")
    assert shop.refresh(NIGHTS[1]) == ["only what changed"]
    talks = [("desk:T1", "asks again"), ("desk:T3", "asks")]
    assert shop.marts(shop.run(NIGHTS[1])) == (orders[3:], talks, [("chats", 2, 1, 0), ("orders", 1, 3, 0)])

    shop.order(1, None)
    shop.order(2, "2026-06-01 08:00:00")  # from a backup, older than what was deleted
    shop.talks("3.csv", f"T2,{AT},2026-06-04 09:00:00,asks anew", "T3,,2026-06-03 09:00:00,gone")
    shop.talks("4.csv", f"T3,{AT},2026-06-02 10:00:00,late")  # older than the deletion, which says when
    assert shop.refresh(NIGHTS[2]) == ["only what changed"]
    found = shop.marts(shop.run(NIGHTS[2]))
    talks = [("desk:T1", "asks again"), ("desk:T2", "asks anew")]
    assert found == ([*orders[:2], orders[3]], talks, [("chats", 2, 1, 0), ("orders", 3, 1, 0)])

    everything = shop.run(NIGHTS[2], full=True)
    assert shop.transform(everything) == ["full build: asked for"]
    assert shop.marts(everything) == found


@pytest.mark.slow
@pytest.mark.long
def test_a_load_that_was_held_up_takes_its_place_before_the_later_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deletion waits before the gate while the record that is made again after it is let in."""
    for name, value in environment(tmp_path / "var").items():
        monkeypatch.setenv(name, value)
    (tmp_path / "shop").mkdir()
    shop = Shop(tmp_path / "shop")
    shop.order(1, "2026-06-05 09:00:00")
    shop.talks("1.csv", f"T1,{AT},2026-06-05 09:00:00,asks")
    shop.refresh(NIGHTS[0])
    run = shop.run(NIGHTS[1])
    shop.talks("2.csv", "T1,,,gone")
    steps.extract(run, "desk")
    run = shop.run(NIGHTS[2])
    shop.talks("3.csv", f"T1,{AT},2026-06-04 09:00:00,asks again")
    steps.extract(run, "desk")
    last, source = landing.loads(run.home, "desk")[-1], run.company.sources["desk"]
    conformed.conform_load(run.home, run.company, source, last, print)
    gate.gate_load(run.home, run.company, source, last, print, at=run.as_of)
    assert shop.transform(run) == ["only what changed"]
    assert shop.marts(run)[1] == [("desk:T1", "asks")]

    steps.conform(run, "desk")
    steps.gate(run, "desk")
    assert shop.transform(run) == ["full build: 1 loads come after later ones of their source"]
    assert shop.marts(run)[1] == [("desk:T1", "asks again")]
