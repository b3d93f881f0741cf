-- Each day on which a customer bought from a product line, and the days to the next one; without one up to the business date.
select
    gaps.order_date as row_date,
    gaps.customer_key,
    customers.customer_name,
    customers.industry,
    customers.region_key,
    gaps.product_line,
    gaps.next_order_date,
    gaps.gap_days as duration,
    gaps.is_ended
from fct_repurchase_gaps as gaps
left join dim_customers as customers on gaps.customer_key = customers.customer_key
