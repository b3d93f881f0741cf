-- Units that came back count for the week in which they were ordered, not in which they came back.
with
-- A return that names no line is of the only one that its order has; else of none that is known.
single_lines as (
    select
        order_key,
        min(line_number) as line_number
    from {{ ref('fct_order_lines') }}
    group by order_key
    having count(*) = 1
),

returned as (
    select
        returns.order_key,
        coalesce(returns.line_number, single_lines.line_number) as line_number,
        sum(returns.quantity) as returned_quantity
    from {{ ref('fct_returns') }} as returns
    left join single_lines on returns.order_key = single_lines.order_key
    where not returns.is_cancelled and returns.return_date <= {{ business_date() }}
    group by returns.order_key, coalesce(returns.line_number, single_lines.line_number)
),

sold as (
    select
        lines.order_date,
        lines.region_key,
        lines.product_key,
        products.product_line,
        products.category,
        lines.quantity,
        -- No more can come back than was sold.
        least(coalesce(returned.returned_quantity, 0), greatest(lines.quantity, 0)) as returned_quantity
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('dim_products') }} as products on lines.product_key = products.product_key
    left join returned on lines.order_key = returned.order_key and lines.line_number = returned.line_number
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
