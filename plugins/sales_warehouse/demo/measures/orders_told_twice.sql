-- The number of the shop's order stands in that of the CRM's.
with shop as (
    select o.order_key, o.order_id, a.crm_id, sum(l.quantity * l.price - l.discount) as amount
    from shop_orders as o
    join accounts as a using (account_key)
    left join shop_lines as l using (order_key)
    where a.in_crm and a.opened_at <= o.ordered_at and not o.is_cancelled and o.ordered_at::date >= getvariable('m_first_date')
    group by all
),
crm as (
    select regexp_extract(d.ddbh, 'WS[0-9]+') as order_id, any_value(d.khbh) as crm_id, sum(m.sl::decimal(18, 2) * m.dj::decimal(18, 2) - m.zk::decimal(18, 2)) as amount
    from rows_t_dd as d
    left join rows_t_ddmx as m using (ddbh)
    where d._version = 0
    group by d.ddbh
)
select
    count(crm.order_id) / count(*) as told_twice_of_orders,
    avg((shop.amount <> crm.amount)::int) as other_amount_of_told_twice,
    avg((shop.crm_id <> crm.crm_id)::int) as other_customer_of_told_twice
from shop
left join crm using (order_id)
