"""What a corrected record no longer contains ends: rows that `where` leaves out by now, elements that are gone."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pytest
from written_company import files_source, write_company

from sales_warehouse import conformed, corrections, gate
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.landing import land, loads
from sales_warehouse.latest_version import latest_version
from sales_warehouse.sql import literal

SHOP = """\
tables:
  orders: {files: "*.jsonl", format: jsonl, columns: [no, buyer, test, changed, lines]KEY}
mappings:
  - entity: orders
    from: orders
    where: test = 'false'
    columns:
      order_id: no
      customer_id: buyer
      status: "'paid'"
      channel: "'phone'"
      currency: "'CNY'"
      ordered_at: "'2026-06-01 09:00:00'"
      updated_at: changed
  - entity: order_lines
    from: orders
    where: test = 'false'
    each: lines
    version: changed
    columns:
      order_id: no
      line_number: "item ->> 'n'"
      product_id: "'P1'"
      quantity: "item ->> 'q'"
      unit_price_amount: "'10'"
"""


def order(no: str, day: int | None, lines: dict[int, int], *, test: bool = False, buyer: str = "C1") -> dict:
    changed = f"2026-06-{day:02} 08:00:00" if day else None
    told = [{"n": number, "q": quantity} for number, quantity in lines.items()]
    return {"no": no, "buyer": buyer, "test": "true" if test else "false", "changed": changed, "lines": told}


@dataclass
class Shop:
    """A shop that hands over files of orders, and what the gate lets in of them."""

    folder: Path
    night: datetime.datetime = datetime.datetime(2026, 6, 28, 18)
    files: int = 0
    is_judged: bool = False

    def land(self, *records: dict) -> None:
        self.night += datetime.timedelta(days=1)
        self.files += 1
        (self.folder / "shop").mkdir(exist_ok=True)
        text = "".join(f"{json.dumps(record)}\n" for record in records)
        (self.folder / "shop" / f"{self.files}.jsonl").write_text(text, encoding="utf-8")
        company, home = self.company, self.home
        report = land(
            home, company.sources["shop"], company_folder=self.folder, extracted_at=self.night,
            latest_moment=self.night, environment={}, on_progress=lambda _: None,
        )  # fmt: skip
        assert report.load and report.refused == []
        self.judge()

    @cached_property
    def company(self) -> Company:
        return load_company(self.folder)

    @property
    def home(self) -> Home:
        return Home(self.folder / "var", "small")

    def judge(self) -> None:
        """Map, and judge where that is asked, every load that is not as the company says today."""
        company, source = self.company, self.company.sources["shop"]
        for load in loads(self.home, "shop"):
            marks = [mark for _, _, mark in conformed.expected(self.home, company, source, load)]
            made = [batch.fingerprint for batch in conformed.read_batches(self.home, "shop", load.load_id)]
            if made != marks and not gate.stands(self.home, company, source, load):
                conformed.conform_load(self.home, company, source, load, lambda _: None)
                if self.is_judged:
                    gate.gate_load(self.home, company, source, load, lambda _: None, at=self.night)

    def standing(self, entity: str, columns: str, *key: str) -> list[tuple]:
        """Of all rows that passed so far: those that count, and are not deleted."""
        folder, name = (self.home.accepted / entity, "") if self.is_judged else (self.home.conformed / "shop", entity)
        path = literal(str(folder / "*" / f"*{name}.parquet"))
        files = f"read_parquet({path}, hive_partitioning = false, union_by_name = true, filename = 'place')"
        load_id = "replace(parse_path(place)[-2], '_load_id=', '') as _load_id"  # by the name of the folder
        rows = latest_version(f"(select *, {load_id} from {files})", ["_source", *key])
        return duckdb.sql(f"select {columns} from ({rows}) where not _is_deleted order by all").fetchall()

    @property
    def orders(self) -> list[str]:
        return [no for (no,) in self.standing("orders", "order_id", "order_id")]

    @property
    def lines(self) -> list[tuple]:
        return self.standing("order_lines", "order_id, line_number, quantity::int", "order_id", "line_number")

    def counts(self, entity: str) -> list[tuple]:
        """Of each load: rows landed, left out, mapped, and ended."""
        batches = [
            b for load in loads(self.home, "shop") for b in conformed.read_batches(self.home, "shop", load.load_id)
        ]
        return [(b.landed, b.excluded, b.conformed, b.ended) for b in batches if b.entity == entity]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(write_company(tmp_path, shop=files_source("shop", SHOP.replace("KEY", ", key: [no]"))))


def test_an_order_that_became_a_test_leaves_the_figures_with_its_lines(shop: Shop) -> None:
    shop.land(order("O1", 1, {1: 1, 2: 100}), order("O2", 1, {1: 5}))
    assert (shop.orders, shop.lines) == (["O1", "O2"], [("O1", 1, 1), ("O1", 2, 100), ("O2", 1, 5)])
    shop.land(order("O1", 2, {1: 1}, test=True))
    assert (shop.orders, shop.lines) == (["O2"], [("O2", 1, 5)])
    assert shop.counts("orders") == [(2, 0, 2, 0), (1, 1, 0, 1)]
    assert shop.counts("order_lines") == [(3, 0, 3, 0), (1, 1, 0, 2)]
    shop.land(order("O1", 3, {2: 7}))
    assert (shop.orders, shop.lines) == (["O1", "O2"], [("O1", 2, 7), ("O2", 1, 5)]), "it is back, with what it says"


def test_a_line_that_is_gone_ends_with_the_version_of_its_order(shop: Shop) -> None:
    shop.land(order("O1", 2, {1: 1, 2: 100}))
    shop.land(order("O1", 3, {1: 4}))
    assert shop.lines == [("O1", 1, 4)]
    shop.land(order("O1", 1, {1: 9, 2: 9, 3: 9}))
    assert shop.lines == [("O1", 1, 4)], "an older version that comes late brings nothing back, and nothing new"
    shop.land(order("O1", 4, {}))
    assert (shop.orders, shop.lines) == (["O1"], [])


def test_a_record_that_was_left_out_is_no_news_to_an_older_version(shop: Shop) -> None:
    shop.land(order("O1", 2, {1: 1}, test=True), order("T", 2, {1: 1}, test=True))
    assert shop.counts("orders") == [(2, 2, 0, 0)], "nothing ends that was never there"
    shop.land(order("O1", 1, {1: 1}))
    assert (shop.orders, shop.lines) == ([], [])


def test_a_record_of_the_future_ends_nothing(shop: Shop) -> None:
    """A mistyped year on a test order: it would end the order for good, and hide what is said of it since."""
    shop.land(order("O1", 1, {1: 5}))
    future = {**order("O1", 2, {}, test=True), "changed": "2099-06-02 08:00:00"}
    shop.land(future)
    assert (shop.orders, shop.lines) == (["O1"], [("O1", 1, 5)])
    shop.land(order("O1", 3, {1: 6}))
    assert (shop.orders, shop.lines) == (["O1"], [("O1", 1, 6)])


def test_what_is_dated_ahead_by_hours_ends_with_the_next_load(shop: Shop) -> None:
    """A clock of the source in another zone; the next load need not say it again."""
    shop.land(order("O1", 1, {1: 1}), order("O2", 1, {1: 1, 2: 2}))
    ahead = f"{shop.night + datetime.timedelta(hours=37):%Y-%m-%d %H:%M:%S}"
    shop.land(order("O1", 2, {}, test=True) | {"changed": ahead}, order("O2", 2, {1: 3}) | {"changed": ahead})
    assert shop.orders == ["O1", "O2"] and set(shop.lines) >= {("O1", 1, 1), ("O2", 2, 2)}
    shop.land(order("O3", 3, {1: 7}))
    assert (shop.orders, shop.lines) == (["O2", "O3"], [("O2", 1, 3), ("O3", 1, 7)])
    shop.land(order("O3", 4, {1: 8}))
    assert [ended for *_, ended in shop.counts("order_lines")] == [0, 0, 2, 0]


@pytest.mark.parametrize("days", [(1, 1), (None, None)], ids=["the same version", "without a version"])
def test_of_versions_in_one_file_the_one_that_is_kept_counts(shop: Shop, days: tuple[int | None, int | None]) -> None:
    """As a table of history gives them: the active version and those before it, in any order."""
    shop.land(order("O1", days[0], {1: 2}), order("O1", days[1], {1: 1}, test=True))
    assert (shop.orders, shop.lines) == (["O1"], [("O1", 1, 2)])
    shop.land(order("O1", days[0], {1: 1}, test=True), order("O1", days[1], {1: 2}, test=True))
    assert (shop.orders, shop.lines) == ([], [])


def test_a_line_in_quarantine_ends_nothing_and_a_correction_of_an_old_record_counts(shop: Shop) -> None:
    shop.is_judged = True
    shop.land(order("O1", 1, {1: 1, 2: 2}))
    shop.land(order("O1", 2, {1: -1, 2: 3}))
    assert shop.lines == [("O1", 1, 1), ("O1", 2, 3)], "what came and is refused has not gone"
    first = loads(shop.home, "shop")[0]
    cell = corrections.Cell("shop", first.load_id, "orders", first.files[0].origin, 1, "changed")
    said = corrections.Correction(cell, "2026-06-01 08:00:00", "2026-06-05 08:00:00", "Li Na", "asked", "2026-06-30")
    corrections.take(shop.home, [said])
    shop.judge()
    assert shop.lines == [("O1", 1, 1), ("O1", 2, 2)]


def test_a_mapping_that_changed_ends_the_same_rows_from_the_beginning(shop: Shop) -> None:
    shop.land(order("O1", 1, {1: 1, 2: 100}))
    shop.land(order("O1", 2, {1: 1}, test=True))
    file = shop.folder / "sources" / "shop.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("test = 'false'", "test <> ''"), encoding="utf-8")
    del shop.company
    shop.judge()
    assert (shop.orders, shop.lines) == (["O1"], [("O1", 1, 1)])


TELLERS = """\
tables:
  orders: {files: "*.jsonl", format: jsonl, columns: [no, buyer, test, changed, lines]KEY}
