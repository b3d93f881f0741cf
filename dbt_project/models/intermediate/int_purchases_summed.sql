-- What each customer bought of each product in the 365 days that end with the business date. Several analyses begin here,
-- so that order lines are read once for all of them.
{%- set first_date = "(" ~ business_date() ~ " - 364)" %}

with
moved as (
    select
        customer_key,
        product_key,
        net_amount as sold_amount,
        cast(0 as decimal(18, 4)) as returned_amount,
        quantity as unit_count,
        1 as line_count
    from {{ ref('fct_order_lines') }}
    where not is_cancelled and order_date between {{ first_date }} and {{ business_date() }}
    union all
    select
        customer_key,
        product_key,
        cast(0 as decimal(18, 4)) as sold_amount,
        refund_amount as returned_amount,
        0 as unit_count,
        0 as line_count
    from {{ ref('fct_returns') }}
    where not is_cancelled and return_date between {{ first_date }} and {{ business_date() }}
)

select
    customer_key,
    product_key,
    cast(sum(sold_amount) - sum(returned_amount) as decimal(18, 4)) as net_sales_amount,
    cast(sum(unit_count) as bigint) as unit_count,
    cast(sum(line_count) as bigint) as line_count
from moved
group by customer_key, product_key
