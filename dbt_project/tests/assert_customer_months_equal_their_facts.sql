-- Over all customers a month of the purchase trend is the net sales of that month, and no month of a customer is missing.
with
trend as (
    select
        month_start_date,
        sum(net_sales_amount) as amount,
        count(*) as customer_count
    from {{ ref('fct_customer_months') }}
    group by month_start_date
),

sales as (
    select
        period_start_date as month_start_date,
        value as amount
    from {{ ref('kpi_values') }}
    where metric_id = 'net_sales' and period_grain = 'month' and dimension_name = 'total'
),

customers as (
    select count(distinct customer_key) as customer_count
    from {{ ref('fct_customer_months') }}
)

select
    trend.month_start_date,
    trend.amount as trend_amount,
    sales.amount as sales_amount,
    trend.customer_count
from trend
cross join customers
left join sales on trend.month_start_date = sales.month_start_date
where trend.amount <> coalesce(sales.amount, 0) or trend.customer_count <> customers.customer_count
