"""Nights of one company from its figures to its incidents: rules judge, incidents are made of what they find, and each
night goes on from what the last one said.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

import alert_world
import duckdb
from incident_nights import DECISIONS, MADE
from lone_models import sql_of

from sales_warehouse.nights import incidents, judgements
from sales_warehouse.sql import literal

BUILT_FOR = "2026-06-28"  # the business date of lone models
NOTHING = "incident_key varchar, subject_key varchar, rule_id varchar, severity varchar, owner varchar, "
NOTHING += "playbook_id varchar, period_start_date date, period_end_date date, title_en varchar, title_zh varchar, "
NOTHING += "reason_en varchar, reason_zh varchar, metric_id varchar, dimension_name varchar, dimension_value varchar"
EMPTY = {
    "alert_stalled_deals": NOTHING,
    "alert_deadline_missed": NOTHING,
    "alert_findings": NOTHING,
    "alert_causes": "incident_key varchar, cause_key varchar, is_residual boolean",
    "kpi_team_responses": "team varchar, response_status varchar, answer_factor double, period_end_date date",
    "kpi_repurchase": "category varchar, price_band varchar, month_start_date date, period_end_date date, "
    "change_status varchar, is_flagged boolean, change_points double",
    "kpi_return_rates": "region_key varchar, period_grain varchar, period_start_date date, is_spike boolean, "
    "q_value double, sold_order_count bigint, returned_order_count bigint, baseline_sold_order_count bigint, "
    "baseline_returned_order_count bigint",
    "trust_deadlines": "source varchar, date_day date, deadline_status varchar",
    "stg_settings__funnel": "maturity_days integer",
    "stg_settings__left_out_rules": "rule_id varchar, rule_state varchar, part varchar",
    "stg_settings__sources": "source varchar, label_en varchar, label_zh varchar, deadline_minutes integer, "
    "is_due_at_closing boolean",
    "stg_watch__incident_decisions": DECISIONS,
}
NAMES = [column.split()[0] for column in alert_world.VALUES.split(", ")]
JUDGED = tuple(name for name in alert_world.MODELS if name != "kpi_alert_trials")
MODELS = (*JUDGED, "int_alerts_united", "int_alerts_judged", *MADE)
# No rule has a band or waits as measured, and no figure is by day; how late records are does not change any more: these
# are the same in one night as in the next.
ALWAYS_SAME = (
    "int_alert_waits_measured", "int_alert_days_weighed", "int_alert_bands_expected", "int_alert_completeness_measured",
)  # fmt: skip
FALL = {
    "id": "fall", "kind": "percent_change", "metric": "net_sales", "grain": "week", "dimension": "region",
    "threshold_rate": 0.15, "severity": "warning",
}  # fmt: skip


class LateNights:
    """Weekly net sales of regions, and the rule `fall` on them unless a test says others."""

    def __init__(self, **rule: object) -> None:
        self.db = duckdb.connect(config={"threads": 1})
        alert_world.make_world(self.db)
        for table, schema in EMPTY.items():
            self.db.execute(f"create or replace table {table} ({schema})")
        self.rules([{**FALL, **rule}])
        self.version = 0

    def rules(self, rules: Iterable[Mapping[str, object]]) -> None:
        alert_world.give_rules(self.db, rules)

    def leave_out(self, *rule_ids: str | None) -> None:
        """Go on without these rules, as a night does that finds mistakes in them; None has no id."""
        self.rules([])
        for rule_id in rule_ids:
            self.db.execute("insert into stg_settings__left_out_rules values (?, 'on', 'metric')", [rule_id])

    def sell(self, first_week: str, *amounts: float, members: Iterable[str] = ("east",)) -> None:
        """Say what regions sold in some weeks, one after the other; what was said of them before is gone."""
        rows = []
        for place, amount in enumerate(amounts):
            monday = datetime.date.fromisoformat(first_week) + datetime.timedelta(weeks=place)
            week = ("net_sales", "week", monday, monday + datetime.timedelta(days=6), "region")
            rows += [(*week, member, amount, None, amount, True) for member in members]
        listed = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
        self.db.execute(f"create or replace temp table told as from (values {listed}) t({', '.join(NAMES)})")
        self.db.execute(
            "delete from kpi_values where (period_start_date, dimension_value) in "
            "(select (period_start_date, dimension_value) from told)"
        )
        self.db.execute("insert into kpi_values by name from told")

    def come_late(self) -> None:
        """Tell how twenty weeks of January came: 80 of 100 by their end, 90 three days later, all in a week."""
        self.db.execute(
            "insert into stg_history__kpi_values select 'net_sales', 'week', date '2026-01-05', 'region', "
            "'r' || number, value, null, value, false, age::varchar, date '2026-01-11' + age::integer "
            "from range(20) t(number), (values (0, 80), (3, 90), (7, 100)) v(age, value)"
        )

    def live(self, date: str, mark: str = "r1") -> list[tuple[str, str, bool, str | None]]:
        """Make a night and keep what it says; return its events as incident, type, whether told, and what has changed.

        `mark` is that of the settings. A week that has not ended by the night is not mature.
        """
        self.version += 1
        self.db.execute("update stg_ledger__rules set rules = ?", [mark])
        self.db.execute("update kpi_values set is_matured = period_end_date <= ?::date", [date])
        for model in MODELS if self.version == 1 else [name for name in MODELS if name not in ALWAYS_SAME]:
            self.db.execute(f"create or replace table {model} as {sql_of(model).replace(BUILT_FOR, date)}")
        version = f"{self.version:06d}_{date.replace('-', '')}"
        columns = ", ".join(incidents.SCHEMA)
        self.db.execute(
            f"insert into stg_history__incident_events select {columns}, ? from fct_incident_events "
            "where is_new and event_key not in (select event_key from stg_history__incident_events)",
            [version],
        )
        news = judgements.news_of(
            "kpi_alert_judgements",
            "stg_history__alert_judgements",
            rules=mark,
            business_date=date,
            version=version,
        )
        self.db.execute(
            f"insert into stg_history__alert_judgements select {', '.join(judgements.SCHEMA)} from ({news})"
        )
        return self.db.execute(
            "select incident_key, event_type, is_told, changed_by from int_incident_events_made order by event_key"
        ).fetchall()

    def rows(self, columns: str, mart: str = "fct_incidents") -> list[tuple]:
        return self.db.execute(f"select {columns} from {mart} order by all").fetchall()
