-- What each goal aims at, with its history, by the finest period there is, which says most exactly which days count.
with
goals as (
    select
        target_id,
        metric_id,
        scope_dimension,
        scope_value,
        aggregation,
        is_of_one_period,
        false as is_in_parts,
        is_cohort,
        starts_on,
        due_on
    from {{ ref('int_targets_defined') }}
    where is_known_metric and starts_on is not null and due_on is not null
),

-- two years and a month before it are all that anything asks for
periods as (
    {{ followed_periods('goals', ['target_id'], history_days=762) | indent(4) }}
)

select
    target_id,
    aggregation,
    period_grain,
    period_start_date,
    period_end_date,
    numerator,
    denominator,
    value,
    is_matured,
    period_start_date between starts_on and due_on as is_within,
    -- A cohort that still has time to convert would pull the rate down.
    period_start_date between starts_on and due_on and (is_matured or not is_cohort) as is_counted
from periods
