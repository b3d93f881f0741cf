{{ config(post_hook="{{ forget_months() }}") }}
-- One row for each day on which a customer ordered and paid, by what products are: everything about buying again counts
-- these days, not orders or lines. Nobody knows whether an unknown customer came back.
with
due as (
    {{ due_months() | indent(4) }}
),

lines as (
    select
        customer_key,
        product_key,
        order_date
    from {{ ref('fct_order_lines') }} as lines
    where
        {{ is_paid_order('lines') }}
        and customer_key <> 'unknown'
        and order_date <= {{ business_date() }}
        and {{ month_of('order_date') }} in (select due.month_start_date from due)
),

products as (
    select
        product_key,
        product_line,
        category,
        price_band
    from {{ ref('dim_products') }}
),

bought as (
    select distinct
        lines.customer_key,
        products.product_line,
        products.category,
        products.price_band,
        lines.order_date
    from lines
    inner join products on lines.product_key = products.product_key
)

select
    due.month_start_date,
    due.fingerprint,
    bought.*
from bought
inner join due on {{ month_of('bought.order_date') }} = due.month_start_date
