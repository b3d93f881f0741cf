"""Which alerts name a person: those of a seller or a manager, and goals that are one's own."""

from __future__ import annotations

import duckdb
import pytest
from incident_nights import sql_of

SHARED = (
    "incident_key, subject_key, rule_id, severity, owner, playbook_id, period_start_date, period_end_date, title_en, "
    "title_zh, reason_en, reason_zh"
)


@pytest.mark.parametrize(
    ("dimension", "member", "is_personal"),
    [
        ("region", "east", False),
        ("team", "team 1", False),
        ("rep", "crm:13800138000", True),
        ("manager", "crm:13800138001", True),
        ("target", "company_sales", False),
        ("target", "li_lei_sales", True),
        ("target", "unit_sales", True),
        ("target", "taken_out", False),
    ],
)  # fmt: skip
def test_an_alert_is_personal_where_it_is_about_one_person(dimension: str, member: str, is_personal: bool) -> None:
    with duckdb.connect() as db:
        for mart in ("alert_metrics", "alert_stalled_deals", "alert_deadline_missed", "alert_findings"):
            db.execute(f"create table {mart} ({', '.join(f'{name} varchar' for name in SHARED.split(', '))})")
        db.execute("alter table alert_metrics add dimension_name varchar")
        db.execute("alter table alert_metrics add dimension_value varchar")
        db.execute("alter table alert_metrics add change_rate decimal(28, 8)")
        db.execute("alter table alert_metrics add change_pp decimal(28, 8)")
        db.execute("insert into alert_metrics (incident_key, dimension_name, dimension_value) values ('k', ?, ?)",
                   [dimension, member])  # fmt: skip
        db.execute("create table alert_causes (incident_key varchar, is_residual boolean, cause_key varchar)")
        db.execute(
            "create table int_targets_defined as from (values ('company_sales', 'total'), ('li_lei_sales', 'rep'), "
            "('unit_sales', 'manager')) t(target_id, scope_dimension)"
        )
        assert db.execute(f"select alert_key, is_personal from ({sql_of('int_alerts_united')})").fetchall() == [
            ("k", is_personal)
        ]
