with moved as (
    select ordered_at::date as day, net from shop_lines where region = getvariable('m_region')
    union all
    select o.ordered_at::date, l.net from field_lines as l join field_orders as o using (order_key) where o.region = getvariable('m_region')
    union all
    select r._at::date, -1 from rows_refunds as r join shop_lines as l on l.line_key = r._key where l.region = getvariable('m_region')
    union all
    select r._at::date, -1 from rows_t_th as r join field_lines as l on l.line_key = r._key join field_orders as o using (order_key)
    where o.region = getvariable('m_region')
)
select coalesce(sum(abs(net)), 0) as net_sales
from moved
where day between getvariable('m_first_date') and getvariable('m_last_date')
