-- The last 24 months up to the business date's own, for every customer that bought or returned anything in them or in
-- the year before them; a month without anything is 0.
{%- set this_month = "cast(date_trunc('month', " ~ business_date() ~ ") as date)" %}

with
months as (
    {% for back in range(24) %}
    select cast({{ dbt.dateadd('month', -back, this_month) }} as date) as month_start_date
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

moved as (
    select
        customer_key,
        cast(date_trunc('month', order_date) as date) as month_start_date,
        net_amount as sold_amount,
        cast(0 as decimal(18, 4)) as returned_amount,
        0 as order_count
    from {{ ref('fct_order_lines') }}
    where not is_cancelled and order_date <= {{ business_date() }}
    union all
    select
        customer_key,
        cast(date_trunc('month', return_date) as date) as month_start_date,
        cast(0 as decimal(18, 4)) as sold_amount,
        refund_amount as returned_amount,
        0 as order_count
    from {{ ref('fct_returns') }}
    where not is_cancelled and return_date <= {{ business_date() }}
    union all
    select
        customer_key,
        cast(date_trunc('month', order_date) as date) as month_start_date,
        cast(0 as decimal(18, 4)) as sold_amount,
        cast(0 as decimal(18, 4)) as returned_amount,
        1 as order_count
    from {{ ref('int_orders_keyed') }}
    where not is_cancelled and order_date <= {{ business_date() }}
),

summed as (
    select
        customer_key,
        month_start_date,
        sum(sold_amount) as sold_amount,
        sum(returned_amount) as returned_amount,
        sum(order_count) as order_count
    from moved
    where
        month_start_date > cast({{ dbt.dateadd('month', -36, this_month) }} as date)
        and month_start_date <= {{ this_month }}
    group by customer_key, month_start_date
),

customers as (
    select distinct customer_key from summed
)

select
    customers.customer_key,
    months.month_start_date,
    cast(coalesce(this_year.sold_amount - this_year.returned_amount, 0) as decimal(18, 4)) as net_sales_amount,
    cast(coalesce(this_year.returned_amount, 0) as decimal(18, 4)) as returns_amount,
    cast(coalesce(this_year.order_count, 0) as bigint) as order_count,
    cast(coalesce(last_year.sold_amount - last_year.returned_amount, 0) as decimal(18, 4)) as previous_year_net_sales_amount,
    cast(coalesce(last_year.order_count, 0) as bigint) as previous_year_order_count,
    months.month_start_date < {{ this_month }} as is_whole_month
from customers
cross join months
left join summed as this_year
    on customers.customer_key = this_year.customer_key and months.month_start_date = this_year.month_start_date
left join summed as last_year
    on
        customers.customer_key = last_year.customer_key
        and cast({{ dbt.dateadd('month', -12, 'months.month_start_date') }} as date) = last_year.month_start_date
