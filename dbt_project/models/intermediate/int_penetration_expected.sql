-- How many customers of each region buy each product line, and how many would if they bought it like those elsewhere.
with
customers as (
    select
        customer_key,
        region_key
    from {{ ref('dim_customers') }}
    where is_addressable and not is_deleted and customer_key <> 'unknown'
),

regions as (
    select region_key
    from {{ ref('dim_regions') }}
    where region_level = 'region' and region_key <> 'unknown'
),

products as (
    select
        product_key,
        product_line
    from {{ ref('dim_products') }}
    where product_line <> 'unknown'
),

buyers as (
    select
        customers.region_key,
        products.product_line,
        purchases.customer_key,
        sum(purchases.net_sales_amount) as net_sales_amount
    from {{ ref('int_purchases_summed') }} as purchases
    inner join products on purchases.product_key = products.product_key
    inner join customers on purchases.customer_key = customers.customer_key
    group by customers.region_key, products.product_line, purchases.customer_key
    having sum(purchases.line_count) > 0
),

bought as (
    select
        region_key,
        product_line,
        count(*) as buyer_count,
        sum(net_sales_amount) as net_sales_amount
    from buyers
    group by region_key, product_line
),

based as (
    select
        region_key,
        count(*) as addressable_count
    from customers
    group by region_key
),

cells as (
    select
        regions.region_key,
        lines.product_line,
        coalesce(based.addressable_count, 0) as addressable_count,
        coalesce(bought.buyer_count, 0) as buyer_count,
        coalesce(bought.net_sales_amount, 0) as net_sales_amount
    from regions
    cross join (select distinct products.product_line from products) as lines
    left join based on regions.region_key = based.region_key
    left join bought on regions.region_key = bought.region_key and lines.product_line = bought.product_line
),

totals as (
    select
        cells.*,
        sum(addressable_count) over (partition by product_line) as population_count,
        sum(buyer_count) over (partition by product_line) as all_buyer_count,
        sum(buyer_count) over (partition by product_line) - buyer_count as other_buyer_count,
        sum(addressable_count) over (partition by product_line) - addressable_count as other_addressable_count,
        sum(net_sales_amount) over (partition by product_line) - net_sales_amount as other_net_sales_amount
    from cells
),

-- A region without customers, or without any elsewhere to compare with, is no test.
tested as (
    select * from totals
    where addressable_count > 0 and other_addressable_count > 0
),

tails as (
    {{ hypergeometric_tails(
        'tested', ['region_key', 'product_line'], 'population_count', 'all_buyer_count', 'addressable_count', 'buyer_count', 'lower'
    ) | indent(4) }}
),

judged as (
    select
        totals.*,
        cast(totals.addressable_count as double) * totals.other_buyer_count
        / nullif(totals.other_addressable_count, 0) as expected_buyer_count,
        cast(totals.other_net_sales_amount as double) / nullif(totals.other_buyer_count, 0) as amount_per_buyer,
        tails.p_value
    from totals
    left join tails
        on totals.region_key = tails.region_key and totals.product_line = tails.product_line
)

{{ false_discovery_rates('judged', 'p_value', []) }}
