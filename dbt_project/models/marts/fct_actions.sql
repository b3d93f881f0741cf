{%- set reasons = {
    'no_metric': ['The alert names no figure that could have moved.', '预警未指明可衡量的指标。'],
    'whole': ['It is about the whole, which has no other member beside it.', '针对整体，没有可比成员。'],
    'level': [
        'The figure is a level, or looks back further than one period: it moves long after what moved it.',
        '该指标为存量，或回看期长于一个周期，变化滞后，无法归因。',
    ],
    'overlap': [
        'Another action on the same member ran at that time: whose effect it was cannot be told.',
        '同一成员在同期有另一项行动，无法区分各自的效果。',
    ],
    'no_figures': [
        'The member has too few figures before it was accepted or after it was done.',
        '该成员在采纳前或完成后的数据不足。',
    ],
    'too_few': [
        'Fewer than three other members, about which nothing was done at that time, have figures to compare with.',
        '同期未采取行动且有数据的可比成员不足三个。',
    ],
} -%}
with
actions as (
    select
        followed.*,
        case
            when followed.action_status <> 'done' then 'not_done'
            else coalesce(effects.outcome_status, 'not_measurable')
        end as outcome_status,
        case
            when followed.action_status <> 'done' then null
            when followed.metric_id is null then 'no_metric'
            when followed.dimension_name = 'total' then 'whole'
            else effects.outcome_reason
        end as outcome_reason,
        effects.is_points,
        effects.effect,
        effects.half_width,
        effects.member_count
    from {{ ref('int_actions_followed') }} as followed
    left join {{ ref('int_action_effects_measured') }} as effects on followed.run_key = effects.run_key
    where followed.is_latest
)

select
    actions.action_key,
    actions.incident_key,
    actions.playbook_id,
    actions.playbook_name_en,
    actions.playbook_name_zh,
    actions.department,
    actions.owner,
    actions.accepted_date,
    actions.due_date,
    actions.action_status,
    actions.closed_date,
    actions.metric_id,
    actions.dimension_name,
    actions.dimension_value,
    actions.outcome_status,
    case actions.outcome_reason
        {%- for name, text in reasons.items() %}
        when '{{ name }}' then '{{ text[0] }}'
        {%- endfor %}
    end as outcome_reason_en,
    case actions.outcome_reason
        {%- for name, text in reasons.items() %}
        when '{{ name }}' then '{{ text[1] }}'
        {%- endfor %}
    end as outcome_reason_zh,
    case when actions.effect is not null then case when actions.is_points then 'points' else 'relative' end end as effect_type,
    {{ effect_value('actions.effect', 'actions.is_points') }} as effect_value,
    {{ effect_value('actions.effect - actions.half_width', 'actions.is_points') }} as lower_value,
    {{ effect_value('actions.effect + actions.half_width', 'actions.is_points') }} as upper_value,
    actions.member_count as compared_member_count
from actions
