-- A visit, by the day on which it began.
select
    visits.started_date,
    visits.visit_key,
    visits.customer_key,
    customers.customer_name,
    customers.industry,
    visits.opportunity_key,
    visits.source,
    visits.rep_key,
    reps.team,
    reps.manager_rep_key,
    reps.region_key,
    visits.started_at,
    visits.ended_at
from fct_visits as visits
join dim_sales_reps as reps on visits.rep_key = reps.rep_key
left join dim_customers as customers on visits.customer_key = customers.customer_key
