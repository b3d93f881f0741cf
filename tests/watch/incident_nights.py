"""Nights of incidents: the models that make them, over alerts that a test says, each night going on from the last."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import duckdb

sys.path.append(str(Path(__file__).parents[1] / "dbt"))
from macros import rendered

from sales_warehouse.nights.incidents import SCHEMA
from sales_warehouse.transform import PROJECT

MADE = (
    "int_incident_events_known", "int_incident_subjects_known", "int_incident_levels_measured",
    "int_incident_events_made", "fct_incident_events",
    "fct_incidents",
)  # fmt: skip
RANKS = {"critical": 1, "warning": 2, "info": 3}
DECISIONS = (
    "decision_id varchar, incident_key varchar, decision_type varchar, decided_by varchar, note varchar, "
    "snoozed_until_date date, owner varchar, playbook_id varchar, due_date date, playbook_name_en varchar, "
    "playbook_name_zh varchar, department varchar, due_days integer, decided_at timestamp, version varchar"
)
ALERTS = ", ".join(
    f"{name} {kind}"
    for name, kind in SCHEMA.items()
    if name not in ("event_key", "incident_key", "event_type", "is_told", "rules", "event_date", "event_at")
)

TERMS = "percent_change|net_sales||week|region|fall|previous||{}"

DATE, MOMENT = "<the business date>", "<the moment>"

Row = Mapping[str, object]


@cache
def sql_of(model: str) -> str:
    """Return a model's SQL with marks where the date and the moment of the night stand."""
    (file,) = (PROJECT / "models").rglob(f"{model}.sql")
    variables = {"business_date": DATE, "as_of": MOMENT, "time_zone": "Asia/Shanghai"}
    return rendered(file.read_text(encoding="utf-8"), variables)


def alert(
    member: str, week: str, severity: str = "warning", *, size: str = "0.2", cause: str | None = None, days: int = 7
) -> Row:
    """An alert of the rule `fall` on a member in a period that starts on a day."""
    end = datetime.date.fromisoformat(week) + datetime.timedelta(days=days - 1)
    return {
        "subject_key": f"fall|{member}", "alert_key": f"fall|{member}|{week}", "alert_kind": "alert_metrics",
        "rule_id": "fall", "severity": severity, "size_rate": size, "owner": "sales", "playbook_id": "call",
        "cause_key": cause, "metric_id": "net_sales", "dimension_name": "region", "dimension_value": member,
        "period_start_date": week, "period_end_date": f"{end}",
        "title_en": f"{member} fell", "title_zh": f"{member}下跌", "reason_en": f"{member} fell by {size}",
        "reason_zh": f"{member}下跌 {size}", "is_personal": False, "rule_terms": TERMS.format(0.15),
        "goal_terms": None, "is_late": False, "changed_by": None,
    }  # fmt: skip


