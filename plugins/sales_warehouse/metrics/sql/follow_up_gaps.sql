-- A gap between two outgoing contacts with a customer who was there and not in the last tier: in the week in which it ended,
-- and in each week at whose end it was still running and longer than the mean of all that had ended by then.
with
tiers as (
    select
        customer_key,
        valid_from_date,
        coalesce(valid_to_date, getvariable('business_date')) as valid_to_date
    from dim_customer_tiers
    where tier_priority is not null and not is_last_tier and not is_deleted
),

touches as (
    select
        touches.customer_key,
        touches.touchpoint_key,
        touches.rep_key,
        reps.team,
        touches.occurred_date,
        touches.occurred_at,
        lead(touches.touchpoint_key) over following as next_touchpoint_key,
        lead(touches.rep_key) over following as next_rep_key,
        lead(reps.team) over following as next_team,
        lead(touches.occurred_date) over following as next_date,
        lead(touches.occurred_at) over following as next_at
    from fct_touchpoints as touches
    join dim_sales_reps as reps on touches.rep_key = reps.rep_key
    where
        touches.direction = 'outbound'
        and touches.customer_key <> 'unknown'
        and touches.occurred_date <= getvariable('business_date')
    window following as (partition by touches.customer_key order by touches.occurred_at, touches.touchpoint_key)
),

ended as (
    select
        cast(date_trunc('week', touches.next_date) as date) as row_date,
        'ended' as row_type,
        touches.customer_key,
        touches.touchpoint_key,
        touches.next_touchpoint_key,
        touches.next_rep_key as rep_key,
        touches.next_team as team,
        touches.occurred_at,
        touches.next_at,
        epoch_us(touches.next_at) - epoch_us(touches.occurred_at) as gap_microseconds
    from touches
    join tiers
        on touches.customer_key = tiers.customer_key and touches.next_date between tiers.valid_from_date and tiers.valid_to_date
    where touches.next_at is not null
),

weeks as (
    select distinct
        week_start_date,
        least(week_start_date + 7, getvariable('business_date') + 1) as end_date
    from dim_dates
    where week_start_date between (select min(row_date) from ended) and getvariable('business_date')
),

means as (
    select
        weeks.week_start_date,
        weeks.end_date,
        (cast(weeks.end_date as timestamp) at time zone getvariable('time_zone') at time zone 'UTC') as last_moment,
        cast(sum(summed.gap_microseconds) over (order by weeks.week_start_date) as decimal(28, 0))
        / nullif(sum(summed.gap_count) over (order by weeks.week_start_date), 0) as mean_microseconds
    from weeks
    left join (
        select
            row_date,
            sum(gap_microseconds) as gap_microseconds,
            count(*) as gap_count
        from ended
        group by row_date
    ) as summed on weeks.week_start_date = summed.row_date
),

open_at_an_end as (
    select * from touches
    where next_date is null or date_trunc('week', occurred_date) < date_trunc('week', next_date)
),

running as (
    select
        means.week_start_date as row_date,
        'running' as row_type,
        touches.customer_key,
        touches.touchpoint_key,
        touches.next_touchpoint_key,
        touches.rep_key,
        touches.team,
        touches.occurred_at,
        touches.next_at,
        means.mean_microseconds,
        epoch_us(means.last_moment) - epoch_us(touches.occurred_at) as gap_microseconds
    from means
    join open_at_an_end as touches
        on
            means.last_moment > touches.occurred_at
            and (touches.next_at is null or means.last_moment <= touches.next_at)
    join tiers
        on
            touches.customer_key = tiers.customer_key
            and means.end_date - 1 between tiers.valid_from_date and tiers.valid_to_date
)

select
    gaps.*,
    cast(gaps.gap_microseconds / 3600000000 as decimal(28, 8)) as gap_hours,
    customers.customer_name,
    customers.industry,
    customers.region_key
from (
    select * from ended
    union all
    select * exclude (mean_microseconds) from running
    where gap_microseconds > mean_microseconds
) as gaps
left join dim_customers as customers on gaps.customer_key = customers.customer_key
