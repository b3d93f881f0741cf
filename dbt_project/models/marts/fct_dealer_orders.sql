{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['dealer_order_key', 'line_number'],
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_dealer_orders_deduplicated', ['dealer_order_key', 'line_number']) }}",
    ],
) }}

select
    dealer_order_key,
    line_number,
    source,
    coalesce(dealer_key, 'unknown') as dealer_key,
    coalesce(product_key, 'unknown') as product_key,
    coalesce(quantity, 0) as quantity,
    cast(coalesce(amount, 0) as decimal(18, 4)) as amount,
    ordered_at,
    {{ business_date_of('ordered_at') }} as ordered_date,
    batch_id,
    {{ learnt_at() }} as learnt_at
from {{ present('int_dealer_orders_deduplicated') }}
{% if is_incremental() %}
where {{ is_pending() }}
{% endif %}
