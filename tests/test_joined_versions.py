"""A joined table gives the row that its own mapping would count: a late file of an older day replaces nothing."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
import pytest
from written_company import files_source, write_company

from sales_warehouse import conformed
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.landing import Load, land, loads

SHOP = files_source(
    "shop",
    """\
tables:
  shops: {files: "shops_*.csv", format: csv, columns: [id, town, state]}
  sales: {files: "sales_*.csv", format: csv, columns: [no, shop, at]}
mappings:
  - entity: stores
    from: shops
    deleted: state = 'gone'
    columns: {store_id: id, city: town}
    VERSION
  - entity: orders
    from: sales
    joins: [{table: shops, key: [id], on: sales.shop = shops.id}]
    columns: {order_id: no, ordered_at: at, region: {from: shops.town, normalise: text}}
""",
)
BY_FILE = "version: \"regexp_extract(_file, '[0-9-]{10}') || '\u3000'\""
BY_ROW = "version: {from: state, format: '%d.%m.%Y', zone: UTC}"
AT = datetime.datetime(2026, 6, 28, 18)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = write_company(tmp_path, shop=SHOP.replace("    VERSION\n", ""))
    (made / "shop").mkdir()
    return made


def put(folder: Path, name: str, *rows: str) -> None:
    header = "no,shop,at" if name.startswith("sales") else "id,town,state"
    (folder / "shop" / name).write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def versioned(folder: Path, version: str) -> None:
    (folder / "sources" / "shop.yml").write_text(SHOP.replace("VERSION", version), encoding="utf-8")


def night(folder: Path, number: int) -> Load:
    source, at = load_company(folder).sources["shop"], AT + datetime.timedelta(days=number)
    report = land(
        Home(folder / "var", "small"), source, company_folder=folder, extracted_at=at, latest_moment=at,
        environment={}, on_progress=lambda _: None,
    )  # fmt: skip
    assert report.load and not report.refused
    return report.load


def towns(folder: Path) -> dict[str, str | None]:
    """Map the last load; return the town of each sale in it."""
    home, company = Home(folder / "var", "small"), load_company(folder)
    load = loads(home, "shop")[-1]
    batches = conformed.conform_load(home, company, company.sources["shop"], load, lambda _: None)
    (sold,) = (conformed.file_of(home, batch) for batch in batches if batch.entity == "orders")
    return dict(duckdb.sql(f"select order_id, region from '{sold}'").fetchall())


@pytest.mark.parametrize(
    ("version", "town"), [("", "old"), (BY_FILE, "new"), (BY_ROW, "old")], ids=["as they land", "by file", "no moment"]
)
def test_the_joined_row_is_the_latest_version(folder: Path, version: str, town: str) -> None:
    put(folder, "shops_2026-06-02.csv", "S1,new,open")
    night(folder, 1)
    put(folder, "shops_2026-06-01.csv", "S1,old,open")
    put(folder, "sales_1.csv", "1,S1,2026-06-03")
    night(folder, 2)
    versioned(folder, version)
    assert towns(folder) == {"1": town}


def test_a_deletion_without_a_version_ends_the_joined_row_until_it_is_back(folder: Path) -> None:
    versioned(folder, "version: \"nullif(state, 'gone')\"")
    put(folder, "shops_1.csv", "S1,first,2026-06-05", "S2,kept,2026-06-05")
    night(folder, 1)
    put(folder, "shops_2.csv", "S1,second,2026-06-06", "S1,,gone", "S1,third,2026-06-01")
    put(folder, "sales_1.csv", "1,S1,2026-06-03", "2,S2,2026-06-03", "3,S3,2026-06-03")
    night(folder, 2)
    assert towns(folder) == {"1": "third", "2": "kept", "3": None}


def test_a_joined_row_of_the_future_hides_no_later_one(folder: Path) -> None:
    versioned(folder, "version: state")
    put(folder, "shops_1.csv", "S1,typo,2099-06-01", "S2,all there is,2099-06-01")
    night(folder, 1)
    put(folder, "shops_2.csv", "S1,right,2026-06-01")
    put(folder, "sales_1.csv", "1,S1,2026-06-03", "2,S2,2026-06-03")
    night(folder, 2)
    assert towns(folder) == {"1": "right", "2": "all there is"}


def test_another_version_of_the_joined_table_maps_the_sales_anew(folder: Path) -> None:
    put(folder, "shops_2026-06-02.csv", "S1,new,open")
    put(folder, "sales_1.csv", "1,S1,2026-06-03")
    load = night(folder, 1)
    home = Home(folder / "var", "small")

    def fingerprint() -> str:
        company = load_company(folder)
        found = conformed.expected(home, company, company.sources["shop"], load)
        return next(mark for _, mapping, mark in found if mapping.entity == "orders")

    before = fingerprint()
    versioned(folder, BY_FILE)
    assert fingerprint() != before
