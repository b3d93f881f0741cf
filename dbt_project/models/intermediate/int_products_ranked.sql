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
),

hits_ranked as (
    select
        product_scope,
        product_key,
        net_sales_amount,
        unit_count,
        row_number() over (
            partition by product_scope order by net_sales_amount desc, unit_count desc, product_key asc
        ) as hit_rank,
        count(*) over (partition by product_scope) as product_count
    from scoped
),

-- Of fewer than six products the better half are the hits: none is among the best and the worst at once.
hits_told as (
    select
        hits_ranked.*,
        hit_rank <= least(3, ceil(product_count / 2.0)) as is_hit
    from hits_ranked
),

slow_movers_ranked as (
    select
        hits_told.*,
        row_number() over (
            partition by product_scope
            order by case when is_hit then 2 else 1 end asc, net_sales_amount asc, unit_count asc, product_key asc
        ) as slow_mover_rank
    from hits_told
)

select
    slow_movers_ranked.*,
    slow_mover_rank <= 3 and not is_hit as is_slow_mover
from slow_movers_ranked
