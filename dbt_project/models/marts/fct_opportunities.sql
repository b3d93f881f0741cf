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

-- An order that was paid before the day of the deal did not come of it; one paid after the business date is not paid yet. Many
-- systems date a payment by its day alone, so that its hour says nothing.
first_paid as (
    select
        orders.opportunity_key,
        min(coalesce(orders.paid_at, orders.ordered_at)) as first_paid_at
    from {{ ref('int_orders_keyed') }} as orders
    inner join opportunities as begun on orders.opportunity_key = begun.opportunity_key
    where
        {{ is_paid_order('orders') }}
        and {{ business_date_of('coalesce(orders.paid_at, orders.ordered_at)') }} >= {{ business_date_of('begun.created_at') }}
        and {{ business_date_of('coalesce(orders.paid_at, orders.ordered_at)') }} <= {{ business_date() }}
    group by orders.opportunity_key
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
        opportunities.amount is not null as has_amount,
        cast(opportunities.probability_rate as decimal(18, 4)) as probability_rate,
        opportunities.created_at,
        {{ business_date_of('opportunities.created_at') }} as created_date,
        opportunities.expected_close_date,
        opportunities.closed_at,
        {{ business_date_of('opportunities.closed_at') }} as closed_date,
        coalesce(opportunities.opportunity_status, 'unknown') as opportunity_status,
        opportunities.lost_reason,
        coalesce(
            {{ microseconds_between('opportunities.created_at', 'first_paid.first_paid_at') }} <= 90 * {{ one_day() }}, false
        ) as is_ordered_90d,
        coalesce(
            {{ region_of_customer('customers.customer_key', 'customers.region_key', 'employers.region_key') }},
            reps.region_key,
            'unknown'
        ) as region_key,
        {{ learnt_at('opportunities._changed_load_id') }} as learnt_at
    from opportunities
    left join customers
        on opportunities.customer_record_key = customers.customer_record_key
    left join contacts
        on opportunities.contact_record_key = contacts.contact_record_key
    left join customers as employers
        on contacts.customer_record_key = employers.customer_record_key
    left join reps on opportunities.owner_rep_key = reps.rep_key
    left join rates on opportunities.currency = rates.currency
    left join first_paid on opportunities.opportunity_key = first_paid.opportunity_key
)

select
    keyed.opportunity_key,
    keyed.customer_key,
    keyed.contact_key,
    keyed.lead_key,
    keyed.owner_rep_key,
    keyed.product_line,
    keyed.amount,
    keyed.has_amount,
    keyed.probability_rate,
    keyed.created_at,
    keyed.created_date,
    keyed.expected_close_date,
    keyed.closed_at,
    keyed.closed_date,
    keyed.opportunity_status,
    keyed.lost_reason,
    keyed.region_key,
    -- Days of the business calendar, so that a change to summer time does not make a day of 23 hours.
    case
        when keyed.opportunity_status = 'won'
            then cast({{ dbt.datediff('keyed.created_date', 'keyed.closed_date', 'day') }} as bigint)
    end as win_cycle_days,
    case
        when keyed.opportunity_status = 'won' then closed_days.workday_number - created_days.workday_number
    end as win_cycle_workdays,
    keyed.is_ordered_90d,
    keyed.learnt_at
from keyed
left join {{ ref('dim_dates') }} as created_days on keyed.created_date = created_days.date_day
left join {{ ref('dim_dates') }} as closed_days on keyed.closed_date = closed_days.date_day
