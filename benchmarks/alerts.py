"""Rules of alerts where nothing happened: false alerts a week, and seconds.

`python benchmarks/alerts.py` draws figures of a company at the level of kpi_values (sales, leads and rates by day,
week and month) and judges them with the project's own models. Nothing is planted, and every alert of the last year is
false. `--size 200` times that many rules.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

import duckdb
import numpy as np
import pyarrow as pa
import typer

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "plugins"), str(PROJECT / "tests"), str(PROJECT / "tests" / "dbt")]

import alert_world  # noqa: E402
from lone_models import VARIABLES, sql_of  # noqa: E402
from measured import machine  # noqa: E402

from sales_warehouse import business_calendar  # noqa: E402
from sales_warehouse.company.load import load_company  # noqa: E402

FIRST, LAST = datetime.date(2024, 1, 1), datetime.date(2026, 6, 28)
DAYS = (LAST - FIRST).days + 1
MEMBERS = {"total": 1, "region": 7, "channel": 5, "product_line": 8, "team": 5, "rep": 30}
WEEKS = 52


def quiet_connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set threads = 2; set enable_progress_bar = false")
    return connection


def calendar(db: duckdb.DuckDBPyConnection) -> np.ndarray:
    """Make dim_dates of the demo company's calendar, with make-up workdays; return which days are worked."""
    company = load_company(PROJECT / "config" / "demo")
    days = list(business_calendar.days(company, datetime.date(2023, 1, 1), datetime.date(2026, 12, 31)))
    rows = [(d.date_day, d.date_day.isoweekday(), d.is_workday, d.is_holiday, d.holiday_name) for d in days]
    schema = "date_day date, day_of_week bigint, is_workday boolean, is_holiday boolean, holiday_name varchar"
    alert_world.fill(db, "dim_dates", schema, rows)
    return np.array([d.is_workday for d in days if FIRST <= d.date_day <= LAST])


def sums(random: np.random.Generator, worked: np.ndarray, orders: float, price: float) -> np.ndarray:
    """A figure by day: orders by a Poisson law around a level that drifts, of prices that differ by 80 %."""
    day = np.arange(DAYS)
    trend = (1 + random.uniform(-0.15, 0.2)) ** (day / 365)
    season = 1 + 0.1 * np.sin(2 * np.pi * (day / 365 + random.uniform()))
    weekdays = np.where(worked, 1 + 0.1 * np.sin(day % 7), random.uniform(0.05, 0.6))
    shock = np.exp(0.06 * random.standard_normal(DAYS))
    count = random.poisson(orders * trend * season * weekdays * shock)
    if price == 1:
        return count.astype(float)
    return np.maximum(count * price * (1 + 0.8 / np.sqrt(np.maximum(count, 1)) * random.standard_normal(DAYS)), 0)


def drawn(seed: int, worked: np.ndarray) -> dict[tuple[str, str, str], tuple[np.ndarray, np.ndarray | None]]:
    """Return numerators and denominators by day of each metric, dimension and member."""
    random, found = np.random.default_rng(seed), {}
    for dimension, members in MEMBERS.items():
        for number in range(members):
            member = "total" if dimension == "total" else f"{dimension}{number}"
            orders = 200 if dimension == "total" else float(np.exp(random.uniform(np.log(8), np.log(80))))
            found["net_sales", dimension, member] = (sums(random, worked, orders, 500), None)
            found["new_leads", dimension, member] = (sums(random, worked, orders / 2, 1), None)
            for metric, usual in (("return_rate", 0.05), ("entry_within_24h_rate", 0.9), ("win_rate", 0.3)):
                asked = sums(random, worked, orders / (10 if metric == "win_rate" else 1), 1)
                share = np.clip(usual * np.exp(0.05 * random.standard_normal(DAYS)), 0, 1)
                found[metric, dimension, member] = (random.binomial(asked.astype(int), share).astype(float), asked)
    return found


# Metric, periods, dimensions as the registry has them, and what a rule of each kind says.
GRAINS = {"net_sales": ("day", "week", "month"), "new_leads": ("day", "week", "month"),
          "return_rate": ("week", "month"), "entry_within_24h_rate": ("week", "month"),
          "win_rate": ("month",)}  # fmt: skip
CUTS = {"net_sales": ("region", "channel", "product_line", "team", "rep"), "new_leads": ("region", "channel", "team"),
        "return_rate": ("region", "product_line"), "entry_within_24h_rate": ("team", "channel", "rep"),
        "win_rate": ("region", "product_line", "team")}  # fmt: skip
LIMITS = {"return_rate": 0.1, "entry_within_24h_rate": 0.8, "win_rate": 0.15}


def fifty(more: int = 50) -> list[dict]:
    """Fifty rules, or so many: bands, changes of 30 % of amounts and of 10 points of rates, limits."""
    rules: list[dict] = []
    for metric, grains in GRAINS.items():
        for grain in grains:
            for dimension in ("total", *CUTS[metric]):
                where = {"metric": metric, "grain": grain, "dimension": dimension}
                rules.append({"kind": "seasonal_band", **where})
                if metric in LIMITS:
                    rules.append({"kind": "threshold", **where, "threshold_value": LIMITS[metric], "minimum_count": 30})
                    rules.append({"kind": "percent_change", **where, "threshold_pp": 10, "minimum_count": 30})
                elif grain != "day":
                    rules.append({"kind": "percent_change", **where, "threshold_rate": 0.3,
                                  "minimum_amount": 50_000 if metric == "net_sales" else 100})  # fmt: skip
    random = np.random.default_rng(7)
    chosen = [rules[place] for place in random.permutation(len(rules))[:more]]
    chosen += [chosen[place % len(chosen)] for place in range(more - len(chosen))]
    return [{**rule, "id": f"r{place}"} for place, rule in enumerate(chosen)]


