{%- set last_seen_date = 'coalesce(first_orders.first_order_date, ' ~ business_date() ~ ')' -%}
-- The first contact is the first thing of any channel that a customer is known by; who bought without being spoken to needed
-- no days at all. Who has not bought yet has waited up to the business date.
with
touches as (
    select
        customer_key,
        channel,
        occurred_at,
        occurred_date,
        touchpoint_key
    from {{ ref('fct_touchpoints') }}
    where customer_key <> 'unknown' and occurred_date <= {{ business_date() }}
),

first_days as (
    select
        customer_key,
        min(occurred_date) as first_date
    from touches
    group by customer_key
),

first_touches as (
    select
        first_days.customer_key,
        first_days.first_date,
        touches.channel,
        row_number() over (
            partition by first_days.customer_key order by touches.occurred_at asc, touches.touchpoint_key asc
        ) as touch_number
    from first_days
    inner join touches
        on first_days.customer_key = touches.customer_key and first_days.first_date = touches.occurred_date
),

first_orders as (
    select
        customer_key,
        min(order_date) as first_order_date
    from {{ ref('int_orders_keyed') }} as orders
    where {{ is_paid_order('orders') }} and customer_key <> 'unknown' and order_date <= {{ business_date() }}
    group by customer_key
)

select
    first_touches.customer_key,
    first_touches.first_date,
    customers.region_key,
    first_touches.channel,
    first_orders.first_order_date,
    cast({{ dbt.datediff('first_touches.first_date', last_seen_date, 'day') }} as bigint) as waited_days,
    order_days.workday_number - contact_days.workday_number as waited_workdays,
    first_orders.first_order_date is not null as is_bought
from first_touches
inner join {{ ref('dim_customers') }} as customers on first_touches.customer_key = customers.customer_key
left join first_orders on first_touches.customer_key = first_orders.customer_key
left join {{ ref('dim_dates') }} as contact_days on first_touches.first_date = contact_days.date_day
left join {{ ref('dim_dates') }} as order_days on {{ last_seen_date }} = order_days.date_day
where first_touches.touch_number = 1
