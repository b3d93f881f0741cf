-- A deal that is open on the business date, and what it is thought to be worth.
select
    deals.opportunity_key,
    deals.customer_key,
    customers.customer_name,
    customers.industry,
    deals.product_line,
    deals.owner_rep_key as rep_key,
    reps.team,
    reps.manager_rep_key,
    deals.region_key,
    deals.created_date,
    deals.expected_close_date,
    deals.amount,
    deals.probability_rate,
    -- A probability outside of 0 to 1 is no probability.
    deals.amount * least(greatest(coalesce(deals.probability_rate, 0), 0), 1) as weighted_amount
from fct_opportunities as deals
join dim_sales_reps as reps on deals.owner_rep_key = reps.rep_key
left join dim_customers as customers on deals.customer_key = customers.customer_key
where deals.opportunity_status = 'open'
