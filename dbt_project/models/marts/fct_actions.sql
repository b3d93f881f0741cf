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
    case
        when actions.action_status <> 'done' then 'not_done'
        else coalesce(effects.outcome_status, 'not_measurable')
    end as outcome_status,
    case when effects.effect is not null then case when effects.is_points then 'points' else 'relative' end end as effect_type,
    {{ effect_value('effects.effect', 'effects.is_points') }} as effect_value,
    {{ effect_value('effects.effect - effects.half_width', 'effects.is_points') }} as lower_value,
    {{ effect_value('effects.effect + effects.half_width', 'effects.is_points') }} as upper_value,
    effects.member_count as compared_member_count
from {{ ref('int_actions_followed') }} as actions
left join {{ ref('int_action_effects_measured') }} as effects on actions.action_key = effects.action_key
