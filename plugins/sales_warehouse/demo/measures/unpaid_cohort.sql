select avg(is_paid::int) as paid_of_invoiced
from (
    select o.deal_key, coalesce(bool_or(p.paid_at < getvariable('last_day') + interval 1 day), false) as is_paid
    from invoices as i
    join field_orders as o using (order_key)
    join leads as l on l.lead_key = o.deal_key
    left join payments as p using (order_key)
    where l.created_at::date between getvariable('m_first_date') and getvariable('m_last_date')
        and i.invoiced_at < getvariable('last_day') + interval 1 day
    group by all
)
