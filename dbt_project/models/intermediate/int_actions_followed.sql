-- A playbook that was accepted for an incident is one action, whatever is decided about it later; the last word counts. Who
-- accepts it again after it was done or dropped begins a run of its own: what was done before stays done.
with
decisions as (
    select
        *,
        incident_key || '|' || playbook_id as action_key,
        {{ business_date_of('decided_at') }} as decided_date
    from {{ ref('stg_watch__incident_decisions') }}
    where decision_type in ('accept_playbook', 'finish_action', 'drop_action') and playbook_id is not null
),

numbered as (
    select
        *,
        coalesce(sum(case when decision_type <> 'accept_playbook' then 1 else 0 end) over (
            partition by action_key
            order by decided_at, decision_id
            rows between unbounded preceding and 1 preceding
        ), 0) as ended_count
    from decisions
    where decided_date <= {{ business_date() }}
),

-- How often it had been ended when it was accepted: the first acceptance after an end begins a run.
opened as (
    select
        *,
        max(case when decision_type = 'accept_playbook' then ended_count end) over (
            partition by action_key
            order by decided_at, decision_id
            rows between unbounded preceding and current row
        ) as opened_count
    from numbered
),

runs as (
    select
        *,
        dense_rank() over (partition by action_key order by opened_count asc) as run_number
    from opened
    where opened_count is not null
),

ranked as (
    select
        *,
        action_key || '|' || cast(run_number as {{ dbt.type_string() }}) as run_key,
        row_number() over (partition by action_key, run_number order by decided_at desc, decision_id desc) as last_place,
        row_number() over (
            partition by action_key, run_number, decision_type order by decided_at desc, decision_id desc
        ) as type_place
    from runs
),

actions as (
    select
        run_key,
        action_key,
        incident_key,
        playbook_id,
        run_number,
        min(case when decision_type = 'accept_playbook' then decided_date end) as accepted_date,
        min(case when decision_type = 'accept_playbook' then decided_at end) as accepted_at,
        max(case when decision_type = 'accept_playbook' and type_place = 1 then owner end) as owner,
        max(case when decision_type = 'accept_playbook' and type_place = 1 then due_date end) as due_date,
        max(case when decision_type = 'accept_playbook' and type_place = 1 then playbook_name_en end) as playbook_name_en,
        max(case when decision_type = 'accept_playbook' and type_place = 1 then playbook_name_zh end) as playbook_name_zh,
        max(case when decision_type = 'accept_playbook' and type_place = 1 then department end) as department,
        max(case when decision_type = 'accept_playbook' and type_place = 1 then due_days end) as due_days,
        max(case when last_place = 1 then decision_type end) as last_decision_type,
        max(case when last_place = 1 then decided_date end) as last_decided_date
    from ranked
    group by run_key, action_key, incident_key, playbook_id, run_number
),

-- What it is to move is what the alert was about, as its event says. One from before events said it is about what its rule looks
-- at today, and the member that its key names behind the rule; a finding's key names two members in one text, which is none.
subjects as (
    select
        rule_id,
        metric_id,
        dimension_name
    from {{ ref('stg_settings__alert_rules') }}
    union all
    select
        'slow_team' as rule_id,
        'lead_first_response_hours' as metric_id,
        'team' as dimension_name
    union all
    select
        'repurchase_fall' as rule_id,
        'repurchase_rate' as metric_id,
        'category' as dimension_name
),

-- The subject that spoke for the incident when the playbook was accepted: another one may speak for it since.
subject_events as (
    select
        actions.run_key,
        events.*,
        row_number() over (
            partition by actions.run_key, events.subject_key
            order by events.event_number desc
        ) as subject_place
    from actions
    inner join {{ ref('fct_incident_events') }} as events
        on
            actions.incident_key = events.incident_key
            and (actions.accepted_at >= events.event_at or events.event_number = 1)
    where events.subject_key is not null
),

leads as (
    select
        *,
        {{ lead_place('run_key', 'subject_events') | indent(8) }} as place
    from subject_events
    where subject_place = 1
),

incidents as (
    select
        leads.run_key,
        coalesce(leads.metric_id, subjects.metric_id) as metric_id,
        coalesce(leads.dimension_name, subjects.dimension_name) as dimension_name,
        case
            when leads.dimension_name is not null then leads.dimension_value
            when subjects.rule_id <> 'repurchase_fall' then {{ member_of_subject('leads') | indent(16) }}
        end as dimension_value
    from leads
    left join subjects on leads.rule_id = subjects.rule_id
    where leads.place = 1
),

-- What the playbook said when it was accepted. A decision from before decisions kept that has what it says today.
described as (
    select
        actions.*,
        coalesce(actions.playbook_name_en, playbooks.playbook_name_en) as name_en,
        coalesce(actions.playbook_name_zh, playbooks.playbook_name_zh) as name_zh,
        coalesce(actions.department, playbooks.department, 'unknown') as answering_department,
        coalesce(actions.owner, playbooks.owner, 'unknown') as answering_owner,
        coalesce(actions.due_date, actions.accepted_date + coalesce(actions.due_days, playbooks.due_days)) as end_date
    from actions
    left join {{ ref('stg_settings__playbooks') }} as playbooks on actions.playbook_id = playbooks.playbook_id
)

select
    described.run_key,
    described.action_key,
    described.run_number,
    described.run_number = max(described.run_number) over (partition by described.action_key) as is_latest,
    described.incident_key,
    described.playbook_id,
    described.name_en as playbook_name_en,
    described.name_zh as playbook_name_zh,
    described.answering_department as department,
    described.answering_owner as owner,
    described.accepted_date,
    described.end_date as due_date,
    case
        when described.last_decision_type = 'finish_action' then 'done'
        when described.last_decision_type = 'drop_action' then 'dropped'
        when described.end_date < {{ business_date() }} then 'overdue'
        else 'open'
    end as action_status,
    case when described.last_decision_type <> 'accept_playbook' then described.last_decided_date end as closed_date,
    incidents.metric_id,
    incidents.dimension_name,
    incidents.dimension_value
from described
left join incidents on described.run_key = incidents.run_key
