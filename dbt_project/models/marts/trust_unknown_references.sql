-- Rows that name a record which no source has sent. They are kept, under the key `unknown` or without the join.
with
customers as (
    select * from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown'
),

orders as (
    select * from {{ ref('int_orders_keyed') }}
)

select
    source,
    'orders' as entity,
    'customer_id' as reference,
    count(*) as row_count
from orders
where customer_key = 'unknown' and customer_record_key is not null
group by source
union all
{% for entity in ['contacts', 'leads', 'opportunities', 'visits', 'chats'] %}
select
    records.source,
    '{{ entity }}' as entity,
    'customer_id' as reference,
    count(*) as row_count
from {{ ref('int_' ~ entity ~ '_deduplicated') }} as records
left join customers on records.customer_record_key = customers.customer_record_key
where records.customer_record_key is not null and customers.customer_key is null
group by records.source
union all
{% endfor %}
{% for entity in ['order_lines', 'returns', 'invoices'] %}
select
    records.source,
    '{{ entity }}' as entity,
    'order_id' as reference,
    count(*) as row_count
from {{ ref('int_' ~ entity ~ '_deduplicated') }} as records
left join orders on records.order_key = orders.order_key
where records.order_key is not null and orders.order_key is null
group by records.source
union all
{% endfor %}
select
    records.source,
    'payments' as entity,
    'invoice_id' as reference,
    count(*) as row_count
from {{ ref('int_payments_deduplicated') }} as records
left join {{ ref('int_invoices_deduplicated') }} as invoices on records.invoice_key = invoices.invoice_key
where records.invoice_key is not null and invoices.invoice_key is null
group by records.source
