"""A company that publishes its incidents night by night, with alerts as a test wants them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import duckdb
from incident_nights import Nights, Row, alert

from sales_warehouse import publish
from sales_warehouse.company.mistakes_zh import in_chinese
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import SCHEMAS, write_table

NOW = datetime.datetime(2026, 6, 29, 1, 30, tzinfo=datetime.UTC)
NIGHT, NEXT = "2026-06-28", "2026-07-05"  # the nights in which the weeks of the alerts end
WEEK, NEXT_WEEK = "2026-06-22", "2026-06-29"
REGIONS = [("east", "East China", "华东"), ("north", "North China", "华北"), ("south", "South China", "华南")]


EXPLAINED = """
create table marts.alert_causes as from (values
    ('fall|east|2026-06-22', 0, true, 'What is left.', '其余。'),
    ('fall|east|2026-06-22', 1, false, 'Formula in East China: −12,600.00, 100 % of the change.',
     '华东·配方奶粉：−12,600.00，占变化的 100%。'))
    t(incident_key, cause_number, is_residual, text_en, text_zh);
create table marts.alert_events as from (values
    ('fall|east|2026-06-22', 1, false, 'A price that may be chance.', '可能出于偶然的调价。'),
    ('fall|east|2026-06-22', 3, true, 'A holiday.', '节假日。'),
    ('fall|east|2026-06-22', 2, true, 'A competitor gave one for one from 2026-06-20 on.',
     '竞品自 2026-06-20 起买一赠一。'))
    t(incident_key, event_number, is_likely, text_en, text_zh);
create table marts.alert_playbooks as from (values ('fall|east|2026-06-22', 1, 'intercept'))
    t(incident_key, playbook_number, playbook_id)
"""


def clock() -> datetime.datetime:
    return NOW


def falls(regions: int, week: str = WEEK, severity: str = "critical", **more: object) -> list[Row]:
    """A fall of net sales in each of the first regions."""
    return [
        {
            **alert(key, week, severity, size="0.234"),
            "owner": "销售总监",
            "playbook_id": "regional_fall",
            "title_en": f"Net sales, {name_en}: −23.4 %",
            "title_zh": f"净销售额·{name_zh}：−23.4%",
            "reason_en": f"Net sales of {name_en} fell by 23.4 %.",
            "reason_zh": f"{name_zh}净销售额下降 23.4%。",
            **more,
        }
        for key, name_en, name_zh in REGIONS[:regions]
    ]


class Published:
    """Nights whose incidents readers see; `more` is SQL that makes other marts."""

    def __init__(self, home: Home) -> None:
        self.home, self.nights = home, Nights()

    def live(self, alerts: Sequence[Row], date: str = NIGHT, more: str = "") -> None:
        self.nights.live(date, alerts)
        self.publish(date, more)

    def publish(self, date: str = NIGHT, more: str = "") -> None:
        self.home.warehouse.mkdir(parents=True, exist_ok=True)
        self.home.warehouse_file.unlink(missing_ok=True)
        with duckdb.connect(str(self.home.warehouse_file)) as db:
            db.execute("CREATE SCHEMA marts")
            for mart in ("fct_incidents", "fct_incident_events"):
                made = self.nights.db.execute(f"FROM {mart}").to_arrow_table()
                db.register("made", made)
                db.execute(f"CREATE TABLE marts.{mart} AS FROM made")
                db.unregister("made")
            db.execute(more)
        publish.publish(
            self.home,
            run_id=f"night-{self.nights.version}",
            business_date=datetime.date.fromisoformat(date),
            as_of=NOW.replace(tzinfo=None),
        )


BROKEN = (
    (3, 21, "returns", "Goods come back", "退货率上升", "Customer service", "on", "metric",
     "unknown metric 'retun_rate'; did you mean 'return_rate'?"),
    (5, 40, None, None, None, None, None, "id", "is missing"),
)  # fmt: skip


def leave_out(home: Home, *rules: tuple) -> None:
    """Note, as a refresh does, that it had to do without these rules."""
    home.settings.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        rows = [(*rule, in_chinese(rule[-1])) for rule in rules]
        write_table(db, SCHEMAS["left_out_rules"], rows, home.settings / "left_out_rules.parquet")


def write_settings(home: Home) -> None:
    home.settings.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        for name, query in {
            "alert_rules": "SELECT 'fall' AS rule_id, 'Net sales of a region fell' AS name_en, "
            "'大区净销售额周环比下跌' AS name_zh",
            "playbooks": "SELECT 'regional_fall' AS playbook_id, 'Regional fall' AS name_en, "
            "'大区销售下跌应对' AS name_zh, "
            "'销售部' AS department, '销售总监' AS owner, 14 AS due_days, "
            "'Call the five accounts that fell most' || chr(10) || 'Check stock' AS steps_en, "
            "'致电下滑最多的五家客户' || chr(10) || '核对库存' AS steps_zh",
        }.items():
            db.execute(f"COPY ({query}) TO '{home.settings / name}.parquet' (FORMAT parquet)")
