-- What was ordered, on the day of the order, and what came back, on the day on which it did; cancelled orders left out.
select
    order_date as row_date,
    'order_line' as row_type,
    order_key,
    order_id,
    line_number,
    cast(null as varchar) as return_key,
    customer_key,
    customer_name,
    industry,
    product_key,
    product_name,
    product_line,
    category,
    price_band,
    rep_key,
    team,
    manager_rep_key,
    region_key,
    channel,
    dealer_key,
    net_amount as amount
from rows_order_lines
where not is_cancelled
union all
select
    returns.return_date,
    'return',
    returns.order_key,
    null,
    returns.line_number,
    returns.return_key,
    returns.customer_key,
    customers.customer_name,
    customers.industry,
    returns.product_key,
    products.product_name,
    products.product_line,
    products.category,
    products.price_band,
    returns.rep_key,
    reps.team,
    reps.manager_rep_key,
    returns.region_key,
    returns.channel,
    'unknown',
    -returns.refund_amount
from fct_returns as returns
join dim_products as products on returns.product_key = products.product_key
left join dim_sales_reps as reps on returns.rep_key = reps.rep_key
left join dim_customers as customers on returns.customer_key = customers.customer_key
where not returns.is_cancelled
