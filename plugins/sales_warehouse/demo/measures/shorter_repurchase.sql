-- How often a customer buys the line in a day, since and before, beside all other lines.
with bought as (
    select distinct account_key, product_line = getvariable('m_product_line') as is_it, product_line, ordered_at::date as day from shop_lines
),
rates as (
    select
        is_it,
        count(*) filter (day >= getvariable('m_first_date')) / (getvariable('last_day') - getvariable('m_first_date') + 1) as since,
        count(*) filter (day between getvariable('m_first_date') - 90 and getvariable('m_first_date') - 1) / 90 as before
    from bought
    group by is_it
)
select (max(before / since) filter (is_it)) / (max(before / since) filter (not is_it)) as cycle_factor
from rates
