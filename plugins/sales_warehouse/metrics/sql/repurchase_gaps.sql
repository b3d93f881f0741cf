-- Each day on which a customer bought from a product line, and the days to the next one; without one up to the business date.
select
    days.order_date as row_date,
    days.customer_key,
    customers.customer_name,
    customers.industry,
    customers.region_key,
    days.product_line,
    days.next_order_date,
    coalesce(days.next_order_date, getvariable('business_date')) - days.order_date as duration,
    days.next_order_date is not null as is_ended
from (
    select
        customer_key,
        product_line,
        row_date as order_date,
        lead(row_date) over (partition by customer_key, product_line order by row_date) as next_order_date
    from (
        select distinct
            customer_key,
            product_line,
            row_date
        from rows_purchases
        where row_date <= getvariable('business_date')
    ) as order_days
) as days
join dim_customers as customers on days.customer_key = customers.customer_key
