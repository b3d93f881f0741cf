-- An incident as its events have left it; what it says is what the worst of its standing subjects said last.
with
events as (
    select
        *,
        {{ incident_status('event_type') }} as status
    from {{ ref('fct_incident_events') }}
),

folded as (
    select
        incident_key,
        max_by(status, event_number) filter (where status is not null) as last_status,
        max(event_number) filter (where status is not null) as status_number,
        max_by(event_date, event_number) filter (where status is not null) as status_date,
        max(event_number) filter (where is_decision and status is not null) as decided_number,
        max_by(snoozed_until_date, event_number) filter (where event_type = 'snoozed') as snoozed_until_date,
        max(event_number) filter (where event_type = 'snoozed') as snoozed_number,
        max(event_number) filter (where event_type = 'woken') as woken_number,
        max(event_number) filter (where {{ breaks_snooze('') }}) as broken_number,
        max_by(owner, event_number) filter (where event_type = 'assigned') as assigned_owner,
        min(period_start_date) as first_period_start_date,
        max(event_number) as event_count,
        count(distinct subject_key) as subject_count,
        min(event_at) as opened_at,
        min(event_date) as opened_date
    from events
    group by incident_key
),

-- A snooze ends with its date, and before it by a graver alert that joined since.
stated as (
    select
        *,
        {{ is_in_snooze('last_status', 'status_date', 'decided_number', 'snoozed_number') | indent(8) }} as is_in_snooze,
        coalesce(broken_number > snoozed_number, false) as is_broken,
        coalesce(snoozed_until_date <= {{ business_date() }}, false) as is_past
    from folded
),

subjects as (
    select
        incident_key,
        subject_key,
        max(event_number) as event_number
    from events
    where subject_key is not null
    group by incident_key, subject_key
),

-- At the end all of them are over; then the last event speaks for the incident.
leads as (
    select
        events.*,
        sum(case when {{ is_over('events.event_type') }} then 0 else 1 end)
            over (partition by events.incident_key) as standing_count,
        {{ lead_place('events.incident_key', 'events') | indent(8) }} as place
    from subjects
    inner join events on subjects.incident_key = events.incident_key and subjects.event_number = events.event_number
)

select
    folded.incident_key,
    case
        when not folded.is_in_snooze then folded.last_status
        when folded.is_broken or folded.is_past then 'open'
        else 'snoozed'
    end as incident_status,
    leads.severity,
    leads.alert_kind,
    leads.rule_id,
    leads.subject_key,
    leads.alert_key,
    leads.cause_key,
    coalesce(folded.assigned_owner, leads.owner) as owner,
    leads.playbook_id,
    folded.first_period_start_date,
    leads.period_start_date,
    leads.period_end_date,
    leads.title_en,
    leads.title_zh,
    leads.reason_en,
    leads.reason_zh,
    leads.is_personal,
    leads.is_late,
    folded.subject_count,
    cast(leads.standing_count as bigint) as standing_count,
    folded.event_count,
    folded.opened_at,
    folded.opened_date,
    changes.event_at as status_at,
    changes.event_date as status_date,
    changes.decided_by as status_by,
    changes.note as status_note,
    changes.snoozed_until_date,
    {{ is_closed('folded.last_status') }} as is_closed
from stated as folded
inner join leads on folded.incident_key = leads.incident_key and leads.place = 1
inner join events as changes
    on
        folded.incident_key = changes.incident_key
        and changes.event_number = case
            when not folded.is_in_snooze then folded.status_number
            when folded.is_broken then greatest(folded.broken_number, folded.status_number)
            when folded.is_past then greatest(coalesce(folded.woken_number, 0), folded.status_number)
            else folded.snoozed_number
        end
