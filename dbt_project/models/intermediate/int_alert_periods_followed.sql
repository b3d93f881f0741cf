-- What the rules look at: every period of every member, with its days.
with
asked as (
    select distinct
        metric_id,
        period_grain,
        dimension_name
    from {{ ref('int_alert_rules_defined') }}
),

known as (
    select
        metric_id,
        period_grain,
        period_start_date,
        period_end_date,
        dimension_name,
        dimension_value,
        numerator,
        denominator,
        value,
        is_matured
    from {{ ref('kpi_values') }}
    union all
    select
        metric_id,
        period_grain,
        period_start_date,
        period_start_date as period_end_date,
        dimension_name,
        dimension_value,
        numerator,
        denominator,
        value,
        true as is_matured
    from {{ ref('int_levels_told') }}
),

calendar as (
    {{ period_days(['day', 'week', 'month', 'quarter'], with_holidays=true) | indent(4) }}
),

dates as (
    select
        date_day,
        day_of_week,
        is_workday,
        is_holiday,
        sum(case when is_workday then 1 else 0 end) over (order by date_day) as workday_number
    from {{ ref('dim_dates') }}
)

select
    known.*,
    coalesce(calendar.workday_count, 0) as workday_count,
    coalesce(calendar.holiday_count, 0) as holiday_count,
    coalesce(calendar.day_count, 0) as day_count,
    -- days are held against days of their kind
    case
        when known.period_grain <> 'day' then 'period'
        when dates.is_workday and dates.day_of_week > 5 then 'made_up'
        when dates.is_holiday and not dates.is_workday then 'holiday'
        when dates.is_workday then 'workday'
        else 'off_day'
    end as period_kind,
    case when known.period_grain = 'day' then dates.day_of_week else 0 end as day_of_week,
    -- days of one holiday have the same number, that of the workdays before it
    case
        when known.period_grain = 'day' and dates.is_holiday and not dates.is_workday then cast(dates.workday_number as bigint)
        else 0
    end as holiday_number
from known
inner join asked
    on
        known.metric_id = asked.metric_id
        and known.period_grain = asked.period_grain
        and known.dimension_name = asked.dimension_name
left join calendar
    on known.period_grain = calendar.period_grain and known.period_start_date = calendar.period_start_date
left join dates on known.period_start_date = dates.date_day
where known.value is not null
