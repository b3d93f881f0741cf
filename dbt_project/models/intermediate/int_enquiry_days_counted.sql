-- Enquiries by the day on which the customer asked, and what became of them. What another system saw counts on the day on
-- which it saw it, also where it never reached the CRM; a lead that no system announced counts on the day it was made.
with
leads as (
    select * from {{ ref('fct_leads') }}
),

events as (
    select * from {{ ref('fct_enquiries') }}
),

-- An enquiry that was entered twice is one; it became a deal when any of its leads did.
outcomes as (
    select
        source_event_key,
        max(case when is_converted_30d then 1 else 0 end) = 1 as is_converted,
        max(created_date) as last_created_date
    from leads
    where source_event_key is not null
    group by source_event_key
),

asked as (
    select
        events.occurred_date as date_day,
        coalesce(outcomes.is_converted, false) as is_converted,
        greatest(events.occurred_date, coalesce(outcomes.last_created_date, events.occurred_date)) as counted_from_date
    from events
    left join outcomes on events.event_key = outcomes.source_event_key
    union all
    select
        leads.created_date as date_day,
        leads.is_converted_30d as is_converted,
        leads.created_date as counted_from_date
    from leads
    left join events on leads.source_event_key = events.event_key
    where events.event_key is null
)

select
    date_day,
    cast(count(*) as bigint) as enquiry_count,
    cast(count(*) filter (where is_converted) as bigint) as converted_count,
    -- an enquiry has thirty days to become a deal, its lead from the day on which it was made
    max(counted_from_date) + 30 <= {{ business_date() }} as is_matured
from asked
where date_day <= {{ business_date() }}
group by date_day
