with weeks as (
    select
        region = getvariable('m_region') as is_there,
        sum(net) filter (ordered_at::date between getvariable('m_first_date') and getvariable('m_last_date'))
            / sum(net) filter (ordered_at::date between getvariable('m_first_date') - 56 and getvariable('m_first_date') - 1) as ratio
    from shop_lines
    where category is distinct from getvariable('competitor_promotion_category')
    group by 1
)
select max(ratio) filter (is_there) / max(ratio) filter (not is_there) - 1 as net_sales_change
from weeks
