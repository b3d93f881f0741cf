-- Hours of the business calendar, in the schedule of the seller who has the lead, and beside them those of the clock. Who has
-- not answered yet is waiting up to the as-of moment, and is counted as waiting: leaving those leads out would make a slow week look quick.
-- A lead that belongs to no customer yet has no touch that could be found: it waits until there is a deal of it.
with
leads as (
    select * from {{ ref('fct_leads') }}
    where created_at <= {{ as_of() }}
),

-- A robot's first line is no answer of a seller, but a chat has only one time of a first response.
touches as (
    select
        customer_key,
        occurred_at as answered_at
    from {{ ref('fct_touchpoints') }}
    where direction = 'outbound' and customer_key <> 'unknown'
    union all
    select
        customer_key,
        first_response_at as answered_at
    from {{ ref('fct_chats') }}
    where first_response_at is not null and customer_key <> 'unknown'
),

first_touches as (
    select
        leads.lead_key,
        min(touches.answered_at) as answered_at
    from leads
    inner join touches
        on leads.customer_key = touches.customer_key and touches.answered_at between leads.created_at and {{ as_of() }}
    group by leads.lead_key
),

-- A deal is not opened without having spoken to anybody.
answered as (
    select
        leads.lead_key,
        leads.channel,
        leads.owner_rep_key as rep_key,
        leads.created_at,
        leads.created_date,
        case
            when leads.first_opportunity_at between leads.created_at and {{ as_of() }}
                then least(leads.first_opportunity_at, coalesce(first_touches.answered_at, leads.first_opportunity_at))
            else first_touches.answered_at
        end as answered_at
    from leads
    left join first_touches on leads.lead_key = first_touches.lead_key
),

seen as (
    select
        answered.*,
        reps.team,
        coalesce(answered.answered_at, {{ as_of() }}) as seen_at,
        answered.answered_at is not null as is_answered,
        {{ schedule_of('schedules') }} as schedule_id
    from answered
    inner join {{ ref('dim_sales_reps') }} as reps on answered.rep_key = reps.rep_key
    left join {{ ref('int_sales_reps_scheduled') }} as schedules on answered.rep_key = schedules.rep_key
)

select
    seen.lead_key,
    seen.created_date,
    seen.channel,
    seen.team,
    seen.rep_key,
    seen.is_answered,
    cast(
        {{ business_seconds_between('seen.created_at', 'created_day', 'seen.seen_at', 'seen_day') }} / 3600
        as decimal(18, 6)
    ) as waited_hours,
    cast({{ microseconds_between('seen.created_at', 'seen.seen_at') }} / 3600000000 as decimal(18, 6)) as waited_calendar_hours
from seen
{{ business_day_join('created_day', 'seen.created_at', 'seen.schedule_id', 'seen.created_date') }}
{{ business_day_join('seen_day', 'seen.seen_at', 'seen.schedule_id') }}
