with
opportunities as (
    select * from {{ present('int_opportunities_deduplicated') }}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

contacts as (
    select * from {{ ref('int_contacts_identified') }}
),

reps as (
    select * from {{ ref('int_sales_reps_deduplicated') }}
),

rates as (
    select * from {{ ref('stg_settings__exchange_rates') }}
),

keyed as (
    select
        opportunities.opportunity_key,
        {{ customer_of('customers.customer_key', 'contacts.customer_key') }} as customer_key,
        coalesce(contacts.contact_key, 'unknown') as contact_key,
        opportunities.lead_key,
        coalesce(opportunities.owner_rep_key, 'unknown') as owner_rep_key,
        coalesce(opportunities.product_line, 'unknown') as product_line,
        {{ converted('coalesce(opportunities.amount, 0)', exchange_rate_of('opportunities.currency', 'rates.exchange_rate')) }} as amount,
        cast(opportunities.probability_rate as decimal(18, 4)) as probability_rate,
        opportunities.created_at,
        {{ business_date_of('opportunities.created_at') }} as created_date,
        opportunities.expected_close_date,
        opportunities.closed_at,
        {{ business_date_of('opportunities.closed_at') }} as closed_date,
        coalesce(opportunities.opportunity_status, 'unknown') as opportunity_status,
        opportunities.lost_reason,
        coalesce(
            {{ region_of_customer('customers.customer_key', 'customers.region_key', 'employers.region_key') }},
            reps.region_key,
            'unknown'
        ) as region_key
    from opportunities
    left join customers
        on opportunities.customer_record_key = customers.customer_record_key
    left join contacts
        on opportunities.contact_record_key = contacts.contact_record_key
    left join customers as employers
        on contacts.customer_record_key = employers.customer_record_key
    left join reps on opportunities.owner_rep_key = reps.rep_key
    left join rates on opportunities.currency = rates.currency
)

select
    opportunity_key,
    customer_key,
    contact_key,
    lead_key,
    owner_rep_key,
    product_line,
    amount,
    probability_rate,
    created_at,
    created_date,
    expected_close_date,
    closed_at,
    closed_date,
    opportunity_status,
    lost_reason,
    region_key,
    -- Days of the business calendar, so that a change to summer time does not make a day of 23 hours.
    case
        when opportunity_status = 'won' then cast({{ dbt.datediff('created_date', 'closed_date', 'day') }} as bigint)
    end as win_cycle_days
from keyed
