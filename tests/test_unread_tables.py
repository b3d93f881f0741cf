"""Every row of every table is in the account: of tables that are only joined, of lists, of rows that were folded."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from written_company import files_source, write_company

from sales_warehouse import conformed, corrections, gate, ledger, quarantine
from sales_warehouse.company.load import load_company
from sales_warehouse.conformed import MappingError
from sales_warehouse.gate import Gated
from sales_warehouse.home import Home
from sales_warehouse.landing import land, loads

SHOP = files_source(
    "shop",
    """\
tables:
  shops: {files: "shops.csv", format: csv, columns: [id, dealer]}
  nobody: {files: "nobody.csv", format: csv, columns: [id]}
  orders: {files: "orders.csv", format: csv, columns: [no, shop, buyer, since]}
mappings:
  - entity: orders
    from: orders
    joins: [{table: shops, key: [id], on: orders.shop = shops.id}]
    columns: {order_id: no, customer_id: buyer, dealer_id: shops.dealer, status: "'paid'", channel: "'phone'",
      currency: "'CNY'", ordered_at: "'2026-06-01 09:00:00'"}
  - entity: customers
    from: orders
    distinct: true
    columns: {customer_id: buyer, name: buyer, created_at: since}
""",
)
AT = datetime.datetime(2026, 6, 28, 18)


@dataclass
class Shop:
    """One load of a shop's files, and what the gate made of it."""

    folder: Path

    @property
    def home(self) -> Home:
        return Home(self.folder / "var", "small")

    def judge(self) -> dict[str, Gated]:
        company = load_company(self.folder)
        source = company.sources["shop"]
        if not loads(self.home, "shop"):
            report = land(
                self.home, source, company_folder=self.folder, extracted_at=AT, latest_moment=AT,
                environment={}, on_progress=lambda _: None,
            )  # fmt: skip
            assert report.load
        (load,) = loads(self.home, "shop")
        conformed.conform_load(self.home, company, source, load, lambda _: None)
        outcomes, _ = gate.gate_load(self.home, company, source, load, lambda _: None, at=AT)
        assert gate.stands(self.home, company, source, load)
        return {item.batch.entity: item for item in outcomes}

    def accounts(self) -> list[tuple]:
        """Of each entity: rows reported, landed, left out, folded, let in, held."""
        items = list(ledger.gated(self.home, ["shop"]))
        rows = ledger._judged(load_company(self.folder), items, {"shop": loads(self.home, "shop")})
        return sorted((row[1], *row[3:8], row[9]) for row in rows)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    folder = write_company(tmp_path, shop=SHOP)
    (folder / "shop").mkdir()
    return Shop(folder)


def put(shop: Shop, name: str, *lines: str) -> None:
    (shop.folder / "shop" / f"{name}.csv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def test_a_malformed_row_of_a_table_that_is_only_joined_waits_and_can_be_corrected(shop: Shop) -> None:
    put(shop, "shops", "id,dealer", "S1,D1", "S2,D2,extra")
    put(shop, "nobody", "id", "1", "2")
    put(shop, "orders", "no,shop,buyer,since", "O1,S1,A,2026-01-01", "O2,S2,A,2026-01-01")
    shop.judge()
    assert shop.accounts() == [
        ("customers", 2, 2, 0, 1, 1, 0),
        ("orders", 2, 2, 0, 0, 2, 0),
        ("table_nobody", 2, 2, 2, 0, 0, 0),
        ("table_shops", 2, 2, 1, 0, 0, 1),
    ]
    (held,) = quarantine.failures(shop.home, ["shop"], quarantine.Filter())
    assert (held.entity, held.source_table, held.rule, held.line, held.original) == (
        "table_shops", "shops", "malformed", 3, "S2,D2,extra"
    )  # fmt: skip
    cells = [
        corrections.Cell("shop", held.load_id, "shops", held.file, held.row_number, name) for name in ("id", "dealer")
    ]
    said = zip(cells, ("S2", "D2"), strict=True)
    corrections.take(
        shop.home, [corrections.Correction(cell, None, value, "Li Na", "asked", f"{AT}") for cell, value in said]
    )
    outcomes = shop.judge()
    file = gate.accepted_file(shop.home, outcomes["orders"].batch)
    assert duckdb.sql(f"select order_id, dealer_id from '{file}' order by 1").fetchall() == [
        ("O1", "shop:D1"), ("O2", "shop:D2")
    ]  # fmt: skip
    assert outcomes["table_shops"].quarantined == 0


@pytest.mark.parametrize(
    ("since", "rule"), [("31.12.2026", "cast"), ("2027-01-01", "created_at_not_in_future")], ids=["a fault", "a rule"]
)
def test_nothing_of_a_record_that_is_refused_counts_as_accepted(shop: Shop, since: str, rule: str) -> None:
    """A customer who stands in a hundred orders; correcting the last of the rows brings the customer in."""
    lines = [f"O{number},S1,A,{since}" for number in range(100)]
    put(shop, "shops", "id,dealer", "S1,D1")
    put(shop, "orders", "no,shop,buyer,since", *lines, "O100,S1,B,2026-01-01", "O101,S1,B,2026-01-01")
    outcomes = shop.judge()
    assert shop.accounts()[0] == ("customers", 102, 102, 0, 1, 1, 100)
    assert (outcomes["customers"].dirty, [reason["row_count"] for reason in outcomes["customers"].reasons]) == (
        100,
        [100],
    )
    held = quarantine.failures(shop.home, ["shop"], quarantine.Filter(), limit=200)
    assert sorted(item.row_number for item in held) == list(range(1, 101))
    assert {item.rule for item in held} == {rule}


def test_elements_that_are_lost_when_lists_are_taken_apart_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talks = files_source(
        "shop",
        """\
tables:
  talks: {files: "*.jsonl", format: jsonl, columns: [no, said]}
mappings:
  - {entity: chat_messages, from: talks, each: said, columns: {chat_id: no, message_number: item_number, text: item}}
""",
    )
    shop = Shop(write_company(tmp_path, shop=talks))
    (tmp_path / "shop").mkdir()
    lists = ['["a", "b", "c"]', "[]", "null", '"d"', "[1.0, 2]", '[{"x": [1, 2]}]']
    text = "".join(f'{{"no": "{number}", "said": {value}}}\n' for number, value in enumerate(lists))
    (tmp_path / "shop" / "one.jsonl").write_text(text, encoding="utf-8")
    shop.judge()
    assert shop.accounts() == [("chat_messages", 7, 7, 0, 0, 0, 7)]
    whole = conformed.elements
    monkeypatch.setattr(conformed, "elements", lambda mapping, rows: f"{whole(mapping, rows)} limit 6")
    with pytest.raises(MappingError, match=r"the lists in talks\.said have 7 elements, but 6 rows were made"):
        shop.judge()
