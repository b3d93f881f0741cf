"""What is unwise in the calendar, metrics and goals of a company: by its configuration, and by what is published."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import duckdb

from sales_warehouse import durable
from sales_warehouse.business_calendar import unannounced_years
from sales_warehouse.company.lint_targets import lint_targets
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.metrics import absent_because, analyses, filled_columns, in_words, metrics_of
from sales_warehouse.publish import current_folder, manifest
from sales_warehouse.publish.reading import look

MOST = 20  # lines about single goals


def unwise(company: Company, home: Home) -> Iterator[str]:
    """Yield lines for what is wrong or unwise, of goals that are not over; what only data shows as of the last refresh.

    The company's own goals come before those that sources sent.
    """
    today = datetime.datetime.now(ZoneInfo(company.about.time_zone)).date()
    for year in unannounced_years(company, today):
        yield (
            f"calendar.yml: the make-up workdays of {year} are not known, so its holidays count without them: "
            "upgrade the package `holidays`, or list the year in `days_file`"
        )
    filled, metrics = filled_columns(company.sources.values()), metrics_of(company.metrics)
    for metric in metrics.values():
        if absent := absent_because(metric, filled):
            yield f"metric {metric.id} will be absent: no source maps {', '.join(map(in_words, absent))}"
    for analysis in analyses():
        if absent := absent_because(analysis, filled):
            said = f"{analysis.mart} will not tell: {analysis.name.en}"
            yield f"{said} (no source maps {', '.join(map(in_words, absent))})"
    over = {target.id for target in company.targets.targets if target.due_on < today}
    for lint in lint_targets(company.targets, metrics):
        if lint.subject_type == "goal" and lint.subject_id in over:
            continue
        yield f"targets.yml: {lint.subject_type} {lint.subject_id}: {lint.message.en}"
    configured = {target.id for target in company.targets.targets}
    published = _published(home)
    for subject, message in published[:MOST]:
        place = "targets.yml: goal" if subject in configured else "sent goal"
        yield f"{place} {subject}: {message} (last refresh)"
    if len(published) > MOST:
        yield f"and {len(published) - MOST} more of goals: see kpi_goal_lints (last refresh)"


def _published(home: Home) -> list[tuple[str, str]]:
    folder = current_folder(home)
    if folder is None:
        return []
    query = """
        select l.subject_id, l.message_en
        from marts.kpi_goal_lints as l left join marts.kpi_targets as t on l.subject_id = t.target_id
        where l.subject_type = 'goal' and coalesce(t.due_on >= $1::date, true)
        order by t.source is distinct from 'company', l.severity, l.subject_id, l.lint_type
    """
    try:
        with look(home, folder) as db:
            return db.execute(query, [durable.read_json(folder / manifest.NAME)["business_date"]]).fetchall()
    except duckdb.CatalogException:  # a version from before there were lints
        return []
