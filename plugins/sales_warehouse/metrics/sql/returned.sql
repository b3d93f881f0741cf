-- Lines of orders with the units of them that came back, on the day of the order; no more can come back than was sold.
-- A return that names no line is of the only one that its order has.
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
    least(coalesce(returned.quantity, 0), greatest(lines.quantity, 0)) as returned_quantity,
    lines.quantity
from rows_order_lines as lines
left join (
    select
        returns.order_key,
        coalesce(returns.line_number, single.line_number) as line_number,
        sum(returns.quantity) as quantity
    from fct_returns as returns
    left join (
        select
            order_key,
            min(line_number) as line_number
        from fct_order_lines
        group by order_key
        having count(*) = 1
    ) as single on returns.order_key = single.order_key
    where not returns.is_cancelled and returns.return_date <= getvariable('business_date')
    group by returns.order_key, coalesce(returns.line_number, single.line_number)
) as returned on lines.order_key = returned.order_key and lines.line_number = returned.line_number
where not lines.is_cancelled
