-- What every alert mart says tonight, in the columns that all alerts share.
with
net_sales as (
    select
        incident_key as alert_key,
        rule_id || '|' || region_key as subject_key,
        'alert_net_sales_fall' as alert_kind,
        rule_id,
        severity,
        cast(-change_rate as decimal(28, 8)) as size_rate,
        owner,
        playbook_id,
        week_start_date as period_start_date,
        week_end_date as period_end_date,
        'Net sales fell: ' || region_name_en as title_en,
        '净销售额下跌：' || region_name_zh as title_zh,
        reason_en,
        reason_zh
    from {{ ref('alert_net_sales_fall') }}
),

deals as (
    select
        incident_key as alert_key,
        'stalled|' || opportunity_key || '|' || stage as subject_key,
        'alert_stalled_deals' as alert_kind,
        'stalled' as rule_id,
        severity,
        cast(null as decimal(28, 8)) as size_rate,
        owner,
        playbook_id,
        entered_date as period_start_date,
        stalled_date as period_end_date,
        title_en,
        title_zh,
        reason_en,
        reason_zh
    from {{ ref('alert_stalled_deals') }}
),

deadlines as (
    select
        incident_key as alert_key,
        'deadline|' || source as subject_key,
        'alert_deadline_missed' as alert_kind,
        'deadline' as rule_id,
        severity,
        cast(null as decimal(28, 8)) as size_rate,
        owner,
        cast(null as {{ dbt.type_string() }}) as playbook_id,
        date_day as period_start_date,
        date_day as period_end_date,
        title_en,
        title_zh,
        reason_en,
        reason_zh
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
        reason_zh
    from {{ ref('alert_findings') }}
),

united as (
    select * from net_sales
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
    causes.cause_key
from united
left join {{ ref('alert_causes') }} as causes on united.alert_key = causes.incident_key and causes.is_residual
