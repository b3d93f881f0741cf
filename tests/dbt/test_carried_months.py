"""Models that carry months give, after any nights, what they give when everything is made at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import pytest
from lone_models import carry, on, rows_of

OWN, QUARTER = "forget_months()", "forget_months('quarter_fingerprint')"
YEAR, LAST = "forget_months('year_fingerprint')", "forget_months('year_fingerprint', 13)"
CARRIED = {
    "int_sales_days_summed": OWN,
    "int_order_days_bought": OWN,
    "int_buyers_counted": QUARTER,
    "int_customer_shares": YEAR,
    "int_repurchases_counted": YEAR,
    "int_repurchase_windows": LAST,
    "int_repurchase_ends_summed": LAST,
}
BETWEEN = {"int_order_days_bought": ["fct_repurchase_gaps"]}  # made anew after a model and read by the next ones
FIRST = date(2024, 2, 20)


@pytest.fixture
def company() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("""
            create table fct_order_lines (
                order_key varchar, line_number bigint, customer_key varchar, product_key varchar, region_key varchar,
                channel varchar, rep_key varchar, order_date date, paid_date date, is_paid_by_status boolean,
                quantity bigint, gross_amount decimal(18, 4), discount_amount decimal(18, 4), net_amount decimal(18, 4),
                is_cancelled boolean
            );
            create table fct_returns (
                return_key varchar, customer_key varchar, product_key varchar, region_key varchar, channel varchar,
                rep_key varchar, return_date date, refund_amount decimal(18, 4), is_cancelled boolean
            );
            create table dim_products (product_key varchar, product_line varchar, category varchar, price_band varchar);
            create table dim_dates as
            select d::date as date_day, date_trunc('month', d)::date as month_start_date
            from range(timestamp '2023-12-01', timestamp '2027-12-31', interval 1 day) t(d);
        """)
        yield connection


def night(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple]]:
    """Make the months and all that carries them; return the rows of each model."""
    rows_of(connection, "int_sales_months", "*")
    for model, hook in CARRIED.items():
        carry(connection, model, hook)
        for after in BETWEEN.get(model, []):
            rows_of(connection, after, "*")
    return {model: connection.execute(f"from {model} order by all").fetchall() for model in CARRIED}


def anew(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple]]:
    """What the same night gives that has nothing from before; what was carried stays as it is."""
    for model in CARRIED:
        connection.execute(f"alter table {model} rename to kept_{model}")
    found = night(connection)
    for model in CARRIED:
        connection.execute(f"drop table {model}; alter table kept_{model} rename to {model}")
    return found


def test_a_quarter_is_there_whose_first_month_has_no_facts(company: duckdb.DuckDBPyConnection) -> None:
    company.execute("insert into dim_products values ('p', 'L', 'c', 'h')")
    give_lines(company, random.Random(0), 20, FIRST)
    with on(str(FIRST)):
        night(company)
    periods = "select period_grain, period_start_date from int_buyers_counted where dimension_name = 'total' order by 1"
    assert company.execute(periods).fetchall() == [("month", date(2024, 2, 1)), ("quarter", date(2024, 1, 1))]
    months = (
        "select month_start_date, has_year_facts from int_sales_months order by 1"  # or it would be due every night
    )
    assert company.execute(months).fetchall() == [(date(2024, 1, 1), False), (date(2024, 2, 1), True)]


def give_lines(connection: duckdb.DuckDBPyConnection, chance: random.Random, count: int, today: date) -> None:
    """Lines of a few customers and products up to a day after today; some are paid later, some never."""
    for _ in range(count):
        day = FIRST + timedelta(days=chance.randint(0, (today - FIRST).days + 1))
        paid = chance.choice([None, day, day, day + timedelta(days=chance.randint(1, 90))])
        amount = chance.choice([10, 25, 99])
        connection.execute(
            "insert into fct_order_lines values (?, 1, ?, ?, ?, 'web', 'r', ?, ?, ?, 1, ?, 0, ?, false)",
            [
                f"o{chance.randint(0, 10**9)}", chance.choice([*"abcdef", "unknown"]), chance.choice("pqr"),
                chance.choice("NS"), day, paid, chance.random() < 0.5, amount, amount,
            ],
        )  # fmt: skip


def change(connection: duckdb.DuckDBPyConnection, chance: random.Random, today: date) -> None:
    """One of the things that a night may bring."""
    picked = f"select order_key from fct_order_lines order by hash(order_key || '{chance.random()}') limit 2"
    some = f"order_key in ({picked})"
    day = FIRST + timedelta(days=chance.randint(0, (today - FIRST).days))
    connection.execute(chance.choice([
        f"update fct_order_lines set is_cancelled = not is_cancelled where {some}",
        f"update fct_order_lines set order_date = date '{day}' where {some}",
        f"update fct_order_lines set customer_key = 'a' where {some}",
        f"update fct_order_lines set customer_key = 'b' where customer_key = '{chance.choice('cdef')}'",
        f"delete from fct_order_lines where {some}",
        f"delete from fct_order_lines where date_trunc('month', order_date) = date_trunc('month', date '{day}')",
        f"update fct_order_lines set net_amount = net_amount + 1, gross_amount = gross_amount + 1 where {some}",
        f"update dim_products set product_line = '{chance.choice('LM')}' where product_key = '{chance.choice('pqr')}'",
        f"update dim_products set price_band = '{chance.choice('hl')}' where product_key = '{chance.choice('pqr')}'",
        "insert into fct_returns select order_key, customer_key, product_key, region_key, channel, rep_key, "
        f"date '{day}', 5, false from fct_order_lines where {some}",
        "insert into fct_returns select order_key || 'x', customer_key, product_key, region_key, channel, rep_key, "
        f"null, 7, false from fct_order_lines where {some}",
        "delete from fct_returns where hash(return_key) % 2 = 0",
    ]))  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_nights_give_what_everything_at_once_gives(company: duckdb.DuckDBPyConnection, seed: int) -> None:
    chance = random.Random(seed)
    company.execute("insert into dim_products values ('p', 'L', 'c', 'h'), ('q', 'L', 'd', 'l'), ('r', 'M', 'd', 'h')")
    today = date(2025, 11, 25) + timedelta(days=chance.randint(0, 10))
    give_lines(company, chance, 150, today)
    for _ in range(6):
        with on(str(today)):
            found = night(company)
            assert found["int_customer_shares"] and found["int_repurchase_windows"]
            assert found == anew(company)
        today += timedelta(days=chance.choice([0, 1, 1, 2, 30, 100]))
        give_lines(company, chance, chance.choice([0, 0, 3]), today)
        for _ in range(chance.randint(0, 3)):
            change(company, chance, today)
