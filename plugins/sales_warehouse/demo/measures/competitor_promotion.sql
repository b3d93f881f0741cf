-- The category against the others, there against the rest of the country: a good week for everybody, or a bad one for the
-- region, is not taken for one of the category.
with weeks as (
    select
        region = getvariable('m_region') as is_there, category = getvariable('m_category') as is_it,
        sum(net) filter (ordered_at::date between getvariable('m_first_date') and getvariable('m_last_date'))
            / sum(net) filter (ordered_at::date between getvariable('m_first_date') - 56 and getvariable('m_first_date') - 1) as ratio
    from shop_lines
    group by 1, 2
),
told as (
    select max(ratio) filter (is_it) / max(ratio) filter (not is_it) as relative, is_there from weeks group by is_there
)
select max(relative) filter (is_there) / max(relative) filter (not is_there) - 1 as net_sales_change
from told
