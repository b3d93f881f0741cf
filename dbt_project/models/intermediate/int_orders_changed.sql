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

contacts as (
    select contact_record_key
    from {{ ref('int_contacts_identified') }}
    where {{ is_rekeyed() }} or {{ is_pending() }}
),

reps as (
    select rep_key
    from {{ ref('int_sales_reps_deduplicated') }}
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
inner join reps on orders.rep_key = reps.rep_key
where orders.region_key is null
