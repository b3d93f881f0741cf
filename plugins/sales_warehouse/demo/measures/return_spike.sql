with sold as (
    select l.region = getvariable('m_region') as is_there, (r._key is not null)::int as is_returned
    from shop_lines as l
    left join (select distinct _key from rows_refunds) as r on r._key = l.line_key
    where not l.is_cancelled and l.ordered_at::date between getvariable('m_first_date') and getvariable('m_last_date')
)
select avg(is_returned) filter (is_there) / avg(is_returned) filter (not is_there) as return_rate_factor
from sold
