"""What nights said of closed periods: the values that changed since the night before, kept for good.

The mart `kpi_restatements` sets the first word about a period beside today's.
"""

from __future__ import annotations

from pathlib import Path

from sales_warehouse.home import Home
from sales_warehouse.nights import history
from sales_warehouse.publish.manifest import Manifest
from sales_warehouse.sql import connect, literal, read_parquet

MART = "kpi_values"
KEY = "metric_id, period_grain, period_start_date, dimension_name, dimension_value"
VALUES = "numerator, denominator, value"
SCHEMA = {
    **dict.fromkeys(("metric_id", "period_grain"), "varchar"),
    "period_start_date": "date",
    **dict.fromkeys(("dimension_name", "dimension_value"), "varchar"),
    **dict.fromkeys(("numerator", "denominator", "value"), "decimal(28,8)"),
    "is_gone": "boolean",
    "as_of": "timestamp",
    "business_date": "date",
    "version": "varchar",
    "rules": "varchar",
}


def folder(home: Home) -> Path:
    return home.history / MART


def ensure_schema(home: Home) -> None:
    history.ensure_schema(home, folder(home) / "_schema.parquet", SCHEMA)


def append(home: Home, version: Path, published: Manifest, rules: str | None) -> Path | None:
    """Keep what a published version says of closed periods that was not said before; None without such a mart.

    A period that never closes (`all`) is no word to come back to. What is said again as before adds nothing. A cohort
    of which something was said is told on, also where late facts show that it is not mature yet. A business date that
    is published again after later ones adds no word about what these were the last to speak of: it knows less.
    """
    target, table = folder(home) / f"{published.version}.parquet", published.table(MART)
    if table is None or target.exists():
        return target if target.exists() else None
    ensure_schema(home)
    earlier = history.earlier(folder(home), target)
    with connect(temp=home.tmp) as connection:
        now = read_parquet([version / piece.file for piece in table.pieces])
        added = f"""
            cast({literal(published.as_of)} as timestamp) as as_of,
            cast({literal(published.business_date)} as date) as business_date,
            {literal(published.version)} as version, {literal(rules)} as rules"""
        is_later = f"said.business_date > cast({literal(published.business_date)} as date)"
        same = " and ".join(f"now.{name} = said.{name}" for name in KEY.split(", "))
        history.write(
            connection,
            f"""
            with said as ({latest(read_parquet(earlier))}),
            now as (from {now})
            select {_of("now", KEY)}, {_of("now", VALUES)}, false as is_gone, {added}
            from now left join said on {same}
            where (now.is_matured or said.metric_id is not null) and now.period_grain <> 'all' and (
                said.metric_id is null or said.is_gone
                or ({_of("now", VALUES)}) is distinct from ({_of("said", VALUES)})
            ) and {is_later} is not true
            union all
            select {_of("said", KEY)}, null, null, null, true, {added}
            from said anti join now on {same} where not said.is_gone and {is_later} is not true
            order by all""",
            SCHEMA,
            target,
        )
    return target


def latest(said: str) -> str:
    """Return a select of the last word about each period."""
    return f"select * from {said} qualify row_number() over (partition by {KEY} order by version desc) = 1"


def _of(relation: str, names: str) -> str:
    return ", ".join(f"{relation}.{name}" for name in names.split(", "))
