-- What a customer that some source still has is expected to buy in the next twelve months, where that can be estimated.
select
    lifetimes.customer_key,
    customers.customer_name,
    customers.industry,
    customers.region_key,
    customers.size_band,
    lifetimes.first_order_date,
    lifetimes.last_order_date,
    lifetimes.order_day_count,
    lifetimes.clv_12m_amount
from kpi_customer_lifetime_values as lifetimes
join dim_customers as customers on lifetimes.customer_key = customers.customer_key
where lifetimes.clv_12m_amount is not null and not customers.is_deleted
