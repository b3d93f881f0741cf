from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import customer_marts
import duckdb
import pytest

from sales_warehouse.customer import opened
from sales_warehouse.home import Home

COMPANY = {
    "company.yml": "company_id: tiny\nname: {en: Tiny, zh: 小公司}\ncurrency: CNY\ntime_zone: Asia/Shanghai\n"
    "country: CN\nlanguage: zh\n",
    "lifecycle.yml": "tiers: [{tier: A, name: {en: Everybody, zh: 全部}}]\n",
    "sources/shop.yml": """
source: shop
label: {en: Shop, zh: 商城}
owner: data
expected_within_hours: 36
connection: {type: files, path: "${SOURCE_DATA}/shop"}
tables: {customers: {files: "*.csv", format: csv, columns: [id, name]}}
mappings: [{entity: customers, from: customers, columns: {customer_id: id, name: name}}]
""",
}


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company that speaks Chinese."""
    folder = tmp_path_factory.mktemp("company")
    (folder / "sources").mkdir()
    for name, text in COMPANY.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A company that has published a handful of customers."""
    home = Home(tmp_path_factory.mktemp("var"), "tiny")
    customer_marts.write(home)
    return home


@pytest.fixture
def published(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with opened(home) as connection:
        yield connection