mappings:
  - entity: customers
    from: orders
    where: test = 'false'
    distinct: true
    columns: {customer_id: buyer, name: buyer}
  - entity: payments
    from: orders
    where: test = 'false'
    columns: {payment_id: no, amount: "'1'", paid_at: changed}
  - entity: payments
    from: orders
    where: test <> 'false'
    columns: {payment_id: no, amount: "'2'", paid_at: changed}
"""


@pytest.mark.parametrize("key", [", key: [no]", ""], ids=["with a key", "without"])
def test_what_several_records_say_does_not_end_with_one_of_them(tmp_path: Path, key: str) -> None:
    """Customers are told by orders here: an order that is left out says nothing of its buyer."""
    shop = Shop(write_company(tmp_path, shop=files_source("shop", TELLERS.replace("KEY", key))))
    shop.land(*(order(no, 1, {}, buyer=buyer) for no, buyer in [("O1", "A"), ("O2", "B"), ("O3", "B")]))
    shop.land(*(order(no, 2, {}, buyer=buyer, test=True) for no, buyer in [("O1", "A"), ("O2", "B")]))
    assert [name for (name,) in shop.standing("customers", "customer_id", "customer_id")] == ["A", "B"]


def test_a_row_that_another_mapping_of_the_table_takes_has_not_ended(tmp_path: Path) -> None:
    shop = Shop(write_company(tmp_path, shop=files_source("shop", TELLERS.replace("KEY", ", key: [no]"))))
    shop.land(order("O1", 1, {}))
    shop.land(order("O1", 2, {}, test=True))
    assert shop.standing("payments", "payment_id, amount::int", "payment_id") == [("O1", 2)]


LOG = """\
tables:
  events: {files: "*.jsonl", format: jsonl, columns: [id, no, event, changed]KEY}
