-- What every alert mart says tonight, in the columns that all alerts share.
with
metrics as (
    select
        incident_key as alert_key,
        subject_key,
        'alert_metrics' as alert_kind,
        rule_id,
        severity,
        -- of a rule with a limit how many times beyond it the figure is; more than a million times is as much as that
        cast(
            coalesce(
                cast(abs(change_rate) as double),
                cast(abs(change_pp) as double) / 100,
                case
                    when value <= 0 or threshold_value <= 0 then null
                    when direction = 'fall' then least(cast(threshold_value as double) / cast(value as double), 1000000)
                    else least(cast(value as double) / cast(threshold_value as double), 1000000)
                end
            ) as decimal(28, 8)
        ) as size_rate,
        owner,
        playbook_id,
        period_start_date,
        period_end_date,
        title_en,
        title_zh,
        reason_en,
        reason_zh,
        dimension_name = 'rep' as is_personal
    from {{ ref('alert_metrics') }}
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
        period_start_date,
        period_end_date,
        title_en,
        title_zh,
        reason_en,
        reason_zh,
        false as is_personal
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
        period_start_date,
        period_end_date,
        title_en,
        title_zh,
        reason_en,
        reason_zh,
        false as is_personal
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
        period_start_date,
        period_end_date,
        title_en,
        title_zh,
        reason_en,
        reason_zh,
        false as is_personal
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
