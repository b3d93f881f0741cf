-- Several uses are weighed by how sure each is: the inverse square of the half width of its interval.
with
uses as (
    select
        actions.playbook_id,
        actions.metric_id,
        effects.is_points,
        effects.effect,
        cast(1 / (greatest(effects.half_width, 0.0001) * greatest(effects.half_width, 0.0001)) as decimal(19, 8)) as weight
    from {{ ref('int_actions_followed') }} as actions
    left join {{ ref('int_action_effects_measured') }} as effects on actions.run_key = effects.run_key
    where actions.action_status = 'done' and actions.metric_id is not null
),

pooled as (
    select
        playbook_id,
        metric_id,
        count(*) as use_count,
        count(effect) as measured_count,
        max(is_points) as is_points,
        -- 19 digits: the product of two that have 18 does not fit where a use was very sure
        cast(sum(cast(cast(effect as decimal(19, 8)) * weight as decimal(38, 12))) as double)
        / nullif(cast(sum(case when effect is not null then weight end) as double), 0) as effect,
        1 / sqrt(nullif(cast(sum(case when effect is not null then weight end) as double), 0)) as half_width
    from uses
    group by playbook_id, metric_id
)

select
    pooled.playbook_id,
    pooled.metric_id,
    pooled.use_count,
    pooled.measured_count,
    pooled.is_points,
    cast(case metrics.direction when 'up' then pooled.effect when 'down' then -pooled.effect end as decimal(28, 8)) as gain,
    {{ effect_value('pooled.effect', 'pooled.is_points') }} as effect_value,
    {{ effect_value('pooled.effect - pooled.half_width', 'pooled.is_points') }} as lower_value,
    {{ effect_value('pooled.effect + pooled.half_width', 'pooled.is_points') }} as upper_value
from pooled
inner join {{ ref('stg_settings__metrics') }} as metrics on pooled.metric_id = metrics.metric_id
