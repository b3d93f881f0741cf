-- Each day on which a customer bought from a product line, and the next one; none where it has not come back yet, and then
-- the gap is as long as it has been up to the business date.
with
gaps as (
    select
        customer_key,
        product_line,
        order_date,
        lead(order_date) over (partition by customer_key, product_line order by order_date asc) as next_order_date
    from (
        select distinct
            customer_key,
            product_line,
            order_date
        from {{ ref('int_order_days_bought') }}
    ) as order_days
)

select
    customer_key,
    product_line,
    order_date,
    next_order_date,
    cast({{ dbt.datediff('order_date', 'coalesce(next_order_date, ' ~ business_date() ~ ')', 'day') }} as bigint) as gap_days,
    next_order_date is not null as is_ended
from gaps
