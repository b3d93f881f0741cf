"""What a review of a week talks about, as data in both languages. A pack is made once and then kept as it is.

The numbers of a past week go on changing (orders that come late, returns, cohorts that ripen); what people talked about
does not. So the first look at a week keeps its pack, and every later one gets the same.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.publish import current_folder, manifest
from sales_warehouse.publish.reading import look
from sales_warehouse.sql import ident, literal, read_parquet, rows_of

Pack = dict[str, Any]
WEEK = datetime.timedelta(days=7)
MOVERS = 3  # of one metric along one dimension
WAIT_SECONDS = 60.0


def _matures(value: str) -> str:
    """Days after a period's end until what is said of it stands; `k` is kpi_metrics (days_to_mature of kpi.sql)."""
    median = f"least(coalesce({value}, 190), 190)"
    days = f"case when k.is_cohort and k.aggregation = 'median' then {median} else k.matures_after_days end"
    return f"cast(coalesce({days}, 0) as integer)"


QUERIES = {
    "movers": f"""
        select m.metric_id, m.metric_name_en, m.metric_name_zh, m.unit, m.direction, m.dimension_name,
            m.dimension_value,
            coalesce(r.region_name_en, c.channel_name_en, s.rep_name, m.dimension_value) as member_en,
            coalesce(r.region_name_zh, c.channel_name_zh, s.rep_name, m.dimension_value) as member_zh,
            m.period_grain, m.period_start_date, m.period_end_date, m.previous_start_date, m.value, m.previous_value,
            m.change_value, m.change_rate, m.workday_count, m.previous_workday_count, m.comparison_rate,
            m.comparable_value, m.comparable_change_value, m.comparable_change_rate, m.change_type
        from kpi_movers as m
        left join dim_regions as r on m.dimension_name = 'region' and m.dimension_value = r.region_key
        left join dim_channels as c on m.dimension_name = 'channel' and m.dimension_value = c.channel
        left join dim_sales_reps as s on m.dimension_name in ('rep', 'manager') and m.dimension_value = s.rep_key
        left join kpi_metrics as k on m.metric_id = k.metric_id
        where m.change_rank <= {MOVERS}
            -- a month is news in the week in which it ends, a cohort in that in which it has had its time: so many days
            -- after its end, or as long after it as its median is
            and (
                m.period_grain = 'week'
                or m.period_end_date + {_matures("m.value")} >= $week
            )
        order by k.number nulls last, m.metric_id, m.dimension_name <> 'total', m.dimension_name, m.change_rank""",
    "targets": f"""
        select target_id, target_name_en, target_name_zh, metric_id, unit, target_value, upper_value, actual_value,
            progress_rate, expected_progress_rate, projected_value, projected_status, starts_on, due_on, owner, status
        from kpi_targets
        left join (select metric_id, is_cohort, aggregation, matures_after_days from kpi_metrics) as k using (metric_id)
        -- of cohorts the last word comes when they have had their time
        where starts_on <= $week + 6 and due_on + {_matures("actual_value")} >= $week
        order by
            case status when 'missed' then 1 when 'behind' then 2 when 'on_track' then 3 when 'met' then 4 else 5 end,
            due_on, target_id""",
    "lints": """
        select l.subject_type, l.subject_id, l.lint_type, l.smart_letter, l.severity, l.message_en, l.message_zh
        from kpi_goal_lints as l
        left join kpi_targets as t on l.subject_type = 'goal' and l.subject_id = t.target_id
        where coalesce(t.due_on >= $week, true)  -- what is over needs no mending
        order by l.severity, l.subject_type, l.subject_id, l.lint_type""",
}
ALERT = ("incident_key", "severity", "owner", "reason_en", "reason_zh", "playbook_id")


class NoPack(LookupError):
    """There is no pack of that week; the message says why and which weeks there are."""


def last_week(business_date: datetime.date) -> datetime.date:
    """Return the Monday of the last week that is over on the evening of a business date."""
    after = business_date + datetime.timedelta(days=1)
    return after - datetime.timedelta(days=after.weekday()) - WEEK


