-- Units that came back count for the week in which they were ordered, not in which they came back.
with
sold as (
    select
        lines.order_date,
        lines.region_key,
        lines.product_key,
        products.product_line,
        products.category,
        lines.quantity,
        coalesce(returned.counted_quantity, 0) as returned_quantity
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('dim_products') }} as products on lines.product_key = products.product_key
    left join {{ ref('fct_line_returns') }} as returned
        on lines.order_key = returned.order_key and lines.line_number = returned.line_number
    where not lines.is_cancelled
),

cells as (
    {{ kpi_cells(
        'sold',
        'order_date',
        {'region': 'region_key', 'product_line': 'product_line', 'category': 'category', 'product': 'product_key'},
        'sum(returned_quantity)',
        'sum(quantity)',
    ) | indent(4) }}
)

{{ kpi_ratio('return_rate', 'cells', ['week', 'month'], maturity_days=30, sparse=['product']) }}
