{%- set grains = ['month', 'quarter'] -%}
-- A cohort is mature once half of it has bought, within days that all of its members have had.
with
placed as (
    {{ kpi_placed(
        ref('fct_first_orders'), 'first_date', grains, {'region': 'region_key'}, ['waited_days', 'is_bought']
    ) | indent(4) }}
),

medians as (
    {{ kpi_median_waited('placed', 'waited_days', 'is_bought') | indent(4) }}
)

{{ kpi_median_of_cohorts('first_order_cycle_days', 'medians', grains) }}
