{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_key',
    on_schema_change='fail',
    post_hook=["{{ forget('int_orders_deduplicated', ['order_key']) }}"],
) }}
-- depends_on: {{ ref('int_orders_changed') }}
-- depends_on: {{ ref('int_orders_deduplicated') }}

select
    order_key,
    source,
    order_id,
    order_number,
    customer_key,
    contact_key,
    rep_key,
    opportunity_key,
    store_key,
    dealer_key,
    channel,
    region_key,
    order_status,
    currency,
    is_cancelled,
    ordered_at,
    order_date,
    paid_at,
    paid_date,
    is_paid_by_status,
    recorded_at,
    learnt_at
from {{ ref('int_orders_keyed') }}
{% if is_incremental() %}
where order_key in (select changed.order_key from {{ ref('int_orders_changed') }} as changed)
{% endif %}
