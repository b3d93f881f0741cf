{%- set grains = ['month', 'quarter'] -%}
with
per_customer as (
    select
        period_grain,
        period_start_date,
        dimension_name,
        dimension_value,
        amount as numerator,
        customer_count as denominator,
        {{ ratio('amount', 'customer_count') }} as value
    from {{ ref('int_buyers_counted') }}
),

per_order as (
    select
        period_grain,
        period_start_date,
        dimension_name,
        dimension_value,
        amount as numerator,
        order_count as denominator,
        {{ ratio('amount', 'order_count') }} as value
    from {{ ref('int_buyers_counted') }}
)

{{ kpi_without_gaps('revenue_per_customer', 'per_customer', grains) }}
union all
{{ kpi_without_gaps('revenue_per_order', 'per_order', grains) }}
