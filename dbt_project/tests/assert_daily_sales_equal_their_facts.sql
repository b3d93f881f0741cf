-- What is summed by day is what the facts hold, to the last place: no join dropped or doubled a row.
with
sold as (
    select coalesce(sum(net_amount), 0) as amount
    from {{ ref('fct_order_lines') }}
    where not is_cancelled
),

returned as (
    select coalesce(sum(refund_amount), 0) as amount
    from {{ ref('fct_returns') }}
    where not is_cancelled
),

-- Periods end on the business date; what is dated after it is in the facts alone.
daily as (
    select
        coalesce(sum(net_sales_amount), 0) as amount,
        coalesce(sum(case when sales_date > {{ business_date() }} then 0 else net_sales_amount end), 0) as amount_so_far
    from {{ ref('fct_sales_daily') }}
),

published as (
    select coalesce(sum(value), 0) as amount
    from {{ ref('kpi_values') }}
    where metric_id = 'net_sales' and period_grain = 'month' and dimension_name = 'total'
)

select
    sold.amount - returned.amount as facts_amount,
    daily.amount as daily_amount,
    daily.amount_so_far,
    published.amount as published_amount
from sold
cross join returned
cross join daily
cross join published
where sold.amount - returned.amount <> daily.amount or daily.amount_so_far <> published.amount
