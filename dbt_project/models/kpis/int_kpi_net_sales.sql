with
sales as (
    select
        sales.*,
        reps.team
    from {{ ref('fct_sales_daily') }} as sales
    inner join {{ ref('dim_sales_reps') }} as reps on sales.rep_key = reps.rep_key
),

cells as (
    {{ kpi_cells(
        'sales',
        'sales_date',
        {
            'region': 'region_key', 'channel': 'channel', 'rep': 'rep_key', 'team': 'team',
            'product_line': 'product_line', 'category': 'category',
        },
        'sum(net_sales_amount)',
        '0',
    ) | indent(4) }}
)

{{ kpi_sum('net_sales', 'cells', ['day', 'week', 'month', 'quarter']) }}
