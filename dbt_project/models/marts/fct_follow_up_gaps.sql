-- Contacts in the order in which they were made; which seller made them does not matter, the one who ended the wait has it. Who
-- is in the last tier or deleted on that day is nobody's to follow. A gap that still runs is in the metric, not here.
with
tiers as (
    select
        customer_key,
        valid_from_date,
        coalesce(valid_to_date, {{ business_date() }}) as valid_to_date
    from {{ ref('dim_customer_tiers') }}
    where tier_priority is not null and not is_last_tier and not is_deleted
),

touches as (
    select
        touchpoint_key,
        customer_key,
        rep_key,
        occurred_at,
        occurred_date,
        lag(occurred_at) over (partition by customer_key order by occurred_at asc, touchpoint_key asc) as previous_at,
        lag(occurred_date) over (partition by customer_key order by occurred_at asc, touchpoint_key asc) as previous_date
    from {{ ref('fct_touchpoints') }}
    where direction = 'outbound' and customer_key <> 'unknown' and occurred_date <= {{ business_date() }}
),

gaps as (
    select
        touches.*,
        reps.team,
        {{ schedule_of('schedules') }} as schedule_id
    from touches
    inner join tiers
        on touches.customer_key = tiers.customer_key and touches.occurred_date between tiers.valid_from_date and tiers.valid_to_date
    inner join {{ ref('dim_sales_reps') }} as reps on touches.rep_key = reps.rep_key
    left join {{ ref('int_sales_reps_scheduled') }} as schedules on touches.rep_key = schedules.rep_key
    where touches.previous_at is not null
)

select
    gaps.touchpoint_key,
    gaps.customer_key,
    gaps.rep_key,
    gaps.team,
    gaps.previous_at as started_at,
    gaps.previous_date as started_date,
    gaps.occurred_at as ended_at,
    gaps.occurred_date as ended_date,
    cast({{ microseconds_between('gaps.previous_at', 'gaps.occurred_at') }} / 3600000000 as decimal(18, 6)) as gap_hours,
    cast(
        {{ business_seconds_between('gaps.previous_at', 'started_day', 'gaps.occurred_at', 'ended_day') }} / 3600
        as decimal(18, 6)
    ) as gap_business_hours
from gaps
{{ business_day_join('started_day', '', 'gaps.schedule_id', 'gaps.previous_date') }}
{{ business_day_join('ended_day', '', 'gaps.schedule_id', 'gaps.occurred_date') }}
