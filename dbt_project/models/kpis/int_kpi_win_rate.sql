with
closed as (
    select * from {{ ref('int_kpi_closed_opportunities') }}
),

cells as (
    {{ kpi_cells(
        'closed',
        'closed_date',
        {
            'rep': 'rep_key', 'manager': 'manager_rep_key', 'team': 'team', 'region': 'region_key',
            'product_line': 'product_line',
        },
        "sum(case when opportunity_status = 'won' then 1 else 0 end)",
        'count(*)',
    ) | indent(4) }}
)

{{ kpi_ratio('win_rate', 'cells', ['month', 'quarter', 'all']) }}
