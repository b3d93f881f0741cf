"""A published file: an incident with its whole story, a warning, one that is over, an action, a rule with its trial."""

from __future__ import annotations

import datetime

import duckdb
from published_marts import write_marts

MONDAY = datetime.date(2026, 6, 22)
FALL = f"net_sales_fall|east|{MONDAY}"
SLOW = f"entry_slow|east|{MONDAY}"
OVER = "net_sales_fall|west|2026-06-15"
HOSTILE = "<script>alert(1)</script>"

_SAID = {"title_en": "Net sales of East China: -35.2 %", "title_zh": "华东净销售额：-35.2%",
         "reason_en": "Net sales of East China fell by 35.2 %.",
         "reason_zh": "华东净销售额环比下降 35.2%。"}  # fmt: skip
_SLOW = {"title_en": "Entry within 24 hours of East China: 61.0 %", "title_zh": "华东 24 小时录入率：61.0%",
         "reason_en": "Entry within 24 hours of East China is 61.0 %.",
         "reason_zh": "华东 24 小时录入率为 61.0%。"}  # fmt: skip
_WEEK = {"period_start_date": MONDAY, "period_end_date": MONDAY + datetime.timedelta(days=6)}
_BOOK = {"playbook_id": "intercept", "playbook_name_en": "Interception", "playbook_name_zh": "拦截促销"}

