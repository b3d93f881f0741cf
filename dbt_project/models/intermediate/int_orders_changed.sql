-- What a night has to compute again. Everything here follows from the pending loads and identity batches alone,
-- so a refresh that was killed and starts again finds the same orders.
with
orders as (
    select * from {{ ref('int_orders_deduplicated') }}
),

-- Either a record or its identity is new: rows that point at it get another key or another fallback region.
customers as (
    select customer_record_key
    from {{ ref('int_customers_identified') }}
    where {{ is_rekeyed() }} or {{ is_pending() }}
),

-- Also a contact whose employer changed: an order that names no customer belongs to the employer of its contact.
contacts as (
    select contacts.contact_record_key
    from {{ ref('int_contacts_identified') }} as contacts
    left join customers on contacts.customer_record_key = customers.customer_record_key
    where
        {{ is_rekeyed('contacts.changed_batch') }}
        or {{ is_pending('contacts._changed_load_id') }}
        or customers.customer_record_key is not null
),

-- What an order that names no customer takes it from.
opportunities as (
    select opportunities.opportunity_key
    from {{ ref('int_opportunities_deduplicated') }} as opportunities
    left join customers on opportunities.customer_record_key = customers.customer_record_key
    left join contacts on opportunities.contact_record_key = contacts.contact_record_key
    where
        {{ is_pending('opportunities._changed_load_id') }}
        or customers.customer_record_key is not null
        or contacts.contact_record_key is not null
),

known as (
    select customer_record_key
    from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown'
),

reps as (
    select rep_key
    from {{ ref('int_sales_reps_deduplicated') }}
    where {{ is_pending() }}
),

-- Whose dealer an order has that names none.
stores as (
    select store_key
    from {{ ref('int_stores_deduplicated') }}
    where {{ is_pending() }}
)

select order_key
from orders
where {{ is_pending() }}
union distinct
select order_key
from {{ ref('int_order_lines_deduplicated') }}
where {{ is_pending() }}
union distinct
select orders.order_key
from orders
inner join customers
    on orders.customer_record_key = customers.customer_record_key
union distinct
select orders.order_key
from orders
inner join contacts
    on orders.contact_record_key = contacts.contact_record_key
union distinct
select orders.order_key
from orders
inner join opportunities on orders.opportunity_key = opportunities.opportunity_key
left join known on orders.customer_record_key = known.customer_record_key
where known.customer_record_key is null
union distinct
select orders.order_key
from orders
inner join reps on orders.rep_key = reps.rep_key
where orders.region_key is null
union distinct
select orders.order_key
from orders
inner join stores on orders.store_key = stores.store_key
where orders.dealer_key is null
