-- Every line of an order, with what it is looked for by; cancelled orders among them.
select
    lines.order_date,
    lines.order_key,
    lines.order_id,
    lines.line_number,
    lines.customer_key,
    customers.customer_name,
    customers.industry,
    lines.product_key,
    products.product_name,
    products.product_line,
    products.category,
    products.price_band,
    lines.rep_key,
    reps.team,
    reps.manager_rep_key,
    lines.region_key,
    lines.channel,
    lines.dealer_key,
    lines.quantity,
    lines.net_amount,
    lines.is_cancelled,
    not lines.is_cancelled and coalesce(lines.paid_date <= getvariable('business_date'), lines.is_paid_by_status) as is_paid
from fct_order_lines as lines
join dim_products as products on lines.product_key = products.product_key
left join dim_sales_reps as reps on lines.rep_key = reps.rep_key
left join dim_customers as customers on lines.customer_key = customers.customer_key
