{#- The entity and its column here, the column of the contract, and the records that it names. -#}
{%- set references = [
    ('customers', 'owner_rep_key', 'owner_rep_id', 'reps'),
    ('contacts', 'customer_record_key', 'customer_id', 'customers'),
    ('sales_reps', 'manager_rep_key', 'manager_rep_id', 'reps'),
    ('leads', 'customer_record_key', 'customer_id', 'customers'),
    ('leads', 'owner_rep_key', 'owner_rep_id', 'reps'),
    ('opportunities', 'customer_record_key', 'customer_id', 'customers'),
    ('opportunities', 'contact_record_key', 'primary_contact_id', 'contacts'),
    ('opportunities', 'lead_key', 'lead_id', 'leads'),
    ('opportunities', 'owner_rep_key', 'owner_rep_id', 'reps'),
    ('opportunity_stage_events', 'opportunity_key', 'opportunity_id', 'opportunities'),
    ('orders', 'customer_record_key', 'customer_id', 'customers'),
    ('orders', 'contact_record_key', 'contact_id', 'contacts'),
    ('orders', 'opportunity_key', 'opportunity_id', 'opportunities'),
    ('orders', 'rep_key', 'owner_rep_id', 'reps'),
    ('order_lines', 'order_key', 'order_id', 'orders'),
    ('order_lines', 'product_key', 'product_id', 'products'),
    ('returns', 'order_key', 'order_id', 'orders'),
    ('returns', 'customer_record_key', 'customer_id', 'customers'),
    ('returns', 'product_key', 'product_id', 'products'),
    ('returns', 'rep_key', 'owner_rep_id', 'reps'),
    ('invoices', 'order_key', 'order_id', 'orders'),
    ('payments', 'invoice_key', 'invoice_id', 'invoices'),
    ('visits', 'customer_record_key', 'customer_id', 'customers'),
    ('visits', 'contact_record_key', 'contact_id', 'contacts'),
    ('visits', 'rep_key', 'rep_id', 'reps'),
    ('visits', 'opportunity_key', 'opportunity_id', 'opportunities'),
    ('chats', 'customer_record_key', 'customer_id', 'customers'),
    ('chats', 'contact_record_key', 'contact_id', 'contacts'),
    ('chats', 'rep_key', 'rep_id', 'reps'),
] -%}
-- Rows that name a record which no source has sent. They are kept, under the key `unknown` or without the join.
with
customers as (
    select customer_record_key as record_key
    from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown'
),

contacts as (
    select contact_record_key as record_key
    from {{ ref('int_contacts_identified') }}
    where contact_key <> 'unknown'
),

reps as (
    select rep_key as record_key
    from {{ ref('int_sales_reps_deduplicated') }}
),

products as (
    select product_key as record_key
    from {{ ref('int_products_deduplicated') }}
),

leads as (
    select lead_key as record_key
    from {{ ref('int_leads_deduplicated') }}
),

opportunities as (
    select opportunity_key as record_key
    from {{ ref('int_opportunities_deduplicated') }}
),

orders as (
    select order_key as record_key
    from {{ ref('int_orders_keyed') }}
),

invoices as (
    select invoice_key as record_key
    from {{ ref('int_invoices_deduplicated') }}
)

{% for entity, column, reference, records in references %}
select
    referring.source,
    '{{ entity }}' as entity,
    '{{ reference }}' as reference,
    count(*) as row_count
from {{ ref('int_' ~ entity ~ '_deduplicated') }} as referring
left join {{ records }} on referring.{{ column }} = {{ records }}.record_key
where referring.{{ column }} is not null and {{ records }}.record_key is null
group by referring.source
{{ "union all" if not loop.last }}
{% endfor %}
