-- Deals that were decided by the end of the business date, with every dimension that the win metrics are cut by.
select
    opportunities.opportunity_key,
    opportunities.closed_date,
    opportunities.opportunity_status,
    opportunities.win_cycle_days,
    opportunities.amount,
    opportunities.owner_rep_key as rep_key,
    reps.manager_rep_key,
    reps.team,
    opportunities.region_key,
    opportunities.product_line
from {{ ref('fct_opportunities') }} as opportunities
inner join {{ ref('dim_sales_reps') }} as reps on opportunities.owner_rep_key = reps.rep_key
where opportunities.opportunity_status in ('won', 'lost') and opportunities.closed_date <= {{ business_date() }}
