-- A stay of a deal in a stage.
select
    stays.entered_date,
    stays.left_date,
    stays.opportunity_key,
    stays.entry_number,
    deals.customer_key,
    customers.customer_name,
    customers.industry,
    stays.stage,
    deals.product_line,
    deals.owner_rep_key as rep_key,
    reps.team,
    reps.manager_rep_key,
    deals.region_key,
    stays.entered_at,
    stays.left_at,
    stays.exit_type,
    stays.dwell_days,
    stays.stalled_date,
    case when stays.is_stalled then 1 else 0 end as is_stalled
from fct_opportunity_stage_events as stays
left join fct_opportunities as deals on stays.opportunity_key = deals.opportunity_key
left join dim_sales_reps as reps on deals.owner_rep_key = reps.rep_key
left join dim_customers as customers on deals.customer_key = customers.customer_key
