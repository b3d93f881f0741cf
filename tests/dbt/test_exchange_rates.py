"""Amounts of another currency are converted by the whole rate that the company gives."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
import pytest
from macros import rendered
from written_company import COMPANY, files_source, write_company

from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import write_settings

RATES = "exchange_rates: {VND: 0.0000379579, EUR: 1.0875, BHD: 26345.1}\n"
SHOP = """\
tables: {orders: {files: "*.csv", format: csv, columns: [no]}}
mappings: [{entity: orders, from: orders, columns: {order_id: no}}]
"""
TODAY = datetime.date(2026, 3, 10)


@pytest.mark.parametrize(
    ("currency", "amount", "converted"),
    [("VND", "10000000000", "379579.0000"), ("EUR", "9.99", "10.8641"), ("BHD", "0.05", "1317.2550")],
    ids=["a rate of five digits after four noughts", "a rate of four decimals", "a large rate"],
)
def test_no_digit_of_a_rate_is_lost(tmp_path: Path, currency: str, amount: str, converted: str) -> None:
    write_company(tmp_path, shop=files_source("shop", SHOP))
    (tmp_path / "company.yml").write_text(COMPANY + RATES, encoding="utf-8")
    home = Home(tmp_path, "small")
    moment = datetime.datetime(2026, 3, 11)
    write_settings(home, load_company(tmp_path), as_of=moment, business_date=TODAY, first_date=TODAY)
    rates = duckdb.read_parquet(str(home.settings / "exchange_rates.parquet"))
    money = rendered(
        f"select {{{{ converted('{amount}', 'rate') }}}}::varchar from rates where currency = '{currency}'"
    )
    assert rates.query("rates", money).fetchall() == [(converted,)]
