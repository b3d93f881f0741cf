"""Rules of alerts where nothing happened, and where records come late: false alerts a week, recall, seconds.

`python benchmarks/alerts.py` draws figures of a company at the level of kpi_values (sales, leads and rates by day,
week and month) and judges them with the project's own models. In the quiet world nothing is planted, and every alert
of the last year is false. In the late world a fifth of the records come days after their day; every night is judged by
what was there by then, once by rules that do not wait and once by the same rules with `wait_days`. `--size 200` times
that many rules.
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
PLANTED_FALL, LATE_SHARE, LATE_DAYS, WAIT_DAYS = 0.5, 0.2, 4, 10


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
    """Write kpi_values of days up to a business date, with weeks and months as they add up."""
    days = [FIRST + datetime.timedelta(days=n) for n in range(DAYS)]
    listed = list(series)
    size = [len(numerator) for _, (numerator, _) in listed]
    table = pa.table({
        "metric_id": [key[0] for key, _ in listed for _ in range(DAYS)],
        "dimension_name": [key[1] for key, _ in listed for _ in range(DAYS)],
        "dimension_value": [key[2] for key, _ in listed for _ in range(DAYS)],
        "day": pa.array(days * len(size), pa.date32()),
        "n": np.concatenate([numerator for _, (numerator, _) in listed]),
        "d": np.concatenate([np.full(DAYS, np.nan) if d is None else d for _, (_, d) in listed]),
    })  # fmt: skip
    db.register("drawn_days", table)
    ends = {"day": "0 day", "week": "6 day", "month": "1 month - interval 1 day"}
    parts = [
        f"""select metric_id, '{grain}' as period_grain, cast(date_trunc('{grain}', day) as date) as starts,
            cast(date_trunc('{grain}', day) + interval {end} as date) as ends, dimension_name, dimension_value,
            cast(round(sum(n), 2) as decimal(28, 8)) as n,
            cast(case when isnan(any_value(d)) then null else round(sum(d), 2) end as decimal(28, 8)) as d
        from drawn_days where day between date '{first}' and date '{business_date}' group by all"""
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


LATE_RULES = [
    {"id": "week", "kind": "percent_change", "metric": "net_sales", "grain": "week", "dimension": "region",
     "threshold_rate": 0.3},
    {"id": "line", "kind": "percent_change", "metric": "net_sales", "grain": "week", "dimension": "product_line",
     "threshold_rate": 0.3},
    {"id": "band", "kind": "seasonal_band", "metric": "net_sales", "grain": "week", "dimension": "region"},
    {"id": "bandline", "kind": "seasonal_band", "metric": "net_sales", "grain": "week", "dimension": "product_line"},
    {"id": "leads", "kind": "percent_change", "metric": "new_leads", "grain": "week", "dimension": "region",
     "threshold_rate": 0.3},
]  # fmt: skip


# How rules wait, and from which fall on those speak that compare. A figure that is late looks like a larger fall, so
# rules that do not wait speak earlier than they say; at the lower limits the same falls are found without that.
WAITS: dict[str, tuple[int | str, float]] = {
    "do not wait, 30 %": (0, 0.3),
    f"wait_days: {WAIT_DAYS}, 30 %": (WAIT_DAYS, 0.3),
    "wait_days: measured, 30 %": ("measured", 0.3),
    "wait_days: measured, 28 %": ("measured", 0.28),
    "wait_days: measured, 26 %": ("measured", 0.26),
}
WATCHED = 63  # nights before the first that is judged, so that there is something to measure lateness by
# What a night says of a week that has ended, where it was not said before.
REMEMBERED = """
    insert into stg_history__kpi_values
    select metric_id, period_grain, period_start_date, dimension_name, dimension_value, numerator, denominator, value,
        false, '{date}', date '{date}'
    from kpi_values
    left join (
        select metric_id, dimension_name, dimension_value, period_start_date, max_by(value, version) as said
        from stg_history__kpi_values group by all
    ) using (metric_id, dimension_name, dimension_value, period_start_date)
    where period_grain = 'week' and is_matured and value is distinct from said"""


def alerts_of(db: duckdb.DuckDBPyConnection, rules: list[dict], date: datetime.date) -> set[tuple]:
    """Judge as a night does; return rule, metric, dimension, member and period of its alerts."""
    alert_world.give_rules(db, rules)
    judged(db, date)
    columns = "rule_id, metric_id, dimension_name, dimension_value, period_start_date"
    return set(db.execute(f"select {columns} from alert_metrics").fetchall())


def waiting(days: int | str, limit: float) -> Iterator[dict]:
    """The rules, with days to wait, and with another limit where they compare."""
    for rule in LATE_RULES:
        yield {**rule, "wait_days": days, **({"threshold_rate": limit} if "threshold_rate" in rule else {})}


def late(seed: int, nights: int) -> Iterator[str]:
    """False alerts and recall with late records, by rules that wait and by rules that do not, night by night."""
    random = np.random.default_rng(seed)
    with quiet_connection() as db:
        alert_world.make_world(db)
        worked = calendar(db)
        asked = {(rule["metric"], rule["dimension"]) for rule in LATE_RULES}
        series = {key: pair for key, pair in drawn(seed, worked).items() if key[:2] in asked}
        planted = set()
        mondays = range(DAYS - 7 - 7 * (nights // 7 - 3), DAYS - 28, 7)
        for key, (numerator, _) in series.items():
            for start in random.choice(mondays, 2, replace=False):
                numerator[start : start + 7] *= 1 - PLANTED_FALL
                planted.add((*key, FIRST + datetime.timedelta(days=int(start))))
        rules = {name: list(waiting(*how)) for name, how in WAITS.items()}
        told = {name: set() for name in ("nothing is late", *rules)}
        since = LAST - datetime.timedelta(days=nights + WATCHED + 7 * 45)
        for night in range(DAYS - nights - WATCHED, DAYS):
            date, age = FIRST + datetime.timedelta(days=night), night - np.arange(DAYS)
            # what comes late does so after 1 to 2 x LATE_DAYS - 1 days, each as likely
            there = 1 - LATE_SHARE * (1 - np.clip(age, 0, 2 * LATE_DAYS - 1) / (2 * LATE_DAYS - 1))
            publish(db, ((key, (numerator * there, None)) for key, (numerator, _) in series.items()), date, since)
            db.execute(REMEMBERED.format(date=date))
            if night < DAYS - nights:
                continue
            for name, given in rules.items():
                told[name] |= alerts_of(db, given, date)
            publish(db, series.items(), date, since)
            told["nothing is late"] |= alerts_of(db, LATE_RULES, date)
    # weeks that ended while nights were judged, and so early that rules that wait have judged them as well
    began, ended = (LAST - datetime.timedelta(days=days) for days in (nights - 1, WAIT_DAYS))
    weeks = (ended - began).days // 7
    yield "| rules | false alerts a week | planted falls found |"
    yield "| --- | ---: | ---: |"
    for name, seen in told.items():
        judged_by_all = {alert for alert in seen if began <= alert[-1] + datetime.timedelta(days=6) <= ended}
        # the week after a fall is compared with it, and a rise is no alert of these rules
        false = sum(1 for alert in judged_by_all if alert[1:] not in planted)
        found = {alert[1:] for alert in judged_by_all} & planted
        yield f"| {name} | {false / weeks:.2f} | {len(found)} of {len(planted)} |"


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
    nights: Annotated[int, typer.Option(help="Nights with late records.")] = 98,
    size: Annotated[int, typer.Option(help="Rules to time.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the world with late records.")] = 1,
) -> None:
    print(machine())
    parts: list[Callable[[], Iterator[str]]] = [
        lambda: quiet(seeds, 50),
        lambda: late(seed, nights),
        lambda: timed(size),
    ]
    for part in parts:
        print("\n" + "\n".join(part()), flush=True)


if __name__ == "__main__":
    typer.run(main)
