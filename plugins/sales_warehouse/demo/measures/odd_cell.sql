with cells as (
    select
        region = getvariable('m_region') as is_there, product_line = getvariable('m_product_line') as is_it,
        sum(net) filter (ordered_at::date between getvariable('m_first_date') and getvariable('m_last_date'))
            / sum(net) filter (not ordered_at::date between getvariable('m_first_date') and getvariable('m_last_date')) as ratio
    from shop_lines
    group by all
)
select max(ratio) filter (is_there and is_it) / max(ratio) filter (not is_there and not is_it) as net_sales_factor
from cells
