"""Rules of alerts where nothing happened: false alerts a week, and seconds.

`python benchmarks/alerts.py` draws figures of a company at the level of kpi_values (sales, leads and rates by day,
week and month; what is reached of goals; how old sources are) and judges them with the project's own models. Nothing is
planted, and every alert of the last year is false. `--size 200` times that many rules.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import product
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
DAYS, DAY = (LAST - FIRST).days + 1, datetime.timedelta(days=1)
MEMBERS = {"total": 1, "region": 7, "channel": 5, "product_line": 8, "team": 5, "rep": 30}
WEEKS = 52
PRICE, SHOCK = 500, 0.06
GOAL_WEEKS = (4, 13, 52)
# A file of each source comes every night, by a normal law around an hour before the refresh, which takes a while.
SOURCES, HOURS_BEFORE, HOURS_SPREAD, HOURS_OLD = 8, 1.0, 0.5, 0.2


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


def levels(random: np.random.Generator, worked: np.ndarray, orders: float) -> np.ndarray:
    """Orders to be expected of each day: a level that drifts, with seasons and weekdays."""
    day = np.arange(DAYS)
    trend = (1 + random.uniform(-0.15, 0.2)) ** (day / 365)
    season = 1 + 0.1 * np.sin(2 * np.pi * (day / 365 + random.uniform()))
    weekdays = np.where(worked, 1 + 0.1 * np.sin(day % 7), random.uniform(0.05, 0.6))
    return orders * trend * season * weekdays


def came(random: np.random.Generator, level: np.ndarray, price: float) -> np.ndarray:
    """A figure by day: orders by a Poisson law around a level, of prices that differ by 80 %."""
    count = random.poisson(level * np.exp(SHOCK * random.standard_normal(DAYS)))
    if price == 1:
        return count.astype(float)
    return np.maximum(count * price * (1 + 0.8 / np.sqrt(np.maximum(count, 1)) * random.standard_normal(DAYS)), 0)


def sums(random: np.random.Generator, worked: np.ndarray, orders: float, price: float) -> np.ndarray:
    return came(random, levels(random, worked, orders), price)


def orders_of(random: np.random.Generator, dimension: str) -> float:
    """Orders a workday: 200 of the whole, 8 to 80 of a member."""
    return 200 if dimension == "total" else float(np.exp(random.uniform(np.log(8), np.log(80))))


def drawn(seed: int, worked: np.ndarray) -> dict[tuple[str, str, str], tuple[np.ndarray, np.ndarray | None]]:
    """Return numerators and denominators by day of each metric, dimension and member."""
    random, found = np.random.default_rng(seed), {}
    for dimension, members in MEMBERS.items():
        for number in range(members):
            member = "total" if dimension == "total" else f"{dimension}{number}"
            orders = orders_of(random, dimension)
            found["net_sales", dimension, member] = (sums(random, worked, orders, PRICE), None)
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


def add_levels(db: duckdb.DuckDBPyConnection, metric: str, dimension: str, rows: Iterable[tuple]) -> None:
    """Add what nights published of a level: its member, the day, the numerator and the denominator."""
    db.register("told", pa.table([pa.array(column) for column in zip(*rows, strict=True)], ["member", "day", "n", "d"]))
    db.execute(f"""
        insert into kpi_values
        select '{metric}', 'day', day, day, '{dimension}', member, n, d, n / coalesce(d, 1), true from told""")
    db.unregister("told")


def set_goals(db: duckdb.DuckDBPyConnection, seed: int, worked: np.ndarray) -> dict[tuple[str, int], list[str]]:
    """Set goals of the last year and publish how far they are; return their ids by dimension and weeks.

    A goal is what the process brings in its time on the average: who is behind is so by chance, or because the days
    until then bring less than an even share by workdays.
    """
    random, goals, reached, ids = np.random.default_rng([seed, 2]), [], [], {}
    for dimension, number in ((name, number) for name in ("total", "region") for number in range(MEMBERS[name])):
        level = levels(random, worked, orders_of(random, dimension))
        figure, mean = came(random, level, PRICE), level * PRICE * np.exp(SHOCK**2 / 2)
        for weeks in GOAL_WEEKS:
            for start in range(DAYS - 7 * WEEKS, DAYS, 7 * weeks):
                goal, days = f"{dimension}{number} {weeks} {start}", range(start, start + 7 * weeks)
                first, due = FIRST + DAY * days[0], FIRST + DAY * days[-1]
                aim, so_far = round(float(mean[days].sum()), 2), figure[days].cumsum()
                goals.append((goal, goal, goal, "net_sales", "sum", "up", None, aim, None, first, due, True, dimension,
                              str(number)))  # fmt: skip
                reached += [(goal, first + DAY * n, float(sold), aim) for n, sold in enumerate(so_far)]
                ids.setdefault((dimension, weeks), []).append(goal)
    alert_world.fill(db, "int_targets_judged", alert_world.EMPTY["int_targets_judged"], goals)
    add_levels(db, "quota_attainment", "target", reached)
    return ids


def set_sources(db: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Publish how old sources are: a file that comes after the refresh is read the night after."""
    random, ages = np.random.default_rng([seed, 3]), []
    for source in range(SOURCES):
        age = 0.0
        for night in range(DAYS - 7 * WEEKS, DAYS):
            age = HOURS_OLD if random.normal(HOURS_BEFORE, HOURS_SPREAD) > 0 else age + 24
            ages.append((f"source{source}", FIRST + DAY * night, age, None))
    add_levels(db, "source_freshness_hours", "source", ages)


