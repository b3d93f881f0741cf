{%- set dimensions = {'channel': 'channel', 'team': 'team', 'rep': 'rep_key'} -%}
{%- set grains = ['week', 'month'] -%}
with
placed as (
    {{ kpi_placed(
        ref('fct_lead_responses'), 'created_date', grains, dimensions, ['waited_hours', 'is_answered']
    ) | indent(4) }}
),

medians as (
    {{ kpi_median_waited('placed', 'waited_hours', 'is_answered') | indent(4) }}
)

{{ kpi_without_gaps('lead_first_response_hours', 'medians', grains) }}
