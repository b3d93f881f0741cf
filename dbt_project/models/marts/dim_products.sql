-- A product that was sold before its master record came is here too, under its number.
with
products as (
    select * from {{ ref('int_products_deduplicated') }}
),

seen as (
    select product_key from products
    union distinct
    select product_key from {{ ref('fct_order_lines') }}
    union distinct
    select product_key from {{ ref('fct_returns') }}
    union distinct
    select product_key from {{ ref('fct_dealer_orders') }}
    union distinct
    select product_key from {{ ref('fct_dealer_inventory') }}
    union distinct
    select product_key from {{ ref('fct_store_sales') }}
    union distinct
    select 'unknown' as product_key
)

select
    seen.product_key,
    coalesce(products.product_name, seen.product_key) as product_name,
    coalesce(products.product_line, 'unknown') as product_line,
    coalesce(products.category, 'unknown') as category,
    coalesce(products.price_band, 'unknown') as price_band,
    cast(products.list_price_amount as decimal(18, 4)) as list_price_amount,
    products.unit,
    products.traits,
    coalesce(products.is_deleted, false) as is_deleted
from seen
left join products on seen.product_key = products.product_key
