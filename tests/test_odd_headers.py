"""A column that nobody promised may be called like anything that our own statements use: it changes none of them."""

from __future__ import annotations

import datetime
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
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


HOSTILE = "x'\" ; DROP TABLE stores; --"
ROWS = [("S1", "good"), ("", "waits")]


def _csv(file: Path, header: str = "id,name") -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join([header, *map(",".join, ROWS), ""]), encoding="utf-8")


def _workbook(folder: Path) -> None:
    with xlsxwriter.Workbook(folder / "1.xlsx") as book:
        sheet = book.add_worksheet(HOSTILE)
        for number, row in enumerate([("id", "name"), *ROWS]):
            sheet.write_row(number, 0, row)


def _member(folder: Path) -> None:
    _csv(folder / "1")
    with zipfile.ZipFile(folder / "1.zip", "w") as archive:
        archive.write(folder / "1", f"{HOSTILE}/{HOSTILE}.csv")


def _lines(folder: Path) -> None:
    lines = [json.dumps({"id": number, HOSTILE: name, f"{HOSTILE}2": 1}) for number, name in ROWS]
    (folder / "1.jsonl").write_text("\n".join([*lines, ""]), encoding="utf-8")


def _parquet(folder: Path) -> None:
    table = pa.table({"id": [row[0] for row in ROWS], HOSTILE: [row[1] for row in ROWS], f"{HOSTILE}2": [1, 2]})
    pq.write_table(table, folder / "1.parquet")


def _database(folder: Path, table: str, column: str) -> None:
    table, column = (f'"{name.replace(chr(34), chr(34) * 2)}"' for name in (table, column))
    with sqlite3.connect(folder / "1.db") as connection:
        connection.execute(f"create table {table} (id text, {column} text)")
        connection.executemany(f"insert into {table} values (?, ?)", ROWS)
    connection.close()


FILES, DATABASE = {"type": "files", "path": "shop"}, {"type": "database", "url": "sqlite:///FOLDER/1.db"}
HEADER = f'id,"{HOSTILE.replace(chr(34), chr(34) * 2)}"'
NAMES = {
    "a header": (FILES, {"files": "*", "format": "csv"}, HOSTILE, lambda folder: _csv(folder / "1.csv", HEADER)),
    "a file": (FILES, {"files": "*", "format": "csv"}, "name", lambda folder: _csv(folder / f"{HOSTILE}.csv")),
    "a folder": (FILES, {"files": "*/*", "format": "csv"}, "name", lambda folder: _csv(folder / HOSTILE / "1.csv")),
    "a member of a zip": (FILES, {"files": "*.zip", "format": "csv"}, "name", _member),
    "a sheet": (FILES, {"files": "*", "format": "excel", "sheet": HOSTILE}, "name", _workbook),
    "a JSON key": (FILES, {"files": "*", "format": "jsonl"}, HOSTILE, _lines),
    "a Parquet column": (FILES, {"files": "*", "format": "parquet"}, HOSTILE, _parquet),
    "a table": (DATABASE, {"table": HOSTILE}, "name", lambda folder: _database(folder, HOSTILE, "name")),
    "a column": (DATABASE, {"table": "stores"}, HOSTILE, lambda folder: _database(folder, "stores", HOSTILE)),
}


@pytest.mark.parametrize(("connection", "table", "column", "write"), NAMES.values(), ids=NAMES)
def test_no_hostile_name_changes_a_statement(
    tmp_path: Path, connection: dict, table: dict, column: str, write: Callable[[Path], None]
) -> None:
    """From the source to the gate, in the sheet of what is held back, and back again."""
    quoted = '"' + column.replace('"', '""') + '"'
    described = {
        "connection": {key: value.replace("FOLDER", f"{tmp_path}/shop") for key, value in connection.items()},
        "tables": {"shops": table | {"columns": ["id", column]}},
        "mappings": [
            {"entity": "stores", "from": "shops", "columns": {"store_id": "id", "name": quoted, "dealer_id": "'D'"}}
        ],
    }
    about = files_source("shop", "").partition("connection:")[0]
    text = about + "".join(f"{key}: {json.dumps(value)}\n" for key, value in described.items())
    made, home = write_company(tmp_path, shop=text), Home(tmp_path / "var", "small")
    (made / "shop").mkdir()
    write(made / "shop")
    gate.ensure_schemas(home)
    company = load_company(made)
    source = company.sources["shop"]
    land(
        home, source, company_folder=made, extracted_at=AT, latest_moment=AT, environment={}, on_progress=lambda _: None
    )
    (load,) = loads(home, "shop")

    def accepted() -> list[tuple[str, str]]:
        conformed.conform_load(home, company, source, load, lambda _: None)
        gate.gate_load(home, company, source, load, lambda _: None, at=AT)
        files = f"read_parquet('{home.accepted}/stores/_load_id=2*/*.parquet')"
        return duckdb.sql(f"select store_id, name from {files} order by all").fetchall()

    assert accepted() == [("S1", "good")]
    (held,) = quarantine.failures(home, ["shop"], quarantine.Filter())
    assert (held.row_number, held.column_name, "waits" in held.raw) == (2, "store_id", True)
    mended = tmp_path / "sheet.csv"
    sheet.export(home, company, "shop", "shops", mended)
    text = mended.read_text(encoding="utf-8-sig").replace(",,waits", ",S2,waits")
    assert sheet.take(home, company, text.encode(), by="anna", why="asked", at=AT).cells == 1
    assert accepted() == [("S1", "good"), ("S2", "waits")]
    assert quarantine.failures(home, ["shop"], quarantine.Filter()) == []
