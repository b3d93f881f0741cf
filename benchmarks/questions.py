"""Twenty questions of every day, asked of the published marts and of the rows as they came, with both times.

`python benchmarks/questions.py --lines 1000000` makes the company of customer_360.py, lets dbt build and publish its
marts, and asks each question both ways: once as somebody who has the marts writes it, once as somebody who has the
accepted Parquet files alone has to. Both have to give the same rows, else it ends with 1. Times are medians;
neither way starts cold.
"""

from __future__ import annotations

import math
import os
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from customer_360 import DAY, LOAD, SOURCE, build, make
from measured import machine

from sales_warehouse import settings, sql
from sales_warehouse.contracts import load_contracts
from sales_warehouse.customer import opened
from sales_warehouse.home import Home
from sales_warehouse.sql import ident, literal

LEAST_SAVED = 0.4  # of the time that the raw rows take
Rows = list[tuple]


@dataclass(frozen=True)
class Question:
    """What somebody wants to know, asked of the marts and of the raw rows: the same rows in the same order."""

    asks: str
    of_marts: str
    of_raw: str


@dataclass(frozen=True)
class Answer:
    """Milliseconds of both ways, and whether they said the same."""

    question: Question
    marts_ms: float
    raw_ms: float
    is_same: bool

    @property
    def saved(self) -> float:
        return 1 - self.marts_ms / self.raw_ms


def kpi(metric: str, grain: str, dimension: str = "total", since: str = "2024-07-01") -> str:
    """A question to kpi_values: period, member and value."""
    member = "" if dimension == "total" else "dimension_value, "
    return f"""select period_start_date, {member}value from kpi_values where metric_id = '{metric}'
        and period_grain = '{grain}' and dimension_name = '{dimension}' and period_start_date >= date '{since}'
        order by all"""


# The words that come back in every question to the raw rows. An analyst has them in a file of his own and pastes them.
DAY_OF = "cast({} + interval 8 hour as date)"
BUSINESS_DATE = f"date '{DAY}'"
SOLD = f"""sold as (
    select o.order_id, o.customer_id, o.owner_rep_id, o.region, o.channel, l.line_number, l.product_id, l.quantity,
        {DAY_OF.format("o.ordered_at")} as day, l.quantity * l.unit_price_amount - l.discount_amount as amount
    from order_lines as l join orders as o using (order_id)
    where o.status <> 'cancelled' and {DAY_OF.format("o.ordered_at")} <= {BUSINESS_DATE}
)"""
MOVED = f"""{SOLD},
moved as (
    select day, customer_id, owner_rep_id, region, channel, product_id, amount from sold
    union all
    select {DAY_OF.format("r.returned_at")}, o.customer_id, o.owner_rep_id, o.region, o.channel, l.product_id,
        -r.refund_amount
    from returns as r
    join orders as o on r.order_id = '{SOURCE}:' || o.order_id
    join order_lines as l on l.order_id = o.order_id and l.line_number = r.line_number
    where o.status <> 'cancelled' and {DAY_OF.format("r.returned_at")} <= {BUSINESS_DATE}
)"""
DEALS = f"""deals as (
    select owner_rep_id, status, {DAY_OF.format("created_at")} as opened_on, {DAY_OF.format("closed_at")} as closed_on
    from opportunities
    where status in ('won', 'lost') and {DAY_OF.format("closed_at")} <= {BUSINESS_DATE}
)"""
MONTH = "cast(date_trunc('month', {}) as date)"
MONTH_ENDS = f"""month_ends as (
    select cast(m as date) as month, least(last_day(m), {BUSINESS_DATE}) as last_date
    from generate_series(timestamp '2024-07-01', timestamp '{DAY}', interval 1 month) as t(m)
)"""
TOUCHES = " union all ".join(
    f"select '{kind}' as kind, {DAY_OF.format(moment)} as day from {entity}"
    for kind, entity, moment in (
        ("visit", "visits", "started_at"), ("call", "calls", "started_at"), ("chat", "chats", "started_at"),
        ("web_event", "web_events", "occurred_at"),
    )
)  # fmt: skip
LARGEST = "C0"  # the customer of whom there is most

