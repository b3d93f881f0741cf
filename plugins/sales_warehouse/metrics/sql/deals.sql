-- A deal that was decided, by the day of closing.
select
    deals.closed_date,
    deals.opportunity_key,
    deals.customer_key,
    customers.customer_name,
    customers.industry,
    deals.lead_key,
    deals.product_line,
    deals.owner_rep_key as rep_key,
    reps.team,
    reps.manager_rep_key,
    deals.region_key,
    deals.created_date,
    deals.opportunity_status,
    deals.lost_reason,
    deals.amount,
    deals.win_cycle_days
from fct_opportunities as deals
join dim_sales_reps as reps on deals.owner_rep_key = reps.rep_key
left join dim_customers as customers on deals.customer_key = customers.customer_key
where deals.opportunity_status in ('won', 'lost')
