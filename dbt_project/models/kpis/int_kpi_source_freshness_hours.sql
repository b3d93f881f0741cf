-- A source that never delivered is as old as the first load of the company: it would not be missed otherwise.
with
started as (
    select min(extracted_at) as first_load_at
    from {{ ref('trust_load_counts') }}
),

waited as (
    select
        cast(
            cast({{ microseconds_between('first_load_at', as_of()) }} as decimal(28, 6)) / 3600000000 as decimal(18, 4)
        ) as waited_hours
    from started
),

aged as (
    select
        sources.source,
        coalesce(sources.age_hours, waited.waited_hours) as age_hours
    from {{ ref('trust_source_freshness') }} as sources
    cross join waited
    where sources.age_hours is not null or waited.waited_hours is not null
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
