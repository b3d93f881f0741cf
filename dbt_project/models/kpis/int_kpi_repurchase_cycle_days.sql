-- By the month in which a gap began. A gap that nobody has ended counts as waiting up to the business date.
with
gaps as (
    select
        product_line,
        order_date,
        cast({{ dbt.datediff('order_date', 'coalesce(next_order_date, ' ~ business_date() ~ ')', 'day') }} as bigint) as gap_days,
        next_order_date is not null as is_ended
    from {{ ref('int_repurchase_gaps') }}
),

placed as (
    {{ kpi_placed('gaps', 'order_date', ['month'], {'product_line': 'product_line'}, ['gap_days', 'is_ended']) | indent(4) }}
),

medians as (
    {{ kpi_median_waited('placed', 'gap_days', 'is_ended') | indent(4) }}
)

{{ kpi_median_of_cohorts('repurchase_cycle_days', 'medians', ['month']) }}
