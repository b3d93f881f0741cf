"""A dbt project of a few models, so that a night takes seconds; sources, macros, restatements, incidents are real."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from sales_warehouse import settings

REAL = settings.PROJECT / "dbt_project"
TAKEN = (
    "int_orders_deduplicated", "int_order_lines_deduplicated", "int_customers_identified",
    "int_chat_messages_deduplicated", "kpi_restatements", "int_levels_told",
    "stg_settings__lifecycle_rules", "stg_settings__regions",
    "stg_identity__customer_changes", "stg_ledger__row_counts", "fct_incidents",
)  # fmt: skip
MARTS = {
    "fct_order_lines": """
        select lines.order_key, lines.line_number, orders.region_key, cast(orders.ordered_at as date) as order_date,
            cast(lines.quantity * lines.unit_price_amount as decimal(18, 4)) as net_amount
        from {{ ref('int_order_lines_deduplicated') }} as lines
        inner join {{ ref('int_orders_deduplicated') }} as orders using (order_key)
        where not orders.is_deleted and orders.order_status <> 'cancelled'""",
    "kpi_values": """
        select 'net_sales' as metric_id, 'day' as period_grain, order_date as period_start_date,
            case when grouping(region_key) = 0 then 'region' else 'total' end as dimension_name,
            coalesce(region_key, 'total') as dimension_value,
            cast(sum(net_amount) as decimal(28, 8)) as numerator, cast(null as decimal(28, 8)) as denominator,
            cast(sum(net_amount) as decimal(28, 8)) as value, {{ as_of() }} as as_of,
            order_date <= {{ business_date() }} as is_matured
        from {{ ref('fct_order_lines') }}
        group by grouping sets ((order_date), (order_date, region_key))
        union all
        select 'weighted_pipeline_amount', 'day', {{ business_date() }}, 'total', 'total',
            cast(count(*) as decimal(28, 8)), null, cast(count(*) as decimal(28, 8)), {{ as_of() }}, true
        from {{ ref('fct_order_lines') }}""",
    # the second is a level: of days before the business date nothing is worked out
    "kpi_metrics": """
        select * from (values ('net_sales', 'sum'), ('weighted_pipeline_amount', 'latest')) t(metric_id, aggregation)
        """,
    "dim_customers": """
        select customer_record_key, customer_key, customer_name from {{ ref('int_customers_identified') }}""",
    "dim_regions": "select * from {{ ref('stg_settings__regions') }}",
    "dim_tier_rules": """
        select rule_id, cast(threshold as decimal(18, 4)) as threshold from {{ ref('stg_settings__lifecycle_rules') }}
        """,
    "trust_identity_changes": """
        select * from {{ ref('stg_identity__customer_changes') }}""",
    "trust_row_accounting": """
        select source, entity, cast(sum(accepted_count) as bigint) as accepted_count
        from {{ ref('stg_ledger__row_counts') }} group by source, entity""",
    # a region that sells for 50 and more on the last day is an alert, so that incidents begin and end
    "int_alerts_united": """
        select 'high|' || dimension_value || '|' || period_start_date as alert_key,
            'high|' || dimension_value as subject_key, 'alert_metrics' as alert_kind, 'high' as rule_id,
            'warning' as severity, 2 as severity_rank, value as size_rate, 'ann' as owner,
            cast(null as varchar) as playbook_id, cast(null as varchar) as cause_key, 'net_sales' as metric_id,
            dimension_name, dimension_value, period_start_date,
            period_start_date as period_end_date, 'High' as title_en, '高' as title_zh, 'High' as reason_en,
            '高' as reason_zh, false as is_personal, cast(null as varchar) as rule_terms,
            cast(null as varchar) as goal_terms, false as is_late, cast(null as varchar) as changed_by
        from {{ ref('kpi_values') }}
        where dimension_name = 'region' and period_start_date = {{ business_date() }} and value >= 50""",
    "int_alerts_judged": """
        select 'high' as rule_id, cast(null as varchar) as subject_key, cast(null as varchar) as rule_terms,
            cast(null as varchar) as goal_terms, {{ business_date() }} as judged_end_date""",
    "int_alert_periods_judged": """
        select cast(null as varchar) as rule_id, cast(null as varchar) as dimension_value,
            cast(null as date) as period_start_date, false as is_breach, cast(null as decimal(28, 8)) as value,
            cast(null as decimal(28, 8)) as compared_value, cast(null as decimal(18, 8)) as comparison_rate,
            cast(null as decimal(28, 8)) as lower_value, cast(null as decimal(28, 8)) as upper_value,
            cast(null as date) as compared_start_date
        where false""",
    "int_alert_periods_followed": """
        select cast(null as varchar) as metric_id, cast(null as varchar) as period_grain,
            cast(null as varchar) as dimension_name, cast(null as varchar) as dimension_value,
            cast(null as date) as period_start_date, cast(null as varchar) as period_kind,
            cast(null as bigint) as day_of_week, cast(null as bigint) as holiday_number
        where false""",
    "int_alert_periods_watched": """
        select cast(null as varchar) as rule_id, cast(null as varchar) as dimension_value,
            cast(null as date) as period_end_date, false as is_large, false as is_muted, false as is_alerting
        where false""",
    "int_opportunity_stages_timed": """
        select cast(null as varchar) as opportunity_key, cast(null as date) as stalled_date
        where false""",
    "kpi_return_rates": """
        select cast(null as varchar) as region_key, cast(null as date) as period_start_date, false as is_spike
        where false""",
    "int_alert_bands_expected": """
        select cast(null as varchar) as metric_id, cast(null as varchar) as period_grain,
            cast(null as varchar) as dimension_name, cast(null as varchar) as dimension_value,
            cast(null as date) as period_start_date, cast(null as varchar) as reference_kind,
            cast(null as double) as effective_day_count
        where false""",
    "int_alert_rules_defined": """
        select cast(null as varchar) as rule_id, cast(null as varchar) as kind, cast(null as varchar) as compared_with,
            cast(null as varchar) as period_grain, cast(null as varchar) as direction,
            cast(null as varchar) as metric_id, cast(null as varchar) as dimension_name,
            cast(null as decimal(28, 8)) as threshold_rate, cast(null as decimal(28, 8)) as threshold_pp
        where false""",
    "kpi_alert_judgements": """
        select 'high' as rule_id, dimension_value, period_start_date,
            case when value >= 75 then 'breach' else 'quiet' end as verdict, value,
            cast(null as decimal(28, 8)) as compared_value, '75' as rule_terms, '' as goal_terms
        from {{ ref('kpi_values') }}
        where dimension_name = 'region' and period_start_date = {{ business_date() }}""",
    "fct_said": """
        select chat_key, message_number, cast(length(message_text) as bigint) as text_length
        from {{ ref('int_chat_messages_deduplicated') }}""",
}

KEYS = {
    "fct_order_lines": "order_key, line_number",
    "fct_said": "chat_key, message_number",
    "kpi_values": "metric_id, period_grain, period_start_date, dimension_name, dimension_value",
}


def write(folder: Path) -> Path:
    """Write the project into a folder and return it."""
    models = {file.stem: file for file in (REAL / "models").rglob("*.sql")}
    for name in ("macros", "dbt_project.yml", "profiles.yml"):
        (shutil.copytree if (REAL / name).is_dir() else shutil.copyfile)(REAL / name, folder / name)
    for described in sorted((REAL / "models" / "staging").glob("*/*.yml")):
        if described.stem == described.parent.name:
            _copy(described, folder)
    for mart, sql in MARTS.items():
        file = folder / "models" / ("intermediate" if mart.startswith("int_") else "marts") / f"{mart}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{{ config(contract={'enforced': false}) }}" + sql + "\n", encoding="utf-8")
    told = "".join(f"  - {{name: {mart}, description: 'Primary key: {key}.'}}\n" for mart, key in KEYS.items())
    (folder / "models" / "marts" / "keys.yml").write_text(f"version: 2\nmodels:\n{told}", encoding="utf-8")
    wanted = [*TAKEN, *_refs("".join(MARTS.values()))]
    done = set(MARTS)
    while wanted:
        name = wanted.pop()
        if name not in done:
            done.add(name)
            _copy(models[name], folder)
            wanted += _refs(models[name].read_text(encoding="utf-8"))
    for mart in ("kpi_restatements", "fct_incidents", "fct_incident_events"):
        _copy(models[mart].with_suffix(".yml"), folder)
    return folder


def _refs(sql: str) -> list[str]:
    return [name for pair in re.findall(r"ref\('(\w+)'\)|latest_version\(\s*'(\w+)'", sql) for name in pair if name]


def _copy(file: Path, folder: Path) -> None:
    target = folder / file.relative_to(REAL)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
