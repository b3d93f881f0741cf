"""Bands of figures that are mostly nothing, or mostly whole, where nothing happened: false alerts in a thousand.

`python benchmarks/sparse_alerts.py` draws a year and a half to learn from and a year to judge: members who sell or ask
once in twenty days to twice a day, at prices that differ by a factor of two or three, and weekly rates of which from
none to three in a hundred records miss. Nothing is planted, so every breach is one by chance; a band promises one in a
thousand.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parent))

import alerts
from measured import machine

A_DAY = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 2)
MISSING, RECORDS_A_DAY = (0, 0.0005, 0.002, 0.005, 0.01, 0.03), (2, 10, 50)
MEMBERS = 20
LOOKED_AT = (("net_sales", "region", "day"), ("net_sales", "region", "week"), ("new_leads", "region", "day"),
             ("new_leads", "region", "week"), ("entry_within_24h_rate", "team", "week"))  # fmt: skip


def drawn(seed: int, worked: np.ndarray) -> dict[tuple[str, str, str], tuple[np.ndarray, np.ndarray | None]]:
    """Return numerators and denominators by day of each metric, dimension and member."""
    random, found = np.random.default_rng(seed), {}
    for often, number in product(A_DAY, range(MEMBERS)):
        count = random.poisson(often * np.where(worked, 1, 0.4))
        amount = np.array([500 * np.exp(0.8 * random.standard_normal(sales)).sum() for sales in count])
        found["net_sales", "region", f"{often} {number}"] = (amount, None)
        found["new_leads", "region", f"{often} {number}"] = (count.astype(float), None)
    for share, often, number in product(MISSING, RECORDS_A_DAY, range(MEMBERS)):
        asked = random.poisson(often * np.where(worked, 1, 0.2)).astype(float)
        in_time = random.binomial(asked.astype(int), 1 - share).astype(float)
        found["entry_within_24h_rate", "team", f"{share} {often} {number}"] = (in_time, asked)
    return found


def main() -> None:
    print(machine())
    with alerts.quiet_connection() as db:
        alerts.alert_world.make_world(db)
        alerts.publish(db, drawn(0, alerts.calendar(db)).items(), alerts.LAST)
        rules = [
            {"id": f"{metric} by {grain}, {way}", "kind": "seasonal_band", "metric": metric, "dimension": dimension,
             "grain": grain, "direction": way}
            for (metric, dimension, grain), way in product(LOOKED_AT, ("fall", "rise"))
        ]  # fmt: skip
        alerts.alert_world.give_rules(db, [rule | {"id": f"r{place}"} for place, rule in enumerate(rules)])
        alerts.judged(db, alerts.LAST)
        counts = db.execute(
            "select cast(substr(rule_id, 2) as integer), count(*), count(*) filter (where is_breach) from "
            "int_alert_periods_judged where is_large and period_end_date > date '2025-06-29' group by all order by all"
        ).fetchall()
    print("\n| band of | periods judged | false alerts | in a thousand |\n| --- | ---: | ---: | ---: |")
    for place, judged, breached in counts:
        print(f"| {rules[place]['id']} | {judged:,} | {breached} | {1000 * breached / judged:.1f} |")
    judged, breached = (sum(row[column] for row in counts) for column in (1, 2))
    print(f"| all | {judged:,} | {breached} | {1000 * breached / judged:.1f} |")


if __name__ == "__main__":
    main()
