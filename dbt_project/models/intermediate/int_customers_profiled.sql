-- What lifecycle rules may ask about a customer on the business date: one column for each row of the seed lifecycle_facts.
with
days as (
    select * from {{ ref('int_customer_days_profiled') }}
    where profile_date = {{ business_date() }}
),

first_orders as (
    select
        customer_key,
        min(order_date) as first_order_date
    from {{ ref('int_orders_keyed') }}
    where not is_cancelled and order_date <= {{ business_date() }}
    group by customer_key
),

touches_by_channel as (
    select
        customer_key,
        channel,
        max(occurred_at) as last_at
    from {{ ref('fct_touchpoints') }}
    where occurred_date <= {{ business_date() }} and {{ counts_as_touch() }}
    group by customer_key, channel
),

touches_ranked as (
    select
        touches_by_channel.*,
        row_number() over (
            partition by customer_key order by last_at desc nulls last, channel asc
        ) as place
    from touches_by_channel
),

touches as (
    select * from touches_ranked
    where place = 1
)

select
    days.customer_key,
    {% for fact in lifecycle_facts() %}
    days.{{ fact }},
    {% endfor %}
    first_orders.first_order_date,
    days.last_order_date,
    touches.last_at as last_active_at,
    touches.channel as last_active_channel
from days
left join first_orders on days.customer_key = first_orders.customer_key
left join touches on days.customer_key = touches.customer_key
