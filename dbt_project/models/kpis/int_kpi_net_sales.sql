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
),

-- Products are too many for every day: they are there by month and quarter, of their own lines.
product_cells as (
    select
        cast(date_trunc('month', moved.moved_date) as date) as cell_date,
        'product' as dimension_name,
        moved.product_key as dimension_value,
        sum(moved.amount) as numerator,
        0 as denominator
    from (
        {{ sales_moved(['product_key']) | indent(8) }}
    ) as moved
    where moved.moved_date <= {{ business_date() }}
    group by cast(date_trunc('month', moved.moved_date) as date), moved.product_key
)

{{ kpi_sum('net_sales', 'cells', ['day', 'week', 'month', 'quarter']) }}
union all
{{ kpi_sum('net_sales', 'product_cells', ['month', 'quarter'], sparse=['product']) }}
