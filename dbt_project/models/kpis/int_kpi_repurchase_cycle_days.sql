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
),

cohorts as (
    {{ kpi_without_gaps('repurchase_cycle_days', 'medians', ['month']) | indent(4) }}
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
