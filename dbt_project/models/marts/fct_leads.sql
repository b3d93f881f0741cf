with
leads as (
    select * from {{ present('int_leads_deduplicated') }}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

first_opportunities as (
    select
        lead_key,
        min(created_at) as first_opportunity_at
    from {{ present('int_opportunities_deduplicated') }}
    where lead_key is not null
    group by lead_key
)

select
    leads.lead_key,
    leads.source,
    coalesce(customers.customer_key, 'unknown') as customer_key,
    coalesce(leads.channel, 'unknown') as channel,
    leads.campaign,
    leads.source_event_key,
    leads.created_at,
    {{ business_date_of('leads.created_at') }} as created_date,
    leads.first_assigned_at,
    coalesce(leads.owner_rep_key, 'unknown') as owner_rep_key,
    coalesce(leads.lead_status, 'unknown') as lead_status,
    first_opportunities.first_opportunity_at,
    -- a deal that was there before the lead did not grow from it
    coalesce(
        {{ microseconds_between('leads.created_at', 'first_opportunities.first_opportunity_at') }} between 0 and 30 * {{ one_day() }},
        false
    ) as is_converted_30d
from leads
left join customers
    on leads.customer_record_key = customers.customer_record_key
left join first_opportunities on leads.lead_key = first_opportunities.lead_key
