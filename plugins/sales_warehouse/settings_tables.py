"""The company's configuration as tables, for dbt to join with."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import duckdb

from sales_warehouse import business_calendar, durable
from sales_warehouse.business_calendar import Day
from sales_warehouse.company.alerts import rule_rows
from sales_warehouse.company.base import Label
from sales_warehouse.company.calendar import DEFAULT, MOST_INTERVALS
from sales_warehouse.company.check import lifecycle_facts
from sales_warehouse.company.check_needs import groups
from sales_warehouse.company.clauses import clauses_by_id, possible, values_of
from sales_warehouse.company.comparisons import ComparisonsFile
from sales_warehouse.company.funnel import Stalled
from sales_warehouse.company.lint_targets import lint_targets
from sales_warehouse.company.mistakes_zh import in_chinese
from sales_warehouse.company.models import Company, ContactAttribute, CustomerAttribute
from sales_warehouse.company.playbooks import SCHEMAS as PLAYBOOK_SCHEMAS
from sales_warehouse.company.playbooks import playbook_rows
from sales_warehouse.home import Home
from sales_warehouse.metrics import analysis_rows, filled_columns, metric_rows, metrics_of
from sales_warehouse.normalise import provinces
from sales_warehouse.sql import connect, ident, literal

ROWS_AT_ONCE = 1000
OWN_HOURS = Label(en="The company's hours", zh="公司工作时间")
SCHEMAS: dict[str, dict[str, str]] = {
    "company": dict.fromkeys(
        ("company_id", "name_en", "name_zh", "currency", "time_zone", "country", "language"), "varchar"
    )
    | {"business_date": "date", "as_of": "timestamp"},
    "calendar": {"date_day": "date", "is_workday": "boolean", "is_holiday": "boolean", "holiday_name": "varchar",
                 "fiscal_year_number": "integer", "fiscal_quarter_number": "integer",
                 "fiscal_year_start_date": "date", "fiscal_quarter_start_date": "date"},
    "calendar_hours": {"schedule_id": "varchar", "date_day": "date", "is_open": "boolean", "open_day_number": "integer",
                       "open_seconds": "integer", "open_seconds_before": "bigint"}
    | {f"{bound}_{part}_at": "timestamp" for part in range(1, MOST_INTERVALS + 1) for bound in ("opens", "closes")},
    "schedules": dict.fromkeys(("schedule_id", "name_en", "name_zh"), "varchar"),
    "funnel": {"maturity_days": "integer", "odd_score": "decimal(18,4)", "odd_minimum_entered": "integer"},
    "lead_statuses": {"status_word": "varchar", "is_lost": "boolean"},
    "deal_stages": {"stage_word": "varchar", "stage_place": "integer", "is_closing": "boolean"},
    "stall_limits": {"stage": "varchar", "limit_type": "varchar", "limit_days": "integer"},
    "schedule_members": dict.fromkeys(("schedule_id", "member_type", "member"), "varchar"),
    "regions": dict.fromkeys(
        ("region_key", "region_name_en", "region_name_zh", "level", "parent_region_key", "iso_code"), "varchar"
    ),
    "channels": dict.fromkeys(("channel", "name_en", "name_zh"), "varchar"),
    "lifecycle_tiers": {"tier": "varchar", "priority": "integer"}
    | dict.fromkeys(("name_en", "name_zh", "retention_class"), "varchar"),
    "lifecycle_rules": {"priority": "integer", "tier": "varchar", "rule_id": "varchar", "fact": "varchar",
                        "operator": "varchar", "threshold": "double", "reason_en": "varchar", "reason_zh": "varchar"},
    "segments": {"segment_id": "varchar", "segment_type": "varchar", "priority": "integer"}
    | dict.fromkeys(("name_en", "name_zh"), "varchar"),
    "segment_conditions": {"segment_id": "varchar", "clause": "integer", "condition": "integer", "kind": "varchar",
                           "name": "varchar", "operator": "varchar", "threshold": "double", "value": "varchar",
                           "is_negated": "boolean"},
    "tagged_customers": {"tag_id": "varchar", "customer_record_key": "varchar"},
    "need_fields": dict.fromkeys(("field_id", "name_en", "name_zh"), "varchar")
    | {"has_several": "boolean", "priority": "integer"},
    "need_rules": {"rule_id": "varchar", "field_id": "varchar", "fact": "varchar", "priority": "integer"},
    "dealer_rules": {"stale_after_days": "integer", "supply_window_days": "integer"},
    "comparison_rules": {
        "significance": "double", "least_change_rate": "double", "least_count": "integer",
        "least_segment_count": "integer", "do_managers_sell": "boolean", "minimum_heads": "integer",
        "returns_rate": "double", "most_moved_rate": "double", "least_gain_rate": "double"},
    "not_selling": dict.fromkeys(("unit_type", "unit_name"), "varchar"),
    "alert_rules": {"rule_id": "varchar", "priority": "integer"}
    | dict.fromkeys(("kind", "metric_id", "target_metric_id", "period_grain", "dimension_name", "direction",
                     "compared_with"), "varchar")
    | dict.fromkeys(("threshold_value", "threshold_rate", "threshold_pp", "false_rate", "band_width",
                     "minimum_volume"), "double")
    | {"wait_days": "integer", "allows_late": "boolean", "cooldown_days": "integer"}
    | dict.fromkeys(("severity", "owner", "playbook_id", "name_en", "name_zh", "rule_state"), "varchar"),
    "left_out_rules": {"rule_number": "integer", "line_number": "integer"}
    | dict.fromkeys(("rule_id", "name_en", "name_zh", "owner", "rule_state", "part", "mistake", "mistake_zh"),
                    "varchar"),
    "alert_members": dict.fromkeys(("rule_id", "dimension_value"), "varchar"),
    "alert_mutes": {"rule_id": "varchar", "starts_on": "date", "ends_on": "date", "reason": "varchar"},
    "metrics": {"metric_id": "varchar", "metric_number": "integer", "priority": "integer"}
    | dict.fromkeys(("name_en", "name_zh", "formula_en", "formula_zh"), "varchar")
    | dict.fromkeys(("grains", "dimensions", "unit", "direction"), "varchar")
    | {"band_from": "double", "band_to": "double"}
    | dict.fromkeys(("aggregation", "decomposition", "owner_en", "owner_zh"), "varchar")
    | {"is_cohort": "boolean", "matures_after_days": "integer", "is_on_board": "boolean", "absent_reason_en": "varchar",
       "absent_reason_zh": "varchar"},
    "analyses": {"analysis_id": "varchar", "priority": "integer"}
    | dict.fromkeys(("mart", "name_en", "name_zh", "absent_reason_en", "absent_reason_zh"), "varchar"),
    "targets": {"target_id": "varchar", "name_en": "varchar", "name_zh": "varchar", "metric_id": "varchar",
                "scope_dimension": "varchar", "scope_value": "varchar", "baseline_value": "decimal(28,8)",
                "target_value": "decimal(28,8)", "mode": "varchar", "starts_on": "date", "due_on": "date",
                "owner": "varchar", "relevance": "varchar", "parent_target_id": "varchar", "weight": "double",
                "upper_value": "decimal(28,8)"},
    "iterations": {"iteration_id": "varchar", "name_en": "varchar", "name_zh": "varchar", "target_id": "varchar",
                   "starts_on": "date", "ends_on": "date"},
    "goal_lints": dict.fromkeys(("subject_type", "subject_id", "lint_type", "message_en", "message_zh"), "varchar"),
    **PLAYBOOK_SCHEMAS,
    "exchange_rates": {"currency": "varchar", "rate": "decimal(20,12)"},
    "survivorship": dict.fromkeys(("attribute", "rule", "source"), "varchar") | {"source_rank": "integer"},
    "order_reconciliations": dict.fromkeys(
        ("reconciliation_id", "name_en", "name_zh", "left_source", "left_number", "left_orders", "right_source",
         "right_number", "right_orders"), "varchar"
    ) | {"amount_tolerance": "decimal(18,4)", "date_tolerance_days": "integer", "since_date": "date"},
    "payment_sources": {"source": "varchar"},
    "sources": dict.fromkeys(("source", "label_en", "label_zh", "owner"), "varchar")
    | {"expected_within_hours": "double", "deadline_minutes": "integer", "is_due_at_closing": "boolean",
       "is_in_files": "boolean", "is_read_often": "boolean"},
}  # fmt: skip


def write_settings(
    home: Home, company: Company, *, as_of: datetime.datetime, business_date: datetime.date, first_date: datetime.date
) -> None:
    """Write one Parquet file per table below `settings/`; `first_date` is the earliest day that events may lie on."""
    f = company.funnel
    calendar_days = _calendar_days(company, business_date, first_date)
    hours = list(business_calendar.open_days(company, calendar_days))
    rows: dict[str, Iterable[Sequence[Any]]] = {
        "company": [_company(company, as_of, business_date)],
        "calendar": [
            (d.date_day, d.is_workday, d.is_holiday, d.holiday_name, d.fiscal_year_number, d.fiscal_quarter_number,
             d.fiscal_year_start_date, d.fiscal_quarter_start_date)
            for d in calendar_days
        ],
        "calendar_hours": hours,
        "schedules": [
            (DEFAULT, *_pair(OWN_HOURS)), *((s.id, *_pair(s.name)) for s in company.calendar.schedules)
        ],
        "funnel": [(f.maturity_days, f.odd_step.score, f.odd_step.minimum_entered)],
        "lead_statuses": f.lead_statuses.rows(),
        "deal_stages": f.stages.rows(),
        "stall_limits": [
            (stage, *limit.days) for stage, limit in (("*", f.stalled.limit), *f.stalled.stages.items())
        ],
        "schedule_members": [
            (schedule.id, kind, name)
            for schedule in company.calendar.schedules
            for kind, names in (("region", schedule.regions), ("team", schedule.teams))
            for name in names
        ],
        "regions": _regions(company),
        "channels": [(key, *_pair(label)) for key, label in company.about.channels.items()],
        "lifecycle_tiers": [
            (tier.tier, place, *_pair(tier.name), tier.retention_class)
            for place, tier in enumerate(company.lifecycle.tiers, 1)
        ],
        "lifecycle_rules": _rules(company),
        "segments": _segments(company),
        "segment_conditions": _segment_conditions(company),
        "tagged_customers": [
            (tag.id, key) for tag in company.segments.tags for key in dict.fromkeys(tag.customers or ())
        ],
        "need_fields": [
            (field.id, *_pair(field.name), field.several, place) for place, field in enumerate(company.needs.fields, 1)
        ],
        "need_rules": [
            (rule.id, field.id, rule.fact, place)
            for field in company.needs.fields
            for place, rule in enumerate(field.rules, 1)
        ],
        "dealer_rules": [(company.dealers.stale_after_days, company.dealers.supply_window_days)],
        "comparison_rules": [comparison_rules(company.comparisons)],
        "not_selling": [
            *(("team", name) for name in company.comparisons.sellers.teams_without),
            *(("department", name) for name in company.comparisons.sellers.departments_without),
        ],
        "alert_rules": rule_rows(company.alerts, metrics_of(company.metrics)),
        "left_out_rules": [
            (
                r.place + 1, r.line, r.rule_id, r.name_en, r.name_zh, r.owner, r.state, r.part, r.mistake,
                in_chinese(r.mistake),
            )
            for r in company.left_out_rules
        ],
        "alert_members": [(r.id, member) for r in company.alerts.rules for member in dict.fromkeys(r.members)],
        "alert_mutes": [
            (r.id, mute.starts_on, mute.ends_on, mute.reason) for r in company.alerts.rules for mute in r.mute
        ],
        "metrics": metric_rows(
            company.metrics, filled_columns(company.sources.values()),
            {"stage_stalled_rate": _days_to_stall(f.stalled, hours)},
        ),
        "analyses": analysis_rows(filled_columns(company.sources.values())),
        "targets": _targets(company),
        "iterations": [
            (i.id, *_pair(i.name), target, i.starts_on, i.ends_on)
            for i in company.targets.iterations
            for target in dict.fromkeys(i.targets)
        ],
        "goal_lints": [
            (lint.subject_type, lint.subject_id, lint.lint_type, *_pair(lint.message))
            for lint in lint_targets(company.targets, metrics_of(company.metrics))
        ],
        **playbook_rows(company.playbooks),
        "survivorship": _survivorship(company),
        "exchange_rates": [
            (company.about.currency, 1),
            *((currency, Decimal(repr(rate))) for currency, rate in company.about.exchange_rates.items()),
        ],
        "order_reconciliations": [
            (r.id, *_pair(r.name), r.left.source, r.left.number, r.left.orders, r.right.source, r.right.number,
             r.right.orders, r.amount_tolerance, r.date_tolerance_days, r.since)
            for r in company.reconciliation.orders
        ],
        "payment_sources": payment_sources(company),
        "sources": [
            (s.source, *_pair(s.label), s.owner, s.expected_within_hours,
             s.deadline.hour * 60 + s.deadline.minute if isinstance(s.deadline, datetime.time) else None,
             s.deadline == "closing", s.is_in_files, s.is_read_often)
            for s in company.sources.values()
        ],
    }  # fmt: skip
    with connect(temp=home.tmp) as connection:
        for name, schema in SCHEMAS.items():
            write_table(connection, schema, rows[name], home.settings / f"{name}.parquet")


def payment_sources(company: Company) -> list[tuple[str]]:
    """Return the rows of payment_sources."""
    return [(name,) for name, source in sorted(company.sources.items()) if source.tells_payments]


def comparison_rules(file: ComparisonsFile) -> tuple[Any, ...]:
    """Return the one row of comparison_rules."""
    counts, moves = file.differences, file.reallocation
    return (
        counts.significance, counts.least_change_rate, counts.least_count, counts.least_segment_count,
        file.sellers.managers, moves.minimum_heads, moves.returns_rate, moves.most_moved_rate, moves.least_gain_rate,
    )  # fmt: skip


def need_patterns(company: Company) -> list[dict[str, Any]]:
    """Return the rules that read texts; they go into the SQL as constants, which is a hundred times faster."""
    rules = ((field.several, rule) for field in company.needs.fields for rule in field.rules)
    return [
        {"rule_id": rule.id, "pattern": rule.pattern, "group": groups(rule), "value": rule.value, "texts": rule.texts,
         "several": several}
        for several, rule in rules
        if rule.pattern is not None
    ]  # fmt: skip


def write_table(
    connection: duckdb.DuckDBPyConnection, schema: dict[str, str], rows: Iterable[Sequence[Any]], target: Path
) -> None:
    """Write a small table as a Parquet file that is replaced in one step; no rows is a table too."""
    columns = ", ".join(f"{ident(name)} {kind}" for name, kind in schema.items())
    connection.execute(f"create or replace temp table scratch ({columns})")
    written = iter([f"({', '.join(map(literal, row))})" for row in rows])
    while some := list(islice(written, ROWS_AT_ONCE)):  # a parameter for each value takes fifty times as long
        connection.execute(f"insert into scratch values {', '.join(some)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.with_name(f".{target.name}{durable.TEMPORARY}")
    connection.execute(f"copy scratch to {literal(str(hidden))} (format parquet)")
    durable.move(hidden, target)


def _pair(label: Label) -> tuple[str, str]:
    return label.en, label.zh


def _company(company: Company, as_of: datetime.datetime, business_date: datetime.date) -> tuple:
    a = company.about
    return (a.company_id, *_pair(a.name), a.currency, a.time_zone, a.country, a.language, business_date, as_of)


def _calendar_days(company: Company, business_date: datetime.date, first_date: datetime.date) -> list[Day]:
    """Whole years: from the first event or target to the year after the business date or the last target."""
    targets = company.targets.targets
    first = min([first_date, business_date, *(target.starts_on for target in targets)])
    last = max([business_date, *(target.due_on for target in targets)])
    whole = datetime.date(first.year, 1, 1), datetime.date(last.year + 1, 12, 31)
    return list(business_calendar.days(company, *whole))


def _days_to_stall(stalled: Stalled, hours: Sequence[Sequence[Any]]) -> int:
    """Return the days after which a stay in any stage is too long, whoever answers for it and whenever it began."""
    counted = [limit.days for limit in (stalled.limit, *stalled.stages.values())]
    return max(
        days + 1 if kind == "calendar" else business_calendar.longest_wait(hours, days + 1) for kind, days in counted
    )


def _regions(company: Company) -> Iterable[tuple]:
    known = {province.iso_code: province for province in provinces()}
    for region in company.regions.regions:
        yield region.id, *_pair(region.name), "region", None, None
        for code in region.provinces:
            province = known.get(code)
            names = (province.name_en, province.name_zh) if province else (code, code)
            yield code, *names, "province", region.id, code


def _rules(company: Company) -> Iterable[tuple]:
    """One row for each condition; the first rule of the file that holds is the one that counts."""
    rules = [(tier.tier, rule) for tier in company.lifecycle.tiers for rule in tier.rules]
    for place, (tier, rule) in enumerate(rules, 1):
        for condition in rule.when:
            yield place, tier, rule.id, condition.fact, *condition.bounds[0], *_pair(rule.reason)


def _segments(company: Company) -> Iterable[tuple]:
    for kind, items in company.segments.kinds.items():
        for place, item in enumerate(items, 1):
            yield item.id, kind, place, *_pair(item.name)


def _segment_conditions(company: Company) -> Iterable[tuple]:
    """One row for each condition of a clause, and for each value that its attribute may have."""
    values = values_of(company.lifecycle)
    for segment, found in clauses_by_id(company.segments).items():
        for c, clause in enumerate(possible(found, lifecycle_facts(), values), 1):
            for number, part in enumerate(sorted(clause, key=repr), 1):
                for value in part.values or (None,):
                    yield (segment, c, number, part.kind, part.name, part.operator, part.number, value,
                           part.is_negated)  # fmt: skip


def _survivorship(company: Company) -> Iterable[tuple]:
    """Yield a row for each attribute of a customer or person, and one for each source that speaks first, from 1."""
    for attribute in (*get_args(CustomerAttribute), *get_args(ContactAttribute)):
        rule = company.identity.golden_record.of(attribute)
        yield attribute, rule.rule, None, None
        for rank, source in enumerate(rule.prefer, 1):
            yield attribute, rule.rule, source, rank


def _targets(company: Company) -> Iterable[tuple]:
    for t in company.targets.targets:
        dimension, value = next(iter(t.scope.items()), ("total", "total"))
        yield (
            t.id, *_pair(t.name), t.metric, dimension, value, t.baseline, t.target, t.mode, t.starts_on, t.due_on,
            t.owner, t.relevance, t.parent, t.weight, t.upper,
        )  # fmt: skip
