-- Customers of everything, of each product line and of each product by what they bought in 365 days, and what all buyers
-- bought of it. Who sent back more than was bought is no buyer of these days. Orders of nobody known belong to no customer and
-- are in the whole that shares are of, as in top3_customer_share.
with
products as (
    select
        product_key,
        product_line
    from {{ ref('dim_products') }}
),

bought as (
    select
        purchases.customer_key,
        purchases.product_key,
        products.product_line,
        purchases.net_sales_amount
    from {{ ref('int_purchases_summed') }} as purchases
    inner join products on purchases.product_key = products.product_key
),

summed as (
    select
        case
            when grouping(product_key) = 0 then 'product'
            when grouping(product_line) = 0 then 'product_line'
            else 'total'
        end as scope_type,
        coalesce(product_key, product_line, 'total') as scope_value,
        customer_key,
        cast(sum(net_sales_amount) as decimal(18, 4)) as net_sales_amount
    from bought
    group by grouping sets ((customer_key), (product_line, customer_key), (product_key, customer_key))
),

scoped as (
    select
        summed.*,
        cast(sum(net_sales_amount) over (partition by scope_type, scope_value) as decimal(18, 4)) as scope_amount
    from summed
    where net_sales_amount > 0
)

select
    scope_type,
    scope_value,
    customer_key,
    net_sales_amount,
    scope_amount,
    row_number() over (partition by scope_type, scope_value order by net_sales_amount desc, customer_key asc) as place,
    cast(net_sales_amount as double) / cast(scope_amount as double) as share
from scoped
where customer_key <> 'unknown'
