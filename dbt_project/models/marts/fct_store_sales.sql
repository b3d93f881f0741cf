{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='store_sale_key',
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_store_sales_deduplicated', ['store_sale_key']) }}",
    ],
) }}

with
stores as (
    select * from {{ ref('int_stores_deduplicated') }}
),

dealers as (
    select * from {{ ref('int_dealers_deduplicated') }}
)

select
    sales.store_sale_key,
    sales.source,
    coalesce(sales.store_key, 'unknown') as store_key,
    coalesce(stores.dealer_key, 'unknown') as dealer_key,
    coalesce(sales.product_key, 'unknown') as product_key,
    coalesce(stores.region_key, dealers.region_key, 'unknown') as region_key,
    coalesce(sales.quantity, 0) as quantity,
    cast(coalesce(sales.amount, 0) as decimal(18, 4)) as amount,
    sales.sold_at,
    {{ business_date_of('sales.sold_at') }} as sold_date,
    sales.batch_id,
    {{ learnt_at('sales._changed_load_id') }} as learnt_at
from {{ present('int_store_sales_deduplicated') }} as sales
left join stores on sales.store_key = stores.store_key
left join dealers on stores.dealer_key = dealers.dealer_key
{% if is_incremental() %}
where
    {{ is_pending('sales._changed_load_id') }}
    or {{ is_pending('stores._changed_load_id') }}
    or {{ is_pending('dealers._changed_load_id') }}
{% endif %}
