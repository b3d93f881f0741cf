-- What waits is not judged yet, and what comes after the business date has not come.
select
    source,
    event_channel,
    cast(date_trunc('month', occurred_date) as date) as month_start_date,
    cast(count(*) as bigint) as event_count,
    cast(sum(case when capture_status = 'captured' then 1 else 0 end) as bigint) as captured_count,
    cast(sum(case when capture_status = 'lost' then 1 else 0 end) as bigint) as lost_count,
    cast(sum(case when capture_status = 'waiting' then 1 else 0 end) as bigint) as waiting_count
from {{ ref('fct_enquiries') }}
where occurred_date <= {{ business_date() }} and {{ is_measured('capture') }}
group by source, event_channel, cast(date_trunc('month', occurred_date) as date)
