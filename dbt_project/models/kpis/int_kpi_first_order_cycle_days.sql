{%- set grains = ['month', 'quarter'] -%}
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
        cast({{ dbt.datediff('first_touches.first_date', 'coalesce(first_orders.first_order_date, ' ~ business_date() ~ ')', 'day') }} as bigint) as waited_days,  -- noqa
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
),

cohorts as (
    {{ kpi_without_gaps('first_order_cycle_days', 'medians', grains) | indent(4) }}
)

select
    metric_id,
    period_grain,
    period_start_date,
    dimension_name,
    dimension_value,
    numerator,
    denominator,
    value,
    is_matured and coalesce(
        {{ period_end_of('period_grain', 'period_start_date') }} + cast(value as integer) <= {{ business_date() }}, false
    ) as is_matured
from cohorts
