{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['source', 'dealer_key', 'product_key'],
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_dealer_inventory_deduplicated', ['source', 'dealer_key', 'product_key', 'counted_at']) }}",
    ],
) }}

-- A new count takes from the one before that it is the latest, so a product of a dealer is computed whole.
with
counts as (
    select counts.*
    from {{ present('int_dealer_inventory_deduplicated') }} as counts
    {% if is_incremental() %}
    inner join (
        select distinct
            source,
            dealer_key,
            product_key
        from {{ ref('int_dealer_inventory_deduplicated') }}
        where {{ is_pending() }}
    ) as changed
        on
            counts.source = changed.source
            and counts.dealer_key = changed.dealer_key
            and counts.product_key = changed.product_key
    {% endif %}
)

select
    source,
    dealer_key,
    product_key,
    counted_at,
    {{ business_date_of('counted_at') }} as counted_date,
    coalesce(quantity, 0) as quantity,
    reported_at,
    counted_at = max(counted_at) over (partition by source, dealer_key, product_key) as is_latest,
    {{ learnt_at() }} as learnt_at
from counts
