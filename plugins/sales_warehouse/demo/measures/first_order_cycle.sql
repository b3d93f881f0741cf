with first_orders as (
    select l.created_at, min(o.ordered_at) as ordered_at
    from leads as l
    join field_orders as o on o.deal_key = l.lead_key
    where l.is_new_company and l.created_at <= getvariable('last_day') - interval 140 day
    group by all
)
select
    median(epoch(ordered_at - created_at)) filter (created_at::date >= getvariable('m_first_date'))
    / median(epoch(ordered_at - created_at)) filter (created_at::date < getvariable('m_first_date')) as cycle_factor
from first_orders