def kept_weeks(home: Home) -> list[str]:
    """Return the Mondays of the weeks whose packs are kept, oldest first."""
    return sorted(file.stem for file in home.reviews.glob("*.json"))


def pack_of(home: Home, day: datetime.date | None = None) -> Pack:
    """Return the pack of the week that a day lies in; without one, of the last week that is over. Raises NoPack."""
    folder = current_folder(home)
    newest = _newest(folder) if folder else None
    week = day - datetime.timedelta(days=day.weekday()) if day else newest
    file = home.reviews / f"{week}.json"
    with durable.lock(home.reviews / ".lock", wait_seconds=WAIT_SECONDS, purpose="keeping the weekly review"):
        if not file.exists():
            if folder is None or week is None:
                raise NoPack("nothing has been published yet: run a refresh (make run)")
            if week != newest:
                listed = ", ".join(kept_weeks(home)) or "none"
                raise NoPack(
                    f"no pack was kept of the week from {week}; the first refresh after a week keeps one: {listed}"
                )
            durable.write_json(file, _made(home, folder, week))
        return durable.read_json(file)


def _newest(folder: Path) -> datetime.date:
    said = durable.read_json(folder / manifest.NAME)
    return last_week(datetime.date.fromisoformat(said["business_date"]))


def _made(home: Home, folder: Path, week: datetime.date) -> Pack:
    said = durable.read_json(folder / manifest.NAME)
    with look(home, folder) as db:
        try:
            found = {name: _rows(db, query.replace("$week", literal(week))) for name, query in QUERIES.items()}
            alerts = _alerts(db)
        except duckdb.CatalogException as error:
            raise NoPack(f"the published version is older ({str(error).splitlines()[0]}): run a refresh") from error
        return {
            "week_start_date": f"{week}",
            "week_end_date": f"{week + WEEK - datetime.timedelta(days=1)}",
            "business_date": said["business_date"],
            "version": folder.name,
            "company": _settings(db, home, "company", "company_id")[0],
            "alerts": alerts,
            "actions": _actions(db, home, alerts),
            **found,
        }


def _alerts(db: duckdb.DuckDBPyConnection) -> list[dict[str, str | None]]:
    """Return every incident that is published, the most severe first."""
    marts = db.execute(
        "select table_name from duckdb_columns() where schema_name = 'marts' and starts_with(table_name, 'alert_') "
        "and column_name in ('incident_key', 'severity') group by 1 having count(*) = 2 order by 1"
    ).fetchall()
    rows = []
    for (mart,) in marts:
        known = {row[0] for row in db.execute(f"describe {ident(mart)}").fetchall()}
        listed = ", ".join(ident(name) if name in known else f"null as {ident(name)}" for name in ALERT)
        rows += _rows(db, f"select {listed} from {ident(mart)} order by incident_key")
    severe = {"critical": 0, "high": 0, "warning": 1}
    return sorted(rows, key=lambda row: (severe.get(row["severity"] or "", 2), row["incident_key"] or ""))


def _actions(db: duckdb.DuckDBPyConnection, home: Home, alerts: list[dict[str, str | None]]) -> list[dict[str, Any]]:
    """Return the playbooks of the alerts, each once, with what it is for."""
    books = {row["playbook_id"]: row for row in _settings(db, home, "playbooks", "playbook_id")}
    named = dict.fromkeys(alert["playbook_id"] for alert in alerts)
    return [
        {**books[name], "incidents": [alert["incident_key"] for alert in alerts if alert["playbook_id"] == name]}
        for name in named
        if name in books
    ]


def _settings(db: duckdb.DuckDBPyConnection, home: Home, table: str, key: str) -> list[dict[str, str | None]]:
    file = home.settings / f"{table}.parquet"
    return _rows(db, f"from {read_parquet([file])} order by {ident(key)}") if file.is_file() else [{}]


def _rows(db: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, str | None]]:
    """Return rows as text, so that no digit is lost and a kept pack is what was made."""
    return rows_of(db, f"select columns(*)::varchar from ({query})")
