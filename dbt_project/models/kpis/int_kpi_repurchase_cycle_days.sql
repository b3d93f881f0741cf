-- By the month in which a gap began. A gap that nobody has ended counts as waiting up to the business date.
with
placed as (
    {{ kpi_placed(
        ref('fct_repurchase_gaps'), 'order_date', ['month'], {'product_line': 'product_line'}, ['gap_days', 'is_ended']
    ) | indent(4) }}
),

medians as (
    {{ kpi_median_waited('placed', 'gap_days', 'is_ended') | indent(4) }}
)

{{ kpi_median_of_cohorts('repurchase_cycle_days', 'medians', ['month']) }}
