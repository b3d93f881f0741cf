"""Rules of alerts over figures that are made up: the models that judge them, without a build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
from accepted_files import SETTINGS
from lone_models import rows_of, sql_of

from sales_warehouse.company.alerts import AlertRule, AlertsFile, rule_rows
from sales_warehouse.contracts import load_contracts
from sales_warehouse.metrics import MetricsFile, metric_rows, metrics_of
from sales_warehouse.nights import incidents, judgements
from sales_warehouse.settings_tables import SCHEMAS
from sales_warehouse.sql import literal

MODELS = (
    "int_alert_waits_measured", "int_alert_completeness_measured", "int_alert_rules_defined",
    "int_alert_periods_followed", "int_alert_days_weighed", "int_alert_periods_compared", "int_alert_bands_expected",
    "int_targets_paced", "int_alert_periods_judged", "int_alert_periods_watched", "int_alert_periods_newest",
    "int_alert_periods_late", "int_alert_members_named", "alert_metrics", "kpi_alert_judgements", "kpi_alert_trials",
)  # fmt: skip
VALUES = (
    "metric_id varchar, period_grain varchar, period_start_date date, period_end_date date, dimension_name varchar, "
    "dimension_value varchar, numerator decimal(28,8), denominator decimal(28,8), value decimal(28,8), "
    "is_matured boolean"
)
# Tables that the models read beside the settings, empty until somebody fills them.
EMPTY = {
    "kpi_values": VALUES,
    "stg_history__kpi_values": "metric_id varchar, period_grain varchar, period_start_date date, "
    "dimension_name varchar, dimension_value varchar, numerator decimal(28,8), denominator decimal(28,8), "
    "value decimal(28,8), is_gone boolean, version varchar, business_date date",
    "int_levels_told": VALUES.replace("period_end_date date, ", "").replace(", is_matured boolean", ""),
    "stg_history__alert_judgements": ", ".join(f"{name} {kind}" for name, kind in judgements.SCHEMA.items()),
    "stg_history__incident_events": ", ".join(f"{name} {kind}" for name, kind in incidents.SCHEMA.items())
    + ", version varchar",
    "int_targets_judged": "target_id varchar, target_name_en varchar, target_name_zh varchar, metric_id varchar, "
    "aggregation varchar, direction varchar, baseline_value decimal(28,8), goal_value decimal(28,8), "
    "upper_value decimal(28,8), starts_on date, due_on date, is_whole boolean, "
    "scope_dimension varchar, scope_value varchar",
    "dim_regions": "region_key varchar, region_name_en varchar, region_name_zh varchar",
    "dim_channels": "channel varchar, channel_name_en varchar, channel_name_zh varchar",
    "dim_products": "product_key varchar, product_name varchar, product_line varchar",
    "dim_dealers": "dealer_key varchar, dealer_name varchar",
    "int_opportunity_stages_timed": "opportunity_key varchar, stage varchar, entered_date date, left_date date, "
    "stalled_date date",
    "fct_opportunities": "opportunity_key varchar, amount decimal(18,4)",
}
# Weekdays are worked from 2023 to 2026.
DATES = """
    select cast(d as date) as date_day, cast(isodow(d) as bigint) as day_of_week, isodow(d) < 6 as is_workday,
        false as is_holiday, null::varchar as holiday_name
    from range(timestamp '2023-01-01', timestamp '2027-01-01', interval 1 day) t(d)"""


def fill(connection: duckdb.DuckDBPyConnection, table: str, schema: str, rows: Iterable[Iterable[object]]) -> None:
    connection.execute(f"create or replace table {table} ({schema})")
    listed = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    if listed:
        connection.execute(f"insert into {table} values {listed}")


def make_world(connection: duckdb.DuckDBPyConnection, without: frozenset[str] = frozenset()) -> None:
    """Make every table that the models read; `without` names columns that no source fills."""
    for table, schema in EMPTY.items():
        connection.execute(f"create or replace table {table} ({schema})")
    connection.execute("create or replace table stg_ledger__rules as select 'r1' as rules")
    connection.execute("create or replace view int_targets_defined as from int_targets_judged")
    connection.execute(f"create or replace table dim_dates as {DATES}")
    columns = {f"{name}.{column}" for name, contract in load_contracts().items() for column in contract.columns}
    _settings(connection, "metrics", metric_rows(MetricsFile(), columns.difference(without)))
    _settings(connection, "sources", [])
    give_rules(connection, [])


def give_rules(connection: duckdb.DuckDBPyConnection, rules: Iterable[Mapping[str, object]]) -> None:
    """Write alerts.yml as the settings tables have it; what a rule does not say of itself is made up."""
    usual = {"name": {"en": "Rule", "zh": "规则"}, "owner": "sales", "severity": "critical"}
    listed = tuple(AlertRule.model_validate(usual | dict(rule)) for rule in rules)
    _settings(connection, "alert_rules", rule_rows(AlertsFile(rules=listed), metrics_of(MetricsFile())))
    _settings(connection, "alert_members", [(rule.id, member) for rule in listed for member in rule.members])
    _settings(
        connection, "alert_mutes", [(rule.id, m.starts_on, m.ends_on, m.reason) for rule in listed for m in rule.mute]
    )


def judge(connection: duckdb.DuckDBPyConnection, columns: str, model: str = "alert_metrics") -> list[tuple]:
    """Run every model in its order; return some columns of one of them, in their order."""
    for name in MODELS:
        connection.execute(f"create or replace table {name} as {sql_of(name)}")
    return rows_of(connection, model, columns)


def _settings(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Iterable[object]]) -> None:
    assert list(SCHEMAS[table])
    fill(connection, f"settings_{table}", SETTINGS[table], rows)
    staged = sql_of(f"stg_settings__{table}")
    connection.execute(f"create or replace table stg_settings__{table} as {staged}")
