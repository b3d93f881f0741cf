-- What the rules look at: every period of every member, with its days. A sum by product, whose empty periods kpi_values leaves out, is 0
-- in them for a year after its last one: what is not sold any more falls, and what has not been sold for longer is no news.
with
asked as (
    select distinct
        metric_id,
        period_grain,
        dimension_name,
        is_additive and dimension_name = 'product' as has_gaps
    from {{ ref('int_alert_rules_defined') }}
),

calendar as (
    {{ period_days(['day', 'week', 'month', 'quarter'], with_holidays=true) | indent(4) }}
),

spans as (
    select
        kpis.metric_id,
        kpis.period_grain,
        kpis.dimension_name,
        kpis.dimension_value,
        min(kpis.period_start_date) as first_start_date,
        max(kpis.period_start_date) as last_start_date
    from {{ ref('kpi_values') }} as kpis
    inner join asked
        on
            kpis.metric_id = asked.metric_id
            and kpis.period_grain = asked.period_grain
            and kpis.dimension_name = asked.dimension_name
    where asked.has_gaps
    group by kpis.metric_id, kpis.period_grain, kpis.dimension_name, kpis.dimension_value
),

empty_periods as (
    select
        spans.metric_id,
        spans.period_grain,
        calendar.period_start_date,
        {{ period_end_of('calendar.period_grain', 'calendar.period_start_date') }} as period_end_date,
        spans.dimension_name,
        spans.dimension_value
    from spans
    inner join calendar
        on
            spans.period_grain = calendar.period_grain
            and spans.first_start_date < calendar.period_start_date
            and {{ period_year_before('calendar.period_grain', 'calendar.period_start_date') }} <= spans.last_start_date
    left join {{ ref('kpi_values') }} as kpis
        on
            {{ same_key('spans', 'kpis', ['metric_id', 'period_grain', 'dimension_name', 'dimension_value']) }}
            and calendar.period_start_date = kpis.period_start_date
    where kpis.metric_id is null
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
    union all
    select
        metric_id,
        period_grain,
        period_start_date,
        period_end_date,
        dimension_name,
        dimension_value,
        0 as numerator,
        null as denominator,
        0 as value,
        true as is_matured
    from empty_periods
    where period_end_date <= {{ business_date() }}
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
