{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='payment_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_payments_deduplicated', ['payment_key']) }}",
    ],
) }}
-- depends_on: {{ ref('int_orders_changed') }}

with
invoices as (
    select * from {{ present('int_invoices_deduplicated') }}
),

{% if is_incremental() %}
changed_invoices as (
    select invoice_key from {{ ref('int_invoices_deduplicated') }}
    where
        {{ is_pending() }}
        or order_key in (select changed.order_key from {{ ref('int_orders_changed') }} as changed)
),

{% endif %}
payments as (
    select * from {{ present('int_payments_deduplicated') }}
    {% if is_incremental() %}
    where {{ is_pending() }} or invoice_key in (select changed.invoice_key from changed_invoices as changed)
    {% endif %}
),

orders as (
    select * from {{ ref('int_orders_keyed') }}
)

select
    payments.payment_key,
    payments.invoice_key,
    invoices.order_key,
    coalesce(orders.customer_key, 'unknown') as customer_key,
    payments.paid_at,
    {{ business_date_of('payments.paid_at') }} as paid_date,
    {{ converted('coalesce(payments.amount, 0)', 'coalesce(orders.exchange_rate, cast(1 as decimal(20, 12)))') }} as amount,
    {{ learnt_at('payments._changed_load_id') }} as learnt_at
from payments
left join invoices on payments.invoice_key = invoices.invoice_key
left join orders on invoices.order_key = orders.order_key
