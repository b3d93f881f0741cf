"""What the analyses stand on, as tables in the working file: by hand, or the true rows of a demo world."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import accepted_files as files
import duckdb

from sales_warehouse.demo.generator import Generator
from sales_warehouse.home import Home
from sales_warehouse.sql import literal
from sales_warehouse.transform import PROJECT, child_environment

END = datetime.date(2026, 6, 28)  # a Sunday: the week is over, the month is not
BEGINS = ("+dim_dates", "stg_settings__analyses", "int_purchases_summed+", "int_sales_periods_compared+",
          "int_sales_cells_expected+", "kpi_sales_pivot", "fct_line_returns", "int_return_cohorts_counted",
          "kpi_return_rates", "int_segments_contributed+")  # fmt: skip
TABLES = {
    "marts.fct_order_lines": "order_key varchar, line_number bigint, customer_key varchar, product_key varchar, "
    "region_key varchar, channel varchar, rep_key varchar, order_date date, paid_date date, "
    "is_paid_by_status boolean, quantity bigint, gross_amount decimal(18, 4), "
    "discount_amount decimal(18, 4), net_amount decimal(18, 4), is_cancelled boolean",
    "marts.fct_returns": "return_key varchar, order_key varchar, line_number bigint, customer_key varchar, "
    "product_key varchar, region_key varchar, channel varchar, rep_key varchar, return_date date, quantity bigint, "
    "refund_amount decimal(18, 4), is_cancelled boolean",
    "intermediate.int_orders_keyed": "order_key varchar, customer_key varchar, opportunity_key varchar, "
    "order_date date, is_cancelled boolean",
    "marts.fct_sales_daily": "sales_date date, region_key varchar, channel varchar, rep_key varchar, "
    "product_line varchar, category varchar, net_sales_amount decimal(18, 4), order_count bigint, unit_count bigint",
    "marts.dim_products": "product_key varchar, product_name varchar, product_line varchar, category varchar, "
    "price_band varchar, traits varchar, is_deleted boolean",
    "marts.dim_customers": "customer_key varchar, region_key varchar, industry varchar, size_band varchar, "
    "is_addressable boolean, is_deleted boolean",
    "marts.dim_regions": "region_key varchar, region_level varchar",
    "marts.dim_segments": "segment_id varchar, segment_type varchar, segment_name_en varchar, segment_name_zh varchar",
    "marts.fct_segment_members": "segment_id varchar, customer_key varchar, is_current boolean",
}


def write(home: Home, rows: Mapping[str, str]) -> None:
    """Write the tables; `rows` is SQL by the name of a table, whose columns may be fewer, and others are null."""
    files.write_empty_company(home)
    files.write_calendar(home, datetime.date(2024, 1, 1), datetime.date(2026, 12, 31))
    home.warehouse.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        for schema in ("marts", "intermediate"):
            connection.execute(f"create schema {schema}")
        for table, columns in TABLES.items():
            connection.execute(f"create table {table} ({columns})")
        for table, query in rows.items():
            connection.execute(f"insert into {table} by name {query}")


def run(home: Home, select: tuple[str, ...]) -> None:
    """Run models on the tables that are there, as of END."""
    given = {
        "business_date": f"{END}", "as_of": f"{END} 18:00:00", "time_zone": "Asia/Shanghai", "currency": "CNY",
        "pending_loads": [], "identity_batch": 0,
    }  # fmt: skip
    project = home.warehouse / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", "lint"))
    home.tmp.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "sales_warehouse.dbt_child", str(os.getpid()), "--no-use-colors",
         "--log-path", "../logs", "run", "--select", *select, "--project-dir", ".", "--profiles-dir", ".",
         "--target-path", "../target", "--vars", json.dumps(given)],
        cwd=project, env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


PRODUCTS = """
    select '{source}:' || {number} as product_key, product as product_name, product_line, category, price_band, traits,
        false as is_deleted
    from products
"""
MOVED = """
    select '{source}:' || order_id as order_key, line_no as line_number, 'K' || company_key as customer_key,
        '{source}:' || {product} as product_key, l.region as region_key, '{source}' as channel, 'r' as rep_key,
        ordered_at::date as order_date, quantity, price * quantity as gross_amount, discount as discount_amount,
        net as net_amount, is_cancelled
    from {lines} as l join (select distinct {account}, company_key from accounts) as a using ({account})
    where ordered_at < timestamp '{after}'
"""
RETURNED = """
    select {number} as return_key, '{source}:' || l.order_id as order_key, l.line_no as line_number,
        'K' || company_key as customer_key, '{source}:' || {product} as product_key, l.region as region_key,
        '{source}' as channel, 'r' as rep_key, r._at::date as return_date, {quantity}::bigint as quantity,
        {refund}::decimal(18, 4) as refund_amount, false as is_cancelled
    from {rows} as r join {lines} as l on l.line_key = r._key
    join (select distinct {account}, company_key from accounts) as a using ({account})
    where r._at < timestamp '{after}'
"""
ORDERED = """
    select '{source}:' || order_id as order_key, 'K' || company_key as customer_key, {deal} as opportunity_key,
        ordered_at::date as order_date, is_cancelled
    from {orders} join (select distinct {account}, company_key from accounts) as a using ({account})
    where ordered_at < timestamp '{after}'
"""
SHOP = {"source": "shop", "product": "sku", "lines": "shop_lines", "account": "account_key", "rows": "rows_refunds",
        "number": "refund_no", "quantity": "qty", "refund": "replace(amount[2:], ',', '')", "orders": "shop_orders",
        "deal": "null", "after": END + datetime.timedelta(days=1)}  # fmt: skip
CRM = {"source": "crm", "product": "product_id", "lines": "field_lines", "account": "crm_id", "rows": "rows_t_th",
       "number": "thbh", "quantity": "sl", "refund": "tkje", "orders": "field_orders", "deal": "'crm:' || deal_id",
       "after": END + datetime.timedelta(days=1)}  # fmt: skip


def rows_of(made: Generator, folder: Path) -> dict[str, str]:
    """Write the true rows of a world as files; return what `write` reads them by.

    A company is one customer, wherever it buys; only the CRM knows how large it is.
    """

    def both(text: str) -> str:
        return " union all ".join(text.format(**system) for system in (SHOP, CRM))

    customers = """
        select 'K' || company_key as customer_key, any_value(region) as region_key, any_value(industry) as industry,
            any_value(size_band) filter (crm_id is not null) as size_band, true as is_addressable, false as is_deleted
        from accounts where crm_id is not null or member_id is not null group by company_key
    """
    queries = {
        "marts.fct_order_lines": both(MOVED),
        "marts.fct_returns": both(RETURNED),
        "intermediate.int_orders_keyed": both(ORDERED),
        "marts.dim_products": " union all ".join(
            PRODUCTS.format(source=source, number=number) for source, number in (("shop", "sku"), ("crm", "crm_id"))
        ),
        "marts.dim_customers": customers,
        "marts.dim_regions": "select distinct region as region_key, 'region' as region_level from regions "
        "union all select '港澳台', 'region'",
    }
    found = {}
    for table, query in queries.items():
        file = literal(str(folder / f"{table}.parquet"))
        made.connection.execute(f"copy ({query}) to {file} (format parquet)")
        found[table] = f"select * from {file}"
    return found
