"""One incident whole: its figure over time, what is behind it, what happened around it, what to do, what was done.

What was published is read as it is; decisions that no night has read yet are laid over it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from sales_warehouse import publish, sql
from sales_warehouse.home import Home
from sales_warehouse.publish.reading import look
from sales_warehouse.urgency import ACTION_STATUSES
from sales_warehouse.watch import decisions
from sales_warehouse.watch.incidents import Incident, business_date, one, playbooks
from sales_warehouse.watch.series import Series, Value, draw

MOST_PERIODS = {"day": 60, "week": 26, "month": 25, "quarter": 12}
ACTION_STATUS = {"accept_playbook": "open", "finish_action": "done", "drop_action": "dropped"}
_AGREED = ("playbook_name_en", "playbook_name_zh", "department", "owner")

Row = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """The newest alert on a metric of an incident: a row of `alert_metrics` with its metric, and its drawing."""

    alert: Row
    metric: Row
    series: Series


@dataclass(frozen=True)
class Story:
    """`figure` is None for an incident that is not about a metric; the rest are rows of the marts of these names."""

    incident: Incident
    figure: Figure | None
    causes: list[Row]
    around: list[Row]
    playbooks: list[Row]
    actions: list[Row]


def story(home: Home, name: str) -> Story:
    """Return what is known of the incident of a key, or of a part of one. Raises NoSuchIncident."""
    return story_of(home, one(home, name))


def story_of(home: Home, incident: Incident) -> Story:
    """Return what is known of an incident that comes with its events."""
    folder = publish.current_folder(home)
    assert folder is not None  # there is an incident
    with look(home, folder) as db:
        alerts = sorted({str(event["alert_key"]) for event in incident.events if event.get("alert_key")})
        newest = str(incident.row["alert_key"])
        offered = _of(db, "alert_playbooks", [newest], "playbook_number")
        done = _of(db, "fct_actions", [incident.key, *alerts], "accepted_date, action_key")
        return Story(
            incident,
            _figure(db, incident.row),
            _of(db, "alert_causes", [newest], "cause_number = 0, cause_number"),
            _of(db, "alert_events", [newest], "event_number"),
            offered,
            _with_waiting(done, offered, decisions.log(home), incident.key, _Days.of(home)),
        )


def actions(home: Home) -> list[Row]:
    """Return every action, with what people decided since the night, what is to be done first."""
    known = _all_of(home, "fct_actions", "action_key")
    log, days = decisions.log(home), _Days.of(home)
    kept = {row["incident_key"] for row in known} | {decision.incident_key for decision in log}
    by_incident: dict[str, list[Row]] = {key: [] for key in sorted(kept)}
    for row in known:
        by_incident[row["incident_key"]].append(row)
    rows = [row for key, listed in by_incident.items() for row in _with_waiting(listed, [], log, key, days)]
    place, latest = ACTION_STATUSES.index, datetime.date.max
    return sorted(rows, key=lambda row: (place(row["action_status"]), row["due_date"] or latest, row["action_key"]))


def trials(home: Home) -> list[list[Row]]:
    """Return what each rule would have opened, rules in the order of alerts.yml: a row for each member, most alerts
    first. Empty before the first publish.
    """
    rows = _all_of(home, "kpi_alert_trials", "rule_order, alert_count desc, breach_count desc, dimension_value")
    return [list(members) for _, members in groupby(rows, lambda row: row["rule_id"])]


def _all_of(home: Home, mart: str, order: str) -> list[Row]:
    """Return every row of a mart of the version that readers see; none where it has no such mart."""
    folder = publish.current_folder(home)
    if folder is None:
        return []
    with look(home, folder) as db:
        return sql.rows_of(db, f"select * from {sql.ident(mart)} order by {order}") if _is_there(db, mart) else []


def _is_there(db: duckdb.DuckDBPyConnection, mart: str) -> bool:
    (there,) = sql.only_row(
        db, f"select count(*) from duckdb_tables() where schema_name = 'marts' and table_name = {sql.literal(mart)}"
    )
    return bool(there)


def _figure(db: duckdb.DuckDBPyConnection, row: Row) -> Figure | None:
    """Return the figure of an incident's newest alert; of one that is over, by the rule and member of its subject."""
    found = _of(db, "alert_metrics", [str(row["alert_key"])], "incident_key") or _over(db, row)
    if not found:
        return None
    alert = found[0]
    subject = [alert[name] for name in ("metric_id", "period_grain", "dimension_name", "dimension_value")]
    values = sql.rows_of(
        db,
        "select period_start_date, value from kpi_values where metric_id = ? and period_grain = ? "
        "and dimension_name = ? and dimension_value = ? order by period_start_date desc limit ?",
        [*subject, MOST_PERIODS.get(alert["period_grain"], 26)],
    )
    metrics = sql.rows_of(db, "select * from kpi_metrics where metric_id = ?", [alert["metric_id"]])
    if not values or not metrics:
        return None
    points = {each["period_start_date"]: each["value"] for each in reversed(values)}
    if alert["value"] is not None:  # kpi_values has no month in which a product sold nothing
        points.setdefault(alert["period_start_date"], alert["value"])
    series = draw(
        [Value(*point) for point in sorted(points.items())],
        alert["period_start_date"],
        compared=alert["compared_value"],
        lower=alert["lower_value"],
        upper=alert["upper_value"],
    )
    return Figure(alert, metrics[0], series)


