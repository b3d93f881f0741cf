-- A number for each product of each dealer: joins and windows over millions of moves go by it instead of two texts.
select
    dealer_key,
    product_key,
    row_number() over (order by dealer_key asc, product_key asc) as stock_number
from (
    select
        dealer_key,
        product_key
    from {{ ref('fct_dealer_orders') }}
    union distinct
    select
        dealer_key,
        product_key
    from {{ ref('fct_store_sales') }}
    union distinct
    select
        dealer_key,
        product_key
    from {{ ref('fct_dealer_inventory') }}
) as found
