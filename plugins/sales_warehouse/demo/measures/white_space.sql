with bought as (
    select account_key, any_value(region) = getvariable('m_region') as is_there, bool_or(product_line = getvariable('m_product_line'))::int as buys_it
    from shop_lines
    group by account_key
)
select avg(buys_it) filter (is_there) / avg(buys_it) filter (not is_there) as penetration_factor
from bought
