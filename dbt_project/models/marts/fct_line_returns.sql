-- What came back of each line of an order, in units, until the business date. A return that names no line which is there is
-- of the only line that its order has; else of the lines of its product, else of all lines: from the first on, each filled
-- up to what was sold of it and did not come back yet. What finds no room is in trust_unmatched_returns. Money that is given back
-- without goods brings no unit back.
with
returned as (
    select * from {{ ref('fct_returns') }}
    where not is_cancelled and return_date <= {{ business_date() }} and quantity > 0
),

lines as (
    select
        order_key,
        line_number,
        product_key,
        region_key,
        channel,
        customer_key,
        order_date,
        quantity
    from {{ ref('fct_order_lines') }}
    where order_key in (select returned.order_key from returned)
),

only_lines as (
    select
        order_key,
        min(line_number) as line_number
    from lines
    group by order_key
    having count(*) = 1
),

told as (
    select
        returned.order_key,
        returned.product_key,
        coalesce(lines.line_number, only_lines.line_number) as line_number,
        returned.quantity
    from returned
    left join lines on returned.order_key = lines.order_key and returned.line_number = lines.line_number
    left join only_lines on returned.order_key = only_lines.order_key
),

named as (
    select
        order_key,
        line_number,
        sum(quantity) as quantity
    from told
    where line_number is not null
    group by order_key, line_number
),

products as (
    select distinct
        order_key,
        product_key
    from lines
),

-- Nobody knows which line: what came back of each product of an order, or (product_key null) of the order.
unnamed as (
    select
        told.order_key,
        products.product_key,
        sum(told.quantity) as quantity
    from told
    left join products
        on
            told.order_key = products.order_key
            and told.product_key = products.product_key
            and products.product_key <> 'unknown'
    where told.line_number is null
    group by told.order_key, products.product_key
),

left_of_names as (
    select
        lines.order_key,
        lines.line_number,
        lines.product_key,
        greatest(lines.quantity - coalesce(named.quantity, 0), 0) as room
    from lines
    left join named on lines.order_key = named.order_key and lines.line_number = named.line_number
    where lines.order_key in (select unnamed.order_key from unnamed)
),

by_product as (
    select
        free.order_key,
        free.line_number,
        least(free.room, greatest(unnamed.quantity - coalesce(sum(free.room) over (
            partition by free.order_key, free.product_key
            order by free.line_number asc rows between unbounded preceding and 1 preceding
        ), 0), 0)) as quantity
    from left_of_names as free
    inner join unnamed on free.order_key = unnamed.order_key and free.product_key = unnamed.product_key
),

left_of_products as (
    select
        left_of_names.order_key,
        left_of_names.line_number,
        left_of_names.room - coalesce(by_product.quantity, 0) as room
    from left_of_names
    left join by_product
        on left_of_names.order_key = by_product.order_key and left_of_names.line_number = by_product.line_number
),

by_order as (
    select
        free.order_key,
        free.line_number,
        least(free.room, greatest(unnamed.quantity - coalesce(sum(free.room) over (
            partition by free.order_key
            order by free.line_number asc rows between unbounded preceding and 1 preceding
        ), 0), 0)) as quantity
    from left_of_products as free
    inner join unnamed on free.order_key = unnamed.order_key and unnamed.product_key is null
),

united as (
    select * from named
    union all
    select * from by_product
    where quantity > 0
    union all
    select * from by_order
    where quantity > 0
),

summed as (
    select
        order_key,
        line_number,
        cast(sum(quantity) as bigint) as returned_quantity
    from united
    group by order_key, line_number
)

select
    summed.order_key,
    summed.line_number,
    lines.order_date,
    lines.product_key,
    lines.region_key,
    lines.channel,
    lines.customer_key,
    summed.returned_quantity,
    -- No more can come back than was sold.
    cast(least(summed.returned_quantity, greatest(lines.quantity, 0)) as bigint) as counted_quantity
from summed
inner join lines on summed.order_key = lines.order_key and summed.line_number = lines.line_number
