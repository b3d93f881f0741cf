-- How long a lead of the last 365 days waited for its first outbound touch, by the team that it was given to: from its
-- assignment, for before that no team had it, in the hours that its seller works. A lead of a customer whom nobody knows yet
-- cannot be followed; one that nobody touched within 14 days, or not yet, is not answered and has waited that long.
with
leads as (
    select
        leads.lead_key,
        leads.customer_key,
        leads.owner_rep_key,
        reps.team,
        coalesce(leads.first_assigned_at, leads.created_at) as assigned_at
    from {{ ref('fct_leads') }} as leads
    inner join {{ ref('dim_sales_reps') }} as reps on leads.owner_rep_key = reps.rep_key
    where
        leads.customer_key <> 'unknown'
        and reps.team <> 'unknown'
        and leads.created_date > {{ business_date() }} - 365
        and leads.created_date <= {{ business_date() }}
),

touches as (
    select
        customer_key,
        occurred_at
    from {{ ref('fct_touchpoints') }}
    where
        direction = 'outbound'
        and customer_key <> 'unknown'
        and occurred_at <= {{ as_of() }}
),

firsts as (
    select
        leads.lead_key,
        min(touches.occurred_at) as answered_at
    from leads
    inner join touches
        on
            leads.customer_key = touches.customer_key
            and leads.assigned_at <= touches.occurred_at
            and {{ microseconds_between('leads.assigned_at', 'touches.occurred_at') }} <= 14 * {{ one_day() }}
    group by leads.lead_key
),

seen as (
    select
        leads.lead_key,
        leads.team,
        leads.assigned_at,
        firsts.answered_at is not null as is_answered,
        coalesce(
            firsts.answered_at, least(cast({{ dbt.dateadd('day', 14, 'leads.assigned_at') }} as timestamp), {{ as_of() }})
        ) as seen_at,
        {{ schedule_of('schedules') }} as schedule_id
    from leads
    left join firsts on leads.lead_key = firsts.lead_key
    left join {{ ref('int_sales_reps_scheduled') }} as schedules on leads.owner_rep_key = schedules.rep_key
    where leads.assigned_at <= {{ as_of() }}
)

select
    seen.lead_key,
    seen.team,
    seen.is_answered,
    cast(
        {{ business_seconds_between('seen.assigned_at', 'assigned_day', 'seen.seen_at', 'seen_day') }} / 3600 as decimal(18, 6)
    ) as waited_hours
from seen
{{ business_day_join('assigned_day', 'seen.assigned_at', 'seen.schedule_id') }}
{{ business_day_join('seen_day', 'seen.seen_at', 'seen.schedule_id') }}
