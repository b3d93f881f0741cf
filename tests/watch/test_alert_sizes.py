"""How large a breach is said to be, by which a restated one is told again."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from incident_nights import sql_of

COLUMNS = (
    "incident_key subject_key rule_id severity owner playbook_id title_en title_zh reason_en reason_zh dimension_name "
    "direction cause_key dimension_value target_id scope_dimension"
)
TABLES = (
    "alert_stalled_deals", "alert_deadline_missed", "alert_findings", "alert_causes", "stg_settings__alert_rules",
    "int_targets_defined",
)  # fmt: skip
TERMS = (
    "kind metric_id target_metric_id period_grain compared_with threshold_rate threshold_pp false_rate band_width "
    "minimum_volume"
)


def size_of(**alert: object) -> Decimal | None:
    texts = ", ".join(f"{name} varchar" for name in f"{COLUMNS} {TERMS}".split())
    table = (
        f"({texts}, period_start_date date, period_end_date date, is_residual boolean, value decimal(28, 8), "
        "threshold_value decimal(28, 8), change_rate decimal(28, 8), change_pp decimal(28, 8))"
    )
    with duckdb.connect() as db:
        for name in (*TABLES, "alert_metrics"):
            db.execute(f"create table {name} {table}")
        db.execute(
            f"insert into alert_metrics ({', '.join(alert)}) values ({', '.join('?' * len(alert))})", [*alert.values()]
        )
        [(size,)] = db.execute(f"select size_rate from ({sql_of('int_alerts_united')})").fetchall()
    return size


@pytest.mark.parametrize(
    ("alert", "size"),
    [
        ({"direction": "rise", "value": "0.3", "threshold_value": "0.2"}, "1.5"),
        ({"direction": "fall", "value": "40000", "threshold_value": "50000"}, "1.25"),
        ({"direction": "fall", "value": "0.00000001", "threshold_value": "90000000000000000000"}, "1000000"),
        ({"direction": "fall", "value": "-5", "threshold_value": "100"}, None),
        ({"direction": "fall", "value": "80", "threshold_value": "0.1", "change_rate": "-0.2"}, "0.2"),
        ({"direction": "rise", "value": "0.3", "threshold_value": "5", "change_pp": "7"}, "0.07"),
    ],
    ids=["above its limit", "below its limit", "far below", "below nothing", "a change", "a change in points"],
)
def test_a_breach_is_as_large_as_it_is_off(alert: dict, size: str | None) -> None:
    assert size_of(**alert) == (None if size is None else Decimal(size))