QUESTIONS: Sequence[Question] = (
    Question("Net sales by month", kpi("net_sales", "month"),
             f"with {MOVED} select {MONTH.format('day')}, sum(amount) from moved group by 1 order by all"),
    Question("Net sales by region and month, the last year", kpi("net_sales", "month", "region", "2025-07-01"),
             f"""with {MOVED} select {MONTH.format('day')}, region, sum(amount) from moved
             where day >= date '2025-07-01' group by all order by all"""),
    Question("Net sales by product line and quarter", kpi("net_sales", "quarter", "product_line"),
             f"""with {MOVED} select cast(date_trunc('quarter', day) as date), p.product_line, sum(amount) from moved
             join products as p on moved.product_id = '{SOURCE}:' || p.product_id group by all order by all"""),
    Question("Net sales by seller this month", kpi("net_sales", "month", "rep", "2026-06-01"),
             f"""with {MOVED} select {MONTH.format('day')}, owner_rep_id, sum(amount) from moved
             where day >= date '2026-06-01' group by all order by all"""),
    Question("Net sales by channel and week, the last quarter", kpi("net_sales", "week", "channel", "2026-03-30"),
             f"""with {MOVED} select cast(date_trunc('week', day) as date), channel, sum(amount) from moved
             where day >= date '2026-03-30' group by all order by all"""),
    Question("Net sales by day, the last 30 days", kpi("net_sales", "day", since="2026-06-01"),
             f"""with {MOVED} select day, sum(amount) from moved where day >= date '2026-06-01'
             group by all order by all"""),
    Question("Net sales by month beside a year before",
             """select period_start_date, value, year_before_value from kpi_values where metric_id = 'net_sales'
             and period_grain = 'month' and dimension_name = 'total' and period_start_date >= date '2026-01-01'
             order by all""",
             f"""with {MOVED}, months as (
                 select {MONTH.format('day')} as month, sum(amount) as amount from moved group by 1
             )
             select a.month, a.amount, b.amount from months as a join months as b on a.month = b.month + interval 1 year
             where a.month >= date '2026-01-01' order by all"""),
    Question("This month by line, region and seller",
             """select product_line, region_key, rep_key, net_sales_amount from kpi_sales_pivot
             where month_start_date = date '2026-06-01' and not is_all_lines and not is_all_regions and not is_all_reps
             order by all""",
             f"""with {MOVED} select p.product_line, region, owner_rep_id, sum(amount) from moved
             join products as p on moved.product_id = '{SOURCE}:' || p.product_id
             where day >= date '2026-06-01' group by all order by all"""),
    Question("Revenue per customer by month", kpi("revenue_per_customer", "month"),
             f"""with {MOVED}, buyers as (
                 select {MONTH.format('day')} as month, count(distinct customer_id) as customers from sold group by 1
             )
             select {MONTH.format('day')} as month, sum(amount) / any_value(customers) from moved
             join buyers on buyers.month = {MONTH.format('day')} group by 1 order by all"""),
    Question("Revenue per order by quarter and region", kpi("revenue_per_order", "quarter", "region"),
             f"""with {MOVED}, bought as (
                 select cast(date_trunc('quarter', day) as date) as quarter, region, count(distinct order_id) as orders
                 from sold group by all
             )
             select quarter, moved.region, sum(amount) / any_value(orders) from moved
             join bought on quarter = cast(date_trunc('quarter', day) as date) and moved.region = bought.region
             group by all order by all"""),
    Question("Customers who bought again within a year, by month", kpi("repurchase_rate", "month"),
             f"""with {SOLD}, days as (select distinct customer_id, day from sold), {MONTH_ENDS}, windows as (
                 select month, customer_id, count(*) as day_count from month_ends
                 join days on day > last_date - 365 and day <= last_date group by all
             )
             select month, count(*) filter (day_count > 1) / count(*) from windows group by all order by all"""),
    Question("Units that came back of those sold, by month", kpi("return_rate", "month"),
             f"""with {SOLD}, back as (
                 select order_id, line_number, sum(quantity) as quantity from returns
                 where {DAY_OF.format('returned_at')} <= {BUSINESS_DATE} group by all
             )
             select {MONTH.format('day')}, sum(least(coalesce(back.quantity, 0), sold.quantity)) / sum(sold.quantity)
             from sold left join back on back.order_id = '{SOURCE}:' || sold.order_id
                 and back.line_number = sold.line_number
             group by 1 order by all"""),
    Question("Share of the three largest customers in a year, by month", kpi("top3_customer_share", "month"),
             f"""with {MOVED}, {MONTH_ENDS}, windows as (
                 select month, customer_id, sum(amount) as amount from month_ends
                 join moved on day > last_date - 365 and day <= last_date group by all
             ), ranked as (
                 select *, row_number() over (partition by month order by amount desc, customer_id) as place
                 from windows where amount > 0  -- who sent back more than was bought is no buyer
             )
             select month, sum(amount) filter (place <= 3) / sum(amount) from ranked group by 1 order by all"""),
    Question("Largest customers to date",
             """select customer_name, value_to_date_amount from kpi_customer_lifetime_values
             join dim_customers using (customer_key) order by 2 desc, 1 limit 20""",
             f"""with {MOVED} select c.name, sum(amount) from moved
             join customers as c on moved.customer_id = '{SOURCE}:' || c.customer_id
             group by 1 order by 2 desc, 1 limit 20"""),
    Question("What the largest customer bought, by month",
             f"""select month_start_date, net_sales_amount from fct_customer_months join dim_customers
             using (customer_key) where customer_name = '客户{LARGEST[1:]}有限公司' and net_sales_amount <> 0
             order by all""",
             f"""with {MOVED} select {MONTH.format('day')}, sum(amount) from moved
             where customer_id = '{SOURCE}:{LARGEST}' group by 1 order by all"""),
    Question("Win rate by month", kpi("win_rate", "month"),
             f"""with {DEALS} select {MONTH.format('closed_on')}, count(*) filter (status = 'won') / count(*) from deals
             group by 1 order by all"""),
    Question("Win rate by seller and quarter, the last year", kpi("win_rate", "quarter", "rep", "2025-07-01"),
             f"""with {DEALS} select cast(date_trunc('quarter', closed_on) as date), owner_rep_id,
                 count(*) filter (status = 'won') / count(*)
             from deals where closed_on >= date '2025-07-01' group by all order by all"""),
    Question("Median days from opening to winning, by month", kpi("win_cycle_days", "month"),
             f"""with {DEALS} select {MONTH.format('closed_on')}, median(closed_on - opened_on) from deals
             where status = 'won' group by 1 order by all"""),
    Question("Money collected of what fell due, by month", kpi("collection_rate", "month"),
             f"""with paid as (
                 select invoice_id, sum(amount) as amount from payments
                 where {DAY_OF.format('paid_at')} <= {BUSINESS_DATE} group by 1
             )
             select {MONTH.format('due_date')}, sum(least(coalesce(paid.amount, 0), i.amount)) / sum(i.amount)
             from invoices as i join orders as o on i.order_id = '{SOURCE}:' || o.order_id
             left join paid on paid.invoice_id = '{SOURCE}:' || i.invoice_id
             where o.status <> 'cancelled' and due_date <= {BUSINESS_DATE} group by 1 order by all"""),
    Question("Visits, calls, chats and clicks by month",
             """select touchpoint_type, cast(date_trunc('month', occurred_date) as date), sum(touchpoint_count)
             from fct_touchpoints_daily where touchpoint_type in ('visit', 'call', 'chat', 'web_event')
             group by all having sum(touchpoint_count) > 0 order by all""",
             f"select kind, {MONTH.format('day')}, count(*) from ({TOUCHES}) group by all order by all"),
)  # fmt: skip


