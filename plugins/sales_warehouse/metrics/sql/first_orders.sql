-- A customer by the day of its first contact, and the days to its first paid order; without one up to the business date.
select
    waited.first_date as row_date,
    waited.customer_key,
    customers.customer_name,
    customers.industry,
    waited.region_key,
    waited.channel,
    customers.size_band,
    waited.first_order_date,
    waited.waited_days as duration,
    waited.is_bought as is_ended
from fct_first_orders as waited
join dim_customers as customers on waited.customer_key = customers.customer_key
