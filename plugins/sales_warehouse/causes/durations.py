"""The durations behind a metric that is a median: the rows it is taken from, with their cuts, in two periods.

What is looked in is said here for each of these metrics, because what still waits is no aggregate of rows and the
registry cannot say it. Durations are whole numbers of a millionth of their unit, so that nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from sales_warehouse.causes.measured import UNKNOWN, Span
from sales_warehouse.causes.medians import TICKS, Rows
from sales_warehouse.causes.table import coded
from sales_warehouse.sql import ident, literal


@dataclass(frozen=True)
class Waited:
    """Rows of how long something took. `tables` are what they are read from; `ended` is empty where everything ended,
    and the median is then the one between the two middle rows; else it is that of Kaplan and Meier."""

    tables: tuple[str, ...]
    relation: str
    day: str
    duration: str
    ended: str
    cuts: Mapping[str, str]


_CUSTOMER = "left join dim_customers as customers on waited.customer_key = customers.customer_key"
# A lead or a deal is cut by the region that its own metrics have it in: a lead by its seller's, a deal by its own.
WAITED: Mapping[str, Waited] = {
    "lead_first_response_hours": Waited(
        ("fct_lead_responses", "fct_leads", "dim_sales_reps", "dim_customers"),
        "fct_lead_responses as waited "
        "join fct_leads as leads on waited.lead_key = leads.lead_key "
        "join dim_sales_reps as reps on waited.rep_key = reps.rep_key "
        "left join dim_customers as customers on leads.customer_key = customers.customer_key",
        "waited.created_date", "waited.waited_hours", "waited.is_answered",
        {
            "region": "reps.region_key", "channel": "waited.channel", "source": "leads.source",
            "industry": "customers.industry", "team": "waited.team", "rep": "waited.rep_key",
        },
    ),
    "win_cycle_days": Waited(
        ("fct_opportunities", "fct_leads", "dim_sales_reps", "dim_customers"),
        "(select * from fct_opportunities where opportunity_status = 'won') as waited "
        "join dim_sales_reps as reps on waited.owner_rep_key = reps.rep_key "
        f"left join fct_leads as leads on waited.lead_key = leads.lead_key {_CUSTOMER}",
        "waited.closed_date", "waited.win_cycle_days", "",
        {
            "region": "waited.region_key", "product_line": "waited.product_line", "channel": "leads.channel",
            "source": "leads.source", "industry": "customers.industry", "team": "reps.team",
            "manager": "reps.manager_rep_key", "rep": "waited.owner_rep_key",
        },
    ),
    "first_order_cycle_days": Waited(
        ("fct_first_orders", "dim_customers"),
        f"fct_first_orders as waited {_CUSTOMER}",
        "waited.first_date", "waited.waited_days", "waited.is_bought",
        {"region": "waited.region_key", "channel": "waited.channel", "industry": "customers.industry"},
    ),
    "repurchase_cycle_days": Waited(
        ("fct_repurchase_gaps", "dim_customers"),
        f"fct_repurchase_gaps as waited {_CUSTOMER}",
        "waited.order_date", "waited.gap_days", "waited.is_ended",
        {
            "product_line": "waited.product_line", "region": "customers.region_key",
            "industry": "customers.industry",
        },
    ),
}  # fmt: skip


def read_rows(
    db: duckdb.DuckDBPyConnection,
    waited: Waited,
    attributes: Sequence[str],
    spans: tuple[Span, Span],
    scope: Mapping[str, str],
) -> Rows:
    """Read the durations of two periods (the later one first), within `scope` (dimension → member).

    Rows that are alike in everything are one with a weight. Members come in the order of their text, rows in that of
    their durations, so that nothing depends on the order of tables.
    """
    cuts = "".join(f", coalesce({waited.cuts[name]}, {literal(UNKNOWN)}) as {ident(name)}" for name in attributes)
    within = "".join(
        f" and coalesce({waited.cuts[name]}, {literal(UNKNOWN)}) = {literal(member)}" for name, member in scope.items()
    )
    sides = " union all ".join(
        f"select {is_after} as is_after, cast({waited.duration} * {TICKS} as bigint) as ticks, "
        f"{waited.ended or 'true'} as is_ended{cuts} from {waited.relation} "
        f"where {waited.day} between {literal(span.starts_on)} and {literal(span.ends_on)} "
        f"and {waited.duration} is not null{within}"
        for is_after, span in zip(("true", "false"), spans, strict=True)
    )
    named = ", ".join(["ticks", "is_ended", "is_after", *map(ident, attributes)])
    found = db.execute(f"select {named}, count(*) as weight from ({sides}) group by all order by all").to_arrow_table()
    columns = [coded(found.column(name)) for name in attributes]
    return Rows(
        attributes=tuple(attributes),
        members=tuple(members for members, _ in columns),
        codes=np.stack([codes for _, codes in columns], axis=1) if columns else np.empty((found.num_rows, 0), np.int64),
        ticks=found.column("ticks").to_numpy(),
        is_ended=found.column("is_ended").to_numpy(),
        is_after=found.column("is_after").to_numpy(),
        count=found.column("weight").to_numpy().astype(float),
        is_plain=not waited.ended,
    )
