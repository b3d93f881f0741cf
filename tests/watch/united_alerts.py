"""What all alerts have in common, of one row of `alert_metrics` that a test says."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
from incident_nights import sql_of

COLUMNS = (
    "incident_key subject_key rule_id severity owner playbook_id title_en title_zh reason_en reason_zh dimension_name "
    "direction cause_key dimension_value target_id scope_dimension scope_value changed_by baseline_value goal_value "
    "upper_value starts_on due_on"
)
TABLES = (
    "alert_stalled_deals", "alert_deadline_missed", "alert_findings", "alert_causes", "stg_settings__alert_rules",
    "int_targets_defined",
)  # fmt: skip
TERMS = (
    "kind metric_id target_metric_id period_grain compared_with threshold_rate threshold_pp false_rate band_width "
    "minimum_volume"
)


def united(column: str, goals: Iterable[tuple[str, str]] = (), **alert: object) -> object:
    """Return a column of `int_alerts_united`; `goals` are the key of a goal and the dimension of its scope."""
    texts = ", ".join(f"{name} varchar" for name in f"{COLUMNS} {TERMS}".split())
    table = (
        f"({texts}, period_start_date date, period_end_date date, is_residual boolean, is_late boolean, "
        "allows_late boolean, value decimal(28, 8), threshold_value decimal(28, 8), change_rate decimal(28, 8), "
        "change_pp decimal(28, 8))"
    )
    with duckdb.connect() as db:
        for name in (*TABLES, "alert_metrics"):
            db.execute(f"create table {name} {table}")
        for goal in goals:
            db.execute("insert into int_targets_defined (target_id, scope_dimension) values (?, ?)", goal)
        db.execute(
            f"insert into alert_metrics ({', '.join(alert)}) values ({', '.join('?' * len(alert))})", [*alert.values()]
        )
        [(found,)] = db.execute(f"select {column} from ({sql_of('int_alerts_united')})").fetchall()
    return found
