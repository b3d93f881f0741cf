select
    sales_date,
    region_key,
    channel,
    rep_key,
    product_line,
    category,
    gross_amount,
    discount_amount,
    returns_amount,
    net_sales_amount,
    order_count,
    unit_count
from {{ ref('int_sales_days_summed') }}