def beside(goals: dict[tuple[str, int], list[str]]) -> Iterator[dict]:
    """Rules of days, goals and sources, each with the row that it is counted in."""
    of = {"total": "the whole", "region": "regions"}
    for against, before in (("previous", "the week before"), ("year_before", "52 weeks before")):
        for metric, dimension in product(("net_sales", "new_leads"), of):
            row = f"`percent_change` of a day, 30 % against {before}, {of[dimension]}"
            yield {"row": row, "kind": "percent_change", "metric": metric, "dimension": dimension, "grain": "day",
                   "direction": "fall", "against": against, "threshold_rate": 0.3}  # fmt: skip
    for (dimension, weeks), members in goals.items():
        row = f"`pace_behind_target` by 10 %, goals of {weeks} weeks, {of[dimension]}"
        yield {"row": row, "kind": "pace_behind_target", "members": members, "cooldown_days": 31}
    for hours in (12, 36):
        yield {"row": f"`freshness` of {hours} h", "kind": "freshness", "threshold_value": hours, "cooldown_days": 7}


def judged(db: duckdb.DuckDBPyConnection, business_date: datetime.date) -> None:
    for name in alert_world.MODELS[:-1]:  # the trial is counted here
        text = sql_of(name).replace(VARIABLES["business_date"], str(business_date))
        db.execute(f"create or replace table {name} as {text}")


def table(head: str, found: dict[str, np.ndarray], weeks: int) -> Iterator[str]:
    """Lines of a table of rules, periods judged and alerts by row."""
    yield f"| {head} | rules | periods judged a week | false alerts a week | one in so many periods |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for row, (rules, periods, alerts) in found.items():
        often = f"{periods / alerts:,.0f}" if alerts else "–"
        yield f"| {row} | {rules:.0f} | {periods / weeks:,.0f} | {alerts / weeks:.2f} | {often} |"


def quiet(seeds: int, count: int) -> Iterator[str]:
    """False alerts a week, in worlds where nothing was planted: of the fifty rules by kind, then of those beside."""
    found, expected = defaultdict(lambda: np.zeros(3)), 0.0
    for seed in range(seeds):
        with quiet_connection() as db:
            alert_world.make_world(db)
            worked = calendar(db)
            publish(db, drawn(seed, worked).items(), LAST)
            goals = set_goals(db, seed, worked)
            set_sources(db, seed)
            rules = [{"row": rule["kind"], **rule} for rule in fifty(count)]
            rules += [{"id": f"beside{place}", **rule} for place, rule in enumerate(beside(goals))]
            rows = {rule["id"]: rule.pop("row") for rule in rules}
            alert_world.give_rules(db, rules)
            judged(db, LAST)
            counts = db.execute(
                "select rule_id, count(*) filter (where is_large), count(*) filter (where is_opening), "
                "coalesce(sum(false_rate) filter (where is_large), 0) from int_alert_periods_judged "
                "join int_alert_rules_defined using (rule_id) where period_end_date > date '2025-06-29' group by all"
            ).fetchall()
            for rule, periods, alerts, likely in counts:
                found[rows[rule]] += (1 / seeds, periods, alerts)
                expected += float(likely)
    kinds = {kind: found.pop(kind) for kind in sorted({rule["kind"] for rule in fifty(count)})}
    yield from table("kind", kinds | {"all": sum(kinds.values())}, WEEKS * seeds)
    yield f"Bands were to give {expected / WEEKS / seeds:.2f} false alerts a week.\n"
    yield from table("beside the fifty", {row: found[row] for row in rows.values() if row in found}, WEEKS * seeds)


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
