{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_order_lines_deduplicated', ['order_key', 'line_number']) }}",
        "{{ forget('int_orders_deduplicated', ['order_key']) }}",
    ],
) }}
-- depends_on: {{ ref('int_orders_changed') }}
-- depends_on: {{ ref('int_orders_deduplicated') }}

with
lines as (
    select * from {{ present('int_order_lines_deduplicated') }}
    {% if is_incremental() %}
    where order_key in (select changed.order_key from {{ ref('int_orders_changed') }} as changed)
    {% endif %}
),

-- A line without its order has no date, customer or region: it waits for the order (trust_unknown_references counts it).
orders as (
    select * from {{ ref('int_orders_keyed') }}
    {% if is_incremental() %}
    where order_key in (select changed.order_key from {{ ref('int_orders_changed') }} as changed)
    {% endif %}
),

priced as (
    select
        orders.order_key,
        lines.line_number,
        orders.source,
        orders.order_id,
        orders.customer_key,
        orders.contact_key,
        coalesce(lines.product_key, 'unknown') as product_key,
        orders.rep_key,
        orders.opportunity_key,
        orders.store_key,
        orders.dealer_key,
        orders.channel,
        orders.region_key,
        orders.order_status,
        orders.currency,
        orders.ordered_at,
        orders.order_date,
        orders.paid_date,
        orders.is_paid_by_status,
        coalesce(lines.quantity, 0) as quantity,
        {{ converted('lines.unit_price_amount', 'orders.exchange_rate') }} as unit_price_amount,
        {{ converted('coalesce(lines.quantity * lines.unit_price_amount, 0)', 'orders.exchange_rate') }} as gross_amount,
        {{ converted('coalesce(lines.discount_amount, 0)', 'orders.exchange_rate') }} as discount_amount,
        {{ converted('coalesce(lines.tax_amount, 0)', 'orders.exchange_rate') }} as tax_amount,
        orders.is_cancelled,
        orders.recorded_at,
        -- of the later of the two: before that nobody knew the line as it is here
        greatest({{ learnt_at('lines._changed_load_id') }}, orders.learnt_at) as learnt_at
    from lines
    inner join orders on lines.order_key = orders.order_key
)

select
    order_key,
    line_number,
    source,
    order_id,
    customer_key,
    contact_key,
    product_key,
    rep_key,
    opportunity_key,
    store_key,
    dealer_key,
    channel,
    region_key,
    order_status,
    currency,
    ordered_at,
    order_date,
    paid_date,
    is_paid_by_status,
    quantity,
    unit_price_amount,
    gross_amount,
    discount_amount,
    tax_amount,
    cast(gross_amount - discount_amount as decimal(18, 4)) as net_amount,
    is_cancelled,
    recorded_at,
    learnt_at
from priced
