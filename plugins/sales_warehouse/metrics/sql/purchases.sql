-- Paid lines of orders of customers who are known: whoever bought again did so on another day.
select
    order_date as row_date,
    order_key,
    order_id,
    line_number,
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
    dealer_key
from rows_order_lines
where is_paid and customer_key <> 'unknown'
