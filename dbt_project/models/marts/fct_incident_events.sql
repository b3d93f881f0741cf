with
events as (
    select
        *,
        -- what this very night has said before it was run again
        not is_decision and event_at = {{ as_of() }} as is_new
    from {{ ref('int_incident_events_known') }}
    union all
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
        is_late,
        changed_by,
        false as is_decision,
        cast(null as {{ dbt.type_string() }}) as decided_by,
        cast(null as {{ dbt.type_string() }}) as note,
        cast(null as date) as snoozed_until_date,
        is_told,
        event_date,
        event_at,
        -- After every version that there is.
        '~|' || event_key as event_order,
        true as is_new
    from {{ ref('int_incident_events_made') }}
)

select
    event_key,
    incident_key,
    cast(row_number() over (partition by incident_key order by event_order) as bigint) as event_number,
    event_type,
    is_decision,
    decided_by,
    note,
    snoozed_until_date,
    subject_key,
    alert_key,
    alert_kind,
    rule_id,
    severity,
    size_rate,
    owner,
    playbook_id,
    cause_key,
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
    is_late,
    changed_by,
    is_told,
    is_new,
    event_date,
    event_at
from events
