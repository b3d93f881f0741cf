-- Deals that were closed in the 365 days up to the business date, by the customer's industry, the product line and the seller.
with
deals as (
    select * from {{ ref('fct_opportunities') }}
    where
        opportunity_status in ('won', 'lost')
        and closed_date > {{ business_date() }} - 365
        and closed_date <= {{ business_date() }}
),

customers as (
    select
        customer_key,
        coalesce(industry, 'unknown') as industry
    from {{ ref('dim_customers') }}
),

reps as (
    select
        rep_key,
        region_key
    from {{ ref('dim_sales_reps') }}
)

select
    customers.industry,
    deals.product_line,
    deals.owner_rep_key as rep_key,
    reps.region_key as rep_region_key,
    deals.region_key,
    cast(count(*) as bigint) as closed_count,
    cast(count(*) filter (where deals.opportunity_status = 'won') as bigint) as won_count,
    cast(coalesce(sum(deals.amount) filter (where deals.opportunity_status = 'won'), 0) as decimal(18, 4)) as won_amount
from deals
inner join customers on deals.customer_key = customers.customer_key
inner join reps on deals.owner_rep_key = reps.rep_key
group by customers.industry, deals.product_line, deals.owner_rep_key, reps.region_key, deals.region_key
