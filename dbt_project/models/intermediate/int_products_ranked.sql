-- Products by what they sold in 365 days, all together and those of each source: what sells in a shop and what sells through
-- sellers are seldom comparable. A product that its source deleted, or that nobody ever bought, is not for sale.
with
products as (
    select * from {{ ref('dim_products') }}
    where product_key <> 'unknown' and not is_deleted
),

ever_sold as (
    select distinct product_key
    from {{ ref('fct_order_lines') }}
    where not is_cancelled and order_date <= {{ business_date() }}
),

purchased as (
    select
        product_key,
        sum(net_sales_amount) as net_sales_amount,
        sum(unit_count) as unit_count
    from {{ ref('int_purchases_summed') }}
    group by product_key
),

sold as (
    select
        products.product_key,
        {{ source_of('products.product_key') }} as source,
        coalesce(purchased.net_sales_amount, 0) as net_sales_amount,
        coalesce(purchased.unit_count, 0) as unit_count
    from products
    inner join ever_sold on products.product_key = ever_sold.product_key
    left join purchased on products.product_key = purchased.product_key
),

scoped as (
    select
        'total' as product_scope,
        sold.*
    from sold
    union all
    select
        source as product_scope,
        sold.*
    from sold
)

select
    product_scope,
    product_key,
    net_sales_amount,
    unit_count,
    row_number() over (
        partition by product_scope order by net_sales_amount desc, unit_count desc, product_key asc
    ) as hit_rank,
    row_number() over (
        partition by product_scope order by net_sales_amount asc, unit_count asc, product_key asc
    ) as slow_mover_rank,
    count(*) over (partition by product_scope) as product_count
from scoped
