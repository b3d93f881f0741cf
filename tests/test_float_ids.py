"""Ids in columns of floats are the same whenever they landed: up to the end of November 2026 they were 1234.0."""

from __future__ import annotations

import datetime
import json
import sqlite3
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from written_company import write_company

from sales_warehouse import conformed
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.landing import land, loads

CRM = """\
source: crm
label: {en: CRM, zh: 客户关系管理}
owner: data
expected_within_hours: 24
connection: {type: database, url: "sqlite:///FOLDER/crm.db"}
tables:
  people: {table: people, columns: [no, code], key: [no], deletes: full_key_comparison, cursor: rowid_, most_deletes_share: 0.9}
mappings:
  - entity: customers
    from: people
    columns: {customer_id: no, name: code}
"""  # noqa: E501


def test_loads_of_two_forms_have_the_same_ids(tmp_path: Path) -> None:
    folder, home = write_company(tmp_path, crm=CRM.replace("FOLDER", str(tmp_path))), Home(tmp_path / "var", "small")
    company = load_company(folder)
    source = company.sources["crm"]

    def visit(day: int, *statements: str) -> list[tuple]:
        with sqlite3.connect(folder / "crm.db") as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
        at = datetime.datetime(2026, 6, day)
        report = land(
            home, source, company_folder=folder, extracted_at=at, latest_moment=at, environment={},
            on_progress=lambda _: None,
        )  # fmt: skip
        assert report.load and not report.refused
        for file in report.load.folder.glob("people/*.parquet"):  # as it was written then
            earlier = f"select * replace (no || '.0' as no) from read_parquet('{file}')"
            duckdb.sql(f"copy ({earlier}) to '{file}.earlier' (format parquet)")
            Path(f"{file}.earlier").replace(file)
        if day == 2:  # what was gone told no types
            manifest = report.load.folder / "manifest.json"
            told = json.loads(manifest.read_text())
            told["files"] = [{**item, "schema": None} for item in told["files"]]
            manifest.write_text(json.dumps(told))
        (batch,) = conformed.conform_load(home, company, source, loads(home, "crm")[-1], lambda _: None)
        file = conformed.file_of(home, batch)
        return duckdb.sql(f"select customer_id, name, _is_deleted from '{file}' order by 1").fetchall()

    rows = "insert into people values (1234, '1.0', 1), (20261130001, '2.0', 2)"
    assert visit(1, "create table people (no real, code text, rowid_ integer)", rows) == [
        ("1234", "1.0", False),
        ("20261130001", "2.0", False),
    ]
    assert visit(2, "delete from people where no = 1234") == [("1234", "1.0", True), ("20261130001", "2.0", False)]


SHOP = """\
source: shop
label: {en: Shop, zh: 商店}
owner: data
expected_within_hours: 24
connection: {type: files, path: FOLDER}
tables:
  people: {files: "*.parquet", format: parquet, columns: ["no"]}
mappings:
  - entity: customers
    from: people
    columns: {customer_id: '"no"', name: '"no"'}
"""


def test_only_the_file_in_which_a_column_is_a_float_is_read_as_one(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    folder = write_company(tmp_path, shop=SHOP.replace("FOLDER", str(tmp_path / "files")))
    home, company = Home(tmp_path / "var", "small"), load_company(folder)
    for day, files in enumerate(({"a": ["1.0", "A7"]}, {"b": ["2.0", "2"], "c": [3.0, 4.0]}), 1):
        for name, values in files.items():
            pq.write_table(pa.table({"no": values}), tmp_path / "files" / f"{name}.parquet")
        at = datetime.datetime(2026, 6, day)
        land(
            home, company.sources["shop"], company_folder=folder, extracted_at=at, latest_moment=at, environment={},
            on_progress=lambda _: None,
        )  # fmt: skip
    load = loads(home, "shop")[-1]
    (batch,) = conformed.conform_load(home, company, company.sources["shop"], load, lambda _: None)
    found = duckdb.sql(f"select customer_id from '{conformed.file_of(home, batch)}' order by 1").fetchall()
    assert found == [("2",), ("2.0",), ("3",), ("4",)]
