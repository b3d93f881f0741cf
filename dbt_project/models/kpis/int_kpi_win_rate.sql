{%- set dimensions = {
    'rep': 'rep_key', 'manager': 'manager_rep_key', 'team': 'team', 'region': 'region_key',
    'product_line': 'product_line',
} -%}
with
closed as (
    select * from {{ ref('int_kpi_closed_opportunities') }}
),

by_count as (
    {{ kpi_cells(
        'closed',
        'closed_date',
        dimensions,
        "sum(case when opportunity_status = 'won' then 1 else 0 end)",
        'count(*)',
    ) | indent(4) }}
),

by_amount as (
    {{ kpi_cells(
        'closed',
        'closed_date',
        dimensions,
        "sum(case when opportunity_status = 'won' then amount else 0 end)",
        'sum(amount)',
    ) | indent(4) }}
)

{{ kpi_ratio('win_rate', 'by_count', ['month', 'quarter', 'all']) }}
union all
{{ kpi_ratio('win_rate_by_amount', 'by_amount', ['month', 'quarter', 'all']) }}
