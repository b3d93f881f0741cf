-- A lead, by the day of its creation.
select
    leads.created_date,
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
    leads.first_opportunity_at,
    leads.is_converted_30d
from fct_leads as leads
join dim_sales_reps as reps on leads.owner_rep_key = reps.rep_key
left join dim_customers as customers on leads.customer_key = customers.customer_key
