"""A published version with as many alerts as a test wants."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb

from sales_warehouse import publish
from sales_warehouse.home import Home

NOW = datetime.datetime(2026, 6, 29, 1, 30, tzinfo=datetime.UTC)
REGIONS = [("east", "East China", "华东"), ("north", "North China", "华北"), ("south", "South China", "华南")]


def clock() -> datetime.datetime:
    return NOW


def publish_alerts(
    home: Home, regions: int, week: str = "2026-06-22", severity: str = "critical", more: str = ""
) -> None:
    """Publish one alert for each of the first regions, and what `more` makes."""
    home.warehouse.mkdir(parents=True, exist_ok=True)
    home.warehouse_file.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("CREATE SCHEMA marts")
        db.execute(Path(__file__).with_name("alert_metrics.sql").read_text())
        for key, name_en, name_zh in REGIONS[:regions]:
            db.execute(
                "INSERT INTO marts.alert_metrics BY NAME "
                "SELECT 'fall|' || $key || '|' || $week AS incident_key, 'fall|' || $key AS subject_key, "
                "'fall' AS rule_id, 'percent_change' AS kind, $severity AS severity, '销售总监' AS owner, "
                "'regional_fall' AS playbook_id, 'net_sales' AS metric_id, 'money' AS unit, 'week' AS period_grain, "
                "$week::DATE AS period_start_date, $week::DATE + 6 AS period_end_date, "
                "$week::DATE AS opened_start_date, "
                "'region' AS dimension_name, $key AS dimension_value, $en AS dimension_value_en, "
                "$zh AS dimension_value_zh, $key AS region_key, 'fall' AS direction, 1234567.885 AS value, "
                "$week::DATE - 7 AS compared_start_date, $week::DATE - 1 AS compared_end_date, "
                "1611705 AS compared_value, 1 AS comparison_rate, -0.23400127 AS change_rate, 0.15 AS threshold_value, "
                "true AS is_matured, 'Net sales, ' || $en || ': -23.4 %' AS title_en, "
                "'净销售额·' || $zh || '：-23.4%' AS title_zh, "
                "'Net sales of ' || $en || ' fell by 23.4 %.' AS reason_en, "
                "$zh || '净销售额下降 23.4%。' AS reason_zh",
                {"key": key, "en": name_en, "zh": name_zh, "week": week, "severity": severity},
            )
        db.execute(more)
    publish.publish(
        home, run_id=f"{week}-{regions}", business_date=datetime.date(2026, 6, 28), as_of=NOW.replace(tzinfo=None)
    )


def write_settings(home: Home) -> None:
    home.settings.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        for name, query in {
            "company": "SELECT 'acme' AS company_id, 'CNY' AS currency",
            "alert_rules": "SELECT 'fall' AS rule_id, 'Net sales of a region fell' AS name_en, "
            "'大区净销售额周环比下跌' AS name_zh",
            "playbooks": "SELECT 'regional_fall' AS playbook_id, 'Regional fall' AS name_en, "
            "'大区销售下跌应对' AS name_zh, "
            "'销售部' AS department, 'Call the five accounts that fell most' || chr(10) || 'Check stock' AS steps_en, "
            "'致电下滑最多的五家客户' || chr(10) || '核对库存' AS steps_zh",
        }.items():
            db.execute(f"COPY ({query}) TO '{home.settings / name}.parquet' (FORMAT parquet)")
