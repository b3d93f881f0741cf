"""Where a fifth of the records come late: false alerts a week at equal recall, of rules that know it and that do not.

`python benchmarks/late_alerts.py` draws the figures of `benchmarks/alerts.py`, takes half of some weeks away, and lets
a fifth of the records come one to seven days after their day. Nights are judged by the project's own models on
what was there by then. Each kind of rule is judged at many limits in the same nights, so that it has a curve of recall
against false alerts; what one kind costs at the recall of another is read off the curve.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import typer
from alerts import DAYS, FIRST, LAST, PROJECT, calendar, drawn, publish, quiet_connection
from measured import machine

sys.path[:0] = [str(PROJECT / "tests"), str(PROJECT / "tests" / "dbt")]

import alert_world  # noqa: E402
from lone_models import VARIABLES, sql_of  # noqa: E402

NIGHTS, WATCHED = 98, 63  # judged; published before them, so that there is something to measure lateness by
MOST_DAYS, LATE_SHARE, PLANTED_FALL, PRICE = 7, 0.2, 0.5, 500
# Every night publishes. Judged are a week's first night, one in the middle and the last on which it is the newest.
JUDGED_ON, DAY = (7, 3, 6), datetime.timedelta(days=1)
JUDGED_BY_ALL = 10  # days after which every rule has judged a week
WEEKS = (NIGHTS - 1 - JUDGED_BY_ALL) // 7
# Metric and dimension; the limits of changes; the false rates of bands.
CHANGES = (("net_sales", "region"), ("net_sales", "product_line"), ("new_leads", "region"))
BANDS = CHANGES[:2]
LIMITS = [round(0.16 + 0.02 * step, 2) for step in range(16)]
FALSE_RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03]
GIVEN = {"percent_change": LIMITS, "seasonal_band": FALSE_RATES}
USUAL = {"percent_change": 0.3, "seasonal_band": 0.001}
SHOWN = {"percent_change": (0.26, 0.3, 0.34, 0.38), "seasonal_band": (0.001, 0.003)}
LATENESS = {
    "alike": "each record alike",
    "members": "half of the members, two fifths of theirs",
    "weeks": "a week in four of a member, four fifths of it",
}
COMPLETE = "nothing is late"
NAIVE, WAITS, ALLOWS = "does not wait", "wait_days: measured", "allow_late: true"
HOW: dict[str, dict] = {NAIVE: {}, WAITS: {"wait_days": "measured"}, ALLOWS: {"allow_late": True}, COMPLETE: {}}
AGAINST = (WAITS, ALLOWS, COMPLETE)
# Without a cooldown a period is judged by itself: the two years that a rule is tried on need not be judged every night.
TRIED, NEWEST = " - 731", " - 28"
SINCE = LAST - datetime.timedelta(days=NIGHTS + WATCHED + 7 * 45 - 1)
UP_TO = alert_world.MODELS.index("int_alert_periods_newest") + 1  # what is told of a night, without its words

# What nights have said of weeks that had ended, up to one of them.
SAID = """
    create or replace view stg_history__kpi_values as
    select metric_id, 'week' as period_grain, period_start_date, dimension_name, dimension_value, value as numerator,
        cast(null as decimal(28,8)) as denominator, value, false as is_gone, cast(business_date as varchar) as version,
        business_date
    from said_by_nights where business_date <= date '{date}'"""


class Asked(NamedTuple):
    """A kind of rules and how it deals with lateness; of a band also the false rate that is asked of it."""

    kind: str
    way: str
    limit: float


# Of a kind of rules, a way, and a member and week: how many days after its end it was told, and the strictest limit
# at which it would have been.
Told = dict[tuple[str, str, tuple], dict[int, float]]


def rules_of(*ways: str) -> dict[str, tuple[dict, Asked]]:
    """Every rule by its id. A change that is told at one limit is told at each lower one, so the lowest is judged."""
    found: dict[str, tuple[dict, Asked]] = {}
    for way in ways:
        for kind, wheres, limits in (("percent_change", CHANGES, LIMITS[:1]), ("seasonal_band", BANDS, FALSE_RATES)):
            for metric, dimension in wheres:
                for limit in limits:
                    rule = {"id": f"r{len(found)}", "kind": kind, "metric": metric, "dimension": dimension,
                            "grain": "week", "direction": "fall", **HOW[way],
                            "threshold_rate" if kind == "percent_change" else "false_rate": limit}  # fmt: skip
                    found[rule["id"]] = (rule, Asked(kind, way, limit))
    return found


def late_shares(lateness: str, random: np.random.Generator, series: Iterable[tuple]) -> np.ndarray:
    """Which share of each member's records of each day is late; a fifth of all of them."""
    numbers = np.array([int(member.rsplit(" ", 1)[1]) for *_, member in series])
    if lateness == "alike":
        return np.full((len(numbers), DAYS), LATE_SHARE)
    if lateness == "members":  # half of them enter everything on its day
        return np.repeat(np.where(numbers % 2 == 0, 2 * LATE_SHARE, 0.0)[:, None], DAYS, axis=1)
    # one week in four of a member is late by most of it
    weeks = random.random((len(numbers), DAYS // 7 + 1)) < LATE_SHARE / 0.8
    return np.where(np.repeat(weeks, 7, axis=1)[:, :DAYS], 0.8, 0.0)


def arriving(random: np.random.Generator, total: np.ndarray, shares: np.ndarray, price: float) -> np.ndarray:
    """Split a day's figure by the day on which its records come: each is late by itself, by 1 to 7 days alike."""
    count = np.where(total > 0, np.maximum(np.round(total / price), 1), 0).astype(int)
    law = np.hstack([1 - shares[:, None], np.repeat(shares[:, None] / MOST_DAYS, MOST_DAYS, axis=1)])
    parts = random.multinomial(count, law).T.astype(float)
    if price > 1:  # prices that differ by 80 %, as those of `sums` do
        parts = random.gamma(np.maximum(parts / 0.8**2, 1e-9)) * (parts > 0)
    summed = parts.sum(axis=0)
    return np.where(summed > 0, parts / np.where(summed > 0, summed, 1), 0) * total


def sql_at(model: str, date: datetime.date) -> str:
    text = sql_of(model).replace(VARIABLES["business_date"], str(date))
    if model == "int_alert_periods_judged":
        assert text.count(TRIED) == 1
        text = text.replace(TRIED, NEWEST)
    return text


def keep_what_nights_say(db: duckdb.DuckDBPyConnection, parts: dict[tuple, np.ndarray]) -> None:
    """Write what each night would publish of the weeks that ended since the first of them, where it is new."""
    said = []
    for key, part in parts.items():
        for start in range(DAYS - NIGHTS - WATCHED - 6, DAYS - 6):
            if (FIRST + start * DAY).isoweekday() != 1:
                continue
            week, before = part[:, start : start + 7], None
            for age in range(min(MOST_DAYS, DAYS - 7 - start) + 1):
                there = np.arange(MOST_DAYS + 1)[:, None] <= age + 6 - np.arange(7)[None, :]
                value = round(float((week * there).sum()), 2)
                if value != before:
                    said.append((*key, FIRST + start * DAY, FIRST + (start + 6 + age) * DAY, value))
                before = value
    names = ("metric_id", "dimension_name", "dimension_value", "period_start_date", "business_date", "value")
    db.register("said_rows", pa.table(dict(zip(names, map(list, zip(*said, strict=True)), strict=True))))
    db.execute("create or replace table said_by_nights as "
               "select * replace (cast(value as decimal(28, 8)) as value) from said_rows")  # fmt: skip
    db.unregister("said_rows")


def judge(db: duckdb.DuckDBPyConnection, rules: dict[str, tuple[dict, Asked]], date: datetime.date, told: Told) -> None:
    """Judge as a night does, and note what it tells."""
    for name in alert_world.MODELS[:UP_TO]:
        db.execute(f"create or replace table {name} as {sql_at(name, date)}")
    rows = db.execute(
        "select rule_id, 1 - judged_value / compared_value, metric_id, dimension_name, dimension_value, "
        "period_start_date from int_alert_periods_newest where is_alerting"
    ).fetchall()
    for rule, fall, *place in rows:
        kind, way, limit = rules[rule][1]
        by_day = told.setdefault((kind, way, tuple(place)), {})
        day = (date - place[-1]).days - 6
        if kind == "percent_change":
            by_day[day] = float(fall)
        else:
            by_day[day] = min(by_day.get(day, 1), limit)


def company(number: int, worked: np.ndarray) -> tuple[dict[tuple, np.ndarray], set[tuple]]:
    """Figures by day of each metric, dimension and member, and the weeks of which a part was taken away."""
    random, planted, series = np.random.default_rng([number, 1]), set(), {}
    mondays = range(DAYS - 7 - 7 * (NIGHTS // 7 - 3), DAYS - 28, 7)
    for (metric, dimension, member), (figure, _) in drawn(number, worked).items():
        if (metric, dimension) in CHANGES:
            key = (metric, dimension, f"{number} {dimension} {member.removeprefix(dimension)}")
            for start in random.choice(mondays, 2, replace=False):
                figure[start : start + 7] *= 1 - PLANTED_FALL
                planted.add((*key, FIRST + int(start) * DAY))
            series[key] = figure
    return series, planted


def company_of(place: tuple) -> int:
    return int(place[2].split()[0])


def judge_complete(db: duckdb.DuckDBPyConnection, series: dict, told: Told) -> None:
    """Judge the nights of a company in which nothing is late: no other night than a week's last one brings news."""
    rules = rules_of(COMPLETE)
    db.execute(SAID.format(date=FIRST))
    alert_world.give_rules(db, [rule for rule, _ in rules.values()])
    for date in (LAST - datetime.timedelta(days=days) for days in range(0, NIGHTS, 7)):
        publish(db, ((key, (figure, None)) for key, figure in series.items()), date, SINCE)
        judge(db, rules, date, told)


def judge_late(db: duckdb.DuckDBPyConnection, series: dict, lateness: str, told: Told) -> None:
    """Judge night by night what was there by then."""
    random = np.random.default_rng(0)
    parts = {
        key: arriving(random, figure, share, PRICE if key[0] == "net_sales" else 1)
        for (key, figure), share in zip(series.items(), late_shares(lateness, random, series), strict=True)
    }
    keep_what_nights_say(db, parts)
    rules = rules_of(NAIVE, WAITS, ALLOWS)
    alert_world.give_rules(db, [rule for rule, _ in rules.values()])
    for night in range(DAYS - NIGHTS, DAYS):
        date = FIRST + night * DAY
        if date.isoweekday() not in JUDGED_ON:
            continue
        there = (night - np.arange(DAYS))[None, :] >= np.arange(MOST_DAYS + 1)[:, None]
        publish(db, ((key, ((part * there).sum(axis=0), None)) for key, part in parts.items()), date, SINCE)
        db.execute(SAID.format(date=date))
        judge(db, rules, date, told)


def of_all(told: Told) -> Told:
    """Weeks that ended while nights were judged, and so early that rules that wait have judged them as well."""
    first, last = (LAST - datetime.timedelta(days=days) for days in (NIGHTS - 1, JUDGED_BY_ALL))
    return {key: days for key, days in told.items() if first <= key[-1][-1] + datetime.timedelta(days=6) <= last}


class World(NamedTuple):
    """Companies side by side, so many of them, of which records are late in one way."""

    lateness: str
    companies: int
    planted: set[tuple]
    told: Told


def worlds(companies: int) -> Iterator[World]:
    """The same companies, late in each way: what was taken away, and what was told."""
    with quiet_connection() as db:
        alert_world.make_world(db)
        worked = calendar(db)
        db.execute("set threads = 1; drop table stg_history__kpi_values")
        db.execute("create table said_by_nights (metric_id varchar, dimension_name varchar, dimension_value varchar, "
                   "period_start_date date, business_date date, value decimal(28, 8))")  # fmt: skip
        series, planted, complete = {}, set(), {}
        for number in range(companies):
            its_series, its_planted = company(number, worked)
            series |= its_series
            planted |= its_planted
        judge_complete(db, series, complete)
        for lateness in LATENESS:
            told: Told = dict(complete)
            judge_late(db, series, lateness, told)
            yield World(lateness, companies, planted, of_all(told))


def is_beyond(kind: str, strictest: float, limit: float) -> bool:
    return strictest >= limit if kind == "percent_change" else strictest <= limit


def curves(world: World, kind: str, way: str) -> np.ndarray:
    """How many planted falls were found, and how many false alerts there were, by company and limit."""
    counts = np.zeros((world.companies, len(GIVEN[kind]), 2))
    for (its_kind, its_way, place), by_day in world.told.items():
        if (its_kind, its_way) == (kind, way):
            told = [any(is_beyond(kind, one, limit) for one in by_day.values()) for limit in GIVEN[kind]]
            counts[company_of(place), :, 0 if place in world.planted else 1] += told
    return counts


def false_at(recall: float, curve: np.ndarray) -> float:
    """How many false alerts a curve has at a recall, between its points in proportion; none beyond its ends."""
    least = {}
    for hits, false in curve:
        least[hits] = min(least.get(hits, false), false)
    hits = sorted(least)
    return float(np.interp(recall, hits, [least[h] for h in hits])) if hits[0] <= recall <= hits[-1] else float("nan")


def planted_in(world: World, kind: str) -> int:
    return sum(place[:2] in (CHANGES if kind == "percent_change" else BANDS) for place in world.planted)


def days_until(world: World, kind: str, way: str) -> float:
    """On the average how many days after a week's end a planted fall of it was told, at the usual limit."""
    found = []
    for (its_kind, its_way, place), by_day in world.told.items():
        days = [day for day, one in by_day.items() if is_beyond(kind, one, USUAL[kind])]
        if (its_kind, its_way) == (kind, way) and place in world.planted and days:
            found.append(min(days))
    return float(np.mean(found))


def at_one_limit(found: list[World]) -> Iterator[str]:
    yield "| late | rules | planted falls found | false alerts a week | days after the end |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for world in found:
        for kind, usual in USUAL.items():
            for way in HOW:
                hits, false = curves(world, kind, way).sum(axis=0)[GIVEN[kind].index(usual)]
                yield (
                    f"| {LATENESS[world.lateness]} | {kind} {usual:g}, {way} "
                    f"| {hits:.0f} of {planted_in(world, kind)} | {false / WEEKS / world.companies:.2f} "
                    f"| {days_until(world, kind, way):.1f} |"
                )


def at_equal_recall(found: list[World]) -> Iterator[str]:
    yield f"| late | rules that do not wait | recall | false alerts a week | {' | '.join(AGAINST)} |"
    yield f"| --- | --- | ---: | ---: |{' ---: |' * len(AGAINST)}"
    for world in found:
        for kind, shown in SHOWN.items():
            for limit in shown:
                place = GIVEN[kind].index(limit)
                hits, false = curves(world, kind, NAIVE).sum(axis=0)[place]
                shares = [share_at(world, kind, way, place) for way in AGAINST]
                yield (
                    f"| {LATENESS[world.lateness]} | {kind} {limit:g} | {hits / planted_in(world, kind):.1%} "
                    f"| {false / WEEKS / world.companies:.2f} | {' | '.join(shares)} |"
                )


def share_at(world: World, kind: str, way: str, place: int) -> str:
    """What share of the false alerts of rules that do not wait others have at their recall.

    Behind it, where nine of ten such shares lie when the companies are drawn anew, with replacement.
    """
    random = np.random.default_rng(0)
    naive, other = curves(world, kind, NAIVE), curves(world, kind, way)

    def share(chosen: np.ndarray) -> float:
        hits, false = naive[chosen].sum(axis=0)[place]
        return false_at(hits, other[chosen].sum(axis=0)) / false if false else float("nan")

    drawn_anew = [share(random.integers(0, world.companies, world.companies)) for _ in range(1000)]
    if np.isnan(whole := share(np.arange(world.companies))):
        return "–"
    low, high = np.nanquantile(drawn_anew, [0.05, 0.95])
    return f"{whole:.0%} ({low:.0%} to {high:.0%})"


def main(companies: Annotated[int, typer.Option(help="Companies, each late in every way.")] = 12) -> None:
    began = time.process_time()
    found = list(worlds(companies))
    print(machine(), f"{time.process_time() - began:.0f} s of processor")
    for part in (at_one_limit, at_equal_recall):
        print("\n" + "\n".join(part(found)), flush=True)


if __name__ == "__main__":
    typer.run(main)