def main(
    lines: Annotated[int, typer.Option(help="Order lines.", min=10_000)] = 1_000_000,
    repeats: Annotated[int, typer.Option(help="How often each question is asked.", min=1)] = 5,
    folder: Annotated[Path | None, typer.Option(help="Where state goes; default: var/benchmark_questions.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep the state, and ask it again next time.")] = False,
) -> None:
    """Make, build and publish, ask both ways, print Markdown; end with 1 where the two ways say different things."""
    home = Home((folder or settings.state_folder() / "benchmark_questions").resolve(), "benchmark")
    if not (home.current / "warehouse.duckdb").exists():
        shutil.rmtree(home.root, ignore_errors=True)
        make(home, lines)
        build(home)
    print(f"\n{machine()}; load {os.getloadavg()[0]:.1f}\n")
    answers = ask(home, repeats)
    print("| question | marts ms | raw ms | less |\n| --- | ---: | ---: | ---: |")
    for answer in answers:
        said = "" if answer.is_same else " **(other rows)**"
        print(f"| {answer.question.asks}{said} | {answer.marts_ms:.1f} | {answer.raw_ms:.1f} | {answer.saved:.0%} |")
    marts, raw = sum(answer.marts_ms for answer in answers), sum(answer.raw_ms for answer in answers)
    print(f"| **all {len(answers)}** | **{marts:,.0f}** | **{raw:,.0f}** | **{1 - marts / raw:.0%}** |\n")
    enough = sum(answer.saved >= LEAST_SAVED for answer in answers)
    quick = sum(answer.marts_ms < 100 for answer in answers)
    print(f"{enough} of {len(answers)} take at least {LEAST_SAVED:.0%} less; {quick} take under 100 ms of the marts.")
    if not keep:
        shutil.rmtree(home.root, ignore_errors=True)
    if not all(answer.is_same for answer in answers):
        sys.exit(1)


