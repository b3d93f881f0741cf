"""What each customer is expected to buy in twelve months; no rows where too few of the company's came back."""

import numpy as np
import pyarrow as pa

from sales_warehouse.lifetime_value import Purchases, lifetime_values


def model(dbt, session):
    dbt.config(materialized="table")
    customers = (
        dbt.ref("int_customer_purchases")
        .query(
            "purchases",
            """
        select
            customer_key,
            order_day_count - 1 as repeats,
            bought_days / 7.0 as last_weeks,
            seen_days / 7.0 as seen_weeks,
            mean_order_amount
        from purchases
        order by customer_key
    """,
        )
        .fetchnumpy()
    )
    told = ("repeats", "last_weeks", "seen_weeks", "mean_order_amount")
    purchases = Purchases(*(np.asarray(customers[name], dtype=float) for name in told))
    expected = lifetime_values(purchases, dbt.config.get("annual_discount_rate"))
    keys = customers["customer_key"] if expected else []
    columns = (expected.purchases, expected.amount, expected.value) if expected else ([], [], [])
    names = ("expected_order_count", "expected_order_amount", "expected_amount")
    return pa.table(
        {"customer_key": pa.array(keys, pa.string())}
        | {name: pa.array(column, pa.float64()) for name, column in zip(names, columns, strict=True)}
    )
