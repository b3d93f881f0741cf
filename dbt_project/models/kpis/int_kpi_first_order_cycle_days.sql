{%- set grains = ['month', 'quarter'] -%}
{%- set last_seen_date = 'coalesce(first_orders.first_order_date, ' ~ business_date() ~ ')' -%}
-- The first contact is the first thing of any channel that a customer is known by; who bought without being spoken to needed
-- no days at all. A cohort is mature once half of it has bought, within days that all of its members have had.
with
first_touches as (
    select
        customer_key,
        min(occurred_date) as first_date
    from {{ ref('fct_touchpoints') }}
    where customer_key <> 'unknown' and occurred_date <= {{ business_date() }}
    group by customer_key
),

first_orders as (
    select
        customer_key,
        min(order_date) as first_order_date
    from {{ ref('int_orders_keyed') }} as orders
    where {{ is_paid_order('orders') }} and customer_key <> 'unknown' and order_date <= {{ business_date() }}
    group by customer_key
),

waited as (
    select
        first_touches.first_date,
        customers.region_key,
        cast({{ dbt.datediff('first_touches.first_date', last_seen_date, 'day') }} as bigint) as waited_days,
        first_orders.first_order_date is not null as is_bought
    from first_touches
    inner join {{ ref('dim_customers') }} as customers on first_touches.customer_key = customers.customer_key
    left join first_orders on first_touches.customer_key = first_orders.customer_key
),

placed as (
    {{ kpi_placed('waited', 'first_date', grains, {'region': 'region_key'}, ['waited_days', 'is_bought']) | indent(4) }}
),

medians as (
    {{ kpi_median_waited('placed', 'waited_days', 'is_bought') | indent(4) }}
)

{{ kpi_median_of_cohorts('first_order_cycle_days', 'medians', grains) }}
