-- A touchpoint with a time of entry.
select
    touches.occurred_date,
    touches.touchpoint_key,
    touches.touchpoint_type,
    touches.customer_key,
    customers.customer_name,
    customers.industry,
    touches.channel,
    touches.source,
    touches.rep_key,
    reps.team,
    reps.manager_rep_key,
    reps.region_key,
    touches.occurred_at,
    touches.recorded_at,
    touches.entry_hours,
    touches.is_entered_within_24h
from fct_touchpoints as touches
join dim_sales_reps as reps on touches.rep_key = reps.rep_key
left join dim_customers as customers on touches.customer_key = customers.customer_key
where touches.is_entered_within_24h is not null
