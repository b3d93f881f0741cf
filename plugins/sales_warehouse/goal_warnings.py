"""What is unwise in the goals of a company: by its configuration, and by the history that is published."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from sales_warehouse.company.lint_targets import lint_targets
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.metrics import absent_because, filled_columns, metrics_of
from sales_warehouse.publish import current_folder
from sales_warehouse.sql import connect


def unwise(company: Company, home: Home) -> Iterator[str]:
    """Yield a line for everything that is wrong or unwise, what only data shows as of the last refresh."""
    filled = filled_columns(company.sources.values())
    for metric in metrics_of(company.metrics).values():
        if absent := absent_because(metric, filled):
            missing = ", ".join(need.replace("|", " / ") for need in absent)
            yield f"metric {metric.id} will be absent: no source maps {missing}"
    for lint in lint_targets(company.targets, metrics_of(company.metrics)):
        yield f"targets.yml: {lint.subject_type} {lint.subject_id}: {lint.message.en}"
    configured = {target.id for target in company.targets.targets}
    for subject, message in _published(home):
        place = "targets.yml: goal" if subject in configured else "sent goal"
        yield f"{place} {subject}: {message} (last refresh)"


def _published(home: Home) -> list[tuple[str, str]]:
    folder = current_folder(home)
    if folder is None:
        return []
    query = """
        select subject_id, message_en from marts.kpi_goal_lints
        where subject_type = 'goal' order by severity, subject_id, lint_type
    """
    try:
        with connect(folder / "warehouse.duckdb", temp=home.tmp / "check", read_only=True) as db:
            return db.execute(query).fetchall()
    except duckdb.CatalogException:  # a version from before there were lints
        return []
