"""Seconds of the processor for causes and events of many alerts, on drawn sales: alerts_around.py ROWS ALERTS"""

from __future__ import annotations

import datetime
import sys
import time
from decimal import Decimal

import duckdb

from sales_warehouse.causes.alerts import explain_alerts
from sales_warehouse.causes.events import events_around
from sales_warehouse.causes.footprint import Cell
from sales_warehouse.causes.questions import Question

MONDAY = datetime.date(2026, 6, 22)
SALES = """
create table fct_sales_daily as
select date '2026-06-28' - cast(floor(random() * 730) as integer) as sales_date,
    'R' || floor(random() * 7)::int as region_key, 'C' || floor(random() * 6)::int as channel, 'r' as rep_key,
    'L' || (k % 5)::int as product_line, 'K' || k::int as category, cast(100 + 100 * random() as decimal(18, 4))
        as net_sales_amount
from (select floor(random() * 30)::int as k from range({rows}))
"""
MARTS = """
create table dim_regions as select distinct region_key, region_key as region_name_en, region_key as region_name_zh
from fct_sales_daily;
create table dim_channels as select distinct channel, channel as channel_name_en, channel as channel_name_zh
from fct_sales_daily;
create table dim_products as select distinct category as product_key, product_line, category from fct_sales_daily;
create table dim_dealers (dealer_key varchar, region_key varchar);
create table dim_market_events as
select 'm' || n as market_event_key, 'offer' as event_type, 'competitor' as actor, 'R' || n % 7 as region_key,
    'K' || n % 30 as category, 'all' as product_line, date '2026-06-28' - (n * 3)::int as starts_date,
    date '2026-06-28' - (n * 3)::int + 6 as ends_date, 'x' as description
from range(200) as t(n);
create table fct_order_lines as
select sales_date as order_date, region_key, channel, category as product_key, 'o' as order_key,
    'K' || rep_key as customer_key, 1 as quantity,
    net_sales_amount as unit_price_amount, false as is_cancelled
from fct_sales_daily;
create table fct_dealer_stock_days (dealer_key varchar, product_key varchar, stock_date date, until_date date,
    closing_units bigint, last_counted_date date);
create table int_sales_reps_employed (rep_key varchar, region_key varchar, fte decimal(18, 4), from_date date,
    until_date date, is_selling boolean);
"""


def questions(db: duckdb.DuckDBPyConnection, count: int) -> list[Question]:
    """So many alerts, each on another week or member."""
    week, day, asked = datetime.timedelta(weeks=1), datetime.timedelta(days=1), []
    members = [("total", "total"), *(("region", f"R{n}") for n in range(7)), *(("channel", f"C{n}") for n in range(6))]
    for number in range(count):
        dimension, member = members[number % len(members)]
        start = MONDAY - week * (number // len(members))
        column = {"region": "region_key", "total": "'total'"}.get(dimension, dimension)
        query = f"select sum(net_sales_amount) from fct_sales_daily where sales_date between ? and ? and {column} = ?"
        sums = [db.execute(query, [from_, from_ + 6 * day, member]).fetchall()[0][0] for from_ in (start, start - week)]
        values = [Decimal(each).quantize(Decimal("0.00000001")) for each in sums]
        asked.append(
            Question(f"a{number}", "critical", "net_sales", dimension, member, start, start + 6 * day,
                     "fall" if values[0] < values[1] else "rise", start - week, start - day, *values)
        )  # fmt: skip
    return asked


def main(rows: int, alerts: int) -> None:
    with duckdb.connect() as db:
        db.execute("select setseed(0.5)")
        db.execute(SALES.format(rows=rows))
        db.execute(MARTS)
        asked = questions(db, alerts)
        started = time.process_time()
        found = list(explain_alerts(db, asked, "CNY"))
        explained = time.process_time()
        cells: dict[str, list[tuple[int, Cell]]] = {}
        events = list(events_around(db, asked, cells, "CNY"))
        ended = time.process_time()
        print(
            f"{rows:,} rows of daily sales, {alerts} alerts: causes {explained - started:.1f} s ({len(found)} rows), ",
            end="",
        )
        print(f"events {ended - explained:.1f} s ({len(events)} rows)")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
