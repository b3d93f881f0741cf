-- A goal and the goals of the same metric that it was broken down into, along one dimension. Only what adds up is
-- added up. Rates are never averaged: all numerators are divided by all denominators. A median cannot be put together.
with
parts as (
    select
        children.parent_target_id,
        children.scope_dimension,
        children.goal_value,
        children.actual_numerator,
        children.actual_denominator,
        children.actual_value,
        -- not known where it is more than any figure: a bar code among the goals stops no night
        case
            when abs(cast(children.goal_value as double)) * abs(cast(children.actual_denominator as double)) < 1e18
                then children.goal_value * children.actual_denominator
        end as goal_numerator,
        parents.metric_id,
        parents.combination,
        parents.goal_value as parent_target_value,
        parents.actual_value as parent_actual_value
    from {{ ref('int_targets_judged') }} as children
    inner join {{ ref('int_targets_judged') }} as parents
        on children.parent_target_id = parents.target_id and children.metric_id = parents.metric_id
    where children.is_whole and parents.is_whole and children.target_id <> parents.target_id
),

put_together as (
    select
        parent_target_id,
        scope_dimension,
        metric_id,
        combination,
        count(*) as child_count,
        parent_target_value,
        case combination
            when 'sum' then cast(sum(goal_value) as decimal(28, 8))
            -- with the mix of denominators that there is; not known while one part has none
            when 're_aggregated'
                then {{ ratio('case when count(goal_numerator) = count(*) then sum(goal_numerator) end', 'sum(actual_denominator)') }}
        end as children_target_value,
        parent_actual_value,
        case combination
            when 'sum' then cast(sum(actual_value) as decimal(28, 8))
            when 're_aggregated' then {{ ratio('sum(actual_numerator)', 'sum(actual_denominator)') }}
        end as children_actual_value
    from parts
    group by parent_target_id, scope_dimension, metric_id, combination, parent_target_value, parent_actual_value
)

select
    parent_target_id,
    scope_dimension,
    metric_id,
    combination,
    child_count,
    parent_target_value,
    children_target_value,
    cast(children_target_value - parent_target_value as decimal(28, 8)) as target_difference_value,
    parent_actual_value,
    children_actual_value,
    cast(children_actual_value - parent_actual_value as decimal(28, 8)) as actual_difference_value
from put_together
