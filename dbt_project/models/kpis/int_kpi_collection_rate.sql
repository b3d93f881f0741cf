with
collected as (
    select
        collections.*,
        reps.team
    from {{ ref('fct_collections') }} as collections
    inner join {{ ref('dim_sales_reps') }} as reps on collections.rep_key = reps.rep_key
),

cells as (
    {{ kpi_cells(
        'collected',
        'due_date',
        {'region': 'region_key', 'team': 'team', 'rep': 'rep_key'},
        'sum(collected_amount)',
        'sum(due_amount)',
    ) | indent(4) }}
)

{{ kpi_ratio('collection_rate', 'cells', ['month', 'quarter']) }}
