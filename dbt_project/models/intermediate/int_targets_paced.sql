-- How much of the time of a goal has passed, by workdays; by days where the calendar does not reach as far.
with
calendar as (
    select
        min(date_day) as first_date,
        max(date_day) as last_date
    from {{ ref('dim_dates') }}
),

days as (
    select
        targets.target_id,
        sum(case when dates.is_workday then 1 else 0 end) as workday_count,
        sum(case when dates.is_workday and dates.date_day <= {{ business_date() }} then 1 else 0 end) as passed_workday_count
    from {{ ref('int_targets_defined') }} as targets
    inner join {{ ref('dim_dates') }} as dates on dates.date_day between targets.starts_on and targets.due_on
    group by targets.target_id
),

counted as (
    select
        targets.target_id,
        coalesce(days.workday_count, 0) as workday_count,
        coalesce(days.passed_workday_count, 0) as passed_workday_count,
        targets.starts_on >= calendar.first_date and targets.due_on <= calendar.last_date as is_in_calendar,
        {{ dbt.datediff('targets.starts_on', 'targets.due_on', 'day') }} + 1 as day_count,
        {{ dbt.datediff('targets.starts_on', business_date(), 'day') }} + 1 as passed_day_count
    from {{ ref('int_targets_defined') }} as targets
    cross join calendar
    left join days on targets.target_id = days.target_id
    where targets.starts_on is not null and targets.due_on >= targets.starts_on
),

judged as (
    select
        counted.*,
        is_in_calendar and workday_count > 0 as is_by_workdays
    from counted
),

paced as (
    select
        target_id,
        -- a part of its workdays is not how many it has
        case when is_in_calendar then workday_count end as workday_count,
        case when is_in_calendar then passed_workday_count end as passed_workday_count,
        is_by_workdays,
        case when is_by_workdays then workday_count else day_count end as pace_count,
        case
            when is_by_workdays then passed_workday_count
            else least(greatest(passed_day_count, 0), day_count)
        end as passed_pace_count
    from judged
)

select
    target_id,
    cast(workday_count as bigint) as workday_count,
    cast(passed_workday_count as bigint) as passed_workday_count,
    is_by_workdays,
    cast(pace_count as bigint) as pace_count,
    cast(passed_pace_count as bigint) as passed_pace_count,
    {{ ratio('passed_pace_count', 'pace_count') }} as expected_progress_rate
from paced
