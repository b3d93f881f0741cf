with
leads as (
    select * from {{ present('int_leads_deduplicated') }}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

reps as (
    select * from {{ ref('int_sales_reps_deduplicated') }}
),

-- A deal that was there before the day of the lead did not grow from it; it is told only where no later one is. Many systems
-- date a deal by its day alone, so that its hour says nothing.
first_opportunities as (
    select
        deals.lead_key,
        coalesce(
            min(deals.created_at) filter (
                where {{ business_date_of('deals.created_at') }} >= {{ business_date_of('leads.created_at') }}
            ),
            min(deals.created_at)
        ) as first_opportunity_at
    from {{ present('int_opportunities_deduplicated') }} as deals
    inner join leads on deals.lead_key = leads.lead_key
    group by deals.lead_key
)

-- Whether it converted is asked of the business date: a deal of the day after is none yet.
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
    {{ business_date_of('leads.first_assigned_at') }} as first_assigned_date,
    coalesce(leads.owner_rep_key, 'unknown') as owner_rep_key,
    coalesce(reps.region_key, 'unknown') as region_key,
    coalesce(leads.lead_status, 'unknown') as lead_status,
    first_opportunities.first_opportunity_at,
    coalesce(
        {{ business_date_of('first_opportunities.first_opportunity_at') }} >= {{ business_date_of('leads.created_at') }}
        and {{ microseconds_between('leads.created_at', 'first_opportunities.first_opportunity_at') }} <= 30 * {{ one_day() }}
        and {{ business_date_of('first_opportunities.first_opportunity_at') }} <= {{ business_date() }},
        false
    ) as is_converted_30d,
    {{ learnt_at('leads._changed_load_id') }} as learnt_at
from leads
left join customers
    on leads.customer_record_key = customers.customer_record_key
left join first_opportunities on leads.lead_key = first_opportunities.lead_key
left join reps on leads.owner_rep_key = reps.rep_key
