"""What nights said of the newest periods of alert rules, breach or not, kept for good.

A breach that late data make in an older period is told as found late where a night found that period quiet.
"""

from __future__ import annotations

from pathlib import Path

from sales_warehouse.home import Home
from sales_warehouse.nights import history
from sales_warehouse.publish.manifest import Manifest
from sales_warehouse.sql import connect, literal, read_parquet

MART = "kpi_alert_judgements"
NAME = "alert_judgements"
KEY = ("rule_id", "dimension_value", "period_start_date")
SAID = ("verdict", "rule_terms", "goal_terms")
SCHEMA = {
    "rule_id": "varchar",
    "dimension_value": "varchar",
    "period_start_date": "date",
    "verdict": "varchar",
    **dict.fromkeys(("value", "compared_value"), "decimal(28,8)"),
    **dict.fromkeys(("rule_terms", "goal_terms", "rules"), "varchar"),
    "business_date": "date",
    "version": "varchar",
}


def folder(home: Home) -> Path:
    return home.history / NAME


def ensure_schema(home: Home) -> None:
    history.ensure_schema(home, folder(home) / "_schema.parquet", SCHEMA)


def append(home: Home, version: Path, published: Manifest, rules: str | None) -> Path | None:
    """Keep the judgements of a published version that say another thing than the last ones of their period.

    With each goes the figure that it was made by first. None without such a mart. Twice is as once.
    """
    target, table = folder(home) / f"{published.version}.parquet", published.table(MART)
    if table is None or target.exists():
        return target if target.exists() else None
    ensure_schema(home)
    now = read_parquet([version / piece.file for piece in table.pieces])
    earlier = read_parquet(history.earlier(folder(home), target))
    news = news_of(now, earlier, rules=rules, business_date=published.business_date, version=published.version)
    with connect(temp=home.tmp) as connection:
        history.write(connection, news, SCHEMA, target)
    return target


def news_of(now: str, earlier: str, *, rules: str | None, business_date: str, version: str) -> str:
    """Return a select of the judgements that say another thing than the last one of their period did."""
    key, lasts = ", ".join(KEY), ", ".join(f"max_by({name}, version) as {name}" for name in SAID)
    is_news = " or ".join(f"now.{name} is distinct from lasts.{name}" for name in SAID)
    return f"""
        with lasts as (select {key}, {lasts} from {earlier} group by {key})
        select now.*, {literal(rules)} as rules, cast({literal(business_date)} as date) as business_date,
            {literal(version)} as version
        from {now} as now left join lasts using ({key})
        where {is_news}
        order by {key}"""
