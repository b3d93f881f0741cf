-- Every goal with its metric and the value to reach; what is missing stays null and is said by int_targets_faulted.
with
defined as (
    select
        targets.*,
        metrics.name_en as metric_name_en,
        metrics.name_zh as metric_name_zh,
        metrics.unit,
        metrics.direction,
        -- Over its one period it grows like a sum, from nothing on the first day.
        case metrics.aggregation when 'distinct' then 'sum' else metrics.aggregation end as aggregation,
        coalesce(metrics.aggregation in ('distinct', 'average'), false) as is_of_one_period,
        -- a customer of two regions is one; revenue per head of two regions is no sum
        case
            when metrics.aggregation = 'sum' or (metrics.aggregation = 'distinct' and metrics.decomposition = 'additive') then 'sum'
            when metrics.aggregation = 'ratio' then 're_aggregated'
            else 'not_combined'
        end as combination,
        coalesce(metrics.is_cohort, false) as is_cohort,
        metrics.metric_id is not null as is_known_metric,
        -- "15 % more" than a baseline of 20 % is 23 %. What that comes to has no more digits than a value that is given.
        case targets.target_mode
            when 'relative_rate'
                then try_cast(cast(targets.baseline_value as double) * (1 + cast(targets.target_value as double)) as decimal(25, 8))
            else targets.target_value
        end as goal_value
    from {{ ref('int_targets_united') }} as targets
    left join {{ ref('kpi_metrics') }} as metrics on targets.metric_id = metrics.metric_id
)

select
    target_id,
    source,
    -- a goal that a source sent without a name is called by its metric and where it counts
    coalesce(target_name_en, {{ goal_name('metric_name_en', 'defined') }}) as target_name_en,
    coalesce(target_name_zh, {{ goal_name('metric_name_zh', 'defined') }}) as target_name_zh,
    metric_id,
    metric_name_en,
    metric_name_zh,
    unit,
    direction,
    aggregation,
    is_of_one_period,
    combination,
    is_cohort,
    is_known_metric,
    scope_dimension,
    scope_value,
    baseline_value,
    goal_value,
    case when direction = 'band' then upper_value end as upper_value,
    target_mode,
    starts_on,
    due_on,
    owner,
    relevance,
    parent_target_id,
    weight,
    is_known_metric and goal_value is not null and starts_on is not null and due_on is not null and due_on >= starts_on
    and (direction <> 'band' or upper_value is not null) as is_whole
from defined
