"""Everything that is published of one customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from sales_warehouse.sql import rows_of

Row = dict[str, Any]

PAGE_EVENTS = 100
MOST_ROWS = 200  # of each list but the events


@dataclass(frozen=True)
class Events:
    """A part of a timeline, the newest first; `total` is how many events there are of the kind that was asked for."""

    rows: list[Row]
    total: int
    offset: int

    @property
    def previous(self) -> int:
        """The offset of the part before."""
        return max(0, self.offset - PAGE_EVENTS)

    @property
    def following(self) -> int | None:
        """The offset of the next part, None after the last."""
        after = self.offset + len(self.rows)
        return after if after < self.total else None


@dataclass(frozen=True)
class Account:
    """One customer: who it is, its records in the systems, people, open deals, 24 months, and events.

    Times are UTC, amounts are Decimals in the reporting currency. `counts` is events by type; `totals` is how many
    records, contacts and deals there are, of which the first MOST_ROWS are told.
    """

    customer: Row
    records: list[Row]
    contacts: list[Row]
    deals: list[Row]
    months: list[Row]
    counts: dict[str, int]
    totals: dict[str, int]
    events: Events


_CUSTOMER = """
    select customers.*, regions.region_name_en, regions.region_name_zh, provinces.region_name_en as province_name_en,
        provinces.region_name_zh as province_name_zh, reps.rep_name as owner_name
    from dim_customers as customers
    left join dim_regions as regions on customers.region_key = regions.region_key
    left join dim_regions as provinces on customers.province_key = provinces.region_key
    left join dim_sales_reps as reps on customers.owner_rep_key = reps.rep_key
    where customers.customer_key = $key"""
_LISTS = {
    "records": """
    select source, customer_id, customer_name, match_rule, probability_rate, is_deleted,
        count(*) over () as total
    from dim_customer_records where customer_key = $key order by source, customer_id""",
    "contacts": """
    select contact_key, contact_name, title, contact_role, is_employed, touch_count, last_touch_at, last_touch_type,
        last_touch_channel, count(*) over () as total
    from fct_customer_contacts where customer_key = $key and not is_deleted
    order by array_position(['decision_maker', 'influencer', 'user', 'gatekeeper', 'unknown'], contact_role),
        last_touch_at desc nulls last, contact_key""",
    "deals": """
    select opportunity_key, product_line, amount, created_date, expected_close_date, contact_count, missing_roles,
        is_decision_maker_missing, is_decision_maker_untouched, last_touch_at, count(*) over () as total
    from fct_deal_chains where customer_key = $key and opportunity_status = 'open'
    order by amount desc, opportunity_key""",
}
TREND = """
    select month_start_date, net_sales_amount, returns_amount, order_count, previous_year_net_sales_amount,
        previous_year_order_count, is_whole_month
    from fct_customer_months where customer_key = $key order by month_start_date"""
_COUNTS = (
    "select event_type, count(*) from fct_customer_timeline where customer_key = $key group by 1 order by 2 desc, 1"
)
_EVENTS = """
    select events.* exclude (customer_key, event_key, outcome), channels.channel_name_en, channels.channel_name_zh
    from (
        from fct_customer_timeline where customer_key = $key and {of_type}
        order by happened_at desc nulls last, event_key desc limit $limit offset $offset
    ) as events
    left join dim_channels as channels on events.channel = channels.channel
    order by events.happened_at desc nulls last, events.event_key desc"""


def read_account(
    connection: duckdb.DuckDBPyConnection,
    customer_key: str,
    *,
    event_type: str | None = None,
    offset: int = 0,
    limit: int = PAGE_EVENTS,
) -> Account | None:
    """Return a customer, None where there is none of this key.

    `limit` of its events from `offset` on, of one type or of all.
    """
    found = _rows(connection, _CUSTOMER, key=customer_key)
    if not found:
        return None
    counts = dict(connection.execute(_COUNTS, {"key": customer_key}).fetchall())
    part = {"key": customer_key, "limit": limit, "offset": offset} | ({"type": event_type} if event_type else {})
    events = _rows(connection, _EVENTS.format(of_type="event_type = $type" if event_type else "true"), **part)
    total = counts.get(event_type, 0) if event_type else sum(counts.values())
    lists = {name: _rows(connection, f"{query} limit {MOST_ROWS}", key=customer_key) for name, query in _LISTS.items()}
    totals = {name: max([row.pop("total") for row in rows], default=0) for name, rows in lists.items()}
    return Account(
        customer=found[0],
        records=lists["records"],
        contacts=lists["contacts"],
        deals=lists["deals"],
        totals=totals,
        months=_rows(connection, TREND, key=customer_key),
        counts=counts,
        events=Events(events, total, offset),
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str, **parameters: object) -> list[Row]:
    return rows_of(connection, query, parameters)
