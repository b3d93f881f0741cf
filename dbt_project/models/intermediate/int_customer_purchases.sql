-- Days on which a customer ordered and paid, and what it spent on them; what came back later comes off the value to date.
with
days as (
    select
        customer_key,
        order_date,
        sum(net_amount) as amount
    from {{ ref('fct_order_lines') }} as lines
    where {{ is_paid_order('lines') }} and customer_key <> 'unknown' and order_date <= {{ business_date() }}
    group by customer_key, order_date
),

numbered as (
    select
        days.*,
        row_number() over (partition by customer_key order by order_date asc) as day_number
    from days
),

-- Goods of an order that nobody paid may come back, but no money goes back for them.
returned as (
    select
        returns.customer_key,
        sum(returns.refund_amount) as returned_amount
    from {{ ref('fct_returns') }} as returns
    left join {{ ref('int_orders_keyed') }} as orders on returns.order_key = orders.order_key
    where
        not returns.is_cancelled
        and returns.return_date <= {{ business_date() }}
        and (orders.order_key is null or ({{ is_paid_order('orders') }}))
    group by returns.customer_key
)

select
    numbered.customer_key,
    min(numbered.order_date) as first_order_date,
    max(numbered.order_date) as last_order_date,
    cast(count(*) as bigint) as order_day_count,
    cast({{ dbt.datediff('min(numbered.order_date)', 'max(numbered.order_date)', 'day') }} as bigint) as bought_days,
    cast({{ dbt.datediff('min(numbered.order_date)', business_date(), 'day') }} as bigint) as seen_days,
    cast(sum(numbered.amount) - coalesce(max(returned.returned_amount), 0) as decimal(18, 4)) as value_to_date_amount,
    -- the first order of a customer is often unlike the later ones
    cast(
        case
            when count(*) > 1 then sum(case when numbered.day_number > 1 then numbered.amount else 0 end) / (count(*) - 1)
            else sum(numbered.amount)
        end as decimal(18, 4)
    ) as mean_order_amount,
    cast({{ business_date() }} as date) as business_date
from numbered
left join returned on numbered.customer_key = returned.customer_key
group by numbered.customer_key
