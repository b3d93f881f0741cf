-- A deal by the day on which it was opened, and the first order that was paid of it, which counts within 90 days to the
-- second. An order that was paid before the day of the deal did not come of it.
select
    deals.created_date as row_date,
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
    deals.opportunity_status,
    deals.amount,
    deals.created_at,
    first_paid.order_key,
    first_paid.first_paid_at,
    case
        when epoch_us(first_paid.first_paid_at) - epoch_us(deals.created_at) <= 90 * 86400000000 then 1
        else 0
    end as is_ordered
from fct_opportunities as deals
join dim_sales_reps as reps on deals.owner_rep_key = reps.rep_key
left join dim_customers as customers on deals.customer_key = customers.customer_key
left join (
    select
        orders.opportunity_key,
        min(coalesce(orders.paid_at, orders.ordered_at)) as first_paid_at,
        min_by(orders.order_key, (coalesce(orders.paid_at, orders.ordered_at), orders.order_key)) as order_key
    from fct_orders as orders
    join fct_opportunities as begun on orders.opportunity_key = begun.opportunity_key
    where
        not orders.is_cancelled
        and coalesce(orders.paid_date <= getvariable('business_date'), orders.is_paid_by_status)
        and coalesce(orders.paid_date, orders.order_date) >= begun.created_date
        and coalesce(orders.paid_date, orders.order_date) <= getvariable('business_date')
    group by orders.opportunity_key
) as first_paid on deals.opportunity_key = first_paid.opportunity_key
