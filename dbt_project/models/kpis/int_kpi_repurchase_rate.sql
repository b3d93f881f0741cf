with
rates as (
    select
        'month' as period_grain,
        month_start_date as period_start_date,
        dimension_name,
        dimension_value,
        repurchase_customer_count as numerator,
        customer_count as denominator,
        {{ ratio('repurchase_customer_count', 'customer_count') }} as value
    from {{ ref('int_repurchases_counted') }}
)

{{ kpi_without_gaps('repurchase_rate', 'rates', ['month']) }}
