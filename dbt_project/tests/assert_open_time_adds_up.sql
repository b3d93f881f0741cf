-- Business time is a difference of two of these sums: each day has to begin where the one before it ended, without a gap.
with
paired as (
    select
        schedule_id,
        date_day,
        open_seconds_before,
        open_day_number - case when is_open then 1 else 0 end as open_days_before,
        lag(date_day) over (partition by schedule_id order by date_day asc) as day_before,
        lag(open_seconds_before + open_seconds) over (partition by schedule_id order by date_day asc) as seconds_so_far,
        lag(open_day_number) over (partition by schedule_id order by date_day asc) as days_so_far
    from {{ ref('dim_calendar_hours') }}
)

select *
from paired
where
    open_seconds_before <> coalesce(seconds_so_far, 0)
    or open_days_before <> coalesce(days_so_far, 0)
    or {{ dbt.datediff('day_before', 'date_day', 'day') }} <> 1