mappings:
  - entity: payments
    from: events
    where: event = 'paid'
    columns: {payment_id: no, amount: "'1'", paid_at: changed}
"""


@pytest.mark.parametrize("key", [", key: [id]", ""], ids=["with a key of its own", "without a key"])
def test_a_later_event_of_a_log_ends_nothing(tmp_path: Path, key: str) -> None:
    """What `where` picks of a log is no version of what it leaves out, though both name one order."""
    shop = Shop(write_company(tmp_path, shop=files_source("shop", LOG.replace("KEY", key))))
    shop.land(*({"id": no, "no": no, "event": "paid", "changed": "2026-06-01 08:00:00"} for no in ("1", "2")))
    shop.land({"id": "3", "no": "1", "event": "shipped", "changed": "2026-06-02 08:00:00"})
    assert shop.standing("payments", "payment_id", "payment_id") == [("1",), ("2",)]


@pytest.mark.parametrize(
    "lines", ['[{"n": 1, "q"', '[{"n": 1, "q": 1}, {"q": 5}]'], ids=["cut off", "an element without its key"]
)
def test_a_list_that_cannot_be_read_ends_no_line(shop: Shop, lines: str) -> None:
    shop.land(order("O1", 1, {1: 1, 2: 100}))
    shop.land({**order("O1", 2, {}), "lines": lines})
    standing = shop.standing("order_lines", "line_number", "line_number")
    assert [number for (number,) in standing if number] == [1, 2]  # what cannot be read has no number, and waits


def test_an_inactive_version_with_an_empty_list_does_not_outrank_the_active_one(shop: Shop) -> None:
    shop.land(order("O1", 1, {1: 1}), order("O1", 1, {}, test=True))
    assert shop.standing("order_lines", "line_number", "line_number") == [(1,)]
