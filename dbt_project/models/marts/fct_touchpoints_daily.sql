with
counted as (
    select
        source,
        touchpoint_type,
        channel,
        occurred_date,
        count(*) as touchpoint_count
    from {{ ref('fct_touchpoints') }}
    group by source, touchpoint_type, channel, occurred_date
),

seen as (
    select
        source,
        touchpoint_type,
        channel,
        min(occurred_date) as first_date
    from counted
    group by source, touchpoint_type, channel
),

expected as (
    select
        seen.source,
        seen.touchpoint_type,
        seen.channel,
        dates.date_day as occurred_date
    from seen
    inner join {{ ref('dim_dates') }} as dates
        on seen.first_date <= dates.date_day and dates.date_day <= {{ business_date() }}
),

listed as (
    select * from expected
    union
    select
        source,
        touchpoint_type,
        channel,
        occurred_date
    from counted
)

select
    listed.source,
    listed.touchpoint_type,
    listed.channel,
    listed.occurred_date,
    coalesce(dates.is_workday, false) as is_workday,
    coalesce(counted.touchpoint_count, 0) as touchpoint_count,
    case when counted.touchpoint_count is null then 'no_data' else 'data' end as data_status
from listed
left join counted
    on
        listed.source = counted.source
        and listed.touchpoint_type = counted.touchpoint_type
        and listed.channel = counted.channel
        and listed.occurred_date = counted.occurred_date
left join {{ ref('dim_dates') }} as dates on listed.occurred_date = dates.date_day
