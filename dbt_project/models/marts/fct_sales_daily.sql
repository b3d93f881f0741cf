with
products as (
    select
        product_key,
        product_line,
        category
    from {{ ref('dim_products') }}
),

sold as (
    select
        lines.order_date as sales_date,
        lines.region_key,
        lines.channel,
        lines.rep_key,
        products.product_line,
        products.category,
        sum(lines.gross_amount) as gross_amount,
        sum(lines.discount_amount) as discount_amount,
        0 as returns_amount,
        count(distinct lines.order_key) as order_count,
        sum(lines.quantity) as unit_count
    from {{ ref('fct_order_lines') }} as lines
    inner join products on lines.product_key = products.product_key
    where not lines.is_cancelled
    group by
        lines.order_date, lines.region_key, lines.channel, lines.rep_key, products.product_line, products.category
),

-- A return counts on the day the goods came back. What came back of a cancelled order was never counted as sold.
returned as (
    select
        returns.return_date as sales_date,
        returns.region_key,
        returns.channel,
        returns.rep_key,
        products.product_line,
        products.category,
        0 as gross_amount,
        0 as discount_amount,
        sum(returns.refund_amount) as returns_amount,
        0 as order_count,
        0 as unit_count
    from {{ ref('fct_returns') }} as returns
    inner join products on returns.product_key = products.product_key
    where not returns.is_cancelled
    group by
        returns.return_date,
        returns.region_key,
        returns.channel,
        returns.rep_key,
        products.product_line,
        products.category
),

united as (
    select * from sold
    union all
    select * from returned
)

select
    sales_date,
    region_key,
    channel,
    rep_key,
    product_line,
    category,
    cast(sum(gross_amount) as decimal(18, 4)) as gross_amount,
    cast(sum(discount_amount) as decimal(18, 4)) as discount_amount,
    cast(sum(returns_amount) as decimal(18, 4)) as returns_amount,
    cast(sum(gross_amount) - sum(discount_amount) - sum(returns_amount) as decimal(18, 4)) as net_sales_amount,
    cast(sum(order_count) as bigint) as order_count,
    cast(sum(unit_count) as bigint) as unit_count
from united
group by sales_date, region_key, channel, rep_key, product_line, category
