-- What moved up to the last whole week: each metric by its weeks, of months or quarters where it has none, against the
-- period before as it would have been with as many workdays; total and members, the largest moves first. Ends with the week,
-- whatever the day of the refresh is.
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
        where
            period_grain in ('week', 'month', 'quarter')
            -- single products have no days to tell what a day off brings
            and not (metric_id = 'net_sales' and dimension_name = 'product')
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

calendar as (
    {{ period_days(['week', 'month', 'quarter'], with_holidays=true) | indent(4) }}
),

-- What grows with the days is held against what the period before would have been with as many workdays and days off, as
-- alerts do: what a day off brings beside a workday is told by the half year and a week before the period, what a holiday does by
-- 400 days.
told as (
    select
        compared.metric_id,
        compared.dimension_name,
        compared.dimension_value,
        known.value,
        dates.is_workday,
        dates.is_holiday and not dates.is_workday as is_holiday,
        not dates.is_workday and not dates.is_holiday as is_off,
        known.period_start_date >= compared.period_start_date - 189 as is_recent
    from compared
    inner join {{ ref('kpi_metrics') }} as metrics
        on compared.metric_id = metrics.metric_id and metrics.aggregation in ('sum', 'distinct')
    inner join {{ ref('kpi_values') }} as known
        on
            {{ told_by_days('compared.metric_id') }} = known.metric_id
            and compared.dimension_name = known.dimension_name
            and compared.dimension_value = known.dimension_value
            and known.period_grain = 'day'
            and known.period_start_date between compared.period_start_date - 400 and compared.period_start_date - 1
    inner join {{ ref('dim_dates') }} as dates on known.period_start_date = dates.date_day
),

days as (
    select
        metric_id,
        dimension_name,
        dimension_value,
        cast(avg(case when is_workday and is_recent then value end) as double) as workday_amount,
        cast(avg(case when is_off and is_recent then value end) as double) as off_day_amount,
        cast(avg(case when is_workday then value end) as double) as year_workday_amount,
        cast(avg(case when is_holiday then value end) as double) as holiday_amount,
        count(*) filter (where is_holiday) as holiday_count
    from told
    group by metric_id, dimension_name, dimension_value
),

off_days as (
    select
        days.*,
        {{ off_day_weight('workday_amount', 'off_day_amount') }} as off_day_weight
    from days
),

weights as (
    select
        metric_id,
        dimension_name,
        dimension_value,
        off_day_weight,
        {{ holiday_weight('year_workday_amount', 'holiday_amount', 'holiday_count', 'off_day_weight') }} as holiday_weight
    from off_days
),

scaled as (
    select
        compared.*,
        this_period.workday_count,
        earlier.workday_count as previous_workday_count,
        -- none where one of the two had no day that counts: they cannot be held against each other
        case
            when weights.off_day_weight is null then 1
            when
                this_period.workday_count = earlier.workday_count and this_period.holiday_count = earlier.holiday_count
                and this_period.day_count = earlier.day_count then 1
            else cast(nullif(
                {{ effective_days('this_period', 'weights.off_day_weight', 'weights.holiday_weight') }}
                / nullif({{ effective_days('earlier', 'weights.off_day_weight', 'weights.holiday_weight') }}, 0), 0
            ) as decimal(18, 8))
        end as comparison_rate
    from compared
    inner join calendar as this_period
        on
            compared.period_grain = this_period.period_grain
            and compared.period_start_date = this_period.period_start_date
    inner join calendar as earlier
        on compared.period_grain = earlier.period_grain and compared.previous_start_date = earlier.period_start_date
    left join weights
        on
            compared.metric_id = weights.metric_id
            and compared.dimension_name = weights.dimension_name
            and compared.dimension_value = weights.dimension_value
),

comparable as (
    select
        scaled.*,
        case
            when comparison_rate = 1 then previous_value
            else cast(cast(previous_value as double) * comparison_rate as decimal(28, 8))
        end as comparable_value
    from scaled
    where value is not null and previous_value is not null
),

changed as (
    select
        comparable.*,
        cast(value - previous_value as decimal(28, 8)) as change_value,
        {{ ratio('value - previous_value', 'abs(previous_value)') }} as change_rate,
        cast(value - comparable_value as decimal(28, 8)) as comparable_change_value,
        {{ ratio('value - comparable_value', 'abs(comparable_value)') }} as comparable_change_rate
    from comparable
    where value <> coalesce(comparable_value, previous_value)
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
    cast(changed.workday_count as bigint) as workday_count,
    cast(changed.previous_workday_count as bigint) as previous_workday_count,
    cast(changed.comparison_rate as decimal(18, 8)) as comparison_rate,
    changed.comparable_value,
    changed.comparable_change_value,
    changed.comparable_change_rate,
    case
        when metrics.direction = 'band' or changed.comparable_value is null then 'neutral'
        when (changed.comparable_change_value > 0) = (metrics.direction = 'up') then 'better'
        else 'worse'
    end as change_type,
    cast(
        row_number() over (
            partition by changed.metric_id, changed.dimension_name
            order by
                -- of a rate or a mean, a point of many counts more than ten points of one
                abs(changed.comparable_change_value) * greatest(coalesce(changed.denominator, 1), 1) desc nulls last,
                changed.dimension_value asc
        ) as bigint
    ) as change_rank
from changed
inner join {{ ref('kpi_metrics') }} as metrics on changed.metric_id = metrics.metric_id