def ask(home: Home, repeats: int) -> list[Answer]:
    """Ask every question both ways, `repeats` times after one that does not count."""
    with opened(home) as marts, sql.connect(temp=home.tmp) as raw:
        for entity in load_contracts():
            file = home.accepted / entity / f"_load_id={LOAD}" / f"{SOURCE}.parquet"
            raw.execute(f"create view {ident(entity)} as from read_parquet({literal(str(file))})")
        return [_answer(question, marts, raw, repeats) for question in QUESTIONS]


def _answer(
    question: Question, marts: duckdb.DuckDBPyConnection, raw: duckdb.DuckDBPyConnection, repeats: int
) -> Answer:
    of_marts, marts_ms = _timed(marts, question.of_marts, repeats)
    of_raw, raw_ms = _timed(raw, question.of_raw, repeats)
    return Answer(question, marts_ms, raw_ms, is_same(of_marts, of_raw))


def _timed(db: duckdb.DuckDBPyConnection, query: str, repeats: int) -> tuple[Rows, float]:
    rows, taken = db.execute(query).fetchall(), []
    for _ in range(repeats):
        started = time.perf_counter()
        db.execute(query).fetchall()
        taken.append((time.perf_counter() - started) * 1000)
    return rows, statistics.median(taken)


def is_same(some: Rows, others: Rows) -> bool:
    """Whether rows are the same, numbers to eight places of their size; marts name records with their source."""
    return (
        len(some) == len(others)
        and len(some) > 0
        and all(
            _is_near(a, b) for one, other in zip(some, others, strict=True) for a, b in zip(one, other, strict=True)
        )
    )


def _is_near(some: object, other: object) -> bool:
    try:
        return math.isclose(float(str(some)), float(str(other)), rel_tol=1e-7, abs_tol=1e-7)
    except ValueError:
        return str(some).removeprefix(f"{SOURCE}:") == str(other).removeprefix(f"{SOURCE}:")


if __name__ == "__main__":
    typer.run(main)
