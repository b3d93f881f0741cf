-- A lead by the day of its creation, and the business hours to the first answer; without one up to the as-of moment.
select
    leads.created_date as row_date,
    leads.lead_key,
    leads.customer_key,
    customers.customer_name,
    customers.industry,
    leads.channel,
    leads.source,
    leads.owner_rep_key as rep_key,
    reps.team,
    reps.region_key,
    leads.created_at,
    responses.waited_hours as duration,
    responses.is_answered as is_ended
from fct_lead_responses as responses
join fct_leads as leads on responses.lead_key = leads.lead_key
join dim_sales_reps as reps on leads.owner_rep_key = reps.rep_key
left join dim_customers as customers on leads.customer_key = customers.customer_key
