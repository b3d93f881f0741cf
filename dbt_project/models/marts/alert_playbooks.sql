-- A playbook is offered where its scope fits, and it answers a cause or the rule names it. First come those that answer a
-- likely cause, the likeliest first, then the one that the rule names, then those that answer what may be chance.
with
playbooks as (
    select * from {{ ref('stg_settings__playbooks') }}
),

scoped as (
    select
        playbook_id,
        count(distinct dimension_name) as dimension_count
    from {{ ref('stg_settings__playbook_scopes') }}
    group by playbook_id
),

fitting as (
    select
        scopes.playbook_id,
        members.incident_key,
        count(distinct scopes.dimension_name) as dimension_count
    from {{ ref('stg_settings__playbook_scopes') }} as scopes
    inner join {{ ref('int_playbook_members') }} as members
        on scopes.dimension_name = members.dimension_name and scopes.dimension_value = members.dimension_value
    group by scopes.playbook_id, members.incident_key
),

-- Of several causes that a playbook answers, the likeliest.
answered as (
    select
        causes.*,
        answers.playbook_id,
        row_number() over (
            partition by causes.incident_key, answers.playbook_id
            order by coalesce(causes.is_likely, false) desc, causes.cause_number asc
        ) as place
    from {{ ref('int_playbook_causes') }} as causes
    inner join {{ ref('stg_settings__playbook_causes') }} as answers on causes.cause = answers.cause
),

offered as (
    select
        occasions.incident_key,
        occasions.occasion_type,
        occasions.metric_id,
        playbooks.*,
        answered.cause,
        answered.event_key,
        answered.cause_number,
        answered.cause_en,
        answered.cause_zh,
        coalesce(answered.is_likely, false) as is_likely,
        coalesce(occasions.playbook_id = playbooks.playbook_id, false) as is_of_rule
    from {{ ref('int_playbook_occasions') }} as occasions
    cross join playbooks
    left join answered
        on
            occasions.incident_key = answered.incident_key
            and playbooks.playbook_id = answered.playbook_id
            and answered.place = 1
    left join scoped on playbooks.playbook_id = scoped.playbook_id
    left join fitting on playbooks.playbook_id = fitting.playbook_id and occasions.incident_key = fitting.incident_key
    where
        coalesce(scoped.dimension_count, 0) = coalesce(fitting.dimension_count, 0)
        and (answered.cause is not null or occasions.playbook_id = playbooks.playbook_id)
),

effects as (
    select * from {{ ref('int_playbook_effects') }}
)

select
    offered.incident_key,
    row_number() over (
        partition by offered.incident_key
        order by
            case when offered.is_likely then 1 when offered.is_of_rule then 2 else 3 end asc,
            offered.cause_number asc nulls last,
            coalesce(effects.gain, 0) desc,
            offered.priority asc
    ) as playbook_number,
    offered.occasion_type,
    offered.playbook_id,
    offered.playbook_name_en,
    offered.playbook_name_zh,
    offered.department,
    offered.owner,
    cast(offered.due_days as bigint) as due_days,
    offered.steps_en,
    offered.steps_zh,
    offered.cause,
    offered.event_key,
    offered.is_likely,
    offered.is_of_rule,
    case
        when offered.cause is null then 'The rule names it.'
        else offered.cause_en
    end as reason_en,
    case
        when offered.cause is null then '由预警规则指定。'
        else offered.cause_zh
    end as reason_zh,
    coalesce(effects.use_count, 0) as use_count,
    coalesce(effects.measured_count, 0) as measured_count,
    case when effects.effect_value is not null then case when effects.is_points then 'points' else 'relative' end end as effect_type,
    effects.effect_value,
    effects.lower_value,
    effects.upper_value
from offered
left join effects
    on offered.playbook_id = effects.playbook_id and offered.metric_id = effects.metric_id
