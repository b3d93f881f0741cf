-- Each period beside the comparable one, which a change is held against and the causes of every other alert are told from. Of a week
-- the last one before it that had a workday, of a day the last one of its weekday and kind (workday, day off, made-up workday, a day of
-- the same holiday), at most eight weeks before; or the same one a year before, whose weekdays are the same for days and weeks. A longer
-- period without a workday is not compared.
with
asked as (
    select distinct
        metric_id,
        period_grain,
        dimension_name,
        coalesce(compared_with, 'previous') as compared_with
    from {{ ref('int_alert_rules_defined') }}
    where kind <> 'pace_behind_target'
),

worked as (
    select
        periods.*,
        asked.compared_with,
        lag(periods.period_start_date) over (
            partition by
                periods.metric_id, periods.period_grain, periods.dimension_name, periods.dimension_value, asked.compared_with,
                periods.period_kind, periods.holiday_number, periods.day_of_week
            order by periods.period_start_date
        ) as last_alike_date
    from {{ ref('int_alert_periods_followed') }} as periods
    inner join asked
        on
            periods.metric_id = asked.metric_id
            and periods.period_grain = asked.period_grain
            and periods.dimension_name = asked.dimension_name
    where periods.period_grain = 'day' or periods.workday_count > 0
),

chosen as (
    select
        worked.*,
        case
            when compared_with = 'previous' and period_grain in ('day', 'week')
                then case when last_alike_date >= period_start_date - 56 then last_alike_date end
            when compared_with = 'previous' then {{ period_before('period_grain', 'period_start_date') }}
            when period_grain = 'day' then period_start_date - 364
            else {{ period_year_before('period_grain', 'period_start_date') }}
        end as compared_start_date
    from worked
),

-- What is counted by days is compared as if the earlier period had had the days of this one: a holiday is no fall.
rated as (
    select
        chosen.*,
        earlier.period_end_date as compared_end_date,
        earlier.workday_count as compared_workday_count,
        earlier.denominator as compared_denominator,
        earlier.value as earlier_value,
        case
            when weights.off_day_weight is null then 1
            when
                chosen.workday_count = earlier.workday_count and chosen.holiday_count = earlier.holiday_count
                and chosen.day_count = earlier.day_count then 1
            else
                cast(
                    {{ effective_days('chosen', 'weights.off_day_weight', 'weights.holiday_weight') }}
                    / {{ effective_days('earlier', 'weights.off_day_weight', 'weights.holiday_weight') }} as decimal(18, 8)
                )
        end as comparison_rate
    from chosen
    inner join {{ ref('int_alert_periods_followed') }} as earlier
        on
            chosen.metric_id = earlier.metric_id
            and chosen.period_grain = earlier.period_grain
            and chosen.dimension_name = earlier.dimension_name
            and chosen.dimension_value = earlier.dimension_value
            and chosen.compared_start_date = earlier.period_start_date
            and chosen.period_kind = earlier.period_kind
            and (chosen.period_grain = 'day' or earlier.workday_count > 0)
    left join {{ ref('int_alert_days_weighed') }} as weights
        on
            earlier.metric_id = weights.metric_id
            and earlier.dimension_name = weights.dimension_name
            and earlier.dimension_value = weights.dimension_value
            and case when earlier.period_grain <> 'day' then earlier.period_end_date end = weights.date_day
)

select
    metric_id,
    period_grain,
    dimension_name,
    dimension_value,
    compared_with,
    period_start_date,
    compared_start_date,
    compared_end_date,
    compared_workday_count,
    compared_denominator,
    comparison_rate,
    case
        when comparison_rate = 1 then earlier_value
        else cast(cast(earlier_value as double) * comparison_rate as decimal(28, 8))
    end as compared_value
from rated
