-- What every alert mart says tonight, in the columns that all alerts share.
with
metrics as (
    select
        alerts.incident_key as alert_key,
        alerts.subject_key,
        'alert_metrics' as alert_kind,
        alerts.rule_id,
        alerts.severity,
        -- of a rule with a limit how many times beyond it the figure is; more than a million times is as much as that
        cast(
            coalesce(
                cast(abs(alerts.change_rate) as double),
                cast(abs(alerts.change_pp) as double) / 100,
                case
                    when alerts.value <= 0 or alerts.threshold_value <= 0 then null
                    when alerts.direction = 'fall'
                        then least(cast(alerts.threshold_value as double) / cast(alerts.value as double), 1000000)
                    else least(cast(alerts.value as double) / cast(alerts.threshold_value as double), 1000000)
                end
            ) as decimal(28, 8)
        ) as size_rate,
        alerts.owner,
        alerts.playbook_id,
        alerts.metric_id,
        alerts.dimension_name,
        alerts.dimension_value,
        alerts.period_start_date,
        alerts.period_end_date,
        alerts.title_en,
        alerts.title_zh,
        alerts.reason_en,
        alerts.reason_zh,
        -- a goal may be one person's
        coalesce(goals.scope_dimension, alerts.dimension_name) in ('rep', 'manager') as is_personal,
        alerts.is_late,
        alerts.changed_by,
        case when goals.target_id is not null then {{ goal_terms('goals') }} end as goal_terms
    from {{ ref('alert_metrics') }} as alerts
    left join {{ ref('int_targets_defined') }} as goals
        on alerts.dimension_name = 'target' and alerts.dimension_value = goals.target_id
),

deals as (
    select
        incident_key as alert_key,
        subject_key,
        'alert_stalled_deals' as alert_kind,
        rule_id,
        severity,
        cast(null as decimal(28, 8)) as size_rate,
        owner,
        playbook_id,
        cast(null as {{ dbt.type_string() }}) as metric_id,
        cast(null as {{ dbt.type_string() }}) as dimension_name,
        cast(null as {{ dbt.type_string() }}) as dimension_value,
        period_start_date,
        period_end_date,
        title_en,
        title_zh,
        reason_en,
        reason_zh,
        false as is_personal,
        false as is_late,
        cast(null as {{ dbt.type_string() }}) as changed_by,
        cast(null as {{ dbt.type_string() }}) as goal_terms
    from {{ ref('alert_stalled_deals') }}
),

deadlines as (
    select
        incident_key as alert_key,
        subject_key,
        'alert_deadline_missed' as alert_kind,
        rule_id,
        severity,
        cast(null as decimal(28, 8)) as size_rate,
        owner,
        playbook_id,
        cast(null as {{ dbt.type_string() }}) as metric_id,
        cast(null as {{ dbt.type_string() }}) as dimension_name,
        cast(null as {{ dbt.type_string() }}) as dimension_value,
        period_start_date,
        period_end_date,
        title_en,
        title_zh,
        reason_en,
        reason_zh,
        false as is_personal,
        false as is_late,
        cast(null as {{ dbt.type_string() }}) as changed_by,
        cast(null as {{ dbt.type_string() }}) as goal_terms
    from {{ ref('alert_deadline_missed') }}
),

findings as (
    select
        incident_key as alert_key,
        subject_key,
        'alert_findings' as alert_kind,
        rule_id,
        severity,
        cast(null as decimal(28, 8)) as size_rate,
        owner,
        playbook_id,
        metric_id,
        dimension_name,
        dimension_value,
        period_start_date,
        period_end_date,
        title_en,
        title_zh,
        reason_en,
        reason_zh,
        false as is_personal,
        false as is_late,
        cast(null as {{ dbt.type_string() }}) as changed_by,
        cast(null as {{ dbt.type_string() }}) as goal_terms
    from {{ ref('alert_findings') }}
),

united as (
    select * from metrics
    union all
    select * from deals
    union all
    select * from deadlines
    union all
    select * from findings
)

select
    united.*,
    {{ severity_rank('united.severity') }} as severity_rank,
    causes.cause_key,
    case when rules.rule_id is not null then {{ alert_rule_terms('rules') }} end as rule_terms
from united
left join {{ ref('stg_settings__alert_rules') }} as rules on united.rule_id = rules.rule_id
left join {{ ref('alert_causes') }} as causes on united.alert_key = causes.incident_key and causes.is_residual
