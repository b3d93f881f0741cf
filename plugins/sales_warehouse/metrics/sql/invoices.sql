-- An invoice by the day on which it is due, and how much of it has been collected: see fct_collections.
select
    collections.due_date as row_date,
    collections.invoice_key,
    collections.order_key,
    orders.order_id,
    collections.customer_key,
    customers.customer_name,
    customers.industry,
    collections.region_key,
    collections.channel,
    reps.rep_key,
    reps.team,
    reps.manager_rep_key,
    collections.collected_amount,
    collections.due_amount
from fct_collections as collections
left join fct_orders as orders on collections.order_key = orders.order_key
join dim_sales_reps as reps on collections.rep_key = reps.rep_key
left join dim_customers as customers on collections.customer_key = customers.customer_key
