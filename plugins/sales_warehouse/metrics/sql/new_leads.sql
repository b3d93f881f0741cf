-- A lead on the day on which it was created, and on the one on which it was first given to a seller.
with days as (
    select lead_key, created_date as row_date, 'created' as row_type from fct_leads
    union all
    select lead_key, first_assigned_date, 'first_assigned' from fct_leads
)
select
    days.row_date,
    days.row_type,
    leads.lead_key,
    leads.customer_key,
    customers.customer_name,
    customers.industry,
    leads.channel,
    leads.source,
    leads.campaign,
    leads.owner_rep_key as rep_key,
    reps.team,
    leads.region_key,
    leads.created_at,
    leads.first_assigned_at
from days
join fct_leads as leads on days.lead_key = leads.lead_key
join dim_sales_reps as reps on leads.owner_rep_key = reps.rep_key
left join dim_customers as customers on leads.customer_key = customers.customer_key
