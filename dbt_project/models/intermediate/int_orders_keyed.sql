{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_key',
    on_schema_change='fail',
    post_hook=["{{ forget('int_orders_deduplicated', ['order_key']) }}"],
) }}
-- depends_on: {{ ref('int_orders_changed') }}

with
orders as (
    select * from {{ present('int_orders_deduplicated') }}
    {% if is_incremental() %}
    where order_key in (select changed.order_key from {{ ref('int_orders_changed') }} as changed)
    {% endif %}
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

contacts as (
    select * from {{ ref('int_contacts_identified') }}
),

-- An order that names no customer of its own belongs to that of its deal, else to the employer of its contact.
deals as (
    select
        opportunities.opportunity_key,
        {{ customer_of('customers.customer_key', 'contacts.customer_key') }} as customer_key,
        {{ region_of_customer('customers.customer_key', 'customers.region_key', 'employers.region_key') }} as region_key
    from {{ present('int_opportunities_deduplicated') }} as opportunities
    left join customers
        on opportunities.customer_record_key = customers.customer_record_key
    left join contacts
        on opportunities.contact_record_key = contacts.contact_record_key
    left join customers as employers
        on contacts.customer_record_key = employers.customer_record_key
),

reps as (
    select * from {{ ref('int_sales_reps_deduplicated') }}
),

stores as (
    select * from {{ ref('int_stores_deduplicated') }}
),

rates as (
    select * from {{ ref('stg_settings__exchange_rates') }}
),

payment_sources as (
    select source from {{ ref('stg_settings__payment_sources') }}
)

select
    orders.order_key,
    orders.source,
    orders.order_id,
    orders.order_number,
    orders.customer_record_key,
    {{ customer_of('customers.customer_key', customer_of('deals.customer_key', 'contacts.customer_key')) }} as customer_key,
    coalesce(contacts.contact_key, 'unknown') as contact_key,
    coalesce(orders.rep_key, 'unknown') as rep_key,
    orders.opportunity_key,
    coalesce(orders.store_key, 'unknown') as store_key,
    coalesce(orders.dealer_key, stores.dealer_key, 'unknown') as dealer_key,

    coalesce(orders.channel, 'unknown') as channel,
    {{ region_of(
        'orders.region_key',
        region_of_customer('customers.customer_key', 'customers.region_key', region_of_customer('deals.customer_key', 'deals.region_key', 'employers.region_key')),
        'reps.region_key'
    ) }} as region_key,
    coalesce(orders.order_status, 'unknown') as order_status,
    coalesce(orders.currency, {{ reporting_currency() }}) as currency,
    {{ exchange_rate_of('orders.currency', 'rates.exchange_rate') }} as exchange_rate,

    coalesce(orders.order_status = 'cancelled', false) as is_cancelled,

    orders.ordered_at,
    {{ business_date_of('orders.ordered_at') }} as order_date,
    orders.paid_at,
    {{ business_date_of('orders.paid_at') }} as paid_date,
    -- Where a source says when its orders were paid, one that is shipped and has no such moment was shipped on credit.
    orders.paid_at is null and coalesce(
        orders.order_status = 'paid'
        or (orders.order_status in ('shipped', 'delivered') and payment_sources.source is null),
        false
    ) as is_paid_by_status,
    orders.recorded_at,
    {{ learnt_at('orders._changed_load_id') }} as learnt_at
from orders
left join customers
    on orders.customer_record_key = customers.customer_record_key
left join contacts
    on orders.contact_record_key = contacts.contact_record_key
left join customers as employers
    on contacts.customer_record_key = employers.customer_record_key
left join deals on orders.opportunity_key = deals.opportunity_key
left join reps on orders.rep_key = reps.rep_key
left join stores on orders.store_key = stores.store_key
left join rates on orders.currency = rates.currency
left join payment_sources on orders.source = payment_sources.source
