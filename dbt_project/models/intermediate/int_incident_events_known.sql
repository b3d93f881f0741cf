-- What was known of incidents before tonight: what nights said and what people decided, in the order in which it came.
with
said as (
    select * from {{ ref('stg_history__incident_events') }}
),

decided as (
    select
        decision_id,
        incident_key,
        case decision_type
            when 'acknowledge' then 'acknowledged'
            when 'snooze' then 'snoozed'
            when 'resolve' then 'resolved'
            when 'reopen' then 'reopened'
            when 'assign' then 'assigned'
        end as event_type,
        owner,
        decided_by,
        note,
        snoozed_until_date,
        decided_at,
        version || '|1|' || cast(decided_at as {{ dbt.type_string() }}) || '|' || decision_id as event_order
    from {{ ref('stg_watch__incident_decisions') }}
    where decision_type in ('acknowledge', 'snooze', 'resolve', 'reopen', 'assign')
)

select
    event_key,
    incident_key,
    event_type,
    subject_key,
    alert_key,
    alert_kind,
    rule_id,
    severity,
    size_rate,
    owner,
    playbook_id,
    cause_key,
    metric_id,
    dimension_name,
    dimension_value,
    period_start_date,
    period_end_date,
    title_en,
    title_zh,
    reason_en,
    reason_zh,
    is_personal,
    rule_terms,
    goal_terms,
    rules,
    coalesce(is_late, false) as is_late,
    changed_by,
    false as is_decision,
    cast(null as {{ dbt.type_string() }}) as decided_by,
    cast(null as {{ dbt.type_string() }}) as note,
    cast(null as date) as snoozed_until_date,
    is_told,
    event_date,
    event_at,
    version || '|0|' || event_key as event_order
from said
union all
select
    decided.decision_id as event_key,
    decided.incident_key,
    decided.event_type,
    cast(null as {{ dbt.type_string() }}) as subject_key,
    cast(null as {{ dbt.type_string() }}) as alert_key,
    cast(null as {{ dbt.type_string() }}) as alert_kind,
    cast(null as {{ dbt.type_string() }}) as rule_id,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as decimal(28, 8)) as size_rate,
    decided.owner,
    cast(null as {{ dbt.type_string() }}) as playbook_id,
    cast(null as {{ dbt.type_string() }}) as cause_key,
    cast(null as {{ dbt.type_string() }}) as metric_id,
    cast(null as {{ dbt.type_string() }}) as dimension_name,
    cast(null as {{ dbt.type_string() }}) as dimension_value,
    cast(null as date) as period_start_date,
    cast(null as date) as period_end_date,
    cast(null as {{ dbt.type_string() }}) as title_en,
    cast(null as {{ dbt.type_string() }}) as title_zh,
    cast(null as {{ dbt.type_string() }}) as reason_en,
    cast(null as {{ dbt.type_string() }}) as reason_zh,
    cast(null as boolean) as is_personal,
    cast(null as {{ dbt.type_string() }}) as rule_terms,
    cast(null as {{ dbt.type_string() }}) as goal_terms,
    cast(null as {{ dbt.type_string() }}) as rules,
    false as is_late,
    cast(null as {{ dbt.type_string() }}) as changed_by,
    true as is_decision,
    decided.decided_by,
    decided.note,
    decided.snoozed_until_date,
    false as is_told,
    {{ business_date_of('decided.decided_at') }} as event_date,
    decided.decided_at as event_at,
    decided.event_order
from decided
where decided.incident_key in (select said.incident_key from said)
