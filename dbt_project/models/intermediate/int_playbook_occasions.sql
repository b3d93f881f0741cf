-- What calls for a playbook: alerts, and findings that say what to do without an alert. A finding of a rolling year is one for
-- the month in which it is found.
with
alerts as (
    select
        alerts.incident_key,
        alerts.playbook_id,
        questions.metric_id
    from {{ ref('alert_net_sales_fall') }} as alerts
    inner join {{ ref('int_alert_questions') }} as questions on alerts.incident_key = questions.incident_key
    union all
    select
        incident_key,
        playbook_id,
        cast(null as {{ dbt.type_string() }}) as metric_id
    from {{ ref('alert_stalled_deals') }}
),

slow_teams as (
    select
        'slow_team|' || team || '|' || cast(cast(date_trunc('month', period_end_date) as date) as {{ dbt.type_string() }})
            as incident_key,
        'slow_team' as cause,
        team,
        advice_en,
        advice_zh
    from {{ ref('kpi_team_responses') }}
    where response_status = 'slower'
),

repurchases as (
    select
        'repurchase_fall|' || category || ', ' || price_band || '|' || cast(month_start_date as {{ dbt.type_string() }})
            as incident_key,
        'repurchase_fall' as cause,
        category,
        advice_en,
        advice_zh
    from {{ ref('kpi_repurchase') }}
    where is_flagged and month_start_date = cast(date_trunc('month', {{ business_date() }}) as date)
)

select
    incident_key,
    'alert' as occasion_type,
    metric_id,
    playbook_id,
    cast(null as {{ dbt.type_string() }}) as cause,
    cast(null as {{ dbt.type_string() }}) as team,
    cast(null as {{ dbt.type_string() }}) as category,
    cast(null as {{ dbt.type_string() }}) as finding_en,
    cast(null as {{ dbt.type_string() }}) as finding_zh
from alerts
union all
select
    incident_key,
    'finding' as occasion_type,
    'lead_first_response_hours' as metric_id,
    cast(null as {{ dbt.type_string() }}) as playbook_id,
    cause,
    team,
    cast(null as {{ dbt.type_string() }}) as category,
    advice_en as finding_en,
    advice_zh as finding_zh
from slow_teams
union all
select
    incident_key,
    'finding' as occasion_type,
    'repurchase_rate' as metric_id,
    cast(null as {{ dbt.type_string() }}) as playbook_id,
    cause,
    cast(null as {{ dbt.type_string() }}) as team,
    category,
    advice_en as finding_en,
    advice_zh as finding_zh
from repurchases
