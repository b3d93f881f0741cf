{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='invoice_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_invoices_deduplicated', ['invoice_key']) }}",
    ],
) }}
-- depends_on: {{ ref('int_orders_changed') }}

with
invoices as (
    select * from {{ present('int_invoices_deduplicated') }}
    {% if is_incremental() %}
    where
        {{ is_pending() }}
        or order_key in (select changed.order_key from {{ ref('int_orders_changed') }} as changed)
    {% endif %}
),

-- An order that its source deleted was never sold, as one that was cancelled.
deleted_orders as (
    select order_key from {{ ref('int_orders_deduplicated') }}
    where is_deleted
),

orders as (
    select * from {{ ref('int_orders_keyed') }}
)

select
    invoices.invoice_key,
    invoices.order_key,
    coalesce(orders.customer_key, 'unknown') as customer_key,
    invoices.due_date,
    -- An invoice is in the currency of its order.
    {{ converted('coalesce(invoices.amount, 0)', 'coalesce(orders.exchange_rate, cast(1 as decimal(20, 12)))') }} as amount,
    orders.order_key is not null as is_order_known,
    coalesce(orders.is_cancelled, false) or deleted_orders.order_key is not null as is_cancelled,
    {{ learnt_at('invoices._changed_load_id') }} as learnt_at
from invoices
left join orders on invoices.order_key = orders.order_key
left join deleted_orders on invoices.order_key = deleted_orders.order_key
