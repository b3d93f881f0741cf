-- In all: actual sales over the sales goals that count once, as the registry says; goals on other metrics do not add up.
with
progressed as (
    select
        'target' as dimension_name,
        goals.target_id as dimension_value,
        -- a band, or a lower-is-better goal without a baseline, is no quotient of two figures
        case
            when metrics.direction = 'up' then goals.actual_value
            when metrics.direction = 'down' then goals.baseline_value - goals.actual_value
        end as numerator,
        case
            when metrics.direction = 'up' then goals.target_value
            when metrics.direction = 'down' then goals.baseline_value - goals.target_value
        end as denominator,
        goals.progress_rate as value
    from {{ ref('kpi_targets') }} as goals
    inner join {{ ref('stg_settings__metrics') }} as metrics on goals.metric_id = metrics.metric_id
    where goals.progress_rate is not null and {{ business_date() }} >= goals.starts_on
),

in_all as (
    select
        'total' as dimension_name,
        'total' as dimension_value,
        sum(coalesce(goals.actual_value, 0)) as numerator,
        sum(counted.goal_value) as denominator
    from {{ ref('int_sales_goals_counted') }} as counted
    left join {{ ref('kpi_targets') }} as goals on counted.target_id = goals.target_id
    where counted.is_in_total
    having count(*) > 0
),

united as (
    select * from progressed
    union all
    select
        in_all.*,
        {{ ratio('numerator', 'denominator') }} as value
    from in_all
)

{{ kpi_of_today('quota_attainment', 'united') }}