ROWS: dict[str, list[dict[str, object]]] = {
    "fct_incidents": [
        {"incident_key": FALL, "incident_status": "open", "severity": "critical", "alert_kind": "alert_metrics",
         "rule_id": "net_sales_fall", "subject_key": "net_sales_fall|east", "alert_key": FALL, "owner": "销售总监",
         "first_period_start_date": MONDAY, "subject_count": 1, "standing_count": 1, "event_count": 1,
         "opened_at": "2026-06-28 18:00:00", "opened_date": "2026-06-28", "is_closed": False, **_WEEK, **_SAID},
        {"incident_key": SLOW, "incident_status": "open", "severity": "warning", "alert_kind": "alert_metrics",
         "rule_id": "entry_slow", "subject_key": "entry_slow|east", "alert_key": SLOW, "owner": "销售运营",
         "first_period_start_date": MONDAY, "subject_count": 1, "standing_count": 1, "event_count": 1,
         "opened_at": "2026-06-28 18:00:00", "opened_date": "2026-06-28", "is_closed": False, **_WEEK, **_SLOW},
        {"incident_key": OVER, "incident_status": "resolved", "severity": "warning", "alert_kind": "alert_metrics",
         "rule_id": "net_sales_fall", "subject_key": "net_sales_fall|west", "alert_key": OVER,
         "first_period_start_date": "2026-06-15", "period_start_date": "2026-06-15", "period_end_date": "2026-06-21",
         "subject_count": 1, "standing_count": 0, "event_count": 2, "opened_at": "2026-06-21 18:00:00",
         "opened_date": "2026-06-21", "is_closed": True, "title_en": HOSTILE, "title_zh": HOSTILE,
         "reason_en": "over", "reason_zh": "已恢复"},
    ],
    "fct_incident_events": [
        {"event_key": FALL, "incident_key": FALL, "event_number": 1, "event_type": "opened", "is_decision": False,
         "alert_key": FALL, "event_date": "2026-06-28", "event_at": "2026-06-28 18:00:00", "is_told": True,
         "is_new": True, "severity": "critical", **_WEEK, **_SAID},
        {"event_key": SLOW, "incident_key": SLOW, "event_number": 1, "event_type": "opened", "is_decision": False,
         "alert_key": SLOW, "event_date": "2026-06-28", "event_at": "2026-06-28 18:00:00", "is_told": True,
         "is_new": True, "severity": "warning", **_WEEK, **_SLOW},
        {"event_key": OVER, "incident_key": OVER, "event_number": 1, "event_type": "opened", "is_decision": False,
         "alert_key": OVER, "event_date": "2026-06-21", "event_at": "2026-06-21 18:00:00", "is_new": False},
        {"event_key": OVER + "|end", "incident_key": OVER, "event_number": 2, "event_type": "resolved",
         "is_decision": False, "event_date": "2026-06-28", "event_at": "2026-06-28 18:00:00", "is_new": False},
    ],
    "alert_metrics": [
        {"incident_key": FALL, "subject_key": "net_sales_fall|east", "rule_id": "net_sales_fall",
         "kind": "percent_change", "severity": "critical", "metric_id": "net_sales", "unit": "money",
         "period_grain": "week", "dimension_name": "region", "dimension_value": "east",
         "dimension_value_en": "East China", "dimension_value_zh": "华东", "value": 648000, "compared_value": 1000000,
         "change_rate": "-0.352", **_WEEK, **_SAID},
    ],
    "kpi_metrics": [
        {"metric_id": "net_sales", "name_en": "Net sales", "name_zh": "净销售额", "unit": "money", "direction": "up"},
    ],
    "kpi_values": [
        {"metric_id": "net_sales", "period_grain": "week", "dimension_name": "region", "dimension_value": "east",
         "period_start_date": MONDAY - datetime.timedelta(weeks=ago), "value": 648000 if ago == 0 else 990000 + ago}
        for ago in range(30)
    ],
    "alert_causes": [
        {"incident_key": FALL, "cause_number": 0, "is_residual": True, "contribution_value": -52000,
         "change_value": -352000, "share_rate": "0.148", "text_en": "The rest: -52,000.00",
         "text_zh": "其余：-52,000.00"},
        {"incident_key": FALL, "cause_number": 1, "is_residual": False, "forecast_value": 500000,
         "actual_value": 200000, "contribution_value": -300000, "share_rate": "0.852", "change_value": -352000,
         "text_en": "Milk powder fell from 500,000.00 to 200,000.00",
         "text_zh": "配方奶粉由 500,000.00 降至 200,000.00"},
    ],
    "alert_events": [
        {"incident_key": FALL, "event_number": 1, "event_key": "planning:1", "event_type": "buy_one_get_one",
         "actor": "competitor", "starts_date": MONDAY, "ends_date": "2026-06-28", "placebo_score": "0.04",
         "placebo_count": 24, "extreme_count": 0, "is_likely": True, "text_en": "A competitor gives one for one",
         "text_zh": "竞品买一赠一"},
    ],
    "alert_playbooks": [
        {"incident_key": FALL, "playbook_number": 1, **_BOOK, "department": "市场部", "owner": "市场总监",
         "due_days": 7, "steps_en": "Confirm the offer\nBundle the category", "steps_zh": "核实买赠力度\n推出组合装",
         "reason_en": "It answers the competitor's offer.", "reason_zh": "针对竞品买赠。", "use_count": 3,
         "measured_count": 2, "effect_type": "relative", "effect_value": "0.12", "lower_value": "0.03",
         "upper_value": "0.21"},
    ],
    "fct_actions": [
        {"action_key": f"{OVER}|intercept", "incident_key": OVER, **_BOOK, "department": "市场部", "owner": "李",
         "accepted_date": "2026-06-22", "due_date": "2026-06-27", "action_status": "overdue",
         "outcome_status": "waiting"},
    ],
    "kpi_alert_trials": [
        {"rule_id": "net_sales_fall", "rule_name_en": "Net sales fell", "rule_name_zh": "净销售额下跌",
         "rule_state": "on", "kind": "percent_change", "metric_id": "net_sales", "period_grain": "week",
         "dimension_name": "region", "dimension_value": "east", "dimension_value_en": "East China",
         "dimension_value_zh": "华东", "period_count": 104, "judged_count": 103, "breach_count": 4, "muted_count": 1,
         "alert_count": 3, "last_alert_date": MONDAY, "rule_order": 1},
    ],
}  # fmt: skip


def write(db: duckdb.DuckDBPyConnection) -> None:
    """Create the marts in a published file."""
    write_marts(db, ROWS)