def _over(db: duckdb.DuckDBPyConnection, row: Row) -> list[Row]:
    """What `alert_metrics` would say of a subject that is not in it any more, without what it was compared with."""
    if row["alert_kind"] != "alert_metrics" or not _is_there(db, "kpi_alert_trials"):
        return []
    nothing = {name: None for name in ("value", "compared_value", "lower_value", "upper_value")}
    found = sql.rows_of(
        db,
        # the subject of a breach that was found late has its period, too (macro late_alert_key)
        "select * from kpi_alert_trials where rule_id = $rule and $subject in "
        "(rule_id || '|' || dimension_value, rule_id || '|' || dimension_value || '|' || $period || '|late')",
        {"rule": row["rule_id"], "subject": row["subject_key"], "period": f"{row['period_start_date']}"},
    )
    return [{**trial, **nothing, "period_start_date": row["period_start_date"]} for trial in found]


def _of(db: duckdb.DuckDBPyConnection, mart: str, incident_keys: Sequence[str], order: str) -> list[Row]:
    """Return the rows of a mart for these keys; none where the version is older than the mart."""
    if not _is_there(db, mart):
        return []
    query = f"select * from {sql.ident(mart)} where list_contains(?, incident_key) order by {order}"
    return sql.rows_of(db, query, [list(incident_keys)])


@dataclass(frozen=True)
class _Days:
    """What days of actions are told by: the zone of the business, the business date that readers see, and how many days
    each playbook gives.
    """

    zone: ZoneInfo
    today: datetime.date | None
    of_playbook: dict[str, int | None]

    @classmethod
    def of(cls, home: Home) -> _Days:
        file, zone = home.settings / "company.parquet", "UTC"
        if file.is_file():
            with sql.connect(temp=home.tmp / "watch") as db:
                (zone,) = sql.only_row(db, f"select time_zone from {sql.read_parquet([file])}")
        given = {name: row["due_days"] for name, row in (playbooks(home) or {}).items()}
        return cls(ZoneInfo(zone), business_date(home), given)

    def on(self, decision: decisions.Decision) -> datetime.date:
        """The business date of a decision."""
        at = datetime.datetime.fromisoformat(decision.at).replace(tzinfo=datetime.UTC)
        return at.astimezone(self.zone).date()


def _with_waiting(
    known: list[Row], offered: list[Row], log: Sequence[decisions.Decision], incident_key: str, days: _Days
) -> list[Row]:
    """Return the actions of an incident with what people decided about them since the night."""
    by_playbook = {row["playbook_id"]: row for row in known}
    decided: dict[str, list[decisions.Decision]] = {}
    for decision in log:
        if decision.incident_key == incident_key and decision.kind in ACTION_STATUS and decision.playbook_id:
            decided.setdefault(decision.playbook_id, []).append(decision)
    for playbook_id, about in decided.items():
        row = by_playbook.setdefault(playbook_id, _new_action(about[0], offered))
        row |= _decided(row, about, days)
    return list(by_playbook.values())


def _decided(row: Row, about: Sequence[decisions.Decision], days: _Days) -> Row:
    """What decisions about an action make of its row, as int_actions_followed says it.

    Who accepts a playbook again after it was done or dropped opens it again, with its days from then on.
    """
    opens = [
        place
        for place, decision in enumerate(about)
        if decision.kind == "accept_playbook" and (place == 0 or about[place - 1].kind != "accept_playbook")
    ]
    counting = about[opens[-1] if opens else 0 :]
    accepted, last = days.on(counting[0]), counting[-1]
    agreed = next((decision for decision in reversed(counting) if decision.kind == "accept_playbook"), last)
    given = days.of_playbook.get(str(agreed.playbook_id)) if agreed.due_days is None else agreed.due_days
    due: datetime.date | None
    if agreed.due_date:
        due = datetime.date.fromisoformat(agreed.due_date)
    elif given is not None:
        due = accepted + datetime.timedelta(days=given)
    else:
        due = row["due_date"] if len(opens) < 2 else None
    is_overdue = last.kind == "accept_playbook" and due and days.today and due < days.today
    return {
        **{name: getattr(agreed, name) or row[name] for name in _AGREED},
        "accepted_date": accepted,
        "due_date": due,
        "closed_date": None if last.kind == "accept_playbook" else days.on(last),
        "action_status": "overdue" if is_overdue else ACTION_STATUS[last.kind],
    }


def _new_action(decision: decisions.Decision, offered: list[Row]) -> Row:
    """An action that no night has seen: its name and department are the decision's, else as it was offered."""
    playbook = next((row for row in offered if row["playbook_id"] == decision.playbook_id), {})
    return {
        "action_key": f"{decision.incident_key}|{decision.playbook_id}",
        "incident_key": decision.incident_key,
        "playbook_id": decision.playbook_id,
        **{name: getattr(decision, name) or playbook.get(name) for name in _AGREED},
        "accepted_date": None,
        "due_date": None,
        "closed_date": None,
        "action_status": "open",
        "outcome_status": "waiting",
        "outcome_reason_en": None,
        "outcome_reason_zh": None,
        "effect_type": None,
        "effect_value": None,
        "lower_value": None,
        "upper_value": None,
    }


def number(value: Decimal | None, unit: str) -> str:
    """Return a figure as people write it: a rate in per cent, money with two decimals, the rest with as many as it has.

    Empty where there is none. `unit` is that of the registry.
    """
    if value is None:
        return ""
    if unit == "rate":
        return f"{value * 100:,.1f} %"
    if unit in ("money", "count"):
        return f"{value:,.2f}" if unit == "money" else f"{value:,.0f}"
    return f"{value:,.1f}"
