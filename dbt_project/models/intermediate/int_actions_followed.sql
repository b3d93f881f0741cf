-- A playbook that was accepted for an incident is one action, whatever is decided about it later; the last word counts.
with
decisions as (
    select
        *,
        incident_key || '|' || playbook_id as action_key,
        {{ business_date_of('decided_at') }} as decided_date
    from {{ ref('stg_watch__incident_decisions') }}
    where decision_type in ('accept_playbook', 'finish_action', 'drop_action') and playbook_id is not null
),

ranked as (
    select
        *,
        row_number() over (partition by action_key order by decided_at desc, decision_id desc) as last_place,
        row_number() over (partition by action_key, decision_type order by decided_at desc, decision_id desc) as type_place
    from decisions
    where decided_date <= {{ business_date() }}
),

actions as (
    select
        action_key,
        incident_key,
        playbook_id,
        min(case when decision_type = 'accept_playbook' then decided_date end) as accepted_date,
        max(case when decision_type = 'accept_playbook' and type_place = 1 then owner end) as owner,
        max(case when decision_type = 'accept_playbook' and type_place = 1 then due_date end) as due_date,
        max(case when last_place = 1 then decision_type end) as last_decision_type,
        max(case when last_place = 1 then decided_date end) as last_decided_date
    from ranked
    group by action_key, incident_key, playbook_id
),

-- What it is to move: the figure of the incident's subject, which its key names behind the rule.
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

incidents as (
    select
        incidents.incident_key,
        subjects.metric_id,
        subjects.dimension_name,
        substring(incidents.subject_key, length(incidents.rule_id) + 2) as member
    from {{ ref('fct_incidents') }} as incidents
    inner join subjects on incidents.rule_id = subjects.rule_id
)

select
    actions.action_key,
    actions.incident_key,
    actions.playbook_id,
    actions.accepted_date,
    actions.owner,
    coalesce(actions.due_date, actions.accepted_date + playbooks.due_days) as due_date,
    case
        when actions.last_decision_type = 'finish_action' then 'done'
        when actions.last_decision_type = 'drop_action' then 'dropped'
        when coalesce(actions.due_date, actions.accepted_date + playbooks.due_days) < {{ business_date() }} then 'overdue'
        else 'open'
    end as action_status,
    case when actions.last_decision_type <> 'accept_playbook' then actions.last_decided_date end as closed_date,
    incidents.metric_id,
    incidents.dimension_name,
    case incidents.dimension_name when 'category' then split_part(incidents.member, ', ', 1) else incidents.member end
        as dimension_value
from actions
left join {{ ref('stg_settings__playbooks') }} as playbooks on actions.playbook_id = playbooks.playbook_id
left join incidents on actions.incident_key = incidents.incident_key
where actions.accepted_date is not null