class Nights:
    """A company's incidents; `judged` is what its rules had judged by the night."""

    def __init__(self) -> None:
        self.db = duckdb.connect(config={"threads": 1})
        self.db.execute(f"create table stg_watch__incident_decisions ({DECISIONS})")
        columns = ", ".join(f"{name} {kind}" for name, kind in SCHEMA.items())
        self.db.execute(f"create table stg_history__incident_events ({columns}, version varchar)")
        self.db.execute(
            "create table int_alert_periods_judged (rule_id varchar, dimension_value varchar, period_start_date date, "
            "is_breach boolean, value decimal(28, 8), compared_value decimal(28, 8), comparison_rate decimal(18, 8), "
            "lower_value decimal(28, 8), upper_value decimal(28, 8), compared_start_date date)"
        )
        self.db.execute(
            "create table int_opportunity_stages_timed (opportunity_key varchar, entered_date date, stalled_date date)"
        )
        self.db.execute(
            "create table int_alert_periods_watched (rule_id varchar, dimension_value varchar, period_end_date date, "
            "is_large boolean, is_muted boolean, is_alerting boolean)"
        )
        self.db.execute(
            "create table int_alert_periods_followed (metric_id varchar, period_grain varchar, dimension_name varchar, "
            "dimension_value varchar, period_start_date date, period_kind varchar, day_of_week bigint, "
            "holiday_number bigint)"
        )
        self.db.execute("create table kpi_return_rates (region_key varchar, period_start_date date, is_spike boolean)")
        self.db.execute(
            "create table int_alert_bands_expected (metric_id varchar, period_grain varchar, dimension_name varchar, "
            "dimension_value varchar, period_start_date date, reference_kind varchar, effective_day_count double)"
        )
        self.db.execute(
            "create table int_alert_rules_defined as select 'fall' as rule_id, 'percent_change' as kind, "
            "'net_sales' as metric_id, 'region' as dimension_name, 'previous' as compared_with, "
            "'week' as period_grain, 'fall' as direction, 0.15::decimal(18, 8) as "
            "threshold_rate, null::decimal(18, 8) as threshold_pp"
        )
        self.db.execute("create table stg_ledger__rules as select 'r1' as rules")
        self.version = 0

    def live(
        self,
        date: str,
        alerts: Sequence[Row],
        *,
        judged: str | None = None,
        publish: bool = True,
        rules: str = "fall",
        own: Mapping[str, str | None] | None = None,
        terms: str = TERMS.format(0.15),
        goal: str | None = None,
    ) -> list[tuple[str, str, bool]]:
        """Make a night's incidents and go on from them; return its events as incident, type and whether it is told.

        Without `judged` the last whole week before the night has been judged. With `own` the rule says nothing of its
        subjects as a whole: those members have been judged up to these days, or not at all. `terms` is what the
        rule asks by now, `goal` what the goals of those members ask.
        """
        day = datetime.date.fromisoformat(date)
        ended = judged or f"{day - datetime.timedelta(days=day.isoweekday() % 7)}"
        self.db.execute(f"create or replace table alerts_given ({ALERTS})")
        for row in alerts:
            names = ", ".join(row)
            self.db.execute(f"insert into alerts_given ({names}) values ({', '.join('?' * len(row))})", [*row.values()])
        self.db.execute(
            "create or replace table int_alerts_united as select *, case severity when 'critical' then 1 "
            "when 'warning' then 2 when 'info' then 3 else 4 end as severity_rank from alerts_given"
        )
        self.db.execute(
            "create or replace table int_alerts_judged as select ? as rule_id, null::varchar as subject_key, "
            "?::varchar as rule_terms, null::varchar as goal_terms, ?::date as judged_end_date",
            [rules, terms, None if own is not None else ended],
        )
        for member, day_judged in (own or {}).items():
            row = [f"fall|{member}", goal, day_judged]
            self.db.execute("insert into int_alerts_judged values ('fall', ?, null, ?, ?)", row)
        self.make(date)
        if publish:
            self.keep(date)
        return self.db.execute(
            "select incident_key, event_type, is_told from int_incident_events_made order by event_key"
        ).fetchall()

    def make(self, date: str) -> None:
        for model in MADE:
            sql = sql_of(model).replace(DATE, date).replace(MOMENT, f"{date} 18:00:00")
            self.db.execute(f"create or replace table {model} as {sql}")

    def keep(self, date: str) -> None:
        """Keep what the night was the first to say, as a publish does."""
        self.version += 1
        self.db.execute(
            f"insert into stg_history__incident_events select {', '.join(SCHEMA)}, ? from fct_incident_events "
            "where is_new and event_key not in (select event_key from stg_history__incident_events)",
            [self.name(date)],
        )

    def name(self, date: str) -> str:
        return f"{self.version:06d}_{date.replace('-', '')}"

    def decide(
        self, incident: str, kind: str, date: str, *, until: str | None = None, owner: str | None = None
    ) -> None:
        self.db.execute(
            "insert into stg_watch__incident_decisions (decision_id, incident_key, decision_type, decided_by, note, "
            "snoozed_until_date, owner, decided_at, version) values (?, ?, ?, 'ann', 'noted', ?, ?, ?, ?)",
            [
                f"D{self.version}{kind}", incident, kind, until, owner, f"{date} 20:00:00", self.name(date),
            ],
        )  # fmt: skip

    def change_settings(self, mark: str) -> None:
        """Settings, mappings or models are others from now on."""
        self.db.execute("update stg_ledger__rules set rules = ?", [mark])

    def look_back(self, member: str, period: str, is_breach: bool) -> None:
        """What the rule, of a limit by then, says tonight of a period that it has judged before."""
        self.db.execute("update int_alert_rules_defined set kind = 'threshold', compared_with = null")
        self.db.execute(
            "insert into int_alert_periods_judged (rule_id, dimension_value, period_start_date, is_breach) "
            "values ('fall', ?, ?, ?)", [member, period, is_breach],
        )  # fmt: skip

    def weeks(self, member: str, first: str, *values: float, rates: Sequence[float] = ()) -> None:
        """What a member sold week by week from the one before `first` on, and how days scale each from the last."""
        monday = datetime.date.fromisoformat(first)
        for place, (before, value) in enumerate(pairwise(values)):
            rate = rates[place] if rates else 1
            base = before * rate
            self.db.execute(
                "insert into int_alert_periods_judged values ('fall', ?, ?, ?, ?, ?, ?, null, null, null)",
                [member, monday + datetime.timedelta(7 * place), value - base <= -0.15 * abs(base) < 0, value, base,
                 rate],
            )  # fmt: skip

    def day(self, member: str, day: str, value: float, before: tuple[str, float], kind: str, holiday: int = 0) -> None:
        """What a member sold on a day, which is of a kind, and on the day before of that weekday and kind."""
        compared_date, compared = before
        self.db.execute("update int_alert_rules_defined set period_grain = 'day', threshold_rate = 0.3")
        self.db.execute(
            "insert into int_alert_periods_judged values ('fall', ?, ?, ?, ?, ?, 1, null, null, ?)",
            [member, day, value <= 0.7 * compared, value, compared, compared_date],
        )
        self.db.execute(
            "insert into int_alert_periods_followed values ('net_sales', 'day', 'region', ?, ?, ?, isodow(?::date), ?)",
            [member, day, kind, day, holiday],
        )

    def judge_by_a_band(self, grain: str = "week", direction: str = "fall") -> None:
        """Let the rule judge by a band instead of by a change."""
        self.db.execute(
            "update int_alert_rules_defined set kind = 'seasonal_band', compared_with = null, threshold_rate = null, "
            "period_grain = ?, direction = ?",
            [grain, direction],
        )

    def band(
        self,
        member: str,
        start: str,
        value: float,
        edges: tuple[float, float],
        *,
        days: float = 5,
        kind: str = "period",
    ) -> None:
        """What a member sold in a period of so many days, and the edges of what it is held against by then."""
        low, high = edges
        self.db.execute(
            "insert into int_alert_periods_judged values ('fall', ?, ?, ?, ?, null, null, ?, ?, null)",
            [member, start, not low <= value <= high, value, low, high],
        )
        self.db.execute(
            "insert into int_alert_bands_expected values "
            "('net_sales', (select any_value(period_grain) from int_alert_rules_defined), 'region', ?, ?, ?, ?)",
            [member, start, kind, days],
        )

    def statuses(self) -> dict[str, str]:
        return dict(self.db.execute("select incident_key, incident_status from fct_incidents order by 1").fetchall())

    def rows(self, columns: str, mart: str = "fct_incidents") -> list[tuple]:
        return self.db.execute(f"select {columns} from {mart} order by all").fetchall()
