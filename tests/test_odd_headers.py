"""A column that nobody promised may be called like anything that our own statements use: it changes none of them."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import duckdb
import pytest
from written_company import files_source, write_company

import sales_warehouse
from sales_warehouse import conformed, gate, quarantine, sheet
from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.extract.parquet import ADDED, RESERVED
from sales_warehouse.home import Home
from sales_warehouse.landing import land, loads

SHOP = """\
tables:
  shops: {files: "shops*.csv", format: csv, columns: [id, name, state, tags], key: [id]}
  sales: {files: "sales*.csv", format: csv, columns: [no, at, shop, lines], key: [no]}
mappings:
  - entity: stores
    from: shops
    where: state <> 'closed'
    deleted: state = 'gone'
    version: {from: tags, normalise: timestamp}
    columns: {store_id: id, name: name, dealer_id: id}
  - entity: orders
    from: sales
    joins: [{table: shops, key: [id], on: "shop = id"}]
    columns:
      {order_id: no, ordered_at: at, status: "'paid'", channel: name, currency: "'CNY'"}
  - entity: order_lines
    from: sales
    each: lines
    columns:
      {order_id: no, line_number: item_number, product_id: "item ->> 'p'", quantity: "'1'", unit_price_amount: "'5'"}
"""
NIGHTS = (
    {"shops1.csv": ["S1,old,open,2026-01-01 09:00:00", "S2,shut,open,2026-01-01 09:00:00"]},
    {
        "shops2.csv": ["S1,new,open,2026-01-02 09:00:00", "S2,shut,closed,2026-01-02 09:00:00"],
        "sales1.csv": [
            '1,2026-11-01 09:00:00,S1,"[{""p"": ""tea"", ""q"": 1}, {""p"": ""rum"", ""q"": 2}]"',
            "2,never,S2,[]",
        ],
    },
    {"sales2.csv": ['1,2026-11-01 09:00:00,S1,"[{""p"": ""tea"", ""q"": 1}]"']},
)
HEADERS = {"shops": "id,name,state,tags", "sales": "no,at,shop,lines"}
AT = datetime.datetime(2026, 11, 28, 18)


def used() -> list[str]:
    """Return every word that the modules which write statements over landed rows use, and names of relations there."""
    folder = Path(sales_warehouse.__file__).parent
    modules = ("conform", "conformed", "corrections", "elements", "ended", "gate", "latest_version", "sheet", "sql")
    text = " ".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in modules)
    words = {word.lower() for word in re.findall(r"\b[A-Za-z_][A-Za-z_0-9]*\b", text)}
    own = {name.lower() for line in HEADERS.values() for name in line.split(",")} | {word.lower() for word in RESERVED}
    wanted = {word for word in words if word.startswith("_") or len(word) < 3}
    return sorted((wanted | {"item", "item_number", "shops", "sales", "name_1", "value", "file", "said"}) - own)


def run(folder: Path, extra: list[str]) -> tuple[Home, list, list]:
    """Land three nights with some more columns, and return the home, the rows let in and those held back."""
    made, home = write_company(folder, shop=files_source("shop", SHOP)), Home(folder / "var", "small")
    (made / "shop").mkdir()
    gate.ensure_schemas(home)
    company = load_company(made)
    source = company.sources["shop"]
    for number, files in enumerate(NIGHTS):
        for name, rows in files.items():
            header = [HEADERS[name[:5]], *extra]
            lines = [",".join([row, *(["x" * (3 - number)] * len(extra))]) for row in rows]
            (made / "shop" / name).write_text("\n".join([",".join(header), *lines, ""]), encoding="utf-8")
        at = AT + datetime.timedelta(days=number)
        land(
            home, source, company_folder=made, extracted_at=at, latest_moment=at, environment={},
            on_progress=lambda _: None,
        )  # fmt: skip
    for load in loads(home, "shop"):
        conformed.conform_load(home, company, source, load, lambda _: None)
        gate.gate_load(home, company, source, load, lambda _: None, at=AT)
    names = {
        "stores": "store_id, name, _is_deleted",
        "orders": "order_id, channel",
        "order_lines": "order_id, product_id, _is_deleted",
    }
    accepted = [
        row
        for entity, columns in names.items()
        for row in duckdb.sql(
            f"select '{entity}', {columns}, _load_id from read_parquet('{home.accepted}/{entity}/*/*.parquet', "
            "union_by_name = true, hive_partitioning = true) order by all"
        ).fetchall()
    ]
    held = [(f.entity, f.file, f.row_number, f.rule) for f in quarantine.failures(home, ["shop"], quarantine.Filter())]
    return home, accepted, held


def test_no_header_changes_a_statement(tmp_path: Path) -> None:
    home, accepted, held = run(tmp_path, extra := used())
    assert {*ADDED, "_load_id", "_row_load_id", "_ended", "l", "c"} <= set(extra)
    one, two, three = (load.load_id for load in loads(home, "shop"))
    assert accepted == [
        ("stores", "S1", "new", False, two),
        ("stores", "S1", "old", False, one),
        ("stores", "S2", "shut", False, one),
        ("stores", "S2", None, True, two),
        ("orders", "1", "new", two),
        ("orders", "1", "new", three),
        ("order_lines", "1", "shop:rum", False, two),
        ("order_lines", "1", "shop:tea", False, two),
        ("order_lines", "1", "shop:tea", False, three),
        ("order_lines", "1", None, True, three),
    ]
    assert held == [("orders", "sales1.csv", 2, "cast")]
    raw = quarantine.failures(home, ["shop"], quarantine.Filter())[0].raw
    assert raw.count('"xx"') == len(extra)
    company = load_company(tmp_path)
    mended = tmp_path / "sheet.csv"
    sheet.export(home, company, "shop", "sales", mended)
    text = mended.read_text(encoding="utf-8-sig").replace(",never,", ",2026-11-03 09:00:00,").replace(",xx", ",yy")
    taken = sheet.take(home, company, text.encode(), by="anna", why="asked", at=AT)
    assert (taken.cells, taken.rows) == (1 + len(extra), 1)
    load = loads(home, "shop")[1]
    (_, orders, _) = conformed.conform_load(home, company, company.sources["shop"], load, lambda _: None)
    made = duckdb.sql(f"select order_id from '{conformed.file_of(home, orders)}' where _faults is null order by 1")
    assert made.fetchall() == [("1",), ("2",)]


@pytest.mark.parametrize("name", [*RESERVED, *ADDED, ADDED[0].upper()])
def test_a_promised_column_cannot_be_called_like_one_of_ours(tmp_path: Path, name: str) -> None:
    described = SHOP.replace("state, tags]", f"state, tags, {name}]")
    with pytest.raises(CompanyError, match="keeps for itself"):
        load_company(write_company(tmp_path, shop=files_source("shop", described)))


def test_a_promised_column_may_be_called_like_what_others_add(tmp_path: Path) -> None:
    described = SHOP.replace("columns: [id, name, state, tags]", "columns: [id, name, state, tags, _load_id, _ended]")
    made, home = write_company(tmp_path, shop=files_source("shop", described)), Home(tmp_path / "var", "small")
    (made / "shop").mkdir()
    (made / "shop" / "shops1.csv").write_text(
        f"{HEADERS['shops']},_load_id,_ended\nS1,new,open,2026-01-02 09:00:00,7,yes\n", encoding="utf-8"
    )
    (made / "shop" / "sales1.csv").write_text(f"{HEADERS['sales']}\n1,2026-11-01 09:00:00,S1,[]\n", encoding="utf-8")
    gate.ensure_schemas(home)
    company = load_company(made)
    land(
        home, company.sources["shop"], company_folder=made, extracted_at=AT, latest_moment=AT, environment={},
        on_progress=lambda _: None,
    )  # fmt: skip
    load = loads(home, "shop")[0]
    counts = conformed.conform_load(home, company, company.sources["shop"], load, lambda _: None)
    assert [(item.entity, item.conformed) for item in counts] == [("stores", 1), ("orders", 1), ("order_lines", 0)]
