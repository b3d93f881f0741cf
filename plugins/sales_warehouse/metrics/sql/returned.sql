-- Lines of orders with the units of them that came back, on the day of the order; no more can come back than was sold.
-- Which line a return is of that names none, fct_line_returns says.
select
    lines.order_date as row_date,
    lines.order_key,
    lines.order_id,
    lines.line_number,
    lines.customer_key,
    lines.customer_name,
    lines.industry,
    lines.product_key,
    lines.product_name,
    lines.product_line,
    lines.category,
    lines.price_band,
    lines.rep_key,
    lines.team,
    lines.manager_rep_key,
    lines.region_key,
    lines.channel,
    lines.dealer_key,
    coalesce(returned.counted_quantity, 0) as returned_quantity,
    lines.quantity
from rows_order_lines as lines
left join fct_line_returns as returned
    on lines.order_key = returned.order_key and lines.line_number = returned.line_number
where not lines.is_cancelled
