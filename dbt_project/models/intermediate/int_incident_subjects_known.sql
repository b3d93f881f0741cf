-- How every subject of every incident stood before tonight.
with
events as (
    select
        *,
        {{ incident_status('event_type') }} as status
    from {{ ref('int_incident_events_known') }}
),

incidents as (
    select
        incident_key,
        max_by(status, event_order) filter (where status is not null) as status,
        max_by(event_date, event_order) filter (where status is not null) as status_date,
        max_by(is_decision, event_order) filter (where status is not null) as is_decided,
        max(event_order) filter (where is_decision and status is not null) as decided_order,
        max(event_order) filter (where is_told or (is_decision and status is not null)) as told_order,
        max(event_order) filter (where event_type in ('opened', 'reopened')) as begun_order,
        max_by(snoozed_until_date, event_order) filter (where event_type = 'snoozed') as snoozed_until_date,
        max(event_order) filter (where event_type = 'snoozed') as snoozed_order,
        max(event_order) filter (where event_type = 'woken') as woken_order,
        max(event_order) filter (where {{ breaks_snooze('') }}) as broken_order,
        max(event_order) filter (where event_type = 'reopened' and is_decision) as reopened_order
    from events
    group by incident_key
),

stated as (
    select
        *,
        coalesce(broken_order > snoozed_order, false) as is_broken,
        {{ is_in_snooze('status', 'status_date', 'decided_order', 'snoozed_order') | indent(8) }} as is_in_snooze
    from incidents
),

subjects as (
    select
        incident_key,
        subject_key,
        max(event_order) as last_order,
        -- that a snooze is over says nothing of the figure
        max(event_order) filter (where event_type <> 'woken') as seen_order,
        max_by(event_type, event_order) filter (where event_type <> 'woken') as last_event_type,
        min(period_start_date) as first_period_start_date,
        max(event_date) filter (where event_type in ('opened', 'joined', 'reopened')) as found_date,
        max(event_date) as last_event_date
    from events
    where not is_decision
    group by incident_key, subject_key
)

select
    last.incident_key,
    last.subject_key,
    last.alert_key,
    last.alert_kind,
    last.rule_id,
    last.severity,
    {{ severity_rank('last.severity') }} as severity_rank,
    last.size_rate,
    last.owner,
    last.playbook_id,
    last.cause_key,
    last.metric_id,
    last.dimension_name,
    last.dimension_value,
    subjects.first_period_start_date,
    last.period_start_date,
    last.period_end_date,
    last.title_en,
    last.title_zh,
    last.reason_en,
    last.reason_zh,
    last.is_personal,
    last.rule_terms,
    last.goal_terms,
    last.rules,
    last.is_late,
    subjects.found_date,
    subjects.last_event_date,
    subjects.last_event_type,
    subjects.last_order,
    incidents.status,
    incidents.is_decided,
    incidents.is_in_snooze or coalesce(incidents.told_order >= incidents.begun_order, false) as is_status_told,
    case when {{ is_closed('incidents.status') }} then false else true end as is_open,
    -- also of what the machine has closed in the time of a snooze: it may come back in it
    coalesce(
        incidents.decided_order = incidents.snoozed_order and not incidents.is_broken
        and incidents.snoozed_until_date > {{ business_date() }}, false
    ) as is_silent,
    incidents.is_in_snooze and not incidents.is_broken and incidents.snoozed_until_date <= {{ business_date() }}
    and not coalesce(incidents.woken_order > incidents.snoozed_order, false) as is_awaking,
    -- what a person reopened stands again once it has been seen again
    case when {{ is_over('subjects.last_event_type') }} then false else true end
    and not coalesce(incidents.reopened_order > subjects.seen_order, false) as is_standing
from subjects
inner join events as last
    on
        subjects.incident_key = last.incident_key
        and subjects.subject_key = last.subject_key
        and subjects.last_order = last.event_order
inner join stated as incidents on subjects.incident_key = incidents.incident_key
