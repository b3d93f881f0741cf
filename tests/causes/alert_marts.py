"""A company small enough to be worked out by hand, with the marts that causes and events of alerts are read from."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal

import duckdb

from sales_warehouse.causes.questions import Question

MONDAY = datetime.date(2026, 6, 22)
WEEKS = 30  # up to that of MONDAY
SCHEMA = """
create table dim_regions as from (values ('east', 'East', '华东'), ('north', 'North', '华北'),
    ('south', 'South', '华南'), ('west', 'West', '西部')) as t(region_key, region_name_en, region_name_zh);
create table dim_channels as from (values ('shop', 'Shop', '门店'), ('web', 'Online', '线上'))
    as t(channel, channel_name_en, channel_name_zh);
create table dim_products as select *, category as product_name, 'low' as price_band from (values
    ('p1', 'milk', 'powder'), ('p2', 'milk', 'drink'), ('p3', 'care', 'cream'), ('p4', 'care', 'soap')
) as t(product_key, product_line, category);
create table dim_sales_reps (rep_key varchar, rep_name varchar, team varchar, department varchar, region_key varchar,
    manager_rep_key varchar);
create table dim_customers (customer_key varchar, customer_name varchar, industry varchar, size_band varchar,
    tier varchar, region_key varchar);
create table dim_dealers (dealer_key varchar, dealer_name varchar, dealer_tier varchar, region_key varchar);
create table dim_market_events (market_event_key varchar, event_type varchar, actor varchar, region_key varchar,
    category varchar, product_line varchar, starts_date date, ends_date date, description varchar);
create table fct_sales_daily (sales_date date, region_key varchar, channel varchar, rep_key varchar,
    product_line varchar, category varchar, net_sales_amount decimal(18, 4));
create table fct_order_lines (order_key varchar, line_number bigint, order_date date, region_key varchar,
    channel varchar, rep_key varchar, customer_key varchar, dealer_key varchar, product_key varchar, quantity bigint,
    unit_price_amount decimal(18, 4), is_cancelled boolean, order_id varchar, net_amount decimal(18, 4), paid_date date,
    order_status varchar, is_paid_by_status boolean);
create table fct_line_returns (order_key varchar, line_number bigint, returned_quantity bigint,
    counted_quantity bigint);
create table fct_opportunities (opportunity_key varchar, closed_date date, created_date date, region_key varchar,
    owner_rep_key varchar, product_line varchar, customer_key varchar, opportunity_status varchar,
    amount decimal(18, 4));
create table fct_dealer_stock_days (dealer_key varchar, product_key varchar, stock_date date, until_date date,
    closing_units bigint, last_counted_date date);
create table int_sales_reps_employed (rep_key varchar, region_key varchar, fte decimal(18, 4), from_date date,
    until_date date, is_selling boolean);
"""
# Every region sells 1000 of each category in every channel on a Wednesday, a little more or less, week by week.
SALES = """
insert into fct_sales_daily
select date '{monday}' + 2 - 7 * cast(week as integer), region_key, channel, 'r', product_line, category,
    cast(1000 + (week * 7 + place * 13 + len(channel) * 5 + len(region_key)) % 11 as decimal(18, 4))
from range({weeks}) as weeks(week), dim_regions, dim_channels,
    (select product_line, category, row_number() over (order by product_key) as place from dim_products)
"""


def company() -> duckdb.DuckDBPyConnection:
    """Return a connection with the marts, of which sales alone have rows: nothing happened in any week."""
    db = duckdb.connect()
    db.execute(SCHEMA)
    db.execute(SALES.format(monday=MONDAY, weeks=WEEKS))
    return db


def falls(db: duckdb.DuckDBPyConnection, where: str, factor: str) -> None:
    """In the last week these cells sold so many times as much."""
    db.execute(
        f"update fct_sales_daily set net_sales_amount = net_sales_amount * {factor} "
        f"where sales_date >= date '{MONDAY}' and {where}"
    )


def event(db: duckdb.DuckDBPyConnection, key: str, **said: object) -> None:
    """A competitor's promotion of powder in the east in the last week, but for what is said otherwise."""
    row = {
        "market_event_key": key, "event_type": "buy_one_get_one", "actor": "competitor", "region_key": "east",
        "category": "powder", "product_line": "all", "starts_date": MONDAY,
        "ends_date": MONDAY + datetime.timedelta(days=6), "description": "one for one",
    } | said  # fmt: skip
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    db.execute(f"insert into dim_market_events ({names}) values ({marks})", list(row.values()))


def net_sales_of(db: duckdb.DuckDBPyConnection, dimension: str, member: str, key: str = "") -> Question:
    """The alert on net sales of a member, last week beside the one before."""
    column = {"region": "region_key", "total": "'total'"}.get(dimension, dimension)
    week = datetime.timedelta(weeks=1)
    values = [
        db.execute(
            f"select coalesce(sum(net_sales_amount), 0) from fct_sales_daily "
            f"where sales_date >= ? and sales_date < ? and {column} = ?",
            [start, start + week, member],
        ).fetchone()[0]  # type: ignore[index]
        for start in (MONDAY, MONDAY - week)
    ]
    return asked("net_sales", values, key or f"{dimension}|{member}", dimension, member)


def asked(
    metric: str,
    values: Iterable[Decimal | str | int],
    key: str = "alert",
    dimension: str = "total",
    member: str = "total",
    *,
    days: int = 7,
) -> Question:
    """An alert on a metric: last week, or so many days from MONDAY, beside as many before."""
    value, compared = (Decimal(each).quantize(Decimal("0.00000001")) for each in values)
    length = datetime.timedelta(days=days)
    one = datetime.timedelta(days=1)
    return Question(
        key, "critical", metric, dimension, member, MONDAY, MONDAY + length - one,
        "fall" if value < compared else "rise", MONDAY - length, MONDAY - one, value, compared,
    )  # fmt: skip
