-- Each day on which a customer bought from a product line, and the next one; none where it has not come back yet.
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
