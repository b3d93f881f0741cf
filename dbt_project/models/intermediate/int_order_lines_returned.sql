-- What came back of each line of an order, in units, until the business date.
with
-- A return that names no line is of the only one that its order has; else of none that is known.
single_lines as (
    select
        order_key,
        min(line_number) as line_number
    from {{ ref('fct_order_lines') }}
    group by order_key
    having count(*) = 1
)

select
    returns.order_key,
    coalesce(returns.line_number, single_lines.line_number) as line_number,
    sum(returns.quantity) as returned_quantity
from {{ ref('fct_returns') }} as returns
left join single_lines on returns.order_key = single_lines.order_key
where not returns.is_cancelled and returns.return_date <= {{ business_date() }}
group by returns.order_key, coalesce(returns.line_number, single_lines.line_number)
