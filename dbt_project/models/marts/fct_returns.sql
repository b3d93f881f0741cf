{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='return_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_returns_deduplicated', ['return_key']) }}",
    ],
) }}
-- depends_on: {{ ref('int_touchpoints_changed') }}

with
orders as (
    select * from {{ ref('int_orders_keyed') }}
),

returns as (
    select * from {{ present('int_returns_deduplicated') }}
    {% if is_incremental() %}
    where {{ touchpoint_is_changed('return', 'return_key') }}
    {% endif %}
),

-- An order that its source deleted was never sold, as one that was cancelled.
deleted_orders as (
    select order_key from {{ ref('int_orders_deduplicated') }}
    where is_deleted
),

lines as (
    select
        order_key,
        line_number,
        product_key,
        is_deleted
    from {{ ref('int_order_lines_deduplicated') }}
    where order_key in (select returned.order_key from returns as returned)
),

customers as (
    select * from {{ ref('int_customers_identified') }}
),

reps as (
    select * from {{ ref('int_sales_reps_deduplicated') }}
),

rates as (
    select * from {{ ref('stg_settings__exchange_rates') }}
)

select
    returns.return_key,
    returns.source,
    returns.order_key,
    returns.line_number,
    coalesce(orders.customer_key, customers.customer_key, 'unknown') as customer_key,
    coalesce(lines.product_key, returns.product_key, 'unknown') as product_key,
    coalesce(orders.rep_key, returns.rep_key, 'unknown') as rep_key,
    coalesce(orders.channel, returns.channel, 'unknown') as channel,
    coalesce(
        orders.region_key,
        {{ region_of('returns.region_key', 'customers.region_key', 'reps.region_key') }}
    ) as region_key,

    returns.returned_at,
    {{ business_date_of('returns.returned_at') }} as return_date,
    coalesce(returns.quantity, 0) as quantity,
    -- A refund that names no currency is in that of its order.
    {{ converted(
        'coalesce(returns.refund_amount, 0)',
        'case when returns.currency is null and orders.order_key is not null then orders.exchange_rate else '
        ~ exchange_rate_of('returns.currency', 'rates.exchange_rate') ~ ' end'
    ) }} as refund_amount,
    returns.return_reason,

    orders.order_key is not null as is_order_known,
    coalesce(orders.is_cancelled, false)
    or deleted_orders.order_key is not null
    or coalesce(lines.is_deleted, false) as is_cancelled,
    {{ learnt_at('returns._changed_load_id') }} as learnt_at
from returns
left join orders on returns.order_key = orders.order_key
left join deleted_orders on returns.order_key = deleted_orders.order_key
left join lines
    on returns.order_key = lines.order_key and returns.line_number = lines.line_number
left join customers
    on returns.customer_record_key = customers.customer_record_key
left join reps on returns.rep_key = reps.rep_key
left join rates on returns.currency = rates.currency
