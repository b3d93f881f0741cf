with
aged as (
    select
        source,
        age_hours
    from {{ ref('trust_source_freshness') }}
    where age_hours is not null
),

united as (
    select
        'source' as dimension_name,
        source as dimension_value,
        age_hours as value
    from aged
    union all
    -- A company is as old as its oldest source.
    select
        'total' as dimension_name,
        'total' as dimension_value,
        max(age_hours) as value
    from aged
    having count(*) > 0
),

levels as (
    select
        dimension_name,
        dimension_value,
        value as numerator,
        cast(null as bigint) as denominator,
        value
    from united
)

{{ kpi_of_today('source_freshness_hours', 'levels') }}