def publish(
    db: duckdb.DuckDBPyConnection, series: Iterable, business_date: datetime.date, first: datetime.date = FIRST
) -> None:
    """Write kpi_values of days from a first one up to a business date, with weeks and months as they add up."""
    begins = (first - FIRST).days
    days = [first + datetime.timedelta(days=n) for n in range(DAYS - begins)]
    listed = [(key, numerator[begins:], None if d is None else d[begins:]) for key, (numerator, d) in series]
    table = pa.table({
        "metric_id": [key[0] for key, *_ in listed for _ in days],
        "dimension_name": [key[1] for key, *_ in listed for _ in days],
        "dimension_value": [key[2] for key, *_ in listed for _ in days],
        "day": pa.array(days * len(listed), pa.date32()),
        "n": np.concatenate([numerator for _, numerator, _ in listed]),
        "d": np.concatenate([np.full(len(days), np.nan) if d is None else d for *_, d in listed]),
    })  # fmt: skip
    db.register("drawn_days", table)
    ends = {"day": "0 day", "week": "6 day", "month": "1 month - interval 1 day"}
    parts = [
        f"""select metric_id, '{grain}' as period_grain, cast(date_trunc('{grain}', day) as date) as starts,
            cast(date_trunc('{grain}', day) + interval {end} as date) as ends, dimension_name, dimension_value,
            cast(round(sum(n), 2) as decimal(28, 8)) as n,
            cast(case when isnan(any_value(d)) then null else round(sum(d), 2) end as decimal(28, 8)) as d
        from drawn_days where day <= date '{business_date}' group by all"""
        for grain, end in ends.items()
    ]
    db.execute(f"""
        create or replace table kpi_values as
        select metric_id, period_grain, starts as period_start_date, ends as period_end_date, dimension_name,
            dimension_value, n as numerator, d as denominator,
            case when d is null then n when d > 0 then cast(cast(n as double) / cast(d as double) as decimal(28, 8)) end
                as value,
            ends <= date '{business_date}' as is_matured
        from ({" union all ".join(parts)})""")
    db.unregister("drawn_days")


def judged(db: duckdb.DuckDBPyConnection, business_date: datetime.date) -> None:
    for name in alert_world.MODELS[:-1]:  # the trial is counted here
        text = sql_of(name).replace(VARIABLES["business_date"], str(business_date))
        db.execute(f"create or replace table {name} as {text}")


def quiet(seeds: int, count: int) -> Iterator[str]:
    """False alerts a week by kind, in worlds where nothing was planted."""
    alerts, periods, expected, rules = Counter(), Counter(), 0.0, fifty(count)
    kinds = Counter(rule["kind"] for rule in rules)
    for seed in range(seeds):
        with quiet_connection() as db:
            alert_world.make_world(db)
            worked = calendar(db)
            publish(db, drawn(seed, worked).items(), LAST)
            alert_world.give_rules(db, rules)
            judged(db, LAST)
            found = db.execute(
                "select kind, count(*) filter (where is_opening), count(*) filter (where is_large), "
                "sum(false_rate) filter (where is_large) from int_alert_periods_judged "
                "join int_alert_rules_defined using (rule_id) where period_end_date > date '2025-06-29' group by all"
            ).fetchall()
            for kind, opened, large, likely in found:
                alerts[kind] += opened
                periods[kind] += large
                expected += float(likely or 0)
    yield "| kind | rules | periods judged a week | false alerts a week | one in so many periods |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for kind in sorted(periods):
        often = f"{periods[kind] / alerts[kind]:,.0f}" if alerts[kind] else "–"
        weekly, every = alerts[kind] / WEEKS / seeds, periods[kind] / WEEKS / seeds
        yield f"| {kind} | {kinds[kind]} | {every:,.0f} | {weekly:.2f} | {often} |"
    total = sum(alerts.values()) / WEEKS / seeds
    yield f"| all | {len(rules)} | {sum(periods.values()) / WEEKS / seeds:,.0f} | {total:.2f} | |"
    yield f"Bands were to give {expected / WEEKS / seeds:.2f} false alerts a week."


def timed(count: int) -> Iterator[str]:
    """Seconds of the models with so many rules over two and a half years."""
    with quiet_connection() as db:
        alert_world.make_world(db)
        publish(db, drawn(0, calendar(db)).items(), LAST)
        alert_world.give_rules(db, fifty(count))
        began = time.perf_counter()
        judged(db, LAST)
        seconds = time.perf_counter() - began
        (rows,), (values,) = (
            db.execute(f"select count(*) from {name}").fetchone() for name in ("int_alert_periods_judged", "kpi_values")
        )
    yield f"{count} rules over {values:,} rows of kpi_values: {rows:,} periods judged in {seconds:.1f} s."


def main(
    seeds: Annotated[int, typer.Option(help="Quiet worlds.")] = 3,
    size: Annotated[int, typer.Option(help="Rules to time.")] = 200,
) -> None:
    print(machine())
    parts: list[Callable[[], Iterator[str]]] = [
        lambda: quiet(seeds, 50),
        lambda: timed(size),
    ]
    for part in parts:
        print("\n" + "\n".join(part()), flush=True)


if __name__ == "__main__":
    typer.run(main)
