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
)

{{ kpi_of_today('quota_attainment', 'progressed') }}
