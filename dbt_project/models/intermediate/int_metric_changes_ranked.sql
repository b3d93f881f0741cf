-- What moved up to the last whole week: each metric by its weeks, of months or quarters where it has none, against the
-- period before; total and members, the largest moves first. Ends with the week, whatever the day of the refresh is.
with
weeks as (
    -- The day after the business date starts the first week that is not over yet.
    select cast(date_trunc('week', {{ business_date() }} + 1) as date) - 7 as week_start_date
),

grains as (
    select
        metric_id,
        dimension_name,
        period_grain,
        row_number() over (
            partition by metric_id, dimension_name
            order by case period_grain when 'week' then 1 when 'month' then 2 else 3 end
        ) as place
    from (
        select distinct
            metric_id,
            dimension_name,
            period_grain
        from {{ ref('kpi_values') }}
        where period_grain in ('week', 'month', 'quarter')
    ) as listed
),

periods as (
    select
        kpis.metric_id,
        kpis.dimension_name,
        kpis.dimension_value,
        kpis.period_grain,
        kpis.period_start_date,
        kpis.period_end_date,
        kpis.numerator,
        kpis.denominator,
        kpis.value,
        weeks.week_start_date,
        max(kpis.period_start_date) over (partition by kpis.metric_id, kpis.dimension_name) as last_start_date
    from {{ ref('kpi_values') }} as kpis
    cross join weeks
    inner join grains
        on
            kpis.metric_id = grains.metric_id
            and kpis.dimension_name = grains.dimension_name
            and kpis.period_grain = grains.period_grain
            and grains.place = 1
    where
        kpis.is_matured
        and kpis.period_end_date <= weeks.week_start_date + 6
        -- what stopped long ago is no news
        and kpis.period_start_date >= weeks.week_start_date - 190
),

compared as (
    select
        current_periods.*,
        previous_periods.period_start_date as previous_start_date,
        previous_periods.numerator as previous_numerator,
        previous_periods.denominator as previous_denominator,
        previous_periods.value as previous_value
    from periods as current_periods
    inner join periods as previous_periods
        on
            current_periods.metric_id = previous_periods.metric_id
            and current_periods.dimension_name = previous_periods.dimension_name
            and current_periods.dimension_value = previous_periods.dimension_value
            and previous_periods.period_start_date
            = {{ period_before('current_periods.period_grain', 'current_periods.period_start_date') }}
    where current_periods.period_start_date = current_periods.last_start_date
),

changed as (
    select
        compared.*,
        cast(value - previous_value as decimal(28, 8)) as change_value,
        {{ ratio('value - previous_value', 'abs(previous_value)') }} as change_rate
    from compared
    where value is not null and previous_value is not null and value <> previous_value
)

select
    changed.week_start_date,
    changed.metric_id,
    metrics.name_en as metric_name_en,
    metrics.name_zh as metric_name_zh,
    metrics.unit,
    metrics.direction,
    changed.dimension_name,
    changed.dimension_value,
    changed.period_grain,
    changed.period_start_date,
    changed.period_end_date,
    changed.previous_start_date,
    changed.numerator,
    changed.denominator,
    changed.value,
    changed.previous_numerator,
    changed.previous_denominator,
    changed.previous_value,
    changed.change_value,
    changed.change_rate,
    case
        when metrics.direction = 'band' then 'neutral'
        when (changed.change_value > 0) = (metrics.direction = 'up') then 'better'
        else 'worse'
    end as change_type,
    cast(
        row_number() over (
            partition by changed.metric_id, changed.dimension_name
            -- of a rate or a mean, a point of many counts more than ten points of one
            order by abs(changed.change_value) * greatest(coalesce(changed.denominator, 1), 1) desc, changed.dimension_value asc
        ) as bigint
    ) as change_rank
from changed
inner join {{ ref('kpi_metrics') }} as metrics on changed.metric_id = metrics.metric_id
