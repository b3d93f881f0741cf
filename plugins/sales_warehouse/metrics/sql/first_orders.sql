-- A customer by the day of its first contact, and the days to its first paid order; without one up to the business date.
select
    touches.first_date as row_date,
    touches.customer_key,
    customers.customer_name,
    customers.industry,
    customers.region_key,
    customers.size_band,
    orders.first_order_date,
    coalesce(orders.first_order_date, getvariable('business_date')) - touches.first_date as duration,
    orders.first_order_date is not null as is_ended
from (
    select
        customer_key,
        min(occurred_date) as first_date
    from fct_touchpoints
    where customer_key <> 'unknown' and occurred_date <= getvariable('business_date')
    group by customer_key
) as touches
join dim_customers as customers on touches.customer_key = customers.customer_key
left join (
    select
        customer_key,
        min(order_date) as first_order_date
    from fct_orders
    where
        not is_cancelled
        and coalesce(paid_date <= getvariable('business_date'), order_status in ('paid', 'shipped', 'delivered'))
        and customer_key <> 'unknown'
        and order_date <= getvariable('business_date')
    group by customer_key
) as orders on touches.customer_key = orders.customer_key
